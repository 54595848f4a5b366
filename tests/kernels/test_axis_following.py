import numpy as np
import pytest
from shapes import (
    RADIUS_M,
    TOP_HALF,
    Patches,
    arranged,
    on_tube,
    random_motion,
    square_bend,
    straight,
    tube_patches,
)

from twin_pipeline.kernels import axis

ALONG_X = np.array([1.0, 0.0, 0.0])
RATIO = 0.2
"""How far a vote may miss the axis, as a share of the radius."""

STEP_M = 0.4 * RADIUS_M


def _follow(patches: Patches, start, *, direction=ALONG_X, max_gap=0.5, max_steps=500, used=None):
    return axis.follow_axis(
        np.asarray(start, float),
        np.asarray(direction, float),
        RADIUS_M,
        STEP_M,
        max_gap,
        60.0,
        0.6,
        RATIO,
        *patches.search,
        patches.normals,
        patches.used if used is None else used,
        max_steps,
    )


@pytest.mark.parametrize("sense", [1.0, -1.0])
def test_a_straight_tube_is_followed_to_its_end(sense):
    patches = tube_patches(straight(3.0), count=9000, arc=TOP_HALF)
    centres, seen = _follow(patches, [1.5, 0.005, 0.0], direction=sense * ALONG_X)
    end = 3.0 if sense > 0.0 else 0.0
    assert np.hypot(centres[:, 1], centres[:, 2]).max() < 0.005
    assert abs(centres[-1, 0] - end) < 0.075 * 1.2 + STEP_M
    assert seen.all()
    np.testing.assert_allclose(np.diff(centres[:, 0]), sense * STEP_M, atol=0.1 * STEP_M)


@pytest.mark.parametrize(("bend_radius_m", "off_m"), [(0.3, 0.03), (0.6, 0.012)])
def test_a_bend_is_followed_through_to_the_end(bend_radius_m, off_m):
    route = square_bend(1.5, bend_radius_m)
    patches = tube_patches(route, count=12_000)
    centres, seen = _follow(patches, [0.3, 0.0, 0.0])
    chainage, away = route.project(centres)
    inside = chainage < route.length_m
    assert away[inside].max() < off_m
    assert route.length_m - chainage[inside][-1] < 0.1
    assert away[~inside].max(initial=0.0) < 0.75 * RADIUS_M
    assert seen.mean() > 0.95
    assert (np.diff(chainage[inside]) > 0.5 * STEP_M).all()


def _with_gap(length_m: float) -> Patches:
    whole = tube_patches(straight(3.0), count=9000)
    seen = np.abs(whole.points[:, 0] - 1.5) > 0.5 * length_m
    return arranged(whole.points[seen], whole.normals[seen])


def test_a_gap_shorter_than_the_limit_is_bridged_and_marked():
    centres, seen = _follow(_with_gap(0.4), [0.3, 0.0, 0.0])
    assert centres[-1, 0] > 2.85
    hidden = centres[~seen, 0]
    assert len(hidden) >= 4
    assert (np.abs(hidden - 1.5) < 0.2 + STEP_M).all()
    assert seen[-1]


def test_a_longer_gap_ends_the_axis():
    centres, seen = _follow(_with_gap(0.9), [0.3, 0.0, 0.0])
    assert centres[-1, 0] < 1.05 + 0.1
    assert centres[-1, 0] > 0.95
    assert seen.all()


FIRST_GAP_STEPS = 7
"""Steps that make less than 0.3 m."""


def test_no_gap_is_bridged_that_is_longer_than_what_was_followed():
    """From starts one step apart; whatever was followed, plus 0.3 m, may be hidden next."""
    patches = _with_gap(0.8)
    far = [1.1 - k * STEP_M for k in range(26)]
    found = [_follow(patches, [x, 0.0, 0.0], max_gap=2.0) for x in far]
    bridged = np.array([centres[-1, 0] > 2.8 for centres, _ in found])
    followed = np.array([int(np.argmin(np.append(seen, False))) for _, seen in found])
    assert np.array_equal(np.diff(followed), np.ones(25))
    assert (followed[~bridged] == [len(centres) for centres, _ in found[: bridged.argmax()]]).all()
    # two windows beyond the gap are not yet trusted and count as hidden
    _, seen = found[-1]
    hidden = int(np.argmax(seen[followed[-1] :])) + 2
    assert 0.7 < hidden * STEP_M < 0.9
    assert np.array_equal(bridged, hidden <= followed + FIRST_GAP_STEPS)
    assert 5 < bridged.sum() < 20


@pytest.mark.parametrize(("start_m", "found"), [(0.9, True), (0.8, True), (0.5, False)])
def test_at_the_start_some_decimetres_may_be_hidden(start_m, found):
    whole = tube_patches(straight(3.0), count=9000)
    seen = whole.points[:, 0] > 1.0
    patches = arranged(whole.points[seen], whole.normals[seen])
    centres, _ = _follow(patches, [start_m, 0.0, 0.0], max_gap=2.0)
    assert (len(centres) > 0) == found
    assert not found or centres[-1, 0] > 2.85


def test_one_lucky_window_beyond_a_gap_does_not_carry_the_axis_on():
    """Two rows of four patches, of which a window at x = 1.3 sees both, all others one or none."""
    rng = np.random.default_rng(20)
    points, normals = on_tube(rng, straight(1.0), RADIUS_M, 4000)
    angle = np.radians([10.0, 40.0, 70.0, 100.0, 22.0, 52.0, 82.0, 112.0])
    outward = np.column_stack([np.zeros(8), -np.cos(angle), np.sin(angle)])
    lucky = RADIUS_M * outward + np.repeat([[1.23, 0.0, 0.0], [1.37, 0.0, 0.0]], 4, axis=0)
    both = np.concatenate([points, lucky]), np.concatenate([normals, outward])
    window = (np.array([1.3, 0.0, 0.0]), ALONG_X, RADIUS_M, 0.75 * RADIUS_M, RATIO * RADIUS_M)
    assert axis.tube_support(*both, *window)[1:] == (120.0, 1.0, 8)
    centres, _ = _follow(arranged(*both), [0.3, 0.0, 0.0], max_gap=0.6)
    assert 0.95 < centres[-1, 0] < 1.1


def test_taken_patches_are_not_followed():
    patches = tube_patches(straight(2.0), count=6000)
    centres, _ = _follow(patches, [0.3, 0.0, 0.0], used=patches.points[:, 0] > 1.0, max_gap=0.3)
    assert 0.9 < centres[-1, 0] < 1.15


def test_following_turns_with_thetube_patches():
    patches = tube_patches(square_bend(1.0, 0.4), count=8000)
    usual, _ = _follow(patches, [0.2, 0.0, 0.0])
    motion = random_motion(np.random.default_rng(19))
    turned = arranged(motion.points(patches.points), motion.vectors(patches.normals))
    start, direction = motion.points(np.array([0.2, 0.0, 0.0])), motion.vectors(ALONG_X)
    centres, _ = _follow(turned, start, direction=direction)
    common = min(len(usual), len(centres))
    assert abs(len(usual) - len(centres)) <= 1
    off = np.linalg.norm(centres[:common] - motion.points(usual[:common]), axis=1)
    assert off.max() < 0.02 * RADIUS_M


def test_no_more_steps_than_allowed_and_none_without_patches():
    patches = tube_patches(straight(2.0), count=6000)
    assert len(_follow(patches, [0.3, 0.0, 0.0], max_steps=7)[0]) == 7
    centres, seen = _follow(patches, [0.3, 5.0, 0.0])
    assert centres.shape == (0, 3)
    assert seen.shape == (0,)
