"""How far a measured tube is followed on, measured by a stand-in."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from stages.made import make_tube, run_along, straight

from twin_pipeline.config import Config
from twin_pipeline.prolonging import prolonged

RADIUS_M = 0.06
PIPE_M = 6.0
"""From zero on; what is followed goes on beyond, along something else."""


def followed(nodes, *, step_m=1.2, most_m=9.0):
    """Return the run that goes on from both ends of nodes by a step, None where nothing does."""
    first, last = max(nodes[0, 0] - step_m, 0.0), min(nodes[-1, 0] + step_m, most_m)
    if last - first < nodes[-1, 0] - nodes[0, 0] + 0.3:
        return None
    return run_along(straight(last - first, (first, 0.0, 0.0)), RADIUS_M)


def search(*, soil_std_m, empty):
    """A search that knows a radius the less the more soil, each metre of it by so much."""

    def roughly(run):
        x = run.axis[:, 0]
        soil_m = max(x[-1] - PIPE_M, 0.0)
        std_m = 0.001 + soil_std_m * soil_m - 0.00002 * (min(x[-1], PIPE_M) - x[0])
        return make_tube(run.axis, run.radius_m, radius_std_m=std_m)

    def shows_none(run):
        return empty and run.axis[:, 0].mean() > PIPE_M

    return SimpleNamespace(config=Config(), roughly=roughly, shows_none=shows_none)


def end_of(**what):
    start = make_tube(straight(1.5, (3.0, 0.0, 0.0)), RADIUS_M, radius_std_m=0.001)
    tracer = SimpleNamespace(prolong=lambda tube, _level: followed(tube.nodes))
    tube = prolonged(search(**what), tracer, start, 5)
    assert tube.nodes[0, 0] == pytest.approx(0.0, abs=0.01)
    return tube.nodes[-1, 0]


def test_a_tube_ends_where_what_is_added_makes_it_worse_and_holds_none_alone():
    end_m = end_of(soil_std_m=0.0001, empty=True)
    assert PIPE_M - 0.4 < end_m < PIPE_M + 0.4


@pytest.mark.parametrize(
    "what",
    [{"soil_std_m": 0.0001, "empty": False}, {"soil_std_m": -0.00001, "empty": True}],
    ids=["holds one alone", "makes it better known"],
)
def test_a_tube_goes_on_where_what_is_added_is_one_or_makes_it_better_known(what):
    assert end_of(**what) == pytest.approx(9.0, abs=0.1)


def test_what_is_known_as_well_as_any_pipe_may_be_known_worse_than_before():
    start = make_tube(straight(1.5, (3.0, 0.0, 0.0)), RADIUS_M, radius_std_m=0.00005)

    def roughly(run):
        return make_tube(run.axis, run.radius_m, radius_std_m=0.0001)

    looking = SimpleNamespace(config=Config(), roughly=roughly, shows_none=lambda _run: False)
    tracer = SimpleNamespace(prolong=lambda tube, _level: followed(tube.nodes))
    assert prolonged(looking, tracer, start, 5).length_m == pytest.approx(9.0, abs=0.1)


def test_a_tube_goes_on_halfway_only_where_its_axis_loses_its_way_farther_on():
    start = make_tube(straight(1.5, (3.0, 0.0, 0.0)), RADIUS_M, radius_std_m=0.001)

    def roughly(run):
        x = run.axis[:, 0]
        lost = (x > 4.6) & (x < 8.5) if x[-1] > 7.0 else np.zeros(len(x), bool)
        return replace(make_tube(run.axis, run.radius_m, radius_std_m=0.0005), observed=~lost)

    looking = SimpleNamespace(config=Config(), roughly=roughly, shows_none=lambda _run: False)
    tracer = SimpleNamespace(prolong=lambda tube, _level: followed(tube.nodes, step_m=4.5))
    assert 5.0 < prolonged(looking, tracer, start, 5).nodes[-1, 0] < 7.0
