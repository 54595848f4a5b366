"""Bias, MAE, MAPE, GEH and correlation of joined counts, each with a 95 % interval.

All are functions of sums over the bins, so that leaving a block of time out is a subtraction. The
intervals are analytic: a delete-one-block jackknife over blocks of time (Shao and Tu, The Jackknife
and Bootstrap, 1995) with Student's t of (blocks - 1) degrees of freedom; for MAE, MAPE and WAPE on
the logarithm, for the correlation on Fisher's z. Blocks are long enough that errors which last,
such as those of rain or dusk, fall into one; all series of a group share them, so that errors which
they have together count once. The share of hours with a good GEH has the interval of Clopper and
Pearson for as many hours as the blocks make them worth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from twin_pipeline.model import FloatArray

CONFIDENCE = 0.95
_BLOCKS_MIN = ((24 * 60, 10), (120, 6), (60, 4), (30, 4), (0, 4))
"""Lengths of blocks, longest first, each with the least number of them; 0 is a single bin."""


@dataclass(frozen=True, slots=True)
class Value:
    """A figure with where it lies with 95 % confidence; None where the data have none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why_not: str = ""
    """Why there is no value or no interval."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """How sensor counts stand to manual counts; bins are of `bin_minutes`."""

    bins: int
    sensor_total: float
    manual_total: float
    bias: Value
    """Mean of sensor minus manual, vehicles a bin."""
    bias_percent: Value
    """Sum of sensor minus manual, per cent of the manual total."""
    mae: Value
    """Mean absolute difference, vehicles a bin."""
    mape_percent: Value
    """Mean of the absolute difference in per cent of the manual count, over bins that have one."""
    wape_percent: Value
    """Sum of the absolute differences in per cent of the manual total; needs no bins left out."""
    zero_bins: int
    """Bins without a vehicle by the manual count, which MAPE leaves out."""
    zero_bins_sensor: float
    """What the sensor counted in those bins."""
    correlation: Value
    geh_hours: int
    """Whole hours of counts."""
    geh_share: Value
    """Share of the hours with a GEH below the limit."""
    geh_mean: float | None
    geh_max: float | None
    blocks: int
    block_min: int
    """Length of the blocks of the intervals, minutes."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Joined bins of one or several series; arrays are (N,)."""

    series: FloatArray
    """Number of the series."""
    start_min: FloatArray
    sensor: FloatArray
    manual: FloatArray


def geh(sensor: FloatArray, manual: FloatArray) -> FloatArray:
    """Return the GEH statistic of hourly flows; 0 where both are 0.

    sqrt(2 (s - m)^2 / (s + m)), UK Design Manual for Roads and Bridges, volume 12.
    """
    total = sensor + manual
    return np.sqrt(2 * (sensor - manual) ** 2 / np.where(total > 0, total, 1.0))


def hours_of(pairs: Pairs, bin_minutes: int) -> Pairs:
    """Return the flows of the hours of which all bins are there."""
    phase = pairs.start_min % bin_minutes
    hour = (pairs.start_min - phase) // 60
    keys = np.stack([pairs.series, hour, phase])
    unique, inverse, count = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
    inverse = inverse.ravel()
    whole = count == 60 // bin_minutes
    sums = [np.bincount(inverse, v, len(count))[whole] for v in (pairs.sensor, pairs.manual)]
    return Pairs(unique[0, whole], 60 * unique[1, whole] + unique[2, whole], *sums)


def measure(pairs: Pairs, bin_minutes: int, geh_limit: float) -> Metrics:
    """Return all metrics of joined bins."""
    hours = hours_of(pairs, bin_minutes)
    hour_geh = geh(hours.sensor, hours.manual)
    block_min, blocks, of_hours = _blocks(pairs, hours, bin_minutes)
    s, m = pairs.sensor, pairs.manual
    positive = m > 0
    ape = np.where(positive, np.abs(s - m) / np.where(positive, m, 1.0), 0.0)
    parts = np.stack([np.ones_like(s), s, m, np.abs(s - m), positive, ape, s * s, m * m, s * m])
    sums = _summed(parts, blocks)
    good = np.stack([np.ones_like(hour_geh), hour_geh < geh_limit])
    hour_sums = _summed(good, of_hours, sums.shape[1])
    return Metrics(
        bins=len(s),
        sensor_total=float(s.sum()),
        manual_total=float(m.sum()),
        bias=_interval(sums, lambda t: (t[1] - t[2]) / t[0]),
        bias_percent=_interval(sums, lambda t: 100 * _ratio(t[1] - t[2], t[2]), why=_NO_VEHICLE),
        mae=_interval(sums, lambda t: t[3] / t[0], _LOG),
        mape_percent=_interval(sums, lambda t: 100 * _ratio(t[5], t[4]), _LOG, _NO_VEHICLE),
        wape_percent=_interval(sums, lambda t: 100 * _ratio(t[3], t[2]), _LOG, _NO_VEHICLE),
        zero_bins=int((~positive).sum()),
        zero_bins_sensor=float(s[~positive].sum()),
        correlation=_interval(sums, _correlation, _FISHER, "the counts don't vary"),
        geh_hours=len(hour_geh),
        geh_share=_share(hour_sums),
        geh_mean=float(hour_geh.mean()) if len(hour_geh) else None,
        geh_max=float(hour_geh.max()) if len(hour_geh) else None,
        blocks=sums.shape[1],
        block_min=block_min,
    )


