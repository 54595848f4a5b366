"""How wrong a sensor's clock is, from the counts themselves; and when they can't tell.

Counts of the same road by two clocks are alike when the windows of one are shifted by the
difference. The likelihood of a shift: what is counted in a window that cuts bins of the other sheet
is normal with the mean a mu and the variance a^2 v + tau a mu, where mu and v come from sharing the
cut bins out (`series.windowed`), a is the share of the vehicles that the sensor sees, and tau how
much more or less than by chance it errs. Without v, shifts by half a bin would look best, as they
average two bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from scipy import stats

from twin_pipeline.counts.series import Series, windowed
from twin_pipeline.model import FloatArray

CONFIDENCE = 0.95
_RIVAL_CONFIDENCE = 0.999
_LEAST_BINS = 12
_LEAST_KEPT = 0.6
"""Share of the bins that must be comparable at every shift that is tried."""
_TAUS = np.geomspace(0.005, 200.0, 24)
_LEAST_VARIANCE = 0.25
_CAUTION = 2.2
"""Widening of the limits: the parts of one cut bin hang together, which the likelihood leaves out.
By simulation (tests/counts/test_clock.py) the intervals then hold what they say."""

Pair = tuple[Series, Series]
"""The series whose bins are compared, and the finer or equal one that is shifted."""


class ClockState(StrEnum):
    """What is known of a clock."""

    RIGHT = "right"
    """Its error is known and may be zero; nothing is shifted."""
    CORRECTED = "corrected"
    COMMON = "common"
    """Corrected by what all sites together say, as this one's own counts can't tell."""
    UNKNOWN = "unknown"
    """The counts can't tell; nothing is shifted."""
    BEYOND = "beyond tolerance"
    """The likely error is larger than what may be corrected; nothing is shifted."""
    NOT_LOOKED_FOR = "not looked for"


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """How well each shift fits."""

    offsets_min: FloatArray
    """(K,) errors of the clock that were tried, minutes; positive where it is ahead."""
    deviance: FloatArray
    """(K,) minus twice the log-likelihood, less that of the best."""
    bins: int
    limit: float
    """Deviance that the interval of confidence reaches to."""

    @property
    def best_min(self) -> float:
        """The shift that fits best."""
        return float(self.offsets_min[int(np.argmin(self.deviance))])

    def intervals(self, limit: float | None = None) -> list[tuple[float, float]]:
        """Return the ranges of shifts that fit within a limit."""
        held = self.deviance <= (self.limit if limit is None else limit)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(int), [0]])))
        return [
            (self._crossing(a, -1), self._crossing(b - 1, 1))
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]

    def _crossing(self, inside: int, direction: int) -> float:
        """Return where, next to the last shift inside, the deviance crosses the limit."""
        outside = inside + direction
        x = self.offsets_min
        if not 0 <= outside < len(x):
            return float(x[inside])
        low, high = self.deviance[inside], self.deviance[outside]
        share = (self.limit - low) / (high - low) if high > low >= 0 and high > self.limit else 1.0
        return float(x[inside] + np.clip(share, 0.0, 1.0) * (x[outside] - x[inside]))


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """What is known of the clock of a site's sensor."""

    state: ClockState
    estimate_min: float | None = None
    """Positive where the sensor's clock is ahead of the manual one."""
    interval_min: tuple[float, float] | None = None
    """Where the error lies with 95 % confidence."""
    applied_min: float = 0.0
    """What was taken off the sensor's times."""
    candidates_min: tuple[float, ...] = ()
    """Other errors that the counts don't exclude."""
    reason: str = ""
    reason_ja: str = ""
    profile: Profile | None = field(default=None, repr=False)


