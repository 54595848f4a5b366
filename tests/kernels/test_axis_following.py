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
