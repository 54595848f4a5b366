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


@pytest.mark.parametrize("first", [0, 22, 61])
@pytest.mark.parametrize("length", [12, 31, 54])
def test_the_arc_is_what_lies_on_the_tube_without_its_margins(first, length):
    kept = np.flatnonzero(_longest(_on_tube(first, length)))
    inner = [(first + k) % arcs.SECTORS for k in range(1, length - 1)]
    assert sorted(kept.tolist()) == sorted(inner)


def test_noise_takes_more_off_the_ends_of_an_arc():
    noise_m = 0.15 * RADIUS_M
    kept = arcs.longest_arcs(_on_tube(5, 30), noise_m, RADIUS_M, RADIUS_M)[0]
    assert np.flatnonzero(kept).tolist() == list(range(7, 33))


def test_of_a_narrow_arc_beside_a_floor_little_is_lost():
    radius_m, noise_m, half = 0.158, 0.011, math.radians(43.0)
    rng = np.random.default_rng(3)
    angle = rng.uniform(-half, half, 3000)
    around = radius_m * np.column_stack([np.cos(angle), np.sin(angle)])
    out = radius_m * rng.uniform(math.sin(half), 1.5, 3600) * rng.choice([-1.0, 1.0], 3600)
    floor = np.column_stack([np.full(3600, radius_m * math.cos(half)), out])
    points = np.vstack([around, floor])
    x, y = (points + rng.normal(0.0, noise_m, points.shape)).T
    residual = np.hypot(x, y) - radius_m
    profile = arcs.profiles(np.ones(6600), np.arctan2(y, x), residual, 4.0 * noise_m, 0.5, 1)
    kept = np.flatnonzero(arcs.longest_arcs(profile, noise_m, radius_m, radius_m)[0])
    seen_deg = (kept + 0.5) * 360.0 / arcs.SECTORS - 180.0
    assert np.abs(seen_deg).max() < math.degrees(half)
    assert len(kept) * 360.0 / arcs.SECTORS >= 65.0


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


@pytest.mark.parametrize("seed", range(8))
def test_an_arc_of_few_points_does_not_end_where_some_sector_has_none_by_chance(seed):
    rng = np.random.default_rng(seed)
    profile = _on_tube(0, 36)
    profile[0, 0, :36] = rng.poisson(4.0, 36)
    profile[0, 0, 36:] = 0
    assert _longest(profile).sum() >= 26
    profile[0, 0, 14:22] = 0
    kept = _longest(profile)
    assert not (kept[:14].any() and kept[22:].any())


def test_next_to_no_points_are_no_arc():
    profile = _on_tube(0, 36)
    profile[0, 0] = 0
    profile[0, 0, 40:70:6] = 1
    assert not _longest(profile).any()


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
