"""Ways around bends on whose sockets an axis lies."""

from dataclasses import replace

import numpy as np
import pytest

from stages.made import bent, make_tube, pyramid_of, tube_points
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure import led_around_bends, led_around_corners

RADIUS_M, BEND_RADIUS_M, BEFORE_M = 0.161, 1.29, 3.5
SOCKET_M = 0.3


def scanned(angle_deg: float) -> tuple[FloatArray, FloatArray]:
    """Return the axis of a pipe with a bend between two sockets, and points on its upper side."""
    rng = np.random.default_rng(2)
    axis = bent(BEFORE_M, angle_deg, BEND_RADIUS_M, 3.5)
    at = 0.05 * np.arange(len(axis))
    arc_m = np.radians(angle_deg) * BEND_RADIUS_M
    parts = [tube_points(axis, RADIUS_M, rng, noise_m=0.005, per_m2=4_000.0, arc_deg=150.0)]
    for middle in (BEFORE_M - 0.17, BEFORE_M + arc_m + 0.17):
        bell = axis[np.abs(at - middle) < 0.5 * SOCKET_M]
        parts.append(
            tube_points(bell, RADIUS_M + 0.04, rng, noise_m=0.005, per_m2=4_000.0, arc_deg=150.0)
        )
    return axis, np.vstack(parts)


def climbed(axis: FloatArray, angle_deg: float, inflation: float) -> Tube:
    """A tube that lies on the sockets: 3 cm too high all around the bend, and to its outside."""
    at = 0.05 * np.arange(len(axis))
    middle = BEFORE_M + 0.5 * np.radians(angle_deg) * BEND_RADIUS_M
    within = np.abs(at - middle) < middle - BEFORE_M + 0.35
    nodes = axis + within[:, None] * np.array([0.02, -0.02, 0.03])
    return make_tube(nodes, RADIUS_M, noise_m=0.005, inflation=inflation)


@pytest.mark.parametrize("angle_deg", [22.5, 45.0, 90.0])
def test_an_axis_on_sockets_is_led_around_the_bend(angle_deg):
    axis, points = scanned(angle_deg)
    runs = list(led_around_bends(pyramid_of(points), climbed(axis, angle_deg, 8.0)))
    assert len(runs) == 1
    held = runs[0].axis[runs[0].held]
    off = np.linalg.norm(held[:, None] - axis[None], axis=2).min(axis=1)
    assert np.linalg.norm(np.diff(held, axis=0), axis=1).sum() > 1.0
    assert np.sqrt(np.maximum(off**2 - 0.025**2, 0.0)).max() < 0.008
    assert np.abs(held[:, 2]).max() < 0.004


def test_a_way_around_a_bend_begins_where_the_straight_was_seen_to_end():
    axis, points = scanned(45.0)
    tube = climbed(axis, 45.0, 8.0)
    at = 0.05 * np.arange(len(axis))
    seen = (at < BEFORE_M - 0.9) | (at > BEFORE_M + 1.8)
    (run,) = led_around_bends(pyramid_of(points), replace(tube, observed=seen))
    course = np.diff(run.axis, axis=0)
    course /= np.linalg.norm(course, axis=1, keepdims=True)
    assert np.sum(course[1:] * course[:-1], axis=1).min() > 0.8


def test_an_even_tube_needs_no_other_way():
    axis, points = scanned(45.0)
    assert not list(led_around_bends(pyramid_of(points), climbed(axis, 45.0, 1.0)))


def test_a_straight_tube_has_no_bend():
    axis, points = scanned(45.0)
    straight_part = axis[: round(BEFORE_M / 0.05)]
    tube = make_tube(straight_part, RADIUS_M, inflation=8.0)
    assert not list(led_around_bends(pyramid_of(points), tube))


SHARP_M, HIDDEN_M = 0.5, 1.0


def cut_corner(axis: FloatArray, points: FloatArray, hidden_m: float = HIDDEN_M) -> Tube:
    """A tube that goes straight from leg to leg where a sharp bend is not seen."""
    at = 0.05 * np.arange(len(axis))
    middle = BEFORE_M + 0.5 * np.radians(90.0) * SHARP_M
    hidden = np.abs(at - middle) < 0.5 * hidden_m
    nodes = axis.copy()
    if hidden.any():
        nodes[hidden] = np.linspace(*axis[np.flatnonzero(hidden)[[0, -1]]], int(hidden.sum()))
    index = np.arange(len(points))
    return make_tube(nodes, RADIUS_M, noise_m=0.005, observed=~hidden, points=index)


def on_sharp_bend(gap_m: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Return the axis of a sharp bend and points on it, but for a gap around its middle."""
    axis = bent(BEFORE_M, 90.0, SHARP_M, 3.5)
    points = tube_points(axis, RADIUS_M, np.random.default_rng(2), noise_m=0.005, per_m2=4_000.0)
    middle = BEFORE_M + SHARP_M * np.sin(np.radians(45.0)), SHARP_M * (1.0 - np.cos(np.pi / 4.0))
    return axis, points[np.linalg.norm(points[:, :2] - middle, axis=1) > gap_m]


def test_an_axis_that_cuts_a_corner_is_led_around_it():
    axis, points = on_sharp_bend()
    (run,) = led_around_corners(pyramid_of(points), cut_corner(axis, points))
    off = np.linalg.norm(run.axis[:, None] - axis[None], axis=2).min(axis=1)
    assert np.sqrt(np.maximum(off**2 - 0.025**2, 0.0)).max() < 0.03
    assert np.linalg.norm(run.axis[run.held] - run.axis[run.held][0], axis=1).max() > 0.7


def test_a_corner_where_no_pipe_lies_stays_cut():
    axis, points = on_sharp_bend(gap_m=0.6)
    assert not list(led_around_corners(pyramid_of(points), cut_corner(axis, points)))


def test_a_seen_bend_is_led_around_no_corner():
    axis, points = on_sharp_bend()
    assert not list(led_around_corners(pyramid_of(points), cut_corner(axis, points, 0.0)))
