"""Branches that leave their main by something thicker than they are."""

import numpy as np
import pytest
from stages.made import make_tube, pyramid_of, run_along, straight, tube_points

from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.necks import beyond_neck, without_neck
from twin_pipeline.stages.judge import JudgeOptions, why_not_a_branch
from twin_pipeline.stages.measure import Kept, MeasureOptions, measure
from twin_pipeline.stages.tees import TeesOptions

MAIN = make_tube(straight(4.0), 0.33)
"""Along x."""
RADIUS_M, NECK_RADIUS_M, NECK_M = 0.0465, 0.0615, 0.13
ANGLE_DEG = 90.0


def branch_axis(length_m: float) -> np.ndarray:
    """Return nodes (K, 3) of what leaves the main's side at x = 2."""
    return straight(length_m, (2.0, MAIN.radius_m, 0.0), heading_deg=ANGLE_DEG)


def scanned(length_m: float, neck_m: float = NECK_M) -> np.ndarray:
    rng = np.random.default_rng(3)
    axis = branch_axis(length_m)
    beyond = np.linalg.norm(axis - axis[0], axis=1)
    parts = [tube_points(axis[beyond >= neck_m - 1e-9], RADIUS_M, rng, noise_m=0.0035)]
    if neck_m:
        neck = axis[beyond <= neck_m + 0.03]
        parts.append(tube_points(neck, NECK_RADIUS_M, rng, noise_m=0.0035))
    return np.vstack(parts)


def measured_on(points: np.ndarray):
    pyramid = pyramid_of(points)

    def measured(run: Run, kept: Kept | None) -> Tube | None:
        return measure(pyramid, run, MeasureOptions(), kept=kept)

    return measured


def cleared(length_m: float, neck_m: float = NECK_M) -> tuple[Tube, Tube]:
    """Return a branch as it is measured, and clear of its neck."""
    measured = measured_on(scanned(length_m, neck_m))
    whole = measured(run_along(branch_axis(length_m), RADIUS_M), None)
    assert whole is not None
    return whole, without_neck(whole, [MAIN, whole], measured)


def test_a_neck_neither_widens_nor_tilts_the_branch():
    whole, clear = cleared(0.7)
    assert abs(clear.radius_m - RADIUS_M) < 3.0 * clear.radius_std_m < 0.003
    assert np.abs(clear.nodes[:, 2]).max() < 0.004
    assert max(abs(whole.radius_m - RADIUS_M), np.abs(whole.nodes[:, 2]).max()) > 0.004


def test_the_branch_stays_as_long_and_says_what_was_not_measured():
    whole, clear = cleared(0.7)
    assert clear.length_m == pytest.approx(whole.length_m, abs=0.03)
    assert np.linalg.norm(clear.nodes[0] - branch_axis(0.7)[0]) < 0.02
    beyond = clear.nodes[:, 1] - MAIN.radius_m
    assert not clear.observed[beyond < 0.12].any()
    assert clear.observed[beyond > 0.2].all()
    assert clear.std_v_m[0] > clear.std_v_m[-1]
    for values in (clear.arc_deg, clear.slice_radius_m, clear.drift_m, clear.visible):
        assert len(values) == len(clear.nodes)


def test_a_branch_without_a_neck_is_right_either_way():
    _, clear = cleared(0.7, neck_m=0.0)
    assert abs(clear.radius_m - RADIUS_M) < 3.0 * clear.radius_std_m


def test_what_leaves_no_main_or_shows_too_little_stays_as_it_is():
    whole, _ = cleared(0.7)

    def never(*_: object) -> None:
        return None

    assert without_neck(whole, [MAIN, whole], never) is whole
    aside = make_tube(straight(4.0, (0.0, -0.6, 0.0)), 0.33)
    assert without_neck(whole, [aside, whole], measured_on(scanned(0.7))) is whole
    assert without_neck(MAIN, [MAIN, whole], never) is MAIN


def test_a_piece_of_the_same_pipe_that_goes_on_with_it_leaves_no_main():
    def always(*_: object) -> Tube:
        raise AssertionError("measured anew")

    piece = make_tube(straight(1.5, (4.05, 0.0, 0.0)), 0.33)
    assert without_neck(piece, [MAIN, piece], always) is piece


def short_run(length_m: float) -> Run:
    """Return a run from the main's surface on along a branch."""
    return run_along(branch_axis(length_m), RADIUS_M)


