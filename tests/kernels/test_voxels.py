import numpy as np
import pytest
from shapes import Index, index_points, random_motion, up_to_sign

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


def _normals(index: Index) -> tuple[np.ndarray, ...]:
    means, scatter = voxels.voxel_moments(index.xyz, index.starts)
    return voxels.neighbourhood_normals(
        index.keys, index.table, index.starts, means, scatter, 1.5 * index.size_m
    )


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


def test_cells_below_the_grid_are_empty():
    index = index_points(np.zeros((1, 3)), SIZE_M, lower=np.zeros(3))
    assert voxels.find_voxel(index.table, index.keys, 0, 0, 0) == 0
    for cell in np.eye(3, dtype=int).tolist():
        assert voxels.find_voxel(index.table, index.keys, *(-c for c in cell)) == voxels.EMPTY


def test_moments_are_those_of_the_points():
    index = index_points(_scattered(), SIZE_M)
    means, scatter = voxels.voxel_moments(index.xyz, index.starts)
    for k, points in enumerate(np.split(index.xyz, index.starts[1:-1])):
        away = points - points.mean(axis=0)
        expected = (away.T @ away)[np.triu_indices(3)]
        np.testing.assert_allclose(means[k], points.mean(axis=0), atol=1e-14)
        np.testing.assert_allclose(scatter[k], expected, rtol=1e-6, atol=1e-9)


def _slow_plane(index: Index, means: np.ndarray, k: int) -> tuple:
    cells = _cells(index)
    around = (np.abs(cells - cells[k]) <= 1).all(axis=1)
    around &= np.linalg.norm(means - means[k], axis=1) <= 1.5 * index.size_m
    pieces = np.split(index.xyz, index.starts[1:-1])
    points = np.concatenate([pieces[j] for j in np.flatnonzero(around)])
    away = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(away.T @ away / len(points))
    return points.mean(axis=0), vectors[:, 0], np.sqrt(np.maximum(values, 0.0)), len(points)


def test_planes_are_those_of_the_points_around():
    index = index_points(_scattered(1200, seed=4) * [1.0, 1.0, 0.5], SIZE_M)
    means, _ = voxels.voxel_moments(index.xyz, index.starts)
    centroids, normals, thickness, width, counts = _normals(index)
    compared = 0
    for k in range(len(index.keys)):
        centroid, normal, spread, count = _slow_plane(index, means, k)
        assert counts[k] == count
        np.testing.assert_allclose(centroids[k], centroid, atol=1e-12)
        np.testing.assert_allclose([thickness[k], width[k]], spread[:2], atol=1e-6)
        if spread[0] < 0.9 * spread[1]:
            assert up_to_sign(normals[k], normal) < 1e-5
            compared += 1
    assert compared > 100


def test_planes_turn_with_the_cloud():
    """A small plate, so that each voxel's neighbourhood is all of it however it is turned."""
    rng = np.random.default_rng(5)
    plate = rng.uniform(-0.03, 0.03, (200, 3)) * [1.0, 0.7, 0.2]
    spread, axes = np.linalg.eigh(np.cov(plate.T, bias=True))
    for _ in range(5):
        motion = random_motion(rng)
        xyz = motion.points(plate)
        index = index_points(xyz, 0.07, lower=xyz.min(axis=0) - rng.uniform(0.07, 0.14, 3))
        _, normals, thickness, width, counts = _normals(index)
        assert len(counts) > 1
        assert set(counts.tolist()) == {len(plate)}
        assert up_to_sign(normals, motion.vectors(axes[:, :1].T)).max() < 1e-5
        np.testing.assert_allclose(thickness**2, spread[0], rtol=1e-5)
        np.testing.assert_allclose(width**2, spread[1], rtol=1e-5)


def test_planes_do_not_depend_on_order_or_repetition():
    xyz = _scattered(600, seed=6)
    usual = _normals(index_points(xyz, SIZE_M))
    shuffled = _normals(index_points(np.random.default_rng(7).permutation(xyz), SIZE_M))
    doubled = _normals(index_points(np.repeat(xyz, 2, axis=0), SIZE_M))
    for other, factor in ((shuffled, 1), (doubled, 2)):
        assert np.array_equal(other[4], factor * usual[4])
        np.testing.assert_allclose(other[0], usual[0], atol=1e-12)
        np.testing.assert_allclose(other[2], usual[2], atol=1e-6)
        np.testing.assert_allclose(other[3], usual[3], atol=1e-6)
        clear = usual[2] < 0.9 * usual[3]
        assert up_to_sign(other[1], usual[1])[clear].max() < 1e-5


def test_a_tilted_plane_is_thin_and_has_its_normal():
    rng = np.random.default_rng(8)
    normal = np.array([0.2, -0.1, 1.0]) / np.linalg.norm([0.2, -0.1, 1.0])
    xyz = np.column_stack([rng.uniform(0.0, 1.0, (3000, 2)), np.zeros(3000)])
    xyz[:, 2] = -(xyz[:, :2] @ normal[:2]) / normal[2]
    _, normals, thickness, width, _ = _normals(index_points(xyz, SIZE_M))
    assert up_to_sign(normals, normal[None]).max() < 1e-5
    assert thickness.max() < 1e-4 * SIZE_M
    assert width.min() > 0.2 * SIZE_M


def test_points_alone_and_in_a_row_have_no_width():
    alone = np.zeros((1, 3))
    row = np.array([5.0, 5.0, 5.0]) + np.linspace(0.0, 0.3, 20)[:, None] * [0.6, 0.64, 0.48]
    index = index_points(np.concatenate([alone, np.repeat(alone + 2.0, 7, axis=0), row]), SIZE_M)
    centroids, normals, thickness, width, counts = _normals(index)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-12)
    assert np.isfinite(centroids).all()
    assert {1, 7} <= set(counts.tolist())
    assert max(thickness.max(), width.max()) < 1e-5


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
