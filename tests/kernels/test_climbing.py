"""An axis rises over what hides the barrel; fittings, or a pipe's own bend, lead it elsewhere."""

import numpy as np
import pytest

from twin_pipeline.kernels.adjust import climb

STEP_M = 0.07
ALONG_M = np.arange(0.0, 8.0, STEP_M)


def _climbing(nodes: np.ndarray) -> np.ndarray:
    return climb.climbing(nodes, STEP_M, 0.005, np.zeros(len(nodes), bool))


def _level(up_m: np.ndarray) -> np.ndarray:
    return np.column_stack([ALONG_M, np.zeros_like(ALONG_M), up_m])


def _hump(height_m: float, length_m: float, turn_m: float = 0.2) -> np.ndarray:
    """Return how high an axis lies that rises and returns within a length, by bends of a length."""
    flank = np.clip((0.5 * length_m - np.abs(ALONG_M - 4.0)) / turn_m, 0.0, 1.0)
    return height_m * flank**2 * (3.0 - 2.0 * flank)


@pytest.mark.parametrize(("height_m", "length_m"), [(0.012, 0.5), (0.03, 0.9), (0.06, 1.3)])
def test_rise_over_a_socket_or_a_mound(height_m: float, length_m: float) -> None:
    risen = _hump(height_m, length_m)
    found = _climbing(_level(risen))
    assert found[np.abs(ALONG_M - 4.0) < 0.1].all()
    assert not found[np.abs(ALONG_M - 4.0) > 0.5 * length_m + 0.5].any()


def test_a_graded_pipe_does_not_rise() -> None:
    assert not _climbing(_level(0.08 * ALONG_M)).any()


@pytest.mark.parametrize("bend_radius_m", [4.0, 12.0, 40.0, 90.0, 150.0, 300.0])
def test_a_bent_pipe_does_not_rise(bend_radius_m: float) -> None:
    assert not _climbing(_level(ALONG_M**2 / (2.0 * bend_radius_m))).any()


def test_a_pipe_that_fittings_lead_over_another_does_not_rise() -> None:
    assert not _climbing(_level(_hump(0.3, 2.0, 0.5))).any()


def test_a_pipe_that_fittings_lead_to_another_level_does_not_rise() -> None:
    flank = np.clip((ALONG_M - 3.8) / 0.4, 0.0, 1.0)
    assert not _climbing(_level(0.2 * flank)).any()


def _bent(radius_m: float, turn_deg: float) -> np.ndarray:
    """Return a level axis (K, 3) with a bend in its middle."""
    turned = np.clip((ALONG_M - 4.0) / radius_m, -0.5 * np.radians(turn_deg), None)
    turned = np.minimum(turned, 0.5 * np.radians(turn_deg))
    steps = STEP_M * np.column_stack([np.cos(turned), np.sin(turned), np.zeros_like(turned)])
    return np.cumsum(steps, axis=0)


@pytest.mark.parametrize(("radius_m", "turn_deg"), [(3.0, 22.5), (1.7, 45.0), (1.0, 11.25)])
@pytest.mark.parametrize("height_m", [0.012, 0.03])
def test_rise_over_a_socket_in_a_bend(radius_m: float, turn_deg: float, height_m: float) -> None:
    axis = _bent(radius_m, turn_deg)
    assert not _climbing(axis).any()
    axis[:, 2] = _hump(height_m, 0.5)
    found = _climbing(axis)
    assert found[np.abs(ALONG_M - 4.0) < 0.1].all()
    assert not found[np.abs(ALONG_M - 4.0) > 0.75].any()


@pytest.mark.parametrize("apart_m", [0.3, 0.6, 1.0, 1.6])
def test_a_pipe_that_turns_and_then_dives_does_not_rise(apart_m: float) -> None:
    beyond_m = ALONG_M - 4.0
    course = np.tile([1.0, 0.0, 0.0], (len(ALONG_M), 1))
    course[beyond_m >= -0.5 * apart_m] = [np.cos(np.pi / 8), np.sin(np.pi / 8), 0.0]
    dive = np.cos(np.pi / 8) * course[-1] - np.sin(np.pi / 8) * np.array([0.0, 0.0, 1.0])
    course[beyond_m >= 0.5 * apart_m] = dive
    axis = np.cumsum(STEP_M * course, axis=0)
    assert not _climbing(axis).any()