_NO_VEHICLE = "no vehicle was counted by hand"
_Scale = tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]
_PLAIN: _Scale = (lambda x: x, lambda x: x)
_LOG: _Scale = (np.log, np.exp)
_FISHER: _Scale = (np.arctanh, np.tanh)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)


def _correlation(t: FloatArray) -> FloatArray:
    n, s, m, ss, mm, sm = t[0], t[1], t[2], t[6], t[7], t[8]
    spread = np.maximum(n * ss - s * s, 0) * np.maximum(n * mm - m * m, 0)
    some = spread > 1e-9 * np.maximum(n * ss, 1) * np.maximum(n * mm, 1)
    return np.where(some, (n * sm - s * m) / np.sqrt(np.where(some, spread, 1.0)), np.nan)


def _blocks(pairs: Pairs, hours: Pairs, bin_minutes: int) -> tuple[int, FloatArray, FloatArray]:
    """Return the length of blocks, and the block of each bin and of each hour."""
    for length, least in _BLOCKS_MIN:
        block = pairs.start_min // (length or bin_minutes)
        names, numbers = np.unique(block, return_inverse=True)
        if len(names) >= least:
            break
    length = length or bin_minutes
    of_hours = np.searchsorted(names, hours.start_min // length)
    return length, numbers.astype(float), of_hours.astype(float)


def _summed(parts: FloatArray, blocks: FloatArray, count: int | None = None) -> FloatArray:
    """Return the sums (P, B) of parts (P, N) by block."""
    numbers = blocks.astype(int)
    total = count if count is not None else (int(numbers.max()) + 1 if len(numbers) else 0)
    return np.stack([np.bincount(numbers, part, total) for part in parts])


def _interval(
    sums: FloatArray,
    of: Callable[[FloatArray], FloatArray],
    scale: _Scale = _PLAIN,
    why: str = "there are no bins",
) -> Value:
    """Return a function of sums with its interval by the jackknife."""
    total = sums.sum(axis=1)
    if not total[0]:
        return Value(None, why_not="there are no bins")
    value = float(of(total))
    if not np.isfinite(value):
        return Value(None, why_not=why)
    count = sums.shape[1]
    if count < _BLOCKS_MIN[-1][1]:
        return Value(value, why_not="too short for an interval")
    forward, back = scale
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = forward(np.array(value))
        others = forward(of(total[:, None] - sums))
    if not (np.isfinite(middle) and np.isfinite(others).all()):
        return Value(value, why_not="rests on too few bins for an interval")
    error = np.sqrt((count - 1) / count * ((others - others.mean()) ** 2).sum())
    reach = stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1) * error
    return Value(value, float(back(middle - reach)), float(back(middle + reach)))


def _share(sums: FloatArray) -> Value:
    """Return the share of good hours with its interval; `sums` has hours and good ones a block."""
    hours, good = sums.sum(axis=1)
    if not hours:
        return Value(None, why_not="no hour is complete")
    share = good / hours
    used = sums[:, sums[0] > 0]
    count = used.shape[1]
    if count < 2:
        return Value(float(share), why_not="too short for an interval")
    worth = _worth(used, share)
    low, high = (
        stats.beta.ppf(
            [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2],
            [worth * share, worth * share + 1],
            [worth * (1 - share) + 1, worth * (1 - share)],
        )
        .clip(0, 1)
        .tolist()
    )
    return Value(
        float(share), 0.0 if share == 0 else float(low), 1.0 if share == 1 else float(high)
    )


def _worth(used: FloatArray, share: float) -> float:
    """Return how many independent hours the hours are worth."""
    hours, count = float(used[0].sum()), used.shape[1]
    if share in {0.0, 1.0}:
        return min(hours, float(count))
    residual = used[1] - share * used[0]
    variance = count / (count - 1) * float((residual**2).sum()) / hours**2
    return float(np.clip(share * (1 - share) / variance, 1.0, hours)) if variance > 0 else hours


def figures(metrics: Metrics) -> Sequence[tuple[str, Value]]:
    """Return the figures that have intervals, by name."""
    names = (
        "bias", "bias_percent", "mae", "mape_percent", "wape_percent", "correlation", "geh_share",
    )  # fmt: skip
    return [(name, getattr(metrics, name)) for name in names]
