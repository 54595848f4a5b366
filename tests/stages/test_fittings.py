"""Bends of axes and sockets of tubes whose places are known on paper."""

import numpy as np
import pytest

from stages.made import bent, make_tube, plane_points, pyramid_of, straight, tube_points
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.fittings import FittingsOptions, find_bends, find_joints

RADIUS_M = 0.085
LENGTH_M = 5.0


@pytest.mark.parametrize("bend_radius_m", [0.4, 0.8])
@pytest.mark.parametrize("angle_deg", [11.25, 22.5, 45.0, 90.0])
def test_a_bend_has_its_place_angle_and_radius(angle_deg, bend_radius_m):
    tube = make_tube(bent(2.0, angle_deg, bend_radius_m, 2.0))
    (bend,) = find_bends(tube, FittingsOptions())
    middle_m = 2.0 + 0.5 * np.radians(angle_deg) * bend_radius_m
    assert bend.angle_deg == pytest.approx(angle_deg, abs=0.2)
    assert bend.chainage_m == pytest.approx(middle_m, abs=0.08)


def radii(angle_deg: float, bend_radius_m: float, step_m: float) -> list[float]:
    """The radius found as the vertices of the axis move along it by a fifth of their spacing."""
    found = []
    for shift in range(5):
        nodes = bent(2.0 + 0.2 * shift * step_m, angle_deg, bend_radius_m, 2.0, step_m)
        (bend,) = find_bends(make_tube(nodes), FittingsOptions())
        found.append(bend.radius_m)
    return found


@pytest.mark.parametrize(
    ("angle_deg", "bend_radius_m", "step_m"),
    [
        (45.0, 0.6, 0.0425),
        (90.0, 0.4, 0.0425),
        (22.5, 0.6, 0.0425),
        (45.0, 0.9, 0.1),
    ],
)
def test_radius_of_a_bend_does_not_depend_on_where_vertices_fall(angle_deg, bend_radius_m, step_m):
    assert radii(angle_deg, bend_radius_m, step_m) == pytest.approx([bend_radius_m] * 5, rel=0.15)


def test_a_bend_is_found_in_a_noisy_axis():
    nodes = bent(2.0, 45.0, 0.6, 2.0)
    ripple = 0.001 * np.sin(np.linspace(0.0, 40.0, len(nodes)))
    (bend,) = find_bends(make_tube(nodes + ripple[:, None] * [0, 0.7, 0.7]), FittingsOptions())
    assert bend.angle_deg == pytest.approx(45.0, abs=1.0)


def test_vertical_bends_count_as_horizontal_ones():
    nodes = bent(2.0, 45.0, 0.6, 2.0)[:, [0, 2, 1]]
    (bend,) = find_bends(make_tube(nodes), FittingsOptions())
    assert bend.angle_deg == pytest.approx(45.0, abs=0.2)


@pytest.mark.parametrize("between_m", [0.5, 2.0])
def test_two_bends_are_told_apart(between_m):
    first = bent(2.0, 45.0, 0.6, between_m / 2)
    second = bent(between_m / 2, 22.5, 0.6, 2.0)
    turn = np.radians(45.0)
    rotation = np.array(
        [[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    nodes = np.vstack([first, (second @ rotation + first[-1])[1:]])
    bends = find_bends(make_tube(nodes), FittingsOptions())
    assert [bend.angle_deg for bend in bends] == pytest.approx([45.0, 22.5], abs=0.5)
    middles = [2.0 + 0.3 * turn, 2.0 + 0.6 * turn + between_m + 0.15 * turn]
    assert [bend.chainage_m for bend in bends] == pytest.approx(middles, abs=0.08)


@pytest.mark.parametrize("angle_deg", [0.0, 1.5])
def test_a_straight_pipe_has_no_bend(angle_deg):
    assert find_bends(make_tube(bent(2.0, angle_deg, 0.6, 2.0)), FittingsOptions()) == []


def test_a_wide_curve_of_the_route_is_no_bend():
    assert find_bends(make_tube(bent(1.0, 30.0, 12.0, 1.0)), FittingsOptions()) == []


def test_a_bend_at_the_very_end_has_no_straight_to_measure_it_by():
    assert find_bends(make_tube(bent(2.0, 45.0, 0.6, 0.05)), FittingsOptions()) == []


def sleeved(rng: np.random.Generator, *sockets: tuple[float, float, float]) -> FloatArray:
    """Points on a straight barrel with rings given by start, length and rise."""
    points = tube_points(straight(LENGTH_M), RADIUS_M, rng, noise_m=0.003)
    for start, length, rise in sockets:
        points = points[(points[:, 0] < start) | (points[:, 0] > start + length)]
        ring = tube_points(straight(length, (start, 0.0, 0.0)), RADIUS_M + rise, rng, noise_m=0.003)
        points = np.vstack([points, ring])
    return points


def joints(points: FloatArray) -> list[float]:
    return find_joints(
        pyramid_of(points), make_tube(straight(LENGTH_M), RADIUS_M), FittingsOptions()
    )


def test_sockets_are_joints_at_their_middles():
    found = joints(sleeved(np.random.default_rng(1), (0.9, 0.15, 0.03), (3.9, 0.15, 0.03)))
    assert found == pytest.approx([0.975, 3.975], abs=0.03)


def test_a_bare_barrel_has_no_joint():
    assert joints(sleeved(np.random.default_rng(2))) == []


def test_a_sleeve_too_long_or_too_low_is_no_joint():
    assert joints(sleeved(np.random.default_rng(3), (1.0, 1.2, 0.03))) == []
    assert joints(sleeved(np.random.default_rng(4), (1.0, 0.15, 0.004))) == []


def test_a_heap_of_soil_is_no_joint():
    """It stands out of the barrel here more and there less, and hides what is under it."""
    rng = np.random.default_rng(5)
    points = sleeved(rng)
    bare = points[(points[:, 0] < 2.0) | (points[:, 0] > 2.2)]
    heap = plane_points((2.0, -0.2), (2.2, 0.2), 0.10, rng, per_m2=20_000.0, noise_m=0.012)
    assert joints(np.vstack([bare, heap])) == []


def test_joints_of_a_bent_pipe_lie_along_the_axis():
    rng = np.random.default_rng(6)
    axis = bent(2.0, 45.0, 0.6, 2.0)
    barrel = tube_points(axis, RADIUS_M, rng, noise_m=0.003)
    barrel = barrel[(barrel[:, 0] < 1.0) | (barrel[:, 0] > 1.15)]
    ring = tube_points(straight(0.15, (1.0, 0.0, 0.0)), RADIUS_M + 0.03, rng, noise_m=0.003)
    found = find_joints(
        pyramid_of(np.vstack([barrel, ring])), make_tube(axis, RADIUS_M), FittingsOptions()
    )
    assert found == pytest.approx([1.075], abs=0.03)
