"""Heights of points in strips along a course, and the line of strips that gathers most.

S steps along the course, T strips across it; local frame, metres.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@jit(cache=True, nogil=True)
def extent(xyz: FloatArray, course: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most (2,) of points (N, 3) along a course (2,) and across it."""
    least, most = np.full(2, np.inf), np.full(2, -np.inf)
    for i in range(len(xyz)):
        along = xyz[i, 0] * course[0] + xyz[i, 1] * course[1]
        across = xyz[i, 1] * course[0] - xyz[i, 0] * course[1]
        least[0], most[0] = min(least[0], along), max(most[0], along)
        least[1], most[1] = min(least[1], across), max(most[1], across)
    return least, most


@jit(cache=True, nogil=True)
def height_keys(
    xyz: FloatArray,
    course: FloatArray,
    first: FloatArray,
    cell: FloatArray,
    wide: int,
    lowest: float,
    height: float,
    heights: int,
) -> IntArray:
    """Return a number for each point that rises with its cell, and in a cell with its height.

    Parameters
    ----------
    xyz, course
        (N, 3), and (2,) a unit vector.
    first, cell
        (2,) where cells begin and how large they are, along and across.
    wide
        Cells across.
    lowest, height, heights
        Where heights begin, the steps in which they are told apart, and how many there may be.

    Returns
    -------
    (N,) the number of the cell times `heights`, and the step of the height.
    """
    keys = np.empty(len(xyz), np.int64)
    for i in range(len(xyz)):
        along = xyz[i, 0] * course[0] + xyz[i, 1] * course[1] - first[0]
        across = xyz[i, 1] * course[0] - xyz[i, 0] * course[1] - first[1]
        number = int(along / cell[0]) * wide + int(across / cell[1])
        keys[i] = number * heights + min(int((xyz[i, 2] - lowest) / height), heights - 1)
    return keys


@jit(cache=True, nogil=True)
def sums(
    xyz: FloatArray,
    course: FloatArray,
    first: FloatArray,
    strip: FloatArray,
    steps: int,
    strips: int,
    floor: FloatArray,
    cell: FloatArray,
    middle: float,
) -> FloatArray:
    """Return what lies in each strip and those before it, of points below what bounds a cell.

    Parameters
    ----------
    xyz, course, first
        As for `height_keys`.
    strip, cell
        (2,) sizes of strips and of cells, along and across.
    floor
        (cells along, cells across) below which points count.
    middle
        Heights count from here.

    Returns
    -------
    (3, S, T + 1) running sums over the strips of each step: points, heights, their squares.
    """
    total = np.zeros((3, steps, strips + 1))
    for i in range(len(xyz)):
        along = xyz[i, 0] * course[0] + xyz[i, 1] * course[1] - first[0]
        across = xyz[i, 1] * course[0] - xyz[i, 0] * course[1] - first[1]
        if xyz[i, 2] < floor[int(along / cell[0]), int(across / cell[1])]:
            row, column = int(along / strip[0]), int(across / strip[1]) + 1
            z = xyz[i, 2] - middle
            total[0, row, column] += 1.0
            total[1, row, column] += z
            total[2, row, column] += z * z
    for kind in range(3):
        for row in range(steps):
            for column in range(strips):
                total[kind, row, column + 1] += total[kind, row, column]
    return total


@jit(cache=True, nogil=True)
def best_line(gain: FloatArray, reach: int, price: float) -> IntArray:
    """Return the columns (S,) of the line that gathers most of a gain (S, T).

    Parameters
    ----------
    reach
        Columns that a line may shift by from row to row.
    price
        Of each of them.
    """
    rows, columns = gain.shape
    best, before = gain[0].copy(), np.empty(columns)
    came = np.empty((rows, columns), np.int32)
    for row in range(1, rows):
        best, before = before, best
        for column in range(columns):
            most, at = -np.inf, column
            for other in range(max(column - reach, 0), min(column + reach + 1, columns)):
                value = before[other] - price * abs(other - column)
                if value > most:
                    most, at = value, other
            best[column] = most + gain[row, column]
            came[row, column] = at
    line = np.empty(rows, np.int64)
    line[-1] = best.argmax()
    for row in range(rows - 1, 0, -1):
        line[row - 1] = came[row, line[row]]
    return line
