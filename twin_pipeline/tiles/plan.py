"""Divides a spill into parts that fit into memory, as a tree of octree cells."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels.morton import in_z_order, morton_keys
from twin_pipeline.tiles.grid import BUCKET_SHIFT, Cell, common_cell
from twin_pipeline.tiles.pointset import PointSet, as_records, words
from twin_pipeline.tiles.spill import Spill, sorted_by_cell

KEY_BITS = 21
SORTED_BITS = 11
"""Three coordinates of so many bits are sorted in three passes."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Points that are read into memory together."""

    cell: Cell
    spill: Spill
    first: int
    last: int

    @property
    def drop(self) -> int:
        """Low bits of the coordinates that don't matter to the order of the points.

        Up to three of them: hardly two points of a scan are that near to each other, and the sort
        is a pass shorter.
        """
        wide = self.cell.shift - KEY_BITS
        return max(wide, min(3, self.cell.shift - SORTED_BITS), 0)

    @property
    def points(self) -> int:
        """Number of points."""
        return self.spill.count(self.first, self.last)

    def load(self) -> tuple[PointSet, npt.NDArray[np.uint64]]:
        """Return the points in Z-order, and their keys in cells of `2**drop` units in this one.

        Points with the same key stay in the order of the file.
        """
        records = self.spill.load(self.first, self.last)
        corners, counts = self.spill.cells(self.first, self.last)
        base = np.array(self.cell.lower(), dtype=np.int64)
        inner_bits = min(BUCKET_SHIFT, self.cell.shift)
        ijk, others, keys = in_z_order(words(records), corners, counts, base, inner_bits, self.drop)
        return PointSet(ijk, as_records(others, self.spill.dtype["attributes"])), keys


@dataclass(frozen=True, slots=True)
class Branch:
    """A cell that is too big for memory, with its parts in Z-order."""

    cell: Cell
    parts: tuple["Bucket | Branch", ...]


def buckets(part: Bucket | Branch) -> Iterator[Bucket]:
    """Yield the buckets of a plan in Z-order."""
    if isinstance(part, Bucket):
        yield part
        return
    for child in part.parts:
        yield from buckets(child)


class Planner:
    """Makes the plan; cells that are too full are divided on disk."""

    def __init__(self, folder: Path, most: int) -> None:
        """Divide until no bucket has more than `most` points; files are left in the folder."""
        self._folder = folder
        self._most = most
        self._divided = 0

    def plan(self, spill: Spill) -> Bucket | Branch:
        """Return the plan of a sealed spill."""
        return self._plan(spill, 0, len(spill.runs))

    def _plan(self, spill: Spill, first: int, last: int) -> Bucket | Branch:
        cell = common_cell(spill.cell(first), spill.cell(last - 1))
        if spill.count(first, last) <= self._most or cell.shift == 0:
            return Bucket(cell, spill, first, last)
        if cell.shift == spill.shift:
            return self.plan(self._divide(Bucket(cell, spill, first, last)))
        cuts = _octants(spill, first, last, cell)
        return Branch(cell, tuple(self._plan(spill, a, b) for a, b in pairwise(cuts)))

    def _divide(self, bucket: Bucket) -> Spill:
        self._divided += 1
        path = self._folder / f"divided-{self._divided}"
        finer = Spill(path, bucket.spill.dtype, bucket.cell)
        corner = np.array(bucket.cell.lower(), dtype=np.int64)
        for outer, records in bucket.spill.read(bucket.first, bucket.last, self._most):
            ijk = records["local"].astype(np.int32) + outer
            finer.append(sorted_by_cell(morton_keys(ijk, corner, finer.shift), records))
        finer.seal()
        return finer


def _octants(spill: Spill, first: int, last: int, cell: Cell) -> list[int]:
    """Return where the runs of one octant of the cell end and the next one's start."""
    octants = spill.runs[first:last, 0] >> np.uint64(3 * (cell.shift - 1 - spill.shift))
    changes = np.flatnonzero(octants[1:] != octants[:-1]) + 1
    return [first, *(changes + first).tolist(), last]
