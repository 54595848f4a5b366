"""Walks that do not fit each other: two surfaces of one pipe, and what times make of them."""

import math

import numpy as np
import pytest

from stages.made import pyramid_of, run_along, straight, tube_points
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.recording import recording_order
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray, PointCloud
from twin_pipeline.stages.measure import MeasureOptions, measure
from twin_pipeline.stages.prepare import PrepareOptions, prepare

RADIUS_M = 0.11
LENGTH_M = 8.0
SEEDS = range(5)


def walk(
    rng: np.random.Generator, side: float, *, backwards: bool, noise_m: float = 0.003
) -> FloatArray:
    """Points (N, 3) of a walk on one side, in the order of time: crown, and the flank it sees."""
    points = tube_points(straight(LENGTH_M), RADIUS_M, rng, noise_m=noise_m, per_m2=4_000.0)
    seen = points[side * points[:, 1] > -0.35 * RADIUS_M]
    when = seen[:, 0] + rng.uniform(-1.5, 1.5, len(seen))
    return seen[np.argsort(-when if backwards else when)]


def two_walks(seed: int, shift_m: tuple[float, float, float]) -> FloatArray:
    rng = np.random.default_rng([41, seed])
    out, back = walk(rng, 1.0, backwards=False), walk(rng, -1.0, backwards=True)
    return np.vstack([out, back + np.array(shift_m)])


def ordered(points: FloatArray) -> Pyramid:
    return prepare(PointCloud(points, np.zeros(3)), PrepareOptions())


def measured(pyramid: Pyramid) -> Tube:
    run = run_along(straight(LENGTH_M), 1.03 * RADIUS_M)
    tube = measure(pyramid, run, MeasureOptions(), with_drift=True)
    assert tube is not None
    return tube


@pytest.mark.parametrize("shift_m", [(0.0, 0.008, 0.0), (0.0, -0.008, 0.004), (0.0, 0.0, 0.006)])
def test_walks_that_are_registered_badly_do_not_change_the_diameter(shift_m):
    ratios = []
    for seed in SEEDS:
        tube = measured(ordered(two_walks(seed, shift_m)))
        ratios.append((tube.radius_m - RADIUS_M) / tube.radius_std_m)
        assert abs(tube.radius_m - RADIUS_M) < 0.0009
        assert tube.noise_m == pytest.approx(0.003, rel=0.15)
    assert np.abs(ratios).max() < 3.5


def test_without_times_they_do():
    points = two_walks(0, (0.0, 0.008, 0.0))
    shuffled = np.random.default_rng(1).permutation(points)
    tube = measured(pyramid_of(shuffled))
    assert abs(tube.radius_m - RADIUS_M) > 0.0015


def test_a_slow_drift_does_not_change_the_diameter():
    rng = np.random.default_rng(43)
    points = np.vstack([walk(rng, 1.0, backwards=False), walk(rng, -1.0, backwards=True)])
    time = np.linspace(0.0, 2.0 * math.pi, len(points))
    drifted = points + 0.007 * np.column_stack([0.0 * time, np.sin(2 * time), np.cos(3 * time)])
    tube = measured(ordered(drifted))
    assert abs(tube.radius_m - RADIUS_M) < 0.0006
    assert tube.noise_m == pytest.approx(0.003, rel=0.2)


def test_the_axis_stays_where_the_scan_shows_it():
    """What was scanned beside the pipe has the same shift; the cover hangs on that."""
    points = two_walks(0, (0.0, 0.0, 0.006))
    tube = measured(ordered(points))
    assert np.median(tube.nodes[:, 2]) == pytest.approx(0.003, abs=0.0015)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_scan_without_drift_is_measured_as_before(seed):
    points = two_walks(seed, (0.0, 0.0, 0.0))
    with_times = measured(ordered(points))
    without = measured(pyramid_of(np.random.default_rng(seed).permutation(points)))
    assert with_times.radius_m == pytest.approx(without.radius_m, abs=2.5 * without.radius_std_m)
    assert with_times.radius_std_m < 2.0 * without.radius_std_m


def times(cloud):
    return recording_order(cloud)[np.arange(len(cloud))]


def along_rays(seed: int, noise_m: float) -> FloatArray:
    """Points (N, 3) of two walks that scatter along the rays of a scanner beside the pipe."""
    rng = np.random.default_rng([47, seed])
    walks = []
    for side in (1.0, -1.0):
        points = walk(rng, side, backwards=side < 0.0, noise_m=0.0)
        ray = np.array([0.0, side * math.sin(0.6), math.cos(0.6)])
        walks.append(points + rng.normal(0.0, noise_m, (len(points), 1)) * ray)
    return np.vstack(walks)


def test_noise_along_the_rays_of_each_walk_passes_for_no_shift():
    off_m = [measured(ordered(along_rays(seed, 0.008))).radius_m - RADIUS_M for seed in SEEDS]
    assert abs(np.mean(off_m)) < 0.0013


def test_the_order_of_a_file_tells_when_points_were_recorded():
    points = two_walks(0, (0.0, 0.0, 0.0))
    rank = np.arange(len(points), dtype=np.float64)
    np.testing.assert_array_equal(times(PointCloud(points, np.zeros(3))), rank)
    mixed = np.random.default_rng(2).permutation(len(points))
    assert recording_order(PointCloud(points[mixed], np.zeros(3))) is None
    timed = PointCloud(points[mixed], np.zeros(3), rank[mixed])
    np.testing.assert_array_equal(times(timed), rank[mixed])


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("way", [1.0, -1.0])
def test_points_sorted_by_a_coordinate_tell_no_time(axis, way):
    """In the middle of such a file both walks lie side by side, as if recorded at once."""
    points = two_walks(0, (0.0, 0.0, 0.0))
    by_coordinate = points[np.argsort(way * points[:, axis], kind="stable")]
    assert recording_order(PointCloud(by_coordinate, np.zeros(3))) is None


@pytest.mark.parametrize("cell_m", [0.01, 0.1])
@pytest.mark.parametrize("turned_deg", [0.0, 30.0])
def test_points_in_the_order_of_cells_tell_no_time(cell_m, turned_deg):
    """As thinning leaves them, or an octree; in a frame that was turned since."""
    points = two_walks(0, (0.0, 0.0, 0.0))
    turn = np.radians(turned_deg)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    cell = np.floor(np.column_stack([points[:, :2] @ turned, points[:, 2]]) / cell_m)
    by_cell = points[np.lexsort(cell.T[::-1])]
    assert recording_order(PointCloud(by_cell, np.zeros(3))) is None


def test_times_that_tell_nothing_are_not_taken():
    points = two_walks(0, (0.0, 0.0, 0.0))
    rng = np.random.default_rng(3)
    constant = PointCloud(points, np.zeros(3), np.full(len(points), 7.0))
    random = PointCloud(points, np.zeros(3), rng.random(len(points)))
    rank = np.arange(len(points), dtype=np.float64)
    for cloud in (constant, random):
        np.testing.assert_array_equal(times(cloud), rank)
