"""Straight bars that hang free: points in a box along a direction, and hardly any around it.

Frame: places along the direction, across it and up, metres. N = points, B = bars.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]
CellArray = npt.NDArray[np.int32]
Stretch = tuple[int, float, int, int, int]

FIELDS = 7
_OUTER = 1.6
"""Width of the box in which nothing else may lie, by that of the box that holds a bar."""
_FARTHER = 0.4
"""What points beyond that count, in a box of a fixed width."""
_STRAY, _DEAR = 0.2, 4.0
"""Of the points of a slab, that may be something else; what each takes off a bar's worth."""
_EMPTY = 2
"""Slabs without points, one behind the other, over which a bar goes on."""
_STRIP = 512
"""Cells across that are looked at together, an even number."""
_WIDER = 0.03
"""What each cell of half a box's width takes off a bar's worth: the narrowest that holds it tells
best where it is."""


@jit(cache=True, nogil=True)
def free_bars(
    places: FloatArray,
    cell: float,
    slab: float,
    halves: CellArray,
    clear: int,
    least_points: int,
    least_slabs: int,
    block: int,
) -> FloatArray:
    """Return the best bar of each block of cells in which there is one.

    Parameters
    ----------
    places
        (N, 3) along the direction, across and up, metres.
    cell, slab
        Width of cells across and up, length of slabs along; metres.
    halves
        (H,) half widths of boxes that may hold a bar, from narrow to wide, in cells.
    clear
        Half width of the box in which little else may lie, in cells.
    least_points, least_slabs
        Fewest points of a bar, and slabs that show it.
    block
        Width of blocks, in cells.

    Returns
    -------
    (B, FIELDS) worth, points, first and last place along, places across and up, half width of the
    box; metres but for the first two.
    """
    lower = np.array([places[:, 0].min(), places[:, 1].min(), places[:, 2].min()])
    margin = max(math.ceil(_OUTER * halves[-1]), clear) + 1
    slabs = int((places[:, 0].max() - lower[0]) / slab) + 1
    wide = int((places[:, 1].max() - lower[1]) / cell) + 2 * margin + 2
    high = int((places[:, 2].max() - lower[2]) / cell) + 2 * margin + 2
    best = np.zeros(((wide // block + 1) * (high // block + 1), FIELDS))
    sums, total = np.empty((0, 0, 0), np.int32), np.empty((0, 0), np.int32)
    before = 0
    for cells in range(margin + 1, wide - margin - 1, 2):
        # the cells of a long trench at once would take more room than its points
        if (cells - margin - 1) % _STRIP == 0:
            before = cells - margin - 1
            strip = min(_STRIP + 2 * margin + 2, wide - before)
            sums, total = _counted(places, lower, cell, slab, margin, before, (slabs, strip, high))
        a = cells - before
        for b in range(margin + 1, high - margin - 1, 2):
            place = cells // block * (high // block + 1) + b // block
            for h in halves:
                if _in_box(total, a, b, h) < least_points:
                    continue
                outer = math.ceil(_OUTER * h)
                points, around, first, last, seen = _longest(
                    sums, a, b, h, outer, max(outer, clear)
                )
                worth = points * (1.0 - _WIDER * h) - _DEAR * around
                if points >= least_points and seen >= least_slabs and worth > best[place, 0]:
                    best[place, 0], best[place, 1] = worth, points
                    best[place, 2] = lower[0] + first * slab
                    best[place, 3] = lower[0] + (last + 1) * slab
                    best[place, 4] = lower[1] + (cells - margin - 0.5) * cell
                    best[place, 5] = lower[2] + (b - margin - 0.5) * cell
                    best[place, 6] = (h + 0.5) * cell
    return best[best[:, 0] > 0.0]


@jit(cache=True, nogil=True)
def _counted(
    places: FloatArray,
    lower: FloatArray,
    cell: float,
    slab: float,
    margin: int,
    before: int,
    shape: tuple[int, int, int],
) -> tuple[CellArray, CellArray]:
    """Return how many points lie before each cell of each slab, across and up; and of all.

    Across, cells from one on are counted, so many as there is room for.
    """
    sums = np.zeros(shape, np.int32)
    for i in range(len(places)):
        s = int((places[i, 0] - lower[0]) / slab)
        a = int((places[i, 1] - lower[1]) / cell) + margin + 1 - before
        b = int((places[i, 2] - lower[2]) / cell) + margin + 1
        if 0 < a < shape[1]:
            sums[s, a, b] += 1
    total = np.zeros(shape[1:], np.int32)
    for s in range(shape[0]):
        for a in range(1, shape[1]):
            row = 0
            for b in range(1, shape[2]):
                row += sums[s, a, b]
                sums[s, a, b] = sums[s, a - 1, b] + row
                total[a, b] += sums[s, a, b]
    return sums, total


@jit(cache=True, nogil=True, inline="always")
def _in_box(sums: CellArray, a: int, b: int, half: int) -> int:
    """Return the points within a box around a cell."""
    return (
        sums[a + half, b + half]
        - sums[a - half - 1, b + half]
        - sums[a + half, b - half - 1]
        + sums[a - half - 1, b - half - 1]
    )


@jit(cache=True, nogil=True)
def _longest(sums: CellArray, a: int, b: int, half: int, outer: int, clear: int) -> Stretch:
    """Return the stretch of slabs that shows most of a bar around a cell.

    Its points, those around it, first and last slab, and how many hold points.
    """
    most = (0, 0.0, 0, 0, 0)
    points = seen = empty = first = last = 0
    around = 0.0
    for s in range(len(sums) + 1):
        inside, outside = 0, 0.0
        if s < len(sums):
            inside = _in_box(sums[s], a, b, half)
            if inside > 0:
                near = _in_box(sums[s], a, b, outer)
                outside = near - inside + _FARTHER * (_in_box(sums[s], a, b, clear) - near)
        free = s < len(sums) and outside <= _STRAY * inside
        if free and inside > 0:
            first = s if seen == 0 else first
            points, around, seen, last, empty = points + inside, around + outside, seen + 1, s, 0
        elif free and empty < _EMPTY:
            empty += 1
        else:
            if points > most[0]:
                most = (points, around, first, last, seen)
            points = seen = empty = 0
            around = 0.0
    return most
