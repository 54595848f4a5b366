"""Joining pieces of tubes whose axis is known on paper."""

import numpy as np
import pytest

from stages.made import bent, make_tube, straight
from twin_pipeline.stages.trace import TraceOptions, join, off_course_m


def test_joining_closes_the_gap_between_collinear_pieces():
    first, second = make_tube(straight(2.0)), make_tube(straight(2.0, (2.6, 0.0, 0.0)))
    for a, b in ((first, second), (second, first)):
        run = join(a, b, TraceOptions())
        assert np.ptp(run.axis[:, 0]) == pytest.approx(4.6, abs=0.01)
        assert np.abs(run.axis[:, 1:]).max() < 1e-6
        assert np.linalg.norm(np.diff(run.axis, axis=0), axis=1).max() < 0.1


def test_joining_does_not_depend_on_the_direction_of_the_pieces():
    first, second = make_tube(straight(2.0)), make_tube(straight(2.0, (2.6, 0.0, 0.0))[::-1])
    run = join(first, second, TraceOptions())
    assert np.ptp(run.axis[:, 0]) == pytest.approx(4.6, abs=0.01)


def test_joining_carries_a_bend_on():
    axis = bent(2.0, 45.0, 0.6, 2.0)
    at = np.linspace(0.0, 1.0, len(axis)) * 4.47
    first, second = make_tube(axis[at < 1.95]), make_tube(axis[at > 2.55])
    run = join(first, second, TraceOptions(max_bend_deg=60.0))
    distance = np.linalg.norm(run.axis[:, None] - axis[None], axis=2)
    assert distance.min(axis=1).max() < 0.05
    assert join(first, second, TraceOptions(max_bend_deg=30.0)) is None


def test_joining_merges_pieces_that_overlap():
    first, second = make_tube(straight(2.0)), make_tube(straight(2.0, (1.5, 0.01, 0.0)))
    run = join(first, second, TraceOptions())
    assert np.ptp(run.axis[:, 0]) == pytest.approx(3.5, abs=0.01)
    assert np.all(np.diff(run.axis[:, 0]) > 0) or np.all(np.diff(run.axis[:, 0]) < 0)


@pytest.mark.parametrize(
    ("start", "heading_deg"),
    [
        ((50.0, 0.0, 0.0), 0.0),
        ((2.3, 0.4, 0.0), 0.0),
        ((2.3, 0.0, 0.3), 0.0),
        ((1.0, 0.5, 0.0), 90.0),
        ((2.2, 0.15, 0.0), 150.0),
    ],
    ids=["far", "beside", "above", "branching off", "turning back"],
)
def test_pieces_of_different_pipes_are_not_joined(start, heading_deg):
    first, second = make_tube(straight(2.0)), make_tube(straight(2.0, start, heading_deg))
    assert join(first, second, TraceOptions()) is None
    assert join(second, first, TraceOptions()) is None


def test_pieces_of_different_size_are_not_joined_unless_badly_known():
    first = make_tube(straight(2.0), 0.085)
    other = straight(2.0, (2.3, 0.0, 0.0))
    assert join(first, make_tube(other, 0.060), TraceOptions()) is None
    unsure = make_tube(other, 0.075, radius_std_m=0.004)
    assert join(first, unsure, TraceOptions()) is not None


def test_of_two_pipes_side_by_side_each_goes_on_in_its_own():
    left, right = straight(4.0), np.add(straight(4.0), (0.0, 0.2, 0.0))
    beyond = (5.2, 0.0, 0.0)
    first = make_tube(left, 0.03)
    own, beside = (make_tube(np.add(axis, beyond), 0.03) for axis in (left, right))
    assert join(first, own, TraceOptions()) is not None
    assert join(first, beside, TraceOptions()) is not None
    assert off_course_m(first, own) == pytest.approx(0.0, abs=1e-9)
    assert off_course_m(own, first) == pytest.approx(0.0, abs=1e-9)
    assert off_course_m(first, beside) == pytest.approx(0.2, abs=1e-9)
    turned = make_tube(beside.nodes[::-1], 0.03)
    assert off_course_m(turned, first) == pytest.approx(0.2, abs=1e-9)
