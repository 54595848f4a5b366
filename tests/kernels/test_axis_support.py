import numba
import numpy as np
import pytest
from shapes import (
    RADIUS_M,
    TOP_HALF,
    Patches,
    arranged,
    on_tube,
    shaken,
    straight,
    tube_patches,
    up_to_sign,
)

from twin_pipeline.kernels import axis

ALONG_X = np.array([1.0, 0.0, 0.0])
RATIO = 0.2
"""How far a vote may miss the axis, as a share of the radius."""


def _slow_support(points, normals, centre, direction, radius, half_length, tolerance):
    u, v = axis.perpendicular_frame(direction)
    e = points - centre
    within = np.abs(e @ direction) <= half_length
    across = np.column_stack([e @ u, e @ v])[within]
    n = np.column_stack([normals @ u, normals @ v])[within]
    n = n * np.where(np.sum(across * n, axis=1) < 0.0, -1.0, 1.0)[:, None]
    offsets, rho = across - radius * n, np.linalg.norm(across, axis=1)
    shell = (rho > 0.75 * radius) & (rho < 1.25 * radius)
    shell |= np.sum(offsets**2, axis=1) < tolerance**2
    angle = np.arctan2(across[shell, 1], across[shell, 0])
    sector = np.minimum(((angle + np.pi) / (2 * np.pi) * 24).astype(int), 23)
    offsets, mean = offsets[shell], np.zeros(2)
    for _ in range(4):
        w = np.maximum(1.0 - np.sum((offsets - mean) ** 2, axis=1) / tolerance**2, 0.0) ** 2
        mean = w @ offsets / w.sum()
    agree = np.sum((offsets - mean) ** 2, axis=1) < tolerance**2
    there = np.bincount(sector, minlength=24)
    good = np.bincount(sector[agree], minlength=24)
    seen = (good >= 1) & (2 * good >= there)
    return mean @ [u, v], 15.0 * seen.sum(), good[seen].sum() / there[seen].sum(), good[seen].sum()


def _support(patches: Patches, centre=(0.25, 0.0, 0.0), tolerance: float = RATIO * RADIUS_M):
    return axis.tube_support(
        patches.points,
        patches.normals,
        np.asarray(centre, float),
        ALONG_X,
        RADIUS_M,
        0.15,
        tolerance,
    )


@pytest.mark.parametrize("seed", [12, 13, 14])
def test_support_is_that_of_the_slow_way(seed):
    rng = np.random.default_rng(seed)
    tube = tube_patches(straight(0.5), count=700, seed=seed, arc=(-0.4, 2.5), noise=0.08)
    clutter = rng.uniform(-0.2, 0.5, (400, 3))
    points = np.concatenate([tube.points, clutter])
    normals = np.concatenate([tube.normals, shaken(rng, np.zeros((400, 3)), 1.0)])
    direction = np.array([1.0, 0.08, -0.06]) / np.linalg.norm([1.0, 0.08, -0.06])
    arguments = (points, normals, np.array([0.25, 0.01, 0.0]), direction, RADIUS_M, 0.15, 0.02)
    found, expected = axis.tube_support(*arguments), _slow_support(*arguments)
    assert 0.5 < found[2] < 1.0
    for value, slow in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, slow, atol=1e-12)


def test_a_whole_tube_is_seen_all_round():
    patches = tube_patches(straight(0.5))
    shift, arc_deg, purity, kept = _support(patches)
    assert np.linalg.norm(shift) < 0.001
    assert (arc_deg, purity) == (360.0, 1.0)
    assert kept == (np.abs(patches.points[:, 0] - 0.25) <= 0.15).sum()


@pytest.mark.parametrize("arc_deg", [60, 120, 180, 270])
def test_the_seen_arc_is_told_to_two_sectors(arc_deg):
    patches = tube_patches(straight(0.5), arc=(0.3, 0.3 + np.radians(arc_deg)), noise=0.01)
    assert _support(patches)[1] == pytest.approx(arc_deg, abs=30.1)
    assert _support(patches)[1] >= arc_deg


def test_the_shift_leads_back_to_the_axis():
    patches = tube_patches(straight(0.5), arc=TOP_HALF)
    shift = _support(patches, centre=(0.25, 0.012, -0.006))[0]
    np.testing.assert_allclose(shift, [0.0, -0.012, 0.006], atol=0.001)


def test_a_plane_shows_little_arc():
    rng = np.random.default_rng(15)
    plane = np.column_stack([rng.uniform(0.0, 0.5, (3000, 2)), np.full(3000, RADIUS_M)])
    plane[:, 1] -= 0.25
    up = shaken(rng, np.broadcast_to([0.0, 0.0, 1.0], plane.shape), 0.02)
    arc_deg = _support(arranged(plane, up))[1]
    assert arc_deg <= np.degrees(2.0 * np.arcsin(RATIO)) + 30.0


