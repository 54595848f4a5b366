"""The manifest of a batch: its sites, the scans of each, and what is known of them."""

import codecs
import csv
import glob
import io
import os
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.job import SiteFacts, read_facts
from twin_pipeline.output import require_site_name
from twin_pipeline.site import Site, site_of

SUFFIXES = (".toml", ".csv")
_NAMES = {
    "name": "site",
    "scan": "scans",
    "現場": "site",
    "点群": "scans",
    "境界": "boundary",
    "設計": "design",
}
_ENCODINGS = ("utf-8-sig", "cp932")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GLOB = set("*?[")


@dataclass(slots=True)
class _Entry:
    """What the manifest says of one site."""

    where: str
    scans: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    """Other columns by name."""


def sites_given(given: Sequence[Path], config: Config) -> list[Path | Site]:
    """Return what is to be run: each scan, each match of a pattern, each site of a manifest.

    A pattern is expanded where the shell has not done it.

    Raises
    ------
    InputError
        When a manifest can't be read.
    UsageError
        When a manifest states what can't be.
    """
    found: list[Path | Site] = []
    for path in given:
        if path.suffix.lower() in SUFFIXES:
            found += read_manifest(path, config)
        else:
            found += _matches(path)
    _require_own_scans(found)
    return found


def _require_own_scans(found: Sequence[Path | Site]) -> None:
    """Raise UsageError where a site of a manifest has a scan that another has too.

    Its pipes would be delivered twice, once under a wrong name.
    """
    owners: dict[str, str] = {}
    for item in found:
        scans, name = ((item,), "") if isinstance(item, Path) else (item.scans, item.name)
        for scan in scans:
            owner = owners.setdefault(os.path.realpath(scan), name)
            if owner != name:
                others = [f"site {named!r}" if named else "itself" for named in (owner, name)]
                raise UsageError(
                    f"{scan}: is given twice, as a scan of {others[0]} and of {others[1]}; its "
                    "pipes belong to one site"
                )


