"""Z-order (Morton) keys of integer coordinates, and a stable sort by them."""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

KEY_BITS = 21
"""Bits of each coordinate in a key; three of them fill 63 of 64 bits."""

_INDEX_BITS = 28
"""Beside 36 bits of a key, the place of a point in its cell."""

_DIGIT_BITS = 9
_DIGIT_MASK = (1 << _DIGIT_BITS) - 1
_FEW = 32
"""Up to so many are sorted one by one."""


@jit(cache=True, nogil=True)
def spread_bits(value: int) -> np.uint64:
    """Return the lowest 21 bits of `value` with two zero bits after each."""
    v = np.uint64(value) & np.uint64(0x1FFFFF)
    v = (v | (v << np.uint64(32))) & np.uint64(0x1F00000000FFFF)
    v = (v | (v << np.uint64(16))) & np.uint64(0x1F0000FF0000FF)
    v = (v | (v << np.uint64(8))) & np.uint64(0x100F00F00F00F00F)
    v = (v | (v << np.uint64(4))) & np.uint64(0x10C30C30C30C30C3)
    return (v | (v << np.uint64(2))) & np.uint64(0x1249249249249249)


@jit(cache=True, nogil=True)
def morton_keys(
    ijk: npt.NDArray[np.int32], base: npt.NDArray[np.int64], drop_bits: int
) -> npt.NDArray[np.uint64]:
    """Return the Z-order key of each point.

    Parameters
    ----------
    ijk
        (N, 3) int32, grid units.
    base
        (3,) int64, grid units; no coordinate is below it.
    drop_bits
        How many low bits of the coordinates to leave out.

    Returns
    -------
    (N,) uint64; x is the lowest bit of each triple.
    """
    keys = np.empty(len(ijk), dtype=np.uint64)
    for n in range(len(ijk)):
        x = (np.int64(ijk[n, 0]) - base[0]) >> drop_bits
        y = (np.int64(ijk[n, 1]) - base[1]) >> drop_bits
        z = (np.int64(ijk[n, 2]) - base[2]) >> drop_bits
        keys[n] = (
            spread_bits(x) | (spread_bits(y) << np.uint64(1)) | (spread_bits(z) << np.uint64(2))
        )
    return keys


@jit(cache=True, nogil=True)
def in_z_order(
    records: npt.NDArray[np.uint16],
    corners: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    base: npt.NDArray[np.int64],
    inner_bits: int,
    drop_bits: int,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16], npt.NDArray[np.uint64]]:
    """Return points, which stand cell by cell in Z-order, in Z-order throughout.

    Each cell is sorted on its own, which the processor's cache holds.

    Parameters
    ----------
    records
        (N, 3 + W) uint16, the first three words the place from the corner, grid units.
    corners
        (C, 3) int32, grid units, a corner for each cell.
    counts
        (C,) int64, points of each cell, less than 2**28; they sum up to N.
    base
        (3,) int64, grid units, from which keys are counted.
    inner_bits
        The low bits of a place, at most 12, that count; those above them are the same in all
        places of points that share a corner.
    drop_bits
        How many low bits of the coordinates keys leave out, at most 12.

    Returns
    -------
    (N, 3) int32 coordinates, grid units; (N, W) the other words; (N,) uint64 keys as `morton_keys`
    has them. Points of equal keys stay in their order.
    """
    count, width = len(records), records.shape[1] - 3
    ijk = np.empty((count, 3), dtype=np.int32)
    others = np.empty((count, width), dtype=np.uint16)
    keys = np.empty(count, dtype=np.uint64)
    packed = np.empty(np.append(counts, 0).max(), dtype=np.uint64)
    spare = np.empty_like(packed)
    inside = (1 << inner_bits) - 1
    spread = np.empty((inside >> drop_bits) + 1, dtype=np.uint64)
    for number in range(len(spread)):
        spread[number] = spread_bits(number) << np.uint64(_INDEX_BITS)
    last_bit = _INDEX_BITS + 3 * max(0, inner_bits - drop_bits)
    start = 0
    for cell in range(len(counts)):
        held = counts[cell]
        for n in range(held):
            value = np.uint64(n)
            for axis in range(3):
                place = (np.int64(records[start + n, axis]) & inside) >> drop_bits
                value |= spread[place] << np.uint64(axis)
            packed[n] = value
        ordered = _sorted_by_bits(packed, spare, held, last_bit)
        outer = np.uint64(0)
        for axis in range(3):
            # Where the cell is finer than its corner, all of its key is in the places.
            away = max(np.int64(corners[cell, axis]) - base[axis], 0)
            outer |= spread_bits(away >> drop_bits) << np.uint64(axis)
        for n in range(held):
            source = start + np.int64(ordered[n] & np.uint64((1 << _INDEX_BITS) - 1))
            for axis in range(3):
                ijk[start + n, axis] = corners[cell, axis] + np.int32(records[source, axis])
            for word in range(width):
                others[start + n, word] = records[source, 3 + word]
            keys[start + n] = outer | (ordered[n] >> np.uint64(_INDEX_BITS))
        start += held
    return ijk, others, keys