def profile_of(pairs: Sequence[Pair], width_min: int, most_min: int, sign: int) -> Profile | None:
    """Return how well each shift fits all series of a site; None where too few bins remain.

    Parameters
    ----------
    pairs
        Series of one clock.
    width_min
        Length of the bins that are compared, that of the first series of each pair.
    most_min
        Largest shift to try, minutes; less is tried where the counts are too short for it.
    sign
        1 where the shifted series is the sensor's, -1 where it is the manual one.
    """
    base = sum(int(np.isfinite(_compared(pair, [0.0], width_min)[0][0]).sum()) for pair in pairs)
    for reach in range(most_min, 0, -max(1, min(width_min, most_min))):
        offsets: FloatArray = np.arange(-reach, reach + 1, dtype=np.float64)
        found = [_compared(pair, sign * offsets, width_min) for pair in pairs]
        kept = [np.isfinite(mu).all(axis=0) & np.isfinite(y) for mu, _, y in found]
        bins = sum(int(keep.sum()) for keep in kept)
        if bins >= max(_LEAST_BINS, _LEAST_KEPT * base):
            parts = [(m[:, k], v[:, k], y[k]) for (m, v, y), k in zip(found, kept, strict=True)]
            return _profile(offsets, [part for part in parts if part[2].size], bins)
    return None


