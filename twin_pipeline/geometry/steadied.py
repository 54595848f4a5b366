"""A scan from which the scanner's drift was taken, and what of it stays unknown."""

from dataclasses import dataclass

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.recording import Times
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.kernels.adjust import scatter
from twin_pipeline.model import FloatArray, PointCloud
from twin_pipeline.shelves import Shelf

_CHUNK = 1 << 20
_STRETCH_M = 1.0
"""Length of tube whose points tell when it was seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Steadied:
    """Shift of a scan at epochs along its time. E = epochs; metres, local frame."""

    recorded: Times
    """(N,) when each point of the cloud was recorded, in any unit."""
    times: FloatArray
    """(E,) of the epochs, rising."""
    shift: FloatArray
    """(E, 3)"""
    covariance: FloatArray
    """(3E, 3E) of the shift, metres squared: what all epochs share no surface tells."""

    def cloud(self, cloud: PointCloud, shelf: Shelf | None) -> PointCloud:
        """Return the cloud without its shift; on a shelf where there is one."""
        moved = shelf.roll(np.float64, 3) if shelf is not None else None
        xyz = np.empty((0 if moved is not None else len(cloud), 3))
        for first in range(0, len(cloud), _CHUNK):
            part = slice(first, min(first + _CHUNK, len(cloud)))
            steady = cloud.xyz[part] - self._shift_of(part)
            if moved is not None:
                moved.append(steady)
            else:
                xyz[part] = steady
        return PointCloud(moved.finish() if moved is not None else xyz, cloud.origin, cloud.time_s)

    def _shift_of(self, part: slice) -> FloatArray:
        index = np.arange(part.start, part.stop, dtype=np.uint32)
        shift: FloatArray = scatter.shift_at(
            self._epochs(self.recorded[index].astype(np.float64)), self.shift
        )
        return shift

    def _epochs(self, recorded: FloatArray) -> FloatArray:
        return np.interp(recorded, self.times, np.arange(len(self.times), dtype=np.float64))

    def common_std(
        self, tube: Tube, xyz: FloatArray, recorded: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return how far off, across and up, the scan as a whole may be where a tube was seen.

        Parameters
        ----------
        xyz, recorded
            (P, 3) and (P,) of the tube's points.

        Returns
        -------
        (K,) standard deviations at its nodes, metres.
        """
        _, nearest = scipy.spatial.cKDTree(tube.nodes).query(xyz)
        stretch = (polyline.chainage(tube.nodes) / _STRETCH_M).astype(np.int64)
        epoch = np.rint(self._epochs(recorded)).astype(np.int64)
        count, epochs = int(stretch[-1]) + 1, len(self.times)
        held = np.bincount(stretch[nearest] * epochs + epoch, minlength=count * epochs)
        held = held.reshape(count, epochs)
        seen = np.flatnonzero(held.any(axis=1))
        share = held[seen] / held[seen].sum(axis=1, keepdims=True)
        blocks = self.covariance.reshape(epochs, 3, epochs, 3)
        spread = np.einsum("se,eafb,sf->sab", share, blocks, share, optimize=True)
        own = spread[np.abs(stretch[:, None] - seen[None]).argmin(axis=1)]
        course = polyline.directions(tube.nodes, _STRETCH_M)
        across = np.cross(course, [0.0, 0.0, 1.0])
        across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
        level = np.einsum("ka,kab,kb->k", across, own, across)
        return np.sqrt(np.maximum(level, 0.0)), np.sqrt(np.maximum(own[:, 2, 2], 0.0))
