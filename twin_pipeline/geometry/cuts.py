"""Which blocks of space belong to a piece of a cloud, and which lie around them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import voxels
from twin_pipeline.model import BoolArray, FloatArray, IntArray, frozen

KeyArray = npt.NDArray[np.uint64]
Piece = tuple[int, int]
"""First block of a run of them, and the one after its last."""

_KEY_BITS = 21
_AROUND = np.array(list(product((-1, 0, 1), repeat=3)))


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The occupied cubes of space by which a cloud in Morton order is cut. B = blocks."""

    level: int
    """Blocks are 2**level base voxels wide."""
    width_m: float
    lower: FloatArray
    """(3,) corner of the grid, local frame, metres."""
    keys: KeyArray
    """(B,) ascending Morton keys."""
    starts: IntArray
    """(B + 1,) first point of each block."""
    most_points: int
    """Of a piece."""

    @property
    def pieces(self) -> list[Piece]:
        """Runs of blocks of at most so many points; a block that has more is a piece alone."""
        cuts = [0]
        while cuts[-1] < len(self.keys):
            room = int(self.starts[cuts[-1]]) + self.most_points
            last = int(np.searchsorted(self.starts, room, side="right")) - 1
            cuts.append(max(last, cuts[-1] + 1))
        return list(pairwise(cuts))

    def spans(self, numbers: IntArray) -> Iterator[Piece]:
        """Yield runs of successive blocks among rising numbers (C,) of blocks."""
        ends = np.flatnonzero(np.diff(numbers) > 1)
        begins = np.concatenate([[0], ends + 1])
        for begin, end in zip(begins, [*ends, len(numbers) - 1], strict=True):
            yield int(numbers[begin]), int(numbers[end]) + 1

    def with_neighbours(self, piece: Piece) -> IntArray:
        """Return the rising numbers of a piece's blocks and of those that touch them."""
        return self._touching(_places(self.keys[slice(*piece)]))

    def own(self, piece: Piece) -> "Own":
        """Return the space that belongs to a piece.

        What lies beside occupied blocks belongs to the first piece that has one of those.
        """
        around = _neighbours(_places(self.keys[slice(*piece)]))
        empty = around[_find(self.keys, _keys(around)) < 0]
        others = np.sort(_find(self.keys, _keys(empty[:, None] + _AROUND)), axis=1)
        first = np.where(others < 0, len(self.keys), others).min(axis=1)
        beside = empty[(first >= piece[0]) & (first < piece[1])]
        mine = np.vstack([_places(self.keys[slice(*piece)]), beside])
        return Own(np.sort(_keys(mine)), self.lower, self.width_m, self._touching(mine))

    def _touching(self, places: IntArray) -> IntArray:
        found = np.unique(_find(self.keys, _keys(_neighbours(places))))
        return found[found >= 0]


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """The space that belongs to a piece."""

    keys: KeyArray
    """(O,) ascending, of its blocks, occupied or not."""
    lower: FloatArray
    width_m: float
    touching: IntArray
    """(C,) rising numbers of the occupied blocks in it and around it."""

    def holds(self, places: FloatArray) -> BoolArray:
        """Tell which places (P, 3), metres, local frame, lie in it."""
        at = np.floor((places - self.lower) / self.width_m).astype(np.int64)
        return _find(self.keys, _keys(at)) >= 0


def _keys(places: IntArray) -> KeyArray:
    """Return Morton keys (...) of blocks (..., 3), one block below the grid's corner the least.

    Only those of blocks above that corner are what `Blocks.keys` has.
    """
    flat = np.ascontiguousarray(places.reshape(-1, 3))
    keys = voxels.morton_keys(frozen(np.maximum(flat, 0) + 0.5), np.zeros(3), 1.0)
    below = (flat < 0) @ np.array([1, 2, 4])
    return (keys | below.astype(np.uint64) << np.uint64(3 * _KEY_BITS - 3)).reshape(
        places.shape[:-1]
    )


def _places(keys: KeyArray) -> IntArray:
    """Return the numbers (B, 3) along each axis of blocks."""
    places = np.zeros((len(keys), 3), np.int64)
    for bit, axis in product(range(_KEY_BITS), range(3)):
        one = (keys >> np.uint64(3 * bit + axis)) & np.uint64(1)
        places[:, axis] |= one.astype(np.int64) << bit
    return places


def _neighbours(places: IntArray) -> IntArray:
    """Return blocks (C, 3) and all that touch them, each once."""
    return np.unique((places[:, None] + _AROUND).reshape(-1, 3), axis=0)


def _find(sorted_keys: KeyArray, keys: KeyArray) -> IntArray:
    """Return where keys stand among ascending ones, -1 where they don't."""
    at = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.where(sorted_keys[at] == keys, at, -1)
