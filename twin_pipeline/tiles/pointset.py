"""Points in memory, and the attributes that go with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import rows
from twin_pipeline.model import BoolArray

COLOURS = ("red", "green", "blue")

ATTRIBUTE_TYPES: dict[str, type[np.generic]] = {
    "red": np.uint16,
    "green": np.uint16,
    "blue": np.uint16,
    "intensity": np.uint16,
    "classification": np.uint8,
    "return_number": np.uint8,
    "gps_time": np.float64,
    "label": np.uint16,
    "withheld": np.uint8,
}
"""What tiles carry of a scan's dimensions, and of the result (`label`).

A new one stands last: digests of tiles that exist hang on the order.
"""

Records = npt.NDArray[Any]


def attribute_dtype(names: Sequence[str]) -> np.dtype[np.void]:
    """Return the record type of the attributes that are present, in a fixed order.

    Records are a whole number of 16-bit words long, in which `rows` moves them.
    """
    complete = all(name in names for name in COLOURS)
    wanted = [name for name in ATTRIBUTE_TYPES if name in names]
    kept = [name for name in wanted if complete or name not in COLOURS]
    packed = np.dtype([(name, ATTRIBUTE_TYPES[name]) for name in kept])
    places = [packed.fields[name][1] for name in kept] if packed.fields else []
    return np.dtype(
        {
            "names": kept,
            "formats": [ATTRIBUTE_TYPES[name] for name in kept],
            "offsets": places,
            "itemsize": max(2, packed.itemsize + packed.itemsize % 2),
        }
    )


def words(records: Records) -> npt.NDArray[np.uint16]:
    """Return contiguous records (N,) as (N, W) words."""
    return records.view(np.uint16).reshape(len(records), -1)


@dataclass(frozen=True, slots=True, eq=False)
class PointSet:
    """Points in Z-order."""

    ijk: npt.NDArray[np.int32]
    """(N, 3) int32, grid units."""
    attributes: Records
    """(N,) records of `attribute_dtype`."""
    whole: "PointSet | None" = None
    """The points of which these are a part, if they are."""
    first: int = 0
    """Where in `whole` they begin."""

    def __len__(self) -> int:
        return len(self.ijk)

    def part(self, first: int, last: int) -> "PointSet":
        """Return a view of the points first ... last - 1."""
        whole = self if self.whole is None else self.whole
        ijk, attributes = self.ijk[first:last], self.attributes[first:last]
        return PointSet(ijk, attributes, whole, self.first + first)

    def split(self, chosen: BoolArray) -> tuple["PointSet", "PointSet"]:
        """Return the chosen points and the others, each in the same order."""
        count = int(np.count_nonzero(chosen))
        ijk = rows.split(self.ijk, chosen, count)
        attributes = rows.split(words(self.attributes), chosen, count)
        dtype = self.attributes.dtype
        return (
            PointSet(ijk[0], as_records(attributes[0], dtype)),
            PointSet(ijk[1], as_records(attributes[1], dtype)),
        )

    def follows(self, other: "PointSet") -> bool:
        """Whether these points stand right after others in what both are parts of."""
        return self.whole is other.whole and self.first == other.first + len(other)

    def copied(self) -> "PointSet":
        """Return the points in memory of their own."""
        return PointSet(self.ijk.copy(), self.attributes.copy())

    @staticmethod
    def joined(parts: Sequence["PointSet"]) -> "PointSet":
        """Return all points one part after the other; a view where they stand so already."""
        if len(parts) == 1:
            return parts[0]
        whole = parts[0].whole
        if whole is not None and all(b.follows(a) for a, b in pairwise(parts)):
            return whole.part(parts[0].first, parts[-1].first + len(parts[-1]))
        dtype = parts[0].attributes.dtype
        attributes = np.concatenate([words(part.attributes) for part in parts])
        return PointSet(np.concatenate([part.ijk for part in parts]), as_records(attributes, dtype))


def as_records(held: npt.NDArray[np.uint16], dtype: np.dtype[np.void]) -> Records:
    """Return (N, W) words as (N,) records."""
    return held.view(dtype).reshape(-1)
