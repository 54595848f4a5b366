"""Coordinates from before the ground moved: JGD2000 where the earthquake of 2011 shifted it."""

from collections.abc import Iterator

import numpy as np

from twin_pipeline.crs.compare import epsg_name
from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.place import Extent

# Area of EPSG's transformation 6713, JGD2000 to JGD2011 (1), in degrees. Elsewhere in Japan the
# two are the same (EPSG:6740, remarks).
_MOVED_DEG = (135.42, 34.84, 142.14, 41.58)


def movement_doubts(plane: Plane, extent: Extent) -> Iterator[str]:
    """Yield the doubt about positions in JGD2000 where they are no longer those of JGD2011."""
    if not _is_jgd2000(plane):
        return
    lon_deg, lat_deg = plane.lonlat(extent.centre[np.newaxis])
    west, south, east, north = _MOVED_DEG
    if not (west <= lon_deg[0] <= east and south <= lat_deg[0] <= north):
        return
    yield (
        f"{epsg_name(plane.crs)} is JGD2000, from before the earthquake of 2011 moved the ground, "
        "by some 0.2 m in Tokyo and up to 5.3 m in Miyagi, and the grid of the movement "
        "(touhokutaiheiyouoki2011.gsb) is not part of PROJ: convert the scan to JGD2011 with GSI's "
        "PatchJGD, or, if its coordinates are JGD2011 under an old code, give the new code (zone "
        "IX: --crs EPSG:6677) with --force-crs"
    )


def _is_jgd2000(plane: Plane) -> bool:
    geodetic = plane.crs.geodetic_crs
    return geodetic is not None and geodetic.name.startswith("JGD2000")
