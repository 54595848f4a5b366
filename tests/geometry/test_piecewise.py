"""A cloud in pieces is the same cloud, wherever it is cut."""

import numpy as np
import pytest

from twin_pipeline.geometry.patches import collect_patches
from twin_pipeline.geometry.piecewise import Bench, PiecewisePyramid, median_of
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.model import PointCloud
from twin_pipeline.shelves import Shelf, Spread

VOXEL_M = 0.02
LEVELS = range(6)
FITTED = ("centroid", "normal", "thickness_m", "width_m", "count")
PATCHES = ("centroid", "normal", "bend_m", "bend_std_m", "usable", "children")


def _hills(count: int = 60_000) -> np.ndarray:
    """Return points on hilly ground of 9 m by 5 m, some twice, in no order."""
    rng = np.random.default_rng(3)
    xy = rng.uniform((-4.0, -2.0), (5.0, 3.0), (count, 2))
    z = 0.6 * np.sin(1.3 * xy[:, 0]) * np.cos(xy[:, 1]) + rng.normal(0.0, 0.004, count)
    points = np.column_stack([xy, z])
    points[: count // 50] = points[-(count // 50) :]
    return points


@pytest.fixture(scope="module")
def whole() -> Pyramid:
    return Pyramid.of_cloud(PointCloud(_hills(), np.zeros(3)), VOXEL_M)


@pytest.fixture(scope="module", params=[1_000, 20_000, 10**9])
def pieces(request, tmp_path_factory) -> PiecewisePyramid:
    bench = Bench(Shelf(tmp_path_factory.mktemp("shelf")), Spread(), request.param, 0.4)
    return PiecewisePyramid.of_large(PointCloud(_hills(), np.zeros(3)), VOXEL_M, bench)


def test_points_stand_in_the_same_order(whole, pieces):
    for name in ("xyz", "order", "keys", "lower"):
        assert np.array_equal(getattr(pieces, name), getattr(whole, name))
    assert (len(pieces.spans()) > 1) == (pieces.blocks.most_points < len(whole.xyz))
    assert np.concatenate([np.arange(*span) for span in pieces.spans()]).tolist() == list(
        range(len(whole.xyz))
    )


def test_what_is_fitted_does_not_hang_on_the_cuts(whole, pieces):
    pieces.fit(LEVELS)
    for number in LEVELS:
        one, other = whole.level(number), pieces.level(number)
        for name in ("keys", "starts", "usable", "normal_std_rad", "table"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), (number, name)
        for name in FITTED:
            assert np.array_equal(getattr(one.surface, name), getattr(other.surface, name))
        assert one.typical_normal_std_rad == other.typical_normal_std_rad
    for number in LEVELS[:-1]:
        first, second = collect_patches(whole, number), collect_patches(pieces, number)
        for name in PATCHES:
            assert np.array_equal(getattr(first, name), getattr(second, name)), (number, name)


def test_a_part_is_the_same_part(whole, pieces):
    def high(pyramid):
        return lambda first, last: pyramid.xyz[first:last, 2] > 0.1

    one, other = whole.part(high(whole)), pieces.part(high(pieces))
    for name in ("xyz", "order", "keys"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert np.array_equal(one.level(3).surface.normal, other.level(3).surface.normal)
    assert other.blocks.starts[-1] == len(one.xyz)


def test_every_place_near_the_points_belongs_to_one_piece(pieces):
    rng = np.random.default_rng(5)
    width_m = pieces.blocks.width_m
    near = _hills()[:2000] + rng.uniform(-0.9 * width_m, 0.9 * width_m, (2000, 3))
    held = sum(pieces.blocks.own(p).holds(near).astype(int) for p in pieces.blocks.pieces)
    assert (held == 1).all()


@pytest.mark.parametrize("count", [1, 2, 999, 1000])
def test_the_median_is_that_of_all(count):
    values = np.random.default_rng(count).exponential(0.1, count).astype(np.float32)
    values[: count // 3] = 1.0
    assert median_of(values) == np.median(values)
