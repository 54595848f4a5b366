import numpy as np
import pytest

from twin_pipeline.kernels import morton


def _slow_key(cell: np.ndarray) -> int:
    return sum(
        ((int(cell[axis]) >> bit) & 1) << (3 * bit + axis) for bit in range(21) for axis in range(3)
    )


def test_keys_interleave_the_bits():
    rng = np.random.default_rng(1)
    ijk = rng.integers(0, 2**21, (300, 3)).astype(np.int32)
    ijk[0], ijk[1] = 0, 2**21 - 1
    keys = morton.morton_keys(ijk, np.zeros(3, np.int64), 0)
    assert keys.tolist() == [_slow_key(cell) for cell in ijk]


def test_keys_start_at_the_base_and_leave_out_low_bits():
    rng = np.random.default_rng(2)
    base = np.array([-(2**31), -5, 2**30], np.int64)
    away = rng.integers(0, 2**24, (300, 3))
    keys = morton.morton_keys((base + away).astype(np.int32), base, 3)
    assert keys.tolist() == [_slow_key(cell) for cell in away >> 3]


def test_no_keys_of_no_points():
    assert len(morton.morton_keys(np.empty((0, 3), np.int32), np.zeros(3, np.int64), 0)) == 0


def test_cells_and_places_in_them_make_up_the_coordinates():
    rng = np.random.default_rng(3)
    origin = np.array([-12_800.123, -34_400.456, 30.0])
    units = rng.integers(-(2**30), 2**30, (300, 3))
    keys, ijk, local, bad = morton.grid_cells(origin + units * 0.001, origin, 0.001, 12, 2**19)
    assert bad == -1
    cells = (units >> 12) + 2**19
    assert keys.tolist() == [_slow_key(cell) for cell in cells]
    assert np.array_equal(ijk, units)
    assert np.array_equal(local, units & 4095)


def test_points_are_placed_from_the_corners_of_their_cells():
    rng = np.random.default_rng(4)
    counts = np.array([3, 0, 5], np.uint64)
    corners = rng.integers(-(2**30), 2**30, (3, 3)).astype(np.int32)
    records = rng.integers(0, 65536, (8, 5)).astype(np.uint16)
    expected = np.repeat(corners, counts.astype(int), axis=0) + records[:, :3]
    assert np.array_equal(morton.placed(records, corners, counts), expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2**31 * 0.001, -(2**31) * 0.001])
def test_first_point_off_the_grid_is_found(value):
    xyz = np.zeros((10, 3))
    xyz[7:, 1] = value
    assert morton.grid_cells(xyz, np.zeros(3), 0.001, 12, 2**19)[3] == 7


@pytest.mark.parametrize("bits", [1, 11, 12, 33, 63, 64])
@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_order_is_that_of_a_stable_sort(bits, count):
    rng = np.random.default_rng(bits)
    keys = rng.integers(0, 2**bits, count, dtype=np.uint64)
    keys[: count // 3] = keys[-1] if count else 0
    assert np.array_equal(morton.stable_argsort(keys), np.argsort(keys, kind="stable"))


def test_order_where_only_high_bits_differ():
    keys = np.array([3 << 60, 1 << 60, 2 << 60, 1 << 60], np.uint64) + np.uint64(77)
    assert morton.stable_argsort(keys).tolist() == [1, 3, 2, 0]
