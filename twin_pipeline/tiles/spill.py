"""Points on disk between the passes: one file, in which each run of points is of one cell."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels.morton import stable_argsort
from twin_pipeline.tiles.grid import BUCKET_SHIFT, Cell


def record_dtype(attributes: np.dtype[np.void]) -> np.dtype[np.void]:
    """Return the type of a point on disk: its place in a cell of `BUCKET_SHIFT`, its attributes."""
    return np.dtype([("local", np.uint16, 3), ("attributes", attributes)])


class Spill:
    """Collects points by cell and gives them back cell by cell, in the order they came in."""

    def __init__(self, path: Path, dtype: np.dtype[np.void], inside: Cell | None = None) -> None:
        """Open the file; `inside` is set where the points of one cell are divided further."""
        self.dtype = dtype
        self.inside = inside
        self.shift = BUCKET_SHIFT if inside is None else max(0, inside.shift - 3)
        self._path = path
        self._file = path.open("wb")
        self._written = 0
        self._runs: list[npt.NDArray[np.uint64]] = []
        self.runs = np.empty((0, 3), dtype=np.uint64)
        """(R, 3) uint64: key, first record, count; by key once the spill is sealed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _ = kind, error, trace
        self.close()

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def append(self, keys: npt.NDArray[np.uint64], records: npt.NDArray[Any]) -> None:
        """Write points, (N,) keys of their cells and (N,) records, sorted by cell."""
        order = stable_argsort(keys)
        keys = keys[order]
        # take copies whole records, indexing field by field
        self._file.write(memoryview(np.take(records, order)).cast("B"))
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        counts = np.diff(np.append(starts, len(keys)))
        runs = np.empty((len(starts), 3), dtype=np.uint64)
        runs[:, 0], runs[:, 1], runs[:, 2] = keys[starts], starts + self._written, counts
        self._runs.append(runs)
        self._written += len(keys)

    def seal(self) -> None:
        """End writing and bring the runs into the order of the cells."""
        self._file.flush()
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

    def read(
        self, first: int, last: int, most: int
    ) -> Iterator[tuple[npt.NDArray[np.int32], npt.NDArray[Any]]]:
        """Yield the points of the runs first ... last - 1, at most `most` at a time.

        Yields
        ------
        (3,) int32 corner of their `BUCKET_SHIFT` cell in grid units; (N,) records.
        """
        with self._path.open("rb", buffering=0) as file:
            for run in range(first, last):
                cell = self.cell(run) if self.inside is None else self.inside
                corner = np.array(cell.ancestor(BUCKET_SHIFT).lower(), dtype=np.int32)
                file.seek(int(self.runs[run, 1]) * self.dtype.itemsize)
                count = int(self.runs[run, 2])
                for offset in range(0, count, most):
                    yield corner, np.fromfile(file, self.dtype, min(most, count - offset))
