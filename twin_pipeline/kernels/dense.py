"""Full positive definite matrices: factors, solutions, products.

Libraries share these out among threads, and the last digits of what they give hang on how many
there are; here every sum is added up in one order.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]

_PARTS = 8
"""Of a product, each for a thread."""


@jit(cache=True, nogil=True)
def cholesky(matrix: FloatArray) -> FloatArray:
    """Return the upper factor (n, n) of a positive definite matrix: its transpose times itself.

    Only what is on and below the diagonal is looked at; what is below that of the factor is 0.
    """
    n = len(matrix)
    factor = np.zeros((n, n))
    for j in range(n):
        for i in range(j + 1):
            factor[i, j] = matrix[j, i]
    for j in range(n):
        pivot = factor[j, j]
        if pivot <= 0.0:
            pivot = 1e-12
        root = math.sqrt(pivot)
        factor[j, j] = root
        for i in range(j + 1, n):
            factor[j, i] /= root
        for i in range(j + 1, n):
            share = factor[j, i]
            for k in range(i, n):
                factor[i, k] -= share * factor[j, k]
    return factor


@jit(cache=True, nogil=True)
def cholesky_solve(factor: FloatArray, rhs: FloatArray) -> FloatArray:
    """Return the solution, (n,) or (n, P) as the right-hand side, for a factor of `cholesky`."""
    n = len(factor)
    x = rhs.copy()
    for j in range(n):
        x[j] /= factor[j, j]
        for i in range(j + 1, n):
            x[i] -= factor[j, i] * x[j]
    for j in range(n - 1, -1, -1):
        for i in range(j + 1, n):
            x[j] -= factor[j, i] * x[i]
        x[j] /= factor[j, j]
    return x


@jit(cache=True, nogil=True, parallel=True)
def cholesky_inverse(factor: FloatArray) -> FloatArray:
    """Return the inverse (n, n) of a matrix whose factor `cholesky` gave."""
    n = len(factor)
    inverse = np.zeros((n, n))
    for part in prange(_PARTS):
        # the first columns take longest: each thread gets some of all
        own = part // 2 if part % 2 == 0 else _PARTS - 1 - part // 2
        _invert_columns(factor, inverse, own * n // _PARTS, (own + 1) * n // _PARTS)
    return inverse


@jit(cache=True, nogil=True)
def _invert_columns(factor: FloatArray, inverse: FloatArray, first: int, last: int) -> None:
    """Fill in some columns of an inverse, zeros before: those of the unit matrix are solved for."""
    n = len(factor)
    for j in range(first, last):
        inverse[j, j] = 1.0
    for j in range(first, n):
        for c in range(first, last):
            inverse[j, c] /= factor[j, j]
        for i in range(j + 1, n):
            share = factor[j, i]
            for c in range(first, last):
                inverse[i, c] -= share * inverse[j, c]
    for j in range(n - 1, -1, -1):
        for i in range(j + 1, n):
            share = factor[j, i]
            for c in range(first, last):
                inverse[j, c] -= share * inverse[i, c]
        for c in range(first, last):
            inverse[j, c] /= factor[j, j]


@jit(cache=True, nogil=True, parallel=True)
def transposed_product(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the transpose of a mostly empty matrix (K, P) times another (K, Q): (P, Q)."""
    rows, width = left.shape
    product = np.zeros((width, right.shape[1]))
    for part in prange(_PARTS):
        first, last = part * width // _PARTS, (part + 1) * width // _PARTS
        for k in range(rows):
            for p in range(first, last):
                share = left[k, p]
                if share != 0.0:
                    for q in range(right.shape[1]):
                        product[p, q] += share * right[k, q]
    return product


@jit(cache=True, nogil=True, parallel=True)
def under_priors(
    matrix: FloatArray, rhs: FloatArray, priors: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Solve equations under each of several priors on all unknowns, or on all but the first.

    Parameters
    ----------
    matrix, rhs
        (P, P) positive definite with a prior, and (P,); P is 3E or 1 + 3E.
    priors
        (W, E, E), each added to the matrix for the first, second and third of every three unknowns.

    Returns
    -------
    explained (W,), the solution times the right-hand side, and log_determinant (W,), half of that
    of the matrix with the prior.
    """
    explained = np.empty(len(priors))
    log_determinant = np.zeros(len(priors))
    epochs, alone = priors.shape[1], len(rhs) % 3
    for w in prange(len(priors)):
        held = matrix.copy()
        for m in range(epochs):
            for n in range(epochs):
                for a in range(3):
                    held[alone + 3 * m + a, alone + 3 * n + a] += priors[w, m, n]
        factor = cholesky(held)
        explained[w] = (cholesky_solve(factor, rhs) * rhs).sum()
        for j in range(len(rhs)):
            log_determinant[w] += math.log(factor[j, j])
    return explained, log_determinant
