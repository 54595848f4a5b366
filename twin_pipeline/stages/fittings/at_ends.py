"""Where a pipe goes on over a socket at its end, such as close before the wall of its trench."""

import math
from dataclasses import replace

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.kernels import trapezoid
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.fittings.joints import find_joints
from twin_pipeline.stages.fittings.options import FittingsOptions
from twin_pipeline.stages.fittings.profile import (
    BIN_M,
    FEW_POINTS,
    Profile,
    half_arc,
    profile_of,
)

_LEAST_M, _KNOWN_M, _LEAST_KNOWN_M = 2.0, 1.5, 0.7
"""Length of a tube that may go on; of its end, that tells its course, and what of it must be."""
_AHEAD_M = 1.0
_STRAIGHT = 0.1
"""Of the radius, by which the end's nodes may be off their straight."""
_ON_BARREL_M, _ON_BARREL, _SIGMAS = 0.003, 0.03, 2.5
"""By how much, and by how much more of the radius, the straight may be off; beside noise."""
_SHELL_NOISES = 4.0
_FEW = 3
_WINDOW_M = 0.03
"""Around a place, half of it."""
_SHORTEST_M = 0.06


def over_end_sockets(
    pyramid: Pyramid, tube: Tube, options: FittingsOptions, *, low_sockets: bool = False
) -> Tube:
    """Return a tube with the socket that it ends before, and what is seen of it beyond.

    What is followed ends there, as too little is seen of the pipe behind it to be one on its own.
    That there is a socket, though, shows that it is more of the same.
    """
    if tube.length_m < _LEAST_M or tube.blurred:
        return tube
    for _ in range(2):
        tube = _over_last(pyramid, tube, options, low_sockets=low_sockets).turned()
    return tube


def _over_last(
    pyramid: Pyramid, tube: Tube, options: FittingsOptions, *, low_sockets: bool
) -> Tube:
    left_m = tube.length_m - polyline.chainage(tube.nodes)
    course = _course(tube, left_m)
    if course is None:
        return tube
    step_m = float(np.median(np.linalg.norm(np.diff(tube.nodes, axis=0), axis=1)))
    ahead = tube.nodes[-1] + np.arange(1, round(_AHEAD_M / step_m))[:, None] * step_m * course
    if len(_points_around(pyramid, tube, ahead)) < FEW_POINTS:
        return tube
    unseen = np.zeros(len(ahead), bool)
    end = tube.without(left_m > _KNOWN_M)
    tried = end.lengthened(ahead, unseen)
    profile = profile_of(pyramid, tried, tube.radius_m)
    _, on = _on_barrel(profile, tried, end.length_m)
    if BIN_M * np.count_nonzero(on) < _SHORTEST_M:
        return tube
    joints = find_joints(pyramid, tried, options, low_sockets=low_sockets)
    beyond = [joint.chainage_m for joint in joints if joint.chainage_m > end.length_m - BIN_M]
    if not beyond:
        return tube
    begin_m, end_m = _seen_beyond(profile, tried, beyond[0])
    if end_m - begin_m < _SHORTEST_M:
        return tube
    # the barrel is seen as far as half of a window more lies on it
    more_m = end_m + 0.5 * BIN_M - end.length_m
    share = np.linspace(0.0, 1.0, max(math.ceil(more_m / step_m), 1) + 1)[1:, None]
    nodes = tube.nodes[-1] + share * more_m * course
    seen = share[:, 0] * more_m >= begin_m - end.length_m
    longer = tube.lengthened(nodes, seen)
    more = _points_around(pyramid, tube, nodes[seen])
    return replace(longer, points=np.union1d(tube.points, more))


def _points_around(pyramid: Pyramid, tube: Tube, nodes: FloatArray) -> IntArray:
    """Return which points lie on a tube around nodes (M, 3) in a straight."""
    if len(nodes) < 2:
        return np.empty(0, np.int64)
    shell_m = _SHELL_NOISES * tube.noise_m
    index, _ = pyramid.points_along(nodes, tube.radius_m + shell_m)
    course = (nodes[-1] - nodes[0]) / np.linalg.norm(nodes[-1] - nodes[0])
    offset = pyramid.xyz[index] - nodes[0]
    along = offset @ course
    off_m = np.linalg.norm(offset - along[:, None] * course, axis=1) - tube.radius_m
    within = (along > 0.0) & (along < np.linalg.norm(nodes[-1] - nodes[0]))
    return np.asarray(index[within & (np.abs(off_m) < shell_m)])


def _course(tube: Tube, left_m: FloatArray) -> FloatArray | None:
    """Return the unit vector (3,) in which a tube ends; None where it does not end straight."""
    line = tube.nodes[tube.observed & (left_m <= _KNOWN_M)]
    if len(line) < _FEW or float(np.linalg.norm(line[-1] - line[0])) < _LEAST_KNOWN_M:
        return None
    middle, course = polyline.straight_through(line)
    off = (line - middle) - ((line - middle) @ course)[:, None] * course
    straight = float(np.linalg.norm(off, axis=1).max()) <= max(
        _STRAIGHT * tube.radius_m, tube.noise_m
    )
    return course if straight else None


def _seen_beyond(profile: Profile, tried: Tube, joint_m: float) -> tuple[float, float]:
    """Return from where to where the barrel is seen beyond a joint; nowhere for twice the same."""
    middles, on = _on_barrel(profile, tried, joint_m)
    if not on.any():
        return joint_m, joint_m
    begin = int(on.argmax())
    # one place between may be off by chance
    gone = np.flatnonzero(~on[begin:-1] & ~on[begin + 1 :])
    end = begin + int(gone[0]) - 1 if len(gone) else len(on) - 1
    return float(middles[begin]), float(middles[end])


def _on_barrel(profile: Profile, tried: Tube, from_m: float) -> tuple[FloatArray, BoolArray]:
    """Return places (B,) from a chainage on, and at which the barrel is seen."""
    seen = profile.of(np.abs(profile.angle) < half_arc(tried))
    middles = np.arange(from_m, tried.length_m, BIN_M)
    first, last = np.searchsorted(seen.chainage, (middles - _WINDOW_M, middles + _WINDOW_M))
    level = trapezoid.medians(seen.rise, first, last, _FEW)
    off_m = _ON_BARREL_M + _ON_BARREL * tried.radius_m
    off_m = np.maximum(off_m, _SIGMAS * profile.noise_m / np.sqrt(np.maximum(last - first, 1)))
    on = (last - first >= _FEW) & (np.abs(level) < off_m)
    return np.asarray(middles, np.float64), np.asarray(on)
