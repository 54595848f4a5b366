"""Damped random walks: how a scan's shift may change with time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from twin_pipeline.model import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Walk:
    """A damped random walk of the scan's shift along each axis (Ornstein-Uhlenbeck process)."""

    size_m: float
    """Standard deviation of a shift."""
    likeness: float
    """Correlation from one epoch to the next."""

    def precision(self, free: BoolArray) -> FloatArray:
        """Return the inverse covariance (E, E) along one axis; where free (E - 1,) it may jump."""
        like = np.where(free, 0.0, self.likeness)
        tied = like**2 / (1.0 - like**2)
        inverse = np.diag(1.0 + np.append(tied, 0.0) + np.append(0.0, tied))
        at = np.arange(len(free))
        inverse[at, at + 1] = inverse[at + 1, at] = -like / (1.0 - like**2)
        return np.asarray(inverse / self.size_m**2)

    def log_determinant(self, free: BoolArray) -> float:
        """Return the logarithm of the determinant of `precision`."""
        like = np.where(free, 0.0, self.likeness)
        return float(-np.log1p(-(like**2)).sum() - 2.0 * (len(free) + 1) * math.log(self.size_m))


def walks(sizes_m: Sequence[float], likeness: Sequence[float]) -> Iterator[Walk]:
    """Yield a walk for every size and likeness."""
    return (Walk(size_m, like) for size_m, like in product(sizes_m, likeness))
