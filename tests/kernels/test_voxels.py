import numpy as np
import pytest
from shapes import Index, index_points

from twin_pipeline.kernels import voxels

SIZE_M = 0.1


def _slow_key(cell: np.ndarray) -> int:
    return sum(
        ((int(cell[axis]) >> bit) & 1) << (3 * bit + axis) for bit in range(21) for axis in range(3)
    )


def _cells(index: Index) -> np.ndarray:
    """Return the cell (M, 3) of each voxel, from its first point."""
    return np.floor((index.xyz[index.starts[:-1]] - index.lower) / index.size_m).astype(int)


def _scattered(count: int = 1500, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.0, 0.8, (count, 3)) * [1.0, 1.0, 0.4]


def _in_capsule(index: Index, first, last, radius: float) -> np.ndarray:
    return voxels.points_in_capsule(
        index.xyz,
        index.keys,
        index.table,
        index.starts,
        index.lower,
        index.size_m,
        np.asarray(first, float),
        np.asarray(last, float),
        radius,
    )


def test_keys_interleave_the_bits_of_the_cells():
    rng = np.random.default_rng(2)
    cells = rng.integers(0, 2**21, (300, 3))
    cells[0], cells[1] = 0, 2**21 - 1
    lower = np.array([-40.0, 3.0, 0.5])
    xyz = lower + (cells + rng.uniform(0.01, 0.99, cells.shape)) * 0.125
    assert voxels.morton_keys(xyz, lower, 0.125).tolist() == [_slow_key(cell) for cell in cells]
    assert [int(voxels.morton_key(*cell)) for cell in cells[:20]] == [
        _slow_key(cell) for cell in cells[:20]
    ]


def test_no_points_have_no_keys_and_no_voxels():
    keys = voxels.morton_keys(np.empty((0, 3)), np.zeros(3), 1.0)
    assert len(keys) == 0
    level_keys, starts = voxels.level_starts(keys, 0)
    assert len(level_keys) == 0
    assert starts.tolist() == [0]
    assert voxels.find_voxel(voxels.hash_table(level_keys), level_keys, 1, 2, 3) == voxels.EMPTY


@pytest.mark.parametrize("level", [0, 1, 3, 20])
def test_levels_are_the_runs_of_equal_keys(level):
    keys = np.sort(np.random.default_rng(3).integers(0, 2**63, 400, dtype=np.uint64) >> 40)
    found, starts = voxels.level_starts(keys, level)
    expected, first = np.unique(keys >> np.uint64(3 * level), return_index=True)
    assert np.array_equal(found, expected)
    assert np.array_equal(starts, [*first, len(keys)])


def test_every_voxel_is_found_and_no_other():
    index = index_points(_scattered(), SIZE_M)
    occupied = {tuple(cell): k for k, cell in enumerate(_cells(index).tolist())}
    assert len(occupied) == len(index.keys)
    for cell in np.ndindex(12, 12, 8):
        found = voxels.find_voxel(index.table, index.keys, *cell)
        assert found == occupied.get(cell, voxels.EMPTY)


def test_blocks_know_those_beside_them():
    index = index_points(_scattered() * [3.0, 2.0, 2.0], SIZE_M)
    blocks, first = voxels.level_starts(index.keys, 2)
    chosen = np.arange(len(blocks))
    beside = voxels.beside_blocks(blocks, voxels.hash_table(blocks), chosen)
    some = voxels.beside_blocks(blocks, voxels.hash_table(blocks), chosen[5:25:3])
    assert np.array_equal(some, beside[5:25:3])
    cells = _cells(index) // 4
    number = {tuple(cells[k]): b for b, k in enumerate(first[:-1])}
    assert first[-1] == len(index.keys)
    assert len(number) == len(beside) > 30
    for cell, own in number.items():
        around = [np.add(cell, away) - 1 for away in np.ndindex(3, 3, 3)]
        assert beside[own].tolist() == [number.get(tuple(c), voxels.EMPTY) for c in around]
        assert (cells[first[own] : first[own + 1]] == cell).all()


