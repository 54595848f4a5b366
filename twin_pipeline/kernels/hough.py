"""Axis votes of surface patches for an assumed radius, and the cells where they pile up.

Frame: local, metres. M = surface patches. A patch votes for the point one radius away along its
normal on the side to which the surface bends; a tube's votes pile up on its axis, those of other
surfaces scatter.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CountArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FREE = np.int64(-1)
_MIN_IN_CELL = 2


@njit(cache=True, nogil=True, inline="always")
def _pack(ix: int, iy: int, iz: int) -> np.int64:
    """Return the key of a cell: 21 bits for each number."""
    return (np.int64(ix) << 42) | (np.int64(iy) << 21) | np.int64(iz)


@njit(cache=True, nogil=True)
def _slot(table: IntArray, key: int) -> np.uint64:
    """Return the slot that holds `key`, or the free slot where it belongs."""
    mask = np.uint64(len(table) - 1)
    slot = ((np.uint64(key) * _MULTIPLIER) >> np.uint64(20)) & mask
    while table[slot] != _FREE and table[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True, nogil=True)
def axis_votes(
    centroids: FloatArray,
    normals: FloatArray,
    bend: FloatArray,
    bend_std: FloatArray,
    usable: BoolArray,
    radius: float,
    expected: float,
    cell: float,
    lower: FloatArray,
) -> tuple[IntArray, CountArray]:
    """Count the votes of patches in cubic cells.

    A patch votes for a side only if the surface bends to that side by roughly the right amount,
    as far as `bend_std` lets it be told.

    Parameters
    ----------
    centroids, normals
        (M, 3) metres, local frame, and (M, 3) unit normals of either sign.
    bend, bend_std
        (M,) how far the surface around a patch lies off its plane, along the normal, and the
        standard deviation of that; metres.
    usable
        (M,) bool, the patches that vote.
    radius
        Assumed radius of the tubes, metres.
    expected
        What `bend` is on a tube of this radius, metres.
    cell, lower
        Width of a cell, and corner (3,) of the cells, below all votes; metres, local frame.

    Returns
    -------
    table (C,) int64 packed cell keys, -1 where free, and counts (C,) int32, C a power of two.
    """
    votes = 0
    for i in range(len(centroids)):
        for side in (-1.0, 1.0):
            votes += _bends_like(usable[i], side * bend[i], bend_std[i], expected)
    capacity = 1024
    while capacity < 2 * votes:
        capacity *= 2
    table = np.full(capacity, _FREE, np.int64)
    counts = np.zeros(capacity, np.int32)
    for i in range(len(centroids)):
        for side in (-1.0, 1.0):
            if not _bends_like(usable[i], side * bend[i], bend_std[i], expected):
                continue
            ix = np.int64((centroids[i, 0] + side * radius * normals[i, 0] - lower[0]) / cell)
            iy = np.int64((centroids[i, 1] + side * radius * normals[i, 1] - lower[1]) / cell)
            iz = np.int64((centroids[i, 2] + side * radius * normals[i, 2] - lower[2]) / cell)
            slot = _slot(table, _pack(ix, iy, iz))
            table[slot] = _pack(ix, iy, iz)
            counts[slot] += 1
    return table, counts


@njit(cache=True, nogil=True, inline="always")
def _bends_like(usable: np.bool_, bend: float, std: float, expected: float) -> bool:
    return bool(usable and 0.3 * expected - 1.5 * std <= bend <= 4.0 * expected + 1.5 * std)


@njit(cache=True, nogil=True)
def vote_peaks(
    table: IntArray, counts: CountArray, cell: float, lower: FloatArray, minimum: float
) -> tuple[FloatArray, FloatArray]:
    """Find the cells with several votes whose 27-cell sum is a local maximum.

    Ties go to the smaller key, so that the result does not depend on the order of the votes.

    Parameters
    ----------
    table, counts, cell, lower
        Result and arguments of `axis_votes`.
    minimum
        Smallest score, votes.

    Returns
    -------
    centres (P, 3) of the cells, metres, local frame, and scores (P,), the votes in the cell and
    its 26 neighbours.
    """
    capacity = len(table)
    sums = np.zeros(capacity, np.int32)
    least = max(_MIN_IN_CELL, math.ceil(minimum / 27.0))
    for slot in range(capacity):
        if counts[slot] >= least:
            sums[slot] = _neighbour_sum(table, counts, table[slot])
    found = 0
    for slot in range(capacity):
        if sums[slot] >= minimum and _is_peak(table, sums, slot):
            found += 1
    centres = np.empty((found, 3))
    scores = np.empty(found)
    k = 0
    for slot in range(capacity):
        if sums[slot] >= minimum and _is_peak(table, sums, slot):
            key = table[slot]
            centres[k, 0] = lower[0] + ((key >> 42) + 0.5) * cell
            centres[k, 1] = lower[1] + (((key >> 21) & 0x1FFFFF) + 0.5) * cell
            centres[k, 2] = lower[2] + ((key & 0x1FFFFF) + 0.5) * cell
            scores[k] = sums[slot]
            k += 1
    return centres, scores


@njit(cache=True, nogil=True)
def _neighbour_sum(table: IntArray, counts: CountArray, key: int) -> int:
    """Return the votes in the cell of `key` and its 26 neighbours."""
    ix, iy, iz = key >> 42, (key >> 21) & 0x1FFFFF, key & 0x1FFFFF
    total = 0
    for jx in range(max(ix - 1, 0), ix + 2):
        for jy in range(max(iy - 1, 0), iy + 2):
            for jz in range(max(iz - 1, 0), iz + 2):
                slot = _slot(table, _pack(jx, jy, jz))
                if table[slot] != _FREE:
                    total += counts[slot]
    return total


@njit(cache=True, nogil=True)
def _is_peak(table: IntArray, sums: CountArray, slot: int) -> bool:
    """Tell whether no neighbour has a larger sum, nor an equal sum and a smaller key."""
    key, own = table[slot], sums[slot]
    ix, iy, iz = key >> 42, (key >> 21) & 0x1FFFFF, key & 0x1FFFFF
    for jx in range(max(ix - 1, 0), ix + 2):
        for jy in range(max(iy - 1, 0), iy + 2):
            for jz in range(max(iz - 1, 0), iz + 2):
                other = _pack(jx, jy, jz)
                if other == key:
                    continue
                j = _slot(table, other)
                if table[j] != _FREE and (sums[j] > own or (sums[j] == own and other < key)):
                    return False
    return True


@njit(cache=True, nogil=True)
def suppress(
    centres: FloatArray,
    radii: FloatArray,
    reach: float,
) -> BoolArray:
    """Return a mask (P,) of the peaks kept; peaks must be ordered by falling score.

    A peak goes when a kept one lies within `reach` times its own radius. A hash of the kept
    peaks by cell of the largest reach keeps this near linear.

    Parameters
    ----------
    centres
        (P, 3) metres, local frame.
    radii
        (P,) metres.
    reach
        Share of the radius.
    """
    count = len(centres)
    keep = np.zeros(count, np.bool_)
    if count == 0:
        return keep
    cell = reach * radii.max()
    lower = np.array([centres[:, 0].min(), centres[:, 1].min(), centres[:, 2].min()])
    capacity = 1024
    while capacity < 4 * count:
        capacity *= 2
    table = np.full(capacity, _FREE, np.int64)
    head = np.full(capacity, -1, np.int64)
    following = np.full(count, -1, np.int64)
    for i in range(count):
        ix = np.int64(math.floor((centres[i, 0] - lower[0]) / cell)) + 1
        iy = np.int64(math.floor((centres[i, 1] - lower[1]) / cell)) + 1
        iz = np.int64(math.floor((centres[i, 2] - lower[2]) / cell)) + 1
        free = True
        for jx in range(ix - 1, ix + 2):
            for jy in range(iy - 1, iy + 2):
                for jz in range(iz - 1, iz + 2):
                    slot = _slot(table, _pack(jx, jy, jz))
                    j = head[slot] if table[slot] != _FREE else -1
                    while j >= 0 and free:
                        dx = centres[i, 0] - centres[j, 0]
                        dy = centres[i, 1] - centres[j, 1]
                        dz = centres[i, 2] - centres[j, 2]
                        limit = reach * radii[i]
                        free = dx * dx + dy * dy + dz * dz > limit * limit
                        j = following[j]
        if free:
            keep[i] = True
            slot = _slot(table, _pack(ix, iy, iz))
            table[slot] = _pack(ix, iy, iz)
            following[i] = head[slot]
            head[slot] = i
    return keep
