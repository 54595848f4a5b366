"""Where a pipe is led around a bend whose sockets the axis has climbed.

Between the two sockets of a bend little of the barrel is to be seen. An axis that once lies on the
sockets stays there, and widens the barrel. The straights before and after are well known, though:
the bend is an arc that leaves the one and reaches the other, and the points tell which. So they do
where an axis cuts the corner and nothing of the pipe lies around it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.kernels.adjust import tube as kernel
from twin_pipeline.model import FloatArray

_UNEVEN = 2.0
"""Inflation of a tube from which on its axis may lie on sockets."""
_LEAST_TURN_DEG = 12.0
_ALL_OF_IT = 0.9
_HALVES = (2.0, 3.0, 4.5)
_SOCKET_M = 0.3
"""Half of what a bend takes: so many diameters of arc, and the socket on either side."""
_LEG_M, _LEAST_LEG_M = 1.2, 0.35
_ROUNDNESS = tuple(0.02 * k for k in range(15, 51))
"""Of the room between the straights, what the arc takes."""
_MISS = 0.35
"""Of the radius, by which straights may pass each other."""
_NODE_M = 0.04
_SHELL_NOISES, _LEAST_SHELL = 2.5, 0.03
_NEARLY_ALL = 0.75
"""Of the points around the axis as it is, which lies on sockets, what a way is worth a try from."""
_HIDDEN_M = (0.25, 2.0)
"""Length of what is not seen of a bend whose corner the axis may cut."""
_BEYOND_M = (0.0, 0.15, 0.3)
"""By how much more the arc may begin before that, and end behind it."""
_AS_DENSE = 0.4
"""Of the points on a metre of the pipe elsewhere, what a way is worth a try from there."""


@dataclass(frozen=True, slots=True, eq=False)
class _Leg:
    """A straight: its end (3,) at the bend, and the unit vector (3,) along the pipe."""

    end: FloatArray
    course: FloatArray
    node: int
    """Of the tube, at that end."""


def led_around_bends(pyramid: Pyramid, tube: Tube) -> Iterator[Run]:
    """Yield the run along an uneven tube with other ways around its bends, one for each."""
    if tube.inflation < _UNEVEN:
        return
    at = polyline.chainage(tube.nodes)
    for centre_m in _bends(tube, at):
        halves = tuple(_half_m(tube, diameters) for diameters in _HALVES)
        ways = list(_ways(tube, at, centre_m, halves))
        more = [_share(pyramid, tube, *way) for way in ways]
        if not ways or max(more) < _NEARLY_ALL:
            continue
        yield _led_along(tube, *ways[int(np.argmax(more))])


def led_around_corners(pyramid: Pyramid, tube: Tube) -> Iterator[Run]:
    """Yield the run along a tube with an arc around each bend of which nothing is seen.

    Only where the pipe lies around such an arc, and not around the axis as it is.
    """
    at = polyline.chainage(tube.nodes)
    usual = len(tube.points) * tube.one_in / at[-1]
    for begin, end in stretches(~tube.observed):
        if begin == 0 or end == len(at) - 1 or not _cuts_corner(tube, at, begin, end):
            continue
        centre_m, half_m = 0.5 * float(at[begin] + at[end]), 0.5 * float(at[end] - at[begin])
        ways = list(_ways(tube, at, centre_m, tuple(half_m + more_m for more_m in _BEYOND_M)))
        dense = [_points_on(pyramid, tube, way) / polyline.length(way) for _, _, way in ways]
        if ways and max(dense) > _AS_DENSE * usual:
            yield _led_along(tube, *ways[int(np.argmax(dense))])


def _cuts_corner(tube: Tube, at: FloatArray, begin: int, end: int) -> bool:
    """Tell whether hidden nodes, from one to another, lie in a bend."""
    before = tube.nodes[(at < at[begin]) & (at >= at[begin] - _LEAST_LEG_M)]
    after = tube.nodes[(at > at[end]) & (at <= at[end] + _LEAST_LEG_M)]
    if min(len(before), len(after)) < 3 or not _HIDDEN_M[0] < at[end] - at[begin] < _HIDDEN_M[1]:
        return False
    turn = polyline.angle_deg(before[-1] - before[0], after[-1] - after[0])
    return turn > _LEAST_TURN_DEG


def _half_m(tube: Tube, diameters: float) -> float:
    return diameters * 2.0 * tube.radius_m + _SOCKET_M


def _bends(tube: Tube, at: FloatArray) -> Iterator[float]:
    """Yield the chainages of an axis' bends, the sharpest first, those close to it left out."""
    half = _half_m(tube, _HALVES[1])
    course = polyline.directions(tube.nodes, 0.3)
    inner = np.flatnonzero((at > 0.5 * half) & (at < at[-1] - 0.5 * half))
    before, after = (
        polyline.along(tube.nodes, course, np.clip(at[inner] + shift, 0.0, at[-1]))
        for shift in (-half, half)
    )
    turn = np.degrees(np.arccos(np.clip(np.sum(before * after, axis=1), -1.0, 1.0)))
    left = np.ones(len(inner), bool)
    for k in np.argsort(-turn, kind="stable"):
        if turn[k] < _LEAST_TURN_DEG:
            return
        if left[k]:
            around = np.abs(at[inner] - at[inner[k]]) < 2.0 * half
            # all of a bend's arc lies between the two directions from here to there
            centre_m = float(at[inner][around & left & (turn > _ALL_OF_IT * turn[k])].mean())
            left &= np.abs(at[inner] - centre_m) > 2.0 * half
            yield centre_m


