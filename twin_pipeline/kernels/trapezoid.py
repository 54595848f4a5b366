"""Rises along a pipe: their medians, and a trapezoid, the profile of a socket.

N = points, metres along the pipe and above its barrel. The parameters (6,) of a trapezoid are where
it begins, the lengths of its climb, its level stretch and its fall, its height, and the rise of
what lies on either side; metres.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_UPRIGHT = 1e-4
"""Shortest length of a slope, metres."""


@jit(cache=True, nogil=True, parallel=True)
def medians(rise: FloatArray, first: IntArray, last: IntArray, few: int) -> FloatArray:
    """Return the medians (B,) of rises (N,) from `first` to before `last` (B,); 0 of too few."""
    level = np.zeros(len(first))
    for b in prange(len(first)):
        count = last[b] - first[b]
        if count >= few:
            values = np.sort(rise[first[b] : last[b]])
            level[b] = 0.5 * (values[(count - 1) // 2] + values[count // 2])
    return level


@jit(cache=True, nogil=True)
def rise_at(chainage: FloatArray, parameters: FloatArray) -> FloatArray:
    """Return the rise (N,) of a trapezoid at chainages (N,)."""
    begin, climb, level, fall = parameters[0], parameters[1], parameters[2], parameters[3]
    height, barrel = parameters[4], parameters[5]
    end = begin + climb + level + fall
    rise = np.empty(len(chainage))
    for i in range(len(chainage)):
        up = (chainage[i] - begin) / max(climb, _UPRIGHT)
        down = (end - chainage[i]) / max(fall, _UPRIGHT)
        rise[i] = barrel + (height - barrel) * min(max(min(up, down), 0.0), 1.0)
    return rise


@jit(cache=True, nogil=True)
def rise_slopes(chainage: FloatArray, parameters: FloatArray) -> FloatArray:
    """Return the derivatives (N, 6) of `rise_at` by the parameters."""
    begin, climb, level, fall = parameters[0], parameters[1], parameters[2], parameters[3]
    height, barrel = parameters[4], parameters[5]
    end = begin + climb + level + fall
    slopes = np.zeros((len(chainage), 6))
    for i in range(len(chainage)):
        up = (chainage[i] - begin) / max(climb, _UPRIGHT)
        down = (end - chainage[i]) / max(fall, _UPRIGHT)
        share = min(max(min(up, down), 0.0), 1.0)
        slopes[i, 4], slopes[i, 5] = share, 1.0 - share
        if not 0.0 < share < 1.0:
            continue
        if up <= down:
            each = (height - barrel) / max(climb, _UPRIGHT)
            slopes[i, 0] = -each
            slopes[i, 1] = -each * up if climb > _UPRIGHT else 0.0
        else:
            each = (height - barrel) / max(fall, _UPRIGHT)
            slopes[i, 0] = slopes[i, 1] = slopes[i, 2] = each
            slopes[i, 3] = each - each * down if fall > _UPRIGHT else each
    return slopes
