"""Join tubes that are pieces of one pipe into whole runs, over gaps and bends."""

import math

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.trace.options import STEP_PER_RADIUS, TraceOptions

_DOUBLE_BEND_DEG = 35.0
_PARALLEL_DEG = 20.0
_END_M = 0.1
_JOIN_REACH = 1.25
"""Pieces that were measured are known better than where a follower may have come from."""
_MISS_RADII = 0.6
_MISS_SHARE = 0.05


def join(first: Tube, second: Tube, options: TraceOptions, cut_radii: float = 0.0) -> Run | None:
    """Return one run through two tubes that are pieces of one pipe; None where they are not.

    Pieces belong together when their radii agree, the gap between their nearest ends can be
    bridged, and the bridge leaves both ends without turning back or sideways. Cut back, the ends
    that face each other lose that many radii and a decimetre first, in case they veer off.
    """
    if not _of_one_radius(first, second):
        return None
    radius = max(first.radius_m, second.radius_m)
    for a in (first.nodes, first.nodes[::-1]):
        for b in (second.nodes, second.nodes[::-1]):
            axis = _bridge(a, b, radius, options, cut_radii * radius)
            if axis is not None:
                longer = first if len(first.points) > len(second.points) else second
                return Run(axis, longer.radius_m, np.ones(len(axis), bool), 0)
    return None


def join_over_corner(
    first: Tube, second: Tube, options: TraceOptions, cut_radii: float = 0.0
) -> Run | None:
    """Return one run along two tubes and where their straights meet; None where they do not.

    Ends that face each other are cut back as by `join`.
    """
    radius = max(first.radius_m, second.radius_m)
    a, b = _facing(first, second)
    a, b = _without_end(a, cut_radii * radius), _without_end(b[::-1], cut_radii * radius)[::-1]
    gap = b[0] - a[-1]
    leaving, arriving = polyline.end_direction(a), -polyline.end_direction(b[::-1])
    turn = math.degrees(math.acos(float(np.clip(leaving @ arriving, -1.0, 1.0))))
    if (
        not _of_one_radius(first, second)
        or float(np.linalg.norm(gap)) > _JOIN_REACH * options.max_gap_m
        or not _PARALLEL_DEG < turn <= options.max_bend_deg
        or not _meet(gap, leaving, arriving, radius)
    ):
        return None
    before, after = _to_where_they_meet(gap, leaving, arriving)
    corner = 0.5 * (a[-1] + before * leaving + b[0] - after * arriving)
    longer = first if len(first.points) > len(second.points) else second
    axis = polyline.resample(np.vstack([a, corner, b]), STEP_PER_RADIUS * longer.radius_m)
    return Run(axis, longer.radius_m, np.ones(len(axis), bool), 0)


def _of_one_radius(first: Tube, second: Tube) -> bool:
    tolerance = 4.0 * math.hypot(first.radius_std_m, second.radius_std_m)
    radius = max(first.radius_m, second.radius_m)
    return abs(first.radius_m - second.radius_m) <= max(tolerance, 0.04 * radius)


def _facing(first: Tube, second: Tube) -> tuple[FloatArray, FloatArray]:
    """Return the nodes of two tubes, the end of the first next to the start of the second."""
    ends = [
        (a, b) for a in (first.nodes, first.nodes[::-1]) for b in (second.nodes, second.nodes[::-1])
    ]
    return min(ends, key=lambda pair: float(np.linalg.norm(pair[1][0] - pair[0][-1])))


def off_course_m(first: Tube, second: Tube) -> float:
    """Return how far aside of each other's straight continuation the ends that are nearest lie."""
    a, b = _facing(first, second)
    gap = b[0] - a[-1]
    courses = (polyline.end_direction(a), polyline.end_direction(b[::-1]))
    return max(float(np.linalg.norm(gap - (gap @ course) * course)) for course in courses)


