import math

import numpy as np
import pytest
from shapes import on_tube, random_motion, straight

from twin_pipeline.geometry.patches import (
    Patches,
    collect_patches,
    expected_bend_m,
    min_arc_deg,
    tolerance_ratio,
)
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.kernels import axis
from twin_pipeline.model import PointCloud

VOXEL_M = 0.01


def _patches(xyz: np.ndarray, number: int = 1) -> tuple[Pyramid, Patches]:
    pyramid = Pyramid.of_cloud(PointCloud(xyz, np.zeros(3)), VOXEL_M)
    return pyramid, collect_patches(pyramid, number)


def _tube(radius_m: float, *, noise_m: float = 0.0005, seed: int = 1) -> np.ndarray:
    """Return points on a tube, turned somehow, at about 10 points per square centimetre."""
    rng = np.random.default_rng(seed)
    count = int(2.0 * np.pi * radius_m * 0.4 * 100_000)
    points, normals = on_tube(rng, straight(0.4), radius_m, count)
    return points + noise_m * rng.normal(size=(count, 1)) * normals


def _plane(seed: int = 2, noise_m: float = 0.0005) -> np.ndarray:
    rng = np.random.default_rng(seed)
    xyz = rng.uniform(-0.3, 0.3, (40_000, 3))
    xyz[:, 2] = noise_m * rng.normal(size=40_000)
    return random_motion(rng).points(xyz)


def test_patches_are_those_of_the_level():
    pyramid, patches = _patches(_tube(0.1))
    level = pyramid.level(1)
    assert (patches.level, patches.size_m) == (1, level.size_m)
    assert patches.centroid is level.surface.centroid
    assert patches.normal is level.surface.normal
    assert np.array_equal(patches.usable, level.usable)
    assert patches.normal_std_rad == level.typical_normal_std_rad


def test_blocks_hold_the_patches_of_their_place():
    pyramid, patches = _patches(_tube(0.1))
    assert patches.block is pyramid.level(3)
    parent = pyramid.level(1).keys >> np.uint64(6)
    assert patches.children[0] == 0
    assert patches.children[-1] == len(parent)
    for k, key in enumerate(patches.block.keys):
        assert (parent[patches.children[k] : patches.children[k + 1]] == key).all()


def test_search_arguments_are_what_the_kernel_takes():
    """Centroids of patches near the border of a block lie outside it."""
    _, patches = _patches(_tube(0.1))
    unused = np.zeros(len(patches.centroid), bool)
    rng = np.random.default_rng(3)
    for centre in rng.uniform([0.0, -0.1, -0.1], [0.4, 0.1, 0.1], (40, 3)):
        found = axis.patches_in_ball(centre, 0.08, *patches.search_arguments(), unused)
        near = np.linalg.norm(patches.centroid - centre, axis=1) <= 0.08
        assert np.array_equal(np.sort(found), np.flatnonzero(near))


@pytest.mark.parametrize("radius_m", [0.06, 0.1, 0.2])
def test_a_tube_bends_inwards_about_as_much_as_expected(radius_m):
    _, patches = _patches(_tube(radius_m))
    inner = patches.usable & (np.abs(patches.centroid[:, 0] - 0.2) < 0.1)
    radial = patches.centroid * [0.0, 1.0, 1.0]
    outward = np.sign(np.sum(radial * patches.normal, axis=1))
    inwards = -(outward * patches.bend_m)[inner]
    expected = expected_bend_m(patches, radius_m)
    assert inner.sum() > 200
    assert np.median(inwards) == pytest.approx(expected, rel=0.6)
    slack = 1.5 * patches.bend_std_m[inner]
    # what axis votes ask for
    voting = (inwards >= 0.3 * expected - slack) & (inwards <= 4.0 * expected + slack)
    assert voting.mean() > 0.9


def test_a_plane_bends_by_no_more_than_its_uncertainty():
    _, patches = _patches(_plane())
    bend, std = patches.bend_m[patches.usable], patches.bend_std_m[patches.usable]
    assert len(bend) > 500
    assert 0.4 < np.sqrt(np.mean((bend / std) ** 2)) < 2.0
    assert np.abs(np.mean(bend)) < 3e-5
    assert std.min() > 0.0


def test_twice_the_radius_bends_half_as_much():
    _, patches = _patches(_plane())
    assert expected_bend_m(patches, 0.1) == pytest.approx(2.0 * expected_bend_m(patches, 0.2))


def test_expected_bend_is_the_difference_of_two_discs():
    """Points on a cylinder within discs of 3 and 1.5 voxels: their mean depths."""
    _, patches = _patches(_plane())
    rng = np.random.default_rng(4)
    place = rng.uniform(-1.0, 1.0, (200_000, 2))
    place = place[np.linalg.norm(place, axis=1) < 1.0]
    radius_m = 1.0
    depths = []
    for width_m in (3.0 * patches.size_m, 1.5 * patches.size_m):
        across = width_m * place[:, 0]
        depths.append(np.mean(radius_m - np.sqrt(radius_m**2 - across**2)))
    assert expected_bend_m(patches, radius_m) == pytest.approx(depths[0] - depths[1], rel=0.02)


def _with_std(std_rad: float) -> Patches:
    _, patches = _patches(np.zeros((1, 3)))
    fields = {name: getattr(patches, name) for name in Patches.__dataclass_fields__}
    return Patches(**(fields | {"normal_std_rad": std_rad}))


@pytest.mark.parametrize(("std_rad", "ratio"), [(0.0, 0.12), (0.08, 0.2), (0.1, 0.25), (1.0, 0.3)])
def test_votes_may_miss_by_what_their_normals_allow(std_rad, ratio):
    assert tolerance_ratio(_with_std(std_rad)) == pytest.approx(ratio)


@pytest.mark.parametrize("ratio", [0.12, 0.2, 0.3])
def test_a_plane_shows_less_arc_than_a_tube_needs(ratio):
    """A plane that touches a tube of radius 1 votes within `ratio` of its axis over this arc."""
    offset = np.linspace(-1.0, 1.0, 20_001)
    votes_near = np.abs(offset) < ratio
    seen_deg = 2.0 * math.degrees(math.atan(np.abs(offset[votes_near]).max()))
    assert seen_deg < min_arc_deg(ratio) - 29.0
    assert min_arc_deg(ratio) >= 45.0


def test_one_point_is_one_unusable_patch():
    _, patches = _patches(np.zeros((1, 3)))
    assert not patches.usable.any()
    assert np.isfinite(patches.bend_m).all()
    assert np.isfinite(patches.bend_std_m).all()
    assert patches.children.tolist() == [0, 1]
