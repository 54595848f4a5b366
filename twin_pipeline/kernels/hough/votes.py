"""Axis votes of surface patches for an assumed radius, and the cells where they pile up.

Frame: local, metres. M = surface patches. A patch votes for the point one radius away along its
normal on the side to which the surface bends; a tube's votes pile up on its axis, those of other
surfaces scatter.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.hough.cells import FREE, packed, slot_of
from twin_pipeline.kernels.hough.cubes import CUBE, MARGIN, ROOM, sorted_by_cube

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CellArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

_MIN_IN_CELL = 2


@jit(cache=True, nogil=True)
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
) -> CellArray:
    """Return the cubic cells that patches vote for.

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
    (V, 3) int32 numbers of the cells along each axis, one row a vote, in the order of the patches.
    """
    votes = 0
    for i in range(len(centroids)):
        for side in (-1.0, 1.0):
            votes += _bends_like(usable[i], side * bend[i], bend_std[i], expected)
    cells = np.empty((votes, 3), np.int32)
    vote = 0
    for i in range(len(centroids)):
        for side in (-1.0, 1.0):
            if _bends_like(usable[i], side * bend[i], bend_std[i], expected):
                for a in range(3):
                    place = centroids[i, a] + side * radius * normals[i, a]
                    cells[vote, a] = np.int32((place - lower[a]) / cell)
                vote += 1
    return cells


@jit(cache=True, nogil=True, inline="always")
def _bends_like(usable: np.bool_, bend: float, std: float, expected: float) -> bool:
    return bool(usable and 0.3 * expected - 1.5 * std <= bend <= 4.0 * expected + 1.5 * std)


@jit(cache=True, nogil=True)
def vote_peaks(
    cells: CellArray, cell: float, lower: FloatArray, minimum: float
) -> tuple[FloatArray, FloatArray]:
    """Find the cells with several votes whose 27-cell sum is a local maximum.

    Ties go to the first along x, then y, then z. Votes are sorted by cubes of cells, so that what
    is counted at a time fits into the processor's cache.

    Parameters
    ----------
    cells, cell, lower
        Result and arguments of `axis_votes`.
    minimum
        Smallest score, votes.

    Returns
    -------
    centres (P, 3) of the cells, metres, local frame, and scores (P,), the votes in the cell and
    its 26 neighbours; in the order of the votes, by cubes.
    """
    keys, starts, inside = sorted_by_cube(cells)
    counts = np.zeros(ROOM**3, np.int32)
    sums = np.zeros(ROOM**3, np.int32)
    touched = np.empty(ROOM**3, np.int32)
    centres = np.empty((64, 3))
    scores = np.empty(64)
    found = 0
    for cube in range(len(keys)):
        votes = inside[starts[cube] : starts[cube + 1]]
        if len(votes) < minimum:
            continue
        taken = _count(votes, counts, touched)
        least = max(_MIN_IN_CELL, math.ceil(minimum / 27.0))
        for n in range(taken):
            if counts[touched[n]] >= least and _off_border(touched[n]):
                sums[touched[n]] = _neighbour_sum(counts, touched[n])
        for n in range(taken):
            at = touched[n]
            if sums[at] >= minimum and _in_core(at) and _is_peak(sums, at):
                if found == len(scores):
                    centres, scores = _doubled(centres, scores)
                for a in range(3):
                    first = ((keys[cube] >> (42 - 21 * a)) & 0x1FFFFF) * CUBE - MARGIN
                    centres[found, a] = lower[a] + (first + _along(at, a) + 0.5) * cell
                scores[found] = sums[at]
                found += 1
        for n in range(taken):
            counts[touched[n]] = sums[touched[n]] = 0
    return centres[:found], scores[:found]


@jit(cache=True, nogil=True)
def _doubled(centres: FloatArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the same with twice the room."""
    count = len(scores)
    wider, longer = np.empty((2 * count, 3)), np.empty(2 * count)
    wider[:count], longer[:count] = centres, scores
    return wider, longer


@jit(cache=True, nogil=True)
def _count(votes: CellArray, counts: CellArray, touched: CellArray) -> int:
    """Count votes by place; fill in the places that got any, and return how many."""
    taken = 0
    for n in range(len(votes)):
        if counts[votes[n]] == 0:
            touched[taken] = votes[n]
            taken += 1
        counts[votes[n]] += 1
    return taken


@jit(cache=True, nogil=True, inline="always")
def _along(place: int, axis: int) -> int:
    """Return the number of a place along an axis of a cube with its margin."""
    if axis == 0:
        return place // (ROOM * ROOM)
    return place // ROOM % ROOM if axis == 1 else place % ROOM


@jit(cache=True, nogil=True, inline="always")
def _off_border(place: int) -> bool:
    inner = True
    for a in range(3):
        inner &= 1 <= _along(place, a) < ROOM - 1
    return inner


@jit(cache=True, nogil=True, inline="always")
def _in_core(place: int) -> bool:
    core = True
    for a in range(3):
        core &= MARGIN <= _along(place, a) < MARGIN + CUBE
    return core


@jit(cache=True, nogil=True)
def _neighbour_sum(counts: CellArray, place: int) -> int:
    """Return the votes in a place and its 26 neighbours."""
    total = 0
    for row in range(9):
        middle = place + (row // 3 - 1) * ROOM * ROOM + (row % 3 - 1) * ROOM
        total += counts[middle - 1] + counts[middle] + counts[middle + 1]
    return total


@jit(cache=True, nogil=True)
def _is_peak(sums: CellArray, place: int) -> bool:
    """Tell whether no neighbour has a larger sum, nor an equal sum and comes first."""
    own = sums[place]
    for row in range(9):
        middle = place + (row // 3 - 1) * ROOM * ROOM + (row % 3 - 1) * ROOM
        for other in range(middle - 1, middle + 2):
            if sums[other] > own or (sums[other] == own and other < place):
                return False
    return True


@jit(cache=True, nogil=True)
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
    table = np.full(capacity, FREE, np.int64)
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
                    slot = slot_of(table, packed(jx, jy, jz))
                    j = head[slot] if table[slot] != FREE else -1
                    while j >= 0 and free:
                        dx = centres[i, 0] - centres[j, 0]
                        dy = centres[i, 1] - centres[j, 1]
                        dz = centres[i, 2] - centres[j, 2]
                        limit = reach * radii[i]
                        free = dx * dx + dy * dy + dz * dz > limit * limit
                        j = following[j]
        if free:
            keep[i] = True
            slot = slot_of(table, packed(ix, iy, iz))
            table[slot] = packed(ix, iy, iz)
            following[i] = head[slot]
            head[slot] = i
    return keep
