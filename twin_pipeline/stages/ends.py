"""Tell where a pipe ends in the open from where it goes on out of sight."""

import math

import numpy as np

from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.kernels import slabs
from twin_pipeline.model import FloatArray

_FROM_M, _BIN_M, _BINS = 0.08, 0.05, 6
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
    nodes = tube.nodes if at_start else tube.nodes[::-1]
    outward = nodes[0] - nodes[min(5, len(nodes) - 1)]
    outward = outward / np.linalg.norm(outward)
    if float(np.hypot(outward[0], outward[1])) < _LEVEL:
        return False
    return _open_ahead(_points_ahead(xyz, nodes[0], outward, tube.radius_m), tube.radius_m)


def _points_ahead(
    xyz: FloatArray, end: FloatArray, outward: FloatArray, radius_m: float
) -> FloatArray:
    """Return distance ahead and height above the axis carried on (P, 2) in a strip ahead."""
    reach = _FROM_M + _BINS * _BIN_M
    index = slabs.within_capsule(xyz, end, end + reach * outward, radius_m + _ABOVE_M)
    offset = xyz[index] - end
    ahead = offset @ outward
    off = offset - ahead[:, None] * outward
    right = np.array([outward[1], -outward[0], 0.0]) / np.hypot(outward[0], outward[1])
    beside = np.abs(off @ right) < max(0.6 * radius_m, 0.04)
    return np.column_stack([ahead, off[:, 2]])[beside]


def _open_ahead(points: FloatArray, radius_m: float) -> bool:
    number = np.floor((points[:, 0] - _FROM_M) / _BIN_M).astype(np.int64)
    tops = [
        float(np.quantile(points[number == k, 1], 0.9))
        for k in range(_BINS)
        if np.count_nonzero(number == k) >= _ENOUGH_POINTS
    ]
    return 2 * len(tops) >= _BINS and max(tops) < (1.0 - _CLEAR) * radius_m
