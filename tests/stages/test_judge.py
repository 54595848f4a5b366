from dataclasses import replace

import numpy as np
import pytest

from stages.made import UP, make_tube, straight
from twin_pipeline.stages.judge import (
    JudgeOptions,
    is_faint,
    is_no_circle,
    may_yet_be_one,
    why_not_a_branch,
    why_not_a_pipe,
)

NODES = straight(4.0)
HALF = np.arange(len(NODES)) < len(NODES) // 2
SIDEWAYS = np.array([0.0, 0.95, 0.0])
SCATTERED_M = 0.085 * (1 + 0.4 * np.cos(np.arange(len(NODES))))


def verdict(**changes):
    return why_not_a_pipe(replace(make_tube(NODES), **changes), JudgeOptions())


def test_a_tube_well_seen_from_above_is_believed():
    assert verdict() is None


def test_a_bedded_tube_seen_from_above_is_believed():
    assert verdict(halo=0.6) is None


def test_a_tube_well_seen_from_the_side_is_believed():
    assert verdict(middle=SIDEWAYS, halo=0.02) is None


@pytest.mark.parametrize(("diameters", "faint"), [(2.2, True), (1.2, False)])
def test_a_short_piece_of_a_thick_tube_is_faint(diameters, faint):
    nodes = np.linspace([0.0, 0.0, 0.0], [diameters * 2.0 * 0.264, 0.0, 0.0], 25)
    tube = make_tube(nodes, 0.264, radius_std_m=0.002)
    assert "m only" in why_not_a_pipe(tube, JudgeOptions())
    assert is_faint(tube, JudgeOptions()) is faint


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"arc_deg": np.full(len(NODES), 30.0)}, "arc of 30 degrees"),
        ({"misfit": 2.0}, "not round"),
        ({"plane_ratio": 0.9}, "flat"),
        ({"purity": 0.2}, "purity 0.20"),
        ({"radius_m": 0.0125, "slice_radius_m": np.full(len(NODES), 0.0125)}, "thinner"),
        ({"inflation": 12.0, "arc_deg": np.full(len(NODES), 85.0)}, "12 x noise"),
        ({"inflation": 500.0}, "500 x noise"),
        ({"radius_std_m": 0.05}, "not determined"),
        ({"halo": 2.0}, "surface goes on"),
        ({"middle": SIDEWAYS, "halo": 0.5}, "surface goes on"),
        ({"middle": -UP, "halo": 2.0}, "surface goes on"),
        ({"slice_radius_m": SCATTERED_M, "inflation": 9.0}, "scatters"),
    ],
)
def test_one_flaw_is_enough_and_is_named(changes, reason):
    assert reason in verdict(**changes)


def test_radii_of_slices_may_scatter_as_their_few_points_make_them():
    assert verdict(slice_radius_m=SCATTERED_M, inflation=1.1) is None


def test_a_hollow_is_no_pipe_under_the_open_sky():
    hollow = replace(make_tube(NODES), middle=-UP)
    assert why_not_a_pipe(hollow, JudgeOptions()) is None
    assert "hollow" in why_not_a_pipe(hollow, JudgeOptions(), under_open_sky=True)
    for middle in (UP, SIDEWAYS):
        pipe = replace(make_tube(NODES), middle=middle)
        assert why_not_a_pipe(pipe, JudgeOptions(), under_open_sky=True) is None


def test_what_is_nearly_flat_must_be_the_rounder():
    assert verdict(misfit=0.2, plane_ratio=30.0) is None
    assert "not round" in verdict(misfit=0.2, plane_ratio=3.0)
    assert "not round" in verdict(misfit=0.2, arc_deg=np.full(len(NODES), 90.0))


def test_a_tube_is_too_short_by_what_was_seen_of_it():
    observed = np.arange(len(NODES)) < 5
    assert "seen over" in verdict(observed=observed)
    assert "seen over" in why_not_a_pipe(make_tube(straight(0.15)), JudgeOptions())


