import numba
import numpy as np
import pytest
from shapes import beside, wavy

from twin_pipeline.kernels.adjust import banded, normal_equations, tube

STEP_M = 0.05
RADIUS_M = 0.1


def _straight(count: int = 21) -> np.ndarray:
    return np.column_stack([np.arange(count) * STEP_M, np.zeros((count, 2))])


def _frames(nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two lateral unit vectors (K, 3), (K, 3) of a line that is nowhere upright."""
    tangent = np.gradient(nodes, axis=0)
    u = np.cross(tangent, [0.0, 0.0, 1.0])
    v = np.cross(tangent, u)
    return tuple(a / np.linalg.norm(a, axis=1, keepdims=True) for a in (u, v))


def _dense(band: np.ndarray) -> np.ndarray:
    rows, n = band.shape
    matrix = np.zeros((n, n))
    for j in range(min(rows, n)):
        matrix[np.arange(j, n), np.arange(n - j)] = band[j, : n - j]
        matrix[np.arange(n - j), np.arange(j, n)] = band[j, : n - j]
    return matrix


class Problem:
    """Points on a bent tube, projected on an axis that lies beside the true one."""

    def __init__(self, seed: int, count: int = 300) -> None:
        rng = np.random.default_rng(seed)
        self.nodes = wavy(14, STEP_M) + rng.normal(0.0, 0.002, (14, 3))
        self.u, self.v = _frames(self.nodes)
        points, start = beside(rng, self.nodes, count, 0.01)
        side = rng.normal(size=(count, 3))
        self.points = points + RADIUS_M * side / np.linalg.norm(side, axis=1, keepdims=True)
        self.segment = start
        self.chainage, self.radial = tube.project(self.points, self.nodes, self.segment, STEP_M)
        self.rho = np.linalg.norm(self.radial, axis=1)
        self.residual = self.rho - RADIUS_M
        self.weights = np.where(np.isnan(self.chainage), 0.0, rng.random(count))
        self.weights[rng.random(count) < 0.1] = 0.0

    def moved(self, offsets: np.ndarray) -> np.ndarray:
        return self.nodes + offsets[::2, None] * self.u + offsets[1::2, None] * self.v

    def residuals(self, offsets: np.ndarray, radius: float) -> np.ndarray:
        _, radial = tube.project(self.points, self.moved(offsets), self.segment.copy(), STEP_M)
        return np.linalg.norm(radial, axis=1) - radius

    def equations(self):
        return normal_equations.assemble(
            self.chainage,
            self.radial,
            self.rho,
            self.residual,
            self.weights,
            self.u,
            self.v,
            STEP_M,
        )


def _jacobian(problem: Problem) -> np.ndarray:
    """Return what residuals change by, per metre of each offset and of the radius."""
    none, h = np.zeros(2 * len(problem.nodes)), 1e-6
    columns = [
        (problem.residuals(h * unit, RADIUS_M) - problem.residuals(-h * unit, RADIUS_M)) / (2.0 * h)
        for unit in np.eye(len(none))
    ]
    return np.column_stack([*columns, -np.ones(len(problem.points))])


@pytest.mark.parametrize("seed", [4, 5])
def test_normal_equations_are_those_of_finite_differences(seed):
    problem = Problem(seed)
    band, border, corner, rhs, rhs_radius = problem.equations()
    jacobian, residual = _jacobian(problem), problem.residuals(np.zeros(28), RADIUS_M)
    jacobian[problem.weights == 0.0] = 0.0
    normal = jacobian.T @ (problem.weights[:, None] * jacobian)
    right = -jacobian.T @ (problem.weights * residual)
    assert band.shape == (normal_equations.HALF_BAND + 1, 28)
    np.testing.assert_allclose(_dense(band), normal[:-1, :-1], atol=1e-6)
    np.testing.assert_allclose(border, normal[:-1, -1], atol=1e-6)
    assert corner == pytest.approx(normal[-1, -1])
    np.testing.assert_allclose(rhs, right[:-1], atol=1e-7)
    assert rhs_radius == pytest.approx(right[-1], abs=1e-12)


def test_a_point_at_the_very_end_pulls_at_the_last_node_alone():
    u, v = _frames(_straight(6))
    radial = 0.12 * u[-1:]
    rho, residual = np.array([0.12]), np.array([0.02])
    band, border, corner, rhs, rhs_radius = normal_equations.assemble(
        np.array([5.0 * STEP_M]), radial, rho, residual, np.array([3.0]), u, v, STEP_M
    )
    expected = np.zeros(12)
    expected[10] = 3.0
    np.testing.assert_allclose(_dense(band), np.diag(expected), atol=1e-12)
    np.testing.assert_allclose(border, expected, atol=1e-12)
    np.testing.assert_allclose(rhs, 0.02 * expected, atol=1e-12)
    assert (corner, rhs_radius) == pytest.approx((3.0, 0.06))


def test_what_is_expected_of_the_noise_may_be_taken_off_the_residuals():
    """The design stays that of the points, the right side is that of the residuals given."""
    problem = Problem(5)
    usual = problem.equations()
    expected = np.random.default_rng(6).normal(0.0, 0.004, len(problem.residual))
    problem.residual = problem.residual - expected
    less = problem.equations()
    for before, after in zip(usual[:3], less[:3], strict=True):
        assert np.array_equal(before, after)
    taken_off = _jacobian(problem).T @ (problem.weights * expected)
    np.testing.assert_allclose(less[3] - usual[3], taken_off[:-1], atol=1e-7)
    assert less[4] - usual[4] == pytest.approx(taken_off[-1])


def test_points_without_weight_count_for_nothing():
    problem = Problem(6)
    usual = problem.equations()
    used = problem.weights > 0.0
    problem.chainage[~used] = np.nan
    problem.radial[~used] = 0.0
    problem.rho[~used] = problem.residual[~used] = np.nan
    for with_them, array in zip(usual, problem.equations(), strict=True):
        assert np.array_equal(with_them, array)
    problem.weights[:] = 0.0
    assert not any(np.any(array) for array in problem.equations())


def test_repeated_points_double_the_equations_in_any_order():
    problem = Problem(7)
    usual = problem.equations()
    order = np.random.default_rng(8).permutation(np.repeat(np.arange(300), 2))
    for name in ("chainage", "radial", "rho", "residual", "weights"):
        setattr(problem, name, getattr(problem, name)[order])
    for single, double in zip(usual, problem.equations(), strict=True):
        np.testing.assert_allclose(double, 2.0 * np.asarray(single), atol=1e-11)


def test_a_step_of_the_adjustment_finds_the_tube():
    """Exact points of a straight tube, an axis 8 mm off and a radius 5 mm too large."""
    rng = np.random.default_rng(9)
    angle, x = rng.uniform(-np.pi, np.pi, 800), rng.uniform(0.0, 1.0, 800)
    points = np.column_stack([x, RADIUS_M * np.cos(angle), RADIUS_M * np.sin(angle)])
    nodes, radius = np.add(_straight(), [0.0, 0.008, -0.004]), RADIUS_M + 0.005
    segment = np.minimum(x / STEP_M, 19).astype(int)
    for _ in range(6):
        u, v = _frames(nodes)
        chainage, radial = tube.project(points, nodes, segment, STEP_M)
        weights = np.where(np.isnan(chainage), 0.0, 1.0)
        rho = np.linalg.norm(radial, axis=1)
        band, border, corner, rhs, rhs_radius = normal_equations.assemble(
            chainage, radial, rho, rho - radius, weights, u, v, STEP_M
        )
        normal_equations.add_bending_prior(band, rhs, nodes, u, v, np.full((len(nodes), 2), 100.0))
        factor = banded.cholesky(band)
        a, b = (
            banded.cholesky_solve(factor, rhs),
            banded.cholesky_solve(factor, border),
        )
        d_radius = (rhs_radius - border @ a) / (corner - border @ b)
        offsets = a - d_radius * b
        nodes = nodes + offsets[::2, None] * u + offsets[1::2, None] * v
        radius += d_radius
    np.testing.assert_allclose(nodes[:, 1:], 0.0, atol=1e-9)
    assert radius == pytest.approx(RADIUS_M, abs=1e-9)


def _bending_design(nodes: np.ndarray, u: np.ndarray, v: np.ndarray):
    """Return the rows of all second differences, taken along u and v, and their values."""
    count = len(nodes)
    second = np.zeros((count - 2, count))
    for k in range(count - 2):
        second[k, k : k + 3] = 1.0, -2.0, 1.0
    bend = second @ nodes
    design = np.zeros((2 * (count - 2), 2 * count))
    design[::2, ::2] = design[1::2, 1::2] = second
    values = np.empty(2 * (count - 2))
    values[::2] = np.sum(bend * u[1:-1], axis=1)
    values[1::2] = np.sum(bend * v[1:-1], axis=1)
    return design, values


def test_bending_prior_is_that_of_dense_second_differences():
    rng = np.random.default_rng(10)
    nodes = wavy(12, STEP_M)
    u, v = _frames(nodes)
    weights = rng.uniform(0.5, 2.0, (12, 2))
    band, rhs = np.zeros((normal_equations.HALF_BAND + 1, 24)), np.zeros(24)
    normal_equations.add_bending_prior(band, rhs, nodes, u, v, weights)
    design, values = _bending_design(nodes, u, v)
    of_rows = weights[1:-1].ravel()
    np.testing.assert_allclose(_dense(band), design.T @ (of_rows[:, None] * design), atol=1e-12)
    np.testing.assert_allclose(rhs, -design.T @ (of_rows * values), atol=1e-12)


def test_bending_prior_adds_to_what_is_there_and_leaves_straight_lines():
    nodes = _straight(9)
    u, v = _frames(nodes)
    start = np.random.default_rng(11).random((normal_equations.HALF_BAND + 1, 18))
    band, rhs = start.copy(), np.ones(18)
    normal_equations.add_bending_prior(band, rhs, nodes, u, v, np.ones((9, 2)))
    np.testing.assert_allclose(rhs, 1.0, atol=1e-14)
    shift_and_tilt = np.column_stack([np.tile([1.0, 2.0], 9), np.repeat(np.arange(9.0), 2)])
    np.testing.assert_allclose(_dense(band - start) @ shift_and_tilt, 0.0, atol=1e-12)


def _random_banded(seed: int, n: int, half_band: int) -> np.ndarray:
    """Return the band of L L', L being a random lower banded matrix."""
    rng = np.random.default_rng(seed)
    lower = np.tril(rng.normal(0.0, 0.5, (n, n)))
    lower[np.subtract.outer(np.arange(n), np.arange(n)) > half_band] = 0.0
    np.fill_diagonal(lower, rng.uniform(0.7, 2.0, n))
    matrix = lower @ lower.T
    band = np.zeros((half_band + 1, n))
    for j in range(min(half_band + 1, n)):
        band[j, : n - j] = np.diagonal(matrix, -j)
    return band


BANDED = [(1, 1, 5), (2, 2, 5), (3, 4, 5), (4, 6, 5), (5, 40, 5), (6, 80, 5), (7, 25, 1), (8, 9, 0)]


@pytest.mark.parametrize(("seed", "n", "half_band"), BANDED)
def test_factor_is_that_of_numpy(seed, n, half_band):
    band = _random_banded(seed, n, half_band)
    kept = band.copy()
    factor = banded.cholesky(band)
    expected = np.linalg.cholesky(_dense(band))
    for j in range(min(half_band + 1, n)):
        np.testing.assert_allclose(factor[j, : n - j], np.diagonal(expected, -j), atol=1e-10)
    assert np.array_equal(band, kept)


@pytest.mark.parametrize(("seed", "n", "half_band"), BANDED)
def test_solution_is_that_of_numpy(seed, n, half_band):
    band = _random_banded(seed, n, half_band)
    rhs = np.random.default_rng(seed).normal(size=n)
    kept = rhs.copy()
    x = banded.cholesky_solve(banded.cholesky(band), rhs)
    np.testing.assert_allclose(_dense(band) @ x, rhs, atol=1e-9)
    np.testing.assert_allclose(x, np.linalg.solve(_dense(band), rhs), rtol=1e-6, atol=1e-9)
    assert np.array_equal(rhs, kept)


@pytest.mark.parametrize(("seed", "n", "half_band"), BANDED)
def test_inverse_within_the_band_is_that_of_numpy(seed, n, half_band):
    band = _random_banded(seed, n, half_band)
    found = banded.inverse(banded.cholesky(band))
    expected = np.linalg.inv(_dense(band))
    assert found.shape == band.shape
    for j in range(min(half_band + 1, n)):
        np.testing.assert_allclose(
            found[j, : n - j], np.diagonal(expected, -j), rtol=1e-6, atol=1e-9
        )


@pytest.mark.parametrize("epochs", [2, 5])
def test_shared_unknowns_are_those_of_dense_rows(epochs):
    problem = Problem(31)
    rng = np.random.default_rng(32)
    epoch = rng.uniform(0.0, epochs - 1.0, len(problem.points))
    border, corner, rhs = normal_equations.assemble_shared(
        problem.chainage, problem.radial, problem.rho, problem.residual, problem.weights,
        problem.u, problem.v, STEP_M, epoch, epochs,
    )  # fmt: skip
    axis, shared, weights, residual = [], [], [], []
    for i in np.flatnonzero(problem.weights):
        normal = problem.radial[i] / problem.rho[i]
        k = min(int(problem.chainage[i] / STEP_M), len(problem.nodes) - 2)
        f = problem.chainage[i] / STEP_M - k
        of_axis = np.zeros(2 * len(problem.nodes))
        for node, share in ((k, 1.0 - f), (k + 1, f)):
            of_axis[2 * node : 2 * node + 2] = (
                share * (normal @ problem.u[node]),
                share * (normal @ problem.v[node]),
            )
        hat = np.maximum(1.0 - np.abs(np.arange(epochs) - epoch[i]), 0.0)
        axis.append(of_axis)
        shared.append(np.concatenate([[1.0], np.outer(hat, normal).ravel()]))
        weights.append(problem.weights[i])
        residual.append(problem.residual[i])
    axis, shared, weights = np.array(axis), np.array(shared), np.array(weights)[:, None]
    np.testing.assert_allclose(border, axis.T @ (weights * shared), atol=1e-9)
    np.testing.assert_allclose(corner, shared.T @ (weights * shared), atol=1e-9)
    np.testing.assert_allclose(rhs, (weights * shared).T @ np.array(residual), atol=1e-9)


def test_many_right_hand_sides_are_solved_as_each_alone():
    problem = Problem(33)
    band, *_ = problem.equations()
    band[0] += 1.0
    factor = banded.cholesky(band)
    rhs = np.random.default_rng(34).normal(size=(band.shape[1], 4))
    together = banded.cholesky_solve(factor, rhs)
    alone = [banded.cholesky_solve(factor, column.copy()) for column in rhs.T]
    np.testing.assert_allclose(together, np.transpose(alone), rtol=1e-12)


def test_parts_make_the_same_equations_however_many_threads_share_them():
    problem = Problem(9, count=20_000)
    shared = problem.equations()
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    alone = problem.equations()
    numba.set_num_threads(before)
    jacobian = np.zeros((20_000, 28))
    problem.chainage = np.nan_to_num(problem.chainage)
    k = np.minimum((problem.chainage / STEP_M).astype(int), 12)
    f = problem.chainage / STEP_M - k
    towards = problem.radial / problem.rho[:, None]
    for ahead, share in ((0, 1.0 - f), (1, f)):
        for side, frame in enumerate((problem.u, problem.v)):
            row = share * np.einsum("nj,nj->n", towards, frame[k + ahead])
            jacobian[np.arange(20_000), 2 * (k + ahead) + side] = row
    weighted = problem.weights[:, None] * np.nan_to_num(jacobian)
    for one, other in zip(shared, alone, strict=True):
        assert np.array_equal(one, other)
    np.testing.assert_allclose(_dense(shared[0]), weighted.T @ np.nan_to_num(jacobian), atol=1e-9)
    np.testing.assert_allclose(shared[1], weighted.sum(axis=0), atol=1e-9)
    np.testing.assert_allclose(shared[3], weighted.T @ problem.residual, atol=1e-9)
    assert shared[2] == pytest.approx(problem.weights.sum())
    assert shared[4] == pytest.approx(problem.weights @ problem.residual)