def _led_along(tube: Tube, first: int, last: int, way: FloatArray) -> Run:
    """Return the run along a tube, held on a way (P, 3) instead of some of its nodes."""
    before, after = tube.nodes[:first], tube.nodes[last + 1 :]
    nodes = np.vstack([before, way, after])
    held = np.repeat([False, True, False], [len(before), len(way), len(after)])
    return Run(nodes, tube.radius_m, np.ones(len(nodes), bool), 0, held)


def _ways(
    tube: Tube, at: FloatArray, centre_m: float, halves: tuple[float, ...]
) -> Iterator[tuple[int, int, FloatArray]]:
    """Yield first and last node of a bend, and an axis (P, 3) around it, as it may be.

    The straights begin and end so far from its middle as one of some halves is long.
    """
    for half in halves:
        before = _leg(tube, at, centre_m - half - _LEG_M, centre_m - half)
        after = _leg(tube, at, centre_m + half + _LEG_M, centre_m + half)
        if before is None or after is None:
            continue
        for roundness in _ROUNDNESS:
            way = _around(before, after, roundness, tube.radius_m)
            if way is not None and 0 < before.node < after.node < len(at) - 1:
                yield before.node, after.node, way


def _leg(tube: Tube, at: FloatArray, far_m: float, near_m: float) -> _Leg | None:
    """Return the straight that a tube has from one chainage to another, None for too little."""
    low, high = sorted((far_m, near_m))
    seen = np.flatnonzero((at >= low) & (at <= high) & tube.observed)
    nodes = tube.nodes[seen]
    if len(nodes) < 3 or polyline.length(nodes) < _LEAST_LEG_M:
        return None
    middle, course = polyline.straight_through(nodes)
    nearest = -1 if far_m < near_m else 0
    foot = middle + ((nodes[nearest] - middle) @ course) * course
    return _Leg(foot, course, int(seen[nearest]))


def _around(before: _Leg, after: _Leg, roundness: float, radius_m: float) -> FloatArray | None:
    """Return an axis (P, 3) from the end of one straight to that of another, None for none."""
    gap = after.end - before.end
    design = np.column_stack([before.course, after.course])
    (ahead, behind), *_ = np.linalg.lstsq(design, gap, rcond=None)
    miss = gap - ahead * before.course - behind * after.course
    if min(ahead, behind) <= 0.0 or float(np.linalg.norm(miss)) > _MISS * radius_m:
        return None
    corner = 0.5 * (before.end + ahead * before.course + after.end - behind * after.course)
    tangent = roundness * float(min(ahead, behind))
    turn = math.acos(float(np.clip(before.course @ after.course, -1.0, 1.0)))
    start, end = corner - tangent * before.course, corner + tangent * after.course
    # an arc of a circle, by the directions at its ends
    centre_m = tangent / math.tan(0.5 * turn)
    inwards = after.course - (after.course @ before.course) * before.course
    inwards = inwards / np.linalg.norm(inwards)
    angle = np.linspace(0.0, turn, max(math.ceil(centre_m * turn / _NODE_M), 3))[:, None]
    arc = start + centre_m * (np.sin(angle) * before.course + (1.0 - np.cos(angle)) * inwards)
    return polyline.resample(np.vstack([before.end, arc[:-1], end, after.end]), _NODE_M)


def _share(pyramid: Pyramid, tube: Tube, first: int, last: int, way: FloatArray) -> float:
    """Return the points on a tube around a way, by those around the axis as it is."""
    own = _points_on(pyramid, tube, tube.nodes[first : last + 1])
    return _points_on(pyramid, tube, way) / max(own, 1.0)


def _points_on(pyramid: Pyramid, tube: Tube, axis: FloatArray) -> float:
    """Count the points on a tube around an axis (P, 3), the less the further from its surface."""
    nodes = polyline.resample(axis, _NODE_M)
    thickness = max(_SHELL_NOISES * tube.noise_m, _LEAST_SHELL * tube.radius_m)
    index, segment = pyramid.points_along(nodes, tube.radius_m + thickness)
    step = float(np.linalg.norm(nodes[1] - nodes[0]))
    _, radial = kernel.project(pyramid.xyz[index], nodes, segment, step)
    off = (np.linalg.norm(radial, axis=1) - tube.radius_m) / thickness
    return float(np.maximum(1.0 - off**2, 0.0).sum())
