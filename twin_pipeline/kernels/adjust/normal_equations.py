"""Least-squares adjustment of a tube of one radius along a polyline axis.

Frame: local, metres. K = axis nodes, N = points. A node carries a tangent and two lateral unit
vectors u, v; the unknowns are the lateral offsets (u_0, v_0, u_1, v_1, ...) and the radius. The
residual of a point is its distance from the axis minus the radius; between nodes offsets are
interpolated linearly. The normal matrix without the radius is banded; band storage is lower:
`band[j, i]` is the entry of row i + j and column i.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]

HALF_BAND = 5
_PART_POINTS = 8192
_MOST_PARTS, _MOST_SHARED_PARTS = 8, 4
"""Fewest points of a part that is worth a thread, and how many parts are made at most."""
_PRODUCTS = 10
_ROOM = _PRODUCTS + 8
"""What the points of a segment sum up to: the products of the four unknowns of its nodes, these
times the radius, and the right-hand side."""


@jit(cache=True, nogil=True, inline="always")
def _across(x: float, y: float, z: float, share: float, laterals: FloatArray, k: int) -> float:
    """Return how a point's distance, in a direction, changes with the offset of node k."""
    return share * (x * laterals[k, 0] + y * laterals[k, 1] + z * laterals[k, 2])


@jit(cache=True, nogil=True)
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
    sums = np.zeros((parts, len(u) - 1, _ROOM))
    alone = np.zeros((parts, 2))
    if parts == 1:
        _add_points(
            sums[0], alone[0], chainage, radial, rho, residual, weights, u, v, step, 0, total
        )
    else:
        _add_parts(sums, alone, chainage, radial, rho, residual, weights, u, v, step)
    band, border, rhs = _put_together(sums)
    corner = rhs_radius = 0.0
    for part in range(parts):
        corner += alone[part, 0]
        rhs_radius += alone[part, 1]
    return band, border, corner, rhs, rhs_radius


@jit(cache=True, nogil=True, parallel=True)
def _add_parts(
    sums: FloatArray,
    alone: FloatArray,
    chainage: FloatArray,
    radial: FloatArray,
    rho: FloatArray,
    residual: FloatArray,
    weights: FloatArray,
    u: FloatArray,
    v: FloatArray,
    step: float,
) -> None:
    """Add points to the sums of parts, (P, K - 1, _ROOM) and (P, 2), in threads.

    All else is done without: where threads are woken for a trifle others wait.
    """
    parts, total = len(sums), len(chainage)
    for part in prange(parts):
        first, last = part * total // parts, (part + 1) * total // parts
        _add_points(
            sums[part], alone[part], chainage, radial, rho, residual, weights, u, v, step,
            first, last,
        )  # fmt: skip


