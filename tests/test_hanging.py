"""What hangs in a trench 10 m long, 1 m wide and 1.3 m deep, and what lies on its floor."""

import numpy as np
import pytest
from stages.made import make_tube, plane_points, pyramid_of, straight, trench_ground, tube_points

from twin_pipeline.hanging import without_hanging
from twin_pipeline.stages.classify import ClassifyOptions

GROUND = trench_ground()
FLOOR_M = -1.3


def wall(y_m, seed):
    """Points (N, 3) on a wall along the trench."""
    rng = np.random.default_rng(seed)
    along, up = rng.uniform(0.0, 10.0, 60_000), rng.uniform(FLOOR_M, 0.0, 60_000)
    return np.column_stack([along, np.full(60_000, y_m), up])


def reasons(*tubes, ground=GROUND):
    rng = np.random.default_rng(1)
    points = [plane_points((0.0, -0.5), (10.0, 0.5), FLOOR_M, rng, per_m2=5_000.0)]
    points += [tube_points(tube.nodes, tube.radius_m, rng, noise_m=0.01) for tube in tubes]
    points += [wall(-0.5, 2), wall(0.5, 3)]
    kept, out = without_hanging(tubes, ground, pyramid_of(np.vstack(points)), ClassifyOptions())
    assert [id(tube) for tube in kept] == [
        id(tube) for tube in tubes if not any(item.tube is tube for item in out)
    ]
    return [item.reason for item in out]


def along(y_m, z_m, radius_m=0.03, **changes):
    return make_tube(straight(9.0, (0.5, y_m, z_m)), radius_m, **changes)


@pytest.mark.parametrize("z_m", [-0.4, -0.8])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_rail_along_the_wall_is_no_pipe(z_m, side):
    assert ["along the wall" in reason for reason in reasons(along(side * 0.43, z_m))] == [True]


def test_what_hangs_shallow_along_the_middle_is_no_pipe():
    assert ["shallower" in reason for reason in reasons(along(0.0, -0.4))] == [True]


@pytest.mark.parametrize(
    "tube",
    [
        pytest.param(along(0.0, -0.8), id="a utility led through the trench"),
        pytest.param(along(0.4, FLOOR_M + 0.03), id="on the floor beside the wall"),
        pytest.param(along(0.38, FLOOR_M + 0.25, 0.057), id="a little above the floor"),
        pytest.param(along(0.39, -0.7, 0.1), id="thicker than any rail"),
        pytest.param(make_tube(straight(1.0, (5.0, -0.5, -0.8), 90.0)), id="across the trench"),
    ],
)
def test_what_lies_as_pipes_lie_stays(tube):
    assert reasons(tube) == []


def test_what_comes_out_of_the_wall_half_is_a_utility_beside_which_was_dug():
    middle = np.array([0.0, -0.8, 0.6])
    assert reasons(along(0.48, -0.8, middle=middle)) == []


def test_of_what_hangs_free_more_is_seen_than_of_an_edge():
    nodes = straight(1.0, (5.0, -0.5, -0.7), 90.0)
    edge = make_tube(nodes, 0.08, arc_deg=np.full(len(nodes), 70.0))
    assert ["edge" in reason for reason in reasons(edge)] == [True]
    on_floor = along(0.0, FLOOR_M, 0.08, arc_deg=np.full(181, 70.0))
    assert reasons(on_floor) == []


def test_a_branch_may_show_little():
    main = along(0.0, -0.8, 0.1)
    nodes = straight(0.4, (5.0, 0.1, -0.8), 90.0)
    branch = make_tube(nodes, 0.03, arc_deg=np.full(len(nodes), 80.0))
    assert reasons(main, branch) == []


def test_without_a_trench_nothing_hangs_in_one():
    assert reasons(along(0.43, -0.4), ground=None) == []