def _compared(
    pair: Pair, shifts: Sequence[float] | FloatArray, width_min: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return means and variances (K, N) at each shift, and the counts (N,) they are held to."""
    target, source = pair
    cut = [windowed(source, target.starts + shift, width_min) for shift in shifts]
    return np.array([mu for mu, _ in cut]), np.array([v for _, v in cut]), target.counts


def _profile(
    offsets: FloatArray, parts: Sequence[tuple[FloatArray, FloatArray, FloatArray]], bins: int
) -> Profile:
    residuals, spreads, means = [], [], []
    lengths = [len(y) for _, _, y in parts]
    for mu, v, y in parts:
        total = mu.sum(axis=1, keepdims=True)
        a = np.where(total > 0, y.sum() / np.where(total > 0, total, 1.0), 1.0)
        residuals.append(y - a * mu)
        spreads.append(a**2 * v)
        means.append(a * mu)
    residual, spread, mean = (np.concatenate(p, axis=1) for p in (residuals, spreads, means))
    squared = residual**2
    deviances = []
    for tau in _TAUS:
        variance = np.maximum(spread + tau * mean, _LEAST_VARIANCE)
        deviances.append((np.log(variance) + squared / variance).sum(axis=1))
    deviance = _lowest(np.array(deviances))
    freedom = max(bins - len(parts) - 2, 1)
    best = int(np.argmin(deviance))
    lasting = _lasting(residual[best], spread[best] + mean[best], lengths)
    limit = (
        _CAUTION
        * lasting
        * bins
        * np.log1p(stats.t.ppf(0.5 + CONFIDENCE / 2, freedom) ** 2 / freedom)
    )
    return Profile(offsets, deviance - deviance.min(), bins, float(limit))


def _lasting(residual: FloatArray, variance: FloatArray, lengths: Sequence[int]) -> float:
    """Return how much less the bins tell because what is left over lasts from one to the next.

    (1 + r) / (1 - r) with the correlation r of neighbours, as of an autoregressive series, and r
    by its standard error larger than it looks.
    """
    scaled = residual / np.sqrt(np.maximum(variance, _LEAST_VARIANCE))
    parts = np.split(scaled, np.cumsum(lengths)[:-1])
    power = sum(float((part**2).sum()) for part in parts)
    along = sum(float((part[1:] * part[:-1]).sum()) for part in parts)
    r = along / power if power > 0 else 0.0
    r = min(max(r + 1 / np.sqrt(len(residual)), 0.0), 0.95)
    return (1 + r) / (1 - r)


def _lowest(values: FloatArray) -> FloatArray:
    """Return the least of each column (L, K), between the rows by a parabola through three."""
    at = np.clip(np.argmin(values, axis=0), 1, len(values) - 2)
    column = np.arange(values.shape[1])
    before, here, after = (values[at + d, column] for d in (-1, 0, 1))
    bend = before - 2 * here + after
    step = np.where(bend > 0, (before - after) / np.where(bend > 0, 2 * bend, 1.0), 0.0)
    step = np.clip(step, -1.0, 1.0)
    parabola = here + step * (after - before) / 2 + step**2 * bend / 2
    return np.minimum(parabola, values.min(axis=0))


def judge(profile: Profile | None, width_min: int, step_min: int) -> Clock:
    """Return what a profile says of a clock.

    Parameters
    ----------
    width_min
        Length of the bins: an interval that is longer is of no use.
    step_min
        Length of the bins of the shifted series: shifts by multiples of it cut no bin.
    """
    if profile is None:
        return Clock(
            ClockState.UNKNOWN,
            reason="too few bins to tell; counts are joined as they are labelled",
            reason_ja="区間数が不足し判定できないため、記録時刻のまま照合",
        )
    rivals = profile.intervals(_rival_limit(profile))
    own = profile.intervals()
    best = profile.best_min
    candidates = tuple(sorted({_best_within(profile, pair) for pair in (*rivals, *own)}))
    inside = low, high = min(p[0] for p in own), max(p[1] for p in own)
    if max(candidates) - min(candidates) > width_min / 2:
        told = ", ".join(f"{value:+.0f}" for value in candidates[:6])
        return Clock(
            ClockState.UNKNOWN,
            best,
            inside,
            candidates_min=candidates,
            reason=f"ambiguous: errors of {told} min fit about as well; counts are joined as they "
            "are labelled",
            reason_ja=f"候補が複数（{told} 分）あり特定できないため、記録時刻のまま照合",
            profile=profile,
        )
    edge = float(profile.offsets_min[-1])
    if high - low > width_min or low <= -edge or high >= edge:
        return _too_wide(profile, best, inside, edge, width_min)
    if low <= 0 <= high:
        return Clock(
            ClockState.RIGHT, best, inside,
            reason="no error beyond chance", reason_ja="有意なずれなし", profile=profile,
        )  # fmt: skip
    if any(first <= 0 <= last for first, last in rivals):
        return Clock(
            ClockState.UNKNOWN, best, inside,
            reason=f"an error of {best:+.0f} min is likely, but not certain enough to be corrected",
            reason_ja=f"{best:+.0f} 分のずれの疑いがあるが、補正するほど確かではない",
            profile=profile,
        )  # fmt: skip
    applied = _uncut(best, inside, step_min)
    way = "by whole bins" if applied % step_min == 0 else "bins that it cuts are shared out"
    way_ja = "区間単位の移動" if applied % step_min == 0 else "区間を按分"
    return Clock(
        ClockState.CORRECTED, best, inside, applied,
        reason=f"sensor's times moved by {-applied:+.0f} min, {way}",
        reason_ja=f"センサー時刻を {-applied:+.0f} 分補正（{way_ja}）", profile=profile,
    )  # fmt: skip


def _too_wide(
    profile: Profile, best: float, inside: tuple[float, float], edge: float, width_min: int
) -> Clock:
    low, high = inside
    if high - low <= width_min:
        return Clock(
            ClockState.BEYOND, best, inside, candidates_min=(best,),
            reason=f"the best fit lies at the end of the ±{edge:.0f} min that were looked at: the "
            "clock's error is as large or larger; counts are joined as they are labelled",
            reason_ja=f"探索範囲 ±{edge:.0f} 分の端が最適で、ずれはそれ以上の恐れ。"
            "記録時刻のまま照合",
            profile=profile,
        )  # fmt: skip
    return Clock(
        ClockState.UNKNOWN, best, inside, candidates_min=(best,),
        reason=f"the counts can't tell: anything from {low:+.0f} to {high:+.0f} min "
        "fits; counts are joined as they are labelled",
        reason_ja=f"交通量からは特定できない（{low:+.0f}～{high:+.0f} 分のいずれも適合）。"
        "記録時刻のまま照合",
        profile=profile,
    )  # fmt: skip


def _rival_limit(profile: Profile) -> float:
    return profile.limit * float(
        stats.chi2.ppf(_RIVAL_CONFIDENCE, 1) / stats.chi2.ppf(CONFIDENCE, 1)
    )


def _best_within(profile: Profile, pair: tuple[float, float]) -> float:
    within = (profile.offsets_min >= pair[0] - 0.5) & (profile.offsets_min <= pair[1] + 0.5)
    return float(profile.offsets_min[np.flatnonzero(within)[profile.deviance[within].argmin()]])


def _uncut(best: float, inside: tuple[float, float], step_min: int) -> float:
    """Return the multiple of the bins' length that the interval contains, or the best fit."""
    nearest = step_min * round(best / step_min)
    return float(nearest if inside[0] <= nearest <= inside[1] and nearest else best)
