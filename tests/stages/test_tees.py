import math

import numpy as np
import pytest

from stages.made import make_tube, straight
from twin_pipeline.stages.tees import TeesOptions, find_tees

MAIN = make_tube(straight(10.0, (0.0, 0.0, -1.0)), 0.1)


def leaving(angle_deg=90.0, *, gap_m=0.05, at_m=4.0, length_m=0.8, radius_m=0.03, up_m=0.0):
    """A tube that begins `gap_m` beyond the main's surface, at an angle to it."""
    away = (MAIN.radius_m + gap_m) / math.sin(math.radians(angle_deg))
    heading = math.radians(angle_deg)
    start = (at_m + away * math.cos(heading), away * math.sin(heading), -1.0 + up_m)
    return make_tube(straight(length_m, start, angle_deg), radius_m)


def tees(*tubes):
    return find_tees(tubes, TeesOptions())


@pytest.mark.parametrize("angle_deg", [90.0, 60.0, 45.0, 120.0])
@pytest.mark.parametrize("gap_m", [0.0, 0.15, 0.3])
def test_a_branch_meets_the_main_where_its_axis_does_at_the_angle_between_them(angle_deg, gap_m):
    (tee,) = tees(MAIN, leaving(angle_deg, gap_m=gap_m))
    assert (tee.main, tee.branch, tee.at_start) == (0, 1, True)
    assert tee.chainage_m == pytest.approx(4.0, abs=0.01)
    assert tee.angle_deg == pytest.approx(min(angle_deg, 180.0 - angle_deg), abs=0.1)


def test_the_other_end_of_a_branch_may_lie_at_the_main_and_tubes_come_in_any_order():
    branch = leaving()
    turned = make_tube(branch.nodes[::-1], branch.radius_m)
    (tee,) = tees(turned, MAIN)
    assert (tee.main, tee.branch, tee.at_start) == (1, 0, False)
    assert tee.chainage_m == pytest.approx(4.0, abs=0.01)


def test_a_branch_measured_into_the_main_meets_it_too():
    (tee,) = tees(MAIN, leaving(gap_m=-0.08))
    assert tee.chainage_m == pytest.approx(4.0, abs=0.01)


def test_two_branches_opposite_each_other_are_two_tees():
    first = leaving()
    mirrored = make_tube(first.nodes * [1.0, -1.0, 1.0], 0.03)
    assert [tee.branch for tee in tees(MAIN, first, mirrored)] == [1, 2]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(leaving(gap_m=0.6), id="too far away"),
        pytest.param(leaving(up_m=0.12), id="above the main"),
        pytest.param(leaving(up_m=-0.12), id="below the main"),
        pytest.param(make_tube(straight(3.0, (2.0, -1.5, -1.0), 90.0), 0.03), id="goes across"),
        pytest.param(make_tube(straight(8.0, (1.0, 0.3, -1.0)), 0.03), id="runs beside it"),
        pytest.param(make_tube(straight(3.0, (10.2, 0.0, -1.0)), 0.09), id="goes on from its end"),
        pytest.param(make_tube(straight(3.0, (12.0, 0.2, -1.0), 90.0), 0.03), id="beyond its end"),
        pytest.param(leaving(radius_m=0.15), id="thicker than the main"),
    ],
)
def test_what_does_not_end_at_the_main_makes_no_tee(other):
    assert tees(MAIN, other) == []


def test_scatter_of_the_end_does_not_turn_the_branch():
    branch = leaving(45.0)
    nodes = branch.nodes + np.random.default_rng(1).normal(0.0, 0.002, branch.nodes.shape)
    (tee,) = tees(MAIN, make_tube(nodes, 0.03))
    assert tee.angle_deg == pytest.approx(45.0, abs=1.0)
    assert tee.chainage_m == pytest.approx(4.0, abs=0.03)


def test_no_tubes_no_tees():
    assert tees() == []
    assert tees(MAIN) == []
