"""A cloud pushed together along one direction, so that tubes along it are covered more densely."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Squeeze:
    """Divides lengths along one direction by a factor and leaves those across it as they are.

    A tube along that direction stays a tube of the same radius, and round patches of its surface
    stand for long ones. Local frame, metres.
    """

    direction: FloatArray
    """(3,) unit."""
    factor: float

    def apply(self, xyz: FloatArray) -> FloatArray:
        """Return places (N, 3) pushed together."""
        return self._stretched(xyz, 1.0 / self.factor)

    def undo(self, xyz: FloatArray) -> FloatArray:
        """Return places (N, 3) as they were."""
        return self._stretched(xyz, self.factor)

    def _stretched(self, xyz: FloatArray, factor: float) -> FloatArray:
        # without a library's threads, on whose number the last digits would hang
        along = np.einsum("ij,j->i", xyz, self.direction)
        return np.asarray(xyz + (factor - 1.0) * along[:, None] * self.direction)
