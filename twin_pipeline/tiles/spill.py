"""Points on disk between the passes: one file, in which each run of points is of one cell."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import rows
from twin_pipeline.kernels.morton import stable_argsort
from twin_pipeline.tiles.grid import BUCKET_SHIFT, Cell
from twin_pipeline.tiles.pointset import Records, words

Runs = npt.NDArray[np.uint64]
"""(R, 3) uint64: key of the cell, first record, count."""


def record_dtype(attributes: np.dtype[np.void]) -> np.dtype[np.void]:
    """Return the type of a point on disk: its place in a cell of `BUCKET_SHIFT`, its attributes."""
    return np.dtype([("local", np.uint16, 3), ("attributes", attributes)])


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """Records in the order of their cells."""

    records: Records
    runs: Runs
    """First records are counted from the start of `records`."""


def sorted_by_cell(keys: npt.NDArray[np.uint64], records: Records) -> Sorted:
    """Return records (N,) in the order of their cells' keys (N,)."""
    order = stable_argsort(keys)
    ordered = rows.gather(words(records), order).view(records.dtype).reshape(-1)
    return Sorted(ordered, _runs(keys, order))


def packed_by_cell(
    keys: npt.NDArray[np.uint64],
    local: npt.NDArray[np.uint16],
    columns: Mapping[str, npt.NDArray[Any]],
    dtype: np.dtype[np.void],
) -> Sorted:
    """Return records of places in cells, (N, 3), and columns, (N,), in the order of the cells."""
    order = stable_argsort(keys)
    records = np.empty(len(keys), dtype)
    rows.gather_into(records["local"], local, order)
    attributes = records["attributes"]
    for name, values in columns.items():
        rows.gather_into(attributes[name][:, None], values[:, None], order)
    return Sorted(records, _runs(keys, order))


def _runs(keys: npt.NDArray[np.uint64], order: npt.NDArray[np.uint32]) -> Runs:
    """Return the runs of equal keys once they are in order."""
    keys = rows.gather(keys[:, None], order)[:, 0]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    runs = np.empty((len(starts), 3), dtype=np.uint64)
    runs[:, 0], runs[:, 1] = keys[starts], starts
    runs[:, 2] = np.diff(np.append(starts, len(keys)))
    return runs


class Spill:
    """Collects points by cell and gives them back cell by cell, in the order they came in."""

    def __init__(self, path: Path, dtype: np.dtype[np.void], inside: Cell | None = None) -> None:
        """Open the file; `inside` is set where the points of one cell are divided further."""
        self.dtype = dtype
        self.inside = inside
        self.shift = BUCKET_SHIFT if inside is None else max(0, inside.shift - 3)
        self.path = path
        self._file = path.open("wb")
        self._written = 0
        self._runs: list[Runs] = []
        self.runs: Runs = np.empty((0, 3), dtype=np.uint64)
        """By key once the spill is sealed."""

    @classmethod
    def sealed(cls, path: Path, dtype: np.dtype[np.void], runs: Runs) -> Self:
        """Return a spill that was written before."""
        spill = cls.__new__(cls)
        spill.dtype, spill.inside, spill.shift = dtype, None, BUCKET_SHIFT
        spill.path, spill.runs = path, runs
        return spill

    def sync(self) -> None:
        """Bring the points onto the disk."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())

    def close(self) -> None:
        """End writing."""
        self._file.close()

    def append(self, part: Sorted) -> None:
        """Write points."""
        self._file.write(part.records.data.cast("B"))
        runs = part.runs.copy()
        runs[:, 1] += np.uint64(self._written)
        self._runs.append(runs)
        self._written += len(part.records)

    def seal(self) -> None:
        """End writing and bring the runs into the order of the cells."""
        self._file.close()
        runs = np.concatenate(self._runs)
        self._runs.clear()
        self.runs = runs[stable_argsort(np.ascontiguousarray(runs[:, 0]))]

    def cell(self, run: int) -> Cell:
        """Return the cell of a run."""
        key = int(self.runs[run, 0])
        if self.inside is None:
            return Cell(self.shift, key)
        return Cell(self.shift, (self.inside.code << 3 * (self.inside.shift - self.shift)) | key)

    def count(self, first: int, last: int) -> int:
        """Return the number of points in the runs first ... last - 1."""
        return int(self.runs[first:last, 2].sum())

    def cells(self, first: int, last: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Return the cells of the runs first ... last - 1: (C, 3) `corner` and (C,) points."""
        runs = self.runs[first:last]
        starts = np.flatnonzero(np.diff(runs[:, 0], prepend=~runs[0, 0]))
        corners = [self.corner(first + start) for start in starts.tolist()]
        counts = np.add.reduceat(runs[:, 2], starts).astype(np.int64)
        return np.array(corners, np.int32), counts

    def corner(self, run: int) -> npt.NDArray[np.int32]:
        """Return the (3,) corner of a run's `BUCKET_SHIFT` cell, grid units."""
        cell = self.cell(run) if self.inside is None else self.inside
        return np.array(cell.ancestor(BUCKET_SHIFT).lower(), dtype=np.int32)

    def load(self, first: int, last: int) -> Records:
        """Return the records of the runs first ... last - 1, run by run."""
        records = np.empty(self.count(first, last), self.dtype)
        raw, size = records.data.cast("B"), self.dtype.itemsize
        place = 0
        with self.path.open("rb", buffering=0) as file:
            for _, start, count in self.runs[first:last].tolist():
                file.seek(start * size)
                _fill(file, raw[place : place + count * size])
                place += count * size
        return records

    def read(
        self, first: int, last: int, most: int
    ) -> Iterator[tuple[npt.NDArray[np.int32], Records]]:
        """Yield the points of the runs first ... last - 1, at most `most` at a time.

        Yields
        ------
        (3,) int32 corner of their `BUCKET_SHIFT` cell in grid units; (N,) records.
        """
        with self.path.open("rb", buffering=0) as file:
            for run in range(first, last):
                corner = self.corner(run)
                file.seek(int(self.runs[run, 1]) * self.dtype.itemsize)
                count = int(self.runs[run, 2])
                for offset in range(0, count, most):
                    yield corner, np.fromfile(file, self.dtype, min(most, count - offset))


def _fill(file: Any, raw: memoryview) -> None:  # noqa: ANN401 - an unbuffered file
    while len(raw):
        got = file.readinto(raw)
        if not got:
            raise OSError("a temporary file became shorter while it was used")
        raw = raw[got:]
