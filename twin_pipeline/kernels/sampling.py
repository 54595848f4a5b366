"""Blue-noise subsets of points: no two nearer than a radius, no gap much wider than it."""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

PASSES = 4
"""Darts are thrown in four passes over the points: at an eighth of them, at random, at another, at
a quarter, and at the other half, of which hardly any find room."""


@jit(cache=True, nogil=True)
def dart_pass(n: int) -> int:
    """Return the pass, 0 ... 3, in which point n has its turn; by splitmix64's finaliser."""
    word = np.uint64(n) * np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    eighth = int(word >> np.uint64(61))
    return (eighth > 0) + (eighth > 1) + (eighth > 3)


@jit(cache=True, nogil=True)
def _bucket(cx: int, cy: int, cz: int, mask: int) -> int:
    """Return a cell's place in the table; cells of a block of 8 x 8 x 4 lie side by side."""
    value = (cx >> 3) * 73856093 ^ (cy >> 3) * 19349663 ^ (cz >> 2) * 83492791
    block = (value ^ (value >> 15)) << 8
    return (block | (cx & 7) | (cy & 7) << 3 | (cz & 3) << 6) & mask


@jit(cache=True, nogil=True)
def poisson_subset(
    ijk: npt.NDArray[np.int32], radius: float, limit: int
) -> tuple[npt.NDArray[np.bool_], int]:
    """Throw darts: accept points, in an order that is nearly random, unless one is near already.

    Parameters
    ----------
    ijk
        (N, 3) int32, grid units, neighbours near each other for speed.
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
    hash chains without harm, because the distance decides. Each pass takes its points as they lie
    in memory: most tests then find their cells in the cache, what the first pass accepts is as
    random as its points, and what was in the way of one point often is in that of the next.
    """
    count = len(ijk)
    accepted = np.zeros(count, dtype=np.bool_)
    order = _turns(count)
    room = min(limit, count) + 1
    table = 4096
    while table < 2 * room:
        table *= 2
    mask = table - 1
    head = np.full(table, -1, dtype=np.int32)
    # Coordinates, and the entry after this one in its chain.
    kept = np.empty((room, 4), dtype=np.int32)
    taken, latest = 0, 0
    square = radius * radius
    scale = 0.5 / radius
    for n in order:
        if taken > 0 and _away(ijk, n, kept, latest) < square:
            continue
        u, v, w = ijk[n, 0] * scale, ijk[n, 1] * scale, ijk[n, 2] * scale
        hx, hy, hz = np.int64(np.floor(u)), np.int64(np.floor(v)), np.int64(np.floor(w))
        # The other cell within reach along each axis lies on the nearer side.
        sx = 1 if u - hx >= 0.5 else -1
        sy = 1 if v - hy >= 0.5 else -1
        sz = 1 if w - hz >= 0.5 else -1
        free = True
        for corner in range(8):
            cx = hx + sx if corner & 1 else hx
            cy = hy + sy if corner & 2 else hy
            cz = hz + sz if corner & 4 else hz
            entry = head[_bucket(cx, cy, cz, mask)]
            while entry >= 0:
                if _away(ijk, n, kept, entry) < square:
                    free = False
                    latest = entry
                    break
                entry = kept[entry, 3]
            if not free:
                break
        if not free:
            continue
        home = _bucket(hx, hy, hz, mask)
        kept[taken, 0], kept[taken, 1], kept[taken, 2] = ijk[n, 0], ijk[n, 1], ijk[n, 2]
        kept[taken, 3] = head[home]
        head[home] = taken
        latest = taken
        accepted[n] = True
        taken += 1
        if taken > limit:
            return accepted, taken
    return accepted, taken


@jit(cache=True, nogil=True)
def _turns(count: int) -> npt.NDArray[np.uint32]:
    """Return the points in the order of their passes, those of a pass as they come."""
    passes = np.empty(count, dtype=np.uint8)
    starts = np.zeros(PASSES + 1, dtype=np.int64)
    for n in range(count):
        passes[n] = dart_pass(n)
        starts[passes[n] + 1] += 1
    for turn in range(PASSES):
        starts[turn + 1] += starts[turn]
    order = np.empty(count, dtype=np.uint32)
    for n in range(count):
        order[starts[passes[n]]] = n
        starts[passes[n]] += 1
    return order


@jit(cache=True, nogil=True)
def _away(ijk: npt.NDArray[np.int32], n: int, kept: npt.NDArray[np.int32], entry: int) -> float:
    """Return the square of the distance of a point to one that was accepted."""
    dx = np.float64(np.int64(ijk[n, 0]) - kept[entry, 0])
    dy = np.float64(np.int64(ijk[n, 1]) - kept[entry, 1])
    dz = np.float64(np.int64(ijk[n, 2]) - kept[entry, 2])
    return dx * dx + dy * dy + dz * dz
