import numpy as np
import pytest
from shapes import (
    ALL_ROUND,
    RADIUS_M,
    TOP_HALF,
    Motion,
    Patches,
    arranged,
    random_motion,
    shaken,
    straight,
    tube_patches,
    up_to_sign,
)

from twin_pipeline.kernels import axis

ALONG_X = np.array([1.0, 0.0, 0.0])


def test_frames_are_orthonormal_and_right_handed():
    directions = np.random.default_rng(2).normal(size=(50, 3))
    for d in [*np.eye(3), *-np.eye(3), *directions]:
        frame = np.array([d / np.linalg.norm(d), *axis.perpendicular_frame(d / np.linalg.norm(d))])
        np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-14)
        assert np.linalg.det(frame) == pytest.approx(1.0)


def _in_ball(patches: Patches, centre, reach: float, used=None) -> np.ndarray:
    used = patches.used if used is None else used
    found = axis.patches_in_ball(np.asarray(centre, float), reach, *patches.search, used)
    return np.sort(found)


def test_balls_hold_the_unused_patches_around():
    rng = np.random.default_rng(3)
    points = rng.uniform(0.0, 1.0, (3000, 3))
    patches = arranged(points, points)
    used = rng.random(3000) < 0.3
    sizes = []
    for reach in (0.02, 0.15, 0.5):
        for centre in rng.uniform(-0.3, 1.3, (15, 3)):
            near = np.linalg.norm(patches.points - centre, axis=1) <= reach
            assert np.array_equal(
                _in_ball(patches, centre, reach, used), np.flatnonzero(near & ~used)
            )
            sizes.append(int((near & ~used).sum()))
    assert 0 in sizes
    assert max(sizes) > 256


def test_balls_find_patches_outside_the_block_that_owns_them():
    rng = np.random.default_rng(4)
    owners = rng.uniform(0.0, 1.0, (2000, 3))
    patches = arranged(owners, owners, size_m=0.1)
    moved = patches.points + rng.uniform(-0.05, 0.05, owners.shape)
    patches = Patches(moved, patches.normals, (*patches.search[:-1], moved), patches.used)
    for centre in rng.uniform(0.0, 1.0, (30, 3)):
        near = np.linalg.norm(moved - centre, axis=1) <= 0.12
        assert np.array_equal(_in_ball(patches, centre, 0.12), np.flatnonzero(near))


def _taken(patches: Patches, nodes: np.ndarray, reach: float, used: np.ndarray) -> np.ndarray:
    taken = used.copy()
    axis.take_around(nodes, reach, *patches.search, taken)
    return taken


@pytest.mark.parametrize("reach", [0.02, 0.12, 0.3])
def test_what_lies_around_any_node_is_taken(reach):
    rng = np.random.default_rng(12)
    points = rng.uniform(0.0, 1.0, (3000, 3))
    patches = arranged(points, points)
    nodes = rng.uniform(-0.3, 1.3, (9, 3))
    used = rng.random(3000) < 0.3
    distance = np.linalg.norm(patches.points[:, None] - nodes, axis=2).min(axis=1)
    expected = used | (distance <= reach)
    assert np.array_equal(_taken(patches, nodes, reach, used), expected)
    assert np.array_equal(_taken(patches, nodes[::-1].repeat(2, axis=0), reach, used), expected)
    assert expected.sum() > used.sum()
    assert not expected.all()


def test_nothing_is_taken_around_nothing_or_far_away():
    points = np.random.default_rng(13).uniform(0.0, 1.0, (500, 3))
    patches = arranged(points, points)
    assert not _taken(patches, np.empty((0, 3)), 1.0, patches.used).any()
    assert not _taken(patches, np.full((2, 3), 7.0), 1.0, patches.used).any()
    assert _taken(patches, np.full((1, 3), 0.5), 2.0, patches.used).all()


