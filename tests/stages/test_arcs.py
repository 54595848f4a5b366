"""Thin, noisily scanned pipes half in the soil: only the shape of the cross-section tells them."""

import numpy as np
import pytest

from stages.made import plane_points, pyramid_of, run_along, straight, tube_points
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure import MeasureOptions, measure

RADIUS_M = 0.032
NOISE_M = 0.0045
AXIS = straight(6.0)


def half_in_soil(seed: int) -> FloatArray:
    """The upper half of a pipe, and flat soil beside it as high as its axis."""
    rng = np.random.default_rng(seed)
    pipe = tube_points(AXIS, RADIUS_M, rng, noise_m=NOISE_M, per_m2=9_000.0)
    soil = plane_points((0.0, -0.3), (6.0, 0.3), 0.0, rng, per_m2=9_000.0, noise_m=NOISE_M)
    return np.vstack([pipe, soil[np.abs(soil[:, 1]) > RADIUS_M]])


def measured(points: FloatArray, radius_m: float, axis: FloatArray) -> Tube | None:
    return measure(pyramid_of(points), run_along(axis, radius_m), MeasureOptions())


@pytest.mark.parametrize("start", [0.85, 1.0, 1.2])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_thin_pipe_is_told_from_the_soil_it_lies_in(seed: int, start: float):
    tube = measured(half_in_soil(seed), start * RADIUS_M, AXIS - [0.0, 0.003, 0.004])
    assert tube is not None
    assert abs(tube.radius_m - RADIUS_M) < max(2.5 * tube.radius_std_m, 0.0005)
    assert tube.radius_std_m < 0.06 * RADIUS_M
    assert np.abs(tube.nodes[:, 2]).max() < 0.1 * RADIUS_M
    assert 80.0 <= float(np.median(tube.arc_deg)) <= 170.0


def test_flat_soil_alone_holds_no_thin_pipe():
    rng = np.random.default_rng(4)
    soil = plane_points((0.0, -0.3), (6.0, 0.3), 0.0, rng, per_m2=9_000.0, noise_m=NOISE_M)
    tube = measured(soil, RADIUS_M, AXIS - [0.0, 0.0, RADIUS_M])
    assert tube is None or tube.plane_ratio < 1.1
