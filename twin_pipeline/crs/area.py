"""Whether a scan lies where the office works, and which mistake would put it there."""

from collections.abc import Iterator

import numpy as np
import shapely

from twin_pipeline.crs.case import Case
from twin_pipeline.crs.compare import epsg_name
from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.mistakes import Mistake, mistakes
from twin_pipeline.crs.options import AxisOrder
from twin_pipeline.crs.place import Extent
from twin_pipeline.crs.relief import relief_at
from twin_pipeline.crs.towns import near
from twin_pipeline.crs.zones import other_zones

# Geoid, a pit's depth, and more.
_ANY_SURFACE_M = 80.0

Outline = tuple[tuple[float, float], ...]


def outside_doubts(case: Case, plane: Plane, outline: Outline) -> Iterator[str]:
    """Yield the doubt about a scan that a common mistake would put into the area of work.

    The order of axes is no question where it was given for the run.
    """
    if inside(plane, case.extent, outline):
        return
    mistake = mistake_into(plane, case.extent, outline, case.options.axis_order)
    if mistake is not None and not (mistake.exchanges and case.decided("axis_order")):
        yield _doubt(plane, case.extent, mistake)
    elif (zone := zone_into(plane, case.extent, outline)) is not None:
        yield (
            f"its coordinates lie at {spot(plane, case.extent)} in {epsg_name(plane.crs)}, outside "
            f"of the area of work ([crs] area), but in {epsg_name(zone.crs)} they lie inside it, "
            f"at {spot(zone, case.extent)}: give --crs {epsg_name(zone.crs)} --force-crs if the "
            "zone is wrong"
        )


def mistake_into(
    plane: Plane, extent: Extent, outline: Outline, axis_order: AxisOrder | None
) -> Mistake | None:
    """Return the mistake without which a scan would lie in the area of work."""
    fitting = (
        made
        for made in mistakes(extent, axis_order)
        if inside(plane, made.mended, outline)
        and not (made.exchanges and _far_from_ground(plane, made.mended))
    )
    return next(fitting, None)


def zone_into(plane: Plane, extent: Extent, outline: Outline) -> Plane | None:
    """Return the zone of Japan in which a scan would lie in the area of work, None without one."""
    zones = other_zones(plane, lambda zone: inside(zone, extent, outline), anywhere=True)
    return next(zones, None)


def outside_warnings(plane: Plane, extent: Extent, outline: Outline) -> Iterator[str]:
    """Yield that a scan lies outside the area of work."""
    if not inside(plane, extent, outline):
        yield f"lies at {spot(plane, extent)}, outside of the area of work ([crs] area): check it"


def spot(plane: Plane, extent: Extent) -> str:
    """Return where the middle of a scan would be, for people."""
    lon_deg, lat_deg = plane.lonlat(extent.centre[np.newaxis])
    if not (np.isfinite(lon_deg[0]) and np.isfinite(lat_deg[0])):
        return "no place on earth"
    return near(float(lon_deg[0]), float(lat_deg[0]))


def _far_from_ground(plane: Plane, extent: Extent) -> bool:
    """Whether known ground is far from a box's elevations, whichever surface those count from."""
    lon_deg, lat_deg = plane.lonlat(extent.centre[np.newaxis])
    known = relief_at(float(lon_deg[0]), float(lat_deg[0]))
    low, high = float(extent.lower[2]), float(extent.upper[2])
    return known is not None and not (
        low - _ANY_SURFACE_M < known.unreached_m and high + _ANY_SURFACE_M > known.lowest_m
    )


def inside(plane: Plane, extent: Extent, outline: Outline) -> bool:
    """Whether the middle of a scan lies in an outline."""
    lon_deg, lat_deg = plane.lonlat(extent.centre[np.newaxis])
    if not (np.isfinite(lon_deg[0]) and np.isfinite(lat_deg[0])):
        return False
    return bool(shapely.contains_xy(shapely.Polygon(outline), lon_deg[0], lat_deg[0]))


def _doubt(plane: Plane, extent: Extent, mistake: Mistake) -> str:
    x, y = extent.centre[:2]
    return (
        f"easting {x:.1f}, northing {y:.1f} lie at {spot(plane, extent)}, outside of the area of "
        f"work ([crs] area), but {mistake.reading} they lie inside it, at "
        f"{spot(plane, mistake.mended)}: {mistake.remedy}"
    )
