"""Whether a place is land, or near it, as far as a coarse outline of Japan's land knows.

The outline holds Japan's land with 3 to 5 km of sea around it, and more roughly that of its
neighbours. Made from Natural Earth's land of 1:10 million (public domain); small inhabited islands
that are missing there were added.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import shapely

from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.place import Extent, within_area

_OUTLINES = Path(__file__).parents[1] / "data" / "land_of_japan.json"
# What the outlines span (deg). Minamitorishima lies beyond.
_SPAN_DEG = (122.0, 20.0, 150.0, 46.0)


def can_lie(plane: Plane, extent: Extent) -> bool:
    """Whether the CRS can hold a scan, and its middle isn't out at sea."""
    return within_area(plane, extent.corners()) and not at_sea(plane, extent)


def at_sea(plane: Plane, extent: Extent) -> bool:
    """Whether the middle of a scan is known to be farther than 3 km from any land."""
    lon_deg, lat_deg = (float(angle[0]) for angle in plane.lonlat(extent.centre[np.newaxis]))
    west, south, east, north = _SPAN_DEG
    if not (west <= lon_deg <= east and south <= lat_deg <= north):
        return False
    return not shapely.contains_xy(_land(), lon_deg, lat_deg)


@cache
def _land() -> shapely.Geometry:
    outlines = json.loads(_OUTLINES.read_text("utf-8"))
    rings = [ring for land in outlines.values() for ring in land]
    # Those drawn by hand overlap others.
    land = shapely.union_all([shapely.Polygon(ring) for ring in rings])
    shapely.prepare(land)
    return land