def _bridge(
    a: FloatArray, b: FloatArray, radius_m: float, options: TraceOptions, cut_m: float
) -> FloatArray | None:
    """Connect the end of one axis with the start of another; None where it can't be."""
    a = _without_end(_without_overlap(a, b, radius_m), cut_m)
    b = _without_end(b[::-1], cut_m)[::-1]
    if len(a) < 3:
        return None
    leaving, arriving = polyline.end_direction(a), -polyline.end_direction(b[::-1])
    gap = b[0] - a[-1]
    distance = float(np.linalg.norm(gap))
    if distance > _JOIN_REACH * options.max_gap_m:
        return None
    turn = math.degrees(math.acos(float(np.clip(leaving @ arriving, -1.0, 1.0))))
    if turn > options.max_bend_deg:
        return None
    if not (
        _face_each_other(gap, leaving, arriving, turn, radius_m)
        or (turn > _PARALLEL_DEG and _meet(gap, leaving, arriving, radius_m))
    ):
        return None
    return _connected(a, b, radius_m)


def _face_each_other(
    gap: FloatArray, leaving: FloatArray, arriving: FloatArray, turn_deg: float, radius_m: float
) -> bool:
    """Tell whether, seen from both ends, the other lies ahead.

    Sideways it may lie by no more than the turn explains, or two opposite bends, as where a main
    dives below something.
    """
    sideways_deg = max(0.6 * turn_deg + 2.0, _DOUBLE_BEND_DEG if turn_deg < _PARALLEL_DEG else 0.0)
    slope = math.tan(math.radians(sideways_deg))
    for direction in (leaving, arriving):
        ahead = float(gap @ direction)
        aside = float(np.linalg.norm(gap - ahead * direction))
        if ahead < -0.5 * radius_m or aside > 0.6 * radius_m + max(ahead, 0.0) * slope:
            return False
    return True


def _meet(gap: FloatArray, leaving: FloatArray, arriving: FloatArray, radius_m: float) -> bool:
    """Tell whether the straights through two ends meet ahead of both, where a bend would be."""
    before, after = _to_where_they_meet(gap, leaving, arriving)
    miss = float(np.linalg.norm(gap - before * leaving - after * arriving))
    allowed = _MISS_RADII * radius_m + _MISS_SHARE * float(np.linalg.norm(gap))
    return bool(min(before, after) > -0.5 * radius_m and miss < allowed)


def _to_where_they_meet(
    gap: FloatArray, leaving: FloatArray, arriving: FloatArray
) -> tuple[float, float]:
    """Return how far beyond two ends the straights through them come nearest to each other."""
    (before, after), *_ = np.linalg.lstsq(np.column_stack([leaving, arriving]), gap, rcond=None)
    return float(before), float(after)


def _without_end(axis: FloatArray, cut_m: float) -> FloatArray:
    """Cut the end of an axis, up to a third: it hangs on few points and may veer off at a bend."""
    if cut_m == 0.0 or len(axis) == 0:
        return axis
    lengths = np.linalg.norm(axis[::-1] - axis[-1], axis=1)
    cut = int(np.searchsorted(lengths, cut_m + _END_M))
    return axis[: len(axis) - min(cut, len(axis) // 3)]


def _connected(a: FloatArray, b: FloatArray, radius_m: float) -> FloatArray:
    """Connect two axes by a cubic that leaves one and reaches the other in their directions."""
    leaving, arriving = polyline.end_direction(a), -polyline.end_direction(b[::-1])
    distance = float(np.linalg.norm(b[0] - a[-1]))
    count = max(int(distance / (STEP_PER_RADIUS * radius_m)), 1)
    t = np.linspace(0.0, 1.0, count + 2)[1:-1, None]
    hermite = (
        (2 * t**3 - 3 * t**2 + 1) * a[-1]
        + (t**3 - 2 * t**2 + t) * distance * leaving
        + (3 * t**2 - 2 * t**3) * b[0]
        + (t**3 - t**2) * distance * arriving
    )
    return np.vstack([a, hermite, b])


def _without_overlap(a: FloatArray, b: FloatArray, radius_m: float) -> FloatArray:
    """Cut the end of `a` that runs beside or inside `b`."""
    distance, nearest = scipy.spatial.cKDTree(b).query(a)
    beyond = (distance < 1.2 * radius_m) & (nearest > 0)
    keep = len(a)
    while keep > 0 and (beyond[keep - 1] or distance[keep - 1] < 0.5 * radius_m):
        keep -= 1
    # where they overlapped, leave a little room for the connection
    while keep < len(a) and keep > 3 and float(np.linalg.norm(a[keep - 1] - b[0])) < radius_m:
        keep -= 1
    return a[:keep]
