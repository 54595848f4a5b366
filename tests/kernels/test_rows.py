import numpy as np

from twin_pipeline.kernels import rows

RNG = np.random.default_rng(3)
ROWS = RNG.integers(0, 65536, (500, 7)).astype(np.uint16)


def test_rows_are_gathered_as_indexing_does():
    order = RNG.permutation(500)[:300].astype(np.uint32)
    assert np.array_equal(rows.gather(ROWS, order), ROWS[order])


def test_bounds_are_those_of_the_columns():
    ijk = RNG.integers(-(2**31), 2**31, (500, 3)).astype(np.int32)
    for some in (ijk, ijk[:1]):
        least, most = rows.bounds(some)
        assert np.array_equal(least, some.min(axis=0))
        assert np.array_equal(most, some.max(axis=0))


def test_columns_are_counted_up_or_down_from_their_zero():
    ijk = RNG.integers(2**31 - 65_536, 2**31, (500, 3)).astype(np.int32)
    low, high = ijk.min(axis=0).astype(np.int64), ijk.max(axis=0).astype(np.int64)
    columns, zeros = np.array([0, 2, 1]), np.array([low[0], low[2], high[1]])
    made = rows.counted(ijk, columns, zeros, np.array([1, 1, -1]), 4)
    away = (ijk[:, 0] - low[0], ijk[:, 2] - low[2], high[1] - ijk[:, 1], np.zeros(500))
    assert np.array_equal(made, np.stack(away, axis=1))


def test_rows_are_split_as_masks_do():
    chosen = RNG.random(500) < 0.3
    taken, left = rows.split(ROWS, chosen, int(chosen.sum()))
    assert np.array_equal(taken, ROWS[chosen])
    assert np.array_equal(left, ROWS[~chosen])


def test_rows_are_gathered_into_any_place():
    order = RNG.permutation(500)[:300].astype(np.uint32)
    wide = np.zeros((300, 9), np.uint16)
    rows.gather_into(wide[:, 1:8], ROWS, order)
    assert np.array_equal(wide[:, 1:8], ROWS[order])
    assert not wide[:, [0, 8]].any()


def test_nothing_is_moved_of_nothing():
    nothing = np.empty((0, 3), np.int32)
    assert rows.gather(nothing, np.empty(0, np.uint32)).shape == (0, 3)
    assert [part.shape for part in rows.split(nothing, np.empty(0, bool), 0)] == [(0, 3), (0, 3)]