@pytest.mark.parametrize("seed", [5, 6])
def test_directions_are_found_from_normals_and_from_votes(seed):
    rng = np.random.default_rng(seed)
    patches, motion = tube_patches(straight(0.6), arc=TOP_HALF, seed=seed), random_motion(rng)
    points, normals = motion.points(patches.points), motion.vectors(patches.normals)
    near = np.linalg.norm(patches.points - [0.3, 0.0, 0.0], axis=1) < 0.25
    centre = motion.points(np.array([0.3, 0.01, 0.0]))
    expected = motion.vectors(ALONG_X)
    from_normals = axis.gauss_axis(points[near], normals[near], centre, RADIUS_M)
    from_votes = axis.vote_axis(points[near], normals[near], centre, RADIUS_M)
    assert np.linalg.norm(from_normals) == pytest.approx(1.0)
    assert up_to_sign(from_normals, expected) < 0.01
    assert up_to_sign(from_votes, expected) < 0.05


def test_normals_that_vote_elsewhere_do_not_turn_the_direction():
    """The end of a wall across the tube has normals along the axis."""
    rng = np.random.default_rng(7)
    tube = tube_patches(straight(0.4), count=400)
    wall = np.column_stack([np.full(900, 0.4), rng.uniform(-0.3, 0.3, (900, 2))])
    points = np.concatenate([tube.points, wall])
    normals = np.concatenate([tube.normals, np.broadcast_to(ALONG_X, wall.shape)])
    found = axis.gauss_axis(points, normals, np.array([0.2, 0.0, 0.0]), RADIUS_M)
    assert up_to_sign(found, ALONG_X) < 0.02


def _slow_refine(points, normals, centre, direction, radius, half_length):
    """Solve for shift, tilt and radius by dense least squares in each iteration."""
    c, d, r = centre, direction, radius
    for iteration in range(8):
        u, v = axis.perpendicular_frame(d)
        e = points - c
        t = e @ d
        across, n = np.column_stack([e @ u, e @ v]), np.column_stack([normals @ u, normals @ v])
        n = n * np.where(np.sum(across * n, axis=1) < 0.0, -1.0, 1.0)[:, None]
        band = r * (0.5 - 0.0625 * min(iteration, 4))
        q = np.sum((across - r * n) ** 2, axis=1) / band**2
        root = np.where((q < 1.0) & (np.abs(t) <= half_length), 1.0 - q, 0.0)
        total = np.sum(root**2)
        one, none = np.ones_like(t), np.zeros_like(t)
        design = np.concatenate(
            [
                root[:, None] * np.column_stack([one, none, t, none, n[:, 0]]),
                root[:, None] * np.column_stack([none, one, none, t, n[:, 1]]),
                np.sqrt(1e-3 * total) * half_length * np.eye(5)[2:4],
                np.sqrt(0.02 * total) * np.eye(5)[4:],
            ]
        )
        right = np.concatenate(
            [root * across[:, 0], root * across[:, 1], [0.0, 0.0], [np.sqrt(0.02 * total) * radius]]
        )
        x = np.linalg.lstsq(design, right, rcond=None)[0]
        c, d, r = c + x[0] * u + x[1] * v, d + x[2] * u + x[3] * v, x[4]
        d = d / np.linalg.norm(d)
    return c, d, r, total


OFF_CENTRE = np.array([0.25, 0.015, -0.01])
OFF_DIRECTION = np.array([1.0, 0.08, -0.06]) / np.linalg.norm([1.0, 0.08, -0.06])


def _refine(patches: Patches, motion: Motion | None = None, radius: float = 1.05 * RADIUS_M):
    motion = motion or Motion(np.eye(3), np.zeros(3))
    return axis.refine_axis(
        motion.points(patches.points),
        motion.vectors(patches.normals),
        motion.points(OFF_CENTRE),
        motion.vectors(OFF_DIRECTION),
        radius,
        0.2,
        0.0,
    )


