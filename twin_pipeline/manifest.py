"""The manifest of a batch: its sites, the scans of each, and what is known of them."""

import csv
import glob
import io
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.job import SiteFacts, read_facts
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
    return found


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
    scans = [match for scan in entry.scans for match in _matches(path.parent / scan)]
    plain = site_of(scans[0], config)
    beside = {key: _beside(entry.values.pop(key, ""), path) for key in ("boundary", "design")}
    facts = read_facts(entry.values, entry.where, load_catalogue())
    return Site(
        name=name,
        scans=tuple(dict.fromkeys(scans)),
        config=config,
        boundary=beside["boundary"] or plain.boundary,
        design=beside["design"] or plain.design,
        job=SiteFacts(shared=facts),
    )


def _beside(name: str, path: Path) -> Path | None:
    return path.parent / name if name else None


def _matches(path: Path) -> list[Path]:
    """Return the files that a pattern matches, or the path itself."""
    if path.exists() or not _GLOB & set(str(path)):
        return [path]
    return [Path(match) for match in sorted(glob.glob(str(path)))] or [path]  # noqa: PTH207 - absolute patterns


def _toml(path: Path, content: bytes) -> dict[str, _Entry]:
    try:
        tables = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: is no TOML file in UTF-8 ({error})") from error
    unknown = tables.keys() - {"site"}
    if unknown or not isinstance(tables.get("site", []), list):
        raise UsageError(
            f"{path}: a manifest has one [[site]] a site and nothing else"
            + (f", but here is {min(unknown)!r}; settings go into -c FILE.toml" if unknown else "")
        )
    entries: dict[str, _Entry] = {}
    for number, table in enumerate(tables.get("site", []), start=1):
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
    name = values.pop("site", "") or (Path(scans[0]).stem if scans else "")
    return name, _Entry(where, scans, values)


def _csv(path: Path, content: bytes) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for where, row in _rows(path, content):
        scans = [part.strip() for part in row.pop("scans", "").split(";") if part.strip()]
        name = row.pop("site", "") or (Path(scans[0]).stem if scans else "")
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
    lines = csv.reader(io.StringIO(_decoded(path, content), newline=""))
    rows = [(number, row) for number, row in enumerate(lines, 1) if any(map(str.strip, row))]
    if not rows:
        raise UsageError(f"{path}: is empty; its first line must name the columns")
    (_, first), *rest = rows
    head = [_NAMES.get(name.strip(), name.strip()) for name in first]
    if "scans" not in head or len(set(head)) != len(head):
        raise UsageError(f"{path}: needs a column scans, and none twice; it has {', '.join(head)}")
    for number, row in rest:
        where = f"{path}: line {number}"
        if len(row) > len(head):
            raise UsageError(f"{where}: has {len(row)} cells instead of {len(head)}")
        yield where, dict(zip(head, map(str.strip, row), strict=False))


def _decoded(path: Path, content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{path}: is neither UTF-8 nor CP932 (Shift JIS); save it as CSV UTF-8")