def _bend(angle_deg: float, arc_m: float = 0.2) -> np.ndarray:
    """Return how high an axis lies that goes down by a bend at 4 m."""
    share = np.clip((ALONG_M - 4.0) / arc_m + 0.5, 0.0, 1.0)
    beyond = np.maximum(ALONG_M - 4.0 - 0.5 * arc_m, 0.0)
    return -np.tan(np.radians(angle_deg)) * (0.5 * arc_m * share**2 + beyond)


def _over_socket(at_m: float, height_m: float = 0.03) -> np.ndarray:
    return height_m * np.exp(-(((ALONG_M - at_m) / 0.09) ** 2))


@pytest.mark.parametrize("at_m", [3.75, 4.3])
@pytest.mark.parametrize("angle_deg", [11.25, 22.5])
def test_rise_over_a_socket_beside_a_bend(angle_deg: float, at_m: float) -> None:
    found = _climbing(_level(_bend(angle_deg) + _over_socket(at_m)))
    assert found[np.abs(ALONG_M - at_m) < 0.06].all()
    assert not found[np.abs(ALONG_M - at_m) > 0.5].any()


@pytest.mark.parametrize("angle_deg", [5.0, 11.25, 22.5, 45.0, 60.0])
@pytest.mark.parametrize("arc_m", [0.1, 0.6, 1.5])
def test_a_bend_alone_does_not_rise(angle_deg: float, arc_m: float) -> None:
    assert not _climbing(_level(_bend(angle_deg, arc_m))).any()


@pytest.mark.parametrize("bend_radius_m", [0.6, 1.5, 4.0])
def test_rise_over_a_socket_where_the_pipe_bends_to_the_side(bend_radius_m: float) -> None:
    turned = np.clip((ALONG_M - 4.4) / bend_radius_m, 0.0, np.radians(45.0))
    steps = STEP_M * np.column_stack([np.cos(turned), np.sin(turned)])
    axis = _level(_over_socket(4.2))
    axis[:, :2] = np.cumsum(steps, axis=0)
    found = _climbing(axis)
    assert found[np.abs(ALONG_M - 4.2) < 0.06].all()
    assert not found[np.abs(ALONG_M - 4.2) > 0.5].any()
    axis[:, 2] = 0.0
    assert not _climbing(axis).any()


@pytest.mark.parametrize("step", [1, -1], ids=["last", "first"])
def test_rise_over_a_socket_near_an_end_that_hangs(step: int) -> None:
    to_end_m = ALONG_M[-1] - ALONG_M
    up_m = _over_socket(ALONG_M[-1] - 0.75) - 0.4 * np.clip(0.3 - to_end_m, 0.0, None)
    found = _climbing(_level(up_m[::step]))[::step]
    assert found[np.abs(to_end_m - 0.75) < 0.06].all()
    assert not found[np.abs(to_end_m - 0.75) > 0.3].any()


@pytest.mark.parametrize("step", [1, -1], ids=["last", "first"])
@pytest.mark.parametrize("reach_m", [climb._SOCKET_REACH_M, climb._MOUND_REACH_M])
def test_what_lies_behind_a_socket_near_an_end_does_not_rise(step: int, reach_m: float) -> None:
    at = len(ALONG_M) - 1 - 2 * round(reach_m / STEP_M)
    found = _climbing(_level(_over_socket(ALONG_M[at])[::step]))[::step]
    assert found[at]
    assert not found[np.abs(ALONG_M - ALONG_M[at]) > reach_m + 0.2].any()


def test_uneven_nodes_do_not_rise() -> None:
    at = np.cumsum(np.random.default_rng(4).uniform(0.02, 0.14, 100))
    assert not _climbing(at[:, None] * np.array([0.6, 0.8, 0.0])).any()


def test_where_nothing_is_seen_an_axis_bends_as_it_likes() -> None:
    axis = _level(_bend(22.5) + _over_socket(4.3))
    seen = np.zeros(len(axis), bool)
    assert climb.climbing(axis, STEP_M, 0.005, seen).any()
    assert not climb.climbing(axis, STEP_M, 0.005, ~seen).any()
