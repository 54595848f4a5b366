"""What crosses a trench in the air, seen in some dozens of points only."""

import numpy as np
import pytest
from stages.made import make_tube, plane_points, pyramid_of, straight, trench_ground, tube_points

from twin_pipeline.config import Config
from twin_pipeline.geometry.rims import Rims, rims_of
from twin_pipeline.observing import Observer
from twin_pipeline.search import Search
from twin_pipeline.spanning import spans, why_no_span
from twin_pipeline.stages.bars import find_bars

LENGTH_M, WIDTH_M, FLOOR_M, UP_M, RADIUS_M = 5.0, 1.2, -1.3, -0.7, 0.03
RIMS = rims_of(trench_ground(LENGTH_M, WIDTH_M))
MAIN = make_tube(straight(LENGTH_M, (0.0, 0.0, FLOOR_M + 0.1)), 0.1)
NOISE_M = 0.005


def crossing(from_m, to_m, *, x_m=2.0, heading_deg=75.0):
    """Axis (K, 3) across the trench, from one place to the other of its length there."""
    along = np.linspace(from_m, to_m, 40)[:, None]
    heading = np.radians(heading_deg)
    return np.array([x_m, 0.0, UP_M]) + along * [np.cos(heading), np.sin(heading), 0.0]


def searched(*axes, per_m=90.0, noise_m=NOISE_M, seed=1):
    """Where a trench with thin tubes along axes is searched, so sparse that none has a surface."""
    rng = np.random.default_rng(seed)
    half = WIDTH_M / 2
    per_m2 = per_m / (np.pi * RADIUS_M)
    walls = plane_points((0.0, -1.3), (LENGTH_M, 0.0), 0.0, rng, per_m2=400.0, noise_m=noise_m)
    parts = [
        plane_points((0.0, -half), (LENGTH_M, half), FLOOR_M, rng, per_m2=400.0, noise_m=noise_m),
        *(walls[:, [0, 2, 1]] + [0.0, side, 0.0] for side in (-half, half)),
        *(tube_points(axis, RADIUS_M, rng, per_m2=per_m2, noise_m=noise_m) for axis in axes),
    ]
    return Search(pyramid_of(np.concatenate(parts)), Config(), True, Observer())


@pytest.mark.parametrize("heading_deg", [60.0, 90.0, 117.0])
def test_a_thin_pipe_of_some_dozens_of_points_is_found_in_the_air(heading_deg):
    half_m = 0.5 * WIDTH_M / np.sin(np.radians(heading_deg))
    axis = crossing(-half_m, half_m, heading_deg=heading_deg)
    (tube,) = spans(searched(axis), [MAIN], RIMS)
    assert tube.length_m > 0.75 * WIDTH_M
    assert abs(tube.radius_m - RADIUS_M) < 3.0 * tube.radius_std_m
    assert tube.radius_std_m < 0.0025
    off = np.cross(tube.nodes - axis[0], axis[-1] - axis[0]) / np.linalg.norm(axis[-1] - axis[0])
    assert (np.linalg.norm(off, axis=1) < 3.0 * np.hypot(tube.std_h_m, tube.std_v_m)).all()
    assert tube.observed.mean() > 0.8


def test_bars_are_found_wherever_they_lie_in_a_cloud_of_kilometres():
    """All its cells at once would be a million million."""
    rng = np.random.default_rng(5)
    strewn = rng.uniform(-2000.0, 2000.0, (1000, 3)) * [1.0, 1.0, 0.02]
    bar = tube_points(crossing(-0.6, 0.6, heading_deg=90.0), RADIUS_M, rng, noise_m=NOISE_M)
    places = np.array([[0.0, 0.0, 0.0], [1500.0, 3.0, 20.0], [-1200.0, 900.0, 0.0]])
    found = find_bars(np.vstack([strewn, *(bar + place for place in places)]), [np.eye(3)[0]])
    middles = np.array([0.5 * (one.start + one.end) for one in found])
    for place in places + np.array([2.0, 0.0, UP_M]):
        assert np.linalg.norm(middles - place, axis=1).min() < 0.1


def test_nothing_spans_an_empty_trench():
    assert spans(searched(), [MAIN], RIMS) == []


def test_without_a_pavement_a_single_one_is_found_and_several_of_a_size_are_none():
    unpaved = Rims(RIMS.legs, paved=False, dug=RIMS.dug)
    first, second = crossing(-0.6, 0.6), crossing(-0.6, 0.6, x_m=4.0)
    assert len(spans(searched(first), [MAIN], unpaved)) == 1
    assert spans(searched(first, second), [MAIN], unpaved) == []
    assert len(spans(searched(first, second), [MAIN], RIMS)) == 2


def test_what_is_known_is_not_found_again():
    axis = crossing(-0.6, 0.6)
    assert spans(searched(axis), [MAIN, make_tube(axis, RADIUS_M)], RIMS) == []


def test_edges_of_two_wales_with_nothing_between_are_no_pipe():
    assert spans(searched(crossing(-0.6, -0.35), crossing(0.35, 0.6)), [MAIN], RIMS) == []


def test_what_has_as_much_around_it_as_on_it_lies_on_something():
    axis = crossing(-0.5, 0.5)
    tube = make_tube(axis, RADIUS_M)
    rng = np.random.default_rng(2)
    own = tube_points(axis, RADIUS_M, rng, per_m2=1500.0)
    beside = own + np.where(rng.random((len(own), 1)) < 0.5, 0.1, -0.1) * [1.0, 0.0, 0.0]
    assert why_no_span(tube, own, 0.036) is None
    assert "around" in why_no_span(tube, np.concatenate([own, beside]), 0.036)
