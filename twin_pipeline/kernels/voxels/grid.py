"""Voxel pyramid over Morton-sorted points: keys, table, neighbours, moments.

Frame: local, metres. N = points, M = occupied voxels of one level. A voxel's index is its rank in
Morton order; its points are `starts[i]:starts[i + 1]` of the sorted points. Keys hold 21 bits an
axis.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
SingleArray = npt.NDArray[np.float32]
TableArray = npt.NDArray[np.int32]

EMPTY = -1
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@jit(cache=True, nogil=True, inline="always")
def _spread(value: int) -> np.uint64:
    """Put two zero bits before each of the lower 21 bits."""
    x = np.uint64(value) & np.uint64(0x1FFFFF)
    x = (x | (x << np.uint64(32))) & np.uint64(0x1F00000000FFFF)
    x = (x | (x << np.uint64(16))) & np.uint64(0x1F0000FF0000FF)
    x = (x | (x << np.uint64(8))) & np.uint64(0x100F00F00F00F00F)
    x = (x | (x << np.uint64(4))) & np.uint64(0x10C30C30C30C30C3)
    return (x | (x << np.uint64(2))) & np.uint64(0x1249249249249249)


@jit(cache=True, nogil=True, inline="always")
def _compact(value: np.uint64) -> np.int64:
    """Undo `_spread`."""
    x = np.uint64(value) & np.uint64(0x1249249249249249)
    x = (x | (x >> np.uint64(2))) & np.uint64(0x10C30C30C30C30C3)
    x = (x | (x >> np.uint64(4))) & np.uint64(0x100F00F00F00F00F)
    x = (x | (x >> np.uint64(8))) & np.uint64(0x1F0000FF0000FF)
    x = (x | (x >> np.uint64(16))) & np.uint64(0x1F00000000FFFF)
    return np.int64((x | (x >> np.uint64(32))) & np.uint64(0x1FFFFF))


@jit(cache=True, nogil=True, inline="always")
def morton_key(ix: int, iy: int, iz: int) -> np.uint64:
    """Return the Morton key of a voxel; x is the lowest bit of each triple."""
    return np.uint64(_spread(ix) | (_spread(iy) << np.uint64(1)) | (_spread(iz) << np.uint64(2)))


@jit(cache=True, nogil=True, parallel=True)
def morton_keys(xyz: FloatArray, lower: FloatArray, size: float) -> KeyArray:
    """Return the Morton key of each point's voxel.

    Parameters
    ----------
    xyz
        (N, 3) metres, local frame.
    lower, size
        Corner (3,) of the grid, no point below it, and width of a voxel; metres, local frame.

    Returns
    -------
    (N,) uint64.
    """
    keys = np.empty(len(xyz), np.uint64)
    for i in prange(len(xyz)):
        keys[i] = morton_key(
            np.int64((xyz[i, 0] - lower[0]) / size),
            np.int64((xyz[i, 1] - lower[1]) / size),
            np.int64((xyz[i, 2] - lower[2]) / size),
        )
    return keys


@jit(cache=True, nogil=True)
def level_starts(sorted_keys: KeyArray, level: int) -> tuple[KeyArray, IntArray]:
    """Return the occupied voxels of one level, 2**level base voxels wide.

    Parameters
    ----------
    sorted_keys
        (N,) uint64 ascending Morton keys of the points' base voxels.
    level
        At least 0.

    Returns
    -------
    keys (M,) uint64, ascending, and starts (M + 1,) int64.
    """
    shift = np.uint64(3 * level)
    count = 0
    for i in range(len(sorted_keys)):
        if i == 0 or (sorted_keys[i] >> shift) != (sorted_keys[i - 1] >> shift):
            count += 1
    keys = np.empty(count, np.uint64)
    starts = np.empty(count + 1, np.int64)
    k = 0
    for i in range(len(sorted_keys)):
        if i == 0 or (sorted_keys[i] >> shift) != (sorted_keys[i - 1] >> shift):
            keys[k] = sorted_keys[i] >> shift
            starts[k] = i
            k += 1
    starts[count] = len(sorted_keys)
    return keys, starts


@jit(cache=True, nogil=True, inline="always")
def _hash(key: np.uint64) -> np.uint64:
    """Return bits that all bits of a key have a part in, the lower ones of the result too."""
    mixed = np.uint64(key) * _MULTIPLIER
    return np.uint64(mixed ^ (mixed >> np.uint64(32)))


@jit(cache=True, nogil=True)
def hash_table(keys: KeyArray) -> TableArray:
    """Return an open-addressing table (power of two,) int32 of voxel indices by keys (M,) uint64.

    Free slots hold EMPTY.
    """
    capacity = 16
    while capacity < 2 * len(keys):
        capacity *= 2
    table = np.full(capacity, EMPTY, np.int32)
    mask = np.uint64(capacity - 1)
    for i in range(len(keys)):
        slot = _hash(keys[i]) & mask
        while table[slot] != EMPTY:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = i
    return table


@jit(cache=True, nogil=True)
def find_voxel(table: TableArray, keys: KeyArray, ix: int, iy: int, iz: int) -> int:
    """Return the index of voxel (ix, iy, iz), or EMPTY; `table` is the `hash_table` of `keys`."""
    if ix < 0 or iy < 0 or iz < 0:
        return EMPTY
    key = morton_key(ix, iy, iz)
    mask = np.uint64(len(table) - 1)
    slot = _hash(key) & mask
    while table[slot] != EMPTY:
        if keys[table[slot]] == key:
            return int(table[slot])
        slot = (slot + np.uint64(1)) & mask
    return EMPTY


@jit(cache=True, nogil=True, parallel=True)
def beside_blocks(blocks: KeyArray, table: TableArray, chosen: IntArray) -> TableArray:
    """Find the blocks beside some chosen ones (C,), in ascending Morton keys (B,) of all.

    Returns
    -------
    (C, 27) int32 numbers of the block itself and of those around it, along x, then y, then z; EMPTY
    where none is. `table` is the `hash_table` of the keys.
    """
    beside = np.empty((len(chosen), 27), np.int32)
    for c in prange(len(chosen)):
        key = blocks[chosen[c]]
        ix, iy, iz = _compact(key), _compact(key >> np.uint64(1)), _compact(key >> np.uint64(2))
        for n in range(27):
            jx, jy, jz = ix + n // 9 - 1, iy + n // 3 % 3 - 1, iz + n % 3 - 1
            beside[c, n] = find_voxel(table, blocks, jx, jy, jz)
    return beside


@jit(cache=True, nogil=True, parallel=True)
def voxel_moments(
    xyz: FloatArray,
    starts: IntArray,
    first: IntArray,
    chosen: IntArray,
    means: FloatArray,
    scatter: SingleArray,
) -> None:
    """Fill in the mean and the scatter of the points in each voxel of some blocks.

    Parameters
    ----------
    xyz
        (N, 3) sorted points, metres, local frame.
    starts
        (M + 1,) int64.
    first, chosen
        (B + 1,) int64 number of each block's first voxel, and numbers (C,) of blocks.
    means, scatter
        (M, 3) metres, local frame; (M, 6) float32, square metres: sums, not divided by the number
        of points, of the products xx, xy, xz, yy, yz, zz of deviations from the mean.
    """
    for c in prange(len(chosen)):
        for k in range(first[chosen[c]], first[chosen[c] + 1]):
            _set_moments(xyz, starts, k, means, scatter)


@jit(cache=True, nogil=True, inline="always")
def _set_moments(
    xyz: FloatArray, starts: IntArray, k: int, means: FloatArray, scatter: SingleArray
) -> None:
    """Fill in the mean and the scatter of the points in voxel k."""
    first, last = starts[k], starts[k + 1]
    x = y = z = 0.0
    for i in range(first, last):
        x += xyz[i, 0]
        y += xyz[i, 1]
        z += xyz[i, 2]
    n = last - first
    x, y, z = x / n, y / n, z / n
    means[k, 0], means[k, 1], means[k, 2] = x, y, z
    xx = xy = xz = yy = yz = zz = 0.0
    for i in range(first, last):
        dx, dy, dz = xyz[i, 0] - x, xyz[i, 1] - y, xyz[i, 2] - z
        xx += dx * dx
        xy += dx * dy
        xz += dx * dz
        yy += dy * dy
        yz += dy * dz
        zz += dz * dz
    scatter[k, 0], scatter[k, 1], scatter[k, 2] = xx, xy, xz
    scatter[k, 3], scatter[k, 4], scatter[k, 5] = yy, yz, zz
