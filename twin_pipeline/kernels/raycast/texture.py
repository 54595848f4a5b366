"""Values between the nodes of a square texture that repeats."""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]


@jit(cache=True, nogil=True)
def tile_value(tile: FloatArray, u: float, v: float) -> float:
    """Value of a texture that repeats with period 1 in both coordinates."""
    n = tile.shape[0]
    a = (u - math.floor(u)) * n
    b = (v - math.floor(v)) * n
    i, j = min(int(a), n - 1), min(int(b), n - 1)
    a -= i
    b -= j
    i1, j1 = (i + 1) % n, (j + 1) % n
    low = tile[i, j] * (1.0 - b) + tile[i, j1] * b
    high = tile[i1, j] * (1.0 - b) + tile[i1, j1] * b
    return float(low * (1.0 - a) + high * a)
