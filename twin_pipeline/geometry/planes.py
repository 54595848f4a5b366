"""Planes fitted around the voxels of a level: around all of them, or around those asked for."""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import neighbourhood, voxels
from twin_pipeline.model import BoolArray, FloatArray, SingleArray

_BLOCK_LEVELS = 2
_SAMPLE_RUNS, _SAMPLE_BLOCKS = 128, 8
_AT_ONCE = 20_000
_LEAST_POINTS = 5
_LEAST_WIDTH = 0.3
"""Of a voxel, the rms extent of what is no edge."""

VoxelArray = npt.NDArray[np.int64]
ALL = slice(None)


@dataclass(frozen=True, eq=False)
class Surface:
    """Planes fitted around the M voxels of a level, local frame, metres.

    What does not hang on where the frame's zero lies is in single precision.
    """

    centroid: FloatArray
    """(M, 3) mean of the points used."""
    normal: npt.NDArray[Any]
    """(M, 3) unit, sign arbitrary."""
    thickness_m: SingleArray
    """(M,) rms distance of the points from the plane."""
    width_m: SingleArray
    """(M,) rms extent along the shorter side."""
    count: npt.NDArray[np.int32]
    """(M,) points used."""

    def usable(self, voxel: VoxelArray | slice, size_m: float, most_thick: float) -> BoolArray:
        """Tell which of some voxels (P,) are no edges, scattered points or thinly covered."""
        width_m = self.width_m[voxel]
        return np.asarray(
            (self.count[voxel] >= _LEAST_POINTS)
            & (self.thickness_m[voxel] < most_thick * width_m)
            & (width_m > _LEAST_WIDTH * size_m)
        )

    def normal_std_rad(self, voxel: VoxelArray | slice, usable: BoolArray) -> SingleArray:
        """Return the std (P,) of the normals of some voxels, radians; 1 where unusable (P,)."""
        error = self.thickness_m[voxel] / np.maximum(self.width_m[voxel], 1e-9)
        error /= np.sqrt(np.maximum(self.count[voxel] - 3, 1))
        return np.where(usable, error, np.float32(1.0)).astype(np.float32)


class Planes:
    """Fits planes block by block of voxels, each when it is first asked for.

    On levels too fine for a cloud only a few thin tubes ask for any.
    """

    def __init__(
        self,
        xyz: FloatArray,
        keys: npt.NDArray[np.uint64],
        starts: VoxelArray,
        size_m: float,
    ) -> None:
        self._xyz, self._keys, self._starts, self._size_m = xyz, keys, starts, size_m
        self._blocks, self._first = voxels.level_starts(keys, _BLOCK_LEVELS)
        self._table = voxels.hash_table(self._blocks)
        count = len(keys)
        self._fitted = Surface(
            np.empty((count, 3)),
            np.empty((count, 3), np.float32),
            np.empty(count, np.float32),
            np.empty(count, np.float32),
            np.empty(count, np.int32),
        )
        self._has_planes = np.zeros(len(self._blocks), bool)
        self._all = False
        self._asked = threading.Lock()

    def around_all(self) -> Surface:
        """Return the planes around all voxels."""
        with self._asked:
            self._fit(np.flatnonzero(~self._has_planes))
            # nothing is asked of these any more
            self._blocks, self._table = self._blocks[:0].copy(), self._table[:0].copy()
            self._first = self._first[:0].copy()
            self._all = True
        return self._fitted

    def around(self, voxel: VoxelArray) -> Surface:
        """Return planes of which those around some voxels (P,) may be looked at."""
        with self._asked:
            if not self._all:
                asked = np.zeros(len(self._blocks), bool)
                asked[np.searchsorted(self._first, voxel, side="right") - 1] = True
                self._fit(np.flatnonzero(asked & ~self._has_planes))
        return self._fitted

    def _fit(self, chosen: VoxelArray) -> None:
        """Fit planes around the voxels of some blocks (C,), not of all at once: that takes room."""
        for first in range(0, len(chosen), _AT_ONCE):
            self._fit_some(chosen[first : first + _AT_ONCE])

    def _fit_some(self, chosen: VoxelArray) -> None:
        beside = voxels.beside_blocks(self._blocks, self._table, chosen)
        near = np.zeros(len(self._blocks), bool)
        near[beside[beside != voxels.EMPTY]] = True
        count = len(self._keys)
        means, scatter = np.empty((count, 3)), np.empty((count, 6), np.float32)
        voxels.voxel_moments(
            self._xyz, self._starts, self._first, np.flatnonzero(near), means, scatter
        )
        fitted = self._fitted
        neighbourhood.neighbourhood_normals(
            self._keys,
            self._starts,
            self._first,
            beside,
            means,
            scatter,
            1.5 * self._size_m,
            (fitted.centroid, fitted.normal, fitted.thickness_m, fitted.width_m, fitted.count),
        )
        self._has_planes[chosen] = True


def sample(keys: npt.NDArray[np.uint64]) -> VoxelArray:
    """Return voxels (S,) from all over a level of ascending keys (M,), in blocks beside another."""
    _, first = voxels.level_starts(keys, _BLOCK_LEVELS)
    count = len(first) - 1
    every = max(count // _SAMPLE_RUNS, _SAMPLE_BLOCKS)
    runs = [
        np.arange(first[begin], first[min(begin + _SAMPLE_BLOCKS, count)])
        for begin in range(0, count, every)
    ]
    return np.concatenate(runs)
