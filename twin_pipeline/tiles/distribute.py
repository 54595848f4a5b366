"""The one pass over the scan: each point goes to its cell on disk."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.errors import InputError
from twin_pipeline.kernels.morton import grid_cells
from twin_pipeline.model import FloatArray, LabelArray, PointChunk
from twin_pipeline.tiles.grid import BUCKET_BIAS, BUCKET_SHIFT, Grid
from twin_pipeline.tiles.pointset import COLOURS, attribute_dtype
from twin_pipeline.tiles.spill import Spill, record_dtype


@dataclass(slots=True, eq=False)
class Found:
    """What the pass learns about the points."""

    points: int = 0
    lower: FloatArray = field(default_factory=lambda: np.full(3, np.inf))
    """(3,) scan frame, metres."""
    upper: FloatArray = field(default_factory=lambda: np.full(3, -np.inf))
    """(3,) scan frame, metres."""
    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Least and greatest value of each attribute."""
    colour_bits: int = 0
    """Bits that are set in any colour."""

    @property
    def middle(self) -> FloatArray:
        """(3,) centre of the bounds, scan frame, metres."""
        return (self.lower + self.upper) / 2

    @property
    def full_scale(self) -> int:
        """Colour code of full brightness.

        LAS colours have 16 bits; many scanners write 8-bit values into them all the same, as they
        are (no point of the whole file exceeds 255) or 256 times (no low byte is ever set).
        """
        if self.colour_bits < 256:
            return 255
        return 65280 if self.colour_bits & 255 == 0 else 65535

    def take(self, xyz: FloatArray, attributes: npt.NDArray[np.void]) -> None:
        """Add some points."""
        self.points += len(xyz)
        lower, upper = bounds_of(xyz)
        self.lower = np.minimum(self.lower, lower)
        self.upper = np.maximum(self.upper, upper)
        for name in attributes.dtype.names or ():
            values = np.ascontiguousarray(attributes[name])
            least, most = int(values.min()), int(values.max())
            before = self.ranges.get(name, (least, most))
            self.ranges[name] = (min(before[0], least), max(before[1], most))
            if name in COLOURS:
                self.colour_bits |= int(np.bitwise_or.reduce(values))


class Distributor:
    """Sorts the points of a scan into cells."""

    def __init__(
        self, folder: Path, lower: FloatArray, labels: LabelArray | None, unit_m: float
    ) -> None:
        """Write to `folder`, on a grid of `unit_m` that starts at about `lower`."""
        self._folder = folder
        self._lower = np.asarray(lower, dtype=np.float64)
        self._labels = labels
        self._unit_m = unit_m
        self.found = Found()
        self.grid: Grid
        """Known once the first points are seen."""

    def distribute(self, chunks: Iterable[PointChunk], tell: Callable[[int], None]) -> Spill:
        """Return the sealed spill of all points."""
        filled = (chunk for chunk in chunks if len(chunk.xyz))
        first = next(filled, None)
        if first is None:
            raise InputError("the scan holds no points: there is nothing to tile")
        with ExitStack() as stack:
            spill = stack.enter_context(self._begin(first))
            for chunk in chain((first,), filled):
                self._append(spill, chunk)
                tell(self.found.points)
            self._check_labels()
            spill.seal()
            stack.pop_all()
        return spill

    def _begin(self, chunk: PointChunk) -> Spill:
        if not np.isfinite(chunk.xyz[0]).all():
            raise InputError(f"point {chunk.start} is not finite: {chunk.xyz[0].tolist()}")
        self.grid = Grid.around(chunk.xyz[0], self._lower, self._unit_m)
        names = set(chunk.attributes) | ({"label"} if self._labels is not None else set())
        return Spill(self._folder / "points", record_dtype(attribute_dtype(sorted(names))))

    def _append(self, spill: Spill, chunk: PointChunk) -> None:
        unit_m = self._unit_m
        keys, local, bad = grid_cells(
            chunk.xyz, self.grid.origin, unit_m, BUCKET_SHIFT, BUCKET_BIAS
        )
        if bad >= 0:
            reach_km = (BUCKET_BIAS << BUCKET_SHIFT) * unit_m / 1000
            raise InputError(
                f"point {chunk.start + bad} at {chunk.xyz[bad].tolist()} is not finite, or more "
                f"than {reach_km:.0f} km from the first point: remove it from the scan"
            )
        records = np.empty(len(keys), dtype=spill.dtype)
        records["local"] = local
        attributes = records["attributes"]
        for name in attributes.dtype.names or ():
            attributes[name] = self._column(name, chunk)
        self.found.take(chunk.xyz, attributes)
        spill.append(keys, records)

    def _check_labels(self) -> None:
        if self._labels is not None and len(self._labels) != self.found.points:
            raise InputError(
                f"the scan has {self.found.points} points but {len(self._labels)} labels: "
                "it changed since it was measured; run it again"
            )

    def _column(self, name: str, chunk: PointChunk) -> npt.NDArray[np.generic]:
        if name == "label" and self._labels is not None:
            labels = self._labels[chunk.start : chunk.start + len(chunk.xyz)]
            if len(labels) == len(chunk.xyz):
                return labels
            raise InputError(
                f"point {chunk.start + len(labels)} has no label, there are {len(self._labels)}: "
                "the scan changed since it was measured; run it again"
            )
        return chunk.attributes[name]
