"""What the counts tell of a clock, against clocks whose error is known."""

import numpy as np
import pytest

from counts.roads import binned, passing, seen
from twin_pipeline.counts.clock import Clock, ClockState, judge, profile_of
from twin_pipeline.counts.series import Series, windowed

KNOWN = {ClockState.RIGHT, ClockState.CORRECTED}


def series(pairs, width):
    return Series(int(pairs[0][0]), width, np.array([count for _, count in pairs], float))


def clock_of(seed, ahead_min, *, width=15, hours=12, share=0.95, flat=False) -> Clock:
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(2):
        moments = passing(rng, hours, 10, flat=flat)
        counts = binned(seen(rng, moments, share, ahead_min=ahead_min), -75, hours * 60 + 75, width)
        pairs.append((series(binned(moments, 0, hours * 60), 15), series(counts, width)))
    return judge(profile_of(pairs, 15, 60, 1), 15, width)


@pytest.mark.parametrize("width", [15, 5])
@pytest.mark.parametrize("ahead_min", [0, 3, 7.5, -15, -22, 45])
def test_intervals_hold_the_truth_as_often_as_they_say(ahead_min, width):
    clocks = [clock_of(seed, ahead_min, width=width) for seed in range(40)]
    known = [clock for clock in clocks if clock.state in KNOWN]
    assert len(known) >= 34
    held = sum(c.interval_min[0] <= ahead_min <= c.interval_min[1] for c in known)
    assert held / len(known) >= 0.9
    assert abs(np.mean([c.estimate_min for c in known]) - ahead_min) < 0.5
    assert np.std([c.estimate_min for c in known]) < 1.5


def test_a_right_clock_is_left_alone():
    clocks = [clock_of(seed, 0) for seed in range(60)]
    assert sum(clock.applied_min != 0 for clock in clocks) <= 5


def test_whole_bins_are_moved_as_whole_bins():
    assert clock_of(1, 30).applied_min == 30
    assert clock_of(1, 20, width=5).applied_min == 20


def test_counts_that_have_nothing_in_common_tell_nothing():
    states = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        pairs = [[Series(0, 15, rng.poisson(60, 48).astype(float)) for _ in range(2)]]
        found = judge(profile_of(pairs, 15, 60, 1), 15, 15)
        states.append(found.state)
        if found.state is ClockState.UNKNOWN:
            assert found.applied_min == 0
            assert "joined as they are labelled" in found.reason
    assert states.count(ClockState.UNKNOWN) >= 57


def test_a_pattern_that_repeats_is_ambiguous_and_the_candidates_are_named():
    wave = 40 + 30 * np.sin(2 * np.pi * np.arange(60) / 4)  # repeats every hour
    rng = np.random.default_rng(3)
    manual, sensor = rng.poisson(wave).astype(float), rng.poisson(np.roll(wave, 1)).astype(float)
    found = judge(profile_of([(Series(0, 15, manual), Series(0, 15, sensor))], 15, 60, 1), 15, 15)
    assert found.state is ClockState.UNKNOWN
    assert {15.0, -45.0} <= {15.0 * round(at / 15) for at in found.candidates_min}
    assert "ambiguous" in found.reason


def test_constant_counts_leave_everything_open():
    flat = Series(0, 15, np.full(48, 20.0))
    found = judge(profile_of([(flat, flat)], 15, 60, 1), 15, 15)
    assert (found.state, found.applied_min) == (ClockState.UNKNOWN, 0.0)


def test_an_error_beyond_what_is_looked_for_is_not_applied():
    found = clock_of(5, 60)
    assert (found.state, found.applied_min) == (ClockState.BEYOND, 0.0)


def test_too_short():
    found = clock_of(5, 15, hours=1)
    assert found.state is ClockState.UNKNOWN
    assert "too few" in found.reason


def test_windows_share_out_what_they_cut():
    found = Series(100, 10, np.array([10.0, 20.0, np.nan, 40.0, 50.0]))
    value, spread = windowed(found, np.array([100.0, 104.0, 110.0, 130.0, 134.0, 90.0]), 10)
    np.testing.assert_allclose(value, [10, 0.6 * 10 + 0.4 * 20, 20, 40, 44, np.nan])
    np.testing.assert_allclose(spread, [0, 0.24 * 10 + 0.24 * 20, 0, 0, 0.24 * 90, np.nan])
    np.testing.assert_allclose(windowed(found, np.array([100.0]), 20)[0], [30])
