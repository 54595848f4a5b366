import numpy as np
import pytest

from twin_pipeline.kernels.adjust import scatter


def _points(count: int, seed: int = 1) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    weights = np.maximum(rng.uniform(-0.5, 1.0, count), 0.0)
    return rng.uniform(-np.pi, np.pi, count), rng.normal(0.0, 0.01, count), weights


@pytest.mark.parametrize("count", [1, 2, 7, 8, 1001, 200_000])
def test_the_median_is_that_of_the_points_that_count(count):
    _, residual, weights = _points(count, seed=count)
    weights[0] = 1.0
    used, median = scatter.median_of_used(residual, weights)
    chosen = np.abs(residual[weights > 0.0])
    assert used == len(chosen)
    assert median == np.median(chosen)


@pytest.mark.parametrize(
    "residual", [np.zeros(6), np.full(6, -0.3), np.array([0.0, 0, 0, 0, 1, 9])]
)
def test_equal_residuals_have_a_median_too(residual):
    _, median = scatter.median_of_used(residual, np.ones(6))
    assert median == np.median(np.abs(residual))


def test_of_nothing_there_is_no_median():
    used, median = scatter.median_of_used(np.ones(3), np.zeros(3))
    assert used == 0
    assert np.isnan(median)


def test_sums_are_those_of_each_sector():
    angle, residual, weights = _points(5000)
    angle[:2] = -np.pi, np.pi
    count, total, squares = scatter.sector_sums(angle, residual, weights, 0.012, 24)
    used = (weights > 0.0) & (np.abs(residual) < 0.012)
    sector = ((angle + np.pi) / (2 * np.pi) * 24).astype(int)[used] % 24
    assert np.array_equal(count, np.bincount(sector, minlength=24))
    np.testing.assert_allclose(total, np.bincount(sector, residual[used], 24), atol=1e-12)
    np.testing.assert_allclose(squares, np.bincount(sector, residual[used] ** 2, 24), atol=1e-12)


@pytest.mark.parametrize("count", [2000, 200_000])
def test_a_table_is_read_between_its_entries(count):
    angle, *_ = _points(count)
    angle[:3] = -np.pi, np.pi, 0.0
    at = np.linspace(-np.pi, np.pi, 181)
    found = scatter.looked_up(angle, np.sin(at))
    np.testing.assert_allclose(found, np.interp(angle, at, np.sin(at)), atol=1e-12)


def test_points_are_chosen_by_slice_and_sector():
    angle, _, along = _points(3000)
    chainage = 2.0 * along
    chainage[:5] = np.nan
    chosen = np.random.default_rng(3).random((7, 36)) < 0.5
    found = scatter.in_chosen(chainage, angle, 3.0, chosen)
    s = np.minimum((np.nan_to_num(chainage) * 3.0).astype(int), 6)
    b = ((angle + np.pi) / (2 * np.pi) * 36).astype(int) % 36
    assert np.array_equal(found, chosen[s, b])


@pytest.mark.parametrize("count", [400, 200_000])
def test_shifts_are_taken_between_epochs(count):
    rng = np.random.default_rng(4)
    epoch, shift = rng.uniform(0.0, 5.0, count), rng.normal(size=(6, 3))
    epoch[:3] = 0.0, 5.0, 2.0
    expected = np.column_stack([np.interp(epoch, np.arange(6), column) for column in shift.T])
    np.testing.assert_allclose(scatter.shift_at(epoch, shift), expected, atol=1e-14)


def test_medians_leave_out_zeros():
    counts = np.random.default_rng(5).poisson([[0.0], [0.2], [1.0], [40.0]], (4, 36))
    expected = [np.median(row[row > 0]) if row.any() else 0.0 for row in counts]
    assert [scatter.median_of_positive(row) for row in counts] == expected
