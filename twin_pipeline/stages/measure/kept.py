"""Where a measurement takes no points from."""

from dataclasses import dataclass

import numpy as np
import scipy

from twin_pipeline.model import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What a measurement keeps away from."""

    line: FloatArray
    """(K, 3) local frame, metres, in small steps."""
    distance_m: float
    end: FloatArray | None = None
    """(3,) of a course, beyond which all is kept away from, too; metres."""
    outward: FloatArray | None = None
    """(3,) unit direction in which the course leaves its end."""

    def clear(self, places: FloatArray) -> BoolArray:
        """Tell which places (N, 3) are farther away, and not beyond the end."""
        tree = scipy.spatial.cKDTree(self.line)
        distance, _ = tree.query(places, distance_upper_bound=self.distance_m)
        clear = np.isinf(distance)
        if self.end is not None and self.outward is not None:
            clear &= (places - self.end) @ self.outward <= 0.0
        return np.asarray(clear)
