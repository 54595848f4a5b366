import numpy as np
import pytest

from twin_pipeline.kernels import colour

CODES = np.arange(256)
LEAST = np.array([max(0, c * c - c // 2) for c in CODES], np.int32)
MOST = np.array([min(LEAST[c] + 254, c * c + c + 9) for c in CODES], np.int32)


def _smooth(count: int) -> np.ndarray:
    steps = np.random.default_rng(count).normal(0, 4, (count, 3)).cumsum(axis=0)
    return (np.abs(90 + steps) % 256).astype(np.uint8)


@pytest.mark.parametrize("count", [1, 2, 700])
def test_every_value_lies_in_the_range_of_its_code(count):
    codes = _smooth(count)
    light = colour.easily_packed(codes, LEAST, MOST)
    assert (light[:, 3] == 65535).all()
    assert (light[:, :3] >= LEAST[codes]).all()
    assert (light[:, :3] <= MOST[codes]).all()


def test_low_byte_changes_hardly_more_often_than_it_must():
    """The slow way tries all 256 bytes from each change on."""
    codes = _smooth(400)
    light = colour.easily_packed(codes, LEAST, MOST)
    low = light[:, :3] & 255
    fewest = sum(_fewest(column) for column in codes.T)
    assert np.count_nonzero(low[1:] != low[:-1]) <= 1.1 * fewest


def _fewest(codes: np.ndarray) -> int:
    changes, possible = 0, np.ones(256, bool)
    for code in codes:
        here = np.zeros(256, bool)
        here[np.arange(LEAST[code], MOST[code] + 1) & 255] = True
        if not (possible & here).any():
            changes, possible = changes + 1, here
        else:
            possible &= here
    return changes


def test_nothing_of_nothing():
    assert colour.easily_packed(np.empty((0, 3), np.uint8), LEAST, MOST).shape == (0, 4)
