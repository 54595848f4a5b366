import itertools

import numpy as np
import pytest

from twin_pipeline.kernels import strips

TURNED = np.array([0.8, 0.6])


@pytest.fixture
def points():
    return np.random.default_rng(3).uniform([-2.0, -1.0, 5.0], [3.0, 2.0, 6.0], (400, 3))


def _placed(points, first):
    along = points[:, :2] @ TURNED - first[0]
    across = points[:, 1] * TURNED[0] - points[:, 0] * TURNED[1] - first[1]
    return along, across


def test_the_extent_holds_all_points_and_no_more(points):
    least, most = strips.extent(points, TURNED)
    along, across = _placed(points, np.zeros(2))
    np.testing.assert_allclose(least, [along.min(), across.min()])
    np.testing.assert_allclose(most, [along.max(), across.max()])


def test_keys_rise_with_the_cell_and_in_a_cell_with_the_height(points):
    first, _ = strips.extent(points, TURNED)
    cell = np.array([0.5, 0.3])
    keys = strips.height_keys(points, TURNED, first, cell, 50, 5.0, 0.001, 1 << 12)
    along, across = _placed(points, first)
    number = (along / cell[0]).astype(int) * 50 + (across / cell[1]).astype(int)
    assert (keys >> 12).tolist() == number.tolist()
    np.testing.assert_allclose((keys & 4095) * 0.001, points[:, 2] - 5.0, atol=0.001)


def test_sums_run_over_the_strips_of_a_step_and_take_only_what_lies_low(points):
    first, last = strips.extent(points, TURNED)
    strip, cell = np.array([0.25, 0.1]), np.array([0.5, 0.5])
    steps, wide = ((last - first) / strip).astype(int) + 1
    bound = np.full(((last - first) / cell).astype(int) + 1, 5.6)
    found = strips.sums(points, TURNED, first, strip, steps, wide, bound, cell, 5.0)
    along, across = _placed(points, first)
    low = points[:, 2] < 5.6
    for step, upto in itertools.product((0, 3, steps - 1), (0, 7, wide)):
        of_it = low & (along // 0.25 == step) & (across < upto * 0.1)
        height = points[of_it, 2] - 5.0
        expected = [of_it.sum(), height.sum(), (height**2).sum()]
        np.testing.assert_allclose(found[:, step, upto], expected, atol=1e-9)


def test_the_best_line_gathers_as_much_as_the_best_of_all_lines():
    gain = np.random.default_rng(5).normal(size=(5, 6))

    def worth(line):
        shifts = np.abs(np.diff(line))
        return -np.inf if shifts.max() > 2 else gain[range(5), line].sum() - 0.4 * shifts.sum()

    best = max(itertools.product(range(6), repeat=5), key=worth)
    assert strips.best_line(gain, 2, 0.4).tolist() == list(best)
