"""Clouds whose coordinates are rounded."""

import numpy as np
import pytest

from stages.made import make_tube, plane_points, straight
from twin_pipeline.model import PointCloud
from twin_pipeline.shelves import Shelf
from twin_pipeline.stages.rounding import doubted, rounding_of, rounding_warnings, spread

ORIGIN = np.array([-12_818.0, -34_428.0, 31.0])


def rounded(steps_m, count=4_000) -> PointCloud:
    rng = np.random.default_rng(1)
    xyz = plane_points((0.0, 0.0), (10.0, 2.0), 1.0, rng, per_m2=count / 20.0, slope=(0.1, 0.3))
    steps = np.array(steps_m)
    return PointCloud(np.round((xyz + ORIGIN) / steps) * steps - ORIGIN, ORIGIN)


@pytest.mark.parametrize("step_m", [0.01, 0.005, 0.003, 0.025])
def test_the_step_is_found_in_each_coordinate(step_m):
    assert rounding_of(rounded([step_m] * 3)) == pytest.approx([step_m] * 3, abs=1e-6)
    assert rounding_of(rounded([0.001, 0.001, step_m])) == pytest.approx([0, 0, step_m], abs=1e-6)


@pytest.mark.parametrize("step_m", [0.001, 0.0001, 0.002, 1e-9])
def test_steps_below_a_scanners_noise_are_none(step_m):
    assert not rounding_of(rounded([step_m] * 3)).any()


def test_few_points_and_a_level_floor_have_no_step():
    assert not rounding_of(PointCloud(np.zeros((1, 3)), ORIGIN)).any()
    level = rounded([0.01] * 3).xyz.copy()
    level[:, 2] = 1.0
    assert rounding_of(PointCloud(level, ORIGIN))[2] == 0.0


def test_points_are_spread_evenly_over_their_cells_and_no_further():
    cloud, steps = rounded([0.01, 0.01, 0.005], 60_000), np.array([0.01, 0.01, 0.005])
    moved = (spread(cloud, steps).xyz - cloud.xyz) / steps
    assert np.abs(moved).max() <= 0.5 + 1e-6
    for column in moved.T:
        share, _ = np.histogram(column, np.linspace(-0.5, 0.5, 11))
        assert share == pytest.approx(len(moved) / 10, rel=0.06)
    assert np.abs(np.corrcoef(moved.T) - np.eye(3)).max() < 0.02
    assert np.abs(np.corrcoef(moved[:-1].T, moved[1:].T)[:3, 3:]).max() < 0.02


def test_fine_coordinates_stay_as_they_are():
    cloud = rounded([0.001] * 3)
    assert spread(cloud, rounding_of(cloud)) is cloud


def test_the_result_is_the_same_on_a_shelf(tmp_path):
    cloud, steps = rounded([0.01] * 3), np.full(3, 0.01)
    on_shelf = spread(cloud, steps, Shelf(tmp_path / "shelf"))
    assert np.array_equal(on_shelf.xyz, spread(cloud, steps).xyz)


def test_terraces_that_are_seen_are_in_the_sigmas():
    steps = np.full(3, 0.01)
    tube = make_tube(straight(4.0), noise_m=0.004, misfit=0.25)
    less_known = doubted(tube, steps)
    assert less_known.radius_std_m == pytest.approx(np.hypot(tube.radius_std_m, 0.001))
    assert less_known.crown_std_m == pytest.approx(np.hypot(tube.crown_std_m, 0.001))
    assert less_known.std_v_m == pytest.approx(np.hypot(tube.std_v_m, 0.001))
    assert doubted(tube, np.zeros(3)) is tube


def test_the_engineer_is_told_what_to_do():
    (warning,) = rounding_warnings(np.array([0.01, 0.01, 0.01]))
    assert "10 mm" in warning
    assert "scale of 1 mm" in warning
    assert not list(rounding_warnings(np.zeros(3)))
