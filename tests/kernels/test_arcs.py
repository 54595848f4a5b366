import math

import numpy as np
import pytest

from twin_pipeline.kernels.adjust import arcs

RADIUS_M = 0.03
NOISE_M = 0.002


def _profile(points: np.ndarray, mean_m: np.ndarray, spread_m: np.ndarray) -> np.ndarray:
    return np.array([[values] for values in (points, mean_m, spread_m)], float)


def _on_tube(first: int, length: int) -> np.ndarray:
    """A tube seen over some sectors; elsewhere a surface that leaves it."""
    sector = np.arange(arcs.SECTORS)
    behind = (sector - first) % arcs.SECTORS
    off = np.where(behind < length, 0.0, 0.4 * RADIUS_M * (1 + behind % 3))
    return _profile(np.full(arcs.SECTORS, 80), off, np.full(arcs.SECTORS, NOISE_M))


def _longest(profile: np.ndarray) -> np.ndarray:
    return arcs.longest_arcs(profile, NOISE_M, RADIUS_M, RADIUS_M)[0]


@pytest.mark.parametrize("first", [0, 11, 30])
@pytest.mark.parametrize("length", [6, 15, 27])
def test_the_arc_is_what_lies_on_the_tube_without_its_margins(first, length):
    kept = np.flatnonzero(_longest(_on_tube(first, length)))
    inner = [(first + k) % arcs.SECTORS for k in range(1, length - 1)]
    assert sorted(kept.tolist()) == sorted(inner)


def test_an_arc_of_a_shifted_circle_counts_as_well():
    profile = _on_tube(4, 14)
    angle = (np.arange(arcs.SECTORS) + 0.5) * 2.0 * math.pi / arcs.SECTORS - math.pi
    profile[1] += 0.004 * np.cos(angle) - 0.003 * np.sin(angle) + 0.001
    assert _longest(profile).sum() == 12


def test_no_arc_is_kept_of_scattered_means():
    off = 0.5 * RADIUS_M * (np.arange(arcs.SECTORS) % 2)
    profile = _profile(np.full(arcs.SECTORS, 80), off, np.full(arcs.SECTORS, NOISE_M))
    assert not _longest(profile).any()


def test_an_arc_ends_where_its_points_fill_the_band_or_are_few():
    profile = _on_tube(0, 20)
    profile[2, 0, 14:20] = 3.0 * NOISE_M
    assert not _longest(profile)[16:].any()
    profile = _on_tube(0, 20)
    profile[0, 0, 10] = 2
    assert np.flatnonzero(_longest(profile)).max() < 10


def test_profiles_are_number_mean_and_spread_near_the_shell():
    rng = np.random.default_rng(1)
    chainage, angle = rng.uniform(0.0, 2.0, 4000), rng.uniform(-np.pi, np.pi, 4000)
    chainage[:50] = np.nan
    residual = rng.normal(0.001, NOISE_M, 4000)
    found = arcs.profiles(chainage, angle, residual, 0.004, 1.5, 3)
    sector = ((angle + np.pi) / (2 * np.pi) * arcs.SECTORS).astype(int) % arcs.SECTORS
    slices = np.minimum(np.nan_to_num(chainage) * 1.5, 2).astype(int)
    for s, b in [(0, 0), (1, 17), (2, 35)]:
        own = (slices == s) & (sector == b) & (np.abs(residual) < 0.004) & ~np.isnan(chainage)
        expected = [own.sum(), residual[own].mean(), residual[own].std()]
        np.testing.assert_allclose(found[:, s, b], expected, rtol=1e-9)


def test_of_no_points_there_is_no_arc():
    nothing = np.empty(0)
    profile = arcs.profiles(nothing, nothing, nothing, 0.01, 1.0, 2)
    assert not arcs.longest_arcs(profile, NOISE_M, RADIUS_M, RADIUS_M).any()
