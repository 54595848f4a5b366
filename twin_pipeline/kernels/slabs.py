"""Points in simple bodies, by looking at each of them. Frame: local, metres. N = points."""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_PARTS = 16
"""Of the points, that are looked at side by side."""


@jit(cache=True, nogil=True, parallel=True)
def within_slabs(
    xyz: FloatArray, centres: FloatArray, along: FloatArray, half_m: float
) -> tuple[IntArray, IntArray]:
    """Find the points in vertical slabs.

    Parameters
    ----------
    xyz
        (N, 3) metres, local frame.
    centres, along
        (S, 2) a place in the middle of each of S slabs, metres, local frame, and the unit vector
        across the slab.
    half_m
        Half of the thickness of the slabs, metres.

    Returns
    -------
    index, slab
        (P,) rising numbers of points, and the number of the slab that each lies in; a point in
        several slabs comes once for each.
    """
    first = np.zeros(_PARTS + 1, np.int64)
    for part in prange(_PARTS):
        for i in range(part * len(xyz) // _PARTS, (part + 1) * len(xyz) // _PARTS):
            for s in range(len(centres)):
                first[part + 1] += _within(xyz, i, centres, along, s, half_m)
    first = np.cumsum(first)
    index, slab = np.empty(first[-1], np.int64), np.empty(first[-1], np.int64)
    for part in prange(_PARTS):
        found = first[part]
        for i in range(part * len(xyz) // _PARTS, (part + 1) * len(xyz) // _PARTS):
            for s in range(len(centres)):
                if _within(xyz, i, centres, along, s, half_m):
                    index[found], slab[found] = i, s
                    found += 1
    return index, slab


@jit(cache=True, nogil=True, inline="always")
def _within(
    xyz: FloatArray, i: int, centres: FloatArray, along: FloatArray, s: int, half_m: float
) -> bool:
    ahead = (xyz[i, 0] - centres[s, 0]) * along[s, 0]
    ahead += (xyz[i, 1] - centres[s, 1]) * along[s, 1]
    return bool(abs(ahead) <= half_m)


@jit(cache=True, nogil=True, parallel=True)
def within_capsule(xyz: FloatArray, first: FloatArray, last: FloatArray, radius: float) -> IntArray:
    """Return the rising numbers (P,) of the points (N, 3) within `radius` of a segment, metres.

    The segment has some length, from `first` (3,) to `last` (3,).
    """
    begin = np.zeros(_PARTS + 1, np.int64)
    for part in prange(_PARTS):
        found = 0
        for i in range(part * len(xyz) // _PARTS, (part + 1) * len(xyz) // _PARTS):
            found += _near_segment(xyz, i, first, last, radius)
        begin[part + 1] = found
    begin = np.cumsum(begin)
    index = np.empty(begin[-1], np.int64)
    for part in prange(_PARTS):
        place, end = begin[part], begin[part + 1]
        i = part * len(xyz) // _PARTS
        while place < end:
            if _near_segment(xyz, i, first, last, radius):
                index[place] = i
                place += 1
            i += 1
    return index


@jit(cache=True, nogil=True, inline="always")
def _near_segment(
    xyz: FloatArray, i: int, first: FloatArray, last: FloatArray, radius: float
) -> bool:
    near = True
    for a in range(2):
        near &= min(first[a], last[a]) - radius <= xyz[i, a] <= max(first[a], last[a]) + radius
    if near:
        ax, ay, az = last[0] - first[0], last[1] - first[1], last[2] - first[2]
        x, y, z = xyz[i, 0] - first[0], xyz[i, 1] - first[1], xyz[i, 2] - first[2]
        t = (x * ax + y * ay + z * az) / (ax * ax + ay * ay + az * az)
        t = min(1.0, max(0.0, t))
        dx, dy, dz = x - t * ax, y - t * ay, z - t * az
        near = dx * dx + dy * dy + dz * dz <= radius * radius
    return bool(near)


@jit(cache=True, nogil=True)
def first_in_cells(places: FloatArray, cell: float, most: int) -> IntArray:
    """Return the rising numbers of the first place (N, 2) in each square cell.

    Where more than `most` cells are taken, only most + 1 are returned.
    """
    size = 1024
    while size < 2 * most + 2:
        size *= 2
    table = np.full(size, -1, np.int64)
    first = np.empty(most + 1, np.int64)
    found = 0
    for n in range(len(places)):
        x, y = math.floor(places[n, 0] / cell), math.floor(places[n, 1] / cell)
        mixed = np.uint64(np.int64(x) * 73856093 ^ np.int64(y) * 19349663) * _MULTIPLIER
        slot = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(size - 1))
        while table[slot] != -1:
            held = table[slot]
            if math.floor(places[held, 0] / cell) == x and math.floor(places[held, 1] / cell) == y:
                break
            slot = (slot + 1) & (size - 1)
        if table[slot] == -1:
            table[slot] = first[found] = n
            found += 1
            if found > most:
                break
    return first[:found]
