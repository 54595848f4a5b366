"""Voxels over sorted points: how they are numbered and found, and which points lie near lines."""

from twin_pipeline.kernels.voxels.capsules import points_along, points_in_capsule
from twin_pipeline.kernels.voxels.grid import (
    EMPTY,
    find_voxel,
    hash_table,
    level_starts,
    morton_key,
    morton_keys,
    neighbour_blocks,
    voxel_moments,
)

__all__ = [
    "EMPTY",
    "find_voxel",
    "hash_table",
    "level_starts",
    "morton_key",
    "morton_keys",
    "neighbour_blocks",
    "points_along",
    "points_in_capsule",
    "voxel_moments",
]
