"""What looks wrong about a scan's place, and what is likely wrong instead."""

from collections.abc import Iterator

from twin_pipeline.crs.area import (
    Outline,
    mistake_into,
    outside_doubts,
    outside_warnings,
    spot,
    zone_into,
)
from twin_pipeline.crs.ashore import at_sea, can_lie, in_japan
from twin_pipeline.crs.case import Case
from twin_pipeline.crs.compare import epsg_name
from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.mistakes import Mistake, mistakes
from twin_pipeline.crs.movement import movement_doubts
from twin_pipeline.crs.place import MAX_HEIGHT_M, Extent, null_island, within_area
from twin_pipeline.crs.zones import other_zones

MAX_SCALE_ERROR = 0.003
"""UTM and national systems keep to 0.1 % inside their areas."""

_GIVE_LOCAL = "give --crs local --origin LON,LAT,HEIGHT"


def require_metres(case: Case) -> None:
    """Raise GeoreferenceError for coordinates in degrees; nothing can insist on those."""
    extent = case.extent
    if extent.in_degrees():
        raise case.refuse(
            f"its coordinates are degrees ({extent.centre[0]:.6f}, {extent.centre[1]:.6f}): "
            "convert the scan to a plane CRS first, such as EPSG:6677"
        )


def size_doubts(extent: Extent) -> Iterator[str]:
    """Yield what is wrong with a scan's size, wherever it lies."""
    height_m = float(extent.upper[2] - extent.lower[2])
    if height_m > MAX_HEIGHT_M:
        yield (
            f"it would be {height_m:.0f} m high: its coordinates are likely millimetres (then it "
            f"is {height_m / 1000:.2f} m high), or a few points are far off: convert the scan to "
            "metres, or cut those away"
        )


def place_doubts(case: Case, plane: Plane) -> Iterator[str]:
    """Yield what is wrong with where a scan would lie."""
    extent, options = case.extent, case.options
    yield from size_doubts(extent)
    if not within_area(plane, extent.corners()):
        x, y = extent.centre[:2]
        yield (
            f"{epsg_name(plane.crs)} can't hold its coordinates: easting {x:.1f}, northing "
            f"{y:.1f} would be at {spot(plane, extent)}, {_area(plane)}: "
            f"{_likely_truth(case, plane)}"
        )
        return
    if extent.near_zero() and options.crs is None:
        yield _near_zero(plane)
    yield from _scale_doubts(plane, extent)
    if options.area is not None:
        yield from outside_doubts(case, plane, options.area)
    if at_sea(plane, extent):
        yield from _sea_doubts(case, plane)
    yield from movement_doubts(plane, extent)


def _scale_doubts(plane: Plane, extent: Extent) -> Iterator[str]:
    """Yield that lengths in a projection are not those on the ground, as in web maps."""
    scale = plane.scale(extent.centre)
    if abs(scale - 1.0) > MAX_SCALE_ERROR:
        yield (
            f"{epsg_name(plane.crs)} ({plane.crs.name}) draws lengths {scale:.4f} times as long as "
            f"they are at {spot(plane, extent)}: a pipe of 100 mm would measure {100 * scale:.1f} "
            "mm: convert the scan to a system for surveys first, such as EPSG:6677"
        )


def place_warnings(case: Case, plane: Plane) -> Iterator[str]:
    """Yield what is odd about where a scan lies, but can well be."""
    if case.options.force_crs:
        return
    if case.extent.near_zero():
        yield f"{case.scan_name}: {_near_zero(plane)}"
        return
    if case.options.area is not None:
        for warning in outside_warnings(plane, case.extent, case.options.area):
            yield f"{case.scan_name}: {warning}"
    if at_sea(plane, case.extent):
        yield f"{case.scan_name}: lies at {spot(plane, case.extent)}, in the sea: check its CRS"


def _sea_doubts(case: Case, plane: Plane) -> Iterator[str]:
    """Yield the doubt about a scan at sea that common mistakes, or another zone, put ashore.

    The order of axes is no question where it was given, nor is the CRS.
    """
    settled = case.decided("axis_order")
    readings = [
        _told(plane, made) for made in _ashore(case, plane) if not (made.exchanges and settled)
    ]
    if not case.decided("crs"):
        readings += _zones_ashore(case.extent, plane)
    if readings:
        x, y = case.extent.centre[:2]
        yield (
            f"easting {x:.1f}, northing {y:.1f} lie at {spot(plane, case.extent)}, in the sea, but "
            + "; or ".join(readings)
        )


def _zones_ashore(extent: Extent, plane: Plane) -> Iterator[str]:
    """Yield in words that a scan at sea lies on land in other zones, where it does."""
    zones = list(other_zones(plane, lambda zone: in_japan(zone, extent)))
    if zones:
        codes = [f"{epsg_name(zone.crs)} ({spot(zone, extent)})" for zone in zones]
        yield f"on land in {', '.join(codes)}: give --crs EPSG:code if the zone is wrong"


def _ashore(case: Case, plane: Plane) -> list[Mistake]:
    """Return the mistakes without which a scan lies on land that its CRS can hold."""
    return [
        made
        for made in mistakes(case.extent, case.options.axis_order)
        if can_lie(plane, made.mended) and not made.mended.near_zero()
    ]


def _told(plane: Plane, made: Mistake) -> str:
    """Return a reading that fits with its place and what to do, for people."""
    return f"{made.reading} they fit, at {spot(plane, made.mended)}: {made.remedy}"


def _near_zero(plane: Plane) -> str:
    return (
        f"coordinates lie within 1 km of the zero of {epsg_name(plane.crs)}, as a scanner's own "
        f"coordinates would: check the position, and {_GIVE_LOCAL}, or name the CRS with --crs"
    )


def _likely_truth(case: Case, plane: Plane) -> str:
    """Return the most likely mistake and the flag that mends it."""
    extent, options = case.extent, case.options
    x, y = extent.centre[:2]
    if options.area and (told := _into(case, plane, options.area)):
        return told
    fitting = _ashore(case, plane)
    readings = "; or ".join(_told(plane, made) for made in fitting)
    if any(made.exchanges for made in fitting):
        return readings
    if null_island(plane, extent.corners()) or extent.near_zero() or abs(y) < 10:
        return (
            "these look like the scanner's own coordinates, or a device's without a position: "
            f"{_GIVE_LOCAL}, or control points with --gcp FILE.csv"
        )
    if 166_000 < x < 834_000 and 2_200_000 < y < 5_100_000:
        return "these look like UTM: give --crs EPSG:6691 (JGD2011 / UTM zone 54N) or its neighbour"
    if fitting:
        return readings
    return "give the scan's true CRS with --crs EPSG:code (zone IX is EPSG:6677)"


def _into(case: Case, plane: Plane, outline: Outline) -> str | None:
    """Return what would bring a scan into the area of work, for people."""
    extent = case.extent
    if made := mistake_into(plane, extent, outline, case.options.axis_order):
        return _told(plane, made)
    zone = zone_into(plane, extent, outline)
    if zone is None:
        return None
    code = epsg_name(zone.crs)
    return f"in {code} they fit, at {spot(zone, extent)}: give --crs {code}"


def _area(plane: Plane) -> str:
    area = plane.crs.area_of_use
    if area is None:
        return "which is not plausible"
    west, south, east, north = area.bounds
    return f"outside its area of use ({west:g} to {east:g} E, {south:g} to {north:g} N)"
