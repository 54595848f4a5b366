"""The cloud in Morton order with voxel levels and the planes fitted in them."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.geometry.planes import ALL, Planes, Surface, sample
from twin_pipeline.geometry.recording import Recording, Times, recording_order
from twin_pipeline.kernels import neighbourhood, ordering, voxels
from twin_pipeline.kernels.adjust import nearest
from twin_pipeline.model import BoolArray, FloatArray, PointCloud, SingleArray, frozen

MAX_VOXELS_PER_AXIS = 2**21
MOST_THICK = 0.5
_POINTS_PER_VOXEL = 1.5
_GATHER_SIZE_M = 0.1
_NODES_AT_ONCE = 4
_CLEARLY_MOST = 0.65
"""Of a sample, that leaves no doubt about more than half of all."""

Chosen = Callable[[int, int], BoolArray]
"""Tells which of the points from a first to before a last one are chosen."""


@dataclass(frozen=True, eq=False)
class VoxelLevel:
    """One level of the pyramid; voxels are 2**level base voxels wide. M = occupied voxels."""

    size_m: float
    lower: FloatArray
    """(3,) corner of the grid, local frame."""
    xyz: FloatArray
    """(N, 3) the sorted points of the whole cloud, local frame."""
    keys: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]
    most_thick: float
    """How thick what still passes for a surface may be, as a share of its width."""

    @cached_property
    def table(self) -> npt.NDArray[np.int32]:
        """Hash table from voxel key to voxel index."""
        return voxels.hash_table(self.keys)

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to other processes as arrays alone."""
        arrays = (self.size_m, self.lower, self.xyz, self.keys, self.starts)
        return VoxelLevel, (*arrays, self.most_thick)

    @cached_property
    def _planes(self) -> Planes:
        return Planes(self.xyz, self.keys, self.starts, self.size_m)

    @cached_property
    def surface(self) -> Surface:
        """Planes fitted around every voxel."""
        return self._planes.around_all()

    @cached_property
    def usable(self) -> BoolArray:
        """(M,) False at edges, among scattered points and where the surface is thinly covered."""
        return self.surface.usable(ALL, self.size_m, self.most_thick)

    @cached_property
    def normal_std_rad(self) -> SingleArray:
        """(M,) standard deviation of the normals, radians; 1 where unusable."""
        return self.surface.normal_std_rad(ALL, self.usable)

    def normals_at(self, voxel: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return the normals (P, 3) of the planes around some voxels (P,)."""
        return np.asarray(self._planes.around(voxel).normal[voxel])

    def normal_std_at(self, voxel: npt.NDArray[np.int64]) -> SingleArray:
        """Return `normal_std_rad` of some voxels (P,)."""
        surface = self._planes.around(voxel)
        usable = surface.usable(voxel, self.size_m, self.most_thick)
        return surface.normal_std_rad(voxel, usable)

    @cached_property
    def _sampled_std_rad(self) -> SingleArray:
        return self.normal_std_at(sample(self.keys))

    def is_worse_than(self, std_rad: float) -> bool:
        """Tell whether `typical_normal_std_rad` is larger; a sample tells where it is by far."""
        if not self.too_fine and np.mean(self._sampled_std_rad > std_rad) > _CLEARLY_MOST:
            return True
        return self.typical_normal_std_rad > std_rad

    @property
    def too_fine(self) -> bool:
        """Whether most voxels hold a single point, so that planes around them mean nothing."""
        return len(self.xyz) < _POINTS_PER_VOXEL * len(self.keys)

    @cached_property
    def typical_normal_std_rad(self) -> float:
        """Median of `normal_std_rad`; 1 where the level is too fine for the cloud."""
        return 1.0 if self.too_fine else float(np.median(self.normal_std_rad))

    def points_in_capsule(
        self, first: FloatArray, last: FloatArray, radius_m: float
    ) -> npt.NDArray[np.int64]:
        """Return the indices of sorted points within `radius_m` of a segment."""
        return voxels.points_in_capsule(
            self.xyz,
            self.keys,
            self.table,
            self.starts,
            self.lower,
            self.size_m,
            first,
            last,
            radius_m,
        )

    def points_along(
        self, nodes: FloatArray, radius_m: float, at_once: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return sorted points (P,) near a line (K, 3), rising, and a node (P,) near each.

        Of every so many nodes a straight segment leads to the next.
        """
        found: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] = voxels.points_along(
            self.xyz,
            self.keys,
            self.table,
            self.starts,
            self.lower,
            self.size_m,
            nodes,
            at_once,
            radius_m,
        )
        return found

    def voxel_of(self, points: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the voxel index of each sorted point."""
        return np.searchsorted(self.starts, points, side="right") - 1


class Pyramid:
    """The cloud in Morton order with voxel levels built when first asked for."""

    def __init__(
        self,
        xyz: FloatArray,
        order: npt.NDArray[np.uint32],
        keys: npt.NDArray[np.uint64],
        lower: FloatArray,
        voxel_size_m: float,
        recorded: Times | None,
        most_thick: float = MOST_THICK,
    ) -> None:
        self.xyz = xyz
        """(N, 3) sorted points, local frame."""
        self.order = order
        """(N,) index in the cloud of each sorted point."""
        self.voxel_size_m = voxel_size_m
        self.recorded = Recording(recorded, order) if recorded is not None else None
        """None where it is not known when points were recorded."""
        self.keys = keys
        """(N,) Morton keys of the sorted points' voxels."""
        self.lower = lower
        """(3,) corner of the grid, local frame."""
        self.most_thick = most_thick
        """How thick what still passes for a surface may be, as a share of its width."""
        self._levels: dict[int, VoxelLevel] = {}

    @classmethod
    def of_cloud(cls, cloud: PointCloud, voxel_size_m: float) -> "Pyramid":
        """Sort a whole cloud."""
        return cls._of_points(cloud.xyz, voxel_size_m, recording_order(cloud), MOST_THICK)

    @classmethod
    def _of_points(
        cls, xyz: FloatArray, voxel_size_m: float, recorded: Times | None, most_thick: float
    ) -> "Pyramid":
        lower = ordering.bounds(xyz)[0] - voxel_size_m
        order, keys = ordering.in_key_order(voxels.morton_keys(xyz, lower, voxel_size_m))
        ordered = ordering.taken(xyz, order)
        return cls(ordered, order, keys, lower, voxel_size_m, recorded, most_thick)

    @contextmanager
    def of_others(
        self, parts: Iterable[FloatArray], most_thick: float = MOST_THICK
    ) -> Iterator["Pyramid"]:
        """Yield a pyramid of other points, some (N, 3) at a time, kept where these are.

        When they were recorded nobody asks.
        """
        xyz = frozen(np.concatenate(list(parts)))
        yield Pyramid._of_points(xyz, self.voxel_size_m, None, most_thick)

    def zeros(self, dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[Any]:
        """Return an array of zeros, kept where the points are."""
        return np.zeros(shape, dtype)

    def kept(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return an array with the same content, kept where the points are."""
        return array

    def fit(self, numbers: Iterable[int]) -> None:
        """Fit planes around the voxels of levels that will be asked for, where it pays."""

    def spans(self) -> list[tuple[int, int]]:
        """Return the first point, and the one after the last, of the pieces to be worked on."""
        return [(0, len(self.xyz))]

    def part(self, chosen: Chosen) -> "Pyramid":
        """Return a pyramid of the chosen points on the same grid."""
        which = chosen(0, len(self.xyz))
        xyz, order, keys = ordering.chosen(self.xyz, self.order, self.keys, which)
        return Pyramid(
            xyz,
            order,
            keys,
            self.lower,
            self.voxel_size_m,
            self.recorded.of_cloud if self.recorded is not None else None,
            self.most_thick,
        )

    def level(self, number: int) -> VoxelLevel:
        """Return the level whose voxels are `voxel_size_m * 2**number` wide."""
        if number not in self._levels:
            keys, starts = voxels.level_starts(self.keys, number)
            size_m = self.voxel_size_m * 2**number
            self._levels[number] = VoxelLevel(
                size_m, self.lower, self.xyz, keys, starts, self.most_thick
            )
        return self._levels[number]

    def level_near(self, size_m: float) -> VoxelLevel:
        """Return the level whose voxels are nearest to `size_m` wide, as a ratio."""
        return self.level(max(0, round(math.log2(size_m / self.voxel_size_m))))

    def bend(self, number: int) -> tuple[SingleArray, SingleArray]:
        """Return where the surface around lies relative to each plane of a level, and its std.

        Both (M,), metres along the normal; the surface is that of the next coarser level.
        """
        level, coarser = self.level(number), self.level(number + 1)
        surface = level.surface
        bend: SingleArray
        std: SingleArray
        bend, std = neighbourhood.bends(
            np.searchsorted(level.starts, coarser.starts),
            coarser.surface.centroid,
            surface.centroid,
            surface.normal,
            surface.thickness_m,
            surface.count,
            level.normal_std_rad,
        )
        return bend, std

    def points_along(
        self, nodes: FloatArray, radius_m: float
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Find the sorted points within `radius_m` of an evenly divided line (K, 3).

        Returns
        -------
        index, segment
            (P,) rising indices of sorted points; (P,) the number of the segment of the line that
            starts at or before the nearest node.
        """
        index, near = self.points_near(nodes, radius_m)
        return index, self.segments(index, near, nodes, radius_m)

    def points_near(
        self, nodes: FloatArray, radius_m: float
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Find the sorted points within `radius_m` of an evenly divided line (K, 3).

        Returns
        -------
        index, near
            (P,) rising indices of sorted points; (P,) a node near each, for `segments`.
        """
        return self.level_near(_GATHER_SIZE_M).points_along(nodes, radius_m, _NODES_AT_ONCE)

    def segments(
        self,
        index: npt.NDArray[np.int64],
        near: npt.NDArray[np.int64],
        nodes: FloatArray,
        radius_m: float,
    ) -> npt.NDArray[np.int64]:
        """Return the segment (P,) of each of some points found by `points_near`.

        It is the number of the one that starts at or before the nearest node.
        """
        spacing_m = float(np.linalg.norm(nodes[1] - nodes[0]))
        reach = 2 * _NODES_AT_ONCE + math.ceil(radius_m / spacing_m)
        found: npt.NDArray[np.int64] = nearest.nearest_segments(self.xyz, index, nodes, near, reach)
        return found
