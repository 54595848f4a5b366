"""How the points of a tube scatter around it: sums by sector, the median, tables over the angle.

Frame: local, metres. N = points.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_BINS = 1024


@jit(cache=True, nogil=True)
def median_of_used(residual: FloatArray, weights: FloatArray) -> tuple[int, float]:
    """Return how many points carry weight, and the median of their absolute residuals; NaN of none.

    Counted by classes first, so that only those of the middle have to be sorted.

    Parameters
    ----------
    residual, weights
        (N,) metres, and without unit.
    """
    used = 0
    most = 0.0
    for i in range(len(residual)):
        if weights[i] > 0.0:
            used += 1
            most = max(most, abs(residual[i]))
    if used == 0:
        return 0, np.nan
    per_metre = _BINS / most if most > 0.0 else 0.0
    held = np.zeros(_BINS + 1, np.int64)
    for i in range(len(residual)):
        if weights[i] > 0.0:
            held[int(abs(residual[i]) * per_metre)] += 1
    low, high = (used - 1) // 2, used // 2
    first = last = before = through = 0
    for b in range(_BINS + 1):
        if through <= low:
            first, before = b, through
        if through <= high:
            last = b
        through += held[b]
    middle = np.empty(held[first : last + 1].sum())
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
            b = int((angle[i] + math.pi) / (2.0 * math.pi) * sectors) % sectors
            sums[0, b] += 1.0
            sums[1, b] += residual[i]
            sums[2, b] += residual[i] * residual[i]
    return sums


@jit(cache=True, nogil=True)
def looked_up(angle: FloatArray, table: FloatArray) -> FloatArray:
    """Return values (N,) at angles (N,), -pi to pi, between those of a table (T + 1,) over them."""
    values = np.empty(len(angle))
    steps = len(table) - 1
    for i in range(len(angle)):
        at = (angle[i] + math.pi) / (2.0 * math.pi) * steps
        k = min(max(int(at), 0), steps - 1)
        values[i] = table[k] + (at - k) * (table[k + 1] - table[k])
    return values


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
        b = int((angle[i] + math.pi) / (2.0 * math.pi) * sectors) % sectors
        inside[i] = chosen[s, b]
    return inside


@jit(cache=True, nogil=True)
def shift_at(epoch: FloatArray, shift: FloatArray) -> FloatArray:
    """Return the shift (N, 3) at epochs (N,), 0 to E - 1, between those (E, 3) at each, metres."""
    found = np.empty((len(epoch), 3))
    last = len(shift) - 2
    for i in range(len(epoch)):
        k = min(int(epoch[i]), last)
        share = epoch[i] - k
        for a in range(3):
            found[i, a] = (1.0 - share) * shift[k, a] + share * shift[k + 1, a]
    return found
