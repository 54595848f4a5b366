"""Barrels under a sleeve that stands off in folds, and bare ones that only seem uneven."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import scipy

from stages.made import UP, pyramid_of, run_along, straight, tube_points
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure import MeasureOptions, measure
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.wrapping import wrapping

RADIUS_M = 0.085
AXIS = straight(5.0, (0.3, -0.2, -1.4), heading_deg=30.0)


def measured(points: FloatArray, radius_m: float = RADIUS_M) -> Tube:
    tube = measure(pyramid_of(points), run_along(AXIS, radius_m), MeasureOptions())
    assert tube is not None
    return tube


def barrel(rng: np.random.Generator, noise_m: float = 0.003) -> FloatArray:
    return tube_points(AXIS, RADIUS_M, rng, noise_m=noise_m, arc_deg=150.0, per_m2=15_000.0)


def pushed_outwards(points: FloatArray, by_m: FloatArray) -> FloatArray:
    outwards = points - AXIS[0]
    along = (AXIS[-1] - AXIS[0]) / np.linalg.norm(AXIS[-1] - AXIS[0])
    outwards -= np.outer(outwards @ along, along)
    return points + by_m[:, None] * outwards / np.linalg.norm(outwards, axis=1, keepdims=True)


def folds(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Texture (N,) of mean 0 and std 1 with waves of 6 to 20 cm."""
    waves = rng.normal(size=(40, 3))
    waves /= np.linalg.norm(waves, axis=1, keepdims=True) * rng.uniform(0.06, 0.2, (40, 1))
    phase = 2.0 * np.pi * (points @ waves.T + rng.random(40))
    return np.cos(phase).sum(axis=1) / np.sqrt(20.0)


