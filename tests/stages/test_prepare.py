import numpy as np
import pytest

from stages.made import plane_points, pyramid_of, straight, tube_points
from twin_pipeline.errors import InputError
from twin_pipeline.model import PointCloud
from twin_pipeline.stages.prepare import PrepareOptions, prepare


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(1)
    return np.vstack(
        [
            tube_points(straight(2.0, (0.0, 0.0, -1.0)), 0.085, rng, noise_m=0.003),
            plane_points((-0.5, -0.5), (2.5, 0.5), -1.1, rng),
        ]
    )


@pytest.fixture(scope="module")
def pyramid(points):
    return pyramid_of(points)


def test_every_point_is_kept_once(points, pyramid):
    assert np.array_equal(np.sort(pyramid.order), np.arange(len(points)))
    assert np.array_equal(pyramid.xyz, points[pyramid.order])


@pytest.mark.parametrize("number", [0, 2, 4])
def test_voxels_of_a_level_hold_consecutive_points_within_their_size(pyramid, number):
    level = pyramid.level(number)
    assert level.size_m == pyramid.voxel_size_m * 2**number
    assert level.starts[0] == 0
    assert level.starts[-1] == len(pyramid.xyz)
    assert np.all(np.diff(level.starts) > 0)
    low = np.minimum.reduceat(pyramid.xyz, level.starts[:-1])
    high = np.maximum.reduceat(pyramid.xyz, level.starts[:-1])
    assert (high - low).max() <= level.size_m + 1e-9


def test_each_level_joins_voxels_of_the_finer_one(pyramid):
    fine, coarse = pyramid.level(1), pyramid.level(2)
    assert np.isin(coarse.starts, fine.starts).all()
    assert np.array_equal(coarse.keys, np.unique(fine.keys >> np.uint64(3)))


def test_voxel_of_a_point_is_the_one_that_holds_it(pyramid):
    level = pyramid.level(2)
    index = np.arange(0, len(pyramid.xyz), 7)
    voxel = level.voxel_of(index)
    assert np.all((level.starts[voxel] <= index) & (index < level.starts[voxel + 1]))


@pytest.mark.parametrize("number", [1, 3])
def test_capsule_holds_exactly_the_points_near_a_segment(pyramid, number):
    first, last, radius_m = np.array([0.3, 0.1, -1.0]), np.array([1.2, -0.1, -0.9]), 0.13
    along = last - first
    share = np.clip((pyramid.xyz - first) @ along / (along @ along), 0.0, 1.0)
    distance = np.linalg.norm(pyramid.xyz - first - share[:, None] * along, axis=1)
    found = pyramid.level(number).points_in_capsule(first, last, radius_m)
    assert np.array_equal(np.sort(found), np.flatnonzero(distance <= radius_m))


def test_normals_of_a_plane_are_as_good_as_said():
    pyramid = pyramid_of(
        plane_points((0.0, 0.0), (2.0, 2.0), 0.0, np.random.default_rng(2), slope=(0.1, -0.2))
    )
    level = pyramid.level(3)
    truth = np.array([-0.1, 0.2, 1.0]) / np.linalg.norm([-0.1, 0.2, 1.0])
    normal = level.surface.normal[level.usable]
    error_rad = np.arccos(np.clip(np.abs(normal @ truth), 0.0, 1.0))
    assert level.usable.mean() > 0.9
    assert np.linalg.norm(normal, axis=1) == pytest.approx(1.0)
    assert 0.3 < np.sqrt(np.mean(error_rad**2)) / level.typical_normal_std_rad < 3.0


def test_a_level_too_fine_for_the_cloud_knows_no_normals():
    sparse = plane_points((0.0, 0.0), (5.0, 5.0), 0.0, np.random.default_rng(3), per_m2=100.0)
    pyramid = pyramid_of(sparse)
    assert pyramid.level(0).too_fine
    assert pyramid.level(0).typical_normal_std_rad == 1.0
    assert not pyramid.level(5).too_fine


def test_voxels_do_not_depend_on_the_order_of_points(points, pyramid):
    again = pyramid_of(points[np.random.default_rng(4).permutation(len(points))])
    for number in (0, 3):
        assert np.array_equal(again.level(number).keys, pyramid.level(number).keys)
        assert np.array_equal(again.level(number).starts, pyramid.level(number).starts)


def test_a_single_point_and_equal_points_are_no_trouble():
    for count in (1, 50):
        pyramid = pyramid_of(np.full((count, 3), 2.5))
        assert len(pyramid.level(0).keys) == 1
        assert not pyramid.level(0).usable.any()


def test_an_empty_cloud_is_an_input_error():
    with pytest.raises(InputError, match="no points"):
        prepare(PointCloud(np.empty((0, 3)), np.zeros(3)), PrepareOptions())


def test_a_far_outlier_is_an_input_error_that_names_extent_and_option():
    cloud = PointCloud(np.array([[0.0, 0.0, 0.0], [50_000.0, 0.0, 0.0]]), np.zeros(3))
    with pytest.raises(InputError, match=r"50000 m.*prepare\.voxel_size_m = 0\.01"):
        prepare(cloud, PrepareOptions(voxel_size_m=0.01))
    assert len(prepare(cloud, PrepareOptions(voxel_size_m=0.05)).xyz) == 2