def test_a_wide_tube_must_be_longer():
    nodes = straight(0.6)
    assert why_not_a_pipe(make_tube(nodes, 0.04), JudgeOptions()) is None
    wide = make_tube(nodes, 0.4, radius_std_m=0.001)
    assert "seen over 0.60 m" in why_not_a_pipe(wide, JudgeOptions())


def test_only_the_arc_of_the_observed_part_counts():
    observed = np.arange(len(NODES)) < 60
    assert verdict(observed=observed, arc_deg=np.where(observed, 150.0, 0.0)) is None
    hidden_arc = np.where(observed, 30.0, 150.0)
    assert "arc of 30" in verdict(observed=observed, arc_deg=hidden_arc)


def test_a_narrow_arc_must_be_surer_than_a_wide_one():
    """Little of a circle, hardly better than a plane: an edge or a heap looks like this, too."""
    weak = {"plane_ratio": 2.0, "radius_std_m": 0.004}
    assert verdict(**weak) is None
    assert verdict(**weak, arc_deg=np.full(len(NODES), 65.0)) is not None


def test_slices_without_a_radius_of_their_own_say_nothing():
    assert verdict(slice_radius_m=np.full(len(NODES), np.nan)) is None


def test_stricter_options_reject_what_passed():
    assert "purity" in why_not_a_pipe(make_tube(NODES, purity=0.9), JudgeOptions(min_purity=0.95))


def test_a_long_run_makes_up_for_noise_that_hides_its_curve():
    faint = {"plane_ratio": 1.2, "radius_std_m": 0.001, "misfit": 0.02}
    assert verdict(**faint) is None
    assert "flat" in verdict(**faint, observed=HALF)
    assert "flat" in verdict(**{**faint, "misfit": 0.12})


@pytest.mark.parametrize(
    ("misfit", "plane_ratio", "believed"),
    [(0.08, 1.02, False), (0.08, 1.2, True), (0.0, 1.0, True), (0.02, 1.02, True)],
)
def test_a_long_run_must_bulge_by_more_than_it_is_out_of_round(misfit, plane_ratio, believed):
    """A thin pipe with soil at its flanks bulges as well, but on no circle."""
    changes = {"misfit": misfit, "plane_ratio": plane_ratio, "arc_deg": np.full(len(NODES), 80.0)}
    reason = verdict(radius_std_m=0.001, **changes)
    assert reason is None if believed else "flat" in reason


def test_a_short_piece_that_faces_up_and_is_even_may_yet_be_a_pipe():
    def may_be(**changes):
        return may_yet_be_one(make_tube(NODES, **changes), JudgeOptions(), under_open_sky=True)

    assert may_be(plane_ratio=1.0)
    assert not may_be(misfit=2.0)
    assert not may_be(middle=-UP)


@pytest.mark.parametrize(
    ("changes", "faint"),
    [
        ({"radius_std_m": 0.004, "plane_ratio": 1.5}, True),
        ({"radius_std_m": 0.02, "plane_ratio": 1.5}, False),
        ({"radius_std_m": 0.004, "plane_ratio": 1.5, "misfit": 0.2}, False),
    ],
)
def test_a_tube_is_faint_if_but_its_radius_is_not_determined(changes, faint):
    tube = replace(make_tube(NODES), **changes)
    assert why_not_a_pipe(tube, JudgeOptions()) is not None
    assert is_faint(tube, JudgeOptions()) is faint


