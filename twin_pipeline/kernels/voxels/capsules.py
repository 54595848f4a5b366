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

_VOXELS = 400
"""Along a line, that are worth a thread."""
_SEGMENT_BITS = 32


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

    Voxels are looked through in their order, each with the segments that it is near, so that
    nothing has to be sorted or thrown away but these.

    Parameters
    ----------
    xyz, keys, table, starts, lower, size, radius
        As for `points_in_capsule`.
    nodes, at_once
        (K, 3) metres, local frame, K at least 2; straight segments lead from one node to the one
        that comes so many later.

    Returns
    -------
    index (P,) of the points, rising, and node (P,) in the middle of the first segment that each
    is near.
    """
    near, place = _voxels_along(keys, table, lower, size, nodes, at_once, radius)
    begin = np.zeros(len(place), np.int64)
    for n in range(len(place) - 1):
        k = near[place[n]] >> _SEGMENT_BITS
        begin[n + 1] = begin[n] + starts[k + 1] - starts[k]
    found, node = np.empty(begin[-1], np.int64), np.empty(begin[-1], np.int64)
    held = _look_through(
        xyz, starts, nodes, at_once, radius, near, place, begin, found, node
    )  # fmt: skip
    count = 0
    for n in range(len(held)):
        for i in range(begin[n], begin[n] + held[n]):
            found[count], node[count] = found[i], node[i]
            count += 1
    return found[:count].copy(), node[:count].copy()


@jit(cache=True, nogil=True)
def _voxels_along(
    keys: KeyArray,
    table: TableArray,
    lower: FloatArray,
    size: float,
    nodes: FloatArray,
    at_once: int,
    radius: float,
) -> tuple[IntArray, IntArray]:
    """Return voxels with segments that they are near, and whether all within, as rising numbers.

    So are the places (V + 1,) at which the V voxels begin among them.
    """
    near = np.empty(1024, np.int64)
    count = 0
    box_low, box_high, axis = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(3)
    reach, inner = radius + 0.87 * size, radius - 0.87 * size
    for c in range((len(nodes) - 2) // at_once + 1):
        first, last = nodes[c * at_once], nodes[min((c + 1) * at_once, len(nodes) - 1)]
        length2 = _box_around(first, last, radius, lower, size, box_low, box_high, axis)
        for ix in range(max(box_low[0], 0), box_high[0] + 1):
            for iy in range(max(box_low[1], 0), box_high[1] + 1):
                for iz in range(max(box_low[2], 0), box_high[2] + 1):
                    cx = lower[0] + (ix + 0.5) * size - first[0]
                    cy = lower[1] + (iy + 0.5) * size - first[1]
                    cz = lower[2] + (iz + 0.5) * size - first[2]
                    distance2 = _distance2(cx, cy, cz, axis, length2)
                    if distance2 > reach * reach:
                        continue
                    k = find_voxel(table, keys, ix, iy, iz)
                    if k == EMPTY:
                        continue
                    within = inner > 0.0 and distance2 < inner * inner
                    if count == len(near):
                        wider = np.empty(2 * count, np.int64)
                        wider[:count] = near
                        near = wider
                    near[count] = (np.int64(k) << _SEGMENT_BITS) | (c << 1) | within
                    count += 1
    near = np.sort(near[:count])
    place = np.empty(count + 1, np.int64)
    voxels = 0
    for n in range(count):
        if n == 0 or near[n] >> _SEGMENT_BITS != near[n - 1] >> _SEGMENT_BITS:
            place[voxels] = n
            voxels += 1
    place[voxels] = count
    return near, place[: voxels + 1]


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def _look_through(
    xyz: FloatArray,
    starts: IntArray,
    nodes: FloatArray,
    at_once: int,
    radius: float,
    near: IntArray,
    place: IntArray,
    begin: IntArray,
    found: IntArray,
    node: IntArray,
) -> IntArray:
    """Fill in what voxels hold, each from where it begins, and return how much (V,) that is."""
    held = np.zeros(len(place) - 1, np.int64)
    parts = len(held) // _VOXELS
    if parts < 2:
        _look_through_part(
            xyz, starts, nodes, at_once, radius, near, place, begin, found, node,
            held, 0, len(held),
        )  # fmt: skip
    else:
        for part in prange(parts):
            _look_through_part(
                xyz, starts, nodes, at_once, radius, near, place, begin, found, node,
                held, part * len(held) // parts, (part + 1) * len(held) // parts,
            )  # fmt: skip
    return held


@jit(cache=True, nogil=True)
def _look_through_part(
    xyz: FloatArray,
    starts: IntArray,
    nodes: FloatArray,
    at_once: int,
    radius: float,
    near: IntArray,
    place: IntArray,
    begin: IntArray,
    found: IntArray,
    node: IntArray,
    held: IntArray,
    from_voxel: int,
    to_voxel: int,
) -> None:
    """Fill in what some voxels hold, and how much that is; see `_look_through`."""
    for n in range(from_voxel, to_voxel):
        k = near[place[n]] >> _SEGMENT_BITS
        at = begin[n]
        for i in range(starts[k], starts[k + 1]):
            for m in range(place[n], place[n + 1]):
                c = (near[m] & ((1 << _SEGMENT_BITS) - 1)) >> 1
                first, last = c * at_once, min((c + 1) * at_once, len(nodes) - 1)
                if near[m] & 1 or _from_segment2(xyz, i, nodes, first, last) <= radius * radius:
                    found[at], node[at] = i, (first + last) // 2
                    at += 1
                    break
        held[n] = at - begin[n]


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
    box_low, box_high, axis = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(3)
    length2 = _box_around(first, last, radius, lower, size, box_low, box_high, axis)
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


@jit(cache=True, nogil=True)
def _box_around(
    first: FloatArray,
    last: FloatArray,
    radius: float,
    lower: FloatArray,
    size: float,
    box_low: IntArray,
    box_high: IntArray,
    axis: FloatArray,
) -> float:
    """Fill in the voxels at the corners of the box around a segment, and the vector along it.

    Return its squared length.
    """
    length2 = 0.0
    for a in range(3):
        box_low[a] = np.int64(math.floor((min(first[a], last[a]) - radius - lower[a]) / size))
        box_high[a] = np.int64(math.floor((max(first[a], last[a]) + radius - lower[a]) / size))
        axis[a] = last[a] - first[a]
        length2 += axis[a] * axis[a]
    return length2


@jit(cache=True, nogil=True, inline="always")
def _from_segment2(xyz: FloatArray, i: int, nodes: FloatArray, first: int, last: int) -> float:
    """Return the squared distance of point i from the segment between two nodes."""
    ax, ay, az = (
        nodes[last, 0] - nodes[first, 0],
        nodes[last, 1] - nodes[first, 1],
        nodes[last, 2] - nodes[first, 2],
    )
    px, py, pz = (
        xyz[i, 0] - nodes[first, 0],
        xyz[i, 1] - nodes[first, 1],
        xyz[i, 2] - nodes[first, 2],
    )
    length2 = 0.0 + ax * ax + ay * ay + az * az
    t = 0.0
    if length2 > 0.0:
        t = min(1.0, max(0.0, (px * ax + py * ay + pz * az) / length2))
    dx, dy, dz = px - t * ax, py - t * ay, pz - t * az
    return float(dx * dx + dy * dy + dz * dz)
