"""What a scan's drift may lead pipes astray by, told by the waves of the longest."""

from dataclasses import replace

import numpy as np
import pytest
from stages.made import make_tube, straight

from twin_pipeline.drifting import with_the_scans_drift
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import Role
from twin_pipeline.stages.classify import Classified

RADIUS_M = 0.085
WAVE_M = 0.010


def tube(length_m: float, height_m: float, radius_std_m: float = 0.0) -> Tube:
    """Return a tube that waves up and down; its radius is the one thing that is not known."""
    made = make_tube(straight(length_m, (0.0, 0.0, -1.0)), RADIUS_M)
    wave = height_m * np.sin(2.0 * np.pi * made.nodes[:, 0] / 10.0)
    return replace(
        made,
        nodes=made.nodes + wave[:, None] * np.array([0.0, 0.0, 1.0]),
        std_v_m=np.hypot(1e-4, np.full(len(made.nodes), radius_std_m)),
        crown_std_m=np.full(len(made.nodes), 1e-4),
    )


def wandering(*tubes: Tube) -> list[float]:
    roles = [Role.MAIN, *[Role.CROSSING] * (len(tubes) - 1)]
    found = [Classified(item, role) for item, role in zip(tubes, roles, strict=True)]
    return [item.tube.wander_m for item in with_the_scans_drift(found)]


def test_over_its_length_a_walk_strays_by_more_than_its_waves_show():
    chords = WAVE_M / np.sqrt(2.0)
    assert wandering(tube(30.0, WAVE_M)) == pytest.approx([chords * np.sqrt(30.0 / 7.5)], rel=0.1)


def test_a_radius_that_is_hardly_known_hides_no_wave():
    assert wandering(tube(20.0, WAVE_M, 0.01)) == pytest.approx(wandering(tube(20.0, WAVE_M)))


def test_what_is_too_short_to_wave_was_scanned_in_the_same_drift():
    main, crossing = wandering(tube(20.0, WAVE_M), tube(1.5, 0.0))
    assert crossing == main > 0.005
    still = wandering(tube(20.0, 0.0), tube(1.5, 0.0))
    assert still == [0.0, 0.0]


def test_what_a_solved_drift_leaves_open_counts_for_pipes_of_which_none_was_solved_for():
    main = tube(20.0, 0.0)
    drifting = replace(main, drift_m=np.full(len(main.nodes), 0.004))
    known = replace(tube(1.5, 0.0), drift_m=np.zeros(len(tube(1.5, 0.0).nodes)))
    assert wandering(drifting, tube(1.5, 0.0), known) == pytest.approx([0.0, 0.004, 0.0])


def test_in_a_scan_whose_drift_was_solved_for_it_was_so_for_each_pipe():
    """It is no scan of which nothing tells when points were recorded."""
    main, crossing = tube(20.0, 0.0), tube(1.5, 0.0)
    for solved in (True, False):
        longest = replace(main, drift_m=np.full(len(main.nodes), 0.004 if solved else np.nan))
        found = [Classified(longest, Role.MAIN), Classified(crossing, Role.CROSSING)]
        _, other = with_the_scans_drift(found)
        assert np.isfinite(other.tube.drift_m).all() == solved


def radii_of(scatter_m: float, length_m: float = 20.0, **changes: object) -> Tube:
    """Return a tube whose slices of half a metre differ in radius."""
    made = tube(length_m, 0.0)
    number = (made.nodes[:, 0] / 0.5).astype(int)
    off = scatter_m * np.random.default_rng(3).normal(size=number.max() + 1)
    return replace(made, slice_radius_m=RADIUS_M + off[number], inflation=10.0, **changes)


def test_what_walks_add_to_a_diameter_is_told_by_the_longest_pipe():
    crossing = tube(1.5, 0.0)
    found = [Classified(radii_of(0.002), Role.MAIN), Classified(crossing, Role.CROSSING)]
    main, short = (item.tube for item in with_the_scans_drift(found))
    assert 0.0025 < short.radius_std_m < 0.006
    assert short.std_v_m.min() > crossing.std_v_m.max()
    assert main.radius_std_m == found[0].tube.radius_std_m


def test_a_pipe_that_shows_itself_what_walks_add_takes_none_of_another():
    other = radii_of(1e-6, 10.0)
    found = [Classified(radii_of(0.002), Role.MAIN), Classified(other, Role.MAIN)]
    assert with_the_scans_drift(found)[1].tube.radius_std_m == other.radius_std_m
    known = replace(tube(1.5, 0.0), drift_m=np.zeros(len(tube(1.5, 0.0).nodes)))
    found[1] = Classified(known, Role.CROSSING)
    assert with_the_scans_drift(found)[1].tube.radius_std_m == known.radius_std_m


def test_nothing_found_drifts_nowhere():
    assert with_the_scans_drift([]) == []
