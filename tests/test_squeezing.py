"""A thin pipe of which so few points were scanned that no round patch of it has a normal."""

from contextlib import nullcontext

import numpy as np
import pytest
from stages.made import pyramid_of

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.extraction import extract
from twin_pipeline.model import PointCloud
from twin_pipeline.squeezing import squeezed_tracers
from twin_pipeline.stages.detect import DetectOptions, blind_below_m, detect
from twin_pipeline.synthetic import presets, scan

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
    assert list(squeezed_tracers(pyramid_of(cloud.xyz), None, [], Config())) == []
