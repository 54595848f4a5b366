"""A thin pipe of which so few points were scanned that no round patch of it has a normal."""

from collections.abc import Iterable
from contextlib import nullcontext

import numpy as np
import pytest
import shapely
from stages.made import (
    make_tube,
    plane_points,
    pyramid_of,
    straight,
    trench_ground,
    tube_points,
)

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.courses import Course
from twin_pipeline.extraction import extract
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.rims import Rims, rims_of
from twin_pipeline.geometry.squeeze import Squeeze
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import PointCloud
from twin_pipeline.squeezing import SqueezedTracer, squeezed_tracers, squeezing
from twin_pipeline.stages.detect import DetectOptions, blind_below_m, detect
from twin_pipeline.stages.judge import why_not_a_pipe
from twin_pipeline.stages.measure import measure
from twin_pipeline.stages.trace import Tracer
from twin_pipeline.synthetic import presets, scan

RIMS = rims_of(trench_ground(8.0, z_m=1.0))
SPARSE = presets.trench("VP", 50, length_m=8.0, points=70_000, noise_m=0.003, bedding=0.3, seed=3)


@pytest.fixture(scope="module")
def sparse():
    made = scan(SPARSE)
    origin = np.round(np.median(made.xyz, axis=0))
    return made.truth, PointCloud(made.xyz - origin, origin)


def test_a_pipe_is_found_that_the_cloud_as_it_is_has_no_seed_of(sparse):
    truth, cloud = sparse
    true = truth.pipes[0].centreline - cloud.origin
    seeds = detect(pyramid_of(cloud.xyz), DetectOptions())
    away = np.linalg.norm(seeds.centre[:, None] - true[None, ::5], axis=2).min(axis=1, initial=9.9)
    assert np.count_nonzero((away < 0.02) & (seeds.radius_m < 0.04)) < 3

    found = extract(cloud, Config(), load_catalogue(), lambda _: nullcontext())
    (pipe,) = found.pipes
    assert pipe.length_m > 6.0
    error_m = pipe.outer_diameter_m - truth.pipes[0].outer_diameter_m
    assert abs(error_m) < 3.0 * pipe.outer_diameter_std_m
    along = (true[-1] - true[0]) / np.linalg.norm(true[-1] - true[0])
    off = np.cross(pipe.centreline - cloud.origin - true[0], along)
    assert np.linalg.norm(off, axis=1).max() < 0.01


def test_it_is_found_where_no_pavement_was_scanned(sparse):
    truth, cloud = sparse
    pavement_m = np.percentile(cloud.xyz[:, 2], 90.0)
    below = cloud.xyz[cloud.xyz[:, 2] < pavement_m - 0.1]
    found = extract(
        PointCloud(below, cloud.origin), Config(), load_catalogue(), lambda _: nullcontext()
    )
    assert found.ground is None
    (pipe,) = found.pipes
    assert pipe.length_m > 6.0
    error_m = pipe.outer_diameter_m - truth.pipes[0].outer_diameter_m
    assert abs(error_m) < 3.0 * pipe.outer_diameter_std_m


def test_a_dense_and_sharp_cloud_is_not_searched_again():
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0.0, 1.0, (2, 200_000))
    dense = pyramid_of(np.column_stack([x, y, rng.normal(0.0, 0.0005, len(x))]))
    assert blind_below_m(dense, DetectOptions()) is None
    sparse = pyramid_of(np.column_stack([x, y, 0.0 * x])[:3000])
    blind = blind_below_m(sparse, DetectOptions())
    assert blind is not None
    assert blind > 0.05


def test_without_a_trench_there_is_no_course_to_squeeze_along(sparse):
    _, cloud = sparse
    assert (
        list(
            squeezed_tracers(
                pyramid_of(cloud.xyz), Rims([], paved=False, dug=shapely.Polygon()), [], Config()
            )
        )
        == []
    )


def test_where_a_tube_goes_on_is_searched_along_the_angles_of_bends():
    """Five degrees off a bend's angle, as a ragged rim is, a squeezed pipe has no seeds."""
    rng = np.random.default_rng(6)
    sparse = pyramid_of(plane_points((0.0, -0.5), (8.0, 0.5), 0.0, rng, per_m2=800.0))
    tubes = [make_tube(straight(3.0, heading_deg=-5.0), 0.03)]
    tracers = squeezed_tracers(sparse, RIMS, tubes, Config())
    courses = [tracer._squeeze.direction for tracer in tracers]
    heading = np.degrees([np.arctan2(y, x) for x, y, _ in courses])
    bend = (heading - (-5.0 + 11.25) + 90.0) % 180.0 - 90.0
    assert np.abs(bend).min() < 0.1


def test_a_thin_pipe_in_noise_of_a_quarter_of_its_radius_has_seeds_pushed_together():
    rng = np.random.default_rng(7)
    axis = straight(8.0)
    pipe = tube_points(axis, 0.033, rng, arc_deg=150.0, per_m2=8_000.0, noise_m=0.0085)
    tracer = next(squeezed_tracers(pyramid_of(pipe), RIMS, [], Config()))
    on_axis = np.linalg.norm(tracer.seeds.centre[:, 1:], axis=1) < 0.012
    of_size = np.abs(np.log(tracer.seeds.radius_m / 0.033)) < 0.25
    assert np.count_nonzero(on_axis & of_size & (tracer.seeds.strength > 0.8)) > 3


