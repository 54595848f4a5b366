"""Around which nodes of an axis the tube is seen, and where something else hides it.

Frame: local, metres. K = axis nodes, N = points, seen from the axis as `look_along` has it.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.adjust.course import filled_sectors
from twin_pipeline.kernels.adjust.near_shell import arc_counts, standing_counts
from twin_pipeline.kernels.adjust.scatter import median_of_positive

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SECTORS = 36
_ENOUGH_POINTS = 100
_ENOUGH_AROUND_NODE = 12
_BULGE_NOISES, _STANDING_OUT = 1.5, 0.45
"""A sound barrel has 7 % of its points beyond 1.5 sigma."""
_WITHIN_NOISES, _WITHIN_SHARE = 2.5, 0.25


@jit(cache=True, nogil=True)
def seen_arcs(
    node: IntArray, angle: FloatArray, weights: FloatArray, nodes: int, step: float, radius: float
) -> tuple[FloatArray, FloatArray, float]:
    """Return the seen arc around each node, its points, and how many are usual.

    Parameters
    ----------
    node, angle, weights
        (N,) result of `look_along`; without unit, 0 for points that do not count.
    nodes, step, radius
        How many nodes; their distance and the radius of the tube, metres.

    Returns
    -------
    arc (K,) degrees; points (K,); their median where there are any, 0 if nowhere.
    """
    counts = arc_counts(node, angle, weights, nodes, SECTORS)
    own = np.zeros(nodes)
    for k in range(nodes):
        own[k] = counts[k].sum()
    usual = median_of_positive(own)
    if usual == 0.0:
        return np.zeros(nodes), own, usual
    # sparse points need a longer window until each sector can be expected to hold some
    length = max(radius, 0.08, min(_ENOUGH_POINTS * step / usual, 2.0))
    width = max(3, 2 * round(0.5 * length / step) + 1)
    return filled_sectors(counts, width, 1.5, 0.15) * (360.0 / SECTORS), own, usual


@jit(cache=True, nogil=True)
def standing(
    node: IntArray,
    cosine: FloatArray,
    chainage: FloatArray,
    residual: FloatArray,
    keep: BoolArray,
    nodes: int,
    radius: float,
    noise: float,
) -> tuple[BoolArray, BoolArray]:
    """Return the nodes around which a surface stands out of the barrel, and lies within it.

    Sockets stand out. Within the tube nothing can be; the ridge of a mound that the axis has
    climbed, sharper than the barrel, is.

    Parameters
    ----------
    node, cosine, chainage, residual, keep
        (N,) as for `tukey_weights`.
    nodes, radius, noise
        How many nodes; radius, standard deviation of a point, metres.

    Returns
    -------
    (K,) and (K,) bool.
    """
    kept, out, near, within = standing_counts(
        node, residual, cosine, chainage, keep, max(0.35 * radius, 0.05),
        max(_BULGE_NOISES * noise, 0.004), max(_WITHIN_NOISES * noise, 0.004), nodes,
    )  # fmt: skip
    outwards, inwards = _shares(kept, out), _shares(near, within)
    stands_out = np.zeros(nodes, np.bool_)
    for k in range(nodes):
        stands_out[k] = outwards[max(k - 1, 0) : k + 2].max() > _STANDING_OUT
    return stands_out, inwards > _WITHIN_SHARE


@jit(cache=True, nogil=True)
def _shares(near: FloatArray, some: FloatArray) -> FloatArray:
    """Return the share (K,) of some of the points near each node, of few points around several."""
    width = 2 * math.ceil(0.5 * _ENOUGH_AROUND_NODE / max(near.mean(), 0.1)) - 1
    reach, count = width // 2, len(near)
    shares = np.empty(count)
    for k in range(count):
        first, end = max(k - reach, 0), min(k + reach + 1, count)
        mean, mean_of_some = near[first:end].sum() / width, some[first:end].sum() / width
        shares[k] = mean_of_some / max(mean, 1.0 / width)
    return shares
