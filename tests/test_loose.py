"""What lies in a trench 10 m long along +x and 1.3 m deep, and what comes out of its walls."""

import numpy as np
import pytest
from stages.made import make_tube, plane_points, straight, trench_ground, tube_points

from twin_pipeline.loose import without_loose
from twin_pipeline.model import Role
from twin_pipeline.stages.classify import Classified

GROUND = trench_ground()
FLOOR_M = -1.3
MAIN = make_tube(straight(10.0, (0.0, 0.1, -1.1)))


def wall(axis, at_m, seed):
    """Points (N, 3) on a wall of the trench."""
    rng = np.random.default_rng(seed)
    along, up = rng.uniform(-0.5, 10.0, 40_000), rng.uniform(FLOOR_M, 0.0, 40_000)
    fixed = np.full(40_000, at_m)
    return np.column_stack([along, fixed, up] if axis == "y" else [fixed, along - 0.5, up])


def kept(*items):
    rng = np.random.default_rng(1)
    points = [plane_points((0.0, -0.5), (10.0, 0.5), FLOOR_M, rng, per_m2=5_000.0)]
    points += [tube_points(item.tube.nodes, item.tube.radius_m, rng) for item in items]
    points += [wall("y", -0.5, 2), wall("y", 0.5, 3), wall("x", 0.0, 4), wall("x", 10.0, 5)]
    found, out = without_loose(items, GROUND, np.vstack(points))
    assert {id(i.tube) for i in (*found, *out)} == {id(i.tube) for i in items}
    assert all("free in the trench" in item.reason for item in out)
    return [item.tube for item in found]


def main_of(length_m, start=(3.0, -0.3, -1.25), radius_m=0.025):
    return Classified(make_tube(straight(length_m, start), radius_m), Role.MAIN)


def crossing(from_m, to_m, z_m=-0.9):
    nodes = straight(to_m - from_m, (4.0, from_m, z_m), 90.0)
    return Classified(make_tube(nodes, 0.06), Role.CROSSING)


@pytest.mark.parametrize("length_m", [2.0, 5.0])
def test_a_tube_that_lies_beside_the_main_is_no_pipe(length_m):
    main = Classified(MAIN, Role.MAIN)
    assert kept(main, main_of(length_m)) == [MAIN]


def test_a_log_in_an_empty_trench_is_no_pipe():
    assert kept(main_of(3.0)) == []


def test_the_main_may_end_in_the_open_on_both_sides():
    item = main_of(8.0, (1.0, 0.1, -1.1), 0.085)
    assert kept(item) == [item.tube]


def test_a_second_main_that_comes_out_of_a_wall_is_one():
    second = main_of(5.0, (0.0, -0.3, -1.2))
    assert kept(Classified(MAIN, Role.MAIN), second) == [MAIN, second.tube]


def test_a_sandbag_on_the_pipe_crosses_nothing():
    assert kept(Classified(MAIN, Role.MAIN), crossing(-0.25, 0.2)) == [MAIN]


@pytest.mark.parametrize(("from_m", "to_m"), [(-0.5, 0.5), (-0.48, 0.47), (-0.5, 0.2)])
def test_what_comes_out_of_a_wall_is_a_crossing(from_m, to_m):
    item = crossing(from_m, to_m)
    assert kept(Classified(MAIN, Role.MAIN), item) == [MAIN, item.tube]


def test_nothing_is_known_where_nothing_was_scanned_beyond_the_ends():
    rng = np.random.default_rng(6)
    item = crossing(-0.25, 0.25)
    found, _ = without_loose([item], GROUND, tube_points(item.tube.nodes, 0.06, rng))
    assert found == [item]


def test_a_branch_that_is_capped_is_one():
    nodes = straight(0.3, (4.0, 0.15, -1.1), 90.0)
    branch = Classified(make_tube(nodes, 0.03), Role.BRANCH)
    assert kept(Classified(MAIN, Role.MAIN), branch) == [MAIN, branch.tube]


def test_without_a_trench_nothing_lies_in_one():
    item = Classified(MAIN, Role.UNKNOWN)
    found, out = without_loose([item], None, np.zeros((0, 3)))
    assert found == [item]
    assert out == []


def upright(length_m):
    at = np.linspace(0.0, length_m, round(length_m / 0.05) + 1)[:, None]
    return make_tube(np.array([2.0, 1.0, 0.2]) + at * np.array([0.1, 0.0, 0.995]), 0.067)


@pytest.mark.parametrize("downwards", [False, True])
@pytest.mark.parametrize(("length_m", "ceiling", "left"), [(0.75, 0, 1), (0.75, 1, 0), (1.0, 0, 0)])
def test_without_ground_a_short_tube_that_ends_in_the_air_is_a_post(
    length_m, ceiling, left, downwards
):
    tube = upright(length_m)
    if downwards:
        tube = make_tube(tube.nodes[::-1], 0.067)
    rng = np.random.default_rng(3)
    above = [plane_points((1.0, 0.0), (3.0, 2.0), 0.35 + length_m, rng)] * ceiling
    leg = tube_points(straight(length_m), 0.067, rng, per_m2=4_000.0)
    points = np.vstack([leg[:, [1, 2, 0]] + [2.0, 1.0, 0.2], *above])
    found, out = without_loose([Classified(tube, Role.UNKNOWN)], None, points)
    assert (len(found), len(out)) == (1 - left, left)
    assert all("in the air" in item.reason for item in out)
