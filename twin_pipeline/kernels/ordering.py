"""Many points put in order, picked and bounded, by threads whose number the result hangs not on.

Frame: local, metres. N = points. Work is shared out in parts by the number of points alone.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
OrderArray = npt.NDArray[np.uint32]
BoolArray = npt.NDArray[np.bool_]

_PARTS = 16
_BUCKET_BITS, _DIGIT_BITS = 11, 8
_FEW = 32
"""Up to so many are sorted one by one."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@jit(cache=True, nogil=True, parallel=True)
def in_key_order(keys: KeyArray) -> tuple[OrderArray, KeyArray]:
    """Return the order (N,) that sorts keys (N,), equal keys staying in theirs, and the keys in it.

    They are dealt out by the highest bits in which they differ; each of the buckets is then sorted
    on its own, which the processor's cache holds.
    """
    count = len(keys)
    order = np.empty(count, np.uint32)
    ordered = np.empty(count, np.uint64)
    different = np.zeros(_PARTS, np.uint64)
    for part in prange(_PARTS):
        found = np.uint64(0)
        for n in range(part * count // _PARTS, (part + 1) * count // _PARTS):
            found |= keys[n] ^ keys[0]
        different[part] = found
    bits = 0
    for part in range(_PARTS):
        while bits < 64 and different[part] >> np.uint64(bits) != np.uint64(0):
            bits += 1
    low_bits = max(bits - _BUCKET_BITS, 0)
    shift, mask = np.uint64(low_bits), np.uint64((1 << _BUCKET_BITS) - 1)
    held = np.zeros((_PARTS, 1 << _BUCKET_BITS), np.int64)
    for part in prange(_PARTS):
        for n in range(part * count // _PARTS, (part + 1) * count // _PARTS):
            held[part, np.int64((keys[n] >> shift) & mask)] += 1
    starts = _as_starts(held)
    for part in prange(_PARTS):
        for n in range(part * count // _PARTS, (part + 1) * count // _PARTS):
            own = np.int64((keys[n] >> shift) & mask)
            place = held[part, own]
            held[part, own] += 1
            ordered[place], order[place] = keys[n], np.uint32(n)
    if low_bits > 0:
        spare_keys, spare = np.empty(count, np.uint64), np.empty(count, np.uint32)
        for bucket in prange(1 << _BUCKET_BITS):
            first, last = starts[bucket], starts[bucket + 1]
            _sort(
                ordered[first:last], order[first:last], spare_keys[first:last], spare[first:last],
                low_bits,
            )  # fmt: skip
    return order, ordered


@jit(cache=True, nogil=True)
def _as_starts(held: IntArray) -> IntArray:
    """Turn what parts hold of buckets (P, B) into where each begins; return where buckets do."""
    starts = np.zeros(held.shape[1] + 1, np.int64)
    for bucket in range(held.shape[1]):
        starts[bucket + 1] = starts[bucket]
        for part in range(held.shape[0]):
            own = held[part, bucket]
            held[part, bucket] = starts[bucket + 1]
            starts[bucket + 1] += own
    return starts


@jit(cache=True, nogil=True)
def _sort(
    keys: KeyArray, order: OrderArray, spare_keys: KeyArray, spare: OrderArray, bits: int
) -> None:
    """Sort keys (n,) by their lowest bits, and an order with them, in place."""
    count = len(keys)
    if count <= _FEW:
        for n in range(1, count):
            key, number = keys[n], order[n]
            place = n
            while place > 0 and keys[place - 1] > key:
                keys[place], order[place] = keys[place - 1], order[place - 1]
                place -= 1
            keys[place], order[place] = key, number
        return
    starts = np.empty(1 << _DIGIT_BITS, np.int64)
    mask = np.uint64((1 << _DIGIT_BITS) - 1)
    for bit in range(0, bits, _DIGIT_BITS):
        shift = np.uint64(bit)
        starts[:] = 0
        for n in range(count):
            starts[np.int64((keys[n] >> shift) & mask)] += 1
        before = 0
        for digit in range(len(starts)):
            held = starts[digit]
            starts[digit] = before
            before += held
        for n in range(count):
            group = np.int64((keys[n] >> shift) & mask)
            spare_keys[starts[group]], spare[starts[group]] = keys[n], order[n]
            starts[group] += 1
        for n in range(count):
            keys[n], order[n] = spare_keys[n], spare[n]


@jit(cache=True, nogil=True, parallel=True)
def taken(rows: FloatArray, order: OrderArray) -> FloatArray:
    """Return the rows (N, 3) at the places `order`, (M,), one after the other."""
    found = np.empty((len(order), 3))
    for n in prange(len(order)):
        m = order[n]
        found[n, 0], found[n, 1], found[n, 2] = rows[m, 0], rows[m, 1], rows[m, 2]
    return found


@jit(cache=True, nogil=True, parallel=True)
def chosen(
    xyz: FloatArray, order: OrderArray, keys: KeyArray, which: BoolArray
) -> tuple[FloatArray, OrderArray, KeyArray]:
    """Return of points (N, 3), and what goes with them, (N,) each, those that are chosen (N,)."""
    count = len(which)
    first = np.zeros(_PARTS + 1, np.int64)
    for part in prange(_PARTS):
        found = 0
        for n in range(part * count // _PARTS, (part + 1) * count // _PARTS):
            found += which[n]
        first[part + 1] = found
    for part in range(_PARTS):
        first[part + 1] += first[part]
    total = first[_PARTS]
    points = np.empty((total, 3))
    numbers = np.empty(total, np.uint32)
    kept = np.empty(total, np.uint64)
    for part in prange(_PARTS):
        place = first[part]
        for n in range(part * count // _PARTS, (part + 1) * count // _PARTS):
            if which[n]:
                for a in range(3):
                    points[place, a] = xyz[n, a]
                numbers[place], kept[place] = order[n], keys[n]
                place += 1
    return points, numbers, kept


@jit(cache=True, nogil=True, parallel=True)
def bounds(xyz: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest corner (3,) of points (N, 3), N at least 1."""
    low, high = np.empty((_PARTS, 3)), np.empty((_PARTS, 3))
    count = len(xyz)
    for part in prange(_PARTS):
        x0, y0, z0 = xyz[0, 0], xyz[0, 1], xyz[0, 2]
        x1, y1, z1 = x0, y0, z0
        for n in range(part * count // _PARTS, (part + 1) * count // _PARTS):
            x, y, z = xyz[n, 0], xyz[n, 1], xyz[n, 2]
            x0, y0, z0 = min(x0, x), min(y0, y), min(z0, z)
            x1, y1, z1 = max(x1, x), max(y1, y), max(z1, z)
        low[part, 0], low[part, 1], low[part, 2] = x0, y0, z0
        high[part, 0], high[part, 1], high[part, 2] = x1, y1, z1
    lower, upper = low[0].copy(), high[0].copy()
    for part in range(1, _PARTS):
        for a in range(3):
            lower[a] = min(lower[a], low[part, a])
            upper[a] = max(upper[a], high[part, a])
    return lower, upper


@jit(cache=True, nogil=True, parallel=True)
def in_some_blocks(xyz: FloatArray, lower: FloatArray, size: float, every: int) -> BoolArray:
    """Tell which points (N, 3) lie in one of so many cubic blocks, spread over the scan at random.

    `lower`, (3,), is a corner of the blocks, no point below it, `size` their width; metres.
    """
    inside = np.empty(len(xyz), np.bool_)
    for n in prange(len(xyz)):
        key = np.uint64(0)
        for a in range(3):
            key = (key << np.uint64(21)) | np.uint64(math.floor((xyz[n, a] - lower[a]) / size))
        mixed = key * _MULTIPLIER
        mixed = (mixed ^ (mixed >> np.uint64(32))) * _MULTIPLIER
        inside[n] = (mixed >> np.uint64(40)) % np.uint64(every) == np.uint64(0)
    return inside


@jit(cache=True, nogil=True, parallel=True)
def by_depth(
    xyz: FloatArray,
    starts: IntArray,
    elevation: FloatArray,
    allowed: BoolArray,
    least: float,
    most: float,
    first: int,
    last: int,
) -> BoolArray:
    """Tell which points lie in allowed voxels and within some depths below an elevation.

    Parameters
    ----------
    xyz, starts
        (N, 3) sorted points, metres, local frame, and (M + 1,) the first point of each voxel.
    elevation, allowed
        (M,) metres, local frame, NaN where it is not known and nothing is told; and (M,).
    least, most
        Depths above the one and up to the other count, metres.
    first, last
        Points from the first to before the last are told of.
    """
    told = np.zeros(last - first, np.bool_)
    begin = np.searchsorted(starts, first, side="right") - 1
    end = np.searchsorted(starts, last)
    for voxel in prange(begin, end):
        if allowed[voxel]:
            for n in range(max(starts[voxel], first), min(starts[voxel + 1], last)):
                depth = elevation[voxel] - xyz[n, 2]
                told[n - first] = least < depth <= most
    return told
