"""Patches around a place, and a frame across a direction.

Frame: local, metres. K = patches.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]
TableArray = npt.NDArray[np.int32]
Vector = tuple[float, float, float]

_ROOM = 512
"""For patches in a ball, that mostly is enough."""


@jit(cache=True, nogil=True)
def perpendicular_frame(d: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two unit vectors (3,), (3,) that span the plane perpendicular to unit `d` (3,)."""
    u, v = frame_across((d[0], d[1], d[2]))
    return np.array([u[0], u[1], u[2]]), np.array([v[0], v[1], v[2]])


@jit(cache=True, nogil=True, inline="always")
def frame_across(d: Vector) -> tuple[Vector, Vector]:
    """Return what `perpendicular_frame` does; arrays take longer to make than to fill."""
    x, y, z = d
    least = min(abs(x), abs(y), abs(z))
    a, b, c = y, -x, 0.0
    if abs(x) == least:
        a, b, c = 0.0, z, -y
    elif abs(y) == least:
        a, b, c = -z, 0.0, x
    length = math.sqrt(a * a + b * b + c * c)
    a, b, c = a / length, b / length, c / length
    return (a, b, c), (y * c - z * b, z * a - x * c, x * b - y * a)


@jit(cache=True, nogil=True)
def patches_in_ball(
    centre: FloatArray,
    reach: float,
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    used: BoolArray,
) -> IntArray:
    """Return indices (F,) int64 of unused patches within `reach` of `centre`.

    Parameters
    ----------
    centre
        (3,) metres, local frame.
    reach
        Metres.
    lower, size
        Corner (3,) of a voxel level coarser than the patches, local frame, and width of its
        voxels; metres.
    keys, table
        (B,) uint64 ascending Morton keys of the level's B occupied voxels, and the hash table of
        their indices (power of two,) int32, -1 where free.
    children
        (B + 1,) int64; voxel k holds the patches `children[k]:children[k + 1]`.
    centroids
        (K, 3) metres, local frame.
    used
        (K,) bool, patches to leave out.
    """
    result = np.empty(_ROOM, np.int64)
    found = _in_ball(centre, reach, lower, size, keys, table, children, centroids, used, result)
    if found > len(result):
        result = np.empty(found, np.int64)
        _in_ball(centre, reach, lower, size, keys, table, children, centroids, used, result)
    return result[:found]


@jit(cache=True, nogil=True)
def _in_ball(
    centre: FloatArray,
    reach: float,
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    used: BoolArray,
    result: IntArray,
) -> int:
    """Fill in the patches within `reach` as far as there is room; return how many these are."""
    found = 0
    low = np.empty(3, np.int64)
    high = np.empty(3, np.int64)
    for a in range(3):
        # a patch's centroid may lie up to one voxel outside the voxel that owns it
        low[a] = np.int64(math.floor((centre[a] - reach - lower[a]) / size - 0.5))
        high[a] = np.int64(math.floor((centre[a] + reach - lower[a]) / size + 0.5))
    for ix in range(max(low[0], 0), high[0] + 1):
        for iy in range(max(low[1], 0), high[1] + 1):
            for iz in range(max(low[2], 0), high[2] + 1):
                fx = max(abs(lower[0] + (ix + 0.5) * size - centre[0]) - size, 0.0)
                fy = max(abs(lower[1] + (iy + 0.5) * size - centre[1]) - size, 0.0)
                fz = max(abs(lower[2] + (iz + 0.5) * size - centre[2]) - size, 0.0)
                if fx * fx + fy * fy + fz * fz > reach * reach:
                    continue
                k = _find(table, keys, ix, iy, iz)
                if k < 0:
                    continue
                for i in range(children[k], children[k + 1]):
                    if used[i]:
                        continue
                    dx = centroids[i, 0] - centre[0]
                    dy = centroids[i, 1] - centre[1]
                    dz = centroids[i, 2] - centre[2]
                    if dx * dx + dy * dy + dz * dz > reach * reach:
                        continue
                    if found < len(result):
                        result[found] = i
                    found += 1
    return found


@jit(cache=True, nogil=True)
def take_around(
    nodes: FloatArray,
    reach: float,
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    used: BoolArray,
) -> None:
    """Mark the patches within `reach` of any node as used.

    Parameters
    ----------
    nodes
        (P, 3) metres, local frame.
    reach, lower, size, keys, table, children, centroids, used
        As for `patches_in_ball`; `used` is updated in place.
    """
    for k in range(len(nodes)):
        for i in patches_in_ball(
            nodes[k], reach, lower, size, keys, table, children, centroids, used
        ):
            used[i] = True


@jit(cache=True, nogil=True, inline="always")
def _spread(value: int) -> np.uint64:
    """Put two zero bits before each of the lower 21 bits."""
    x = np.uint64(value) & np.uint64(0x1FFFFF)
    x = (x | (x << np.uint64(32))) & np.uint64(0x1F00000000FFFF)
    x = (x | (x << np.uint64(16))) & np.uint64(0x1F0000FF0000FF)
    x = (x | (x << np.uint64(8))) & np.uint64(0x100F00F00F00F00F)
    x = (x | (x << np.uint64(4))) & np.uint64(0x10C30C30C30C30C3)
    return (x | (x << np.uint64(2))) & np.uint64(0x1249249249249249)


@jit(cache=True, nogil=True)
def _find(table: TableArray, keys: KeyArray, ix: int, iy: int, iz: int) -> int:
    """Return the index of voxel (ix, iy, iz), or -1."""
    key = _spread(ix) | (_spread(iy) << np.uint64(1)) | (_spread(iz) << np.uint64(2))
    mask = np.uint64(len(table) - 1)
    mixed = key * np.uint64(0x9E3779B97F4A7C15)
    slot = (mixed ^ (mixed >> np.uint64(32))) & mask
    while table[slot] != -1:
        if keys[table[slot]] == key:
            return int(table[slot])
        slot = (slot + np.uint64(1)) & mask
    return -1
