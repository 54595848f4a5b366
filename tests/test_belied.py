"""A large pipe between walls two metres apart, beside which no pavement was scanned."""

from contextlib import nullcontext

import numpy as np
from stages.made import plane_points, pyramid_of

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.extraction import extract
from twin_pipeline.model import PointCloud
from twin_pipeline.stages.ground import GroundOptions, find_ground

HALF_M, RADIUS_M, BEDDING_M, LENGTH_M = 1.1, 0.37, -0.55, 8.0


def trench():
    """Points (N, 3): the pipe's crown lies at 0, and is the highest level piece."""
    rng = np.random.default_rng(15)
    angle, along = rng.uniform(-1.9, 1.9, 60_000), rng.uniform(0.0, LENGTH_M, 60_000)
    pipe = RADIUS_M * np.column_stack([np.sin(angle), np.cos(angle) - 1.0])
    floor = plane_points((0.0, -HALF_M), (LENGTH_M, HALF_M), BEDDING_M, rng, noise_m=0.03)
    walls = np.column_stack([
        rng.uniform(0.0, LENGTH_M, 30_000),
        rng.choice([-HALF_M, HALF_M], 30_000) + rng.normal(0.0, 0.02, 30_000),
        rng.uniform(BEDDING_M, 0.8, 30_000),
    ])  # fmt: skip
    points = [np.column_stack([along, pipe]), floor[np.abs(floor[:, 1]) > RADIUS_M], walls]
    return np.vstack(points) + rng.normal(0.0, 0.002, (sum(map(len, points)), 3))


def test_what_lies_below_a_long_pipe_is_taken_for_no_pavement():
    points = trench()
    assert find_ground(pyramid_of(points), GroundOptions()) is not None
    cloud = PointCloud(points, np.zeros(3))
    found = extract(cloud, Config(), load_catalogue(), lambda _: nullcontext())
    assert found.ground is None
    (pipe,) = found.pipes
    assert pipe.length_m > 0.9 * LENGTH_M
    assert abs(pipe.outer_diameter_m - 2.0 * RADIUS_M) < 0.003