def read_manifest(path: Path, config: Config) -> list[Site]:
    """Return the sites of a manifest, in its order; paths in it are relative to its folder.

    Raises
    ------
    InputError
        When the file can't be read.
    UsageError
        When it states what can't be.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or error})") from error
    entries = _toml(path, content) if path.suffix.lower() == ".toml" else _csv(path, content)
    sites = [_site(name, entry, path, config) for name, entry in entries.items()]
    if not sites:
        raise UsageError(f"{path}: names no site; see docs/batch.md")
    return sites


def _site(name: str, entry: _Entry, path: Path, config: Config) -> Site:
    if not entry.scans:
        raise UsageError(f"{entry.where}: site {name!r} has no scans")
    require_site_name(name, entry.where, "give the site another name there")
    scans = [match for scan in entry.scans for match in _matches(_placed(path, scan))]
    plain = site_of(scans[0], config)
    beside = {key: _beside(entry.values.pop(key, ""), path) for key in ("boundary", "design")}
    facts = read_facts(entry.values, entry.where, load_catalogue())
    return Site(
        name=name,
        scans=tuple({os.path.realpath(scan): scan for scan in reversed(scans)}.values())[::-1],
        config=config,
        boundary=beside["boundary"] or plain.boundary,
        design=beside["design"] or plain.design,
        job=SiteFacts(shared=facts),
    )


def _stem(scans: Sequence[str]) -> str:
    """Return what a site without a name is named after."""
    if not scans:
        return ""
    return (PureWindowsPath if "\\" in scans[0] else Path)(scans[0]).stem


def _beside(name: str, path: Path) -> Path | None:
    return _placed(path, name) if name else None


def _placed(manifest: Path, name: str) -> Path:
    """Return what a name in a manifest means, which may have been written on Windows."""
    if "\0" in name:
        raise UsageError(f"{manifest}: {name!r} can't be the name of a file")
    plain = manifest.parent / name
    if "\\" not in name or os.path.lexists(plain) or os.sep == "\\":
        return plain
    if PureWindowsPath(name).drive:
        raise UsageError(
            f"{manifest}: {name} is a path of Windows, and this machine has no such drives; give "
            "it relative to the manifest"
        )
    return manifest.parent / name.replace("\\", "/")


def _matches(path: Path) -> list[Path]:
    """Return the files that a pattern matches, or the path itself."""
    if os.path.lexists(path) or not _GLOB & set(str(path)):
        return [path]
    return [Path(match) for match in sorted(glob.glob(str(path)))] or [path]  # noqa: PTH207 - absolute patterns


def _toml(path: Path, content: bytes) -> dict[str, _Entry]:
    try:
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is no TOML file in UTF-8 ({error})") from error
    unknown = tables.keys() - {"site"}
    sites = tables.get("site", [])
    if unknown or not isinstance(sites, list) or not all(isinstance(s, dict) for s in sites):
        raise UsageError(
            f"{path}: a manifest has one [[site]] a site and nothing else"
            + (f", but here is {min(unknown)!r}; settings go into -c FILE.toml" if unknown else "")
        )
    entries: dict[str, _Entry] = {}
    for number, table in enumerate(sites, start=1):
        where = f"{path}: [[site]] {number}"
        name, entry = _of_table(dict(table), where)
        if name in entries:
            raise UsageError(f"{where}: site {name!r} stands in the manifest twice")
        entries[name] = entry
    return entries


def _of_table(table: dict[str, Any], where: str) -> tuple[str, _Entry]:
    stated: dict[str, Any] = {}
    job = table.get("job", {})
    if not isinstance(job, dict):
        raise UsageError(
            f"{where}: job must be a table of facts, such as {{ construction_no = 'R7' }}; a job "
            "file is given with --job"
        )
    for key, value in (table | job).items():
        if key != "job":
            stated[_NAMES.get(key, key)] = value
    scans = stated.pop("scans", [])
    if isinstance(scans, str):
        scans = [scans]
    if not isinstance(scans, list) or not all(isinstance(scan, str) for scan in scans):
        raise UsageError(f"{where}: scans must be a list of files")
    values = {key: str(value) for key, value in stated.items()}
    name = values.pop("site", "") or _stem(scans)
    return name, _Entry(where, scans, values)


def _csv(path: Path, content: bytes) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for where, row in _rows(path, content):
        scans = [part.strip() for part in row.pop("scans", "").split(";") if part.strip()]
        name = row.pop("site", "") or _stem(scans)
        entry = entries.setdefault(name, _Entry(where))
        entry.scans += scans
        for key, value in row.items():
            if value and entry.values.setdefault(key, value) != value:
                raise UsageError(
                    f"{where}: {key} of site {name!r} is {value!r} here and "
                    f"{entry.values[key]!r} in a line before"
                )
    return entries


def _rows(path: Path, content: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    rows = [(where, row) for where, row in _lines(path, content) if any(map(str.strip, row))]
    if not rows:
        raise UsageError(f"{path}: is empty; its first line must name the columns")
    (_, first), *rest = rows
    head = [_NAMES.get(name.strip(), name.strip()) for name in first]
    named = [name for name in head if name]
    if "scans" not in head or len(set(named)) != len(named):
        hint = "; commas or tabs go between columns" if ";" in head[0] else ""
        raise UsageError(
            f"{path}: needs a column scans, and none twice; it has {', '.join(head)}{hint}"
        )
    for where, row in rest:
        if len(row) > len(head):
            raise UsageError(f"{where}: has {len(row)} cells instead of {len(head)}")
        cells = list(zip(head, map(str.strip, row), strict=False))
        lost = next((cell for name, cell in cells if cell and not name), None)
        if lost is not None:
            raise UsageError(f"{where}: {lost!r} stands in a column without a name")
        yield where, dict(cells)


def _lines(path: Path, content: bytes) -> Iterator[tuple[str, list[str]]]:
    """Yield the cells of each row and where it stands."""
    text = _decoded(path, content)
    first = text.lstrip().partition("\n")[0]
    between = "\t" if "\t" in first and "," not in first else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
    try:
        for row in lines:
            yield f"{path}: line {lines.line_num}", row
    except csv.Error as error:
        raise UsageError(
            f"{path}: line {lines.line_num}: is no CSV ({error}); a quote may lack its end"
        ) from error


def _decoded(path: Path, content: bytes) -> str:
    for encoding in ("utf-16",) if content.startswith(_BYTE_ORDER_MARKS) else _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{path}: is neither UTF-8 nor CP932 (Shift JIS); save it as CSV UTF-8")
