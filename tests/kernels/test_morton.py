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


def _slow_z_order(records, corners, counts, base, drop):
    ijk = np.repeat(corners, counts, axis=0) + records[:, :3].astype(np.int32)
    keys = np.array([_slow_key(cell) for cell in (ijk - base) >> drop], np.uint64)
    order = np.argsort(keys, kind="stable")
    return ijk[order], records[order, 3:], keys[order]


@pytest.mark.parametrize("drop", [0, 3, 5])
@pytest.mark.parametrize("places", [1, 3, 4096])
def test_points_come_into_z_order_cell_by_cell(drop, places):
    """Few places, so that many points share a key; few points in a cell, and many."""
    rng = np.random.default_rng(places + drop)
    counts = np.array([3, 1, 600, 31, 33, 0, 2], np.int64)
    numbers = np.sort(rng.choice(512, len(counts), replace=False))
    cells = [[(n >> 3 * bit + axis) & 1 for bit in range(3)] for n in numbers for axis in range(3)]
    base = np.array([-(2**30), -4096, 2**20], np.int64)
    steps = np.array(cells).reshape(-1, 3, 3) @ [4096, 8192, 16384]
    corners = (base + steps).astype(np.int32)
    records = rng.integers(0, places, (counts.sum(), 5)).astype(np.uint16)
    found = morton.in_z_order(records, corners, counts, base, 12, drop)
    for got, expected in zip(
        found, _slow_z_order(records, corners, counts, base, drop), strict=True
    ):
        assert np.array_equal(got, expected)


def test_cells_finer_than_their_corner_come_into_z_order():
    """Eight cells of 512 units in one of 1,024, whose places are counted from one of 4,096."""
    rng = np.random.default_rng(5)
    base = np.array([1024, 3072, 0], np.int64)
    counts = np.full(8, 100, np.int64)
    eighth = np.array([[n >> axis & 1 for axis in range(3)] for n in range(8)])
    inside = np.repeat(eighth * 512, 100, axis=0) + rng.integers(0, 512, (800, 3))
    records = np.column_stack((base + inside, np.arange(800))).astype(np.uint16)
    corners = np.zeros((8, 3), np.int32)
    found = morton.in_z_order(records, corners, counts, base, 10, 0)
    for got, expected in zip(found, _slow_z_order(records, corners, counts, base, 0), strict=True):
        assert np.array_equal(got, expected)


def test_no_points_in_z_order():
    nothing = np.empty((0, 5), np.uint16), np.empty((0, 3), np.int32), np.empty(0, np.int64)
    ijk, others, keys = morton.in_z_order(*nothing, np.zeros(3, np.int64), 12, 0)
    assert (ijk.shape, others.shape, keys.shape) == ((0, 3), (0, 2), (0,))


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
