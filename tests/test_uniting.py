"""Joining pieces, of hand-made tubes; what they make together is measured by a stand-in."""

import numpy as np
import pytest
from stages.made import make_tube, pyramid_of, straight

from twin_pipeline.stages.trace import TraceOptions
from twin_pipeline.uniting import Uniter

RADIUS_M = 0.046
PIPE = make_tube(straight(8.0), RADIUS_M, radius_std_m=0.0011)
NOWHERE = pyramid_of(np.zeros((1, 3)))


def faint(start_m, length_m=6.0, radius_m=0.047, aside_m=0.0):
    nodes = straight(length_m, (start_m, aside_m, 0.0))
    return make_tube(nodes, radius_m, radius_std_m=0.0016)


def joined(tubes, pieces=(), *, std_m=0.0009, radius_m=RADIUS_M, hidden=(99.0, 99.0)):
    """Hidden is what lies between two x."""

    def measured(run):
        x = run.axis[:, 0]
        observed = (x < hidden[0]) | (x > hidden[1])
        return make_tube(run.axis, radius_m, radius_std_m=std_m, observed=observed)

    return Uniter(NOWHERE, TraceOptions(), measured).joined(tubes, pieces)


def test_a_faint_piece_is_what_a_pipe_of_its_size_goes_on_to():
    (whole,) = joined([PIPE], [faint(9.3)])
    assert whole.length_m == pytest.approx(15.3, abs=0.1)


def test_several_faint_pieces_follow_each_other():
    (whole,) = joined([PIPE], [faint(18.0), faint(9.3, 7.5), faint(9.5, 2.0)])
    assert whole.length_m == pytest.approx(24.0, abs=0.1)


def test_a_pipe_that_only_a_faint_piece_joins_is_one():
    end = make_tube(straight(3.0, (12.0, 0.0, 0.0)), RADIUS_M)
    (whole,) = joined([PIPE, end], [faint(8.5, 3.0)])
    assert whole.length_m == pytest.approx(15.0, abs=0.1)


@pytest.mark.parametrize(
    "piece",
    [faint(9.3, aside_m=0.3), faint(16.0), faint(9.3, radius_m=0.06)],
    ids=["aside", "too far", "another size"],
)
def test_a_faint_piece_that_no_pipe_points_at_is_none(piece):
    assert joined([PIPE], [piece]) == [PIPE]
    assert joined([], [piece]) == []


def test_what_is_seen_between_pipes_that_were_found_apart_makes_them_one():
    other = make_tube(straight(4.0, (12.0, 0.0, 0.0)), RADIUS_M)
    (whole,) = joined([PIPE, other], hidden=(10.5, 12.0))
    assert whole.length_m == pytest.approx(16.0, abs=0.1)


def test_where_nothing_is_seen_between_them_pipes_stay_apart():
    other = make_tube(straight(4.0, (12.0, 0.0, 0.0)), RADIUS_M)
    assert joined([PIPE, other], hidden=(8.0, 12.0)) == [PIPE, other]


def test_pipes_found_apart_are_joined_over_the_bend_between_them():
    other = make_tube(straight(4.0, (8.4, -3.0, 0.0), -90.0), RADIUS_M)
    (whole,) = joined([PIPE, other])
    assert whole.length_m == pytest.approx(8.4 + 7.0, abs=0.1)
    corner = np.linalg.norm(whole.nodes - [8.4, 0.0, 0.0], axis=1)
    assert corner.min() < 0.02


def test_a_pipe_beside_another_does_not_go_on_from_it():
    beside = make_tube(straight(4.0, (12.0, 1.0, 0.0)), RADIUS_M)
    assert joined([PIPE, beside]) == [PIPE, beside]


def test_faint_pieces_may_be_a_pipe_together():
    (whole,) = joined([], [faint(0.0), faint(7.0)])
    assert whole.length_m == pytest.approx(13.0, abs=0.1)


@pytest.mark.parametrize("changes", [{"std_m": 0.002}, {"radius_m": 0.054}])
def test_a_faint_piece_that_makes_the_pipe_worse_known_is_none(changes):
    assert joined([PIPE], [faint(9.3)], **changes) == [PIPE]
