"""Branches that leave their main by something thicker than they are."""

import numpy as np
import pytest
from stages.made import make_tube, pyramid_of, run_along, straight, tube_points

from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.necks import without_neck
from twin_pipeline.stages.measure import Kept, MeasureOptions, measure

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
    assert np.linalg.norm(clear.nodes[0] - whole.nodes[0]) < 0.02
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
