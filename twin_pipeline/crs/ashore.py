"""Whether a place is land, or near it, as far as the geoid model knows."""

import numpy as np

from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.crs.place import Extent, within_area

# GSI has made it for land and the coastal sea: it has no values beyond some 20 km from a coast.
_LAND_MODEL = "gsigeo2011"
# What the model spans (deg); elsewhere it says nothing of land and sea. Minamitorishima, the only
# land of Japan without a value, lies beyond.
_SPAN_DEG = (122.0, 20.0, 150.0, 46.0)


def can_lie(plane: Plane, extent: Extent) -> bool:
    """Whether the CRS can hold a scan, and its middle isn't out at sea."""
    return within_area(plane, extent.corners()) and not at_sea(plane, extent)


def at_sea(plane: Plane, extent: Extent) -> bool:
    """Whether the middle of a scan is known to be far from any land of Japan."""
    lon_deg, lat_deg = plane.lonlat(extent.centre[np.newaxis])
    west, south, east, north = _SPAN_DEG
    if not (west <= lon_deg[0] <= east and south <= lat_deg[0] <= north):
        return False
    return bool(np.isnan(undulation_m(_LAND_MODEL, lon_deg, lat_deg)[0])) and _of_japan(plane)


def _of_japan(plane: Plane) -> bool:
    geodetic = plane.crs.geodetic_crs
    return geodetic is not None and geodetic.name.startswith("JGD")
