"""Tubes that their load has flattened."""

import numpy as np
import pytest

from stages.made import pyramid_of, run_along, straight, tube_points
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.stages.measure import MeasureOptions, measure

RADIUS_M = 0.09
NOISE_M = 0.002


def flattened(oval: float, arc_deg: float, seed: int, per_m2: float = 20_000.0) -> Tube:
    """A tube whose axes differ by a share of its diameter, wider than high."""
    rng = np.random.default_rng([3, seed])
    axis = straight(3.0)
    points = tube_points(axis, RADIUS_M, rng, arc_deg=arc_deg, per_m2=per_m2)
    points = points * [1.0, 1.0 + 0.5 * oval, 1.0 - 0.5 * oval]
    points += rng.normal(0.0, NOISE_M, points.shape)
    tube = measure(pyramid_of(points), run_along(axis, 1.03 * RADIUS_M), MeasureOptions())
    assert tube is not None
    return tube


@pytest.mark.parametrize(("arc_deg", "seed"), [(200.0, 0), (200.0, 1), (260.0, 0)])
def test_what_shows_that_it_is_oval_has_its_mean_diameter_within_its_sigma(arc_deg, seed):
    oval = 0.02
    tube = flattened(oval, arc_deg, seed)
    crown_m = float(np.median(tube.nodes[:, 2])) + tube.radius_m
    assert tube.oval_m > 0.0
    assert abs(tube.radius_m - RADIUS_M) < 2.5 * tube.radius_std_m
    assert abs(tube.radius_m - RADIUS_M) < 0.0008  # a circle is 2 mm off
    assert crown_m == pytest.approx(RADIUS_M * (1.0 - 0.5 * oval), abs=0.0004)
    assert abs(np.median(tube.nodes[:, 2])) < 2.5 * np.median(tube.std_v_m)


@pytest.mark.parametrize("arc_deg", [120.0, 160.0, 260.0])
def test_a_round_one_is_not_called_oval(arc_deg):
    for seed in range(3):
        tube = flattened(0.0, arc_deg, seed)
        assert tube.oval_m == 0.0
        assert abs(tube.radius_m - RADIUS_M) < 3.5 * tube.radius_std_m


def test_a_short_arc_leaves_open_what_an_oval_would_do():
    short, long = (flattened(0.0, arc_deg, 5) for arc_deg in (140.0, 260.0))
    assert short.oval_std_m > 4.0 * long.oval_std_m
    assert short.oval_std_m > 2.0 * short.radius_std_m
