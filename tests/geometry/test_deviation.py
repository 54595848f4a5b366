"""Offsets and deviations, worked out by hand on straight and bent lines."""

from dataclasses import replace

import numpy as np
import pytest
from factories import EASTING_M, GROUND_Z_M, NORTHING_M, make_pipe

from twin_pipeline.geometry.deviation import deviations, feet
from twin_pipeline.model import DesignLine, LevelKind

ORIGIN = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])


def line(*vertices):
    return np.array(vertices, dtype=float)


def test_right_is_positive():
    found = feet(line([0, 0], [10, 0]), line([3, -2], [4, 1], [5, 0]))
    assert found.right_m.tolist() == pytest.approx([2.0, -1.0, 0.0])
    assert found.beside.all()


def test_columns_are_interpolated_at_the_foot():
    found = feet(line([0, 0, 1.0], [10, 0, 2.0], [10, 10, 2.0]), line([4, 1], [10.5, 5]))
    assert found.values[:, 2].tolist() == pytest.approx([1.4, 2.0])


def test_beyond_the_ends_nothing_is_beside():
    points = line([-0.05, 1], [-0.2, 1], [10.05, 1], [10.2, 1])
    assert feet(line([0, 0], [10, 0]), points).beside.tolist() == [True, False, True, False]


def test_repeated_vertices_do_no_harm():
    bent = line([0, 0], [5, 0], [5, 0], [5, 5])
    assert feet(bent, line([6, 2])).right_m.tolist() == [1.0]
    with pytest.raises(ValueError, match="two vertices"):
        feet(line([1, 1], [1, 1]), line([0, 0]))


@pytest.mark.parametrize(
    ("level", "below_centre"),
    [(LevelKind.CENTRE, 0.0), (LevelKind.CROWN, -0.11), (LevelKind.INVERT, 0.11)],
)
def test_a_pipe_laid_off_its_design(level, below_centre):
    """Laid 20 mm to the right and 30 mm too high."""
    pipe = make_pipe("P1", (0.0, 0.0, -1.3), (10.0, 0.0, -1.3))
    designed = line([-1, 0.02, -1.33 - below_centre], [11, 0.02, -1.33 - below_centre]) + ORIGIN
    found = deviations(pipe, [DesignLine("D", designed, level)])
    assert found.plan_deviation_m == pytest.approx(0.02, abs=1e-9)
    assert found.level_deviation_m == pytest.approx(0.03, abs=1e-9)
    assert found.cover_deviation_m == pytest.approx(-0.03, abs=1e-9)


def test_a_designed_cover_is_compared_with_the_measured_one():
    pipe = make_pipe("P1", (0.0, 0.0, -1.3), (10.0, 0.0, -1.3))
    vertices = line([0, 0, np.nan], [10, 0, np.nan]) + ORIGIN
    cover = np.array([1.2, 1.3])
    found = deviations(pipe, [DesignLine("D", vertices, LevelKind.CENTRE, cover)])
    assert np.isnan(found.level_deviation_m).all()
    wanted = pipe.stations.cover_m - np.interp(pipe.stations.chainage_m, [0, 10], cover)
    assert found.cover_deviation_m == pytest.approx(wanted, abs=1e-9)


def test_the_nearest_of_several_lines_counts_and_far_ones_do_not():
    pipe = make_pipe("P1", (0.0, 0.0, -1.3), (10.0, 0.0, -1.3))
    near = DesignLine("near", line([0, 0.1, -1.3], [10, 0.1, -1.3]) + ORIGIN, LevelKind.CENTRE)
    beside = DesignLine("beside", line([0, 1, -1.3], [10, 1, -1.3]) + ORIGIN, LevelKind.CENTRE)
    far = DesignLine("far", line([0, 5, -1.3], [10, 5, -1.3]) + ORIGIN, LevelKind.CENTRE)
    assert deviations(pipe, [far, beside, near]).line is near
    assert deviations(pipe, [far]) is None
    assert deviations(pipe, []) is None


def test_stations_past_the_design_and_without_ground_have_no_deviation():
    pipe = make_pipe("P1", (0.0, 0.0, -1.3), (10.0, 0.0, -1.3), with_ground=False)
    designed = DesignLine("D", line([0, 0, -1.3], [5, 0, -1.3]) + ORIGIN, LevelKind.CENTRE)
    found = deviations(pipe, [designed])
    past = pipe.stations.chainage_m > 5.1
    assert np.isnan(found.plan_deviation_m).tolist() == past.tolist()
    assert np.isnan(found.level_deviation_m).tolist() == past.tolist()
    assert np.isnan(found.cover_deviation_m).all()


def test_it_does_not_matter_which_way_the_pipe_was_followed():
    pipe = make_pipe("P1", (0.0, 0.0, -1.3), (10.0, 0.0, -1.3))
    back = replace(
        pipe,
        centreline=pipe.centreline[::-1],
        stations=replace(pipe.stations, centre=pipe.stations.centre[::-1]),
    )
    designed = [DesignLine("D", line([0, 0.02, -1.3], [10, 0.02, -1.3]) + ORIGIN, LevelKind.CENTRE)]
    there, again = (deviations(p, designed).plan_deviation_m for p in (pipe, back))
    assert there.tolist() == pytest.approx(again[::-1].tolist())


def test_a_pipe_across_the_design_was_not_laid_by_it():
    branch = make_pipe("P2", (5.0, 0.1, -1.3), (5.3, 2.0, -1.3))
    designed = DesignLine("D", line([0, 0, -1.3], [10, 0, -1.3]) + ORIGIN, LevelKind.CENTRE)
    assert deviations(branch, [designed]) is None
    riser = make_pipe("P3", (5.0, 0.1, -1.3), (5.0, 0.1, -0.3))
    assert deviations(riser, [designed]) is None