@jit(cache=True, nogil=True)
def _sorted_by_bits(
    values: npt.NDArray[np.uint64], spare: npt.NDArray[np.uint64], count: int, last_bit: int
) -> npt.NDArray[np.uint64]:
    """Sort the first `count` values by their bits from `_INDEX_BITS` to below `last_bit`.

    Returns the one of the two arrays that they stand in afterwards; equal ones stay in order.
    """
    if count <= _FEW:
        for n in range(1, count):
            value, place = values[n], n
            # The values are in order below `_INDEX_BITS`, so that comparing all bits is stable.
            while place > 0 and values[place - 1] > value:
                values[place] = values[place - 1]
                place -= 1
            values[place] = value
        return values
    starts = np.empty(_DIGIT_MASK + 1, dtype=np.int64)
    mask = np.uint64(_DIGIT_MASK)
    for bit in range(_INDEX_BITS, last_bit, _DIGIT_BITS):
        shift = np.uint64(bit)
        starts[:] = 0
        for n in range(count):
            starts[np.int64((values[n] >> shift) & mask)] += 1
        if starts[np.int64((values[0] >> shift) & mask)] == count:
            continue
        before = 0
        for digit in range(len(starts)):
            held = starts[digit]
            starts[digit] = before
            before += held
        for n in range(count):
            group = np.int64((values[n] >> shift) & mask)
            spare[starts[group]] = values[n]
            starts[group] += 1
        values, spare = spare, values
    return values


@jit(cache=True, nogil=True)
def grid_cells(
    xyz: npt.NDArray[np.float64],
    origin: npt.NDArray[np.float64],
    unit_m: float,
    cell_bits: int,
    bias: int,
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.uint16], int]:
    """Return each point's grid coordinates, the cell it lies in and its place in that cell.

    Parameters
    ----------
    xyz
        (N, 3) float64, metres, scan frame.
    origin
        (3,) float64, metres, scan frame; the grid's zero.
    unit_m
        Grid unit in metres.
    cell_bits
        A cell is `2**cell_bits` units wide (at most 16).
    bias
        Added to each cell number so that none is negative.

    Returns
    -------
    (N,) uint64 Z-order keys of the cells; (N, 3) int32 coordinates in grid units, from the
    grid's zero; (N, 3) uint16 the same, from the cell's corner; the index of the first point that
    is not finite or off the grid, -1 if there is none.
    """
    keys = np.empty(len(xyz), dtype=np.uint64)
    ijk = np.empty((len(xyz), 3), dtype=np.int32)
    local = np.empty((len(xyz), 3), dtype=np.uint16)
    limit = min(bias << cell_bits, 2**31 - 1)
    # Neighbours in a file are mostly in the same cell.
    latest = np.full(3, -1, dtype=np.int64)
    parts = np.zeros(3, dtype=np.uint64)
    for n in range(len(xyz)):
        for axis in range(3):
            units = np.rint((xyz[n, axis] - origin[axis]) / unit_m)
            if not (abs(units) < limit):
                return keys, ijk, local, n
            value = np.int64(units)
            cell = value >> cell_bits
            ijk[n, axis] = value
            local[n, axis] = value - (cell << cell_bits)
            if cell + bias != latest[axis]:
                latest[axis] = cell + bias
                parts[axis] = spread_bits(cell + bias) << np.uint64(axis)
        keys[n] = parts[0] | parts[1] | parts[2]
    return keys, ijk, local, -1


@jit(cache=True, nogil=True)
def stable_argsort(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
    """Return the order that sorts the keys, equal keys staying in their order.

    Radix sort, 11 bits a pass, over the bits in which the keys differ.
    """
    count = len(keys)
    order = np.arange(count).astype(np.uint32)
    different = np.uint64(0)
    for n in range(1, count):
        different |= keys[n] ^ keys[0]
    spare = np.empty(count, dtype=np.uint32)
    shift = np.uint64(0)
    mask = np.uint64(2047)
    while shift < np.uint64(64) and (different >> shift) != np.uint64(0):
        if (different >> shift) & mask != np.uint64(0):
            starts = np.zeros(2049, dtype=np.int64)
            for n in range(count):
                starts[np.int64((keys[n] >> shift) & mask) + 1] += 1
            for digit in range(2048):
                starts[digit + 1] += starts[digit]
            for n in range(count):
                place = np.int64((keys[order[n]] >> shift) & mask)
                spare[starts[place]] = order[n]
                starts[place] += 1
            order, spare = spare, order
        shift += np.uint64(11)
    return order
