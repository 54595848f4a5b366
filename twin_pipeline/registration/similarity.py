"""A change of frame: turned, scaled and moved."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray, PointCloud, frozen
from twin_pipeline.shelves import Shelf, in_chunks


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Takes coordinates x to `target` + `scale` * `rotation` (x - `source`).

    Both fixed points lie in the middle of what the change was found from, so that no coordinate of
    a hundred kilometres is multiplied.
    """

    rotation: FloatArray
    """(3, 3) proper."""
    scale: float
    source: FloatArray
    """(3,) metres, in the frame that is left."""
    target: FloatArray
    """(3,) metres, the same point in the new frame."""

    def __post_init__(self) -> None:
        for name in ("rotation", "source", "target"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def apply(self, xyz: FloatArray) -> FloatArray:
        """Return (N, 3) coordinates in the new frame."""
        return np.asarray(self.turned(xyz - self.source) + self.target)

    def turned(self, offsets: FloatArray) -> FloatArray:
        """Return (N, 3) differences of coordinates in the new frame."""
        return np.asarray(self.scale * (offsets @ self.rotation.T))

    def moved(self, cloud: PointCloud, shelf: Shelf | None = None) -> PointCloud:
        """Return a cloud in the new frame, its origin in whole metres again; on a shelf, if any."""
        origin = np.round(self.apply(cloud.origin[np.newaxis])[0])
        rest = self.apply(cloud.origin[np.newaxis])[0] - origin
        if shelf is None:
            return PointCloud(self.turned(cloud.xyz) + rest, origin, cloud.time_s)
        parts = (self.turned(part) + rest for part in in_chunks(cloud.xyz))
        return PointCloud(shelf.joined(parts, np.float64, 3), origin, cloud.time_s)

    def then(self, later: "Similarity") -> "Similarity":
        """Return this change with another one after it."""
        target = later.apply(self.target[np.newaxis])[0]
        turned = later.rotation @ self.rotation
        return Similarity(turned, self.scale * later.scale, self.source, target)

    @property
    def angle_deg(self) -> float:
        """By how much it turns."""
        cosine = (np.trace(self.rotation) - 1.0) / 2.0
        return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def lifted(height_m: float) -> Similarity:
    """Return the change that only raises."""
    return Similarity(np.eye(3), 1.0, np.zeros(3), np.array([0.0, 0.0, height_m]))
