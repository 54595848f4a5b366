"""Sockets that a tube ends before, on a pipe of 5 m along x."""

import numpy as np
import pytest

from stages.made import make_tube, pyramid_of, straight, tube_points
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.fittings import FittingsOptions, find_joints, over_end_sockets

RADIUS_M, PIPE_M, NOISE_M = 0.085, 5.0, 0.003
BEGIN_M, END_M = 4.6, 4.75
"""Of the ring before the pipe's end."""
OPTIONS = FittingsOptions()


def scanned(rise_m: float, beyond_m: float = PIPE_M, *, around: bool = True) -> FloatArray:
    """Points on a barrel as far as `beyond_m`, and on a ring in its place, or on one side of it."""
    rng = np.random.default_rng(5)
    points = tube_points(straight(beyond_m), RADIUS_M, rng, noise_m=NOISE_M)
    points = points[(points[:, 0] < BEGIN_M) | (points[:, 0] > END_M)]
    length_m = END_M - BEGIN_M
    ring = tube_points(
        straight(length_m, (BEGIN_M, 0.0, 0.0)), RADIUS_M + rise_m, rng, noise_m=NOISE_M
    )
    return np.vstack([points, ring if around else ring[ring[:, 1] > 0.0]])


def led_on(points: FloatArray, *, backwards: bool = False) -> tuple[Tube, Tube]:
    nodes = straight(BEGIN_M)[::-1] if backwards else straight(BEGIN_M)
    tube = make_tube(nodes, RADIUS_M, noise_m=NOISE_M)
    return tube, over_end_sockets(pyramid_of(points), tube, OPTIONS)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_tube_goes_on_over_a_socket_to_where_its_barrel_is_seen(backwards):
    points = scanned(0.03)
    tube, longer = led_on(points, backwards=backwards)
    x = longer.nodes[:, 0]
    assert x.max() == pytest.approx(PIPE_M, abs=0.03)
    assert x.min() == pytest.approx(0.0, abs=1e-9)
    assert len(longer.observed) == len(longer.std_h_m) == len(x)
    beyond = x > END_M + 0.05
    assert longer.observed[beyond].all()
    assert not longer.observed[(x > BEGIN_M + 0.02) & (x < END_M - 0.02)].any()
    assert longer.std_h_m[x.argmax()] > tube.std_h_m[0]
    (joint,) = find_joints(pyramid_of(points), longer, OPTIONS)
    at = PIPE_M - joint.chainage_m if backwards else joint.chainage_m
    assert at == pytest.approx(0.5 * (BEGIN_M + END_M), abs=0.03)


def test_the_points_beyond_are_its_own():
    points = scanned(0.03)
    tube, longer = led_on(points)
    more = pyramid_of(points).xyz[np.setdiff1d(longer.points, tube.points)]
    assert len(more) > 100
    assert more[:, 0].min() > END_M - 0.02


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(scanned(0.03, BEGIN_M), id="a ring with no barrel behind it"),
        pytest.param(scanned(0.03, around=False), id="a stone on one side"),
        pytest.param(scanned(0.004), id="too low for a socket"),
    ],
)
def test_a_tube_ends_where_it_does_otherwise(points):
    tube, longer = led_on(points)
    assert longer.length_m == tube.length_m


def test_a_short_tube_ends_where_it_does():
    tube = make_tube(straight(1.5, (BEGIN_M - 1.5, 0.0, 0.0)), RADIUS_M, noise_m=NOISE_M)
    longer = over_end_sockets(pyramid_of(scanned(0.03)), tube, OPTIONS)
    assert longer.length_m == tube.length_m
