"""Clouds whose coordinates are rounded to some millimetres or centimetres.

A surface that is smoother than the grid turns into terraces: planes fitted to a few centimetres of
it lie flat, and the curve of a pipe comes in steps. Spread evenly over their cells the points are
what they are known to be; that is noise as any other, while steps are not.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray, PointCloud
from twin_pipeline.shelves import Shelf, in_chunks

_FINEST_M = 0.0025
"""Steps below it are lost in the noise of any scanner."""
_COARSEST_M = 0.05
_SAMPLE = 20_000
_FEWEST = 50
_EXACT_M = 1e-6
_GOLDEN, _MIX_1, _MIX_2 = (
    np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def rounding_of(cloud: PointCloud) -> FloatArray:
    """Return the steps (3,) that coordinates come in, metres; 0 where these are fine."""
    sample = cloud.xyz[:: max(len(cloud) // _SAMPLE, 1)]
    return np.array([_step_of(column) for column in sample.T])


def spread(cloud: PointCloud, steps_m: FloatArray, shelf: Shelf | None = None) -> PointCloud:
    """Return a cloud with its points spread evenly over the cells of their rounding.

    Each point goes where its place in the file says, so that the result is always the same.
    """
    if not steps_m.any():
        return cloud
    if shelf is None:
        xyz = np.concatenate(list(_spread_parts(cloud, steps_m)))
    else:
        xyz = shelf.joined(_spread_parts(cloud, steps_m), np.float64, 3)
    return PointCloud(xyz, cloud.origin, cloud.time_s)


def doubted(tube: Tube, steps_m: FloatArray) -> Tube:
    """Return a tube with what terraces may add, which more points do not average out.

    As much of them as is seen around the tube may be in its radius and height too.
    """
    if not steps_m.any():
        return tube
    bias_m = tube.misfit * tube.noise_m
    return replace(
        tube,
        radius_std_m=math.hypot(tube.radius_std_m, bias_m),
        std_v_m=np.hypot(tube.std_v_m, bias_m),
        crown_std_m=np.hypot(tube.crown_std_m, bias_m),
    )


def rounding_warnings(steps_m: FloatArray) -> Iterator[str]:
    """Yield what rounding costs, if anything."""
    if steps_m.any():
        yield (
            f"its coordinates are rounded to {1000.0 * steps_m.max():.0f} mm, which makes the "
            "pipes less well known: export the scan with a scale of 1 mm"
        )


def _step_of(column: FloatArray) -> float:
    """Return the step that all values are multiples of; 0 where it is fine or there is none."""
    apart = np.diff(np.unique(np.round(column / _EXACT_M))) * _EXACT_M
    if len(apart) < _FEWEST:
        return 0.0
    step_m = float(apart.min())
    if not _FINEST_M <= step_m <= _COARSEST_M:
        return 0.0
    off = np.abs(apart / step_m - np.round(apart / step_m)) * step_m
    return step_m if float(off.max()) < 10.0 * _EXACT_M else 0.0


def _spread_parts(cloud: PointCloud, steps_m: FloatArray) -> Iterator[FloatArray]:
    first = 0
    for part in in_chunks(cloud.xyz):
        place = np.arange(3 * first, 3 * (first + len(part)), dtype=np.uint64).reshape(-1, 3)
        yield part + (_evenly(place) - 0.5) * steps_m
        first += len(part)


def _evenly(place: npt.NDArray[np.uint64]) -> FloatArray:
    """Return numbers in [0, 1) that follow no order (SplitMix64, Steele et al. 2014)."""
    mixed = (place + np.uint64(1)) * _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53
