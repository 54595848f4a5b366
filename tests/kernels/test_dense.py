import numpy as np
import pytest

from twin_pipeline.kernels import dense


def _positive_definite(size: int, seed: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(size + 3, size))
    return root.T @ root


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_the_factor_is_the_upper_cholesky_factor(size):
    matrix = _positive_definite(size, size)
    np.testing.assert_allclose(dense.cholesky(matrix), np.linalg.cholesky(matrix).T, rtol=1e-9)


@pytest.mark.parametrize("shape", [(9,), (9, 4)])
def test_it_solves_the_equations(shape):
    matrix = _positive_definite(9, 3)
    rhs = np.random.default_rng(4).normal(size=shape)
    found = dense.cholesky_solve(dense.cholesky(matrix), rhs)
    np.testing.assert_allclose(matrix @ found, rhs, atol=1e-9)


@pytest.mark.parametrize("size", [1, 3, 9, 40])
def test_the_inverse_is_what_the_unit_matrix_is_solved_to(size):
    factor = dense.cholesky(_positive_definite(size, 10 + size))
    found = dense.cholesky_inverse(factor)
    assert np.array_equal(found, dense.cholesky_solve(factor, np.eye(size)))


def test_a_product_with_a_mostly_empty_matrix():
    rng = np.random.default_rng(5)
    left = rng.normal(size=(50, 13)) * (rng.random((50, 13)) < 0.2)
    right = rng.normal(size=(50, 6))
    np.testing.assert_allclose(dense.transposed_product(left, right), left.T @ right, atol=1e-12)
    assert dense.transposed_product(left[:0], right[:0]).tolist() == np.zeros((13, 6)).tolist()


@pytest.mark.parametrize("alone", [0, 1])
def test_equations_under_priors_on_three_unknowns_each(alone):
    size = 12 + alone
    matrix, rhs = _positive_definite(size, 6), np.random.default_rng(7).normal(size=size)
    priors = np.array([_positive_definite(4, seed) for seed in (8, 9)])
    explained, log_determinant = dense.under_priors(matrix, rhs, priors)
    for prior, quadratic, half in zip(priors, explained, log_determinant, strict=True):
        held = matrix.copy()
        held[alone:, alone:] += np.kron(prior, np.eye(3))
        assert quadratic == pytest.approx(rhs @ np.linalg.solve(held, rhs))
        assert half == pytest.approx(0.5 * np.linalg.slogdet(held)[1])
