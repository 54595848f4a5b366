"""Surface patches of one pyramid level, and how well their normals are known."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from twin_pipeline.geometry.pyramid import Pyramid, VoxelLevel
from twin_pipeline.model import BoolArray, FloatArray, SingleArray

_BLOCK_LEVELS = 2


@dataclass(frozen=True, eq=False)
class Patches:
    """Surface patches of one pyramid level, arranged for search in balls. M = patches."""

    level: int
    size_m: float
    centroid: FloatArray
    """(M, 3) local frame, metres."""
    normal: SingleArray
    """(M, 3) unit, sign arbitrary."""
    bend_m: SingleArray
    """(M,) how far the surface around lies off the patch's plane, along its normal."""
    bend_std_m: SingleArray
    """(M,)"""
    usable: BoolArray
    """(M,) False for edges, scattered points and thinly covered places."""
    count: npt.NDArray[np.int32]
    """(M,) points of each patch."""
    normal_std_rad: float
    """Typical standard deviation of the usable normals."""
    block: VoxelLevel
    """The coarser level that the search walks through."""
    children: npt.NDArray[np.int64]
    """Patches of block k are `children[k]:children[k + 1]`."""

    def without_bends(self) -> "Patches":
        """Return them without what only voting needs."""
        none = np.empty(0, np.float32)
        return replace(self, bend_m=none, bend_std_m=none)

    def search_arguments(self) -> tuple[object, ...]:
        """Return what the kernels need to look patches up."""
        block = self.block
        return (block.lower, block.size_m, block.keys, block.table, self.children, self.centroid)


def collect_patches(pyramid: Pyramid, number: int) -> Patches:
    """Return the patches of one level, with the blocks to find them by."""
    level, block = pyramid.level(number), pyramid.level(number + _BLOCK_LEVELS)
    surface = level.surface
    bend, bend_std = pyramid.bend(number)
    return Patches(
        level=number,
        size_m=level.size_m,
        centroid=surface.centroid,
        normal=surface.normal,
        bend_m=bend,
        bend_std_m=bend_std,
        usable=level.usable,
        count=surface.count,
        normal_std_rad=level.typical_normal_std_rad,
        block=block,
        children=pyramid.kept(np.searchsorted(level.starts, block.starts)),
    )


def expected_bend_m(patches: Patches, radius_m: float) -> float:
    """Return what `Patches.bend_m` is on a tube: discs of 3 and 1.5 voxels' radius differ by this.

    The mean depth of a disc of radius w on a cylinder of radius R is w**2 / (8 R).
    """
    return (3.0**2 - 1.5**2) * patches.size_m**2 / (8.0 * radius_m)


def tolerance_ratio(patches: Patches) -> float:
    """Return how far a vote may miss the axis, as a share of the radius."""
    return min(max(2.5 * patches.normal_std_rad, 0.12), 0.3)


def min_arc_deg(ratio: float) -> float:
    """Return the arc below which a plane would pass for a tube, degrees."""
    return max(45.0, math.degrees(2.0 * math.asin(ratio)) + 30.0)
