"""A thin main, 60 mm, on the floor of a trench 6 m long in noise of 0.4 of its radius."""

import numpy as np
import pytest
from stages.made import make_tube, pyramid_of, straight, trench_ground

from twin_pipeline.blurring import blurred_mains, by_whole_section
from twin_pipeline.geometry.rims import rims_of

LENGTH_M, HALF_M, FLOOR_M, RADIUS_M = 6.0, 0.4, -1.2, 0.03
RIMS = rims_of(trench_ground(LENGTH_M, 2.0 * HALF_M))
NOISE_M = 0.012
RAYS, TILT_RAD = 30_000, 0.6
"""Half of the rays come from either side of the trench."""


def straight_m(along_m):
    return np.full(len(along_m), 0.05)


def winding_m(along_m):
    """Offsets (N,) of a hose as it comes off its drum."""
    return 0.06 * np.sin(1.1 * along_m) + 0.04 * np.sin(4.2 * along_m)


def trench(offset_m, seed, noise_m=NOISE_M, bedded=0.0):
    """Points of a floor, and of a tube in it that lies aside of the middle, if there is one.

    Noise lies along the rays, which end where they meet the tube or the soil, that hides a share
    of the tube's height.
    """
    rng = np.random.default_rng(seed)
    along = rng.uniform(0.0, LENGTH_M, RAYS)
    tilt = rng.choice([-TILT_RAD, TILT_RAD], RAYS)
    across = rng.uniform(-HALF_M, HALF_M, RAYS)
    up = np.full(RAYS, FLOOR_M)
    if offset_m is not None:
        sunk_m = (1.0 - 2.0 * bedded) * RADIUS_M
        passing = (across - offset_m(along)) * np.cos(tilt) - sunk_m * np.sin(tilt)
        angle = np.arcsin(np.clip(passing / RADIUS_M, -1.0, 1.0)) - tilt
        over_m = sunk_m + RADIUS_M * np.cos(angle)
        hit = (np.abs(passing) < RADIUS_M) & (over_m > 0.0)
        across[hit] = offset_m(along[hit]) + RADIUS_M * np.sin(angle[hit])
        up[hit] += over_m[hit]
    far = rng.normal(0.0, noise_m, RAYS)
    xyz = np.column_stack([along, across - far * np.sin(tilt), up + far * np.cos(tilt)])
    return pyramid_of(xyz + rng.normal(0.0, 0.15 * noise_m, xyz.shape))


@pytest.mark.parametrize("bedded", [0.0, 0.5])
def test_a_thin_main_is_found_in_noise_of_nearly_half_its_radius(bedded):
    pyramid = trench(straight_m, 1, bedded=bedded)
    (tube,) = blurred_mains(pyramid, RIMS, [])
    assert tube.length_m > 5.5
    assert tube.observed.all()
    assert abs(tube.radius_m - RADIUS_M) < min(2.5 * tube.radius_std_m, 0.0025)
    assert np.abs(tube.nodes[:, 1] - 0.05).max() < 0.004
    crown_m = FLOOR_M + 2.0 * (1.0 - bedded) * RADIUS_M
    assert abs(tube.nodes[:, 2].mean() + tube.radius_m - crown_m) < 0.004
    assert tube.blurred
    assert blurred_mains(pyramid, RIMS, [tube]) == []


@pytest.mark.parametrize("offset_m", [None, winding_m], ids=["bare floor", "hose"])
def test_nothing_else_is(offset_m):
    assert blurred_mains(trench(offset_m, 3), RIMS, []) == []


def test_a_sharp_scan_is_not_searched(monkeypatch):
    monkeypatch.setattr("twin_pipeline.blurring.ridges", None)
    assert blurred_mains(trench(straight_m, 1, 0.3 * NOISE_M), RIMS, []) == []


@pytest.mark.parametrize(("std_m", "mended"), [(0.001, True), (0.01, False)])
def test_a_tube_that_noise_made_too_thick_gets_its_size_back_if_it_was_sure(std_m, mended):
    axis = straight(5.6, (0.2, 0.05, FLOOR_M + 0.02))
    thick = make_tube(axis, 1.3 * RADIUS_M, noise_m=0.009, radius_std_m=std_m)
    (tube,) = by_whole_section(trench(straight_m, 1), [thick])
    assert (tube is not thick) == mended
    assert not mended or abs(tube.radius_m - RADIUS_M) < 2.5 * tube.radius_std_m
