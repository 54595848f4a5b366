"""Tell where a pipe ends in the open from where it goes on out of sight."""

import math

import numpy as np

from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.kernels import slabs
from twin_pipeline.model import FloatArray

_FROM_M, _BIN_M = 0.08, 0.05
_BINS, _BINS_BEFORE_A_WALL = 6, 3
_ENOUGH_POINTS = 3
_ABOVE_M = 0.5
_LEVEL = math.cos(math.radians(45.0))
_CLEAR = 0.25
"""Of the radius, by which the ground ahead must stay below where the crown would be."""


def ends_in_the_open(xyz: FloatArray, tube: Tube, *, at_start: bool) -> bool:
    """Tell whether the ground ahead of a tube's end shows that the pipe does not go on.

    It does not where, over the next decimetres, what is seen lies below the crown of a pipe that
    went straight on. Where that is hidden by soil or a wall, or was not scanned, nothing is known.

    Parameters
    ----------
    xyz
        (N, 3) all points, those that are no part of the excavation too; metres, local frame.
    """
    return _open_over(xyz, tube, _BINS, at_start=at_start)


def stops_short(xyz: FloatArray, tube: Tube, *, at_start: bool) -> bool:
    """Tell whether a tube ends before what it would have to go into, if by little.

    That is `ends_in_the_open` over so short a way as there is between a thing that lies in a trench
    and its wall.
    """
    return _open_over(xyz, tube, _BINS_BEFORE_A_WALL, at_start=at_start)


def _open_over(xyz: FloatArray, tube: Tube, bins: int, *, at_start: bool) -> bool:
    nodes = tube.nodes if at_start else tube.nodes[::-1]
    outward = nodes[0] - nodes[min(5, len(nodes) - 1)]
    outward = outward / np.linalg.norm(outward)
    if float(np.hypot(outward[0], outward[1])) < _LEVEL:
        return False
    ahead = _points_ahead(xyz, nodes[0], outward, tube.radius_m, bins)
    return _open_ahead(ahead, tube.radius_m, bins)


def _points_ahead(
    xyz: FloatArray, end: FloatArray, outward: FloatArray, radius_m: float, bins: int
) -> FloatArray:
    """Return distance ahead and height above the axis carried on (P, 2) in a strip ahead."""
    reach = _FROM_M + bins * _BIN_M
    index = slabs.within_capsule(xyz, end, end + reach * outward, radius_m + _ABOVE_M)
    offset = xyz[index] - end
    ahead = offset @ outward
    off = offset - ahead[:, None] * outward
    right = np.array([outward[1], -outward[0], 0.0]) / np.hypot(outward[0], outward[1])
    beside = np.abs(off @ right) < max(0.6 * radius_m, 0.04)
    return np.column_stack([ahead, off[:, 2]])[beside]


def _open_ahead(points: FloatArray, radius_m: float, bins: int) -> bool:
    number = np.floor((points[:, 0] - _FROM_M) / _BIN_M).astype(np.int64)
    tops = [
        float(np.quantile(points[number == k, 1], 0.9))
        for k in range(bins)
        if np.count_nonzero(number == k) >= _ENOUGH_POINTS
    ]
    return 2 * len(tops) >= bins and max(tops) < (1.0 - _CLEAR) * radius_m
