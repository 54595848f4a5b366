"""Bends that something hides: the straights before and after them tell their angle."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.fittings.alignment import meeting

_HIDDEN_M, GUESSED_M = 0.5, 0.01
"""Longer than what a socket hides; and the axis' std from which on it was guessed there, as where a
socket hides part of an arc."""
_BESIDE_M = 0.1
_MARGIN_M, _STRAIGHT_M, _LEAST_STRAIGHT_M = 0.3, 1.2, 0.4
"""What of the axis beside a hidden stretch may lean towards what was guessed there, and how much of
the axis behind that tells its course."""
_TILTING = 0.3
"""Of the scan's drift, what changes over a straight; the rest moves all of it aside."""
_MISS = 0.35
"""Of the radius, by which straights that one bend joins may pass each other."""
MOST_STD_DEG = 0.5
"""Of an angle that is stated."""


@dataclass(frozen=True, slots=True, eq=False)
class _Straight:
    middle: FloatArray
    """(3,)"""
    course: FloatArray
    """(3,) unit vector along the pipe."""
    std_rad: float
    """Of the course."""


def known(tube: Tube) -> BoolArray:
    """Return where the axis (K,) was seen, or found by trying offsets."""
    return tube.observed if tube.held is None else tube.observed | tube.held


def hidden_curves(
    tube: Tube, own: FloatArray, curves: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the pieces, first and last vertex, with curves that a stretch hides.

    What of a curve reaches into such a stretch, or begins or ends beside it, was guessed there.
    """
    found = []
    std_m = np.hypot(tube.std_h_m, tube.std_v_m)
    for first, last in stretches(~known(tube)):
        guessed = float(std_m[first : last + 1].max()) > GUESSED_M
        short = own[last] - own[first] < _HIDDEN_M and not guessed
        if short or first == 0 or last == len(own) - 1:
            continue
        touching = [
            (begin, end)
            for begin, end in curves
            if own[begin] < own[last] + _BESIDE_M and own[end] > own[first] - _BESIDE_M
        ]
        if touching:
            found.append((min(first, touching[0][0]), max(last, touching[-1][1])))
    return _merged(found)


def _merged(pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    whole: list[tuple[int, int]] = []
    for first, last in pieces:
        if whole and first <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(last, whole[-1][1]))
        else:
            whole.append((first, last))
    return whole


def hidden_bends(
    tube: Tube,
    own: FloatArray,
    hidden: list[tuple[int, int]],
    seen: list[tuple[int, int]],
    most_std_deg: float = MOST_STD_DEG,
) -> Iterator[tuple[tuple[int, int], float, float]]:
    """Yield piece, chainage and angle, degrees, of bends in hidden pieces, where they can be known.

    Two bends of an offset leave their straights beside each other: no angle tells of them.
    """
    borders = sorted([(0, 0), *hidden, *seen, (len(own) - 1, len(own) - 1)])
    for before, piece, after in zip(borders, borders[1:], borders[2:], strict=False):
        if piece not in hidden:
            continue
        start_m, end_m = own[piece[0]] - _MARGIN_M, own[piece[1]] + _MARGIN_M
        inbound = _straight(tube, own, max(start_m - _STRAIGHT_M, own[before[1]]), start_m)
        outbound = _straight(tube, own, end_m, min(end_m + _STRAIGHT_M, own[after[0]]))
        if inbound is None or outbound is None:
            continue
        std_deg = math.degrees(math.hypot(inbound.std_rad, outbound.std_rad))
        place = _corner(inbound, outbound, tube, piece)
        if place is None or std_deg > most_std_deg:
            continue
        part = slice(piece[0], piece[1] + 1)
        chainages = np.linspace(own[piece[0]], own[piece[1]], 4 * (piece[1] - piece[0]) + 1)
        line = polyline.along(tube.nodes[part], tube.nodes[part], chainages - chainages[0])
        nearest = float(chainages[np.linalg.norm(line - place, axis=1).argmin()])
        yield piece, nearest, polyline.angle_deg(inbound.course, outbound.course)


def _straight(tube: Tube, own: FloatArray, start_m: float, end_m: float) -> _Straight | None:
    """Fit a straight to what is known of a stretch of axis; None for too little."""
    inside = (own >= start_m) & (own <= end_m) & known(tube)
    nodes = tube.nodes[inside]
    if len(nodes) < 3 or float(np.linalg.norm(nodes[-1] - nodes[0])) < _LEAST_STRAIGHT_M:
        return None
    middle, course = polyline.straight_through(nodes)
    along = (nodes - middle) @ course
    off_m = np.linalg.norm(nodes - middle - along[:, None] * course, axis=1)
    std_m = max(own_std_m(tube, inside), math.sqrt(float(np.mean(off_m**2))))
    return _Straight(middle, course, 2.0 * std_m / float(np.ptp(along)))


def own_std_m(tube: Tube, inside: BoolArray) -> float:
    """Return to what vertices (K,) of an axis are known, but for what the scan moves alike."""
    shared = (1.0 - _TILTING**2) * np.nan_to_num(tube.drift_m[inside]) ** 2
    variance = tube.std_h_m[inside] ** 2 + tube.std_v_m[inside] ** 2 - 2.0 * shared
    return math.sqrt(max(float(np.median(variance)), 0.0))


def _corner(
    inbound: _Straight, outbound: _Straight, tube: Tube, piece: tuple[int, int]
) -> FloatArray | None:
    """Return where straights (3,) meet in a piece of a tube; None where they pass each other."""
    turn = math.acos(float(np.clip(inbound.course @ outbound.course, -1.0, 1.0)))
    if turn < math.hypot(inbound.std_rad, outbound.std_rad) + 1e-3:
        return None
    lines = [(straight.middle, straight.course) for straight in (inbound, outbound)]
    place = meeting(lines[0], lines[1])
    first, last = tube.nodes[piece[0]], tube.nodes[piece[1]]
    ahead = float((place - first) @ inbound.course)
    behind = float((last - place) @ outbound.course)
    off = [place - middle - ((place - middle) @ course) * course for middle, course in lines]
    miss = float(np.linalg.norm(off[0] - off[1]))
    return None if min(ahead, behind) < 0.0 or miss > _MISS * tube.radius_m else place
