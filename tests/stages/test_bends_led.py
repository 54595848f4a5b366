"""Ways around bends on whose sockets an axis lies."""

import numpy as np
import pytest

from stages.made import bent, make_tube, pyramid_of, tube_points
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure import led_around_bends

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


def test_an_even_tube_needs_no_other_way():
    axis, points = scanned(45.0)
    assert not list(led_around_bends(pyramid_of(points), climbed(axis, 45.0, 1.0)))


def test_a_straight_tube_has_no_bend():
    axis, points = scanned(45.0)
    straight_part = axis[: round(BEFORE_M / 0.05)]
    tube = make_tube(straight_part, RADIUS_M, inflation=8.0)
    assert not list(led_around_bends(pyramid_of(points), tube))
