"""Doubt about a radius of which shares of the points say different things."""

from dataclasses import replace

import numpy as np
import pytest

from stages.made import UP, make_tube, pyramid_of, run_along, straight, tube_points
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure import MeasureOptions, measure, with_doubt
from twin_pipeline.stages.measure.doubt import lasting_doubt, offset_doubt, with_walks

RADIUS_M, NOISE_M, ARC_DEG, FREE_DEG = 0.0445, 0.003, 110.0, 40.0
SEEDS = range(6)


def measured(seed: int, lifted_m: float) -> Tube:
    """A tube seen from above; at the edges of its arc something lies on it, as soil does."""
    rng = np.random.default_rng(seed)
    axis = straight(6.0)
    points = tube_points(axis, RADIUS_M, rng, noise_m=NOISE_M, arc_deg=ARC_DEG, per_m2=15_000.0)
    tube = measure(
        pyramid_of(_lifted(points, lifted_m)), run_along(axis, RADIUS_M), MeasureOptions()
    )
    assert tube is not None
    return tube


def _lifted(points: FloatArray, by_m: float) -> FloatArray:
    """Raise the last five degrees of either side, too gently for normals to tell."""
    radial = points * [0.0, 1.0, 1.0]
    radial /= np.linalg.norm(radial, axis=1, keepdims=True)
    beyond = np.degrees(np.arccos(radial @ UP)) - FREE_DEG
    return points + by_m * np.clip(beyond / 5.0, 0.0, 1.0)[:, None] * radial


def test_what_lies_at_the_edges_of_the_arc_makes_the_radius_doubtful():
    """A millimetre there is three of the radius, unless the arc is taken to end before it."""
    tubes = [measured(seed, 0.001) for seed in SEEDS]
    errors_m = np.array([tube.radius_m - RADIUS_M for tube in tubes])
    assert np.median(errors_m / [tube.radius_std_m for tube in tubes]) > 5.0
    assert np.all(errors_m < [3.0 * with_doubt(tube).radius_std_m for tube in tubes])


def test_where_all_points_say_the_same_there_is_no_doubt():
    tubes = [measured(seed, 0.0) for seed in SEEDS]
    assert np.median([tube.doubt_std_m / tube.radius_std_m for tube in tubes]) < 0.7
    assert np.max([tube.doubt_std_m / tube.radius_std_m for tube in tubes]) < 4.0


def test_what_is_hidden_within_the_arc_leaves_its_doubt_as_it_is():
    """As a cable that lies on the pipe does: the arc has two edges all the same."""
    rng = np.random.default_rng(1)
    axis = straight(6.0)
    points = tube_points(axis, RADIUS_M, rng, noise_m=0.001, arc_deg=130.0, per_m2=15_000.0)
    angle = np.arctan2(points[:, 1], points[:, 2])
    waves = 0.0003 * np.cos(6.0 * angle)[:, None] * (points * [0.0, 1.0, 1.0]) / RADIUS_M
    hidden = (angle > np.radians(10.0)) & (angle < np.radians(19.0))
    tubes = [
        measure(pyramid_of(seen), run_along(axis, RADIUS_M), MeasureOptions())
        for seen in (points + waves, (points + waves)[~hidden])
    ]
    whole, split = (tube.doubt_std_m for tube in tubes if tube is not None)
    assert 0.3 * whole < split < 2.0 * whole


def test_doubt_about_the_radius_is_doubt_about_the_depth_of_the_axis():
    tube = make_tube(straight(3.0), doubt_std_m=0.003)
    doubted = with_doubt(tube)
    assert doubted.std_v_m == pytest.approx(np.hypot(tube.std_v_m, 0.003))
    assert doubted.std_h_m == pytest.approx(tube.std_h_m)
    assert doubted.crown_std_m == pytest.approx(tube.crown_std_m)


def test_walks_that_wander_may_be_off_as_a_whole():
    radius_m = 0.2 + 0.004 * np.sin(np.linspace(0.0, 9.0, 20))
    assert offset_doubt(radius_m, 1.0) == 0.0
    assert 0.004 < offset_doubt(radius_m, 2.0) < 0.008
    assert offset_doubt(radius_m, 6.0) > offset_doubt(radius_m, 2.0)
    # a few slices scatter so by chance
    assert offset_doubt(radius_m[:5], 2.0) == 0.0
    outlying = radius_m.copy()
    outlying[3] = 0.25
    assert offset_doubt(outlying, 2.0) < 0.009


def noisy_slices(seed: int, walk_m: float) -> FloatArray:
    """Radii of 40 slices, of which each has 5 nodes, under a walk that noise hides."""
    rng = np.random.default_rng([71, seed])
    walk = walk_m * np.sin(np.linspace(0.0, 4.0, 40) + rng.uniform(0.0, 6.0))
    return np.repeat(0.15 + walk + rng.normal(0.0, 0.004, 40), 5)


def test_a_walk_that_lasts_is_told_within_noise_by_how_alike_slices_are():
    told_m = [lasting_doubt(noisy_slices(seed, 0.008)) for seed in range(20)]
    assert 0.007 < np.median(told_m) < 0.015
    assert np.count_nonzero(told_m) >= 18


def test_noise_alone_passes_for_no_walk():
    told_m = [lasting_doubt(noisy_slices(seed, 0.0)) for seed in range(40)]
    assert np.count_nonzero(told_m) <= 2
    assert lasting_doubt(noisy_slices(0, 0.006)[:35]) == 0.0


def test_slices_that_are_not_seen_tell_nothing():
    hidden = noisy_slices(0, 0.006)
    hidden[60:90] = np.nan
    assert 0.004 < lasting_doubt(hidden) < 0.014
    assert lasting_doubt(np.full(200, np.nan)) == 0.0


def test_walks_apart_lead_the_axis_astray_whichever_way():
    walked = make_tube(straight(9.95), slice_radius_m=noisy_slices(0, 0.008))
    led = with_walks(walked, walked)
    apart_m = lasting_doubt(walked.slice_radius_m)
    assert led.radius_std_m == pytest.approx(np.hypot(walked.radius_std_m, apart_m))
    assert led.std_h_m == pytest.approx(np.hypot(walked.std_h_m, apart_m))
    assert (led.std_v_m >= led.std_h_m).all()
    assert led.crown_std_m == pytest.approx(walked.crown_std_m)
    even = make_tube(straight(6.0))
    assert with_walks(even, walked).radius_std_m == pytest.approx(led.radius_std_m, rel=0.01)
    in_sleeve = replace(walked, stand_off_m=0.003)
    assert with_walks(even, in_sleeve).radius_std_m < 0.7 * led.radius_std_m
    solved = replace(walked, drift_m=np.zeros(len(walked.nodes)))
    assert with_walks(solved, walked) is solved
