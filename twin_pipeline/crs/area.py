"""Whether a scan lies where the office works, and which mistake would put it there."""

from collections.abc import Iterator

import numpy as np
import shapely

from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.mistakes import Mistake, mistakes
from twin_pipeline.crs.options import AxisOrder
from twin_pipeline.crs.place import Extent

Outline = tuple[tuple[float, float], ...]


def outside_doubts(
    plane: Plane, extent: Extent, outline: Outline, axis_order: AxisOrder | None
) -> Iterator[str]:
    """Yield the doubt about a scan that a common mistake would put into the area of work.

    The order of axes is no question where it was given.
    """
    if _inside(plane, extent, outline):
        return
    mistake = mistake_into(plane, extent, outline, axis_order)
    if mistake is not None and not (mistake.exchanges and axis_order is not None):
        yield _doubt(plane, extent, mistake)


def mistake_into(
    plane: Plane, extent: Extent, outline: Outline, axis_order: AxisOrder | None
) -> Mistake | None:
    """Return the mistake without which a scan would lie in the area of work."""
    fitting = (m for m in mistakes(extent, axis_order) if _inside(plane, m.mended, outline))
    return next(fitting, None)


def outside_warnings(plane: Plane, extent: Extent, outline: Outline) -> Iterator[str]:
    """Yield that a scan lies outside the area of work."""
    if not _inside(plane, extent, outline):
        yield f"lies at {spot(plane, extent)}, outside of the area of work ([crs] area): check it"


def both_inside_warnings(
    plane: Plane, extent: Extent, outline: Outline, axis_order: AxisOrder | None
) -> Iterator[str]:
    """Yield that a scan would lie in the area of work in the other order of axes, too."""
    if axis_order is not None or not _inside(plane, extent, outline):
        return
    other = extent.exchanged()
    if _inside(plane, other, outline):
        yield (
            f"lies at {spot(plane, extent)}; with its first two coordinates exchanged it would lie "
            f"in the area of work, too, at {spot(plane, other)}: taken as easting first, as LAS "
            "has it; check the place, and give --axis-order en or ne"
        )


def spot(plane: Plane, extent: Extent) -> str:
    """Return where the middle of a scan would be, for people."""
    lon_deg, lat_deg = plane.lonlat(extent.centre[np.newaxis])
    if not (np.isfinite(lon_deg[0]) and np.isfinite(lat_deg[0])):
        return "no place on earth"
    return f"longitude {lon_deg[0]:.4f}, latitude {lat_deg[0]:.4f}"


def _inside(plane: Plane, extent: Extent, outline: Outline) -> bool:
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
