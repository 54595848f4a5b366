"""Least-squares adjustment of a tube of one radius along a polyline axis.

Frame: local, metres. K = axis nodes, N = points. A node carries a tangent and two lateral unit
vectors u, v; the unknowns are the lateral offsets (u_0, v_0, u_1, v_1, ...) and the radius. The
residual of a point is its distance from the axis minus the radius; between nodes offsets are
interpolated linearly. The normal matrix without the radius is banded; band storage is lower:
`band[j, i]` is the entry of row i + j and column i.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]

HALF_BAND = 5
_PART_POINTS = 8192
_MOST_PARTS = 8
"""Fewest points of a part that is worth a thread, and how many parts are made at most."""
_BORDER, _RHS, _RADIUS = HALF_BAND + 1, HALF_BAND + 2, HALF_BAND + 3
_ROWS = HALF_BAND + 4
"""Rows of what is summed up: the band, the border, the right-hand side, and what concerns the
radius alone."""


@jit(cache=True, nogil=True)
def _across(
    row: FloatArray,
    radial: FloatArray,
    rho: float,
    u: FloatArray,
    v: FloatArray,
    k: int,
    f: float,
) -> None:
    """Fill row (4,): how a point's distance changes with offsets of nodes k and k + 1 along u, v.

    The point lies a share f of the way from node k to the next.
    """
    for a in range(2):
        share = ((1.0 - f) if a == 0 else f) / rho
        row[2 * a] = row[2 * a + 1] = 0.0
        for c in range(3):
            row[2 * a] += share * radial[c] * u[k + a, c]
            row[2 * a + 1] += share * radial[c] * v[k + a, c]


@jit(cache=True, nogil=True, parallel=True)
def assemble(
    chainage: FloatArray,
    radial: FloatArray,
    rho: FloatArray,
    residual: FloatArray,
    weights: FloatArray,
    u: FloatArray,
    v: FloatArray,
    step: float,
) -> tuple[FloatArray, FloatArray, float, FloatArray, float]:
    """Accumulate the banded normal equations of weighted points.

    Many points are shared out in parts, whose sums are added in their order: the result hangs on
    how many points there are, not on how many threads.

    Parameters
    ----------
    chainage, radial, rho
        (N,), (N, 3) and (N,) metres, result of `look_along`.
    residual
        (N,) metres.
    weights
        (N,) without unit, 0 for points beyond the ends; points of weight 0 are left out.
    u, v
        (K, 3) lateral unit vectors, local frame.
    step
        Distance of the nodes, metres.

    Returns
    -------
    band (HALF_BAND + 1, 2K), border (2K,) coupling with the radius, corner (scalar), all in units
    of the weights; rhs (2K,) and rhs_radius, weights times metres.
    """
    total = len(chainage)
    parts = max(min(total // _PART_POINTS, _MOST_PARTS), 1)
    sums = np.zeros((parts, _ROWS, 2 * len(u)))
    if parts == 1:
        _add_points(sums[0], chainage, radial, rho, residual, weights, u, v, step, 0, total)
    else:
        for part in prange(parts):
            first, last = part * total // parts, (part + 1) * total // parts
            _add_points(
                sums[part], chainage, radial, rho, residual, weights, u, v, step, first, last
            )
        for part in range(1, parts):
            sums[0] += sums[part]
    together = sums[0]
    return (
        together[: HALF_BAND + 1],
        together[_BORDER],
        together[_RADIUS, 0],
        together[_RHS],
        together[_RADIUS, 1],
    )


@jit(cache=True, nogil=True)
def _add_points(
    sums: FloatArray,
    chainage: FloatArray,
    radial: FloatArray,
    rho: FloatArray,
    residual: FloatArray,
    weights: FloatArray,
    u: FloatArray,
    v: FloatArray,
    step: float,
    first: int,
    last: int,
) -> None:
    """Add the points from `first` up to `last` to sums (_ROWS, 2K); arguments of `assemble`."""
    row = np.empty(4)
    corner = rhs_radius = 0.0
    for i in range(first, last):
        w = weights[i]
        if w <= 0.0:
            continue
        s = chainage[i] / step
        k = min(int(s), len(u) - 2)
        f = s - k
        _across(row, radial[i], rho[i], u, v, k, f)
        e = residual[i]
        for a in range(4):
            sums[_BORDER, 2 * k + a] += w * row[a]
            sums[_RHS, 2 * k + a] += w * row[a] * e
            for b in range(a + 1):
                sums[a - b, 2 * k + b] += w * row[a] * row[b]
        corner += w
        rhs_radius += w * e
    sums[_RADIUS, 0] += corner
    sums[_RADIUS, 1] += rhs_radius


@jit(cache=True, nogil=True)
def assemble_shared(
    chainage: FloatArray,
    radial: FloatArray,
    rho: FloatArray,
    residual: FloatArray,
    weights: FloatArray,
    u: FloatArray,
    v: FloatArray,
    step: float,
    epoch: FloatArray,
    epochs: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Accumulate the part of the normal equations that the radius and the scan's drift take.

    The unknowns are the radius, then a shift (east, north, up) of the scan at each epoch; between
    epochs it is interpolated linearly.

    Parameters
    ----------
    chainage, radial, rho, residual, weights, u, v, step
        As in `assemble`.
    epoch
        (N,) when a point was recorded, in epochs from the first, 0 to epochs - 1.
    epochs
        Number of epochs E, 2 at the least.

    Returns
    -------
    border (2K, 1 + 3E) coupling with the axis, corner (1 + 3E, 1 + 3E), in units of the weights;
    rhs (1 + 3E,), weights times metres.
    """
    count = len(u)
    width = 1 + 3 * epochs
    border = np.zeros((2 * count, width))
    corner = np.zeros((width, width))
    rhs = np.zeros(width)
    row = np.empty(4)
    column = np.empty(7, np.int64)
    value = np.empty(7)
    for i in range(len(chainage)):
        w = weights[i]
        if w <= 0.0:
            continue
        s = chainage[i] / step
        k = min(int(s), count - 2)
        f = s - k
        m = min(int(epoch[i]), epochs - 2)
        g = epoch[i] - m
        column[0] = 0
        value[0] = 1.0
        _across(row, radial[i], rho[i], u, v, k, f)
        for a in range(2):
            for c in range(3):
                column[1 + 3 * a + c] = 1 + 3 * (m + a) + c
                value[1 + 3 * a + c] = radial[i, c] / rho[i] * ((1.0 - g) if a == 0 else g)
        for b in range(7):
            weighted = w * value[b]
            rhs[column[b]] += weighted * residual[i]
            for a in range(4):
                border[2 * k + a, column[b]] += weighted * row[a]
            for c in range(7):
                corner[column[b], column[c]] += weighted * value[c]
    return border, corner, rhs


