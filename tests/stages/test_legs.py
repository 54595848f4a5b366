"""Two bends and the short leg between them, on axes known on paper."""

import math

import numpy as np
import pytest

from stages.made import make_tube, pyramid_of, straight, tube_points
from twin_pipeline.geometry import polyline
from twin_pipeline.kernels.ways import points_on
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure import joined_over_leg, led_over_legs
from twin_pipeline.stages.measure.straights import Straight, pass_each_other

RADIUS_M = 0.15
AHEAD_M = 3.0


def axis_of(turn_deg: float, leg_m: float, bend_m: float = 0.25) -> FloatArray:
    """A line along x that goes aside over a leg between two bends, and on along x."""
    turn = math.radians(turn_deg)
    tangent = bend_m * math.tan(0.5 * turn)
    angle = np.linspace(0.0, turn, 30)[:, None]
    arc = bend_m * np.hstack([np.sin(angle), 1.0 - np.cos(angle), 0.0 * angle])
    leg = (leg_m - 2.0 * tangent) * np.array([math.cos(turn), math.sin(turn), 0.0])
    first = np.array([AHEAD_M, 0.0, -1.0]) + arc
    second = first[-1] + leg + (arc[-1] - arc[::-1])
    ends = [0.0, 0.0, -1.0], second[-1] + [AHEAD_M, 0.0, 0.0]
    return np.vstack([ends[0], first, second, ends[1]])


def scanned(axis: FloatArray) -> FloatArray:
    rng = np.random.default_rng(7)
    points = tube_points(axis, RADIUS_M, rng, arc_deg=170.0, per_m2=3000.0, noise_m=0.003)
    floor = rng.uniform([-1.0, -1.5, -1.16], [9.0, 3.0, -1.14], (9000, 3))
    off = np.linalg.norm(floor[:, None, :2] - axis[None, ::3, :2], axis=2).min(axis=1)
    return np.vstack([points, floor[off > RADIUS_M]])


def straights(axis: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The first and the last part of an axis, each but for its last 0.2 m."""
    nodes = polyline.resample(axis, 0.05)
    before = nodes[nodes[:, 0] < AHEAD_M - 0.2]
    after = nodes[nodes[:, 0] > axis[-1, 0] - AHEAD_M + 0.2]
    return before, after[np.abs(after[:, 1] - axis[-1, 1]) < 1e-6]


def off_m(nodes: FloatArray, axis: FloatArray) -> float:
    line = polyline.resample(axis, 0.005)
    return float(np.linalg.norm(nodes[:, None] - line[None], axis=2).min(axis=1).max())


@pytest.mark.parametrize("turn_deg", [22.5, 45.0, 90.0])
def test_two_straights_are_joined_over_the_leg_that_is_seen(turn_deg):
    axis = axis_of(turn_deg, 0.9)
    before, after = straights(axis)
    tubes = [make_tube(nodes, RADIUS_M) for nodes in (before, after[::-1])]
    run = joined_over_leg(pyramid_of(scanned(axis)), *tubes, most_turn_deg=100.0)
    assert run is not None
    assert off_m(run.axis, axis) < 0.02


def test_straights_that_are_too_far_apart_are_not_joined():
    axis = axis_of(45.0, 0.9)
    tubes = [make_tube(straight(3.0), RADIUS_M), make_tube(straight(3.0, (8.0, 1.0, 0)), RADIUS_M)]
    assert joined_over_leg(pyramid_of(scanned(axis)), *tubes, most_turn_deg=100.0) is None


def guessed(axis: FloatArray) -> FloatArray:
    """The way that a bridge takes from the one straight to the other."""
    before, after = straights(axis)
    share = np.linspace(0.0, 1.0, 30)[1:-1, None]
    gap = after[0] - before[-1]
    ahead = np.array([np.linalg.norm(gap), 0.0, 0.0])
    bridge = before[-1] + share**2 * (3 - 2 * share) * gap
    return np.vstack([before, bridge + share * (1 - share) * (1 - 2 * share) * ahead, after])


@pytest.mark.parametrize("turn_deg", [45.0, 90.0])
def test_a_bridge_that_cuts_both_corners_is_led_around_them(turn_deg):
    axis = axis_of(turn_deg, 0.9)
    nodes = polyline.resample(guessed(axis), 0.05)
    assert off_m(nodes, axis) > 0.05
    straight_on = np.minimum(np.abs(nodes[:, 1]), np.abs(nodes[:, 1] - axis[-1, 1])) < 1e-3
    tube = make_tube(nodes, RADIUS_M, observed=straight_on)
    (run,) = led_over_legs(pyramid_of(scanned(axis)), tube)
    assert off_m(run.axis, axis) < 0.02


def test_what_hides_a_straight_pipe_hides_no_leg():
    nodes = straight(6.0)
    hidden = (nodes[:, 0] > 2.5) & (nodes[:, 0] < 3.5)
    tube = make_tube(nodes, RADIUS_M, observed=~hidden)
    rng = np.random.default_rng(3)
    points = tube_points(nodes, RADIUS_M, rng, noise_m=0.003)
    assert list(led_over_legs(pyramid_of(points), tube)) == []


def test_points_count_for_the_ways_whose_tube_they_lie_on():
    points = np.array([[0.5, 0.0, 0.1], [0.5, 0.1, 0.0], [0.5, 0.0, 0.105], [0.5, 0.0, 0.2]])
    normals = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
    ways = np.array([[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [[0.0, 0.0, 0.1], [1.0, 0.0, 0.1]]])
    on = points_on(points, normals, ways, 0.1, 0.01, 0.7)
    np.testing.assert_allclose(on, [1.0 + 0.75, 1.0], atol=1e-9)


@pytest.mark.parametrize(
    ("turn_deg", "aside_m", "told"),
    [(11.25, 0.0, False), (30.0, 0.0, False), (11.25, 0.4, True), (0.0, 0.4, True)],
)
def test_straights_that_one_bend_joins_do_not_pass_each_other(turn_deg, aside_m, told):
    turn = math.radians(turn_deg)
    on = np.array([math.cos(turn), math.sin(turn), 0.0])
    aside = aside_m * np.array([-on[1], on[0], 0.0])
    before = Straight(np.array([-0.4, 0.0, 0.0]), np.array([1.0, 0.0, 0.0]), 0)
    after = Straight(0.5 * on + aside, -on, 0)
    assert pass_each_other(before, after, 0.03) == told
