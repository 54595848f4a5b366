"""Votes sorted by cubes of cells, so that those of one are counted where they lie together."""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.hough.cells import FREE, mixed, packed, slot_of

IntArray = npt.NDArray[np.int64]
CellArray = npt.NDArray[np.int32]

_CUBE_BITS = 5
CUBE = 1 << _CUBE_BITS
MARGIN = 2
"""Cells along an edge of the cubes by which votes are counted, and those beyond their faces: a
peak depends on the sums around it, and these on the cells around them."""
ROOM = CUBE + 2 * MARGIN
_MOST_CUBES = 8
"""That a vote belongs to."""


@jit(cache=True, nogil=True)
def sorted_by_cube(cells: CellArray) -> tuple[IntArray, IntArray, CellArray]:
    """Sort votes by cubes of cells; near a cube's faces they belong to its neighbours as well.

    Returns the keys (Q,) of the cubes, the first vote (Q + 1,) of each, and for each vote the
    place (W,) of its cell in the cube with its margin.
    """
    table, number = np.full(1024, FREE, np.int64), np.empty(1024, np.int64)
    keys, held = np.empty(512, np.int64), np.zeros(512, np.int64)
    cube = np.empty(2 * len(cells) + _MOST_CUBES, np.int32)
    done = cubes = parts = 0
    while True:
        done, cubes, parts = _find_cubes(
            cells, table, number, keys, held, cube, done, cubes, parts
        )  # fmt: skip
        if done == len(cells):
            break
        if cubes + _MOST_CUBES > len(keys):
            table, number, keys, held = _roomier(keys, held, cubes)
        else:
            wider = np.empty(2 * len(cube), np.int32)
            wider[:parts] = cube[:parts]
            cube = wider
    starts = np.zeros(cubes + 1, np.int64)
    starts[1:] = np.cumsum(held[:cubes])
    inside = np.empty(parts, np.int32)
    _fill_cubes(cells, cube, keys, starts[:cubes].copy(), inside)
    return keys[:cubes], starts, inside


@jit(cache=True, nogil=True)
def _find_cubes(
    cells: CellArray,
    table: IntArray,
    number: IntArray,
    keys: IntArray,
    held: IntArray,
    cube: CellArray,
    done: int,
    cubes: int,
    parts: int,
) -> tuple[int, int, int]:
    """Give the cubes that votes belong to numbers, and count what each holds, while there is room.

    An array that is replaced within a loop is slow to reach; so it is outside of this one.

    Parameters
    ----------
    table, number
        Hash table of the cubes' keys, and their numbers.
    keys, held, cube
        Of each cube its key and how many votes it holds; of each vote the numbers of its cubes.
    done, cubes, parts
        How much there is of votes, cubes and votes' cubes.

    Returns
    -------
    The latter three.
    """
    mask = np.uint64(len(table) - 1)
    last, where = FREE, np.int64(0)
    while (
        done < len(cells) and cubes + _MOST_CUBES <= len(keys) and parts + _MOST_CUBES <= len(cube)
    ):
        x, y, z = cells[done, 0], cells[done, 1], cells[done, 2]
        for jx in range(_first_cube(x), _last_cube(x) + 1):
            for jy in range(_first_cube(y), _last_cube(y) + 1):
                for jz in range(_first_cube(z), _last_cube(z) + 1):
                    key = packed(jx, jy, jz)
                    if key != last:
                        slot = mixed(key) & mask
                        while table[slot] != FREE and table[slot] != key:
                            slot = (slot + np.uint64(1)) & mask
                        if table[slot] == FREE:
                            table[slot], number[slot], keys[cubes] = key, cubes, key
                            cubes += 1
                        last, where = key, number[slot]
                    held[where] += 1
                    cube[parts] = where
                    parts += 1
        done += 1
    return done, cubes, parts


@jit(cache=True, nogil=True)
def _fill_cubes(
    cells: CellArray, cube: CellArray, keys: IntArray, free: IntArray, inside: CellArray
) -> None:
    """Enter the place of each vote (V, 3) in its cubes, whose votes begin where they are free."""
    part = 0
    for i in range(len(cells)):
        x, y, z = cells[i, 0], cells[i, 1], cells[i, 2]
        count = _cubes_along(x) * _cubes_along(y) * _cubes_along(z)
        for _ in range(count):
            c = cube[part]
            px = x - (keys[c] >> 42) * CUBE + MARGIN
            py = y - ((keys[c] >> 21) & 0x1FFFFF) * CUBE + MARGIN
            pz = z - (keys[c] & 0x1FFFFF) * CUBE + MARGIN
            inside[free[c]] = (px * ROOM + py) * ROOM + pz
            free[c] += 1
            part += 1


@jit(cache=True, nogil=True, inline="always")
def _cubes_along(cell: int) -> int:
    return _last_cube(cell) - _first_cube(cell) + 1


@jit(cache=True, nogil=True, inline="always")
def _first_cube(cell: int) -> int:
    """Return the first cube along an axis that a cell belongs to."""
    return max(int(cell) - MARGIN, 0) >> _CUBE_BITS


@jit(cache=True, nogil=True, inline="always")
def _last_cube(cell: int) -> int:
    """Return the last cube along an axis that a cell belongs to."""
    return (int(cell) + MARGIN) >> _CUBE_BITS


@jit(cache=True, nogil=True)
def _roomier(
    keys: IntArray, held: IntArray, count: int
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return table, numbers, keys and counts, of which there are so many, with twice the room."""
    room = 2 * len(keys)
    table, number = np.full(2 * room, FREE, np.int64), np.empty(2 * room, np.int64)
    wider_keys, wider_held = np.empty(room, np.int64), np.zeros(room, np.int64)
    wider_keys[:count], wider_held[:count] = keys[:count], held[:count]
    for n in range(count):
        slot = slot_of(table, keys[n])
        table[slot], number[slot] = keys[n], n
    return table, number, wider_keys, wider_held
