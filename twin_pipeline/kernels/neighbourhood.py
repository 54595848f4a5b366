"""Planes fitted around the voxels of one level.

Frame: local, metres. M = occupied voxels, in Morton order. Neighbours are looked for by blocks of
4 x 4 x 4 voxels: what lies in a block and around it is entered into a small grid first, so that no
table has to be asked for each neighbour.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
SingleArray = npt.NDArray[np.float32]
TableArray = npt.NDArray[np.int32]
Fitted = tuple[FloatArray, SingleArray, SingleArray, SingleArray, TableArray]

_NONE = -1
_OWN = 13
"""Number of a block among itself and the 26 beside it."""
_BLOCK = 4
_WITHIN = np.uint64(63)
_ROOM = _BLOCK + 2
"""Voxels along an edge of a block, bits of a key within it, and voxels with those around it."""


@jit(cache=True, nogil=True, parallel=True)
def neighbourhood_normals(
    keys: KeyArray,
    starts: IntArray,
    first: IntArray,
    beside: TableArray,
    means: FloatArray,
    scatter: SingleArray,
    radius: float,
    fitted: Fitted,
) -> None:
    """Fit a plane to all points of the voxels whose mean lies within `radius` of a voxel's mean.

    Parameters
    ----------
    keys, starts
        (M,) uint64, ascending, and (M + 1,) int64, result of `level_starts`.
    first, beside
        (B + 1,) int64 number of each block's first voxel; (C, 27) int32, result of `beside_blocks`
        for the blocks whose voxels are asked for.
    means, scatter
        (M, 3) and (M, 6), filled in by `voxel_moments` for these blocks and for those beside.
    radius
        Metres, at most the voxel size times 1.5 or so: only the 27 voxels around are looked at.
    fitted
        Filled in for the voxels of the blocks: centroids (M, 3), metres, local frame; normals
        (M, 3) unit and unoriented; thickness (M,) rms distance from the plane and width (M,) rms
        extent along the plane's shorter side, metres; counts (M,) int32 points used. All but the
        centroids and counts are float32.
    """
    centroids, normals, thickness, width, counts = fitted
    to = _places()
    for c in prange(len(beside)):
        b = beside[c, _OWN]
        around = np.empty(_ROOM**3, np.int32)
        _fill(around, beside[c], first, keys, to)
        for k in range(first[b], first[b + 1]):
            middle = to[_OWN, np.int64(keys[k] & _WITHIN)]
            mx, my, mz = means[k, 0], means[k, 1], means[k, 2]
            n = 0
            sx = sy = sz = xx = xy = xz = yy = yz = zz = 0.0
            for row in range(9):
                left = middle + (row // 3 - 1) * _ROOM * _ROOM + (row % 3 - 1) * _ROOM - 1
                for place in range(left, left + 3):
                    j = around[place]
                    if j == _NONE:
                        continue
                    dx, dy, dz = means[j, 0] - mx, means[j, 1] - my, means[j, 2] - mz
                    if dx * dx + dy * dy + dz * dz > radius * radius:
                        continue
                    w = starts[j + 1] - starts[j]
                    n += w
                    sx += w * dx
                    sy += w * dy
                    sz += w * dz
                    xx += scatter[j, 0] + w * dx * dx
                    xy += scatter[j, 1] + w * dx * dy
                    xz += scatter[j, 2] + w * dx * dz
                    yy += scatter[j, 3] + w * dy * dy
                    yz += scatter[j, 4] + w * dy * dz
                    zz += scatter[j, 5] + w * dz * dz
            sx, sy, sz = sx / n, sy / n, sz / n
            xx, xy, xz = xx / n - sx * sx, xy / n - sx * sy, xz / n - sx * sz
            yy, yz, zz = yy / n - sy * sy, yz / n - sy * sz, zz / n - sz * sz
            low, between, _ = _eigenvalues(xx, xy, xz, yy, yz, zz)
            nx, ny, nz = _eigenvector(xx, xy, xz, yy, yz, zz, low)
            centroids[k, 0], centroids[k, 1], centroids[k, 2] = mx + sx, my + sy, mz + sz
            normals[k, 0], normals[k, 1], normals[k, 2] = nx, ny, nz
            thickness[k] = math.sqrt(max(low, 0.0))
            width[k] = math.sqrt(max(between, 0.0))
            counts[k] = n


@jit(cache=True, nogil=True, parallel=True)
def bends(
    children: IntArray,
    around: FloatArray,
    centroids: FloatArray,
    normals: SingleArray,
    thickness: SingleArray,
    counts: TableArray,
    normal_std: SingleArray,
) -> tuple[SingleArray, SingleArray]:
    """Return how far the surface around lies off the plane of each voxel, and the std of that.

    Parameters
    ----------
    children
        (P + 1,) of the first voxel of the level in each voxel of the next coarser one.
    around
        (P, 3) mean points of the surface there, metres, local frame.
    centroids, normals, thickness, counts
        Of the M voxels, result of `neighbourhood_normals`.
    normal_std
        (M,) standard deviation of the normals, radians.

    Returns
    -------
    (M,), (M,) metres, along the normal.
    """
    bend = np.empty(len(centroids), np.float32)
    std = np.empty(len(centroids), np.float32)
    for p in prange(len(around)):
        for k in range(children[p], children[p + 1]):
            x = around[p, 0] - centroids[k, 0]
            y = around[p, 1] - centroids[k, 1]
            z = around[p, 2] - centroids[k, 2]
            off = x * normals[k, 0] + y * normals[k, 1] + z * normals[k, 2]
            sideways = math.sqrt(max(x * x + y * y + z * z - off * off, 0.0))
            bend[k] = off
            std[k] = math.hypot(thickness[k] / math.sqrt(counts[k]), normal_std[k] * sideways)
    return bend, std


@jit(cache=True, nogil=True)
def _fill(
    grid: TableArray, beside: TableArray, first: IntArray, keys: KeyArray, to: IntArray
) -> None:
    """Enter the voxels of a block and of those beside it (27,) into the grid (_ROOM**3,).

    `to` (27, 64) is where a voxel of each block belongs, by the last bits of its key.
    """
    grid[:] = _NONE
    for n in range(27):
        if beside[n] != _NONE:
            for k in range(first[beside[n]], first[beside[n] + 1]):
                place = to[n, np.int64(keys[k] & _WITHIN)]
                if place != _NONE:
                    grid[place] = k


@jit(cache=True, nogil=True)
def _places() -> IntArray:
    """Return the place (27, 64) in the grid of each voxel of 27 blocks, _NONE beyond the grid."""
    places = np.full((27, 64), _NONE)
    for n in range(27):
        for within in range(64):
            x = (within & 1) + (within >> 2 & 2) + 1 + (n // 9 - 1) * _BLOCK
            y = (within >> 1 & 1) + (within >> 3 & 2) + 1 + (n // 3 % 3 - 1) * _BLOCK
            z = (within >> 2 & 1) + (within >> 4 & 2) + 1 + (n % 3 - 1) * _BLOCK
            if min(x, y, z) >= 0 and max(x, y, z) < _ROOM:
                places[n, within] = (x * _ROOM + y) * _ROOM + z
    return places


@jit(cache=True, nogil=True)
def _eigenvalues(
    xx: float, xy: float, xz: float, yy: float, yz: float, zz: float
) -> tuple[float, float, float]:
    """Return the eigenvalues of a symmetric 3x3 matrix, ascending (Smith 1961, trigonometric)."""
    q = (xx + yy + zz) / 3.0
    off = xy * xy + xz * xz + yz * yz
    p2 = (xx - q) ** 2 + (yy - q) ** 2 + (zz - q) ** 2 + 2.0 * off
    p = math.sqrt(p2 / 6.0)
    if p < 1e-15:
        return q, q, q
    a, b, c = (xx - q) / p, (yy - q) / p, (zz - q) / p
    d, e, f = xy / p, xz / p, yz / p
    half_det = 0.5 * (a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e))
    phi = math.acos(min(1.0, max(-1.0, half_det))) / 3.0
    high = q + 2.0 * p * math.cos(phi)
    low = q + 2.0 * p * math.cos(phi + 2.0 * math.pi / 3.0)
    return low, 3.0 * q - high - low, high


@jit(cache=True, nogil=True)
def _eigenvector(
    xx: float, xy: float, xz: float, yy: float, yz: float, zz: float, value: float
) -> tuple[float, float, float]:
    """Return the unit eigenvector of a symmetric 3x3 matrix for the eigenvalue `value`.

    It is the largest cross product of two rows of the matrix less `value` on its diagonal.
    """
    ax, ay, az = xx - value, xy, xz
    bx, by, bz = xy, yy - value, yz
    cx, cy, cz = xz, yz, zz - value
    ux, uy, uz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    vx, vy, vz = ay * cz - az * cy, az * cx - ax * cz, ax * cy - ay * cx
    wx, wy, wz = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
    uu, vv, ww = (
        ux * ux + uy * uy + uz * uz,
        vx * vx + vy * vy + vz * vz,
        wx * wx + wy * wy + wz * wz,
    )
    if vv > uu and vv >= ww:
        ux, uy, uz, uu = vx, vy, vz, vv
    elif ww > uu:
        ux, uy, uz, uu = wx, wy, wz, ww
    if uu <= 0.0:
        return 0.0, 0.0, 1.0
    norm = math.sqrt(uu)
    return ux / norm, uy / norm, uz / norm
