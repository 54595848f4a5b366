"""Whether a scan fits its CRS in both orders of axes, and what settles which one holds.

The plane rectangular systems of Japan declare north first, LAS files store easting first, and
surveyors write both. A place that both orders can mean is settled by the area of work, or by what
was said; never by a guess.
"""

from collections.abc import Iterator

from twin_pipeline.crs.area import Outline, inside, spot
from twin_pipeline.crs.ashore import can_lie
from twin_pipeline.crs.case import Case
from twin_pipeline.crs.compare import epsg_name
from twin_pipeline.crs.frames import ProjectedFrame
from twin_pipeline.crs.georeference import Decision
from twin_pipeline.crs.place import Extent
from twin_pipeline.crs.terrain import on_ground

HOME: Outline = (
    (138.94, 35.86), (139.08, 35.90), (139.17, 35.86), (139.25, 35.84), (139.36, 35.79),
    (139.46, 35.78), (139.53, 35.81), (139.57, 35.79), (139.63, 35.81), (139.72, 35.81),
    (139.80, 35.83), (139.87, 35.81), (139.92, 35.73), (139.93, 35.64), (139.88, 35.57),
    (139.83, 35.51), (139.76, 35.52), (139.63, 35.60), (139.51, 35.61), (139.51, 35.56),
    (139.47, 35.51), (139.43, 35.50), (139.36, 35.57), (139.23, 35.61), (139.14, 35.65),
    (139.00, 35.72), (138.95, 35.78),
)  # fmt: skip
"""Tokyo without its islands, longitude and latitude (deg): where no other area of work was set."""

_KEY = "axis_order"


def order_doubts(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield that nothing tells which of two places a scan means."""
    if case.options.axis_order is not None or (other := _other(case, frame)) is None:
        return
    if _settled(case, frame, other):
        return
    x, y = case.extent.centre[:2]
    yield (
        f"{epsg_name(frame.plane.crs)} fits it in both orders of its first two coordinates: "
        f"easting {x:.1f}, northing {y:.1f} lie at {spot(frame.plane, case.extent)}; exchanged "
        f"they lie at {spot(frame.plane, other)}: give --axis-order en for the first, --axis-order "
        'ne for the second place (config: [crs] axis_order = "en"; or [crs] area, the outline of '
        "where you work)"
    )


def order_warnings(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield the place that a scan would have in the other order, where only a habit tells."""
    stated, area = case.options.axis_order, case.options.area
    if case.options.force_crs or case.decided_order or (other := _other(case, frame)) is None:
        return
    both = area and all(inside(frame.plane, extent, area) for extent in (case.extent, other))
    if both or (area is None and stated is None):
        order = "northing" if stated == "ne" else "easting"
        by = "as LAS and Tokyo have it" if stated is None else case.setting(_KEY)
        yield (
            f"{case.scan_name}: lies at {spot(frame.plane, case.extent)}, but would lie at "
            f"{spot(frame.plane, other)} with its first two coordinates exchanged: taken as "
            f"{order} first ({by}); check the place, and give --axis-order en or ne"
        )


def axis_order(case: Case, frame: ProjectedFrame) -> Decision:
    """Return the order of axes with what settled it."""
    stated = case.options.axis_order
    reason = "default: LAS stores easting first" if stated is None else case.setting(_KEY)
    other = case.extent.exchanged()
    if not can_lie(frame.plane, other):
        reason += f"; exchanged, {epsg_name(frame.plane.crs)} could not hold the scan"
    elif not on_ground(frame, other):
        reason += f"; exchanged, the scan would reach no ground at {spot(frame.plane, other)}"
    else:
        reason += f"; exchanged, the scan would lie at {spot(frame.plane, other)}"
        if _settled(case, frame, other):
            reason += ", outside of " + ("Tokyo" if case.options.area is None else "[crs] area")
    return Decision(stated or "en", reason)


def _other(case: Case, frame: ProjectedFrame) -> Extent | None:
    """Return the box with exchanged coordinates where it fits as well, and may be meant.

    Where the CRS declares easting first, as LAS has it, there is nothing to mix up; on control
    points, whose columns say which is which, a scan with exchanged axes would be mirrored.
    """
    if frame.plane.crs.axis_info[0].direction != "north" or case.extent.near_zero() or case.held:
        return None
    other = case.extent.exchanged()
    return other if can_lie(frame.plane, other) and on_ground(frame, other) else None


def _settled(case: Case, frame: ProjectedFrame, other: Extent) -> bool:
    """Whether a scan lies in the area of work, and would not with exchanged axes.

    Without such an area Tokyo is it, for elevations that its ground has.
    """
    area, ground = case.options.area, case.options.ground_range_m
    outline = area or HOME
    if inside(frame.plane, other, outline) or not inside(frame.plane, case.extent, outline):
        return False
    return area is not None or on_ground(frame, case.extent, ground)
