"""Where the sites of counts lie."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from twin_pipeline.counts.cells import plain
from twin_pipeline.errors import InputError, UsageError

_ENCODINGS = ("utf-8-sig", "cp932")
_NAMES = {
    "site": ("site", "site_id", "地点", "観測地点", "地点名", "調査地点"),
    "longitude": ("longitude", "lon", "lng", "経度"),
    "latitude": ("latitude", "lat", "緯度"),
    "height": ("height", "ellipsoidal_height", "楕円体高"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Position of a site, degrees; `height_m` above the ellipsoid, None to lie on the ground."""

    longitude: float
    latitude: float
    height_m: float | None = None


def load_places(path: Path) -> dict[str, Place]:
    """Return the positions by site.

    Raises
    ------
    InputError
        When the file can't be read or a position is none.
    UsageError
        When it lacks a column.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); see --sites") from error
    lines = [line for line in csv.reader(io.StringIO(_decoded(path, content))) if any(line)]
    head = [plain(cell).casefold() for cell in lines[0]] if lines else []
    at = {
        meaning: next((head.index(name) for name in names if name in head), None)
        for meaning, names in _NAMES.items()
    }
    for meaning in ("site", "longitude", "latitude"):
        if at[meaning] is None:
            raise UsageError(
                f"{path}: has no column {meaning}; it needs site, longitude and latitude (degrees),"
                " and may have height (metres above the ellipsoid)"
            )
    return dict(_place(path, number, line, at) for number, line in enumerate(lines[1:], start=2))


def _place(
    path: Path, number: int, line: list[str], at: dict[str, int | None]
) -> tuple[str, Place]:
    try:
        cells = {key: plain(line[n]) for key, n in at.items() if n is not None and n < len(line)}
        height = float(cells["height"]) if cells.get("height") else None
        place = Place(float(cells["longitude"]), float(cells["latitude"]), height)
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: line {number}: has no position in degrees") from error
    if not (abs(place.longitude) <= 180 and abs(place.latitude) <= 90):
        swapped = abs(place.latitude) <= 180 and abs(place.longitude) <= 90
        hint = "are longitude and latitude exchanged?" if swapped else "give degrees, not metres"
        raise InputError(
            f"{path}: line {number}: {place.longitude:g}, {place.latitude:g} is no longitude and "
            f"latitude: {hint}"
        )
    return cells["site"], place


def _decoded(path: Path, content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path}: is neither UTF-8 nor CP932 (Shift JIS); save it as CSV UTF-8")
