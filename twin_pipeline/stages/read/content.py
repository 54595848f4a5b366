"""What the points of a scan really are: their box, their density, their repetitions."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.stages.read.decode import Records, iter_records
from twin_pipeline.stages.read.distinct import DistinctCounter
from twin_pipeline.stages.read.header import ScanHeader
from twin_pipeline.stages.read.withheld import flags_of

_CHUNK_POINTS = 1_000_000
# From fine to coarse; the finest in which a cell holds enough points to speak of a density.
_CELLS_M = (0.1, 0.25, 1.0, 4.0, 16.0)
_ENOUGH_POINTS = 5.0
_CELL_SLOTS_LOG2 = 23
_POINT_SLOTS_LOG2 = 24
_WORTH_TELLING = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """Result of one pass over all points."""

    lower: FloatArray
    """(3,) metres, file order."""
    upper: FloatArray
    """(3,) metres, file order."""
    density_per_m2: float | None
    """Mean of the occupied plan cells, None where points are too sparse for any cell size."""
    density_cell_m: float | None
    """Side of those cells."""
    withheld: int
    """Points that are flagged withheld."""
    duplicate_fraction: float
    """Points whose coordinates another point has already, estimated; 0 below 1 %."""


class _Accumulator:
    def __init__(self, header: ScanHeader) -> None:
        self._header = header
        self._lowest = np.full(3, np.iinfo(np.int64).max)
        self._highest = np.full(3, np.iinfo(np.int64).min)
        self._cells = [DistinctCounter(_CELL_SLOTS_LOG2) for _ in _CELLS_M]
        self._points = DistinctCounter(_POINT_SLOTS_LOG2)
        self._withheld = 0

    def add(self, records: Records) -> None:
        counts = [records[axis].astype(np.int64) for axis in "XYZ"]
        for axis, column in enumerate(counts):
            self._lowest[axis] = min(self._lowest[axis], column.min())
            self._highest[axis] = max(self._highest[axis], column.max())
        self._points.add(*counts)
        self._withheld += int(np.count_nonzero(flags_of(records, self._header.point_format)))
        metres = [counts[axis] * self._header.scale[axis] for axis in (0, 1)]
        for side_m, counter in zip(_CELLS_M, self._cells, strict=True):
            counter.add(*(np.floor(column / side_m).astype(np.int64) for column in metres))

    def content(self) -> Content:
        header = self._header
        density, side_m = self._density()
        repeated = 1.0 - self._points.estimate() / header.point_count
        return Content(
            lower=self._lowest * header.scale + header.offset,
            upper=self._highest * header.scale + header.offset,
            density_per_m2=density,
            density_cell_m=side_m,
            withheld=self._withheld,
            duplicate_fraction=repeated if repeated > _WORTH_TELLING else 0.0,
        )

    def _density(self) -> tuple[float | None, float | None]:
        for side_m, counter in zip(_CELLS_M, self._cells, strict=True):
            in_a_cell = self._header.point_count / max(counter.estimate(), 1.0)
            if in_a_cell >= _ENOUGH_POINTS:
                return in_a_cell / side_m**2, side_m
        return None, None


def repeated_fraction(xyz: FloatArray) -> float:
    """Return the share of points (N, 3) whose coordinates another has already; 0 below 1 %."""
    counter = DistinctCounter(_POINT_SLOTS_LOG2)
    for first in range(0, len(xyz), _CHUNK_POINTS):
        columns = xyz[first : first + _CHUNK_POINTS].T
        counter.add(*(np.ascontiguousarray(column).view(np.int64) for column in columns))
    repeated = 1.0 - counter.estimate() / len(xyz)
    return repeated if repeated > _WORTH_TELLING else 0.0


def scan_content(header: ScanHeader) -> Content:
    """Go over all points once, in bounded memory.

    Raises
    ------
    InputError
        If the points can't be read.
    """
    accumulator = _Accumulator(header)
    for records in iter_records(header, _CHUNK_POINTS):
        accumulator.add(records)
    return accumulator.content()