@jit(cache=True, nogil=True)
def add_bending_prior(
    band: FloatArray,
    rhs: FloatArray,
    nodes: FloatArray,
    u: FloatArray,
    v: FloatArray,
    weights: FloatArray,
) -> None:
    """Add a prior on second differences of the axis to the normal equations.

    Parameters
    ----------
    band, rhs
        (HALF_BAND + 1, 2K) and (2K,), result of `assemble`, updated in place.
    nodes
        (K, 3) metres, local frame.
    u, v
        (K, 3) lateral unit vectors, local frame.
    weights
        (K, 2) 1 / variance of the second difference at each node along u and v, the variance of
        a point being 1.
    """
    for k in range(1, len(nodes) - 1):
        bend = nodes[k - 1] - 2.0 * nodes[k] + nodes[k + 1]
        for axis in range(2):
            w = weights[k, axis]
            lateral = u[k] if axis == 0 else v[k]
            e = -(bend * lateral).sum()
            for p in range(3):
                cp = -2.0 if p == 1 else 1.0
                ip = 2 * (k - 1 + p) + axis
                rhs[ip] += w * cp * e
                for q in range(p + 1):
                    cq = -2.0 if q == 1 else 1.0
                    iq = 2 * (k - 1 + q) + axis
                    band[ip - iq, iq] += w * cp * cq


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
def banded_inverse(factor: FloatArray) -> FloatArray:
    """Return the entries of the inverse that lie within the band (Takahashi's recursion).

    Both the factor of `cholesky` and the result are (rows, n) banded.
    """
    rows, n = factor.shape
    inverse = np.zeros((rows, n))
    for j in range(n - 1, -1, -1):
        reach = min(rows, n - j)
        for a in range(reach - 1, -1, -1):
            i = j + a
            total = 1.0 / factor[0, j] if a == 0 else 0.0
            for c in range(1, reach):
                k = j + c
                low, high = min(i, k), max(i, k)
                total -= factor[c, j] * inverse[high - low, low]
            inverse[a, j] = total / factor[0, j]
    return inverse