def believed(cloud: Pyramid, tracers: Iterable[Tracer | SqueezedTracer]) -> list[Tube]:
    """Return the tubes of what tracers hand out that are pipes."""
    config, found = Config(), []
    for tracer in tracers:
        while (run := tracer.next_run()) is not None:
            tube = measure(cloud, run, config.measure)
            if tube is not None and why_not_a_pipe(tube, config.judge) is None:
                found.append(tube)
                tracer.take(tube.nodes, tube.radius_m)
            tracer.dismiss(run)
    return found


@pytest.mark.parametrize("angle_deg", [60.0, 90.0, 115.0])
def test_a_thin_pipe_that_crosses_in_noise_of_a_quarter_of_its_radius_is_found(angle_deg):
    """No more of it than the width of a trench is seen, which shows in no round patches."""
    rng = np.random.default_rng(11)
    radius_m, noise_m, turn = 0.0303, 0.0075, np.radians(angle_deg)
    way = straight(0.9, (4.0 - 0.45 * np.cos(turn), -0.45 * np.sin(turn), 0.0), angle_deg)
    pipe = tube_points(way, radius_m, rng, arc_deg=190.0, per_m2=15_000.0, noise_m=noise_m)
    floor = plane_points((0.0, -0.5), (8.0, 0.5), -0.4, rng, per_m2=4_000.0, noise_m=noise_m)
    cloud, config = pyramid_of(np.vstack([pipe, floor])), Config()
    seeds = detect(cloud, config.detect, config.trace.min_strength_rad)
    assert not believed(cloud, [Tracer(seeds, config.trace)])
    found = believed(cloud, squeezed_tracers(cloud, RIMS, [], config))
    assert found
    for tube in found:
        assert abs(tube.radius_m - radius_m) < 3.0 * tube.radius_std_m
        assert np.abs(tube.nodes[:, 2]).max() < 0.01


def test_what_is_short_is_no_pipe_where_the_cloud_was_pushed_together():
    rng = np.random.default_rng(8)
    sparse = pyramid_of(plane_points((0.0, -0.5), (8.0, 0.5), 0.0, rng, per_m2=800.0))
    tracer = next(squeezed_tracers(sparse, RIMS, [], Config()))
    assert tracer.too_thin(make_tube(straight(0.5), 0.032))
    assert not tracer.too_thin(make_tube(straight(3.0), 0.032))
    tracer.take(straight(2.0, (4.0, -1.0, 0.0), 90.0), 0.15)
    assert not tracer.too_thin(make_tube(straight(0.5, (4.15, 0.0, 0.0)), 0.032))
    assert tracer.too_thin(make_tube(straight(0.5, (4.6, 0.0, 0.0)), 0.032))
    assert tracer.too_thin(make_tube(straight(0.5, (4.15, 0.0, 0.0), 25.0), 0.032))


def test_what_leaves_a_main_is_not_taken_with_it_where_the_cloud_is_pushed_together():
    """Along the course a decimetre stands for most of a metre."""
    rng = np.random.default_rng(9)
    leaving = straight(0.9, (4.0, 0.2, 0.0), 90.0)
    branch = tube_points(leaving, 0.024, rng, arc_deg=200.0, per_m2=4_000.0, noise_m=0.003)
    main = straight(8.0)
    course = np.array([0.0, 1.0, 0.0])
    pushed, config = pyramid_of(Squeeze(course, 8.0).apply(branch)), Config()
    seeds = detect(pushed, config.detect, config.trace.min_strength_rad)
    beside = SqueezedTracer(Course(course), seeds, [make_tube(main, 0.16)], config)
    run = beside.next_run()
    assert run is not None
    assert run.length_m > 0.6


@pytest.mark.parametrize("found_after", [0, 1, 2])
def test_seeds_are_the_same_whether_or_not_they_were_found_ahead(found_after, monkeypatch):
    """Also where what is found meanwhile changes along which course the cloud is pushed next."""
    monkeypatch.setattr("twin_pipeline.squeezing.threads", lambda: 2)
    rng = np.random.default_rng(9)
    sparse = pyramid_of(plane_points((0.0, -0.5), (8.0, 0.5), 0.0, rng, per_m2=800.0))

    def handed_out(*, ahead: bool) -> list[tuple[list[float], float | None, list[float]]]:
        tubes: list[Tube] = []
        told = []
        for n, tracer in enumerate(squeezed_tracers(sparse, RIMS, tubes, Config(), ahead=ahead)):
            if n == found_after:
                tubes.append(make_tube(straight(3.0, heading_deg=-5.0), 0.03))
            direction, centres = tracer._squeeze.direction, tracer.seeds.centre
            told.append((direction.tolist(), tracer._radius_m, centres.tolist()))
        return told

    alone = handed_out(ahead=False)
    assert len(alone) > 3
    assert handed_out(ahead=True) == alone


@pytest.mark.parametrize("foreseen", [[], [make_tube(straight(3.0, heading_deg=-5.0), 0.03)]])
def test_what_was_foreseen_in_vain_is_forgotten(foreseen, monkeypatch):
    monkeypatch.setattr("twin_pipeline.squeezing.threads", lambda: 2)
    rng = np.random.default_rng(9)
    sparse = pyramid_of(plane_points((0.0, -0.5), (8.0, 0.5), 0.0, rng, per_m2=800.0))
    tubes = [make_tube(straight(9.0, heading_deg=4.0), 0.03)]
    alone = next(squeezed_tracers(sparse, RIMS, tubes, Config()))
    with squeezing(sparse, RIMS, Config(), ahead=True) as again:
        again.foresee(foreseen)
        found = next(again.tracers(tubes))
    assert np.array_equal(found._squeeze.direction, alone._squeeze.direction)
    assert np.array_equal(found.seeds.centre, alone.seeds.centre)
