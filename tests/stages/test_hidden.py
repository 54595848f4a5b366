import numpy as np
import pytest

from twin_pipeline.stages.measure.hidden import hidden_std

STEP_M = 0.05
COUNT = 81


def _line(slope_after: float = 0.0, offset_after: float = 0.0) -> np.ndarray:
    """Return an axis along x that goes on differently after x = 2, joined by a smooth stretch."""
    x = np.arange(COUNT) * STEP_M
    later = np.clip((x - 1.5) / 1.0, 0.0, 1.0)
    share = later**2 * (3.0 - 2.0 * later)
    return np.column_stack([x, np.zeros(COUNT), share * (offset_after + slope_after * (x - 2.0))])


def _seen() -> np.ndarray:
    x = np.arange(COUNT) * STEP_M
    return (x < 1.5) | (x > 2.5)


def test_on_a_straight_pipe_hiding_adds_nothing():
    assert hidden_std(_line(), _seen()).max() < 1e-12
    assert hidden_std(_line(), np.ones(COUNT, bool)).max() == 0.0


@pytest.mark.parametrize("offset_m", [0.1, 0.25])
def test_between_two_levels_the_pipe_may_lie_anywhere(offset_m):
    std = hidden_std(_line(offset_after=offset_m), _seen())
    assert std[:, :2].max() < 0.02 * offset_m
    assert std[_seen()].max() == 0.0
    assert 0.4 * offset_m < std[:, 2].max() < 0.6 * offset_m
    x = np.arange(COUNT) * STEP_M
    for turn_at in (1.6, 2.0, 2.4):
        true = np.where(x < turn_at, 0.0, offset_m)
        off = np.abs(_line(offset_after=offset_m)[:, 2] - true)
        hidden = ~_seen() & (np.abs(x - turn_at) > STEP_M)
        assert np.mean(off[hidden] < 2.0 * std[hidden, 2] + 0.002) > 0.8


def test_at_a_hidden_bend_the_corner_may_be_elsewhere():
    std = hidden_std(_line(slope_after=0.4), _seen())
    cut = np.abs(_line(slope_after=0.4)[40, 2] - 0.0)
    assert std[40, 2] >= cut
    assert std[40, 2] < 0.1


def test_turning_the_axis_turns_what_is_added():
    line, seen = _line(offset_after=0.2), _seen()
    sideways = hidden_std(line[:, [0, 2, 1]], seen)
    np.testing.assert_allclose(sideways[:, [0, 2, 1]], hidden_std(line, seen), atol=1e-12)


def test_hidden_ends_have_no_second_course():
    seen = _seen()
    seen[:10] = False
    assert hidden_std(_line(offset_after=0.2), seen)[:10].max() == 0.0
