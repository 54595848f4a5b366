"""Whether a place is land, or near it, as far as a coarse outline of Japan's land knows.

The outline holds Japan's land with 3 to 5 km of sea around it, and more roughly that of its
neighbours. Made from Natural Earth's land of 1:10 million (public domain); small inhabited islands
that are missing there were added.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely

from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.place import Extent, within_area

_OUTLINES = Path(__file__).parents[1] / "data" / "land_of_japan.json"
# What the outlines span (deg). Minamitorishima lies beyond.
_SPAN_DEG = (122.0, 20.0, 150.0, 46.0)


def can_lie(plane: Plane, extent: Extent) -> bool:
    """Whether the CRS can hold a scan, and its middle isn't out at sea."""
    return within_area(plane, extent.corners()) and not at_sea(plane, extent)


def in_japan(plane: Plane, extent: Extent) -> bool:
    """Whether the CRS can hold a scan, and its middle lies on Japan's land or next to it."""
    if not within_area(plane, extent.corners()):
        return False
    lon_deg, lat_deg = (float(angle[0]) for angle in plane.lonlat(extent.centre[np.newaxis]))
    return _holds("japan", lon_deg, lat_deg)


def at_sea(plane: Plane, extent: Extent) -> bool:
    """Whether the middle of a scan is known to be farther than 3 km from any land."""
    lon_deg, lat_deg = (float(angle[0]) for angle in plane.lonlat(extent.centre[np.newaxis]))
    west, south, east, north = _SPAN_DEG
    if not (west <= lon_deg <= east and south <= lat_deg <= north):
        return False
    return not any(_holds(whose, lon_deg, lat_deg) for whose in ("japan", "others"))


def _holds(whose: str, lon_deg: float, lat_deg: float) -> bool:
    return bool(shapely.contains_xy(_land(whose), lon_deg, lat_deg).any())


@cache
def _land(whose: str) -> npt.NDArray[np.object_]:
    """Return polygons; those drawn by hand overlap others, and to unite them takes too long."""
    rings = json.loads(_OUTLINES.read_text("utf-8"))[whose]
    points = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    polygons = shapely.polygons(shapely.linearrings(np.concatenate(rings), indices=points))
    return np.asarray(polygons, dtype=np.object_)
