import numpy as np
import pytest

from twin_pipeline.geometry.surface import Ground

FLOOR_M = 0.002
NOISE_M = 0.003
GRADE = np.array([0.03, -0.02])
"""Rise of the pavement per metre along x and y."""


def _plane(xy: np.ndarray) -> np.ndarray:
    return 1.5 + xy @ GRADE


def _pavement(rng: np.random.Generator, noise_m: float = NOISE_M) -> np.ndarray:
    """Return pieces on a grid beside a trench 1.2 m wide along x, from 0 to 8."""
    x, y = np.meshgrid(np.arange(0.0, 8.0, 0.1), np.arange(-2.6, 2.65, 0.1))
    xy = np.column_stack([x.ravel(), y.ravel()])
    xy = xy[np.abs(xy[:, 1]) > 0.6] + rng.uniform(-0.03, 0.03, (np.sum(np.abs(xy[:, 1]) > 0.6), 2))
    return np.column_stack([xy, _plane(xy) + rng.normal(0.0, noise_m, len(xy))])


def _raised(patches: np.ndarray, low, high, by_m) -> np.ndarray:
    """Return the patches with those within a rectangle lifted."""
    inside = ((patches[:, :2] >= low) & (patches[:, :2] <= high)).all(axis=1)
    lifted = patches.copy()
    lifted[inside, 2] += by_m
    assert inside.any()
    return lifted


def _ground(patches: np.ndarray, floor_m: float = FLOOR_M) -> Ground:
    return Ground(patches, floor_m, ())


OVER_TRENCH = np.column_stack([np.linspace(0.2, 7.8, 25), np.linspace(-0.5, 0.5, 25)])


def test_a_plane_without_noise_is_carried_over_exactly():
    elevation, std = _ground(_pavement(np.random.default_rng(1), 0.0)).elevation_at(OVER_TRENCH)
    np.testing.assert_allclose(elevation, _plane(OVER_TRENCH), atol=1e-6)
    np.testing.assert_allclose(std, FLOOR_M, atol=1e-6)


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_a_noisy_plane_is_carried_over_within_its_uncertainty(seed):
    patches = _pavement(np.random.default_rng(seed))
    elevation, std = _ground(patches).elevation_at(OVER_TRENCH)
    error = elevation - _plane(OVER_TRENCH)
    assert np.abs(error).max() < 0.001
    assert np.abs(error / std).max() < 2.0
    assert std.max() < 0.004


def test_the_uncertainty_covers_the_errors_of_many_pavements():
    """Without the floor; the pieces' noise is independent here, where std counts a tenth of it."""
    at = np.array([[0.1, 0.3], [4.0, 0.0]])
    error, std = [], []
    for seed in range(40):
        patches = _pavement(np.random.default_rng(seed))
        elevation, sigma = _ground(patches, 0.0).elevation_at(at)
        error.append(elevation - _plane(at))
        std.append(sigma)
    ratio = np.sqrt(np.mean(np.square(error), axis=0)) / np.mean(std, axis=0)
    assert np.abs(np.mean(error, axis=0)).max() < 0.0003
    assert (ratio < 0.7).all()
    assert (ratio > 0.1).all()


def test_the_uncertainty_grows_with_the_noise_and_holds_the_floor():
    stds = [
        _ground(_pavement(np.random.default_rng(5), noise)).elevation_at(OVER_TRENCH)[1].mean()
        for noise in (0.0, 0.003, 0.009)
    ]
    assert stds[0] == pytest.approx(FLOOR_M, abs=1e-5)
    assert stds == sorted(stds)
    quiet = _ground(_pavement(np.random.default_rng(5)), 0.0).elevation_at(OVER_TRENCH)[1]
    loud = _ground(_pavement(np.random.default_rng(5)), 0.05).elevation_at(OVER_TRENCH)[1]
    np.testing.assert_allclose(loud, np.hypot(quiet, 0.05), atol=1e-12)


def test_a_heap_on_one_side_does_not_lift_the_ground():
    patches = _pavement(np.random.default_rng(6))
    rng = np.random.default_rng(7)
    inside = (np.abs(patches[:, 0] - 4.0) < 1.3) & (patches[:, 1] > 0.8) & (patches[:, 1] < 2.2)
    heap = patches.copy()
    heap[inside, 2] += rng.uniform(0.1, 0.9, inside.sum())
    elevation, std = _ground(heap).elevation_at(OVER_TRENCH)
    error = elevation - _plane(OVER_TRENCH)
    assert np.abs(error).max() < 0.003
    assert np.abs(error / std).max() < 2.0


