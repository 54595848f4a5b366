"""Keys of cells and cubes, and the hash tables in which these are found."""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

IntArray = npt.NDArray[np.int64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
FREE = np.int64(-1)
"""What a slot of a table holds that holds no key."""


@jit(cache=True, nogil=True, inline="always")
def packed(ix: int, iy: int, iz: int) -> np.int64:
    """Return the key of a cell: 21 bits for each number."""
    return (np.int64(ix) << 42) | (np.int64(iy) << 21) | np.int64(iz)


@jit(cache=True, nogil=True, inline="always")
def mixed(key: int) -> np.uint64:
    """Return bits that all bits of a key have a part in, the lower ones of the result too."""
    spread = np.uint64(key) * _MULTIPLIER
    return np.uint64(spread ^ (spread >> np.uint64(32)))


@jit(cache=True, nogil=True)
def slot_of(table: IntArray, key: int) -> np.uint64:
    """Return the slot that holds `key`, or the free slot where it belongs."""
    mask = np.uint64(len(table) - 1)
    slot = mixed(key) & mask
    while table[slot] != FREE and table[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot
