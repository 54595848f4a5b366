import numpy as np
from shapes import Index, index_points, random_motion, up_to_sign

from twin_pipeline.kernels import neighbourhood, voxels

SIZE_M = 0.1


def _scattered(count: int = 1500, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.0, 0.8, (count, 3)) * [1.0, 1.0, 0.4]


def _moments(index: Index) -> tuple[np.ndarray, np.ndarray]:
    _, first = voxels.level_starts(index.keys, 2)
    means, scatter = np.empty((len(index.keys), 3)), np.empty((len(index.keys), 6), np.float32)
    chosen = np.arange(len(first) - 1)
    voxels.voxel_moments(index.xyz, index.starts, first, chosen, means, scatter)
    return means, scatter


def _normals(index: Index) -> tuple[np.ndarray, ...]:
    blocks, first = voxels.level_starts(index.keys, 2)
    beside = voxels.beside_blocks(blocks, voxels.hash_table(blocks), np.arange(len(blocks)))
    count = len(index.keys)
    fitted = (
        np.empty((count, 3)), np.empty((count, 3), np.float32), np.empty(count, np.float32),
        np.empty(count, np.float32), np.empty(count, np.int32),
    )  # fmt: skip
    neighbourhood.neighbourhood_normals(
        index.keys, index.starts, first, beside, *_moments(index), 1.5 * index.size_m, fitted
    )
    return fitted


def _slow_plane(index: Index, means: np.ndarray, k: int) -> tuple:
    cells = np.floor((index.xyz[index.starts[:-1]] - index.lower) / index.size_m).astype(int)
    around = (np.abs(cells - cells[k]) <= 1).all(axis=1)
    around &= np.linalg.norm(means - means[k], axis=1) <= 1.5 * index.size_m
    pieces = np.split(index.xyz, index.starts[1:-1])
    points = np.concatenate([pieces[j] for j in np.flatnonzero(around)])
    away = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(away.T @ away / len(points))
    return points.mean(axis=0), vectors[:, 0], np.sqrt(np.maximum(values, 0.0)), len(points)


def test_planes_are_those_of_the_points_around():
    index = index_points(_scattered(1200, seed=4) * [1.0, 1.0, 0.5], SIZE_M)
    means, _ = _moments(index)
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


def test_bends_are_how_far_the_surface_around_lies_off():
    rng = np.random.default_rng(3)
    count, children = 40, np.array([0, 3, 3, 17, 40])
    centroids, around = rng.normal(size=(count, 3)), rng.normal(size=(4, 3))
    normals = rng.normal(size=(count, 3))
    normals = (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32)
    thickness, normal_std = rng.uniform(0.01, 0.1, (2, count)).astype(np.float32)
    counts = rng.integers(5, 50, count).astype(np.int32)
    bend, std = neighbourhood.bends(
        children, around, centroids, normals, thickness, counts, normal_std
    )
    offset = around[np.repeat(np.arange(4), np.diff(children))] - centroids
    off = np.einsum("ij,ij->i", offset, normals)
    sideways = np.linalg.norm(offset - off[:, None] * normals, axis=1)
    np.testing.assert_allclose(bend, off, atol=1e-6)
    expected = np.hypot(thickness / np.sqrt(counts), normal_std * sideways)
    np.testing.assert_allclose(std, expected, rtol=1e-5)
