"""Whether data can lie where its coordinates say, and whether that is near the sites."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.crs import MapSystem
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.layers.record import Bounds
from twin_pipeline.model import FloatArray
from twin_pipeline.output import read_record

FARTHEST_KM = 100.0
"""Context farther from every site than this is more likely a mistake than meant."""
_EXCHANGED_KM = 3.0
_KM_PER_DEG = 111.2
_PLANE_LEAST = 400.0
"""No metre coordinates of a map lie all within so few of its zero, but degrees do."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Where the sites of the output folder lie; empty where that is not known."""

    places: tuple[tuple[float, float], ...]
    """Longitude, latitude, degrees."""

    def distance_km(self, bounds: Bounds) -> float | None:
        """Return how far the nearest site is from a rectangle; None where none is known."""
        distances = [_distance_km(place, bounds) for place in self.places]
        return min(distances, default=None)

    def bounds(self, margin_deg: float) -> Bounds | None:
        """Return the rectangle round all sites."""
        if not self.places:
            return None
        lower, upper = np.min(self.places, axis=0), np.max(self.places, axis=0)
        west, south = (lower - margin_deg).tolist()
        east, north = (upper + margin_deg).tolist()
        return west, south, east, north


def sites_of_output(out: Path) -> Sites:
    """Return where the sites of a finished output folder lie.

    Raises
    ------
    InputError
        When `out` is none.
    """
    sites: list[dict[str, Any]] = read_record(out)["sites"]
    named = [(site.get("centre_lon_deg"), site.get("centre_lat_deg")) for site in sites]
    places = [(lon, lat) for lon, lat in named if lon is not None and lat is not None]
    return Sites(tuple(places or _of_tiles(out)))


def _of_tiles(out: Path) -> list[tuple[float, float]]:
    """Return the middle of the root tileset, where the run knows of no ground and no pipe."""
    try:
        root = json.loads((out / "tiles" / "tileset.json").read_text(encoding="utf-8"))["root"]
        bounds = bounds_of_volume(root["boundingVolume"], root.get("transform"))
    except (OSError, ValueError, LookupError, TypeError):
        return []
    if bounds is None:
        return []
    west, south, east, north = bounds
    return [((west + east) / 2, (south + north) / 2)]


def bounds_of_volume(volume: dict[str, Any], transform: Sequence[float] | None) -> Bounds | None:
    """Return the rectangle of a bounding volume of 3D Tiles; for a box or sphere its middle."""
    if "region" in volume:
        west, south, east, north = np.degrees(np.array(volume["region"][:4], float)).tolist()
        return west, south, east, north
    middle = volume.get("box", volume.get("sphere"))
    if middle is None:
        return None
    matrix = np.eye(4) if transform is None else np.array(transform, float).reshape(4, 4).T
    x, y, z = (matrix @ [*middle[:3], 1.0])[:3].tolist()
    if math.hypot(x, y, z) < 6e6:
        return None
    lon = math.degrees(math.atan2(y, x))
    # The geocentric latitude made geodetic, good to a minute, which suffices for a distance.
    lat = math.degrees(math.atan2(z / 0.99330562, math.hypot(x, y)))
    return lon, lat, lon, lat


def lonlat_checked(system: MapSystem, xy: FloatArray, source: str) -> FloatArray:
    """Return (N, 2) longitude, latitude of coordinates, if they can be of the system.

    Raises
    ------
    GeoreferenceError
        When they can't; says what they look like.
    """
    lower, upper = xy.min(axis=0), xy.max(axis=0)
    span = f"x {lower[0]:g} to {upper[0]:g}, y {lower[1]:g} to {upper[1]:g}"
    if system.is_geographic and (max(abs(lower[1]), abs(upper[1])) > 90 or _beyond(lower, upper)):
        raise GeoreferenceError(f"{source}: {span} {_no_degrees(system, lower, upper)}")
    largest = float(np.abs((lower, upper)).max())
    if not system.is_geographic and largest < _PLANE_LEAST and _like_degrees(lower, upper):
        raise GeoreferenceError(
            f"{source}: {span} look like degrees, not like metres of {system.name}; give the true "
            "CRS with --crs, such as EPSG:4326 or EPSG:6668"
        )
    lonlat = system.lonlat(xy)
    good = np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat[:, 1]) <= 90)
    if not good.all():
        raise GeoreferenceError(
            f"{source}: {span} lie outside of what {system.name} covers "
            f"({np.count_nonzero(~good)} of {len(good)} points); give the true CRS with --crs"
        )
    return lonlat


def _beyond(lower: FloatArray, upper: FloatArray) -> bool:
    return bool(lower[0] < -180.0 or upper[0] > 360.0)


def _like_degrees(lower: FloatArray, upper: FloatArray) -> bool:
    return bool(abs(lower[0]) <= 180 and abs(upper[0]) <= 180 and upper[1] <= 90 and lower[1] > 15)


def _no_degrees(system: MapSystem, lower: FloatArray, upper: FloatArray) -> str:
    swapped = abs(lower[0]) <= 90 and abs(upper[0]) <= 90 and not _beyond(lower[::-1], upper[::-1])
    if swapped:
        return (
            "look like latitude and longitude exchanged: a latitude beyond 90 degrees is none; "
            "put longitude first, or name the columns with --x and --y"
        )
    return f"are no degrees, as {system.name} has them; give the true CRS with --crs"


def bounds_of(lonlat: FloatArray) -> Bounds:
    """Return the rectangle of (N, 2) longitudes and latitudes."""
    west, south = lonlat.min(axis=0).tolist()
    east, north = lonlat.max(axis=0).tolist()
    return west, south, east, north


def require_near(
    bounds: Bounds,
    sites: Sites,
    source: str,
    *,
    force: bool,
    exchanged: Callable[[], Bounds | None] = lambda: None,
) -> None:
    """Refuse data that lies far from every site, or near one only with its axes exchanged.

    Parameters
    ----------
    bounds
        Of the data.
    sites
        Of the output folder.
    source
        What the data is, for errors.
    force
        Whether the user has said that it lies there.
    exchanged
        Gives the bounds that the data would have with easting and northing exchanged.

    Raises
    ------
    GeoreferenceError
        Says where it lies, and what flag to give.
    """
    distance_km = sites.distance_km(bounds)
    if force or distance_km is None or distance_km <= _EXCHANGED_KM:
        return
    west, south, east, north = bounds
    where = f"longitude {(west + east) / 2:.4f}, latitude {(south + north) / 2:.4f}"
    other = exchanged()
    other_km = None if other is None else sites.distance_km(other)
    if other_km is not None and other_km <= _EXCHANGED_KM:
        raise GeoreferenceError(
            f"{source}: lies at {where}, {distance_km:.0f} km from the nearest site, but with "
            "easting and northing exchanged it lies there (in Japanese plane rectangular systems X "
            "is north): exchange them, for a CSV with --x and --y, or give --force if it is right"
        )
    if distance_km > FARTHEST_KM:
        raise GeoreferenceError(
            f"{source}: lies at {where}, {distance_km:.0f} km from the nearest site, so its CRS or "
            "coordinates are likely wrong; give the true CRS with --crs, or --force if it is right"
        )


def _distance_km(place: tuple[float, float], bounds: Bounds) -> float:
    lon, lat = place
    west, south, east, north = bounds
    east_deg = max(west - lon, 0.0, lon - east) * math.cos(math.radians(lat))
    return _KM_PER_DEG * math.hypot(east_deg, max(south - lat, 0.0, lat - north))
