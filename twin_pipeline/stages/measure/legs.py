"""Where a pipe is led over two bends and the short leg between them, by what is seen of the leg.

Mains go under what crosses them by two bends of 45 degrees, or two of 90, and around it likewise.
The leg is too short to be followed on its own, and a bridge from one straight to the other cuts
both corners. The straights are well known, though: where they are left and reached again are two
unknowns, and the points tell which fit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.likeness import of_one_size
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.kernels import ways as kernel
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure.normals import point_normals
from twin_pipeline.stages.measure.straights import (
    BEFORE_RADII,
    Straight,
    pass_each_other,
    straight_at_end,
    straight_at_start,
    turned,
)

_TURN_DEG = (8.0, 100.0)
"""Of each bend."""
_LEAST_LEG = 0.5
"""Of the diameter, between corners."""
_MOST_GAP_M = 4.0
_STEP_RADII, _FINEST_M, _BLURRED = 0.5, 0.006, 0.25
"""By which corners are tried at first and in the end, and the shell's thickness by that step."""
_MOST_TRIES = 48
"""Of either corner, at first."""
_ROUND_DIAMETERS = (0.0, 0.8, 1.5, 2.5, 4.0)
_MOST_OF_LEG = 0.48
_SHELL_NOISES, _LEAST_SHELL = 2.5, 0.04
_OUTWARDS = 0.7
_FEW_POINTS, _MOST_POINTS, _VERTICES = 1000, 3000, 5
"""Around a place, at first and in the end, and of an arc."""
_STARTS = 8
"""Of the first tries, the best, from which finer ones begin."""
_LEAST_POINTS = 60
_AS_MANY = 0.95
"""Of the points on an axis that was guessed, on straights and bends that may be it instead."""
_PLACE_M = (0.2, 3.0)
_SAME_PLACE_M = 0.6
_NODE_M, _SIMPLER_M = 0.03, 0.002


