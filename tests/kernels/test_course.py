import math

import numpy as np
import pytest

from twin_pipeline.kernels.adjust import course

UP = np.array([0.0, 0.0, 1.0])


def _bent(turn_deg: float, count: int = 200) -> np.ndarray:
    """An axis along x that turns to the left halfway."""
    turn = math.radians(turn_deg)
    half = count // 2
    ahead = np.column_stack([np.arange(half), np.zeros(half), np.zeros(half)]) * 0.05
    onward = np.array([math.cos(turn), math.sin(turn), 0.0])
    return np.vstack([ahead, ahead[-1] + 0.05 * np.arange(1, count - half + 1)[:, None] * onward])


def test_the_turn_is_that_of_the_bend_around_it_alone():
    nodes = _bent(10.0)
    u, v = np.tile(UP, (200, 1)), np.tile([0.0, 1.0, 0.0], (200, 1))
    turn = course.net_turn(nodes, u, v, 4, 10)
    assert turn[:80, 1] == pytest.approx(0.0, abs=1e-9)
    assert turn[100, 1] == pytest.approx(math.sin(math.radians(10.0)), abs=1e-6)
    assert turn[:, 0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_a_short_axis_has_a_turn_too(count):
    nodes = _bent(5.0)[95 : 95 + count]
    frame = np.tile(UP, (count, 1))
    assert np.isfinite(course.net_turn(nodes, frame, frame, 4, 10)).all()


@pytest.mark.parametrize("width", [3, 7, 41])
def test_sectors_are_filled_by_the_points_around_a_node(width):
    counts = np.random.default_rng(width).poisson(0.4, (30, 36)).astype(float)
    counts[:, :20] = 0.0
    reach = width // 2
    around = np.array([counts[max(k - reach, 0) : k + reach + 1].sum(axis=0) for k in range(30)])
    enough = max(1.5, 0.15 * np.median(around[around > 0.0]))
    found = course.filled_sectors(counts, width, 1.5, 0.15)
    assert found.tolist() == (around > enough).sum(axis=1).tolist()


def test_nothing_is_filled_without_points():
    assert course.filled_sectors(np.zeros((4, 36)), 3, 1.5, 0.15).tolist() == [0, 0, 0, 0]