def test_cells_below_the_grid_are_empty():
    index = index_points(np.zeros((1, 3)), SIZE_M, lower=np.zeros(3))
    assert voxels.find_voxel(index.table, index.keys, 0, 0, 0) == 0
    for cell in np.eye(3, dtype=int).tolist():
        assert voxels.find_voxel(index.table, index.keys, *(-c for c in cell)) == voxels.EMPTY


def test_moments_are_those_of_the_points():
    index = index_points(_scattered(), SIZE_M)
    _, first = voxels.level_starts(index.keys, 2)
    means, scatter = np.full((len(index.keys), 3), np.nan), np.empty((len(index.keys), 6), "f4")
    chosen = np.arange(len(first) - 1)[1:]
    voxels.voxel_moments(index.xyz, index.starts, first, chosen, means, scatter)
    assert np.isnan(means[: first[1]]).all()
    for k, points in enumerate(np.split(index.xyz, index.starts[1:-1])):
        if k < first[1]:
            continue
        away = points - points.mean(axis=0)
        expected = (away.T @ away)[np.triu_indices(3)]
        np.testing.assert_allclose(means[k], points.mean(axis=0), atol=1e-14)
        np.testing.assert_allclose(scatter[k], expected, rtol=1e-6, atol=1e-9)


def _slow_capsule(xyz: np.ndarray, first, last, radius: float) -> np.ndarray:
    axis = np.subtract(last, first)
    t = np.clip((xyz - first) @ axis / max(axis @ axis, 1e-300), 0.0, 1.0)
    return np.flatnonzero(np.linalg.norm(xyz - first - t[:, None] * axis, axis=1) <= radius)


def test_capsules_hold_the_points_near_a_segment():
    index = index_points(_scattered(4000, seed=9), 0.05)
    rng = np.random.default_rng(10)
    sizes = []
    for radius in (0.01, 0.06, 0.3):
        for _ in range(15):
            first, last = rng.uniform(-0.3, 1.1, (2, 3)) * [1.0, 1.0, 0.4]
            found = _in_capsule(index, first, last, radius)
            assert np.array_equal(np.sort(found), _slow_capsule(index.xyz, first, last, radius))
            sizes.append(len(found))
    assert 0 in sizes
    assert max(sizes) > 1024


def test_a_capsule_without_length_is_a_ball():
    index = index_points(_scattered(2000, seed=11), 0.05)
    centre = np.array([0.4, 0.4, 0.2])
    found = _in_capsule(index, centre, centre, 0.1)
    near = np.flatnonzero(np.linalg.norm(index.xyz - centre, axis=1) <= 0.1)
    assert len(near) > 20
    assert np.array_equal(np.sort(found), near)


def test_a_capsule_far_away_is_empty():
    index = index_points(_scattered(50), 0.05)
    assert len(_in_capsule(index, [9.0, 9.0, 9.0], [9.5, 9.0, 9.0], 0.2)) == 0
    assert len(_in_capsule(index, [-9.0, 0.0, 0.0], [-9.0, 1.0, 0.0], 0.2)) == 0


@pytest.mark.parametrize("nodes", [2, 5, 8, 400])
@pytest.mark.parametrize("radius", [0.06, 0.15])
def test_along_a_line_points_come_once_with_the_first_segment_that_they_are_near(nodes, radius):
    index = index_points(_scattered(6000), SIZE_M)
    rng = np.random.default_rng(nodes)
    line = np.linspace([-0.1, 0.1, 0.1], [0.9, 0.7, 0.3], nodes) + rng.normal(0, 0.01, (nodes, 3))
    found, near = voxels.points_along(
        index.xyz, index.keys, index.table, index.starts, index.lower, index.size_m, line, 4, radius
    )
    segments = [(first, min(first + 4, nodes - 1)) for first in range(0, nodes - 1, 4)]
    own = [_in_capsule(index, line[first], line[last], radius) for first, last in segments]
    expected, place = np.unique(np.concatenate(own), return_index=True)
    middles = np.repeat([(first + last) // 2 for first, last in segments], [len(o) for o in own])
    assert len(expected) > 100
    assert np.array_equal(found, expected)
    assert np.array_equal(near, middles[place])
