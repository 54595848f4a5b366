"""The normals of a run's points."""

import numpy as np

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.model import FloatArray, IntArray

_GOOD_RAD, _POOR_RAD = 0.04, 0.1
_COARSEST = 0.6
_BLURRED = 0.4
"""Voxel, in radii of the tube, from which on normals mix the tube with what touches it."""


def point_normals(
    pyramid: Pyramid, index: IntArray, radius_m: float
) -> tuple[FloatArray, float, bool]:
    """Return normals (P, 3) of sorted points, their typical error in radians, whether it is poor.

    They come from the finest level whose patches are good to 2.5 degrees around these points, as
    long as its voxels stay below 0.6 radii. Poor are also those that mix the tube with soil.
    """
    number, finer_error = 0, 0.0
    while True:
        level = pyramid.level(number)
        voxel = level.voxel_of(index)
        error = 1.0 if level.too_fine else float(np.median(level.normal_std_at(voxel)))
        if error < _GOOD_RAD or 2.0 * level.size_m > _COARSEST * radius_m:
            blurred = level.size_m > _BLURRED * radius_m and finer_error > _POOR_RAD
            return level.normals_at(voxel), error, error >= _GOOD_RAD or blurred
        number, finer_error = number + 1, error
