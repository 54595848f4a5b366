"""The normals of a run's points."""

import numpy as np

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.model import FloatArray, IntArray


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
