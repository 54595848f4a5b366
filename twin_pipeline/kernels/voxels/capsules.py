"""Sorted points near straight segments, looked for in the voxels of one level.

Frame: local, metres. N = points, M = occupied voxels.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import ONLY_LOOPS, jit, prange
from twin_pipeline.kernels.voxels.grid import EMPTY, find_voxel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
TableArray = npt.NDArray[np.int32]

_CAPSULES = 16
"""Of a line, that are worth a thread."""


@jit(cache=True, nogil=True)
def points_in_capsule(
    xyz: FloatArray,
    keys: KeyArray,
    table: TableArray,
    starts: IntArray,
    lower: FloatArray,
    size: float,
    first: FloatArray,
    last: FloatArray,
    radius: float,
) -> IntArray:
    """Return the indices (K,) int64 of sorted points within `radius` of a segment.

    Parameters
    ----------
    xyz
        (N, 3) sorted points, metres, local frame.
    keys, table, starts
        (M,) uint64, its `hash_table`, and (M + 1,) int64.
    lower, size
        Corner (3,) of the grid and width of a voxel; metres, local frame.
    first, last
        (3,) ends of the segment, metres, local frame.
    radius
        Metres.
    """
    found = np.empty(0, np.int64)
    room = _in_capsule(xyz, keys, table, starts, lower, size, first, last, radius, found)
    found = np.empty(room, np.int64)
    count = _in_capsule(xyz, keys, table, starts, lower, size, first, last, radius, found)
    return found[:count].copy()


@jit(cache=True, nogil=True)
def points_along(
    xyz: FloatArray,
    keys: KeyArray,
    table: TableArray,
    starts: IntArray,
    lower: FloatArray,
    size: float,
    nodes: FloatArray,
    at_once: int,
    radius: float,
) -> tuple[IntArray, IntArray]:
    """Return which sorted points lie within `radius` of a line, some of its nodes at a time.

    Parameters
    ----------
    xyz, keys, table, starts, lower, size, radius
        As for `points_in_capsule`.
    nodes, at_once
        (K, 3) metres, local frame, K at least 2; straight segments lead from one node to the one
        that comes so many later.

    Returns
    -------
    index, node (P,) of the points and of the node in the middle of the segment, segment by segment:
    a point that is near several comes once for each.
    """
    capsules = (len(nodes) - 2) // at_once + 1
    begin = np.zeros(capsules + 1, np.int64)
    held = np.zeros(capsules, np.int64)
    nothing = np.empty(0, np.int64)
    _along_all(xyz, keys, table, starts, lower, size, nodes, at_once, radius, begin, held, nothing)
    for c in range(capsules):
        begin[c + 1] = begin[c] + held[c]
    found = np.empty(begin[capsules], np.int64)
    _along_all(xyz, keys, table, starts, lower, size, nodes, at_once, radius, begin, held, found)
    index, node = np.empty(held.sum(), np.int64), np.empty(held.sum(), np.int64)
    place = 0
    for c in range(capsules):
        middle = (c * at_once + min((c + 1) * at_once, len(nodes) - 1)) // 2
        for i in range(begin[c], begin[c] + held[c]):
            index[place], node[place] = found[i], middle
            place += 1
    return index, node


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def _along_all(
    xyz: FloatArray,
    keys: KeyArray,
    table: TableArray,
    starts: IntArray,
    lower: FloatArray,
    size: float,
    nodes: FloatArray,
    at_once: int,
    radius: float,
    begin: IntArray,
    held: IntArray,
    found: IntArray,
) -> None:
    """Do what `_along` does for all segments, in threads where these are many."""
    capsules = len(held)
    parts = capsules // _CAPSULES
    if parts < 2:
        _along(
            xyz, keys, table, starts, lower, size, nodes, at_once, radius,
            0, capsules, begin, held, found,
        )  # fmt: skip
    else:
        for part in prange(parts):
            _along(
                xyz, keys, table, starts, lower, size, nodes, at_once, radius,
                part * capsules // parts, (part + 1) * capsules // parts, begin, held, found,
            )  # fmt: skip


@jit(cache=True, nogil=True)
def _along(
    xyz: FloatArray,
    keys: KeyArray,
    table: TableArray,
    starts: IntArray,
    lower: FloatArray,
    size: float,
    nodes: FloatArray,
    at_once: int,
    radius: float,
    first: int,
    last: int,
    begin: IntArray,
    held: IntArray,
    found: IntArray,
) -> None:
    """Fill in what some segments of `points_along` hold, from where each begins, and how many.

    Without room in `found`, only how many these are at most.
    """
    for c in range(first, last):
        end = min((c + 1) * at_once, len(nodes) - 1)
        own = found[begin[c] : begin[c + 1]]
        held[c] = _in_capsule(
            xyz, keys, table, starts, lower, size, nodes[c * at_once], nodes[end], radius, own
        )


@jit(cache=True, nogil=True)
def _in_capsule(
    xyz: FloatArray,
    keys: KeyArray,
    table: TableArray,
    starts: IntArray,
    lower: FloatArray,
    size: float,
    first: FloatArray,
    last: FloatArray,
    radius: float,
    found: IntArray,
) -> int:
    """Fill in the points within `radius` of a segment and return how many these are.

    Without room for any, return how many these are at most.
    """
    box_low = np.empty(3, np.int64)
    box_high = np.empty(3, np.int64)
    axis = np.empty(3)
    length2 = 0.0
    for a in range(3):
        box_low[a] = np.int64(math.floor((min(first[a], last[a]) - radius - lower[a]) / size))
        box_high[a] = np.int64(math.floor((max(first[a], last[a]) + radius - lower[a]) / size))
        axis[a] = last[a] - first[a]
        length2 += axis[a] * axis[a]
    reach = radius + 0.87 * size
    count = 0
    for ix in range(max(box_low[0], 0), box_high[0] + 1):
        for iy in range(max(box_low[1], 0), box_high[1] + 1):
            for iz in range(max(box_low[2], 0), box_high[2] + 1):
                cx = lower[0] + (ix + 0.5) * size - first[0]
                cy = lower[1] + (iy + 0.5) * size - first[1]
                cz = lower[2] + (iz + 0.5) * size - first[2]
                if _distance2(cx, cy, cz, axis, length2) > reach * reach:
                    continue
                k = find_voxel(table, keys, ix, iy, iz)
                if k == EMPTY:
                    continue
                if len(found) == 0:
                    count += starts[k + 1] - starts[k]
                    continue
                for i in range(starts[k], starts[k + 1]):
                    px, py, pz = xyz[i, 0] - first[0], xyz[i, 1] - first[1], xyz[i, 2] - first[2]
                    if _distance2(px, py, pz, axis, length2) <= radius * radius:
                        found[count] = i
                        count += 1
    return count


@jit(cache=True, nogil=True)
def _distance2(px: float, py: float, pz: float, axis: FloatArray, length2: float) -> float:
    """Return the squared distance of a point (relative to the segment's start) from a segment."""
    t = 0.0
    if length2 > 0.0:
        t = min(1.0, max(0.0, (px * axis[0] + py * axis[1] + pz * axis[2]) / length2))
    dx, dy, dz = px - t * axis[0], py - t * axis[1], pz - t * axis[2]
    return float(dx * dx + dy * dy + dz * dz)
