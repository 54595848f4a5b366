"""Joining pieces, of hand-made tubes; what they make together is measured by a stand-in."""

import numpy as np
import pytest
from stages.made import make_tube, pyramid_of, run_along, straight, tube_points

from twin_pipeline import uniting
from twin_pipeline.geometry import polyline
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


def test_a_pipe_does_not_go_on_in_a_faint_piece_of_the_one_beside_it():
    beside = make_tube(straight(17.8, (0.0, 0.12, 0.0)), RADIUS_M)
    for pieces in ([faint(9.3, aside_m=0.12)], [faint(x, 4.0, aside_m=0.12) for x in (9.3, 13.5)]):
        assert joined([PIPE, beside], pieces) == [beside, PIPE]


def climbs_at_its_end():
    """Half of what `faint(0.0, 8.0)` is, that leaves its line for a mound over the last metre."""
    nodes = straight(4.2)
    nodes[:, 2] += 0.06 * np.clip((nodes[:, 0] - 3.4) / 0.3, 0.0, 1.0)
    return make_tube(nodes, 0.05, radius_std_m=0.0015, noise_m=0.004)


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        pytest.param({}, True, id="as even"),
        pytest.param({"noise_m": 0.0045}, False, id="rougher"),
        pytest.param({"radius_std_m": 0.0021}, False, id="worse known"),
        pytest.param({"radius_m": 0.06}, False, id="another size"),
    ],
)
def test_a_pipe_that_is_but_a_part_of_a_faint_one_as_well_known_is_that_one(changes, whole):
    known = {"radius_m": 0.047, "radius_std_m": 0.0016, "noise_m": 0.0039} | changes
    longer, part = make_tube(straight(8.0), **known), climbs_at_its_end()
    assert joined([part], [longer]) == [longer if whole else part]


def faint_around_a_bend(gap_m, heading_deg=45.0):
    nodes = straight(4.0, (8.0 + gap_m, 0.3 * gap_m, 0.0), heading_deg)
    return make_tube(nodes, 0.047, radius_std_m=0.0016)


def test_a_faint_piece_close_by_is_what_a_pipe_of_its_size_goes_on_to_around_a_bend():
    (whole,) = joined([PIPE], [faint_around_a_bend(0.4)])
    assert whole.length_m == pytest.approx(12.4, abs=0.1)


@pytest.mark.parametrize(
    "piece",
    [faint_around_a_bend(1.2), faint_around_a_bend(0.4, 150.0)],
    ids=["not close by", "backwards"],
)
def test_a_faint_piece_around_no_bend_of_the_pipe_is_none(piece):
    assert joined([PIPE], [piece]) == [PIPE]


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


@pytest.mark.parametrize(("std_m", "length_m"), [(0.0011, 8.5), (0.0018, 8.0)])
def test_what_was_found_twice_is_one_as_long_as_it_is_only_if_known_no_worse_so(std_m, length_m):
    again = make_tube(straight(4.0, (4.5, 0.0, 0.0)), RADIUS_M)
    (whole,) = joined([PIPE, again], std_m=std_m)
    assert whole.length_m == pytest.approx(length_m, abs=0.1)


@pytest.mark.parametrize(("leg_seen", "pieces"), [(True, 1), (False, 2)])
def test_pipes_are_one_over_a_steep_offset_of_which_the_leg_is_seen(leg_seen, pieces):
    radius_m = 0.2
    corners = np.array([[0.0, 0, 0], [8.0, 0, 0], [8.5, 0.8, 0], [13.0, 0.8, 0]])
    axis = polyline.resample(corners, 0.05)
    rng = np.random.default_rng(5)
    points = tube_points(axis, radius_m, rng, arc_deg=160.0, per_m2=1500.0, noise_m=0.003)
    on_leg = (points[:, 0] > 7.9) & (points[:, 0] < 8.6)
    pyramid = pyramid_of(points if leg_seen else points[~on_leg])

    def measured(run):
        off_m = np.linalg.norm(run.axis[:, None] - axis[None], axis=2).min(axis=1)
        hidden = (run.axis[:, 0] > 8.0) & (run.axis[:, 0] < 8.5) & (not leg_seen)
        return make_tube(run.axis, radius_m, observed=(off_m < 0.06) & ~hidden)

    parts = axis[axis[:, 0] < 7.8], axis[axis[:, 0] > 8.7]
    tubes = [make_tube(nodes, radius_m) for nodes in parts]
    assert len(Uniter(pyramid, TraceOptions(), measured).joined(tubes)) == pieces


