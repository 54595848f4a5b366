"""Pipes that go on with another diameter."""

import numpy as np
import pytest

from stages.made import make_tube, straight
from twin_pipeline.stages.step import constant_part

NODES = straight(8.0)
PER_SLICE = 5
SLICES = -(-len(NODES) // PER_SLICE)
NOISE_M = 0.0008


def with_slices(radius_m):
    """A tube whose slices, of `PER_SLICE` nodes each, have these radii (S,)."""
    return make_tube(NODES, slice_radius_m=np.repeat(radius_m, PER_SLICE)[: len(NODES)])


def noisy(radius_m, seed=0):
    return radius_m + np.random.default_rng(seed).normal(0.0, NOISE_M, SLICES)


@pytest.mark.parametrize(("at_m", "begin_m", "end_m"), [(2.5, 2.5, 8.0), (5.5, 0.0, 5.5)])
def test_the_longer_part_of_one_radius_is_taken(at_m, begin_m, end_m):
    behind = np.arange(SLICES) * PER_SLICE * 0.05 >= at_m
    part = constant_part(with_slices(noisy(np.where(behind, 0.059, 0.0845))))
    assert part is not None
    assert part.radius_m == pytest.approx(0.059 if begin_m else 0.0845, abs=NOISE_M)
    first, last = part.axis[[0, -1], 0]
    assert begin_m <= first <= begin_m + (0.6 if begin_m else 0.0)
    assert end_m - (0.6 if end_m < 8.0 else 0.0) <= last <= end_m


@pytest.mark.parametrize("seed", range(5))
def test_one_radius_is_one_part_though_slices_scatter(seed):
    assert constant_part(with_slices(noisy(0.0845, seed))) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_radius_that_drifts_little_by_little_has_no_step(seed):
    drift = np.linspace(0.0, 0.006, SLICES)
    assert constant_part(with_slices(noisy(0.0845 + drift, seed))) is None


def test_a_step_near_an_end_is_left_alone():
    behind = np.arange(SLICES) >= SLICES - 2
    assert constant_part(with_slices(noisy(np.where(behind, 0.059, 0.0845)))) is None


def test_unseen_slices_take_no_part():
    radius = noisy(np.where(np.arange(SLICES) >= 10, 0.059, 0.0845))
    radius[8:13] = np.nan
    part = constant_part(with_slices(radius))
    assert part is not None
    assert part.axis[0, 0] >= 13 * PER_SLICE * 0.05 - 1e-9


@pytest.mark.parametrize("radius", [np.nan, 0.0845])
def test_a_tube_without_slices_of_its_own_has_no_step(radius):
    assert constant_part(make_tube(NODES, slice_radius_m=np.full(len(NODES), radius))) is None
