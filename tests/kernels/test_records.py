import numpy as np
import pytest

from twin_pipeline.kernels import records

SCALE, OFFSET = np.array([0.001, 0.01, 0.25]), np.array([-12_802.0, 1e7, 0.1])


@pytest.mark.parametrize("length", [12, 20, 34])
def test_coordinates_are_stored_words_times_scale_plus_offset(length):
    rng = np.random.default_rng(length)
    words = rng.integers(-(2**31), 2**31, (300, 3)).astype("<i4")
    words[:2] = [[-(2**31)] * 3, [2**31 - 1] * 3]
    rest = rng.integers(0, 256, (300, length - 12), dtype=np.uint8)
    raw = np.hstack((words.view(np.uint8), rest))
    for order in ([0, 1, 2], [1, 0, 2]):
        made = records.coordinates(raw, SCALE, OFFSET, np.array(order))
        assert np.array_equal(made, (words * SCALE + OFFSET)[:, order])


def test_no_coordinates_of_no_records():
    nothing = np.empty((0, 20), np.uint8)
    assert records.coordinates(nothing, SCALE, OFFSET, np.arange(3)).shape == (0, 3)
