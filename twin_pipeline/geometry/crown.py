"""How far the top of a pipe lies above its axis, straight up."""

import math

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.model import FloatArray

_REACH_RADII = math.sqrt(3.0)
"""How far along a leg of 60 degrees the place lies whose section's top is straight above."""
_RISER_RADII = 2.0
"""Above the axis of a steeper leg, a riser, no crown goes on uphill: it ends there."""
_UPRIGHT = 1e-9


def crown_rise(nodes: FloatArray, radius_m: float, at_m: FloatArray) -> FloatArray:
    """Return by how much the crown is above the axis, (S,) metres, at chainages (S,).

    It is the highest place of the barrel straight above: of a leg that slopes R / cos of the slope
    above the axis, and near a bend up or down what of either leg is the highest there. Above a
    riser it is at most one diameter.

    Parameters
    ----------
    nodes
        (K, 3) of the axis, z up, metres.
    """
    reach_m = _REACH_RADII * radius_m
    before, behind = polyline.end_direction(nodes[::-1]), polyline.end_direction(nodes)
    line = np.vstack([nodes[0] + reach_m * before, nodes, nodes[-1] + reach_m * behind])
    own = polyline.chainage(line) - reach_m
    centre = polyline.along(nodes, nodes, at_m)
    beyond, short = at_m[:, None] - own[:-1] <= -reach_m, at_m[:, None] - own[1:] >= reach_m
    station, piece = np.nonzero(~(beyond | short))
    reached = np.clip(at_m[station] + [[-reach_m], [reach_m]], own[piece], own[piece + 1])
    first, last = (
        line[piece]
        + ((at - own[piece]) / np.diff(own)[piece])[:, None] * np.diff(line, axis=0)[piece]
        for at in reached
    )
    top = _tops(first - centre[station], last - centre[station], radius_m)
    highest = np.full(len(at_m), -np.inf)
    np.maximum.at(highest, station, top)
    return np.minimum(highest, _RISER_RADII * radius_m)


def _tops(first: FloatArray, last: FloatArray, radius_m: float) -> FloatArray:
    """Return the highest place (P,) over the origin of what balls sweep from place to place (P, 3).

    It is -inf where nothing of that is over it.
    """
    leg = last - first
    level_m = np.maximum(np.linalg.norm(leg[:, :2], axis=1), _UPRIGHT * radius_m)
    course = leg[:, :2] / level_m[:, None]
    ahead = -np.sum(first[:, :2] * course, axis=1)
    aside = np.linalg.norm(first[:, :2] + ahead[:, None] * course, axis=1)
    half = np.sqrt(np.maximum(radius_m**2 - aside**2, 0.0))
    sine = leg[:, 2] / np.hypot(level_m, leg[:, 2])
    at = np.clip(ahead + half * sine, 0.0, level_m)
    square = half**2 - (at - ahead) ** 2
    top = first[:, 2] + at / level_m * leg[:, 2] + np.sqrt(np.maximum(square, 0.0))
    return np.where((aside < radius_m) & (square >= 0.0), top, -np.inf)