def judged_on(points: np.ndarray):
    """Measure as the search for branches does."""
    measured, options = measured_on(points), JudgeOptions()

    def believed(run: Run, kept: Kept | None) -> Tube | None:
        tube = measured(run, kept)
        if tube is None or why_not_a_branch(tube, options, under_open_sky=True) is not None:
            return None
        return tube

    return believed


def test_a_branch_too_short_to_be_a_pipe_anywhere_is_found_beyond_its_neck():
    run = short_run(0.4)
    branch = beyond_neck(run, [MAIN], judged_on(scanned(0.4)), TeesOptions())
    assert branch is not None
    assert abs(branch.radius_m - RADIUS_M) < 3.0 * branch.radius_std_m < 0.006
    assert np.linalg.norm(branch.nodes[0] - run.axis[0]) < 0.03
    assert not branch.observed[0]
    assert branch.observed[-3:].all()


def test_a_branch_that_is_followed_from_beyond_its_neck_on_is_found():
    run = run_along(branch_axis(0.45)[4:], RADIUS_M)
    branch = beyond_neck(run, [MAIN], judged_on(scanned(0.45)), TeesOptions())
    assert branch is not None
    assert abs(branch.radius_m - RADIUS_M) < 3.0 * branch.radius_std_m < 0.006
    assert np.linalg.norm(branch.nodes[0] - branch_axis(0.45)[0]) < 0.04
    assert not branch.observed[0]


def test_what_begins_beyond_necks_but_runs_along_the_main_or_far_from_it_is_not_measured():
    def never(*_: object) -> Tube:
        raise AssertionError("measured")

    beside = run_along(straight(0.5, (2.0, MAIN.radius_m + 0.2, 0.0), heading_deg=20.0), RADIUS_M)
    far = run_along(branch_axis(0.9)[9:], RADIUS_M)
    for run in (beside, far):
        assert beyond_neck(run, [MAIN], never, TeesOptions()) is None


def test_a_wall_beyond_its_end_neither_widens_nor_turns_a_branch():
    rng = np.random.default_rng(5)
    across, up = rng.uniform(-0.25, 0.25, 3000), rng.uniform(-0.3, 0.4, 3000)
    away = MAIN.radius_m + 0.4 + 0.3 * up + rng.normal(0.0, 0.006, 3000)
    points = np.vstack([scanned(0.4), np.column_stack([2.0 + across, away, up])])
    branch = beyond_neck(short_run(0.38), [MAIN], judged_on(points), TeesOptions())
    assert branch is not None
    assert abs(branch.radius_m - RADIUS_M) < 3.0 * branch.radius_std_m
    assert np.abs(branch.nodes[:, 2]).max() < 0.006
    assert branch.nodes[-1, 1] == pytest.approx(MAIN.radius_m + 0.38, abs=0.03)


def test_what_passes_the_main_by_or_only_lies_near_it_is_no_branch():
    believed, options = judged_on(scanned(0.4)), TeesOptions()
    deeper = make_tube(straight(4.0, (0.0, 0.0, -0.3)), MAIN.radius_m)
    assert beyond_neck(short_run(0.4), [deeper], believed, options) is None
    thinner = make_tube(straight(4.0), 0.03)
    assert beyond_neck(short_run(0.4), [thinner], believed, options) is None
    aside = make_tube(straight(4.0, (0.0, -0.6, 0.0)), MAIN.radius_m)
    assert beyond_neck(short_run(0.4), [aside], believed, options) is None
    assert beyond_neck(short_run(0.4), [], believed, options) is None


def test_what_a_branch_shows_beside_the_wall_it_goes_into_is_not_measured_but_seen():
    measured, asked = measured_on(scanned(0.7)), []

    def spied(run: Run, kept: Kept) -> Tube | None:
        asked.append(kept)
        return measured(run, kept)

    whole = measured(run_along(branch_axis(0.7), RADIUS_M), None)
    clear = without_neck(whole, [MAIN, whole], spied)
    before = whole.nodes[-1] + np.array([[0.0, -0.02, RADIUS_M], [0.0, -0.1, RADIUS_M]])
    assert asked[0].clear(before).tolist() == [False, True]
    assert clear.nodes[-1, 1] == pytest.approx(whole.nodes[-1, 1], abs=0.03)
    assert clear.observed[-1]
    assert clear.std_v_m[-1] > clear.std_v_m[len(clear.nodes) // 2]