def test_a_wall_through_a_tube_lowers_its_purity():
    rng = np.random.default_rng(16)
    tube = tube_patches(straight(0.5), count=1500)
    inside = on_tube(rng, straight(0.5), 1.1 * RADIUS_M, 500)[0]
    normals = np.concatenate([tube.normals, np.broadcast_to(ALONG_X, inside.shape)])
    mixed = Patches(np.concatenate([tube.points, inside]), normals, (), tube.used)
    purity = _support(mixed)[2]
    assert purity == pytest.approx(0.75, abs=0.03)


def test_nothing_supports_nothing():
    far = tube_patches(straight(0.5))
    shift, arc_deg, purity, kept = _support(far, centre=(9.0, 0.0, 0.0))
    assert not shift.any()
    assert (arc_deg, purity, kept) == (0.0, 0.0, 0)
    none = Patches(np.empty((0, 3)), np.empty((0, 3)), (), far.used)
    assert _support(none)[1:] == (0.0, 0.0, 0)


def _seeds(patches: Patches, centres: np.ndarray, radius: float = RADIUS_M, least: float = 0.0):
    radii, counts = np.full(len(centres), radius), np.full(len(patches.points), 1000, np.int32)
    return axis.refine_seeds(
        centres, radii, RATIO, least, *patches.search, patches.normals, counts, patches.used
    )


def test_seeds_beside_the_axis_are_drawn_onto_it():
    patches = tube_patches(straight(1.0), count=5000, arc=(-0.3, np.pi + 0.3))
    rng = np.random.default_rng(17)
    centres = np.column_stack([rng.uniform(0.2, 0.8, 30), rng.uniform(-0.02, 0.02, (30, 2))])
    centre, direction, radius, arc_deg, purity, kept = _seeds(patches, centres, 1.07 * RADIUS_M)
    assert kept.min() > 100
    assert np.hypot(centre[:, 1], centre[:, 2]).max() < 0.003
    assert up_to_sign(direction, ALONG_X[None]).max() < 0.02
    np.testing.assert_allclose(radius, RADIUS_M, atol=0.003)
    assert arc_deg.min() >= 180.0
    assert purity.min() > 0.95


def test_seeds_are_refined_one_by_one_whatever_the_threads():
    patches = tube_patches(straight(1.0), count=4000)
    centres = np.column_stack([np.linspace(-0.2, 1.2, 25), np.zeros((25, 2))])
    together = _seeds(patches, centres)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        alone = [_seeds(patches, centres[i : i + 1]) for i in range(25)]
    finally:
        numba.set_num_threads(threads)
    for k, array in enumerate(together):
        assert np.array_equal(array, np.concatenate([single[k] for single in alone]))


def test_seeds_without_a_tube_keep_nothing():
    patches = tube_patches(straight(1.0))
    nowhere = np.array([[0.5, 2.0, 0.0], [-3.0, 0.0, 0.0], [0.5, 0.0, 0.6]])
    assert not _seeds(patches, nowhere)[5].any()
    taken = Patches(patches.points, patches.normals, patches.search, ~patches.used)
    assert not _seeds(taken, np.array([[0.5, 0.0, 0.0]]))[5].any()
    assert [len(array) for array in _seeds(patches, np.empty((0, 3)))] == [0] * 6


def test_seeds_in_a_plane_keep_nothing():
    rng = np.random.default_rng(18)
    plane = np.column_stack([rng.uniform(-0.5, 0.5, (6000, 2)), rng.normal(0.0, 0.001, 6000)])
    up = shaken(rng, np.broadcast_to([0.0, 0.0, 1.0], plane.shape), 0.03)
    centres = np.column_stack([rng.uniform(-0.2, 0.2, (10, 2)), np.full(10, RADIUS_M)])
    assert not _seeds(arranged(plane, up), centres)[5].any()


def test_seeds_of_too_few_patches_are_given_up_and_others_stay_the_same():
    patches = tube_patches(straight(1.0), count=5000, arc=(-0.3, np.pi + 0.3))
    centres = np.array([[0.5, 0.01, 0.0], [0.5, 0.0, 0.01]])
    whole = _seeds(patches, centres)
    per_area = whole[5].min() / (RADIUS_M * max(2.0 * RADIUS_M, 0.06))
    enough = _seeds(patches, centres, least=0.8 * per_area)
    for one, other in zip(whole, enough, strict=True):
        assert np.array_equal(one, other)
    assert not _seeds(patches, centres, least=6.0 * per_area)[5].any()


def test_a_shell_is_as_thin_as_the_patches_on_it():
    shell = tube_patches(straight(0.5), count=400)
    beside = shell.points + 3.0 * RADIUS_M * np.array([0.0, 0.0, 1.0])
    points = np.concatenate([shell.points, beside])
    crossed = axis.crossed_for_each(np.repeat(np.array([5, 1000], np.int32), 400))
    place = (np.array([0.25, 0.0, 0.0]), ALONG_X, RADIUS_M)
    assert axis.thinness(points, crossed, *place) == pytest.approx(2.66, abs=0.01)
    assert axis.thinness(points, crossed[::-1].copy(), *place) == pytest.approx(1.0)
    nowhere = (np.array([0.25, 9.0, 0.0]), ALONG_X, RADIUS_M)
    assert axis.thinness(points, crossed, *nowhere) == 1.0
