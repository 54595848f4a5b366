"""Whether a scan fits its CRS in both orders of axes, and what settles which one holds.

The plane rectangular systems of Japan declare north first, LAS files store easting first, and
surveyors write both. A place that both orders can mean is settled by the area of work, by a record
that declares easting first, or by what was said; never by a guess.
"""

from collections.abc import Iterator

from pyproj import CRS

from twin_pipeline.crs.area import inside, spot
from twin_pipeline.crs.ashore import at_sea, can_lie
from twin_pipeline.crs.case import Case
from twin_pipeline.crs.compare import epsg_name
from twin_pipeline.crs.frames import Plane, ProjectedFrame
from twin_pipeline.crs.georeference import Decision
from twin_pipeline.crs.place import Extent, within_area
from twin_pipeline.crs.terrain import on_ground

_KEY = "axis_order"
_GIVE_ORDER = '--axis-order en (easting first; config: [crs] axis_order = "en") or --axis-order ne'


def order_doubts(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield that nothing tells which of two places a scan means."""
    if case.options.axis_order is not None or (other := _other(case, frame)) is None:
        return
    if _settled(case, frame, other) or _declares_easting_first(case):
        return
    x, y = case.extent.centre[:2]
    yield (
        f"{epsg_name(frame.plane.crs)} fits it in both orders of its first two coordinates: "
        f"easting {x:.1f}, northing {y:.1f} lie at {spot(frame.plane, case.extent)}; exchanged "
        f"they lie at {spot(frame.plane, other)}: give --axis-order en for the first, --axis-order "
        'ne for the second place (config: [crs] axis_order = "en"; or [crs] area, the outline of '
        "where you work)"
    )


def order_hint(case: Case, plane: Plane) -> str:
    """Return what else to give where both orders of axes may fit, before heights are known."""
    options, other = case.options, case.extent.exchanged()
    if options.axis_order is not None or options.area is not None or not _mixed_up(case, plane):
        return ""
    if _declares_easting_first(case) or not can_lie(plane, other):
        return ""
    return f"; and, as it fits in both orders of its first two coordinates, {_GIVE_ORDER}"


def order_warnings(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield the place that a scan would have in the other order, where only a habit tells."""
    stated, area = case.options.axis_order, case.options.area
    if case.options.force_crs or case.decided(_KEY) or (other := _other(case, frame)) is None:
        return
    both = area and all(inside(frame.plane, extent, area) for extent in (case.extent, other))
    by_record = stated is None and area is None
    if both or by_record:
        order = "northing" if stated == "ne" else "easting"
        by = _as_declared(case) if by_record else case.setting(_KEY)
        yield (
            f"{case.scan_name}: lies at {spot(frame.plane, case.extent)}, but would lie at "
            f"{spot(frame.plane, other)} with its first two coordinates exchanged: taken as "
            f"{order} first ({by}); check the place, and give {_GIVE_ORDER}"
        )


def axis_order(case: Case, frame: ProjectedFrame) -> Decision:
    """Return the order of axes with what settled it."""
    stated, plane = case.options.axis_order, frame.plane
    reason = "default: LAS stores easting first" if stated is None else case.setting(_KEY)
    other = case.extent.exchanged()
    if not within_area(plane, other.corners()):
        reason += f"; exchanged, {epsg_name(plane.crs)} could not hold the scan"
    elif at_sea(plane, other):
        reason += f"; exchanged, the scan would lie in the sea, at {spot(plane, other)}"
    elif not on_ground(frame, other):
        reason += f"; exchanged, the scan would reach no ground at {spot(plane, other)}"
    else:
        reason += f"; exchanged, the scan would lie at {spot(plane, other)}"
        if _settled(case, frame, other):
            reason += ", outside of [crs] area"
        elif stated is None and _declares_easting_first(case):
            reason += f"; {_as_declared(case)}"
    return Decision(stated or "en", reason)


def _other(case: Case, frame: ProjectedFrame) -> Extent | None:
    """Return the box with exchanged coordinates where it fits as well, and may be meant.

    Sea, and elevations of no ground, tell only where the one place has them and not the other.
    """
    own, other, plane = case.extent, case.extent.exchanged(), frame.plane
    if not (_mixed_up(case, plane) and within_area(plane, other.corners())):
        return None
    if at_sea(plane, other) and not at_sea(plane, own):
        return None
    return other if on_ground(frame, other) or not on_ground(frame, own) else None


def _mixed_up(case: Case, plane: Plane) -> bool:
    """Whether people may have mixed up the axes.

    Where the CRS declares easting first, as LAS has it, there is nothing to mix up; on control
    points, whose columns say which is which, a scan with exchanged axes would be mirrored.
    """
    north_first = plane.crs.axis_info[0].direction == "north"
    return north_first and not case.extent.near_zero() and not case.held


def _declares_easting_first(case: Case) -> bool:
    """Whether the scan's own record has easting first, other than EPSG's definition of its CRS.

    ESRI's definitions do, and those of older WKT without axes.
    """
    recorded = case.record.crs()
    if case.options.crs is not None or recorded is None:
        return False
    plane: CRS = recorded.sub_crs_list[0] if recorded.is_compound else recorded
    return plane.is_projected and plane.axis_info[0].direction == "east"


def _as_declared(case: Case) -> str:
    return f"as its record ({case.record.source}) declares"


def _settled(case: Case, frame: ProjectedFrame, other: Extent) -> bool:
    """Whether a scan lies in the area of work, and would not with exchanged axes."""
    area = case.options.area
    if area is None or inside(frame.plane, other, area):
        return False
    return inside(frame.plane, case.extent, area)
