"""What some hundred points tell of noise along the rays, and what it has done to a tube."""

from dataclasses import replace

import numpy as np
import pytest

from stages.made import make_tube, straight
from stages.test_anisotropy import ALL_WAYS, RADIUS_M, UPRIGHT, scanned, true_adjustment
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.rays import led_by_rays, with_rays

NOISE_M = 0.006


def fitted_radius(adj: Adjustment, weights: FloatArray) -> float:
    """By how much the radius of a circle is off that fits the points but for equal noise."""
    equal = adj.noise**2 / (2.0 * RADIUS_M)
    adj.expect(np.full(len(weights), equal))
    design = np.column_stack([adj.radial[:, 1:] / adj.rho[:, None], np.ones(len(weights))])
    root = np.sqrt(weights)[:, None]
    fitted = np.linalg.lstsq(root * design, root[:, 0] * (adj.residual - equal), rcond=None)
    return float(fitted[0][2])


def off(count: int, along: FloatArray) -> tuple[float, float]:
    """Mean error of the diameter before and after it is put right, of many scans."""
    before, after = [], []
    for seed in range(60):
        points = scanned(np.random.default_rng([7, seed]), count, NOISE_M, along, 150.0)
        adj, weights = true_adjustment(points)
        before.append(2.0 * fitted_radius(adj, weights))
        led = led_by_rays(adj, weights)
        after.append(before[-1] + 2.0 * (0.0 if led is None else float(led[3])))
    return float(np.mean(before)), float(np.mean(after))


@pytest.mark.parametrize("count", [150, 400, 1500])
def test_some_hundred_points_tell_that_grazing_rays_made_a_tube_thinner(count):
    before, after = off(count, UPRIGHT)
    assert before < -1.5 * NOISE_M**2 / RADIUS_M
    assert abs(after) < 0.5 * abs(before)


@pytest.mark.parametrize("count", [400, 1500])
def test_noise_that_is_the_same_all_ways_moves_nothing(count):
    before, after = off(count, ALL_WAYS)
    assert abs(after - before) < 0.7 * NOISE_M**2 / RADIUS_M


@pytest.mark.parametrize("count", [50, 3000])
def test_too_few_tell_nothing_and_of_many_it_is_known(count):
    adj, weights = true_adjustment(
        scanned(np.random.default_rng(3), count, NOISE_M, UPRIGHT, 150.0)
    )
    assert led_by_rays(adj, weights) is None


def test_a_tube_is_put_right_once_and_a_part_of_that_stays_doubtful():
    made = make_tube(straight(2.0), RADIUS_M)
    tube = replace(made, led_m=np.array([0.0, 0.001, -0.002, 0.003]))
    right = with_rays(tube)
    assert right.radius_m == pytest.approx(RADIUS_M + 0.003)
    np.testing.assert_allclose(right.slice_radius_m, RADIUS_M + 0.003)
    np.testing.assert_allclose(right.nodes - made.nodes, [[0.0, 0.001, -0.002]] * len(made.nodes))
    left = np.hypot(0.25, 7.0 / np.sqrt(made.points_used))
    assert right.radius_std_m == pytest.approx(np.hypot(made.radius_std_m, 0.003 * left))
    assert right.std_v_m == pytest.approx(np.hypot(made.std_v_m, 0.002 * left))
    fewer = with_rays(replace(tube, points_used=100))
    assert fewer.radius_std_m > right.radius_std_m
    assert with_rays(right) is right
    assert with_rays(made) is made
