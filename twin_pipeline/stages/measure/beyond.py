"""Where a pipe is seen again straight on beyond its end, behind what hides it.

What is followed climbs what hides a pipe, such as a mound, and is lost there. Close to the end of a
trench what is seen behind it is too short to be found as a tube of its own.
"""

from collections.abc import Iterator

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.kernels.adjust import tube as kernel
from twin_pipeline.model import BoolArray, FloatArray

_COURSES_M, _LEAST_COURSE_M = (1.7, 1.2, 0.9), 0.7
"""Of the tube's end, that tells the straight, the longest that is one; what of it must be seen."""
_VEERING_M = 0.3
"""Of the end, that may veer off and tells nothing."""
_STRAIGHT = 0.1
"""Of the radius, how far from its straight the end may lie."""
_BEYOND_M, _LEAST_M = 3.2, 0.4
"""How far beyond the end is looked, and how much of the pipe must be there."""
_STEP_M = 0.04
_SHELL_NOISES, _LEAST_SHELL = 2.5, 0.03
_AS_DENSE = 0.4
"""Of the points on a metre of the pipe elsewhere."""


def led_beyond(pyramid: Pyramid, tube: Tube) -> Iterator[Run]:
    """Yield the run straight on from each end of a tube to where the pipe is seen again."""
    usual = len(tube.points) * tube.one_in / tube.length_m
    for nodes, observed in (
        (tube.nodes, tube.observed),
        (tube.nodes[::-1], tube.observed[::-1]),
    ):
        kept, ahead = _straight_on(nodes, observed, tube.radius_m)
        if len(ahead) == 0:
            continue
        on = _points_on(pyramid, tube, ahead) > _AS_DENSE * usual * _STEP_M
        seen = [
            (first, last) for first, last in stretches(on) if (last - first) * _STEP_M > _LEAST_M
        ]
        if seen:
            axis = np.vstack([kept, ahead[: seen[-1][1] + 1]])
            yield Run(axis, tube.radius_m, np.ones(len(axis), bool), 0)


def _straight_on(
    nodes: FloatArray, observed: BoolArray, radius_m: float
) -> tuple[FloatArray, FloatArray]:
    """Return an axis (K, 3) without what may veer off at its end, and what is straight ahead.

    The latter (P, 3) is empty where the end is not straight, or too little of it is seen.
    """
    left_m = polyline.length(nodes) - polyline.chainage(nodes)
    kept = nodes[left_m >= _VEERING_M]
    for course_m in _COURSES_M:
        line = nodes[observed & (left_m >= _VEERING_M) & (left_m <= _VEERING_M + course_m)]
        if len(line) < 3 or np.linalg.norm(line[-1] - line[0]) < _LEAST_COURSE_M:
            break
        middle, course = polyline.straight_through(line)
        off = (line - middle) - ((line - middle) @ course)[:, None] * course
        if float(np.linalg.norm(off, axis=1).max()) < _STRAIGHT * radius_m:
            end = middle + ((kept[-1] - middle) @ course) * course
            return kept, end + np.arange(1, round(_BEYOND_M / _STEP_M))[:, None] * _STEP_M * course
    return kept, np.empty((0, 3))


def _points_on(pyramid: Pyramid, tube: Tube, axis: FloatArray) -> FloatArray:
    """Count the points on a tube around each node of a straight axis (P, 3), a window smooth."""
    thickness = max(_SHELL_NOISES * tube.noise_m, _LEAST_SHELL * tube.radius_m)
    index, segment = pyramid.points_along(axis, tube.radius_m + thickness)
    _, radial = kernel.project(pyramid.xyz[index], axis, segment, _STEP_M)
    on = np.abs(np.linalg.norm(radial, axis=1) - tube.radius_m) < thickness
    count = np.bincount(segment[on], minlength=len(axis)).astype(float)
    window = np.full(5, 0.2)
    return np.convolve(count, window, mode="same")
