"""Corners of an axis: where the straights on either side of a curve meet."""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.fittings.alignment import meeting

STRAIGHT_M = 0.6
MARGIN_M = 0.1
"""Beside what is curved, left out of the straights."""
ARC_STEP_M = 0.005
COURSE_M = 0.08
"""How far to either side chords reach that tell the course."""
_SHORTEST_M = 0.15
_LEAST_TURN_RAD = 0.05


@dataclass(frozen=True, slots=True)
class Bend:
    """A change of direction."""

    chainage_m: float
    angle_deg: float
    radius_m: float | None
    """None where it was not seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Corner:
    """A bend at first sight."""

    piece: tuple[int, int]
    """First and last curved vertex of the axis."""
    place: FloatArray
    """(3,) where its straights meet."""
    radius_m: float
    bend: Bend | None
    """By its straights alone; None where one of them is too short."""
    hidden: bool = False


def corner_of(
    nodes: FloatArray, own: FloatArray, piece: tuple[int, int], limits: tuple[float, float]
) -> Corner | None:
    """Find where the straights on either side of a curve meet, and the arc that joins them best.

    None at the ends of the axis, where a straight is missing, and where it does not turn.
    """
    start, end = own[piece[0]] - MARGIN_M, own[piece[1]] + MARGIN_M
    if start < _SHORTEST_M or own[-1] - end < _SHORTEST_M:
        return None
    inbound = _line(nodes, own, max(start - STRAIGHT_M, limits[0]), start)
    outbound = _line(nodes, own, end, min(end + STRAIGHT_M, limits[1]))
    if inbound is None or outbound is None:
        return _by_its_ends(nodes, own, piece, hidden=False)
    angle = math.radians(polyline.angle_deg(inbound[1], outbound[1]))
    if angle < 0.02:
        return None
    place = meeting(inbound, outbound)
    at: FloatArray = np.arange(start, end, ARC_STEP_M, dtype=np.float64)
    line = polyline.along(nodes, nodes, at)
    middle_m = float(at[np.argmin(np.linalg.norm(line - place, axis=1))])
    radius = _arc_radius(line - place, inbound[1], outbound[1], angle)
    bend = Bend(middle_m, math.degrees(angle), radius)
    return Corner(piece, place, max(radius, 0.05), bend)


def hidden_corners(
    nodes: FloatArray, own: FloatArray, piece: tuple[int, int], curves: list[tuple[int, int]]
) -> list[Corner]:
    """Return where bends may be in a hidden piece, to begin from; none at the ends of the axis.

    There may be as many as curves were guessed.
    """
    first, last = piece
    if own[first] < _SHORTEST_M or own[-1] - own[last] < _SHORTEST_M:
        return []
    guessed = [curve for curve in curves if curve[0] >= first and curve[1] <= last]
    return [_by_its_ends(nodes, own, curve, hidden=True) for curve in guessed]


def _by_its_ends(
    nodes: FloatArray, own: FloatArray, piece: tuple[int, int], *, hidden: bool
) -> Corner:
    """Return a corner by where a curve's course at its start and its end would meet."""
    ends = np.clip(own[list(piece)], own[0], own[-1])
    places = polyline.along(nodes, nodes, ends)
    courses = polyline.along(nodes, polyline.directions(nodes, COURSE_M), ends)
    turn = math.radians(polyline.angle_deg(courses[0], courses[1]))
    middle = polyline.along(nodes, nodes, np.array([float(ends.mean())]))[0]
    length_m = float(ends[1] - ends[0])
    if turn < _LEAST_TURN_RAD:
        return Corner(piece, middle, length_m, None, hidden)
    place = meeting((places[0], courses[0]), (places[1], courses[1]))
    tangent = min(float(np.linalg.norm(end - place)) for end in places)
    if tangent > length_m:
        place, tangent = middle, 0.5 * length_m
    return Corner(piece, place, max(tangent / math.tan(0.5 * turn), 0.05), None, hidden)


def _arc_radius(
    line: FloatArray, inbound: FloatArray, outbound: FloatArray, angle_rad: float
) -> float:
    """Return the radius of the arc between two straights that a line (L, 3) follows best.

    The line is relative to the point where the straights meet.
    """
    inwards = (outbound - inbound) / np.linalg.norm(outbound - inbound)
    before, after = line @ inbound, line @ outbound
    off_inbound = np.linalg.norm(line - before[:, None] * inbound, axis=1)
    off_outbound = np.linalg.norm(line - after[:, None] * outbound, axis=1)

    def misfit(radius: float) -> float:
        tangent = radius * math.tan(0.5 * angle_rad)
        centre = inwards * radius / math.cos(0.5 * angle_rad)
        off_arc = np.abs(np.linalg.norm(line - centre, axis=1) - radius)
        off = np.where(
            before < -tangent, off_inbound, np.where(after > tangent, off_outbound, off_arc)
        )
        return float(np.mean(off**2))

    longest = float(np.linalg.norm(line, axis=1).max()) / math.tan(0.5 * angle_rad)
    return float(scipy.optimize.minimize_scalar(misfit, bounds=(0.0, longest), method="bounded").x)


def _line(
    nodes: FloatArray, own: FloatArray, start_m: float, end_m: float
) -> tuple[FloatArray, FloatArray] | None:
    """Fit a line to a stretch of axis; None where it is too short to have a direction."""
    inside = (own >= start_m) & (own <= end_m)
    if inside.sum() < 3 or end_m - start_m < _SHORTEST_M:
        return None
    points = nodes[inside]
    centre = points.mean(axis=0)
    direction = np.linalg.svd(points - centre)[2][0]
    return centre, direction * np.sign(direction @ (points[-1] - points[0]))