def test_a_pipe_beside_another_does_not_go_on_from_it():
    beside = make_tube(straight(4.0, (12.0, 1.0, 0.0)), RADIUS_M)
    assert joined([PIPE, beside]) == [PIPE, beside]


def test_faint_pieces_may_be_a_pipe_together():
    (whole,) = joined([], [faint(0.0), faint(7.0)])
    assert whole.length_m == pytest.approx(13.0, abs=0.1)


@pytest.mark.parametrize("changes", [{"std_m": 0.002}, {"radius_m": 0.054}])
def test_a_faint_piece_that_makes_the_pipe_worse_known_is_none(changes):
    assert joined([PIPE], [faint(9.3)], **changes) == [PIPE]


def bulging(height_m, first_m, last_m, length_m=12.0):
    """A tube that leaves its straight between two chainages; beyond the end it does not return."""
    nodes = straight(length_m)
    along = nodes[:, 0]
    rise = np.clip((along - first_m) / 0.8, 0.0, 1.0) - np.clip((along - last_m) / 0.8, 0.0, 1.0)
    nodes[:, 1] += height_m * rise
    return make_tube(nodes, RADIUS_M, radius_std_m=0.0011)


def kept_straight(tube, *, seen=(0.0, 99.0), back=False, std_m=0.0009):
    """Measured by a stand-in that finds the pipe between two chainages, or strayed as before."""

    def measured(run):
        if back:
            return tube
        x = run.axis[:, 0]
        observed = (x > seen[0]) & (x < seen[1])
        return make_tube(run.axis, RADIUS_M, radius_std_m=std_m, observed=observed)

    return Uniter(NOWHERE, TraceOptions(), measured).led_through(tube)


@pytest.mark.parametrize(("first_m", "last_m"), [(4.0, 7.0), (10.5, 99.0), (-2.0, 1.0)])
def test_an_axis_that_strays_is_led_along_the_straight_if_the_pipe_is_there(first_m, last_m):
    tube = bulging(0.11, first_m, last_m)
    led = kept_straight(tube)
    assert np.abs(led.nodes[:, 1]).max() < 0.2 * RADIUS_M
    assert led.length_m == pytest.approx(12.0, abs=0.05)
    assert kept_straight(tube, back=True) is tube
    assert kept_straight(tube, seen=(0.0, 8.0)) is tube
    assert kept_straight(tube, std_m=0.002) is tube


@pytest.mark.parametrize(
    "tube",
    [
        pytest.param(bulging(0.3, 4.0, 7.0), id="led around something"),
        pytest.param(bulging(0.6, 9.0, 99.0), id="a bend"),
        pytest.param(bulging(0.008, 4.0, 7.0), id="not off the straight"),
        pytest.param(bulging(0.11, 3.0, 8.0), id="mostly elsewhere"),
    ],
)
def test_an_axis_that_goes_its_way_stays(tube):
    assert kept_straight(tube) is tube


def led_away_at(first_m, last_m, hidden, *, back=False):
    """A tube that leads away at an end, hidden between two x, and what becomes of it."""
    tube = bulging(0.3, first_m, last_m)
    observed = (tube.nodes[:, 0] < hidden[0]) | (tube.nodes[:, 0] > hidden[1])
    tube = make_tube(tube.nodes, RADIUS_M, radius_std_m=0.0011, observed=observed)
    return tube, kept_straight(tube, back=back)


@pytest.mark.parametrize(
    ("first_m", "last_m", "hidden"), [(10.5, 99.0, (10.5, 11.7)), (-2.0, 0.7, (0.3, 1.5))]
)
def test_what_is_followed_behind_something_that_hides_the_pipe_is_none_of_it(
    first_m, last_m, hidden
):
    _, led = led_away_at(first_m, last_m, hidden)
    assert np.abs(led.nodes[:, 1]).max() < 0.2 * RADIUS_M
    assert led.length_m == pytest.approx(12.0, abs=0.05)
    tube, stayed = led_away_at(first_m, last_m, hidden, back=True)
    assert stayed is tube


def test_an_end_that_is_seen_to_lead_away_stays():
    tube, stayed = led_away_at(10.5, 99.0, (10.5, 10.9))
    assert stayed is tube


