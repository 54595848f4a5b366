"""The one pass over the scan: each point goes to its cell on disk."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import InputError
from twin_pipeline.kernels.morton import grid_cells
from twin_pipeline.model import FloatArray, LabelArray, PointChunk
from twin_pipeline.tiles.digest import digest_of
from twin_pipeline.tiles.found import Found
from twin_pipeline.tiles.grid import BUCKET_BIAS, BUCKET_SHIFT, Grid
from twin_pipeline.tiles.pointset import ATTRIBUTE_TYPES, attribute_dtype
from twin_pipeline.tiles.spill import Sorted, Spill, packed_by_cell, record_dtype
from twin_pipeline.tiles.threads import in_order


@dataclass(frozen=True, slots=True, eq=False)
class Distributed:
    """A scan on disk, cell by cell."""

    spill: Spill
    grid: Grid
    found: Found


class Distributor:
    """Sorts the points of a scan into cells."""

    def __init__(
        self,
        path: Path,
        lower: FloatArray,
        labels: LabelArray | None,
        unit_m: float,
        dimensions: Sequence[str],
    ) -> None:
        """Write to `path`, on a grid of `unit_m` that starts at about `lower`.

        Of the scan's attributes those in `dimensions` are kept.
        """
        self._dimensions = dimensions
        self._path = path
        self._lower = np.asarray(lower, dtype=np.float64)
        self._labels = labels
        self._unit_m = unit_m
        self.attributes: Sequence[str] | None = None
        """Names of what any point has; None where all have the same."""
        self._grid: Grid
        self._dtype: np.dtype[np.void]

    def distribute(
        self, chunks: Iterable[PointChunk], tell: Callable[[int], None], threads: int
    ) -> Distributed:
        """Return the sealed spill of all points.

        Chunks are sorted in threads while the next ones are decoded, and written in their order.
        """
        filled = (chunk for chunk in chunks if len(chunk.xyz))
        first = next(filled, None)
        if first is None:
            raise InputError("the scan holds no points: there is nothing to tile")
        self._begin(first)
        found = Found()
        spill = Spill(self._path, self._dtype)
        try:
            with ThreadPoolExecutor(threads) as pool:
                tasks = (partial(self._sorted, chunk) for chunk in chain((first,), filled))
                for part, said in in_order(pool, tasks, threads + 1):
                    spill.append(part)
                    found.add(said)
                    tell(found.points)
            self._check_labels(found.points)
            spill.seal()
        finally:
            spill.close()
        return Distributed(spill, self._grid, found)

    def _begin(self, chunk: PointChunk) -> None:
        if not np.isfinite(chunk.xyz[0]).all():
            raise InputError(f"point {chunk.start} is not finite: {chunk.xyz[0].tolist()}")
        self._grid = Grid.around(chunk.xyz[0], self._lower, self._unit_m)
        present = chunk.attributes if self.attributes is None else self.attributes
        names = set(present) & set(self._dimensions) | (
            {"label"} if self._labels is not None else set()
        )
        self._dtype = record_dtype(attribute_dtype(sorted(names)))

    def _sorted(self, chunk: PointChunk) -> tuple[Sorted, Found]:
        """Return a chunk's records by cell, and what it says about the scan."""
        unit_m = self._unit_m
        keys, ijk, local, bad = grid_cells(
            chunk.xyz, self._grid.origin, unit_m, BUCKET_SHIFT, BUCKET_BIAS
        )
        if bad >= 0:
            reach_km = (BUCKET_BIAS << BUCKET_SHIFT) * unit_m / 1000
            raise InputError(
                f"point {chunk.start + bad} at {chunk.xyz[bad].tolist()} is not finite, or more "
                f"than {reach_km:.0f} km from the first point: remove it from the scan"
            )
        columns = self._columns(chunk)
        found = Found.of(chunk.xyz, columns, digest_of(ijk, columns))
        return packed_by_cell(keys, local, columns, self._dtype), found

    def _columns(self, chunk: PointChunk) -> dict[str, npt.NDArray[Any]]:
        names = self._dtype["attributes"].names or ()
        return {
            name: np.ascontiguousarray(self._column(name, chunk), ATTRIBUTE_TYPES[name])
            for name in names
        }

    def _column(self, name: str, chunk: PointChunk) -> npt.NDArray[Any]:
        if name == "label" and self._labels is not None:
            labels = self._labels[chunk.start : chunk.start + len(chunk.xyz)]
            if len(labels) == len(chunk.xyz):
                return labels
            raise InputError(
                f"point {chunk.start + len(labels)} has no label, there are {len(self._labels)}: "
                "the scan changed since it was measured; run it again"
            )
        values = chunk.attributes.get(name)
        if values is None:
            return np.zeros(len(chunk.xyz), ATTRIBUTE_TYPES[name])
        if name == "gps_time" and not np.isfinite(values).all():
            bad = int(np.flatnonzero(~np.isfinite(values))[0])
            raise InputError(
                f"the GPS time of point {chunk.start + bad} is {values[bad]}: leave gps_time out "
                "of --attributes"
            )
        return values

    def _check_labels(self, points: int) -> None:
        if self._labels is not None and len(self._labels) != points:
            raise InputError(
                f"the scan has {points} points but {len(self._labels)} labels: "
                "it changed since it was measured; run it again"
            )
