"""Voxels over sorted points: how they are numbered and found, and which points lie near lines."""

from twin_pipeline.kernels.voxels.capsules import points_along, points_in_capsule
from twin_pipeline.kernels.voxels.grid import (
    EMPTY,
    beside_blocks,
    find_voxel,
    hash_table,
    level_starts,
    morton_key,
    morton_keys,
    voxel_moments,
)

__all__ = [
    "EMPTY",
    "beside_blocks",
    "find_voxel",
    "hash_table",
    "level_starts",
    "morton_key",
    "morton_keys",
    "points_along",
    "points_in_capsule",
    "voxel_moments",
]