NARROW = {"arc_deg": np.full(len(NODES), 65.0), "radius_std_m": 0.0015}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"points_used": 300}, "radius not determined"),
        ({"inflation": 2.0}, "radius not determined"),
        ({"misfit": 0.12}, "radius not determined"),
        ({"radius_std_m": 0.0027}, "radius not determined"),
        ({"observed": HALF}, "radius not determined"),
        (NARROW, None),
        ({"arc_deg": np.full(len(NODES), 65.0)}, "radius not determined"),
        ({**NARROW, "doubt_std_m": 0.0015}, None),
        ({**NARROW, "doubt_std_m": 0.0040}, "radius not determined"),
    ],
)
def test_a_long_tube_may_be_little_known_if_it_is_more_even_than_soil(changes, reason):
    thin = make_tube(
        NODES,
        0.045,
        radius_std_m=0.002,
        arc_deg=np.full(len(NODES), 85.0),
        noise_m=0.005,
        points_used=1200,
        plane_ratio=1.5,
        misfit=0.02,
        inflation=1.0,
    )
    assert why_not_a_pipe(replace(thin, **changes), JudgeOptions()) == reason


@pytest.mark.parametrize(
    ("length_m", "changes", "believed"),
    [
        (11.0, {}, True),
        (9.0, {}, False),
        (11.0, {"radius_std_m": 0.0013}, False),
        (11.0, {"radius_std_m": 0.0012, "arc_deg": 70.0}, False),
        (11.0, {"misfit": 0.12}, False),
    ],
)
def test_soil_is_no_tube_over_so_many_metres(length_m, changes, believed):
    nodes = straight(length_m)
    given = {"radius_std_m": 0.0011, "noise_m": 0.0054, "points_used": 1200, "arc_deg": 110.0}
    given |= {"plane_ratio": 1.3, "misfit": 0.02, "inflation": 1.0, **changes}
    given["arc_deg"] = np.full(len(nodes), given["arc_deg"])
    against = why_not_a_pipe(make_tube(nodes, 0.0315, **given), JudgeOptions())
    assert against == (None if believed else "radius not determined")


def test_a_branch_may_be_shorter_than_what_lies_anywhere_if_it_is_the_rounder():
    short = make_tube(straight(0.25), 0.059)
    assert "seen over 0.25 m" in why_not_a_pipe(short, JudgeOptions())
    assert why_not_a_branch(short, JudgeOptions()) is None
    for changes, reason in (
        ({"misfit": 0.2}, "not round"),
        ({"arc_deg": np.full(len(short.nodes), 80.0)}, "arc"),
        ({"inflation": 6.0}, "radius varies"),
        ({"plane_ratio": 1.4}, "flat"),
        ({"radius_std_m": 0.005}, "not determined"),
    ):
        assert reason in why_not_a_branch(replace(short, **changes), JudgeOptions())
    stub = make_tube(straight(0.15), 0.04)
    assert "seen over" in why_not_a_branch(stub, JudgeOptions())


def test_of_a_large_tee_that_is_round_beyond_doubt_a_diameter_is_enough():
    tee = make_tube(straight(0.4), 0.187)
    assert why_not_a_branch(tee, JudgeOptions()) is None
    assert "seen over" in why_not_a_branch(make_tube(straight(0.3), 0.187), JudgeOptions())
    for less in ({"radius_std_m": 0.003}, {"plane_ratio": 4.0}):
        assert "seen over" in why_not_a_branch(replace(tee, **less), JudgeOptions())


@pytest.mark.parametrize(
    ("changes", "no_circle"),
    [
        ({"misfit": 0.2}, False),
        ({"misfit": 0.35}, False),
        ({"misfit": 0.35, "plane_ratio": 4.0}, True),
        ({"misfit": 0.2, "arc_deg": np.full(len(NODES), 80.0)}, True),
        ({"misfit": 0.16, "arc_deg": np.full(len(NODES), 80.0)}, False),
        ({"misfit": 0.16, "arc_deg": np.full(len(NODES), 60.0), "plane_ratio": 2.0}, True),
        ({"misfit": 0.1, "arc_deg": np.full(len(NODES), 60.0), "plane_ratio": 2.0}, False),
        ({"inflation": 500.0}, False),
    ],
)
def test_what_is_clearly_not_round_is_no_circle_however_its_radius_varies(changes, no_circle):
    assert is_no_circle(replace(make_tube(NODES), **changes), JudgeOptions()) is no_circle