@pytest.mark.parametrize("arc", [ALL_ROUND, TOP_HALF, (0.5, 2.6)])
def test_refining_is_the_slow_least_squares(arc):
    patches = tube_patches(straight(0.5), count=600, arc=arc)
    found = _refine(patches)
    assert found[4]
    expected = _slow_refine(
        patches.points, patches.normals, OFF_CENTRE, OFF_DIRECTION, 1.05 * RADIUS_M, 0.2
    )
    for value, slow in zip(found, expected, strict=False):
        np.testing.assert_allclose(value, slow, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("arc", "off_m"), [(ALL_ROUND, 0.0007), (TOP_HALF, 0.0015), ((0.5, 2.6), 0.003)]
)
@pytest.mark.parametrize("seed", [8, 9])
def test_axis_and_radius_of_a_tube_are_recovered(arc, off_m, seed):
    """The weak prior on the radius draws it towards the 5 % that it starts off by."""
    patches = tube_patches(straight(0.5), arc=arc, seed=seed)
    motion = random_motion(np.random.default_rng(seed))
    centre, direction, radius, support, success = _refine(patches, motion)
    local = motion.turn.T @ (centre - motion.shift)
    assert success
    assert support > 0.5 * len(patches.points) * 0.4 / 0.5
    assert np.hypot(*local[1:]) < off_m
    assert up_to_sign(direction, motion.vectors(ALONG_X)) < 0.01
    assert radius == pytest.approx(RADIUS_M, abs=off_m)


def test_soil_beside_a_tube_does_not_shift_it():
    rng = np.random.default_rng(10)
    tube = tube_patches(straight(0.5), count=1200, arc=TOP_HALF)
    soil = np.column_stack(
        [rng.uniform(0.0, 0.5, 800), rng.uniform(-0.3, 0.3, 800), -0.06 * np.ones(800)]
    )
    soil[:, 2] += rng.normal(0.0, 0.004, 800)
    up = shaken(rng, np.broadcast_to([0.0, 0.0, 1.0], soil.shape), 0.03)
    both = Patches(
        np.concatenate([tube.points, soil]), np.concatenate([tube.normals, up]), (), tube.used
    )
    centre, direction, radius, _, success = _refine(both)
    assert success
    assert np.hypot(*centre[1:]) < 0.003
    assert up_to_sign(direction, ALONG_X) < 0.02
    assert radius == pytest.approx(RADIUS_M, abs=0.003)


def test_refining_turns_with_the_patches_whatever_their_order_and_sides():
    patches = tube_patches(straight(0.5), count=500, arc=TOP_HALF)
    rng = np.random.default_rng(11)
    usual = _refine(patches)
    for _ in range(4):
        order, motion = rng.permutation(500), random_motion(rng)
        side = rng.choice([-1.0, 1.0], (500, 1))
        mixed = Patches(
            patches.points[order], patches.normals[order] * side, patches.search, patches.used
        )
        centre, direction, radius, support, success = _refine(mixed, motion)
        assert success
        np.testing.assert_allclose(centre, motion.points(usual[0]), atol=1e-10)
        np.testing.assert_allclose(direction, motion.vectors(usual[1]), atol=1e-9)
        assert (radius, support) == pytest.approx(usual[2:4], rel=1e-9)


def test_repeated_patches_change_nothing_but_the_support():
    patches = tube_patches(straight(0.5), count=500)
    usual = _refine(patches)
    twice = [np.repeat(a, 2, axis=0) for a in (patches.points, patches.normals)]
    doubled = _refine(Patches(*twice, patches.search, patches.used))
    np.testing.assert_allclose(doubled[0], usual[0], atol=1e-12)
    assert doubled[2] == pytest.approx(usual[2], rel=1e-10)
    assert doubled[3] == pytest.approx(2.0 * usual[3], rel=1e-10)


def test_too_few_patches_make_no_axis():
    patches = tube_patches(straight(0.5), count=5)
    assert not _refine(patches)[4]
    nothing = Patches(np.empty((0, 3)), np.empty((0, 3)), (), patches.used)
    assert not _refine(nothing)[4]


@pytest.mark.parametrize("ratio", [0.5, 2.5])
def test_a_tube_of_another_size_is_no_success(ratio):
    found = _refine(tube_patches(straight(0.5)), radius=ratio * RADIUS_M)
    assert not found[4] or found[2] != pytest.approx(RADIUS_M, rel=0.1)
