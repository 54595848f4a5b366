"""How stiff an axis is, and what else is known of it before its points are."""

import math

import numpy as np
import pytest

from twin_pipeline.kernels.adjust import step, tube

STEP_M, NOISE_M, CURVATURE = 0.05, 0.005, 0.02
STIFF = (NOISE_M / (CURVATURE * STEP_M**2)) ** 2
NONE = np.zeros(200, bool)


def _bent(turn_deg: float) -> np.ndarray:
    turn = math.radians(turn_deg)
    ahead = np.column_stack([np.arange(100), np.zeros(100), np.zeros(100)]) * STEP_M
    onward = STEP_M * np.array([math.cos(turn), math.sin(turn), 0.0])
    return np.vstack([ahead, ahead[-1] + np.arange(1, 101)[:, None] * onward])


def _weights(nodes: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    _, u, v = tube.lateral_frames(nodes)
    return step.bending_weights(nodes, u, v, hidden, STEP_M, NOISE_M, CURVATURE)


def _hidden(first: int, last: int) -> np.ndarray:
    return (np.arange(200) >= first) & (np.arange(200) <= last)


def test_a_straight_axis_is_stiff():
    assert _weights(_bent(0.0), NONE) == pytest.approx(STIFF)


def test_a_bent_axis_is_free_in_the_plane_of_its_bend_alone():
    weights = _weights(_bent(20.0), NONE)
    assert weights[100].min() < 0.01 * STIFF
    assert weights[100].max() == pytest.approx(STIFF)
    assert weights[50] == pytest.approx(STIFF)


def test_where_it_is_hidden_a_bent_axis_is_stiffer():
    assert _weights(_bent(20.0), _hidden(98, 102))[100].min() == pytest.approx(0.05 * STIFF)


def test_long_hidden_bends_turn_evenly():
    weights = _weights(_bent(20.0), _hidden(90, 110))
    bare = _weights(_bent(20.0), NONE)
    assert weights[90:111] == pytest.approx(np.tile(bare[90:111].min(axis=0), (21, 1)))


def test_the_ends_are_not_hidden_however_long():
    assert _weights(_bent(0.0), _hidden(0, 60)) == pytest.approx(STIFF)


def _priors(nodes, begun, hidden, held):
    _, u, v = tube.lateral_frames(nodes)
    band, rhs = np.zeros((6, 2 * len(nodes))), np.zeros(2 * len(nodes))
    step.add_priors(band, rhs, 1000.0, nodes, begun, u, v, hidden, held, STEP_M, NOISE_M, CURVATURE)
    return band, rhs, u, v


def test_held_nodes_are_drawn_to_where_they_began():
    nodes = _bent(0.0)
    begun = nodes + np.array([0.0, 0.01, -0.02])
    bare, _, u, v = _priors(nodes, begun, NONE, NONE)
    band, rhs, _, _ = _priors(nodes, begun, NONE, _hidden(50, 60))
    there = np.repeat(_hidden(50, 60), 2)
    assert (band - bare)[0] == pytest.approx(np.where(there, 25.0, 0.0), abs=1e-6 * STIFF)
    off = begun - nodes
    pull = 25.0 * np.column_stack([(off * u).sum(axis=1), (off * v).sum(axis=1)]).ravel()
    assert rhs == pytest.approx(np.where(there, pull, 0.0), abs=1e-9)


def test_steps_are_damped_but_where_long_stretches_are_hidden():
    nodes = _bent(0.0)
    open_, _, _, _ = _priors(nodes, nodes, NONE, NONE)
    shut, _, _, _ = _priors(nodes, nodes, _hidden(50, 70), NONE)
    less = (open_ - shut)[0].reshape(-1, 2)
    damping = 1e-5 * 1000.0 / 200
    assert less[50:71] == pytest.approx(damping * (1.0 - 1e-3), rel=0.02)
    assert not less[:50].any()


def test_no_node_moves_farther_than_the_most():
    nodes = _bent(0.0)
    _, u, v = tube.lateral_frames(nodes)
    lateral = np.tile([0.5, -0.01], 200)
    found = step.moved(nodes, u, v, lateral, 0.02)
    assert found == pytest.approx(nodes + 0.02 * u - 0.01 * v)
