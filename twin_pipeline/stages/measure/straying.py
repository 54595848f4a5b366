"""Where an axis has strayed from the straight on which the rest of a pipe lies.

A thin pipe in noise and rough soil is lost for a while, and what is followed then, such as the foot
of a wall, lies a decimetre beside it. Points around the straight carried on tell whether the pipe
is there.
"""

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import BoolArray, FloatArray

_ON, _STRAIGHT = 0.25, 0.12
"""Of the radius: how far from a straight what lies on it may be, and a part that tells it."""
_MOSTLY = 0.5
_LEAST_LINE_M = 2.0
_STRAY_RADII = 4.0
"""A bend's leg soon leads farther than that."""
_NODE_M = 0.04


def kept_straight(tube: Tube) -> Run | None:
    """Return the run along the straight that most of a tube lies on; None where it does not stray.

    Where the tube is on the straight it stays as it is.
    """
    off, onto = _off_the_straight(tube)
    if off is None:
        return None
    away = np.linalg.norm(off, axis=1)
    on = away < _ON * tube.radius_m
    strayed = ~on & ~_led_away(away, on, tube.radius_m)
    if on.mean() < _MOSTLY or not strayed.any():
        return None
    nodes = np.where(strayed[:, None], onto, tube.nodes)
    axis = polyline.resample(nodes, _NODE_M)
    held = polyline.along(nodes, strayed.astype(float), polyline.chainage(axis)) > 0.0
    return Run(axis, tube.radius_m, np.ones(len(axis), bool), 0, held)


def _off_the_straight(tube: Tube) -> tuple[FloatArray | None, FloatArray]:
    """Return the way (K, 3) of the nodes from the tube's longest straight, and its feet (K, 3)."""
    corner = polyline.corners(tube.nodes, _STRAIGHT * tube.radius_m)
    at = polyline.chainage(tube.nodes)[corner]
    longest = int(np.argmax(np.diff(at)))
    if at[longest + 1] - at[longest] < _LEAST_LINE_M:
        return None, tube.nodes
    line = tube.nodes[corner[longest] : corner[longest + 1] + 1]
    middle = line.mean(axis=0)
    course = np.linalg.svd(line - middle, full_matrices=False)[2][0]
    foot = middle + ((tube.nodes - middle) @ course)[:, None] * course
    return tube.nodes - foot, foot


def _led_away(away: FloatArray, on: BoolArray, radius_m: float) -> BoolArray:
    """Return the nodes (K,) of stretches off the straight that lead too far from it to stray."""
    far = np.zeros(len(away), bool)
    for first, last in stretches(~on):
        far[first : last + 1] = away[first : last + 1].max() > _STRAY_RADII * radius_m
    return far