@dataclass(frozen=True, eq=False)
class _Place:
    """Between two straights; the points (P, 3) around it and their normals (P, 3)."""

    before: Straight
    after: Straight
    xyz: FloatArray
    normal: FloatArray
    radius_m: float
    thickness_m: float

    @cached_property
    def gap_m(self) -> float:
        return float(np.linalg.norm(self.after.end - self.before.end))

    def corners(self, ahead_m: FloatArray, behind_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return corners (C, 3) so far ahead (C,) of the one straight's end and the other's."""
        return (
            self.before.end + ahead_m[:, None] * self.before.course,
            self.after.end + behind_m[:, None] * self.after.course,
        )

    def ends(self) -> tuple[FloatArray, FloatArray]:
        """Return where ways begin and end (3,), on the straights behind any corner."""
        back_m = 2.0 * BEFORE_RADII * self.radius_m
        return (
            self.before.end - back_m * self.before.course,
            self.after.end - back_m * self.after.course,
        )

    def ways(self, tries: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return of tries (T, 3) those that two bends may be, and their ways (W, V, 3).

        A try is how far ahead of the straights' ends the corners lie, and the bends' radius.
        """
        start, end = self.ends()
        one = self.before.end + tries[:, :1] * self.before.course
        other = self.after.end + tries[:, 1:2] * self.after.course
        length = np.linalg.norm(other - one, axis=1)
        course = (other - one) / np.maximum(length, 1e-9)[:, None]
        cosines = np.array([course @ self.before.course, course @ -self.after.course])
        turns = np.arccos(np.clip(cosines, -1.0, 1.0))
        low, high = np.radians(_TURN_DEG)
        good = ((turns > low) & (turns < high)).all(axis=0)
        good &= length > _LEAST_LEG * 2.0 * self.radius_m
        most_m = _MOST_OF_LEG * length[good]
        one, other, course = one[good], other[good], course[good]
        legs = (self.before.course, course, -self.after.course)
        arcs = [
            _arcs(corner, np.broadcast_to(into, corner.shape), np.broadcast_to(out, corner.shape),
                  turn, np.minimum(tries[good, 2] * np.tan(0.5 * turn), most_m))
            for corner, into, out, turn in zip(
                (one, other), legs[:2], legs[1:], turns[:, good], strict=True
            )
        ]  # fmt: skip
        ends = [np.broadcast_to(place, (len(one), 1, 3)) for place in (start, end)]
        return tries[good], np.concatenate([ends[0], *arcs, ends[1]], axis=1)

    def points_on(self, ways: FloatArray) -> FloatArray:
        """Return how many points lie on a tube around ways (W, V, 3), the less the further off."""
        on: FloatArray = kernel.points_on(
            self.xyz, self.normal, ways, self.radius_m, self.thickness_m, _OUTWARDS
        )
        return on


def joined_over_leg(
    pyramid: Pyramid, first: Tube, second: Tube, most_turn_deg: float
) -> Run | None:
    """Return the run along two tubes and a leg from the one to the other; None where none is seen.

    Where they end and begin beside each other is cut off.
    """
    a, b = _facing(first, second)
    gap_m = float(np.linalg.norm(b.nodes[0] - a.nodes[-1]))
    if not of_one_size(first, second) or gap_m > _MOST_GAP_M:
        return None
    before, after = straight_at_end(a, len(a.nodes) - 1), straight_at_start(b, 0)
    if before is None or after is None:
        return None
    if polyline.angle_deg(before.course, -after.course) > most_turn_deg:
        return None
    longer = first if len(first.points) > len(second.points) else second
    place = _place(pyramid, longer, before, after)
    way = None if place is None else _best_way(place, 0.0)
    if way is None:
        return None
    return _led(a.nodes[: before.node + 1], way, b.nodes[after.node :], longer.radius_m)


def led_over_legs(pyramid: Pyramid, tube: Tube) -> Iterator[Run]:
    """Yield the run along a tube with two bends in each hidden stretch, if as much lies there."""
    for first, last in _hidden_places(tube):
        before, after = straight_at_end(tube, first), straight_at_start(tube, last)
        if before is None or after is None or not pass_each_other(before, after, tube.radius_m):
            continue
        place = _place(pyramid, tube, before, after)
        if place is None:
            continue
        own = float(place.points_on(_own_way(place, tube)[None])[0])
        way = _best_way(place, _AS_MANY * own)
        if way is not None:
            kept = tube.nodes[: before.node + 1], tube.nodes[after.node :]
            yield _led(kept[0], way, kept[1], tube.radius_m)


def _led(before: FloatArray, way: FloatArray, after: FloatArray, radius_m: float) -> Run:
    """Return the run along nodes and a way between them, where it is held."""
    before = _as_far_as(before, way[0], way[1] - way[0])
    after = _as_far_as(after[::-1], way[-1], way[-2] - way[-1])[::-1]
    nodes = np.vstack([before, way, after])
    held = np.repeat([False, True, False], [len(before), len(way), len(after)])
    return Run(nodes, radius_m, np.ones(len(nodes), bool), 0, held)


def _as_far_as(nodes: FloatArray, place: FloatArray, course: FloatArray) -> FloatArray:
    """Return nodes (K, 3) without those at their end that lie beyond a place."""
    short = np.flatnonzero((nodes - place) @ course < 0.0)
    return nodes[: int(short[-1]) + 1 if len(short) else 1]


def _facing(first: Tube, second: Tube) -> tuple[Tube, Tube]:
    """Return two tubes, turned so that the first one's end is next to the second one's start."""
    ways = [(a, b) for a in (first, turned(first)) for b in (second, turned(second))]
    return min(ways, key=lambda way: float(np.linalg.norm(way[1].nodes[0] - way[0].nodes[-1])))


def _hidden_places(tube: Tube) -> Iterator[tuple[int, int]]:
    at = polyline.chainage(tube.nodes)
    found: list[tuple[int, int]] = []
    known = tube.observed if tube.held is None else tube.observed | tube.held
    for first, last in stretches(~known):
        if found and at[first] - at[found[-1][1]] < _SAME_PLACE_M:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    for first, last in found:
        if first > 0 and last < len(at) - 1 and _PLACE_M[0] < at[last] - at[first] < _PLACE_M[1]:
            yield first - 1, last + 1


def _place(pyramid: Pyramid, tube: Tube, before: Straight, after: Straight) -> _Place | None:
    """Gather the points around a place; None where there are too few."""
    radius_m = tube.radius_m
    half_m = 0.5 * float(np.linalg.norm(after.end - before.end))
    back_m = 2.0 * BEFORE_RADII * radius_m
    chord = [before.end - back_m * before.course, before.end]
    chord += [after.end, after.end - back_m * after.course]
    line = polyline.resample(np.array(chord), 0.1)
    index, _ = pyramid.points_along(line, half_m + 1.5 * radius_m)
    index = index[:: max(len(index) // _MOST_POINTS, 1)]
    if len(index) < _LEAST_POINTS:
        return None
    normal, _, _ = point_normals(pyramid, index, radius_m)
    thickness_m = max(_SHELL_NOISES * tube.noise_m, _LEAST_SHELL * radius_m)
    return _Place(before, after, pyramid.xyz[index], normal, radius_m, thickness_m)


def _own_way(place: _Place, tube: Tube) -> FloatArray:
    """Return the way (K, 3) of a tube itself, from where others begin to where they end."""
    start, end = place.ends()
    nodes = tube.nodes[place.before.node : place.after.node + 1]
    ahead = (nodes - start) @ place.before.course > 0.0
    short = (nodes - end) @ place.after.course > 0.0
    return polyline.simplified(np.vstack([start, nodes[ahead & short], end]), _SIMPLER_M)


def _best_way(place: _Place, least: float) -> FloatArray | None:
    """Return the way (K, 3) from one straight to the other by two bends that most points lie on.

    None where these are not more than some.
    """
    radius_m = place.radius_m
    reach_m = place.gap_m + 2.0 * radius_m
    step_m = max(_STEP_RADII * radius_m, (reach_m + BEFORE_RADII * radius_m) / _MOST_TRIES)
    marks = np.arange(-BEFORE_RADII * radius_m, reach_m, step_m)
    rounded = [2.0 * radius_m * diameters for diameters in _ROUND_DIAMETERS]
    tries = np.array([(a, b, r) for a in marks for b in marks for r in rounded])
    every = max(len(place.xyz) // _FEW_POINTS, 1)
    # a whole step beside it nothing may lie on the leg
    roughly = replace(
        place, xyz=place.xyz[::every].copy(), normal=place.normal[::every].copy(),
        thickness_m=max(place.thickness_m, _BLURRED * step_m),
    )  # fmt: skip
    begun, _, points = _tried(roughly, tries)
    found = [
        _refined(place, begun[k], step_m, rounded)
        for k in np.argsort(-points, kind="stable")[:_STARTS]
    ]
    on, way = max(found, key=lambda each: each[0], default=(0.0, np.empty((0, 3))))
    return polyline.resample(way, _NODE_M) if on > least else None


def _refined(
    place: _Place, begun: FloatArray, step_m: float, rounded: list[float]
) -> tuple[float, FloatArray]:
    """Return the most points that lie on a way near one that was begun, and that way (V, 3)."""
    while True:
        step_m /= 2.0
        near = (-step_m, 0.0, step_m)
        around = np.array([(a, b, r) for a in near for b in near for r in rounded])
        tries, ways, points = _tried(place, around + begun * [1.0, 1.0, 0.0])
        k = int(points.argmax())
        begun = tries[k]
        if step_m < _FINEST_M:
            return float(points[k]), ways[k]


def _tried(place: _Place, tries: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return of tries (T, 3) those that two bends may be, their ways, and the points (W,) there."""
    possible, ways = place.ways(tries)
    return possible, ways, place.points_on(ways)


def _arcs(
    corner: FloatArray, into: FloatArray, out: FloatArray, turn: FloatArray, tangent: FloatArray
) -> FloatArray:
    """Return vertices (W, A, 3) of arcs that round corners (W, 3), so far from them (W,)."""
    tangent = np.maximum(tangent, _SIMPLER_M)[:, None, None]
    inwards = out - np.einsum("wj,wj->w", out, into)[:, None] * into
    inwards = inwards / np.maximum(np.linalg.norm(inwards, axis=1), 1e-9)[:, None]
    angle = turn[:, None, None] * np.linspace(0.0, 1.0, _VERTICES)[:, None]
    radius_m = tangent / np.tan(0.5 * turn)[:, None, None]
    begin = corner[:, None] - tangent * into[:, None]
    return np.asarray(
        begin
        + radius_m * np.sin(angle) * into[:, None]
        + radius_m * (1.0 - np.cos(angle)) * inwards[:, None]
    )