def climbing_behind_a_bend(height_m=0.11, hidden=(8.6, 10.6), slice_radius_m=RADIUS_M):
    """A tube whose second leg, like its first, climbs what hides it between two chainages."""
    way = np.vstack([straight(6.0), straight(7.0, (6.0, 0.0, 0.0), 45.0)[1:]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    way[:, 2] += height_m * np.clip(1.5 - np.abs(along - 9.6) / 0.6, 0.0, 1.0)
    observed = (along < hidden[0]) | (along > hidden[1])
    own_m = np.where(way[:, 2] > 0.0, slice_radius_m, RADIUS_M)
    return make_tube(way, RADIUS_M, radius_std_m=0.0011, observed=observed, slice_radius_m=own_m)


def led_under(tube, *, back=False, std_m=0.0009):
    """Measured by a stand-in that stays where it is led, or climbs as before."""

    def measured(run):
        return tube if back else make_tube(run.axis, RADIUS_M, radius_std_m=std_m)

    return Uniter(NOWHERE, TraceOptions(), measured).led_through(tube)


@pytest.mark.parametrize(
    "tube",
    [
        pytest.param(climbing_behind_a_bend(), id="hidden"),
        pytest.param(
            climbing_behind_a_bend(hidden=(99.0, 99.0), slice_radius_m=0.055), id="another size"
        ),
    ],
)
def test_an_axis_that_climbs_what_hides_one_leg_of_a_bend_is_led_straight_on(tube):
    led = led_under(tube)
    assert np.abs(led.nodes[:, 2]).max() < 0.2 * RADIUS_M
    assert led_under(tube, back=True) is tube
    assert led_under(tube, std_m=0.002) is tube


@pytest.mark.parametrize(
    "tube",
    [
        pytest.param(climbing_behind_a_bend(hidden=(99.0, 99.0)), id="seen where it leads"),
        pytest.param(climbing_behind_a_bend(0.3), id="led over something"),
        pytest.param(climbing_behind_a_bend(hidden=(8.0, 12.7)), id="nothing seen behind"),
    ],
)
def test_an_axis_that_is_seen_to_leave_its_straight_or_not_to_return_stays(tube):
    assert led_under(tube) is tube


@pytest.mark.parametrize(
    ("hidden", "changes", "led"),
    [
        ((99.0, 99.0), {}, True),
        ((6.0, 6.9), {}, False),
        ((99.0, 99.0), {"radius_std_m": 0.002}, False),
        ((99.0, 99.0), {"radius_m": 0.054}, False),
    ],
    ids=["more is seen", "no more is seen", "worse known", "another size"],
)
def test_a_tube_is_led_around_a_corner_if_more_is_seen_so(monkeypatch, hidden, changes, led):
    nodes = straight(12.0)
    unseen = (nodes[:, 0] > 6.0) & (nodes[:, 0] < 7.0)
    tube = make_tube(nodes, RADIUS_M, radius_std_m=0.0011, observed=~unseen)
    run = run_along(nodes, RADIUS_M)
    monkeypatch.setattr(
        uniting, "led_around_corners", lambda _, of: [run] if not of.observed.all() else []
    )

    def measured(_run):
        observed = (nodes[:, 0] <= hidden[0]) | (nodes[:, 0] >= hidden[1])
        given = {"radius_m": RADIUS_M, "radius_std_m": 0.0011, "observed": observed}
        return make_tube(nodes, **{**given, **changes})

    found = Uniter(NOWHERE, TraceOptions(), measured).led_through(tube)
    assert (found is not tube) is led


@pytest.mark.parametrize(
    ("more_m", "changes", "led"),
    [(1.2, {}, True), (0.2, {}, False), (1.2, {"radius_m": 0.054}, False)],
    ids=["seen again", "hardly longer", "another size"],
)
def test_a_tube_is_led_on_to_what_is_seen_of_it_beyond_its_end(monkeypatch, more_m, changes, led):
    longer = straight(8.0 + more_m)
    monkeypatch.setattr(
        uniting,
        "led_beyond",
        lambda _, tube: [run_along(longer, RADIUS_M)] if tube is PIPE else [],
    )

    def measured(run):
        return make_tube(run.axis, **{"radius_m": RADIUS_M, "radius_std_m": 0.0011, **changes})

    behind = make_tube(straight(0.9, (8.2, 0.0, 0.0)), 0.06)
    found = Uniter(NOWHERE, TraceOptions(), measured).whole([PIPE, behind])
    assert (found[0] is not PIPE) is led
    assert (len(found) == 1) is led
