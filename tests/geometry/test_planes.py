"""Planes fitted where they are asked for against those fitted around all voxels."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from twin_pipeline.geometry.planes import sample
from twin_pipeline.geometry.pyramid import Pyramid, VoxelLevel
from twin_pipeline.model import PointCloud

VOXEL_M = 0.01


def _level(
    number: int, *, noise_m: float = 0.004, count: int = 20_000, half_m: float = 0.5
) -> VoxelLevel:
    rng = np.random.default_rng(3)
    xy = rng.uniform(-half_m, half_m, (count, 2))
    xyz = np.column_stack([xy, 0.2 * xy[:, 0] ** 2 + rng.normal(0.0, noise_m, count)])
    return Pyramid.of_cloud(PointCloud(xyz, np.zeros(3)), VOXEL_M).level(number)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_planes_asked_for_are_those_around_all(number):
    whole, some = _level(number), _level(number)
    rng = np.random.default_rng(number)
    for _ in range(4):
        voxel = rng.integers(0, len(whole.keys), 30)
        assert np.array_equal(some.normals_at(voxel), whole.surface.normal[voxel])
        assert np.array_equal(some.normal_std_at(voxel), whole.normal_std_rad[voxel])
    for name in ("centroid", "normal", "thickness_m", "width_m", "count"):
        assert np.array_equal(getattr(some.surface, name), getattr(whole.surface, name))
    assert np.array_equal(some.usable, whole.usable)


def test_threads_that_ask_at_once_get_what_one_would():
    whole, some = _level(1), _level(1)
    asked = [np.arange(n, len(whole.keys), 7) for n in range(20)]
    with ThreadPoolExecutor(4) as pool:
        for voxel, normals in zip(asked, pool.map(some.normals_at, asked), strict=True):
            assert np.array_equal(normals, whole.surface.normal[voxel])


def test_no_plane_is_fitted_around_voxels_far_from_those_asked_for():
    level = _level(0)
    level.normals_at(np.array([0]))
    assert level._planes._has_planes.sum() == 1


@pytest.mark.parametrize(("number", "noise_m"), [(0, 0.004), (1, 0.004), (1, 0.02), (2, 0.002)])
def test_a_sample_says_what_the_median_does(number, noise_m):
    level, whole = _level(number, noise_m=noise_m), _level(number, noise_m=noise_m)
    typical = whole.typical_normal_std_rad
    for std_rad in (0.01, 0.9 * typical, 1.1 * typical, 0.9):
        assert level.is_worse_than(std_rad) == (typical > std_rad)


def test_what_is_far_worse_needs_no_planes_around_all():
    level = _level(1, noise_m=0.02, count=200_000, half_m=1.5)
    assert level.is_worse_than(0.02)
    assert not level._planes._has_planes.all()
    assert not level.is_worse_than(1.0)


def test_a_sample_comes_from_all_over():
    level = _level(0, count=200_000, half_m=1.5)
    some = sample(level.keys)
    assert len(np.unique(some)) == len(some) < 0.3 * len(level.keys)
    spread = np.ptp(level.xyz[level.starts[some]], axis=0)
    assert (spread > 0.9 * np.ptp(level.xyz, axis=0)).all()
    assert np.array_equal(sample(level.keys[:5]), np.arange(5))
