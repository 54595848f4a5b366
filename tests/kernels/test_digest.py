import numpy as np

from twin_pipeline.kernels import digest

MASK = (1 << 64) - 1


def _slow(state: int, value: int, salt: int) -> int:
    word = ((state ^ (value & MASK)) + salt * 0x9E3779B97F4A7C15) & MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def _mixed(column: np.ndarray, salt: int) -> np.ndarray:
    states = np.arange(len(column)).astype(np.uint64)
    digest.mix_in(states, column, salt)
    return states


def test_states_are_those_of_the_slow_way():
    column = np.array([0, 1, -1, 2**31 - 1, -(2**31)], np.int32)
    assert _mixed(column, 3).tolist() == [_slow(n, int(v), 3) for n, v in enumerate(column)]


def test_type_of_the_column_does_not_matter():
    values = [0, 5, 255]
    states = [_mixed(np.array(values, t), 1).tolist() for t in (np.uint8, np.int32, np.uint64)]
    assert states[0] == states[1] == states[2]


def test_salt_tells_columns_apart():
    column = np.zeros(4, np.uint16)
    assert not (_mixed(column, 1) == _mixed(column, 2)).any()