@jit(cache=True, nogil=True)
def _put_together(sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return band, border and right-hand side of what parts (parts, K - 1, _ROOM) sum up to."""
    segments = sums.shape[1]
    band = np.zeros((HALF_BAND + 1, 2 * segments + 2))
    border = np.zeros(2 * segments + 2)
    rhs = np.zeros(2 * segments + 2)
    for part in range(len(sums)):
        for k in range(segments):
            place = 0
            for a in range(4):
                border[2 * k + a] += sums[part, k, _PRODUCTS + a]
                rhs[2 * k + a] += sums[part, k, _PRODUCTS + 4 + a]
                for b in range(a + 1):
                    band[a - b, 2 * k + b] += sums[part, k, place]
                    place += 1
    return band, border, rhs


@jit(cache=True, nogil=True)
def _add_points(
    sums: FloatArray,
    alone: FloatArray,
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
    """Add the points from `first` up to `last` to sums (K - 1, _ROOM), and what is the radius'.

    The latter are weights, and weights times residuals (2,). Other arguments as of `assemble`.
    """
    corner = rhs_radius = 0.0
    for i in range(first, last):
        w = weights[i]
        if w <= 0.0:
            continue
        s = chainage[i] / step
        k = min(int(s), len(u) - 2)
        f = s - k
        near, far = (1.0 - f) / rho[i], f / rho[i]
        x, y, z = radial[i, 0], radial[i, 1], radial[i, 2]
        a, b = _across(x, y, z, near, u, k), _across(x, y, z, near, v, k)
        c, d = _across(x, y, z, far, u, k + 1), _across(x, y, z, far, v, k + 1)
        wa, wb, wc, wd = w * a, w * b, w * c, w * d
        e = residual[i]
        own = sums[k]
        own[0] += wa * a
        own[1] += wb * a
        own[2] += wb * b
        own[3] += wc * a
        own[4] += wc * b
        own[5] += wc * c
        own[6] += wd * a
        own[7] += wd * b
        own[8] += wd * c
        own[9] += wd * d
        own[10] += wa
        own[11] += wb
        own[12] += wc
        own[13] += wd
        own[14] += wa * e
        own[15] += wb * e
        own[16] += wc * e
        own[17] += wd * e
        corner += w
        rhs_radius += w * e
    alone[0] += corner
    alone[1] += rhs_radius


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
    total = len(chainage)
    parts = max(min(total // _PART_POINTS, _MOST_SHARED_PARTS), 1)
    width = 1 + 3 * epochs
    border = np.zeros((parts, 2 * len(u), width))
    corner = np.zeros((parts, width, width))
    rhs = np.zeros((parts, width))
    if parts == 1:
        _add_shared(
            border[0], corner[0], rhs[0], chainage, radial, rho, residual, weights, u, v, step,
            epoch, 0, total,
        )  # fmt: skip
    else:
        _add_shared_parts(
            border, corner, rhs, chainage, radial, rho, residual, weights, u, v, step, epoch
        )
    _add_up(border)
    _add_up(corner)
    for part in range(1, parts):
        for column in range(width):
            rhs[0, column] += rhs[part, column]
    return border[0], corner[0], rhs[0]


@jit(cache=True, nogil=True, parallel=True)
def _add_shared_parts(
    border: FloatArray,
    corner: FloatArray,
    rhs: FloatArray,
    chainage: FloatArray,
    radial: FloatArray,
    rho: FloatArray,
    residual: FloatArray,
    weights: FloatArray,
    u: FloatArray,
    v: FloatArray,
    step: float,
    epoch: FloatArray,
) -> None:
    """Add points to the results of `assemble_shared` of parts, in threads."""
    parts, total = len(rhs), len(chainage)
    for part in prange(parts):
        first, last = part * total // parts, (part + 1) * total // parts
        _add_shared(
            border[part], corner[part], rhs[part], chainage, radial, rho, residual, weights,
            u, v, step, epoch, first, last,
        )  # fmt: skip


@jit(cache=True, nogil=True)
def _add_up(parts: FloatArray) -> None:
    """Add all of several matrices to the first, in their order."""
    for part in range(1, len(parts)):
        for row in range(parts.shape[1]):
            for column in range(parts.shape[2]):
                parts[0, row, column] += parts[part, row, column]


@jit(cache=True, nogil=True)
def _add_shared(
    border: FloatArray,
    corner: FloatArray,
    rhs: FloatArray,
    chainage: FloatArray,
    radial: FloatArray,
    rho: FloatArray,
    residual: FloatArray,
    weights: FloatArray,
    u: FloatArray,
    v: FloatArray,
    step: float,
    epoch: FloatArray,
    first: int,
    last: int,
) -> None:
    """Add the points from `first` up to `last` to the result of `assemble_shared`."""
    epochs = len(rhs) // 3
    value = np.empty(7)
    for i in range(first, last):
        w = weights[i]
        if w <= 0.0:
            continue
        s = chainage[i] / step
        k = min(int(s), len(u) - 2)
        f = s - k
        m = min(int(epoch[i]), epochs - 2)
        g = epoch[i] - m
        x, y, z = radial[i, 0] / rho[i], radial[i, 1] / rho[i], radial[i, 2] / rho[i]
        wa, wb = w * _across(x, y, z, 1.0 - f, u, k), w * _across(x, y, z, 1.0 - f, v, k)
        wc, wd = w * _across(x, y, z, f, u, k + 1), w * _across(x, y, z, f, v, k + 1)
        value[0] = 1.0
        value[1], value[2], value[3] = (1.0 - g) * x, (1.0 - g) * y, (1.0 - g) * z
        value[4], value[5], value[6] = g * x, g * y, g * z
        e = residual[i]
        for b in range(7):
            column = 0 if b == 0 else 3 * m + b
            weighted = w * value[b]
            rhs[column] += weighted * e
            border[2 * k, column] += wa * value[b]
            border[2 * k + 1, column] += wb * value[b]
            border[2 * k + 2, column] += wc * value[b]
            border[2 * k + 3, column] += wd * value[b]
            corner[column, 0] += weighted
            for c in range(1, 7):
                corner[column, 3 * m + c] += weighted * value[c]


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
