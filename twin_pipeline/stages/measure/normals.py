"""The normals of a run's points."""

import numpy as np
import numpy.typing as npt

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.model import BoolArray, FloatArray, IntArray

_GOOD_RAD, _POOR_RAD = 0.04, 0.1
_COARSEST = 0.6
_BLURRED = 0.4
"""Voxel, in radii of the tube, from which on normals mix the tube with what touches it."""


def point_normals(
    pyramid: Pyramid, index: IntArray, radius_m: float, stretch: IntArray | None = None
) -> tuple[FloatArray, float, bool]:
    """Return normals (P, 3) of sorted points, their typical error in radians, whether it is poor.

    They come from the finest level whose patches are good to 2.5 degrees around these points, as
    long as its voxels stay below 0.6 radii. Poor are also those that mix the tube with soil.

    Parameters
    ----------
    stretch
        (P,) number of the stretch of the run that each point lies in. A scanner that stands thins
        out along a trench: where a stretch alone is poor, its normals come from a coarser level.
    """
    number, finer_error = 0, 0.0
    while True:
        level = pyramid.level(number)
        voxel = level.voxel_of(index)
        errors = None if level.too_fine else level.normal_std_at(voxel)
        error = 1.0 if errors is None else float(np.median(errors))
        if error < _GOOD_RAD or not _may_be_coarser(level.size_m, radius_m):
            blurred = level.size_m > _BLURRED * radius_m and finer_error > _POOR_RAD
            normals = level.normals_at(voxel)
            if stretch is not None and errors is not None:
                normals = _mended(pyramid, index, radius_m, number, normals, errors, stretch)
            return normals, error, error >= _GOOD_RAD or blurred
        number, finer_error = number + 1, error


def _may_be_coarser(size_m: float, radius_m: float) -> bool:
    return 2.0 * size_m <= _COARSEST * radius_m


def _mended(
    pyramid: Pyramid,
    index: IntArray,
    radius_m: float,
    number: int,
    normals: FloatArray,
    errors: npt.NDArray[np.floating],
    stretch: IntArray,
) -> FloatArray:
    """Return normals (P, 3), those of poor stretches from the next levels that are good there."""
    poor = _poor_ones(errors, stretch, _POOR_RAD)
    while poor.any() and _may_be_coarser(pyramid.level(number).size_m, radius_m):
        number += 1
        level = pyramid.level(number)
        voxel = level.voxel_of(index[poor])
        normals = np.array(normals)
        normals[poor] = level.normals_at(voxel)
        still = _poor_ones(level.normal_std_at(voxel), stretch[poor], _GOOD_RAD)
        poor[np.flatnonzero(poor)[~still]] = False
    return normals


def _poor_ones(errors: npt.NDArray[np.floating], stretch: IntArray, least_rad: float) -> BoolArray:
    """Return which points (P,) lie in stretches where the typical error is as large."""
    number = stretch - stretch.min()
    order = np.lexsort((errors, number))
    count = np.bincount(number)
    middle = np.cumsum(count) - count + count // 2
    median = np.asarray(errors[order][np.minimum(middle, len(order) - 1)])
    return np.asarray(((median >= least_rad) & (count > 0))[number])
