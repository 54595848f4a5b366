"""Blue-noise subsets of points: no two nearer than a radius, no gap much wider than it."""

import numba
import numpy as np
import numpy.typing as npt

MULTIPLIER = np.uint64(6364136223846793005)
INCREMENT = np.uint64(1442695040888963407)


@numba.njit(cache=True, nogil=True)
def random_order(count: int) -> npt.NDArray[np.int32]:
    """Return a shuffled `0 .. count - 1`, always the same for the same count.

    Fisher-Yates with Knuth's MMIX linear congruential generator (upper 32 bits).
    """
    order = np.arange(count).astype(np.int32)
    state = np.uint64(count) + INCREMENT
    for n in range(count - 1, 0, -1):
        state = state * MULTIPLIER + INCREMENT
        other = np.int64(((state >> np.uint64(32)) * np.uint64(n + 1)) >> np.uint64(32))
        order[n], order[other] = order[other], order[n]
    return order


@numba.njit(cache=True, nogil=True)
def _bucket(cx: int, cy: int, cz: int, mask: int) -> int:
    value = cx * 73856093 ^ cy * 19349663 ^ cz * 83492791
    return (value ^ (value >> 15)) & mask


@numba.njit(cache=True, nogil=True)
def poisson_subset(
    ijk: npt.NDArray[np.int32], radius: float, limit: int
) -> tuple[npt.NDArray[np.bool_], int]:
    """Throw darts: accept the points in random order where no accepted one is nearer than `radius`.

    Parameters
    ----------
    ijk
        (N, 3) int32, grid units.
    radius
        Smallest allowed distance of two accepted points, grid units, at least 1.
    limit
        Stop as soon as more than this many points are accepted.

    Returns
    -------
    (N,) bool, which points are accepted, and how many; the count is `limit + 1` where the radius
    is too small for the limit.

    Notes
    -----
    Poisson-disk sampling by dart throwing (Cook 1986). Cells are two radii wide, so that all
    accepted points within a radius are in two cells along each axis, eight in all. Cells share
    hash chains without harm, because the distance decides.
    """
    count = len(ijk)
    accepted = np.zeros(count, dtype=np.bool_)
    table = 1024
    while table < 2 * min(limit, count):
        table *= 2
    mask = table - 1
    head = np.full(table, -1, dtype=np.int32)
    following = np.empty(min(limit, count) + 1, dtype=np.int32)
    kept = np.empty(min(limit, count) + 1, dtype=np.int32)
    order = random_order(count)
    taken = 0
    square = radius * radius
    cell = 2.0 * radius
    for step in range(count):
        n = order[step]
        x, y, z = np.float64(ijk[n, 0]), np.float64(ijk[n, 1]), np.float64(ijk[n, 2])
        cx = np.int64(np.floor((x - radius) / cell))
        cy = np.int64(np.floor((y - radius) / cell))
        cz = np.int64(np.floor((z - radius) / cell))
        free = True
        for corner in range(8):
            entry = head[
                _bucket(cx + (corner & 1), cy + ((corner >> 1) & 1), cz + (corner >> 2), mask)
            ]
            while entry >= 0 and free:
                m = kept[entry]
                dx, dy, dz = x - ijk[m, 0], y - ijk[m, 1], z - ijk[m, 2]
                free = dx * dx + dy * dy + dz * dz >= square
                entry = following[entry]
            if not free:
                break
        if not free:
            continue
        home = _bucket(
            np.int64(np.floor(x / cell)),
            np.int64(np.floor(y / cell)),
            np.int64(np.floor(z / cell)),
            mask,
        )
        kept[taken] = n
        following[taken] = head[home]
        head[home] = taken
        accepted[n] = True
        taken += 1
        if taken > limit:
            break
    return accepted, taken


@numba.njit(cache=True, nogil=True)
def occupied_cells(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Count the grid cells that hold points, for each cell size.

    Parameters
    ----------
    keys
        (N,) uint64, sorted Z-order keys, N at least 1.

    Returns
    -------
    (22,) int64; entry b is the number of occupied cells of width `2**b`.
    """
    counts = np.ones(22, dtype=np.int64)
    for n in range(1, len(keys)):
        different = keys[n] ^ keys[n - 1]
        level = 0
        while different != np.uint64(0) and level < 22:
            counts[level] += 1
            different >>= np.uint64(3)
            level += 1
    return counts
