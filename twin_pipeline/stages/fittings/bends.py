"""Bends from the axis."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.fittings.alignment import Alignment, fit_alignment, meeting
from twin_pipeline.stages.fittings.hidden import (
    MOST_STD_DEG,
    hidden_bends,
    hidden_curves,
    known,
)
from twin_pipeline.stages.fittings.options import FittingsOptions

_STRAIGHT_M = 0.6
_MARGIN_M = 0.1
"""Beside what is curved, left out of the straights."""
_SHORTEST_M = 0.15
_ARC_STEP_M = 0.005
_NEIGHBOURS_M = 1.2
"""Between bends that are fitted together, as they share a straight."""
_COURSE_M, _COURSE_RADII = 0.08, 0.3
"""How far to either side chords reach that tell the course; from one node of a large pipe to the
next noise turns it by more than a wide bend does."""
_GAP_M, _GAP_STEPS = 0.2, 2.5
"""Between curved vertices that are of one curve; a single one between two always is."""
_ENOUGH_NODES, _STRAIGHT_NODES = 8, 12
"""For each straight; and of how many, where nodes lie far apart, one is taken."""
_RADIUS_SHARES = (1.0, 0.25)
_LEAST_TURN_RAD = 0.05
_ALIKE_M = 0.3
"""Along an axis, over which its vertices are off together."""
_LAID_M = 0.004
"""rms from straights and arcs up to which an axis consists of them."""


@dataclass(frozen=True, slots=True)
class Bend:
    """A change of direction."""

    chainage_m: float
    angle_deg: float
    radius_m: float | None
    """None where it was not seen."""


@dataclass(frozen=True, slots=True, eq=False)
class _Corner:
    """A bend at first sight."""

    piece: tuple[int, int]
    """First and last curved vertex of the axis."""
    place: FloatArray
    """(3,) where its straights meet."""
    radius_m: float
    bend: Bend | None
    """By its straights alone; None where one of them is too short."""
    hidden: bool = False


def find_bends(tube: Tube, options: FittingsOptions) -> list[Bend]:
    """Return the bends of an axis in order of chainage."""
    own = polyline.chainage(tube.nodes)
    curves = _curved_pieces(tube, own, options)
    hidden = hidden_curves(tube, own, curves)
    seen = [
        (first, last)
        for first, last in curves
        if all(last <= begin or first >= end for begin, end in hidden)
    ]
    pieces = sorted([*seen, *hidden])
    told = {
        piece: Bend(at_m, angle_deg, None)
        for piece, at_m, angle_deg in hidden_bends(tube, own, hidden, seen)
    }
    corners = []
    for number, piece in enumerate(pieces):
        before = own[pieces[number - 1][1]] if number else 0.0
        after = own[pieces[number + 1][0]] if number + 1 < len(pieces) else own[-1]
        if piece in seen:
            corner = _corner(tube.nodes, own, piece, (before, after))
            corners += [corner] if corner is not None else []
        elif piece not in told:
            corners += _hidden_corners(tube.nodes, own, piece, curves)
    least = options.min_bend_deg
    bends = [
        *(bend for group in _neighbours(corners, own)
          for bend in _measured_together(tube, own, group, least)),
        *told.values(),
    ]  # fmt: skip
    return sorted(
        (bend for bend in bends if bend.angle_deg >= least), key=lambda bend: bend.chainage_m
    )


def _curved_pieces(tube: Tube, own: FloatArray, options: FittingsOptions) -> list[tuple[int, int]]:
    nodes = tube.nodes
    direction = polyline.directions(nodes, max(_COURSE_M, _COURSE_RADII * tube.radius_m))
    turn = np.arccos(np.clip(np.sum(direction[:-1] * direction[1:], axis=1), -1.0, 1.0))
    curvature = np.concatenate([turn / np.diff(own), [0.0]])
    gap_m = max(_GAP_M, _GAP_STEPS * float(np.median(np.diff(own))))
    pieces = stretches(_closed(curvature > 1.0 / options.max_bend_radius_m, own, gap_m))
    turned = np.zeros_like(nodes)
    turned[1:] = np.cumsum(np.cross(direction[:-1], direction[1:]), axis=0)
    least = math.radians(options.min_bend_deg)
    return [part for piece in pieces for part in _one_way(turned, piece, least)]


def _one_way(turned: FloatArray, piece: tuple[int, int], least_rad: float) -> list[tuple[int, int]]:
    """Split a curve where it turns back, as the two bends of an offset do.

    Turned (K, 3) is how far, and about which axis, the pipe has turned up to each vertex.
    """
    first, last = piece
    since = turned[first : last + 1] - turned[first]
    middle = int(np.linalg.norm(since, axis=1).argmax())
    before, after = since[middle], since[-1] - since[middle]
    back = float(before @ after) < 0.0 and float(np.linalg.norm(after)) > least_rad
    if not back or not 0 < middle < len(since) - 1 or float(np.linalg.norm(before)) < least_rad:
        return [piece]
    return [(first, first + middle), *_one_way(turned, (first + middle, last), least_rad)]


def _neighbours(corners: list[_Corner], own: FloatArray) -> list[list[_Corner]]:
    groups: list[list[_Corner]] = []
    for corner in corners:
        last = groups[-1][-1].piece[1] if groups else None
        if last is not None and own[corner.piece[0]] - own[last] < _NEIGHBOURS_M:
            groups[-1].append(corner)
        else:
            groups.append([corner])
    return groups


def _measured_together(
    tube: Tube, own: FloatArray, group: list[_Corner], least_deg: float
) -> list[Bend]:
    """Measure bends by straights and arcs that fit the axis best, where it consists of them."""
    alone = [corner.bend for corner in group if corner.bend is not None]
    beside_m = _MARGIN_M + max(_STRAIGHT_M, _STRAIGHT_NODES * float(np.median(np.diff(own))))
    start = max(float(own[group[0].piece[0]]) - beside_m, 0.0)
    end = min(float(own[group[-1].piece[1]]) + beside_m, float(own[-1]))
    near = (own >= start) & (own <= end) & known(tube)
    for corner in group:
        if corner.hidden:
            near &= (np.arange(len(own)) < corner.piece[0]) | (
                np.arange(len(own)) > corner.piece[1]
            )
    if np.count_nonzero(near) < _ENOUGH_NODES * (len(group) + 1):
        return alone
    first, last = polyline.along(tube.nodes, tube.nodes, np.array([start, end]))
    places = [corner.place for corner in group]
    vertices, radii = np.array([first, *places, last]), np.array([c.radius_m for c in group])
    # where legs are too short for the radii to show, too large ones lead nowhere
    shares = (1.0,) if len(alone) == len(group) else _RADIUS_SHARES
    tried = [fit_alignment(tube.nodes[near], Alignment(vertices, s * radii)) for s in shares]
    fitted = min(tried, key=lambda each: each.rms_m)
    if fitted.rms_m > _LAID_M:
        return alone
    found = fitted.alignment
    angles = np.degrees(found.angles_rad)
    if len(group) > 1 and angles.min() < least_deg:
        kept = [corner for corner, angle in zip(group, angles, strict=True) if angle >= least_deg]
        return _measured_together(tube, own, kept, least_deg) if kept else []
    at: FloatArray = np.arange(start, end, _ARC_STEP_M, dtype=np.float64)
    line = polyline.along(tube.nodes, tube.nodes, at)
    radii = found.tangents / np.tan(0.5 * np.maximum(found.angles_rad, 1e-6))
    # neighbouring vertices hang together
    alike = max(_ALIKE_M / float(np.median(np.diff(own))), 1.0)
    stds_deg = np.degrees(fitted.angle_std_rad) * math.sqrt(alike)
    return [
        Bend(float(at[np.linalg.norm(line - middle, axis=1).argmin()]), float(angle), float(radius))
        for corner, middle, angle, radius, std_deg in zip(
            group, found.middles(), angles, radii, stds_deg, strict=True
        )
        if not corner.hidden or std_deg < MOST_STD_DEG
    ]


def _closed(flags: BoolArray, own: FloatArray, gap_m: float) -> BoolArray:
    """Fill gaps shorter than `gap_m` between flagged vertices."""
    result = flags.copy()
    at = np.flatnonzero(flags)
    for a, b in pairwise(at):
        if own[b] - own[a] <= gap_m:
            result[a:b] = True
    return result


def _corner(
    nodes: FloatArray, own: FloatArray, piece: tuple[int, int], limits: tuple[float, float]
) -> _Corner | None:
    """Find where the straights on either side of a curve meet, and the arc that joins them best.

    None at the ends of the axis, where a straight is missing, and where it does not turn.
    """
    start, end = own[piece[0]] - _MARGIN_M, own[piece[1]] + _MARGIN_M
    if start < _SHORTEST_M or own[-1] - end < _SHORTEST_M:
        return None
    inbound = _line(nodes, own, max(start - _STRAIGHT_M, limits[0]), start)
    outbound = _line(nodes, own, end, min(end + _STRAIGHT_M, limits[1]))
    if inbound is None or outbound is None:
        return _by_its_ends(nodes, own, piece, hidden=False)
    angle = math.radians(polyline.angle_deg(inbound[1], outbound[1]))
    if angle < 0.02:
        return None
    place = meeting(inbound, outbound)
    at: FloatArray = np.arange(start, end, _ARC_STEP_M, dtype=np.float64)
    line = polyline.along(nodes, nodes, at)
    middle_m = float(at[np.argmin(np.linalg.norm(line - place, axis=1))])
    radius = _arc_radius(line - place, inbound[1], outbound[1], angle)
    bend = Bend(middle_m, math.degrees(angle), radius)
    return _Corner(piece, place, max(radius, 0.05), bend)


def _hidden_corners(
    nodes: FloatArray, own: FloatArray, piece: tuple[int, int], curves: list[tuple[int, int]]
) -> list[_Corner]:
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
) -> _Corner:
    """Return a corner by where a curve's course at its start and its end would meet."""
    ends = np.clip(own[list(piece)], own[0], own[-1])
    places = polyline.along(nodes, nodes, ends)
    courses = polyline.along(nodes, polyline.directions(nodes, _COURSE_M), ends)
    turn = math.radians(polyline.angle_deg(courses[0], courses[1]))
    middle = polyline.along(nodes, nodes, np.array([float(ends.mean())]))[0]
    length_m = float(ends[1] - ends[0])
    if turn < _LEAST_TURN_RAD:
        return _Corner(piece, middle, length_m, None, hidden)
    place = meeting((places[0], courses[0]), (places[1], courses[1]))
    tangent = min(float(np.linalg.norm(end - place)) for end in places)
    if tangent > length_m:
        place, tangent = middle, 0.5 * length_m
    return _Corner(piece, place, max(tangent / math.tan(0.5 * turn), 0.05), None, hidden)


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
