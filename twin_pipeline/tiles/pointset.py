"""Points in memory, and the attributes that go with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

COLOURS = ("red", "green", "blue")

ATTRIBUTE_TYPES: dict[str, type[np.generic]] = {
    "red": np.uint16,
    "green": np.uint16,
    "blue": np.uint16,
    "intensity": np.uint16,
    "classification": np.uint8,
    "label": np.uint16,
}
"""What tiles carry of a scan's dimensions, and of the result (`label`)."""


def attribute_dtype(names: Sequence[str]) -> np.dtype[np.void]:
    """Return the record type of the attributes that are present, in a fixed order."""
    complete = all(name in names for name in COLOURS)
    wanted = [name for name in ATTRIBUTE_TYPES if name in names]
    kept = [name for name in wanted if complete or name not in COLOURS]
    return np.dtype([(name, ATTRIBUTE_TYPES[name]) for name in kept])


@dataclass(frozen=True, slots=True, eq=False)
class PointSet:
    """Points in Z-order."""

    ijk: npt.NDArray[np.int32]
    """(N, 3) int32, grid units."""
    attributes: npt.NDArray[Any]
    """(N,) records of `attribute_dtype`."""

    def __len__(self) -> int:
        return len(self.ijk)

    def take(self, which: npt.NDArray[Any] | slice) -> Self:
        """Return the chosen points, in the same order."""
        if isinstance(which, slice):
            return type(self)(self.ijk[which], self.attributes[which])
        places = np.flatnonzero(which) if which.dtype == np.bool_ else which
        # take copies whole records, indexing field by field
        return type(self)(self.ijk[places], np.take(self.attributes, places))

    def copied(self) -> Self:
        """Return the points in memory of their own."""
        return type(self)(self.ijk.copy(), self.attributes.copy())

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return all points one part after the other."""
        if len(parts) == 1:
            return parts[0]
        ijk = np.concatenate([part.ijk for part in parts])
        return cls(ijk, np.concatenate([part.attributes for part in parts]))