@pytest.mark.parametrize("seed", [6, 8])
def test_a_deck_along_half_of_one_side_does_not_lift_the_ground(seed):
    """Stacked plates, level and as wide as half the pavement: least squares would follow them."""
    decked = _raised(_pavement(np.random.default_rng(seed)), [1.5, 0.6], [6.5, 1.6], 0.4)
    elevation, _ = _ground(decked).elevation_at(OVER_TRENCH)
    assert np.abs(elevation - _plane(OVER_TRENCH)).max() < 0.003


@pytest.mark.parametrize("thickness_m", [0.02, 0.05, 0.2])
def test_a_plank_along_the_edge_does_not_lift_the_ground(thickness_m):
    patches = _pavement(np.random.default_rng(8))
    planked = _raised(patches, [2.0, 0.6], [6.0, 0.95], thickness_m)
    elevation, _ = _ground(planked).elevation_at(OVER_TRENCH)
    assert np.abs(elevation - _plane(OVER_TRENCH)).max() < 0.003


def test_planks_along_both_edges_do_not_lift_the_ground():
    patches = _pavement(np.random.default_rng(9))
    planked = _raised(patches, [2.0, 0.6], [6.0, 0.9], 0.05)
    planked = _raised(planked, [2.0, -0.9], [6.0, -0.6], 0.05)
    elevation, _ = _ground(planked).elevation_at(OVER_TRENCH)
    assert np.abs(elevation - _plane(OVER_TRENCH)).max() < 0.004


def test_a_footway_beyond_a_kerb_does_not_lift_the_ground():
    """A fifth of the pavement, all on one side and at its edge, is 12 cm higher."""
    patches = _pavement(np.random.default_rng(10))
    kerbed = _raised(patches, [0.0, 1.85], [8.0, 3.0], 0.12)
    elevation, std = _ground(kerbed).elevation_at(OVER_TRENCH)
    error = elevation - _plane(OVER_TRENCH)
    assert np.abs(error).max() < 0.005
    assert np.abs(error / std).max() < 2.5


def test_no_elevation_where_no_pavement_is_near():
    patches = _pavement(np.random.default_rng(11))
    at = np.array([[4.0, 0.0], [4.0, 40.0], [-30.0, 0.0]])
    elevation, std = _ground(patches).elevation_at(at)
    assert np.isnan(elevation).tolist() == [False, True, True]
    assert np.isnan(std).tolist() == [False, True, True]
    few = _ground(patches[:7]).elevation_at(patches[:1, :2])
    assert np.isnan(few).all()
    nothing = _ground(np.empty((0, 3))).elevation_at(at)
    assert np.isnan(nothing).all()


def test_no_places_no_elevations():
    elevation, std = _ground(_pavement(np.random.default_rng(12))).elevation_at(np.empty((0, 2)))
    assert elevation.shape == std.shape == (0,)


def test_far_from_the_pavement_the_uncertainty_is_greater():
    patches = _pavement(np.random.default_rng(13))
    one_side = patches[patches[:, 1] > 0.6]
    at = np.array([[4.0, 0.5], [4.0, -0.5], [4.0, -1.5], [4.0, -2.5]])
    elevation, std = _ground(one_side).elevation_at(at)
    assert (np.diff(std) > 0.0).all()
    assert np.abs((elevation - _plane(at)) / std).max() < 2.5


def test_a_single_row_of_pavement_does_not_tell_the_ground_beside_it():
    """Off the row the slope across it is unknown, and the uncertainty says so."""
    rng = np.random.default_rng(14)
    x = np.linspace(0.0, 5.0, 60)
    row = np.column_stack([x, np.full(60, 0.7), 2.0 + 0.01 * x + rng.normal(0.0, NOISE_M, 60)])
    elevation, std = _ground(row).elevation_at(np.array([[2.5, 0.7], [2.5, -0.7]]))
    assert elevation[0] == pytest.approx(2.025, abs=0.003)
    assert std[0] < 0.01
    assert std[1] > 1.0


