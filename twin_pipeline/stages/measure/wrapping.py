"""What lies loosely around a barrel: a polyethylene sleeve stands off it in folds.

What is scanned is the sleeve. It touches the barrel here and there, so that the barrel is the lower
envelope of an uneven surface. How uneven it is shows in patches of a few centimetres, whose means
differ by more than noise makes them differ; waves along the pipe and a shape around it, which drift
and soil cause, are taken out before.
"""

import math

import numpy as np

from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.adjustment import Adjustment

_PATCH_M = 0.02
_SLICE_M = 0.25
_SECTORS = 36
_FEW_POINTS = 3
_FEW_PATCHES = 200
_CLEAR_SIGMAS = 5.0
_LEAST_M = 0.0008
_ENVELOPE = 1.2
"""Standard deviations by which what a sleeve touches lies below its mean: 0.7 where it lies tight
over half the surface, 1.7 where it hardly touches."""
_ENVELOPE_STD = 0.5


def stand_off(adj: Adjustment, used: BoolArray) -> tuple[float, float]:
    """Return by how much the surface stands off the barrel on average, and its std, both metres.

    Both are 0 where the surface is as even as its noise lets it be known.
    """
    uneven = _unevenness(adj, used)
    return _ENVELOPE * uneven, _ENVELOPE_STD * uneven


def _unevenness(adj: Adjustment, used: BoolArray) -> float:
    """Return the std of the surface between patches, in metres, beyond what noise explains."""
    chainage, angle = adj.chainage[used], adj.angle[used]
    sector = ((angle + math.pi) / (2.0 * math.pi) * _SECTORS).astype(np.int64)
    residual = _without_means(adj.residual[used], (chainage / _SLICE_M).astype(np.int64))
    residual = _without_means(residual, sector)
    across = ((angle + math.pi) * adj.radius / _PATCH_M).astype(np.int64)
    patch = (chainage / _PATCH_M).astype(np.int64) * (int(across.max()) + 1) + across
    count = np.bincount(patch)
    enough = count >= _FEW_POINTS
    if np.count_nonzero(enough) < _FEW_PATCHES:
        return 0.0
    points = count[enough]
    mean = np.bincount(patch, residual)[enough] / points
    square = np.bincount(patch, residual**2)[enough]
    noise2 = float(np.sum(square - points * mean**2) / np.sum(points - 1))
    spread2 = float(np.mean(mean**2))
    excess2 = spread2 - noise2 * float(np.mean(1.0 / points))
    std_of_excess2 = math.sqrt(2.0 / len(points)) * spread2
    if excess2 < max(_LEAST_M**2, _CLEAR_SIGMAS * std_of_excess2):
        return 0.0
    return math.sqrt(excess2)


def _without_means(values: FloatArray, group: IntArray) -> FloatArray:
    count = np.maximum(np.bincount(group), 1)
    return np.asarray(values - (np.bincount(group, values) / count)[group])
