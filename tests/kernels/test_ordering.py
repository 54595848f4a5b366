"""Points put in order, picked and bounded by threads, against NumPy's way."""

import numpy as np
import pytest

from twin_pipeline.kernels import ordering


@pytest.mark.parametrize("count", [1, 2, 31, 33, 20_000])
@pytest.mark.parametrize("bits", [3, 11, 12, 40, 63])
def test_keys_are_sorted_and_equal_ones_stay_in_their_order(count, bits):
    keys = np.random.default_rng(bits).integers(0, 2**bits, count, dtype=np.uint64)
    order, ordered = ordering.in_key_order(keys)
    assert np.array_equal(order, np.argsort(keys, kind="stable"))
    assert np.array_equal(ordered, keys[order])


def test_keys_that_are_all_the_same_or_crowd_into_one_bucket_are_sorted():
    same = np.full(5000, 7, np.uint64)
    assert np.array_equal(ordering.in_key_order(same)[0], np.arange(5000))
    crowded = np.random.default_rng(1).integers(0, 1000, 5000, dtype=np.uint64)
    crowded[1234] = np.uint64(2**62)
    order, _ = ordering.in_key_order(crowded)
    assert np.array_equal(order, np.argsort(crowded, kind="stable"))


def test_what_is_chosen_keeps_its_order():
    rng = np.random.default_rng(2)
    xyz, which = rng.normal(size=(1001, 3)), rng.random(1001) < 0.3
    numbers, keys = np.arange(1001, dtype=np.uint32)[::-1], np.arange(1001, dtype=np.uint64)
    numbers = np.ascontiguousarray(numbers)
    found = ordering.chosen(xyz, numbers, keys, which)
    for part, whole in zip(found, (xyz, numbers, keys), strict=True):
        assert np.array_equal(part, whole[which])
    assert [len(part) for part in ordering.chosen(xyz, numbers, keys, np.zeros(1001, bool))] == [
        0,
        0,
        0,
    ]
    assert np.array_equal(ordering.taken(xyz, numbers), xyz[numbers])


@pytest.mark.parametrize("count", [1, 5, 1000])
def test_bounds_hold_all_points(count):
    xyz = np.random.default_rng(count).normal(size=(count, 3))
    lower, upper = ordering.bounds(xyz)
    assert np.array_equal(lower, xyz.min(axis=0))
    assert np.array_equal(upper, xyz.max(axis=0))


def test_some_blocks_are_taken_whole_and_about_as_many_as_asked_for():
    xyz = np.random.default_rng(3).uniform(0.0, 8.0, (40_000, 3))
    inside = ordering.in_some_blocks(xyz, np.zeros(3), 0.5, 5)
    block = np.floor(xyz / 0.5) @ (1, 16, 256)
    for number in np.unique(block):
        assert len(np.unique(inside[block == number])) == 1
    assert inside.mean() == pytest.approx(0.2, abs=0.03)


def test_depths_count_from_the_elevation_of_each_voxel():
    rng = np.random.default_rng(4)
    starts = np.array([0, 10, 11, 400, 1000])
    xyz, elevation = rng.normal(size=(1000, 3)), np.array([0.2, 5.0, np.nan, -0.1])
    allowed = np.array([True, False, True, True])
    depth = np.repeat(elevation, np.diff(starts)) - xyz[:, 2]
    expected = np.repeat(allowed, np.diff(starts)) & (depth > 0.1) & (depth <= 0.7)
    for first, last in ((0, 1000), (5, 700), (401, 402)):
        told = ordering.by_depth(xyz, starts, elevation, allowed, 0.1, 0.7, first, last)
        assert np.array_equal(told, expected[first:last])
