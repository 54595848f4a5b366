"""A scan that drifts shows its surfaces twice; taken out, they are one again."""

from dataclasses import replace

import numpy as np
import pytest

from stages.made import run_along, straight, tube_points
from twin_pipeline.geometry.recording import FileOrder
from twin_pipeline.geometry.steadied import Steadied
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray, PointCloud
from twin_pipeline.shelves import Shelf
from twin_pipeline.stages.measure import MeasureOptions, measure
from twin_pipeline.stages.prepare import PrepareOptions, prepare
from twin_pipeline.stages.steady import SteadyOptions, steady

LENGTH_M = 10.0
HALF_M = 0.6
RADIUS_M = 0.03
NOISE_M = 0.002


def _trench(rng: np.random.Generator, count: int) -> FloatArray:
    """Points (N, 3) of floor, two walls, both shoulders and the top of a thin pipe."""
    x = rng.uniform(0.0, LENGTH_M, count)
    u = rng.uniform(-1.0, 1.0, count)
    part = rng.integers(0, 5, count)
    side = np.where(part % 2 == 0, 1.0, -1.0)
    wall, shoulder = (part == 1) | (part == 2), part > 2
    y = np.where(
        wall, side * HALF_M, np.where(shoulder, side * (HALF_M + 0.5 + 0.5 * u), HALF_M * u)
    )
    z = np.where(wall, 0.5 + 0.5 * u, np.where(shoulder, 1.0, 0.0))
    ends = rng.random(count) < 0.05
    x = np.where(ends, np.where(u > 0.0, 0.0, LENGTH_M), x)
    y = np.where(ends, rng.uniform(-HALF_M, HALF_M, count), y)
    z = np.where(ends, rng.uniform(0.0, 1.0, count), z)
    points = np.column_stack([x, y, z]) + rng.normal(0.0, NOISE_M, (count, 3))
    pipe = tube_points(straight(LENGTH_M), RADIUS_M, rng, noise_m=NOISE_M, per_m2=15_000.0)
    return np.vstack([points, pipe[pipe[:, 2] > 0.0] + (0.0, 0.0, 0.3)])


def _walked(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Points (N, 3) in the order in which two walks record them, and where in time (N,), 0 to 1."""
    walks = []
    for _ in range(2):
        points = _trench(rng, 100_000)
        when = points[:, 0] + rng.uniform(-1.5, 1.5, len(points))
        walks.append(points[np.argsort(when if not walks else -when)])
    points = np.vstack(walks)
    return points, np.linspace(0.0, 1.0, len(points))


def _drift(time: FloatArray, size_m: float) -> FloatArray:
    """Shift (N, 3) that changes smoothly, each axis in its own way."""
    return size_m * np.column_stack(
        [np.sin(11.0 * time), np.sin(17.0 * time + 1.0), np.cos(14.0 * time)]
    )


@pytest.fixture(scope="module")
def walked() -> tuple[FloatArray, FloatArray]:
    return _walked(np.random.default_rng(7))


def _cloud(points: FloatArray) -> PointCloud:
    return PointCloud(points, np.zeros(3))


def _steadied(points: FloatArray) -> Steadied:
    steadied = steady(_cloud(points), SteadyOptions())
    assert steadied is not None
    return steadied


def _measured(cloud: PointCloud) -> Tube | None:
    run = run_along(np.add(straight(LENGTH_M), (0.0, 0.0, 0.3)), RADIUS_M)
    return measure(prepare(cloud, PrepareOptions()), run, MeasureOptions())


def test_what_walks_differ_by_is_taken_out(walked):
    points, time = walked
    shift = _drift(time, 0.010)
    left = _steadied(points + shift).cloud(_cloud(points + shift), None).xyz - points
    # what all points share no surface tells
    left -= left.mean(axis=0)
    assert np.sqrt(np.mean(shift[:, 1:] ** 2)) > 0.005
    assert np.sqrt(np.mean(left[:, 1:] ** 2)) < 0.0012


def test_a_pipe_as_thin_as_the_drift_is_round_again(walked):
    points, time = walked
    drifting = _cloud(points + _drift(time, 0.010))
    blurred = _measured(drifting)
    assert blurred is None or blurred.noise_m > 2.0 * NOISE_M
    clear = _measured(_steadied(drifting.xyz).cloud(drifting, None))
    assert clear is not None
    assert clear.noise_m < 1.3 * NOISE_M
    assert clear.radius_m == pytest.approx(RADIUS_M, abs=0.0006)


def test_a_scan_that_does_not_drift_stays_as_it_is(walked):
    points, time = walked
    assert steady(_cloud(points), SteadyOptions()) is None
    assert steady(_cloud(points + _drift(time, 0.0005)), SteadyOptions()) is None


def test_without_times_nothing_is_moved(walked):
    points, time = walked
    shuffled = np.random.default_rng(1).permutation(points + _drift(time, 0.010))
    assert steady(_cloud(shuffled), SteadyOptions()) is None


def test_times_in_the_file_serve_where_its_order_does_not(walked):
    points, time = walked
    drifting = points + _drift(time, 0.010)
    order = np.random.default_rng(2).permutation(len(points))
    cloud = PointCloud(drifting[order], np.zeros(3), 4.0e8 + 50.0 * time[order])
    steadied = steady(cloud, SteadyOptions())
    assert steadied is not None
    by_order = _steadied(drifting).cloud(_cloud(drifting), None).xyz
    assert np.abs(steadied.cloud(cloud, None).xyz - by_order[order]).max() < 0.002


def test_on_a_shelf_the_cloud_is_the_same(walked, tmp_path):
    points, time = walked
    cloud = _cloud(points + _drift(time, 0.010))
    steadied = _steadied(cloud.xyz)
    kept = steadied.cloud(cloud, Shelf(tmp_path)).xyz
    assert np.array_equal(kept, steadied.cloud(cloud, None).xyz)


def test_what_the_whole_scan_may_be_off_is_told(walked):
    points, time = walked
    drifting = _cloud(points + _drift(time, 0.010))
    steadied = _steadied(drifting.xyz)
    assert isinstance(steadied.recorded, FileOrder)
    tube = _measured(steadied.cloud(drifting, None))
    assert tube is not None
    seen = np.linspace(0.0, len(points) - 1.0, 500)
    places = tube.nodes[np.linspace(0, len(tube.nodes) - 1, 500).astype(int)]
    across, up = steadied.common_std(tube, places, seen)
    for std in (across, up):
        assert std.shape == (len(tube.nodes),)
        assert 0.001 < std.min() <= std.max() < 0.012
    # what is known for sure leaves nothing open
    sure = replace(steadied, covariance=0.0 * steadied.covariance)
    assert not np.any(sure.common_std(tube, places, seen))
