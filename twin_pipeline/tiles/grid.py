"""The integer grid that all points stand on, and the octree cells of that grid.

Coordinates are whole grid units from an origin, so that a point is the same in the file, in a
tile and on the way between them. A cell is named by its Z-order code, a Python integer without a
limit of bits, and is `2**shift` units wide.
"""

import math
from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray

BUCKET_SHIFT = 12
"""Points are first sorted into cells of `2**12` units, 4.1 m at millimetres."""

BUCKET_BIAS = 1 << 19
"""Added to cell numbers so that none is negative; coordinates then fit 32 bits."""


FINEST_M, COARSEST_M = 0.0001, 0.01
"""Grid units are within these; a file with a coarser scale stands on a finer grid as well."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A cube of the octree."""

    shift: int
    code: int

    def ancestor(self, shift: int) -> "Cell":
        """Return the cell of width `2**shift` around this one; `shift` is not below this one's."""
        return Cell(shift, self.code >> 3 * (shift - self.shift))

    def lower(self) -> tuple[int, int, int]:
        """Return the lowest corner, grid units from the grid's origin."""
        x, y, z = (
            (_every_third_bit(self.code >> axis) << self.shift) - (BUCKET_BIAS << BUCKET_SHIFT)
            for axis in range(3)
        )
        return x, y, z

    def name(self) -> str:
        """Return shift/x_y_z, a path of its own for each cell."""
        return f"{self.shift}/" + "_".join(str(corner >> self.shift) for corner in self.lower())


def common_cell(first: Cell, last: Cell) -> Cell:
    """Return the smallest cell that holds two cells of the same width."""
    shift = first.shift + ((first.code ^ last.code).bit_length() + 2) // 3
    return first.ancestor(shift)


def _every_third_bit(code: int) -> int:
    return int("".join(str(int(digit) & 1) for digit in f"{code:o}"), 2)


def file_unit(scale_m: FloatArray) -> float:
    """Return the grid unit on which a file with a scale of (3,) metres loses nothing.

    Scales that are no multiples of the finest, and finer ones than a tenth of a millimetre, are
    taken to a tenth of a millimetre, far below what any scanner measures.
    """
    finest = float(np.min(scale_m))
    multiples = scale_m / finest
    if finest < FINEST_M or np.abs(multiples - np.rint(multiples)).max() > 1e-6:
        return FINEST_M
    return finest / max(1, math.ceil(finest / COARSEST_M - 1e-6))


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where the grid lies in the scan frame."""

    origin: FloatArray
    """(3,) float64, metres, scan frame."""
    unit_m: float

    @classmethod
    def around(cls, point: FloatArray, lower: FloatArray, unit_m: float) -> "Grid":
        """Return a grid through a point of the file, with its zero at the lower bound.

        Points of a file stand on a grid of its scale already; starting from one of them rather
        than from a rounded bound keeps them on it. A bound that is not finite or far from the
        point is a broken header, and the point itself is taken.
        """
        steps = np.rint((point - lower) / unit_m)
        usable = np.isfinite(steps) & (steps >= 0) & (steps < 1 << 30)
        return cls(point - np.where(usable, steps, 0.0) * unit_m, unit_m)

    def to_scan(self, ijk: FloatArray) -> FloatArray:
        """Return the (N, 3) scan coordinates of (N, 3) grid coordinates."""
        scan: FloatArray = self.origin + np.asarray(ijk, dtype=np.float64) * self.unit_m
        return scan
