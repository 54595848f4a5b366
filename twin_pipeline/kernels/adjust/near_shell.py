"""Points near the shell of a tube: what each may weigh, and how many there are, by place.

Frame: local, metres. N = points, seen from the axis as `look_along` of the tube's kernels has it.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import ONLY_LOOPS, jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_PART_POINTS, _MOST_PARTS = 65536, 8
"""Points that are worth a thread; parts at most where each counts for itself."""
_OUTWARDS = 0.7
"""Least cosine between radial vector and normal of what faces outwards."""


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def tukey_weights(
    residual: FloatArray,
    cosine: FloatArray,
    chainage: FloatArray,
    keep: BoolArray,
    band: float,
    min_cosine: float,
) -> FloatArray:
    """Return Tukey's weights (N,), 0 for points beyond the ends, not kept, or turned away.

    Parameters
    ----------
    residual, chainage
        (N,) metres; chainage NaN beyond the ends.
    cosine, keep
        (N,) of the angle between normal and radial vector; which points may count.
    band
        Residual from which on the weight is 0, metres.
    min_cosine
        Least cosine.
    """
    weights = np.zeros(len(residual))
    count = len(residual)
    parts = count // _PART_POINTS
    if parts < 2:
        _weigh(weights, residual, cosine, chainage, keep, band, min_cosine, 0, count)
    else:
        for part in prange(parts):
            first, last = part * count // parts, (part + 1) * count // parts
            _weigh(weights, residual, cosine, chainage, keep, band, min_cosine, first, last)
    return weights


@jit(cache=True, nogil=True)
def _weigh(
    weights: FloatArray,
    residual: FloatArray,
    cosine: FloatArray,
    chainage: FloatArray,
    keep: BoolArray,
    band: float,
    min_cosine: float,
    first: int,
    last: int,
) -> None:
    """Fill in the result of `tukey_weights`, zeros before, from `first` up to `last`."""
    for i in range(first, last):
        if keep[i] and cosine[i] > min_cosine and not math.isnan(chainage[i]):
            q = (residual[i] / band) ** 2
            if q < 1.0:
                weights[i] = (1.0 - q) ** 2


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def arc_counts(
    node: IntArray, angle: FloatArray, weights: FloatArray, nodes: int, sectors: int
) -> FloatArray:
    """Count the points that carry weight by node and sector of the cross-section.

    Parameters
    ----------
    node, angle, weights
        (N,) result of `look_along` and `tukey_weights`; radians.
    nodes, sectors
        How many along and around the axis.

    Returns
    -------
    (nodes, sectors) float64, as what is counted is averaged afterwards.
    """
    count = len(node)
    parts = max(min(count // _PART_POINTS, _MOST_PARTS), 1)
    counts = np.zeros((parts, nodes, sectors))
    if parts == 1:
        _count_arcs(counts[0], node, angle, weights, 0, count)
    else:
        for part in prange(parts):
            first, last = part * count // parts, (part + 1) * count // parts
            _count_arcs(counts[part], node, angle, weights, first, last)
        for part in range(1, parts):
            counts[0] += counts[part]
    return counts[0]


@jit(cache=True, nogil=True)
def _count_arcs(
    counts: FloatArray,
    node: IntArray,
    angle: FloatArray,
    weights: FloatArray,
    first: int,
    last: int,
) -> None:
    """Add points from `first` up to `last` to the result of `arc_counts`."""
    for i in range(first, last):
        if weights[i] > 0.0:
            counts[node[i], _sector(angle[i], counts.shape[1])] += 1.0


@jit(cache=True, nogil=True, inline="always")
def _sector(angle: float, sectors: int) -> int:
    # pi itself lies in the first one; to divide integers for that would take longer than all else
    b = int((angle + math.pi) / (2.0 * math.pi) * sectors)
    return b if b < sectors else b - sectors


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def standing_counts(
    node: IntArray,
    residual: FloatArray,
    cosine: FloatArray,
    chainage: FloatArray,
    keep: BoolArray,
    wide: float,
    bulge: float,
    dent: float,
    nodes: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Count by node the points around the shell that face outwards, and those off it.

    Parameters
    ----------
    node, residual, cosine, chainage, keep
        (N,) as for `tukey_weights`.
    wide
        Largest absolute residual of a point around the shell, metres.
    bulge, dent
        How far off the shell a point stands out, or lies within; metres.
    nodes
        How many along the axis.

    Returns
    -------
    kept, out, near, within
        (nodes,) float64: those that are kept, of which so many stand out; all, of which so many
        lie within.
    """
    count = len(node)
    parts = max(min(count // _PART_POINTS, _MOST_PARTS), 1)
    counts = np.zeros((parts, 4, nodes))
    if parts == 1:
        _count_standing(
            counts[0], node, residual, cosine, chainage, keep, wide, bulge, dent, 0, count
        )
    else:
        for part in prange(parts):
            first, last = part * count // parts, (part + 1) * count // parts
            _count_standing(
                counts[part], node, residual, cosine, chainage, keep, wide, bulge, dent, first, last
            )
        for part in range(1, parts):
            counts[0] += counts[part]
    return counts[0, 0], counts[0, 1], counts[0, 2], counts[0, 3]


@jit(cache=True, nogil=True)
def _count_standing(
    counts: FloatArray,
    node: IntArray,
    residual: FloatArray,
    cosine: FloatArray,
    chainage: FloatArray,
    keep: BoolArray,
    wide: float,
    bulge: float,
    dent: float,
    first: int,
    last: int,
) -> None:
    """Add points from `first` up to `last` to what `standing_counts` returns, (4, nodes)."""
    for i in range(first, last):
        if cosine[i] <= _OUTWARDS or math.isnan(chainage[i]) or abs(residual[i]) >= wide:
            continue
        k = node[i]
        counts[2, k] += 1.0
        if -residual[i] > dent:
            counts[3, k] += 1.0
        if keep[i]:
            counts[0, k] += 1.0
            if residual[i] > bulge:
                counts[1, k] += 1.0


@jit(cache=True, nogil=True)
def sector_counts(
    chainage: FloatArray,
    angle: FloatArray,
    residual: FloatArray,
    agree: BoolArray,
    band: float,
    slice_length: float,
    slices: int,
    sectors: int,
) -> tuple[IntArray, IntArray]:
    """Count points near the shell and those whose normals agree, by slice and sector.

    Parameters
    ----------
    chainage, residual
        (N,) metres; points whose chainage is NaN are left out.
    angle
        (N,) radians from u to v, -pi to pi.
    agree
        (N,) bool, whether the normal fits the tube.
    band
        Largest absolute residual of a point near the shell, metres.
    slice_length
        Metres along the axis.
    slices, sectors
        How many along and around the axis.

    Returns
    -------
    shell, good
        (slices, sectors) int64, all points near the shell and those of them that agree.
    """
    shell = np.zeros((slices, sectors), np.int64)
    good = np.zeros((slices, sectors), np.int64)
    for i in range(len(chainage)):
        if math.isnan(chainage[i]) or abs(residual[i]) > band:
            continue
        s = min(int(chainage[i] / slice_length), slices - 1)
        b = _sector(angle[i], sectors)
        shell[s, b] += 1
        if agree[i]:
            good[s, b] += 1
    return shell, good
