"""How often runs are measured before they are believed or dismissed."""

from dataclasses import replace

import numpy as np
import pytest
from stages.made import make_tube, run_along, straight

from twin_pipeline import search as searching
from twin_pipeline.config import Config
from twin_pipeline.observing import Observer
from twin_pipeline.search import Search
from twin_pipeline.stages.judge import why_not_a_pipe

AXIS = straight(6.0)
WHOLE, PIECE = run_along(AXIS, 0.085), run_along(AXIS[:21], 0.085)
SOIL = {"arc_deg": np.full(len(AXIS), 80.0), "misfit": 0.2}
NOISY = {"arc_deg": np.full(len(AXIS), 50.0), "misfit": 0.0}


@pytest.fixture
def measured(monkeypatch):
    """Tubes that runs of lengths measure as, and what was measured."""
    tubes, calls = {}, []

    def measure(_pyramid, run, _options, **how):
        calls.append((run, {name for name, wanted in how.items() if wanted}))
        return tubes[len(run.axis)]

    monkeypatch.setattr(searching, "measure", measure)
    return tubes, calls


def search() -> Search:
    return Search(None, Config(), True, Observer())


def test_what_a_first_look_took_all_points_of_is_not_measured_again(measured):
    tubes, calls = measured
    tubes[len(PIECE.axis)] = make_tube(AXIS)
    looking = search()
    assert looking.worth_measuring(WHOLE, PIECE) is PIECE
    assert looking.looked_at(PIECE) is tubes[len(PIECE.axis)]
    assert [how for _, how in calls] == [{"probe"}]


def test_where_a_run_leads_to_none_what_lies_close_to_it_may_be_one(monkeypatch):
    tube = make_tube(AXIS)
    monkeypatch.setattr(
        searching, "measure", lambda *_, closely=False, **_how: tube if closely else None
    )
    worth = search().worth_measuring(WHOLE, PIECE)
    assert worth is not None
    assert worth.axis is tube.nodes


def test_what_a_first_look_took_some_points_of_is_measured_on_all(measured):
    tubes, calls = measured
    tubes[len(PIECE.axis)] = make_tube(AXIS, one_in=3)
    looking = search()
    looking.worth_measuring(WHOLE, PIECE)
    looking.roughly(PIECE)
    assert [how for _, how in calls] == [{"probe"}, {"roughly"}]


@pytest.mark.parametrize(("shape", "worth"), [(NOISY, True), (SOIL, False)])
def test_a_whole_run_is_worth_measuring_unless_a_look_at_it_shows_no_circle(measured, shape, worth):
    tubes, _ = measured
    tubes[len(PIECE.axis)] = make_tube(AXIS, **NOISY)
    tubes[len(WHOLE.axis)] = make_tube(AXIS, **shape)
    assert (search().worth_measuring(WHOLE, PIECE) is WHOLE) is worth


@pytest.mark.parametrize(("shape", "on_all"), [({"misfit": 0.0}, True), (SOIL, False)])
def test_only_what_may_be_a_circle_is_measured_on_all_points_if_uneven(measured, shape, on_all):
    tubes, calls = measured
    uneven = replace(make_tube(AXIS, **shape), one_in=5, inflation=8.0)
    tubes[len(WHOLE.axis)] = uneven
    search().roughly(WHOLE)
    assert any("roughly" not in how for _, how in calls) is on_all


def test_a_run_of_some_metres_that_leads_to_none_is_looked_at_closely_as_a_whole(monkeypatch):
    """In a cloud that is pushed together pieces are as long; legs before bends would be lost."""
    leg = run_along(AXIS[:-20], 0.085)
    tube = make_tube(leg.axis)
    monkeypatch.setattr(
        searching, "measure", lambda *_, closely=False, **_how: tube if closely else None
    )
    worth = search().worth_measuring(leg, leg)
    assert worth is not None
    assert worth.axis is tube.nodes


WIDE, NARROW = ({"arc_deg": np.full(len(AXIS), degrees)} for degrees in (150.0, 60.0))
LOOSE = {"radius_std_m": 0.008, "plane_ratio": 1.5, "misfit": 0.0}
SCATTERED = {
    "slice_radius_m": np.linspace(0.05, 0.12, len(AXIS)),
    "misfit": 0.0,
    "inflation": 2.9,
}


@pytest.mark.parametrize(
    ("arc", "second", "believed"),
    [(WIDE, LOOSE, True), (WIDE, SCATTERED, False), (NARROW, LOOSE, False)],
)
@pytest.mark.parametrize("with_drift", [False, True])
def test_a_second_try_that_only_knows_less_takes_no_wide_tube_away(
    monkeypatch, arc, second, believed, with_drift
):
    first = make_tube(AXIS, misfit=0.09, radius_std_m=0.001, **arc)
    worse = make_tube(AXIS, **arc | second)
    assert why_not_a_pipe(first, search().config.judge, under_open_sky=True) is None

    def measure(_pyramid, run, _options, **how):
        again = how.get("with_drift") if with_drift else run.axis is first.nodes
        return worse if again else first

    monkeypatch.setattr(searching, "measure", measure)
    found = search().roughly(run_along(AXIS.copy(), 0.085))
    assert (found is first) is believed
    assert found is first or found is None


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_tube_that_climbs_what_hides_it_when_drift_is_solved_for_is_held_there(
    monkeypatch, comes_back
):
    hidden = (np.arange(len(AXIS)) > 30) & (np.arange(len(AXIS)) < 50)
    climbed = AXIS + [0.0, 0.0, 0.05] * hidden[:, None]
    tube = make_tube(AXIS, observed=~hidden)
    over, straight_on = make_tube(climbed), make_tube(AXIS, 0.0851, observed=~hidden)

    def measure(_pyramid, run, _options, *, with_drift=False, **_how):
        if not with_drift:
            return None
        held = run.held is not None and np.array_equal(run.held, hidden)
        return straight_on if held and comes_back else over

    monkeypatch.setattr(searching, "measure", measure)
    assert search().settled(tube) is (straight_on if comes_back else tube)


@pytest.mark.parametrize(("arc", "wide"), [(WIDE, True), (NARROW, False)])
def test_only_of_a_wide_arc_are_fewer_points_enough_to_solve_for_drift(monkeypatch, arc, wide):
    asked = []

    def measure(_pyramid, run, _options, **_how):
        asked.append(run.wide)
        return make_tube(AXIS, **arc)

    monkeypatch.setattr(searching, "measure", measure)
    search().settled(make_tube(AXIS, **arc))
    assert asked[0] is wide


@pytest.mark.parametrize(("arc_deg", "settles"), [(120.0, True), (90.0, False)])
def test_what_slips_off_its_axis_when_drift_is_solved_for_stays_as_it_was(
    measured, arc_deg, settles
):
    tubes, _ = measured
    slipped = make_tube(AXIS, 0.0875, arc_deg=np.full(len(AXIS), arc_deg))
    tubes[len(AXIS)] = slipped
    tube = make_tube(AXIS, arc_deg=np.full(len(AXIS), 130.0))
    assert search().settled(tube) is (slipped if settles else tube)


@pytest.mark.parametrize(("radius_m", "is_one"), [(0.06, True), (0.045, True), (0.085, False)])
def test_no_branch_is_far_thicker_than_what_was_followed(measured, radius_m, is_one):
    tubes, _ = measured
    run = run_along(straight(0.6), 0.06)
    tubes[len(run.axis)] = make_tube(run.axis, radius_m)
    assert (search().away(run, None) is not None) is is_one
