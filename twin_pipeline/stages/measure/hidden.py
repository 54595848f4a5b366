"""How far a pipe may be from the axis where nothing of it was seen."""

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.model import BoolArray, FloatArray

_COURSE_M = 0.5


def hidden_std(nodes: FloatArray, observed: BoolArray) -> FloatArray:
    """Return the standard deviation (K, 3) that hidden stretches add to nodes (K, 3), metres.

    A pipe comes along one straight and leaves along another; where it turns from one to the other
    is not known, so that it lies anywhere between them. Where both are one line it lies on that.
    """
    std = np.zeros_like(nodes)
    chainage = polyline.chainage(nodes)
    for first, last in stretches(~observed):
        if first == 0 or last == len(nodes) - 1:
            continue
        hidden = slice(first, last + 1)
        before = _off_course(nodes, chainage, observed, first - 1, hidden, -1)
        after = _off_course(nodes, chainage, observed, last + 1, hidden, 1)
        std[hidden] = np.sqrt(before * after)
    return std


def _off_course(
    nodes: FloatArray,
    chainage: FloatArray,
    observed: BoolArray,
    end: int,
    hidden: slice,
    side: int,
) -> FloatArray:
    """Return how far (H, 3) hidden nodes are from the straight through what is seen at one end.

    The straight is that of the seen nodes up to half a metre from node `end`, on the given side.
    """
    away = side * (chainage - chainage[end])
    near = observed & (away >= 0.0) & (away <= _COURSE_M)
    course = nodes[near]
    if len(course) < 2:
        return np.zeros((hidden.stop - hidden.start, 3))
    middle, direction = polyline.straight_through(course)
    offset = nodes[hidden] - middle
    return np.abs(offset - (offset @ direction)[:, None] * direction)
