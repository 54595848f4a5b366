from itertools import pairwise

import numpy as np
import pytest
from shapes import random_motion

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.model import PointCloud

VOXEL_M = 0.02


def _cloud(xyz: np.ndarray) -> PointCloud:
    return PointCloud(xyz, np.zeros(3))


def _sheet(count: int = 6000, seed: int = 1, noise_m: float = 0.002) -> np.ndarray:
    """Return points on a gently bent sheet of a square metre."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-0.5, 0.5, (count, 2))
    z = 0.1 * xy[:, 0] ** 2 + rng.normal(0.0, noise_m, count)
    return np.column_stack([xy, z])


@pytest.fixture(scope="module")
def sheet() -> Pyramid:
    return Pyramid.of_cloud(_cloud(_sheet()), VOXEL_M)


def test_order_says_where_the_points_come_from(sheet):
    assert np.array_equal(sheet.xyz, _sheet()[sheet.order])
    assert np.array_equal(np.sort(sheet.order), np.arange(6000))


@pytest.mark.parametrize("number", [0, 1, 3, 5])
def test_each_point_lies_in_its_voxel(sheet, number):
    level = sheet.level(number)
    assert level.size_m == pytest.approx(VOXEL_M * 2**number)
    cells = np.floor((sheet.xyz - level.lower) / level.size_m).astype(int)
    voxel = level.voxel_of(np.arange(len(cells)))
    first = cells[level.starts[:-1]]
    assert np.array_equal(cells, first[voxel])
    assert len(np.unique(cells, axis=0)) == len(level.keys)
    assert cells.min() >= 0


def test_levels_nest_and_keep_the_points(sheet):
    starts = [set(sheet.level(number).starts.tolist()) for number in range(5)]
    for finer, coarser in pairwise(starts):
        assert coarser < finer
    top = sheet.level(12)
    assert top.starts.tolist() == [0, 6000]


def test_levels_and_their_surfaces_are_made_once(sheet):
    assert sheet.level(2) is sheet.level(2)
    assert sheet.level(2).surface is sheet.level(2).surface


def test_surface_follows_the_sheet(sheet):
    level = sheet.level(2)
    surface = level.surface
    x = surface.centroid[:, 0]
    inner = np.abs(surface.centroid[:, :2]).max(axis=1) < 0.4
    slope = np.column_stack([-0.2 * x, np.zeros(len(x)), np.ones(len(x))])
    slope /= np.linalg.norm(slope, axis=1, keepdims=True)
    off = np.arcsin(np.linalg.norm(np.cross(surface.normal, slope), axis=1))
    assert off[inner].max() < 0.03
    assert level.usable[inner].all()
    np.testing.assert_allclose(surface.thickness_m[inner], 0.002, atol=0.0008)
    ratio = off[inner] / level.normal_std_rad[inner]
    assert 0.5 < np.sqrt(np.mean(ratio**2)) < 2.0


def test_scattered_points_and_edges_are_not_usable():
    rng = np.random.default_rng(2)
    solid = Pyramid.of_cloud(_cloud(rng.uniform(0.0, 0.4, (20_000, 3))), VOXEL_M).level(1)
    assert solid.usable.mean() < 0.05
    assert solid.typical_normal_std_rad == 1.0
    sparse = Pyramid.of_cloud(_cloud(rng.uniform(0.0, 5.0, (500, 3))), VOXEL_M).level(0)
    assert not sparse.usable.any()
    line = np.column_stack([np.linspace(0.0, 1.0, 2000), np.zeros((2000, 2))])
    assert not Pyramid.of_cloud(_cloud(line), VOXEL_M).level(1).usable.any()
    assert (solid.normal_std_rad[~solid.usable] == 1.0).all()


def test_better_covered_surfaces_have_better_normals():
    stds = [
        Pyramid.of_cloud(_cloud(_sheet(count)), VOXEL_M).level(1).typical_normal_std_rad
        for count in (6000, 24_000, 96_000)
    ]
    assert stds[0] > 1.5 * stds[1] > 2.0 * stds[2]


def test_capsules_hold_the_points_near_a_segment(sheet):
    first, last = np.array([-0.4, -0.3, 0.0]), np.array([0.3, 0.4, 0.05])
    axis = last - first
    t = np.clip((sheet.xyz - first) @ axis / (axis @ axis), 0.0, 1.0)
    near = np.linalg.norm(sheet.xyz - first - t[:, None] * axis, axis=1) <= 0.1
    for number in (0, 2, 4):
        found = sheet.level(number).points_in_capsule(first, last, 0.1)
        assert np.array_equal(np.sort(found), np.flatnonzero(near))


def test_the_order_of_the_scan_does_not_matter():
    xyz = _sheet()
    usual = Pyramid.of_cloud(_cloud(xyz), VOXEL_M).level(1).surface
    mixed = (
        Pyramid.of_cloud(_cloud(np.random.default_rng(3).permutation(xyz)), VOXEL_M)
        .level(1)
        .surface
    )
    assert np.array_equal(mixed.count, usual.count)
    np.testing.assert_allclose(mixed.centroid, usual.centroid, atol=1e-12)
    np.testing.assert_allclose(mixed.thickness_m, usual.thickness_m, atol=1e-6)


def test_a_shift_of_the_scan_shifts_its_surfaces():
    xyz, shift = _sheet(), np.array([1200.0, -3400.0, 40.0])
    usual = Pyramid.of_cloud(_cloud(xyz), VOXEL_M).level(2).surface
    moved = Pyramid.of_cloud(_cloud(xyz + shift), VOXEL_M).level(2).surface
    assert np.array_equal(moved.count, usual.count)
    np.testing.assert_allclose(moved.centroid - shift, usual.centroid, atol=1e-9)
    np.testing.assert_allclose(moved.thickness_m, usual.thickness_m, atol=1e-6)


def test_a_turned_scan_has_surfaces_as_good():
    motion = random_motion(np.random.default_rng(4))
    usual = Pyramid.of_cloud(_cloud(_sheet()), VOXEL_M).level(2)
    turned = Pyramid.of_cloud(_cloud(motion.points(_sheet())), VOXEL_M).level(2)
    assert turned.usable.mean() == pytest.approx(usual.usable.mean(), abs=0.05)
    back = (turned.surface.centroid - motion.shift) @ motion.turn
    assert np.abs(back[:, 2] - 0.1 * back[:, 0] ** 2)[turned.usable].max() < 0.004


@pytest.mark.parametrize("count", [1, 2, 7])
def test_points_at_one_place_are_one_unusable_voxel(count):
    pyramid = Pyramid.of_cloud(_cloud(np.full((count, 3), 3.25)), VOXEL_M)
    level = pyramid.level(0)
    assert len(level.keys) == 1
    assert level.surface.count.tolist() == [count]
    assert not level.usable.any()
    assert level.points_in_capsule(np.full(3, 3.0), np.full(3, 4.0), 0.01).tolist() == list(
        range(count)
    )


@pytest.mark.parametrize("count", [3, 9, 40])
def test_points_along_a_line_are_those_near_any_of_its_segments(sheet, count):
    at = np.linspace(-0.45, 0.4, count)
    line = np.column_stack([at, 0.5 * at, 0.004 * np.sin(4.0 * at)])
    index, segment = sheet.points_along(line, 0.08)
    first, along = line[:-1], np.diff(line, axis=0)
    offset = sheet.xyz[:, None, :] - first
    share = np.clip(np.einsum("nka,ka->nk", offset, along) / np.sum(along**2, axis=1), 0.0, 1.0)
    distance = np.linalg.norm(offset - share[:, :, None] * along, axis=2).min(axis=1)
    # between the nodes whose surroundings are looked up, the line may bend a little
    assert (
        set(np.flatnonzero(distance < 0.075)) <= set(index) <= set(np.flatnonzero(distance < 0.081))
    )
    assert (np.diff(index) > 0).all()
    nearest = np.linalg.norm(sheet.xyz[index, None, :] - line, axis=2).argmin(axis=1)
    assert segment.tolist() == np.minimum(nearest, count - 2).tolist()


def test_of_other_points_nobody_asks_when_they_were_recorded():
    rng = np.random.default_rng(4)
    ahead = np.linspace(0.0, 20.0, 8000) + rng.uniform(-1.0, 1.0, 8000)
    xyz = np.column_stack([ahead, np.zeros((8000, 2))])
    pyramid = Pyramid.of_cloud(_cloud(xyz), VOXEL_M)
    assert pyramid.recorded is not None
    with pyramid.of_others([xyz[:10], xyz[10:]]) as other:
        assert other.recorded is None
        assert np.array_equal(other.xyz, pyramid.xyz)
        assert other.voxel_size_m == pyramid.voxel_size_m
