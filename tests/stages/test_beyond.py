"""What lies behind what hides a pipe near its end: another piece of it, or something else."""

import numpy as np
import pytest

from stages.made import make_tube, plane_points, pyramid_of, run_along, straight, tube_points
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure import MeasureOptions, led_beyond, measure

RADIUS_M = 0.085
SEEN_M = 4.0
AXIS = straight(SEEN_M)


def scanned(
    tail_m: tuple[float, float],
    radius_m: float = RADIUS_M,
    aside_m: float = 0.0,
    noise_m: float = 0.003,
    arc_deg: float = 180.0,
) -> FloatArray:
    """Points on a pipe, and on a tube from one x to another that lies so far aside of it."""
    rng = np.random.default_rng(5)
    tail = straight(tail_m[1] - tail_m[0], (tail_m[0], aside_m, 0.0))
    return np.vstack(
        [
            tube_points(AXIS, RADIUS_M, rng, noise_m=noise_m, arc_deg=arc_deg),
            tube_points(tail, radius_m, rng, noise_m=noise_m, arc_deg=arc_deg),
            plane_points((-0.5, -0.5), (8.0, 0.5), -0.3, rng),
        ]
    )


def measured(points: FloatArray) -> Tube:
    tube = measure(pyramid_of(points), run_along(straight(7.0), RADIUS_M), MeasureOptions())
    assert tube is not None
    return tube


def test_a_short_tail_of_the_same_radius_straight_ahead_is_the_pipe():
    tube = measured(scanned((5.4, 6.1)))
    assert tube.nodes[-1, 0] == pytest.approx(6.1, abs=0.05)
    assert tube.radius_m == pytest.approx(RADIUS_M, abs=0.0005)


NOISY = {"noise_m": 0.006, "arc_deg": 100.0}


def test_in_noise_a_tail_exactly_straight_ahead_may_be_little_known():
    tube = measured(scanned((5.4, 6.1), **NOISY))
    assert tube.nodes[-1, 0] == pytest.approx(6.1, abs=0.1)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(scanned((5.4, 6.1), aside_m=0.012, **NOISY), id="aside in noise"),
        pytest.param(scanned((5.4, 6.1), radius_m=0.094), id="another radius"),
        pytest.param(scanned((5.4, 6.1), aside_m=0.035), id="aside"),
        pytest.param(scanned((5.4, 5.7)), id="little of it"),
    ],
)
def test_another_short_tail_is_not(points):
    assert measured(points).nodes[-1, 0] == pytest.approx(SEEN_M, abs=0.05)


def found(points: FloatArray) -> Tube:
    """A tube of the pipe's near part, whose last decimetre veers off."""
    nodes = AXIS + np.array([0.0, 0.0, 0.04]) * np.clip(AXIS[:, :1] - 3.9, 0.0, None) / 0.1
    near = np.flatnonzero((points[:, 0] < SEEN_M) & (points[:, 2] > -0.1))
    return make_tube(nodes, RADIUS_M, points=near)


def test_a_pipe_is_led_on_to_where_it_is_seen_again():
    points = scanned((5.4, 6.3))
    (run,) = led_beyond(pyramid_of(points), found(points))
    assert run.axis[0, 0] == pytest.approx(0.0, abs=0.01)
    assert run.axis[-1, 0] == pytest.approx(6.3, abs=0.15)
    assert np.abs(run.axis[:, 1:]).max() < 0.002


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(scanned((5.4, 6.3), radius_m=0.11), id="another radius"),
        pytest.param(scanned((5.4, 6.3), aside_m=0.06), id="aside"),
        pytest.param(scanned((5.4, 5.7)), id="little of it"),
        pytest.param(scanned((7.5, 8.0)), id="too far"),
    ],
)
def test_a_pipe_is_not_led_on_to_something_else(points):
    assert not list(led_beyond(pyramid_of(points), found(points)))
