"""Symmetric positive definite matrices in band storage: factor, solution, inverse within the band.

Storage is lower: `matrix[j, i]` is the entry of row i + j and column i.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]


@jit(cache=True, nogil=True)
def cholesky(band: FloatArray) -> FloatArray:
    """Return the lower Cholesky factor of a positive definite matrix, both (rows, n) banded."""
    rows, n = band.shape
    factor = band.copy()
    for j in range(n):
        pivot = factor[0, j]
        if pivot <= 0.0:
            pivot = 1e-12
        root = math.sqrt(pivot)
        factor[0, j] = root
        for a in range(1, min(rows, n - j)):
            factor[a, j] /= root
        for b in range(1, min(rows, n - j)):
            for a in range(b, min(rows, n - j)):
                factor[a - b, j + b] -= factor[a, j] * factor[b, j]
    return factor


@jit(cache=True, nogil=True)
def cholesky_solve(factor: FloatArray, rhs: FloatArray) -> FloatArray:
    """Return the solution for a factor (rows, n) of `cholesky`.

    It has the shape of the right-hand side: (n,), or (n, P) for P of them.
    """
    rows, n = factor.shape
    x = rhs.copy()
    for j in range(n):
        x[j] /= factor[0, j]
        for a in range(1, min(rows, n - j)):
            x[j + a] -= factor[a, j] * x[j]
    for j in range(n - 1, -1, -1):
        for a in range(1, min(rows, n - j)):
            x[j] -= factor[a, j] * x[j + a]
        x[j] /= factor[0, j]
    return x


@jit(cache=True, nogil=True)
def inverse(factor: FloatArray) -> FloatArray:
    """Return the entries of the inverse that lie within the band (Takahashi's recursion).

    Both the factor of `cholesky` and the result are (rows, n) banded.
    """
    rows, n = factor.shape
    found = np.zeros((rows, n))
    for j in range(n - 1, -1, -1):
        reach = min(rows, n - j)
        for a in range(reach - 1, -1, -1):
            i = j + a
            total = 1.0 / factor[0, j] if a == 0 else 0.0
            for c in range(1, reach):
                k = j + c
                low, high = min(i, k), max(i, k)
                total -= factor[c, j] * found[high - low, low]
            found[a, j] = total / factor[0, j]
    return found
