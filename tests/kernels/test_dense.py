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


def test_a_product_with_a_mostly_empty_matrix():
    rng = np.random.default_rng(5)
    left = rng.normal(size=(50, 13)) * (rng.random((50, 13)) < 0.2)
    right = rng.normal(size=(50, 6))
    np.testing.assert_allclose(dense.transposed_product(left, right), left.T @ right, atol=1e-12)
    assert dense.transposed_product(left[:0], right[:0]).tolist() == np.zeros((13, 6)).tolist()
