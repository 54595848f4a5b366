"""How the points of a tube scatter around it: sums by sector, the median, tables over the angle.

Frame: local, metres. N = points.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import ONLY_LOOPS, jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_BINS = 1024
_PART_POINTS, _MOST_PARTS = 65536, 8
"""Fewest points of a part that is worth a thread, and how many parts are made at most."""


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def median_of_used(residual: FloatArray, weights: FloatArray) -> tuple[int, float]:
    """Return how many points carry weight, and the median of their absolute residuals; NaN of none.

    Counted by classes first, so that only those of the middle have to be sorted.

    Parameters
    ----------
    residual, weights
        (N,) metres, and without unit.
    """
    count = len(residual)
    parts = max(min(count // _PART_POINTS, _MOST_PARTS), 1)
    mosts = np.zeros(parts)
    held = np.zeros((parts, _BINS + 1), np.int64)
    if parts == 1:
        mosts[0] = _largest_used(residual, weights, 0, count)
        _count_used(held[0], residual, weights, mosts.max(), 0, count)
    else:
        for part in prange(parts):
            first, last = part * count // parts, (part + 1) * count // parts
            mosts[part] = _largest_used(residual, weights, first, last)
        most = mosts.max()
        for part in prange(parts):
            first, last = part * count // parts, (part + 1) * count // parts
            _count_used(held[part], residual, weights, most, first, last)
    return _median_of_counted(residual, weights, held, mosts.max())


@jit(cache=True, nogil=True)
def _largest_used(residual: FloatArray, weights: FloatArray, first: int, last: int) -> float:
    most = 0.0
    for i in range(first, last):
        if weights[i] > 0.0:
            most = max(most, abs(residual[i]))
    return most


@jit(cache=True, nogil=True)
def _count_used(
    held: IntArray, residual: FloatArray, weights: FloatArray, most: float, first: int, last: int
) -> None:
    """Count points that carry weight by classes (_BINS + 1,) of their residuals up to the most."""
    per_metre = _BINS / most if most > 0.0 else 0.0
    for i in range(first, last):
        if weights[i] > 0.0:
            held[int(abs(residual[i]) * per_metre)] += 1


@jit(cache=True, nogil=True)
def _median_of_counted(
    residual: FloatArray, weights: FloatArray, held: IntArray, most: float
) -> tuple[int, float]:
    """Return what `median_of_used` does, of points that were counted in parts (P, _BINS + 1)."""
    used = held.sum()
    if used == 0:
        return 0, np.nan
    per_metre = _BINS / most if most > 0.0 else 0.0
    low, high = (used - 1) // 2, used // 2
    first = last = before = through = 0
    for b in range(_BINS + 1):
        if through <= low:
            first, before = b, through
        if through <= high:
            last = b
        through += held[:, b].sum()
    middle = np.empty(held[:, first : last + 1].sum())
    found = 0
    for i in range(len(residual)):
        if weights[i] > 0.0 and first <= int(abs(residual[i]) * per_metre) <= last:
            middle[found] = abs(residual[i])
            found += 1
    middle.sort()
    return used, 0.5 * (middle[low - before] + middle[high - before])


@jit(cache=True, nogil=True)
def sector_sums(
    angle: FloatArray, residual: FloatArray, weights: FloatArray, within: float, sectors: int
) -> FloatArray:
    """Sum up the residuals of points that carry weight and lie nearer than `within`, by sector.

    Parameters
    ----------
    angle, residual, weights
        (N,) radians, -pi to pi; metres; without unit.
    within
        Metres.
    sectors
        How many around the axis.

    Returns
    -------
    (3, sectors) number of points, sum of residuals, sum of their squares.
    """
    sums = np.zeros((3, sectors))
    for i in range(len(angle)):
        if weights[i] > 0.0 and abs(residual[i]) < within:
            b = _sector(angle[i], sectors)
            sums[0, b] += 1.0
            sums[1, b] += residual[i]
            sums[2, b] += residual[i] * residual[i]
    return sums


@jit(cache=True, nogil=True, inline="always")
def _sector(angle: float, sectors: int) -> int:
    b = int((angle + math.pi) / (2.0 * math.pi) * sectors)
    return b if b < sectors else b - sectors


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def looked_up(angle: FloatArray, table: FloatArray) -> FloatArray:
    """Return values (N,) at angles (N,), -pi to pi, between those of a table (T + 1,) over them."""
    values = np.empty(len(angle))
    parts = len(angle) // _PART_POINTS
    if parts < 2:
        _look_up(values, angle, table, 0, len(angle))
    else:
        for part in prange(parts):
            first, last = part * len(angle) // parts, (part + 1) * len(angle) // parts
            _look_up(values, angle, table, first, last)
    return values


@jit(cache=True, nogil=True)
def _look_up(
    values: FloatArray, angle: FloatArray, table: FloatArray, first: int, last: int
) -> None:
    """Fill in the result of `looked_up` for the points from `first` up to `last`."""
    steps = len(table) - 1
    for i in range(first, last):
        at = (angle[i] + math.pi) / (2.0 * math.pi) * steps
        k = min(max(int(at), 0), steps - 1)
        values[i] = table[k] + (at - k) * (table[k + 1] - table[k])


@jit(cache=True, nogil=True)
def in_chosen(
    chainage: FloatArray, angle: FloatArray, per_metre: float, chosen: BoolArray
) -> BoolArray:
    """Tell which points lie in chosen sectors of slices; those beyond the ends count to the first.

    Parameters
    ----------
    chainage, angle
        (N,) metres, NaN beyond the ends; radians, -pi to pi.
    per_metre
        Slices in a metre.
    chosen
        (slices, sectors) bool.
    """
    slices, sectors = chosen.shape
    inside = np.empty(len(angle), np.bool_)
    for i in range(len(angle)):
        s = 0 if math.isnan(chainage[i]) else min(int(chainage[i] * per_metre), slices - 1)
        b = _sector(angle[i], sectors)
        inside[i] = chosen[s, b]
    return inside


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def shift_at(epoch: FloatArray, shift: FloatArray) -> FloatArray:
    """Return the shift (N, 3) at epochs (N,), 0 to E - 1, between those (E, 3) at each, metres."""
    found = np.empty((len(epoch), 3))
    parts = len(epoch) // _PART_POINTS
    if parts < 2:
        _fill_shift(found, epoch, shift, 0, len(epoch))
    else:
        for part in prange(parts):
            first, last = part * len(epoch) // parts, (part + 1) * len(epoch) // parts
            _fill_shift(found, epoch, shift, first, last)
    return found


@jit(cache=True, nogil=True)
def _fill_shift(
    found: FloatArray, epoch: FloatArray, shift: FloatArray, first: int, last: int
) -> None:
    """Fill in the result of `shift_at` from `first` up to `last`."""
    for i in range(first, last):
        k = min(int(epoch[i]), len(shift) - 2)
        share = epoch[i] - k
        for a in range(3):
            found[i, a] = (1.0 - share) * shift[k, a] + share * shift[k + 1, a]


@jit(cache=True, nogil=True)
def median_of_positive(values: FloatArray) -> float:
    """Return the median of those of some values (N,) that are above 0; 0 where none is."""
    ordered = np.sort(values[values > 0.0])
    count = len(ordered)
    if count == 0:
        return 0.0
    return 0.5 * (ordered[(count - 1) // 2] + ordered[count // 2])
