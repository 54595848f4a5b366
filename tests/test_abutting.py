"""Ends of tubes that reach into each other."""

import numpy as np
import pytest
from stages.made import make_tube, straight

from twin_pipeline.abutting import ended_where_others_go_on


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("turned_too", [False, True])
def test_pipes_that_reach_into_each_other_end_in_the_middle_of_that(turned, turned_too):
    nodes, more = straight(4.6), straight(4.0, (4.1, 0.005, 0.0))
    first = make_tube(nodes[::-1] if turned else nodes, 0.085)
    second = make_tube(more[::-1] if turned_too else more, 0.09)
    one, other = ended_where_others_go_on([first, second])
    assert one.nodes[:, 0].min() == pytest.approx(0.0)
    assert other.nodes[:, 0].max() == pytest.approx(8.1)
    spacing_m = 0.1
    assert 4.35 - spacing_m <= one.nodes[:, 0].max() <= other.nodes[:, 0].min()
    assert other.nodes[:, 0].min() <= 4.35 + spacing_m
    for tube, whole in ((one, first), (other, second)):
        assert tube.radius_m == whole.radius_m
        assert tube.middle is whole.middle
        of_nodes = (tube.std_h_m, tube.arc_deg, tube.observed, tube.drift_m)
        assert {len(values) for values in of_nodes} == {len(tube.nodes)}


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(straight(4.0, (4.1, 0.05, 0.0)), id="beside it"),
        pytest.param(straight(2.0, (2.0, -1.0, 0.0), 90.0), id="across it"),
        pytest.param(straight(2.0, (4.6, 0.0, 0.0), 90.0), id="bends away from its end"),
        pytest.param(straight(4.0, (1.0, 0.0, 0.0)), id="much of it"),
        pytest.param(straight(1.0, (2.0, 0.0, 0.0)), id="within it"),
        pytest.param(straight(4.0, (5.0, 0.0, 0.0)), id="behind it"),
    ],
)
def test_what_else_meets_stays_whole(nodes):
    tubes = [make_tube(straight(4.6), 0.085), make_tube(nodes, 0.09)]
    ended = ended_where_others_go_on(tubes)
    assert [a is b for a, b in zip(ended, tubes, strict=True)] == [True, True]


def test_three_pipes_in_a_row_end_at_both_their_ends():
    tubes = [
        make_tube(straight(length_m, (at, 0.0, 0.0)), radius_m)
        for at, length_m, radius_m in ((0.0, 3.0, 0.1), (2.8, 3.0, 0.085), (5.6, 3.0, 0.06))
    ]
    ends = [tube.nodes[[0, -1], 0] for tube in ended_where_others_go_on(tubes)]
    assert np.all(np.diff(np.concatenate(ends)) >= 0.0)
    assert ended_where_others_go_on([]) == []
