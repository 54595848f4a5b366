import numpy as np
import pytest
from scipy.spatial import cKDTree

from twin_pipeline.kernels import morton, sampling


def _surface(count: int, span: int = 10_000) -> np.ndarray:
    rng = np.random.default_rng(count)
    ijk = rng.integers(-span // 2, span // 2, (count, 3)).astype(np.int32)
    ijk[:, 2] = rng.normal(0, 10, count)
    keys = morton.morton_keys(ijk, np.full(3, -span, np.int64), 0)
    return ijk[np.argsort(keys)]


def _slow_subset(ijk: np.ndarray, radius: float) -> np.ndarray:
    kept: list[int] = []
    turns = np.array([sampling.dart_pass(n) for n in range(len(ijk))])
    for n in np.argsort(turns, kind="stable"):
        away = ijk[kept].astype(float) - ijk[n]
        if not kept or (np.einsum("ij,ij->i", away, away) >= radius**2).all():
            kept.append(n)
    accepted = np.zeros(len(ijk), bool)
    accepted[kept] = True
    return accepted


@pytest.mark.parametrize("radius", [1.0, 90.0, 313.7, 1e6])
def test_subset_is_that_of_the_slow_way(radius):
    ijk = np.concatenate((_surface(1_500), _surface(200)))
    accepted, taken = sampling.poisson_subset(ijk, radius, len(ijk))
    assert np.array_equal(accepted, _slow_subset(ijk, radius))
    assert taken == accepted.sum()


def test_no_two_points_within_the_radius_and_no_gap_beyond_it():
    ijk = _surface(40_000)
    accepted, _ = sampling.poisson_subset(ijk, 150.0, len(ijk))
    tree = cKDTree(ijk[accepted].astype(float))
    assert tree.query(ijk[accepted], k=2)[0][:, 1].min() >= 150.0
    assert tree.query(ijk[~accepted])[0].max() < 150.0


def test_neighbours_lie_in_all_directions_alike():
    """A grid pattern would prefer some directions; 12 sectors of about 300 points, 5 sigma."""
    ijk = _surface(60_000)
    accepted, _ = sampling.poisson_subset(ijk, 120.0, len(ijk))
    chosen = ijk[accepted].astype(float)
    nearest = chosen[cKDTree(chosen).query(chosen, k=2)[1][:, 1]]
    east, north = (nearest - chosen)[:, :2].T
    sectors = np.histogram(np.arctan2(north, east), bins=12, range=(-np.pi, np.pi))[0]
    assert np.abs(sectors - sectors.mean()).max() < 5 * np.sqrt(sectors.mean())


def test_places_fall_anywhere_between_the_lines_of_any_grid():
    """The share of points in each eighth of a cell of the spacing's width is the same."""
    ijk = _surface(60_000)
    accepted, _ = sampling.poisson_subset(ijk, 128.0, len(ijk))
    eighths = np.bincount((ijk[accepted, 0] % 128) // 16, minlength=8)
    assert np.abs(eighths - eighths.mean()).max() < 5 * np.sqrt(eighths.mean())


def test_stops_beyond_the_limit():
    accepted, taken = sampling.poisson_subset(_surface(5_000), 1.0, 100)
    assert taken == 101
    assert accepted.sum() == 101


def test_of_points_at_one_place_one_is_taken():
    assert sampling.poisson_subset(np.zeros((50, 3), np.int32), 1.0, 50)[1] == 1


def test_nothing_of_nothing():
    assert sampling.poisson_subset(np.empty((0, 3), np.int32), 1.0, 10)[1] == 0


def test_turns_have_their_share_of_the_points_and_follow_no_pattern():
    turns = np.array([sampling.dart_pass(n) for n in range(20_000)])
    expected = np.array([2_500, 2_500, 5_000, 10_000])
    assert (np.abs(np.bincount(turns, minlength=4) - expected) < 5 * np.sqrt(expected)).all()
    for lag in (1, 2, 8, 256):
        assert abs(np.corrcoef(turns[lag:], turns[:-lag])[0, 1]) < 0.03
