"""Control points as a CSV file gives them."""

import codecs
import csv
import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray

HEADER = "name,easting,northing,elevation,scan_x,scan_y,scan_z"
"""Optional beside these: scan (the scan's name, where several are run), std_m, role."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "id", "point", "target", "label", "gcp", "点名", "測点名"),
    "easting": ("easting", "e", "east", "known_e", "known_easting", "東距", "東"),
    "northing": ("northing", "n", "north", "known_n", "known_northing", "北距", "北"),
    "elevation": ("elevation", "h", "height", "elev", "known_h", "known_elevation", "標高"),
    "scan_x": ("scan_x", "scan_easting", "scan_e", "picked_x", "source_x", "local_x"),
    "scan_y": ("scan_y", "scan_northing", "scan_n", "picked_y", "source_y", "local_y"),
    "scan_z": ("scan_z", "scan_elevation", "scan_h", "picked_z", "source_z", "local_z"),
    "scan": ("scan", "file", "site"),
    "std_m": ("std_m", "std", "sigma_m", "sigma"),
    "role": ("role", "use", "type"),
}
_NEEDED = ("easting", "northing", "elevation", "scan_x", "scan_y", "scan_z")
_CHECKS = frozenset({"check", "checkpoint", "検証点", "検査点"})
_CONTROLS = frozenset({"", "control", "gcp", "標定点"})
_LARGEST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A point that is known on the ground and seen in a scan."""

    name: str
    known: tuple[float, float, float]
    """Easting, northing, elevation, metres."""
    seen: tuple[float, float, float]
    """As the scan's file stores it, metres."""
    std_m: float | None
    """1 sigma along each axis, None where the file doesn't say."""
    check: bool
    """Whether it takes no part in the fit, only in its test."""
    scan: str | None
    """Stem of the scan it was seen in, None where the file doesn't say."""


@dataclass(frozen=True, slots=True, eq=False)
class TargetFile:
    """All control points of a file."""

    path: Path
    sha256: str
    targets: tuple[Target, ...]

    def of_scan(self, scan: Path) -> tuple[Target, ...]:
        """Return the points seen in a scan, by its name with or without suffix."""
        named = {scan.name.casefold(), scan.stem.casefold()}
        return tuple(t for t in self.targets if t.scan is None or t.scan.casefold() in named)


def known(targets: Sequence[Target]) -> FloatArray:
    """Return (N, 3) easting, northing, elevation."""
    return np.array([target.known for target in targets], dtype=np.float64).reshape(-1, 3)


def seen(targets: Sequence[Target]) -> FloatArray:
    """Return (N, 3) coordinates as the scan's file stores them."""
    return np.array([target.seen for target in targets], dtype=np.float64).reshape(-1, 3)


def read_targets(path: Path) -> TargetFile:
    """Read control points from CSV in UTF-8, UTF-16 or Shift_JIS, with decimal points.

    Commas, semicolons or tabs part the columns.

    Raises
    ------
    InputError
        When the file can't be read, or a line lacks a number.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise InputError(f"{path}: is too large for a list of control points")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror or error}") from error
    lines = [line for line in _text(data, path).splitlines() if line.strip().strip(",;\t")]
    if not lines:
        raise InputError(f"{path}: holds no control points: its first line must be {HEADER}")
    separator = max(",;\t", key=lines[0].count)
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
    columns = _columns(next(rows), path)
    targets = tuple(_target(row, columns, path, n) for n, row in enumerate(rows, start=2))
    _refuse_repeated(targets, path)
    return TargetFile(path, hashlib.sha256(data).hexdigest(), targets)


def _text(data: bytes, path: Path) -> str:
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path}: is no CSV in UTF-8, UTF-16 or Shift_JIS")


def _columns(header: Sequence[str], path: Path) -> dict[str, int]:
    """Return where each column stands; unknown ones are passed over."""
    given = [name.strip().strip('"').casefold().replace(" ", "_") for name in header]
    given = [name.removesuffix("_m") if name != "std_m" else name for name in given]
    columns: dict[str, int] = {}
    for name, spellings in _NAMES.items():
        at = [i for i, spelling in enumerate(given) if spelling in spellings]
        if len(at) > 1:
            raise InputError(
                f"{path}: has two columns for {name}: {header[at[0]]}, {header[at[1]]}"
            )
        if at:
            columns[name] = at[0]
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        hint = "; x and y alone don't say which is north" if {"x", "y"} & set(given) else ""
        raise InputError(
            f"{path}: has no column {', '.join(missing)}{hint}: its first line must be {HEADER}"
        )
    return columns


def _target(row: Sequence[str], columns: Mapping[str, int], path: Path, number: int) -> Target:
    cells = {name: row[at].strip() if at < len(row) else "" for name, at in columns.items()}
    name = cells.get("name") or f"line {number}"
    where = f"{path}: line {number} ({name})"
    numbers = {column: _number(cells[column], where, column) for column in _NEEDED}
    std = _number(cells["std_m"], where, "std_m") if cells.get("std_m") else None
    if std is not None and std <= 0.0:
        raise InputError(f"{where}: std_m must be above zero, not {std:g}")
    role = cells.get("role", "").casefold()
    if role not in _CHECKS | _CONTROLS:
        raise InputError(f"{where}: role must be control or check, not {role!r}")
    return Target(
        name=name,
        known=(numbers["easting"], numbers["northing"], numbers["elevation"]),
        seen=(numbers["scan_x"], numbers["scan_y"], numbers["scan_z"]),
        std_m=std,
        check=role in _CHECKS,
        scan=cells.get("scan") or None,
    )


def _number(text: str, where: str, column: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise InputError(f"{where}: {column} must be a number in metres, not {text!r}") from error
    if not math.isfinite(number) or abs(number) > 1e8:
        raise InputError(f"{where}: {column} = {text} is no coordinate in metres")
    return number


def _refuse_repeated(targets: Sequence[Target], path: Path) -> None:
    taken = set()
    for target in targets:
        key = (target.name.casefold(), (target.scan or "").casefold())
        if key in taken:
            raise InputError(f"{path}: control point {target.name} is there twice: remove one")
        taken.add(key)