@pytest.mark.parametrize("tight_at", [0.0, -1.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_barrel_is_the_lower_envelope_of_a_sleeve(tight_at: float, seed: int):
    rng = np.random.default_rng(seed)
    points = barrel(rng)
    height_m = 0.003 * np.maximum(folds(points, rng) - tight_at, 0.0)
    tube = measured(pushed_outwards(points, height_m))
    seen_m = tube.radius_m + tube.stand_off_m
    assert seen_m - RADIUS_M > 0.0007
    assert abs(tube.radius_m - RADIUS_M) < 2.0 * tube.radius_std_m
    assert abs(tube.radius_m - RADIUS_M) < seen_m - RADIUS_M
    assert 0.0003 < tube.radius_std_m < 0.003


@pytest.mark.parametrize("seed", range(3))
def test_of_a_large_pipe_sparse_points_show_a_sleeve_too(seed: int):
    rng = np.random.default_rng(seed)
    points = tube_points(AXIS, 0.35, rng, noise_m=0.002, arc_deg=150.0, per_m2=1_300.0)
    bare = measured(points, 0.35)
    sleeved = measured(pushed_outwards(points, 0.004 * np.abs(folds(points, rng))), 0.35)
    assert bare.stand_off_m == 0.0
    assert sleeved.stand_off_m > 0.0
    assert abs(sleeved.radius_m - 0.35) < 3.0 * sleeved.radius_std_m


@pytest.mark.parametrize("seed", range(3))
def test_what_is_hardly_uneven_may_be_a_sleeve_that_lies_tight(seed: int):
    rng = np.random.default_rng(seed)
    points = barrel(rng)
    height_m = 0.0012 * np.abs(folds(points, rng))
    tube = measured(pushed_outwards(points, height_m))
    assert tube.stand_off_m < 0.0008
    assert tube.radius_std_m > 0.0003
    assert abs(tube.radius_m - RADIUS_M) < 3.0 * tube.radius_std_m


@pytest.mark.parametrize("noise_m", [0.002, 0.006])
def test_a_bare_barrel_is_taken_as_it_is(noise_m: float):
    assert measured(barrel(np.random.default_rng(5), noise_m)).stand_off_m == 0.0


def test_what_a_scan_is_too_noisy_or_thin_to_show_may_be_a_sleeve():
    rng = np.random.default_rng(5)
    dense, noisy = (
        measured(barrel(rng, noise_m)[::thin]) for noise_m, thin in ((0.002, 1), (0.012, 3))
    )
    few = tube_points(AXIS, RADIUS_M, rng, noise_m=0.002, arc_deg=150.0, per_m2=300.0)
    assert dense.sleeve_std_m < 0.0001
    assert 0.00015 < noisy.sleeve_std_m < 0.0015
    assert 0.0005 < measured(few).sleeve_std_m < 0.0015


@pytest.mark.parametrize("seed", range(3))
def test_of_a_sleeve_that_does_not_show_the_sigma_tells(seed: int):
    rng = np.random.default_rng(seed)
    points = barrel(rng, 0.012)
    tube = measured(pushed_outwards(points, 0.001 * np.maximum(folds(points, rng) + 1.0, 0.0)))
    with_sleeve_m = np.hypot(tube.radius_std_m, tube.sleeve_std_m)
    assert abs(tube.radius_m - RADIUS_M) < 3.0 * with_sleeve_m


def test_drift_along_the_pipe_is_no_sleeve():
    points = barrel(np.random.default_rng(6))
    points += np.outer(0.006 * np.sin(2.0 * np.pi * points[:, 0] / 3.0), UP)
    assert measured(points).stand_off_m == 0.0


def unrolled(rng: np.random.Generator, off_m: Callable[[FloatArray, FloatArray], FloatArray]):
    """What an adjustment has left of a bare barrel that is off by `off_m(chainage, angle)`."""
    chainage, angle = rng.uniform(0.0, 6.0, 90_000), rng.uniform(-1.3, 1.3, 90_000)
    residual = rng.normal(0.0, 0.006, 90_000) + off_m(chainage, angle)
    adj = SimpleNamespace(chainage=chainage, angle=angle, residual=residual, radius=0.16)
    return wrapping(cast(Adjustment, adj), np.ones(90_000, bool))


@pytest.mark.parametrize("towards_rad", [0.0, 1.2])
def test_an_axis_that_climbs_the_sockets_of_a_bend_is_no_sleeve(towards_rad):
    def off_m(chainage, angle):
        return 0.02 * np.exp(-(((chainage - 3.0) / 0.4) ** 2)) * np.cos(angle - towards_rad)

    assert unrolled(np.random.default_rng(1), off_m).stand_off_m == 0.0


def test_what_is_uneven_in_one_place_is_no_sleeve():
    def off_m(chainage, angle):
        waves = np.sin(2.0 * np.pi * chainage / 0.1) * np.cos(2.0 * np.pi * angle / 0.6)
        return 0.012 * waves * (np.abs(chainage - 3.0) < 0.6)

    def everywhere_m(chainage, angle):
        waves = np.sin(2.0 * np.pi * chainage / 0.1) * np.cos(2.0 * np.pi * angle / 0.6)
        return 0.005 * waves

    assert unrolled(np.random.default_rng(2), off_m).stand_off_m == 0.0
    assert unrolled(np.random.default_rng(2), everywhere_m).stand_off_m > 0.001


def test_two_surfaces_beside_each_other_are_no_sleeve():
    rng = np.random.default_rng(7)
    points = barrel(rng)
    points[rng.random(len(points)) < 0.5] += [0.0, 0.0, 0.005]
    assert measured(points).stand_off_m == 0.0


def smoothed(points: FloatArray, reach_m: float) -> FloatArray:
    """Every point moved to the mean of its surroundings, as apps do to make clouds look good."""
    around = scipy.spatial.cKDTree(points).query_ball_point(points, reach_m)
    return np.array([points[near].mean(axis=0) for near in around])


@pytest.mark.parametrize(("noise_m", "reach_m"), [(0.004, 0.02), (0.003, 0.02)])
def test_a_smoothed_cloud_is_no_sleeve_and_hardly_thinner(noise_m: float, reach_m: float):
    tube = measured(smoothed(barrel(np.random.default_rng(8), noise_m), reach_m))
    assert tube.stand_off_m == 0.0
    assert tube.shrunk_m > 0.0
    assert abs(tube.radius_m - RADIUS_M) < 2.5 * tube.radius_std_m
    assert abs(tube.radius_m - RADIUS_M) < 0.0007


@pytest.mark.parametrize(
    ("noise_m", "reach_m"), [(0.004, 0.01), (0.004, 0.015), (0.004, 0.03), (0.008, 0.02)]
)
def test_what_may_be_smoothed_or_a_sleeve_has_a_sigma_for_both(noise_m: float, reach_m: float):
    tube = measured(smoothed(barrel(np.random.default_rng(8), noise_m), reach_m))
    assert abs(tube.radius_m - RADIUS_M) < 2.5 * tube.radius_std_m
    assert tube.stand_off_m < 0.0025


def test_a_sleeve_is_not_taken_for_smoothing():
    rng = np.random.default_rng(9)
    points = barrel(rng)
    tube = measured(pushed_outwards(points, 0.003 * np.maximum(folds(points, rng), 0.0)))
    assert tube.shrunk_m == 0.0
    assert tube.stand_off_m > 0.0


@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize(("sleeve_m", "least_m", "most_m"), [(0.0, 0.0, 2e-4), (9e-4, 5e-4, 1e-3)])
def test_what_was_fitted_to_the_points_hides_no_sleeve(
    sleeve_m: float, least_m: float, most_m: float, seed: int
):
    """The drift of many epochs took more from patches than folds add to them."""
    rng = np.random.default_rng(seed)
    chainage, angle = rng.uniform(0.0, 6.0, 6_000), rng.uniform(-1.3, 1.3, 6_000)
    place = np.column_stack([chainage, 0.16 * np.cos(angle), 0.16 * np.sin(angle)])
    residual = rng.normal(0.0, 0.004, 6_000) + sleeve_m * folds(place, rng)
    epoch = (chainage / 0.06).astype(int) * 2 + (angle > 0.0)
    residual -= (np.bincount(epoch, residual) / np.bincount(epoch))[epoch]
    adj = SimpleNamespace(chainage=chainage, angle=angle, residual=residual, radius=0.16)
    found = wrapping(cast(Adjustment, adj), np.ones(6_000, bool))
    assert least_m <= np.hypot(found.std_m, found.unseen_std_m) < most_m