def test_ground_moves_with_the_pavement_whatever_the_order():
    rng = np.random.default_rng(15)
    patches = _pavement(rng)
    usual = _ground(patches).elevation_at(OVER_TRENCH)
    shift = np.array([40.0, -25.0, 3.0])
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    moved = rng.permutation(patches) + shift
    elevation, std = _ground(moved).elevation_at(OVER_TRENCH + shift[:2])
    np.testing.assert_allclose(elevation, usual[0] + 3.0, atol=1e-4)
    np.testing.assert_allclose(std, usual[1], rtol=0.05)
    turned = np.column_stack([patches[:, :2] @ turn.T, patches[:, 2]])
    elevation, std = _ground(turned).elevation_at(OVER_TRENCH @ turn.T)
    np.testing.assert_allclose(elevation, usual[0], atol=1e-4)
    np.testing.assert_allclose(std, usual[1], rtol=0.05)


def test_roughly_the_ground_is_known_in_a_shadow_on_the_pavement_too():
    patches = _pavement(np.random.default_rng(9))
    patches = patches[patches[:, 0] < 2.0]
    ground = _ground(patches)
    beyond = np.array([[6.5, 0.0]])
    assert np.isnan(ground.elevation_at(beyond)[0]).all()
    assert ground.roughly_at(beyond) == pytest.approx(_plane(beyond), abs=0.02)
    near = np.array([[1.0, 0.0]])
    assert ground.roughly_at(near) == pytest.approx(ground.elevation_at(near)[0], abs=0.002)


def test_pavement_at_both_ends_holds_what_lies_far_from_either():
    """One end alone, carried on, would be off by centimetres."""
    rng = np.random.default_rng(21)
    x, y = rng.uniform(-1.0, 0.0, 400), rng.uniform(-0.8, 0.8, 400)
    x = np.where(rng.random(400) < 0.5, x, 10.0 - x)
    ground = _ground(np.column_stack([x, y, 0.05 * x + 0.02 * y + rng.normal(0.0, 0.004, 400)]))
    places = np.column_stack([np.linspace(0.5, 9.5, 19), np.zeros(19)])
    elevation, std = ground.elevation_at(places)
    off = np.abs(elevation - 0.05 * places[:, 0])
    assert off.max() < 0.005
    assert np.all(off < 3.0 * std + 0.001)
    assert std.max() < 0.01
    beyond = ground.elevation_at(np.array([[16.0, 0.0], [5.0, 6.0]]))
    assert np.isnan(beyond).all()


@pytest.mark.parametrize("step_m", [0.06, 0.15])
def test_no_plane_climbs_from_the_road_to_a_footway_beyond_the_trench(step_m):
    """It would lie halfway between them, and seem sure; which of them goes on is not known."""
    rng = np.random.default_rng(22)
    x, left = rng.uniform(-3.0, 13.0, 1500), rng.random(1500) < 0.5
    y = np.where(left, rng.uniform(0.7, 1.3, 1500), rng.uniform(-1.6, -1.0, 1500))
    z = 0.02 * y + 0.01 * x + np.where(left, 0.0, step_m) + rng.normal(0.0, 0.002, 1500)
    places = np.column_stack([np.linspace(1.0, 9.0, 9), np.zeros(9)])
    elevation, std = _ground(np.column_stack([x, y, z])).elevation_at(places)
    off = elevation - 0.01 * places[:, 0]
    assert np.minimum(np.abs(off), np.abs(off - step_m)).max() < 0.012
    assert np.all(2.0 * std > np.abs(off))
    assert std.min() > 0.3 * step_m


def test_a_crown_over_the_trench_is_no_step():
    rng = np.random.default_rng(23)
    x, y = rng.uniform(-3.0, 13.0, 1500), rng.uniform(0.7, 1.3, 1500)
    y = np.where(rng.random(1500) < 0.5, y, -y)
    z = -0.02 * np.abs(y) + rng.normal(0.0, 0.002, 1500)
    places = np.column_stack([np.linspace(1.0, 9.0, 9), np.zeros(9)])
    elevation, std = _ground(np.column_stack([x, y, z])).elevation_at(places)
    assert np.abs(elevation + 0.02).max() < 0.004
    assert std.max() < 0.004
