"""Lines out of CSV: one row a vertex, columns known by their headings."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from twin_pipeline.errors import InputError
from twin_pipeline.model import LevelKind
from twin_pipeline.reference.lines import FileLine, FileLines

_COLUMNS = {
    "east": ("easting_m", "easting", "east", "e", "y座標", "東方向座標"),
    "north": ("northing_m", "northing", "north", "n", "x座標", "北方向座標"),
    "first": ("x",),
    "second": ("y",),
    "name": ("line", "name", "pipe_id", "路線名", "管路id", "線名"),
    "cover": ("cover_m", "cover", "土被り"),
}
_LEVELS = {
    None: ("z", "level", "level_m", "elevation", "elevation_m", "h", "標高", "計画高"),
    LevelKind.CENTRE: ("centre_z_m", "centre_z", "center_z", "管中心高", "管芯高"),
    LevelKind.CROWN: ("crown_z_m", "crown_z", "管頂高"),
    LevelKind.INVERT: ("invert_z_m", "invert_z", "管底高"),
}


def read_csv_lines(path: Path) -> FileLines:
    """Read rows of vertices, in their order; a column with names parts several lines.

    UTF-8 and CP932 are understood. Headings `easting` and `northing` (X座標 is north, Y座標 east)
    settle the order; bare `x` and `y` leave it open.

    Raises
    ------
    InputError
        When a column is missing or a number can't be read; the message names the row.
    """
    rows = list(csv.reader(io.StringIO(_text(path), newline="")))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if len(rows) < 3:
        raise InputError(f"{path}: has no line: a heading and two rows of coordinates are needed")
    header = [_plain(cell) for cell in rows[0]]
    known = {role: _find(header, names) for role, names in _COLUMNS.items()}
    level_at, level = _level_column(header)
    order, places = _places(path, known, rows[0])
    if level_at is not None:
        places.append(level_at)
    return FileLines(_lines(path, rows[1:], places, level, known), order=order)


def _text(path: Path) -> str:
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path}: is neither UTF-8 nor CP932 (Shift JIS); save it as UTF-8")


def _plain(heading: str) -> str:
    """Return a heading without unit, case and blanks: 土被り(m) is 土被り."""
    return re.sub(r"[（(\[].*?[)）\]]", "", heading).strip().lower().replace(" ", "_")


def _find(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _level_column(header: Sequence[str]) -> tuple[int | None, LevelKind | None]:
    for level, names in _LEVELS.items():
        at = _find(header, names)
        if at is not None:
            return at, level
    return None, None


def _places(
    path: Path, known: Mapping[str, int | None], header: Sequence[str]
) -> tuple[str | None, list[int]]:
    """Return the order and the columns of the two plane coordinates."""
    for order, pair in (("en", ("east", "north")), (None, ("first", "second"))):
        columns = [known[role] for role in pair]
        if None not in columns:
            return order, [column for column in columns if column is not None]
    raise InputError(
        f"{path}: has no columns easting and northing (or X座標 and Y座標, or x and y) among "
        f"{', '.join(header)}"
    )


def _lines(
    path: Path,
    rows: Sequence[Sequence[str]],
    places: Sequence[int],
    level: LevelKind | None,
    known: Mapping[str, int | None],
) -> tuple[FileLine, ...]:
    name_at, cover_at = known["name"], known["cover"]
    grouped: dict[str, list[tuple[list[float], float]]] = {}
    for number, row in enumerate(rows, start=2):
        name = row[name_at].strip() if name_at is not None and name_at < len(row) else ""
        vertex = [_number(path, row, at, number) for at in places]
        cover = np.nan if cover_at is None else _number(path, row, cover_at, number)
        grouped.setdefault(name, []).append((vertex, cover))
    return tuple(
        FileLine(
            name,
            np.array([vertex for vertex, _ in held]),
            level,
            None if cover_at is None else np.array([cover for _, cover in held]),
        )
        for name, held in grouped.items()
        if len(held) > 1
    )


def _number(path: Path, row: Sequence[str], at: int, number: int) -> float:
    text = row[at].strip() if at < len(row) else ""
    try:
        value = float(text)
    except ValueError as error:
        raise InputError(f"{path}: row {number}: {text!r} is no number") from error
    if not np.isfinite(value):
        raise InputError(f"{path}: row {number}: {text!r} is no number")
    return value
