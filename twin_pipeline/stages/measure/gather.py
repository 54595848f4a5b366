"""The points around a run, and their normals."""

import math

import numpy as np

from twin_pipeline.geometry.pyramid import Pyramid, VoxelLevel
from twin_pipeline.model import FloatArray, IntArray

CHUNK = 4
"""Steps of the axis whose surroundings are looked up at once."""


def resample(axis: FloatArray, step_m: float) -> FloatArray:
    """Return the polyline (K, 3) with vertices `step_m` apart (the last step stretched)."""
    lengths = np.linalg.norm(np.diff(axis, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    count = max(round(float(along[-1]) / step_m), 2)
    at = np.linspace(0.0, along[-1], count + 1)
    return np.column_stack([np.interp(at, along, axis[:, a]) for a in range(3)])


def extend(axis: FloatArray, length_m: float, back: int) -> FloatArray:
    """Return the polyline lengthened straight at both ends, in steps of its own spacing."""
    step = float(np.linalg.norm(axis[1] - axis[0]))
    count = max(int(np.ceil(length_m / step)), 1)
    back = min(back, len(axis) - 1)
    head = axis[0] - axis[back]
    tail = axis[-1] - axis[-1 - back]
    ahead = np.arange(1, count + 1)[:, None] * step
    return np.vstack(
        [
            (axis[0] + ahead * head / np.linalg.norm(head))[::-1],
            axis,
            axis[-1] + ahead * tail / np.linalg.norm(tail),
        ]
    )


def gather(level: VoxelLevel, axis: FloatArray, radius_m: float) -> tuple[IntArray, IntArray]:
    """Return the sorted, unique indices of points within `radius_m` of a polyline, and a vertex.

    The vertex is one within some steps of the point's nearest.
    """
    pieces, near = [], []
    for first in range(0, len(axis) - 1, CHUNK):
        last = min(first + CHUNK, len(axis) - 1)
        piece = level.points_in_capsule(axis[first], axis[last], radius_m)
        pieces.append(piece)
        near.append(np.full(len(piece), (first + last) // 2))
    index, where = np.unique(np.concatenate(pieces), return_index=True)
    return index, np.concatenate(near)[where]


def gather_level(pyramid: Pyramid) -> VoxelLevel:
    """Return the level to collect points from: voxels of about 0.1 m."""
    return pyramid.level(max(0, round(math.log2(0.1 / pyramid.voxel_size_m))))


def point_normals(pyramid: Pyramid, index: IntArray, radius_m: float) -> tuple[FloatArray, float]:
    """Return normals (P, 3) of sorted points and their typical error in radians.

    They come from the finest level whose patches are good to 2.5 degrees around these points, as
    long as its voxels stay below 0.6 radii.
    """
    number = 0
    while True:
        level = pyramid.level(number)
        voxel = level.voxel_of(index)
        error = 1.0 if level.too_fine else float(np.median(level.normal_std_rad[voxel]))
        if error < 0.04 or 2.0 * level.size_m > 0.6 * radius_m:
            return level.surface.normal[voxel], error
        number += 1
