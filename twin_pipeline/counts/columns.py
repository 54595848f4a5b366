"""Which column of a count sheet is what: known names, and those of a mapping file."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twin_pipeline.counts.cells import plain
from twin_pipeline.errors import InputError, UsageError

KEYS = ("site", "direction", "vehicle_class")
"""What tells series of counts apart."""

KNOWN = {
    "site": ("site", "site_id", "station", "location", "地点", "観測地点", "調査地点", "地点名"),
    "direction": ("direction", "dir", "bound", "方向", "進行方向", "方面", "上下", "上下別"),
    "vehicle_class": (
        "vehicle_class", "class", "vehicle", "vehicle_type", "車種", "車種区分", "車種別",
    ),
    "start": (
        "start", "time", "datetime", "timestamp", "bin_start", "start_time", "日時", "時刻",
        "時間帯", "開始時刻", "観測時刻", "時間", "開始日時",
    ),
    "end": ("end", "end_time", "bin_end", "終了時刻", "終了日時"),
    "date": ("date", "day", "日付", "年月日", "観測日", "調査日"),
    "count": ("count", "volume", "flow", "traffic", "台数", "交通量", "通過台数", "観測台数"),
}  # fmt: skip
"""Names of columns by what they hold; case and the width of letters don't matter."""

_TABLES = ("columns", "count_columns", "values")


@dataclass(frozen=True, slots=True)
class SheetMapping:
    """What a mapping file says of one sheet."""

    source: str = ""
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Name of the column by what it holds."""
    count_columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Vehicle class by the column that counts it, in sheets with a column a class."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    """By key, what a value is called in the comparison."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Numbers of the columns of a sheet."""

    keys: Mapping[str, int]
    start: int
    end: int | None
    date: int | None
    counts: Sequence[tuple[int, str | None]]
    """Column, and the class that it counts; None where a column of its own says so."""


def load_mapping(path: Path | None) -> dict[str, SheetMapping]:
    """Return what a mapping file says of the sheets `sensor` and `manual`.

    Raises
    ------
    InputError
        When the file can't be read.
    UsageError
        When it says what can't be.
    """
    if path is None:
        return {"sensor": SheetMapping(), "manual": SheetMapping()}
    try:
        made = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); see --mapping") from error
    except ValueError as error:
        raise UsageError(f"{path}: is no TOML file in UTF-8 ({error})") from error
    sheets = {name: made.pop(name, {}) for name in ("sensor", "manual")}
    return {name: _of_sheet(path, name, made, own) for name, own in sheets.items()}


def _of_sheet(path: Path, sheet: str, shared: dict[str, Any], own: dict[str, Any]) -> SheetMapping:
    """Join what holds for both sheets with what holds for one, which goes before."""
    for where, tables in ((f"{path}", shared), (f"{path}: [{sheet}]", own)):
        for name in tables:
            if name not in _TABLES or not isinstance(tables[name], dict):
                raise UsageError(
                    f"{where}: {name!r} is no table of a mapping; there are [columns], "
                    "[count_columns] and [values.KEY], each also below [sensor] and [manual]"
                )
    columns = _texts(shared, "columns", path) | _texts(own, "columns", path)
    for key in columns:
        if key not in KNOWN:
            nearest = difflib.get_close_matches(key, KNOWN, 1, 0)[0]
            raise UsageError(f"{path}: columns.{key} is unknown; the nearest is {nearest}")
    counts = _texts(shared, "count_columns", path) | _texts(own, "count_columns", path)
    values: dict[str, dict[str, str]] = {}
    for tables in (shared.get("values", {}), own.get("values", {})):
        for key in tables:
            if key not in KEYS:
                raise UsageError(f"{path}: values.{key} is unknown; there are {', '.join(KEYS)}")
            values[key] = values.get(key, {}) | _texts(tables, key, path)
    return SheetMapping(f"{path}", columns, counts, values)


def _texts(tables: dict[str, Any], name: str, path: Path) -> dict[str, str]:
    table = tables.get(name, {})
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        raise UsageError(f"{path}: {name} must have texts in quotes")
    plain_keys = name != "columns"
    return {plain(k) if plain_keys else k: plain(v) for k, v in table.items()}


def columns_of(head: Sequence[str], mapping: SheetMapping) -> Columns | str:
    """Return which column is what, or what is missing."""
    names = [plain(cell).casefold() for cell in head]
    found: dict[str, int] = {}
    for meaning in KNOWN:
        number = _column(names, meaning, mapping)
        if isinstance(number, str):
            return number
        if number is not None:
            found[meaning] = number
    if mapping.count_columns:
        absent = [name for name in mapping.count_columns if name.casefold() not in names]
        if absent:
            return f"no column {absent[0]!r}, which count_columns of {mapping.source} names"
        counts: list[tuple[int, str | None]] = [
            (names.index(name.casefold()), kind) for name, kind in mapping.count_columns.items()
        ]
    elif "count" in found:
        counts = [(found["count"], None)]
    else:
        return "no column with counts (such as count or 台数)"
    if "start" not in found:
        return "no column with the time a bin begins (such as start or 日時)"
    keys = {key: found[key] for key in KEYS if key in found}
    return Columns(keys, found["start"], found.get("end"), found.get("date"), counts)


def _column(names: Sequence[str], meaning: str, mapping: SheetMapping) -> int | str | None:
    """Return the column that holds something, None if there is none, or what is wrong."""
    stated = mapping.columns.get(meaning)
    if stated is not None:
        if names.count(stated.casefold()) == 1:
            return names.index(stated.casefold())
        return f"no single column {stated!r}, which columns.{meaning} of {mapping.source} names"
    matches = [n for n, name in enumerate(names) if name in KNOWN[meaning]]
    if len(matches) > 1 and not (meaning == "count" and mapping.count_columns):
        return (
            f"two columns that may be the {meaning} ({names[matches[0]]!r} and "
            f"{names[matches[1]]!r}); say which with --mapping"
        )
    return matches[0] if matches else None
