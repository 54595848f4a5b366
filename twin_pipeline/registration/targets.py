"""Control points as a CSV file gives them."""

import codecs
import csv
import hashlib
import io
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray

HEADER = "name,easting,northing,elevation,scan_x,scan_y,scan_z"
"""Optional beside these: scan (the scan's name, where several are run), std_m, role."""

# Folded by `_folded`. In Japan's surveys X counts northwards and Y eastwards; a file that means the
# reverse shows as mirrored.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "name": (
        "name", "id", "no", "no.", "point", "target", "label", "gcp",
        "点名", "点名称", "測点名", "測点", "点番号", "番号", "標識名", "名称",
    ),
    "easting": (
        "easting", "e", "east", "known_e", "known_easting",
        "東距", "東", "東西", "y座標", "y座標値", "y東", "公共座標y", "平面直角座標y",
    ),
    "northing": (
        "northing", "n", "north", "known_n", "known_northing",
        "北距", "北", "南北", "x座標", "x座標値", "x北", "公共座標x", "平面直角座標x",
    ),
    "elevation": (
        "elevation", "h", "height", "elev", "known_h", "known_elevation",
        "標高", "標高h", "標高z", "z標高", "h標高", "z座標", "z座標値", "高さ", "地盤高",
    ),
    "scan_x": (
        "scan_x", "scan_easting", "scan_e", "picked_x", "source_x", "local_x",
        "点群x", "点群x座標", "スキャンx", "スキャンx座標", "器械x", "計測x", "ローカルx",
    ),
    "scan_y": (
        "scan_y", "scan_northing", "scan_n", "picked_y", "source_y", "local_y",
        "点群y", "点群y座標", "スキャンy", "スキャンy座標", "器械y", "計測y", "ローカルy",
    ),
    "scan_z": (
        "scan_z", "scan_elevation", "scan_h", "picked_z", "source_z", "local_z",
        "点群z", "点群z座標", "スキャンz", "スキャンz座標", "器械z", "計測z", "ローカルz",
    ),
    "scan": ("scan", "file", "site", "点群", "スキャン", "ファイル", "ファイル名"),
    "std_m": ("std", "sigma", "標準偏差"),
    "role": ("role", "use", "type", "種別", "区分"),
}  # fmt: skip
_NEEDED = ("easting", "northing", "elevation", "scan_x", "scan_y", "scan_z")
_CHECKS = frozenset({"check", "checkpoint", "検証点", "検査点"})
_CONTROLS = frozenset({"", "control", "gcp", "標定点", "基準点"})
_UNIT = re.compile(r"[(\[](?:m|metres?|meters?|メートル)[)\]]|_m$")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
# Titles and notes that may stand above the columns' names.
_LINES_ABOVE = 20
_LARGEST_BYTES = 4 << 20
# What word processors and macOS write for a minus.
_MINUS = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_SUFFIXES = (".las", ".laz", ".e57", ".ply")


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
        """Return the points seen in a scan, by its name with or without suffix.

        One that was rewritten as LAS goes by its name before, too.
        """
        stem = scan.stem.casefold()
        named = {scan.name.casefold(), stem, *(f"{stem}{suffix}" for suffix in _SUFFIXES)}
        return tuple(t for t in self.targets if t.scan is None or t.scan.casefold() in named)


def known(targets: Sequence[Target]) -> FloatArray:
    """Return (N, 3) easting, northing, elevation."""
    return np.array([target.known for target in targets], dtype=np.float64).reshape(-1, 3)


def seen(targets: Sequence[Target]) -> FloatArray:
    """Return (N, 3) coordinates as the scan's file stores them."""
    return np.array([target.seen for target in targets], dtype=np.float64).reshape(-1, 3)


def read_targets(path: Path) -> TargetFile:
    """Read control points from CSV in UTF-8, UTF-16 or Shift_JIS, with decimal points.

    Commas, semicolons or tabs part the columns; a title may stand above their names, in English or
    Japanese, and full-width letters and digits are read as their plain forms.

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
    rows = _rows(unicodedata.normalize("NFKC", _text(data, path)).translate(_MINUS), path)
    if not rows:
        raise InputError(f"{path}: holds no control points: its first line must be {HEADER}")
    head = max(range(min(len(rows), _LINES_ABOVE)), key=lambda n: (_known_names(rows[n][1]), -n))
    columns = _columns(rows[head][1], path)
    targets = tuple(_target(row, columns, path, n) for n, row in rows[head + 1 :])
    _refuse_repeated(targets, path)
    return TargetFile(path, hashlib.sha256(data).hexdigest(), targets)


def _rows(text: str, path: Path) -> list[tuple[int, list[str]]]:
    """Return the number of each line that says something, with its cells."""
    lines_above = text.splitlines()[:_LINES_ABOVE]
    separator = max(
        ",;\t",
        key=lambda mark: max(
            ((_known_names(line.split(mark)), line.count(mark)) for line in lines_above),
            default=(0, 0),
        ),
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise InputError(f"{path}: is no CSV ({error})") from error
    return [(number, row) for number, row in lines if any(row)]


def _folded(name: str) -> str:
    """Return a column's name without its unit, spaces, brackets and capitals."""
    plain = re.sub(r"\s+", "_", name.strip().strip('"').casefold())
    return re.sub(r"[()\[\]]", "", _UNIT.sub("", plain)).strip("_")


def _known_names(row: Sequence[str]) -> int:
    spellings = {spelling for known in _NAMES.values() for spelling in known}
    return sum(_folded(cell) in spellings for cell in row)


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
    given = [_folded(name) for name in header]
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
        if {"緯度", "経度", "lat", "lon", "latitude", "longitude"} & set(given):
            hint = "; longitudes and latitudes must be converted to the run's CRS first"
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
    plain = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    try:
        number = float(plain)
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
