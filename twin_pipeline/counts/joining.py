"""Sensor and manual sheets joined bin by bin, each sensor's clock corrected as far as it is known.

The finer of the two sheets is moved, so that as few of its bins as possible are cut; the bins that
are compared are those of the other one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from twin_pipeline.counts.clock import (
    Clock,
    ClockState,
    Pair,
    judge,
    profile_of,
)
from twin_pipeline.counts.metrics import Pairs
from twin_pipeline.counts.options import CountsOptions
from twin_pipeline.counts.series import Series, series_of, windowed
from twin_pipeline.counts.sheet import KEYS, Key, Sheet
from twin_pipeline.errors import UsageError
from twin_pipeline.model import FloatArray

TOTALS = {"all", "total", "合計", "計", "全車", "全車種"}
"""Vehicle classes that are the sum of others, in lower case."""

_AGREE = 0.99
_FAR_MIN = 120
_ALIKE, _MORE_ALIKE = 0.85, 0.25
"""Correlation that a shift of hours must give, and by how much more than one of minutes."""


@dataclass(frozen=True, slots=True, eq=False)
class JoinedSeries:
    """One site, direction and vehicle class; arrays are (N,), a bin each, NaN where missing."""

    key: Key
    start_min: FloatArray
    sensor: FloatArray
    """By the corrected clock."""
    manual: FloatArray
    as_labelled: tuple[FloatArray, FloatArray]
    """Sensor and manual counts of the bins as the sensor labelled them."""

    @property
    def matched(self) -> FloatArray:
        """Return (N,) whether both have a count."""
        return np.isfinite(self.sensor) & np.isfinite(self.manual)

    def pairs(self, number: int, *, labelled: bool = False) -> Pairs:
        """Return the bins that both have."""
        sensor, manual = self.as_labelled if labelled else (self.sensor, self.manual)
        both = np.isfinite(sensor) & np.isfinite(manual)
        count = int(both.sum())
        return Pairs(
            np.full(count, float(number)), self.start_min[both], sensor[both], manual[both]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """All that could be joined, and what could not."""

    series: tuple[JoinedSeries, ...]
    totals: tuple[JoinedSeries, ...]
    """Per site and direction, its vehicle classes added up; bins of which one is missing, too."""
    clocks: Mapping[str, Clock]
    """By site."""
    only_sensor: tuple[Key, ...]
    only_manual: tuple[Key, ...]
    warnings: tuple[str, ...]


def join(sensor: Sheet, manual: Sheet, options: CountsOptions) -> Joined:
    """Join two sheets.

    Raises
    ------
    UsageError
        When they have no series in common, or one tells apart what the other does not.
    """
    _require_same_columns(sensor, manual)
    keys = [key for key in manual.counts if key in sensor.counts]
    if not keys:
        raise UsageError(
            f"{sensor.path} has no series that {manual.path} has too: {_listed(sensor)} there, "
            f"{_listed(manual)} here; name them alike with --mapping, see docs/counts.md"
        )
    width = options.bin_minutes
    moved_sensor = sensor.resolution_min <= manual.resolution_min
    pairs = {key: _pair(key, sensor, manual, width, moved_sensor=moved_sensor) for key in keys}
    sign = 1 if moved_sensor else -1
    sites = list(dict.fromkeys(site for site, _, _ in keys))
    clocks = _clocks(sites, pairs, options, sign)
    series = tuple(
        _joined(key, pair, clocks[key[0]].applied_min, width, sign) for key, pair in pairs.items()
    )
    return Joined(
        series=series,
        totals=_totals(series),
        clocks=clocks,
        only_sensor=tuple(key for key in sensor.counts if key not in manual.counts),
        only_manual=tuple(key for key in manual.counts if key not in sensor.counts),
        warnings=(*sensor.notes, *manual.notes),
    )


def _require_same_columns(sensor: Sheet, manual: Sheet) -> None:
    for key in KEYS:
        for has, lacks in ((sensor, manual), (manual, sensor)):
            if key in has.has and key not in lacks.has:
                raise UsageError(
                    f"{lacks.path}: has no column {key}, which {has.path} has; name it with "
                    "--mapping, or take it out of the other file"
                )


def _listed(sheet: Sheet) -> str:
    names = [" / ".join(filter(None, key)) or "one without a name" for key in sheet.counts]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _pair(key: Key, sensor: Sheet, manual: Sheet, width: int, *, moved_sensor: bool) -> Pair:
    """Return the series whose bins are compared, added up to their length, and the moved one."""
    kept, moved = (manual, sensor) if moved_sensor else (sensor, manual)
    target = series_of(kept.counts[key], kept.resolution_min)
    if target.step_min != width:
        first = width * (target.begin_min // width)
        count = -(-(target.begin_min + target.step_min * len(target.counts) - first) // width)
        starts = first + width * np.arange(count, dtype=float)
        target = Series(first, width, windowed(target, starts, width)[0])
    return target, series_of(moved.counts[key], moved.resolution_min)


def _joined(key: Key, pair: Pair, applied_min: float, width: int, sign: int) -> JoinedSeries:
    target, source = pair
    moved, _ = windowed(source, target.starts + sign * applied_min, width)
    labelled, _ = windowed(source, target.starts, width)
    if sign > 0:
        manual = target.counts
        return JoinedSeries(key, target.starts, moved, manual, (labelled, manual))
    # The bins are the sensor's; their beginnings are told by the right clock.
    sensor = target.counts
    return JoinedSeries(key, target.starts - applied_min, sensor, moved, (sensor, labelled))


def _totals(series: Sequence[JoinedSeries]) -> tuple[JoinedSeries, ...]:
    grouped: dict[tuple[str, str], list[JoinedSeries]] = {}
    for one in series:
        grouped.setdefault(one.key[:2], []).append(one)
    return tuple(_total(group, parts) for group, parts in grouped.items())


def _total(group: tuple[str, str], parts: Sequence[JoinedSeries]) -> JoinedSeries:
    classes = [one for one in parts if one.key[2].lower() not in TOTALS] or list(parts[:1])
    starts = np.unique(np.concatenate([one.start_min for one in classes]))
    sums = np.zeros((4, len(starts)))
    for one in classes:
        own = np.full_like(sums, np.nan)
        at = np.searchsorted(starts, one.start_min)
        own[:, at] = one.sensor, one.manual, *one.as_labelled
        sums += own
    sensor, manual, *labelled = sums
    return JoinedSeries((*group, ""), starts, sensor, manual, (labelled[0], labelled[1]))


def _clocks(
    sites: Sequence[str], pairs: Mapping[Key, Pair], options: CountsOptions, sign: int
) -> dict[str, Clock]:
    """Return what is known of each site's clock."""
    most, width = options.max_offset_min, options.bin_minutes
    if not most:
        off = Clock(
            ClockState.NOT_LOOKED_FOR, reason="counts.max_offset_min is 0: joined as labelled",
            reason_ja="counts.max_offset_min = 0 のため、記録時刻のまま照合",
        )  # fmt: skip
        return dict.fromkeys(sites, off)
    step = next(iter(pairs.values()))[1].step_min
    of_site = {site: _clock_pairs(site, pairs) for site in sites}
    clocks = {
        site: _far_off(
            judge(profile_of(found, width, most, sign), width, step),
            _likeness(found, width, sign),
            max(_FAR_MIN, most + width),
        )
        for site, found in of_site.items()
    }
    open_sites = [site for site in sites if clocks[site].state is ClockState.UNKNOWN]
    if not open_sites or len(sites) == 1 or not _agree(clocks):
        return clocks
    together = [pair for found in of_site.values() for pair in found]
    common = judge(profile_of(together, width, most, sign), width, step)
    if common.state not in {ClockState.RIGHT, ClockState.CORRECTED}:
        return clocks
    for site in open_sites:
        if _allows(clocks[site], common):
            clocks[site] = _by_all(clocks[site], common)
    return clocks


def _clock_pairs(site: str, pairs: Mapping[Key, Pair]) -> list[Pair]:
    """Return the series that tell of a site's clock: totals, which wrong classes leave alone.

    Where adding up would lose half of the bins, the classes stand alone.
    """
    own = {key: pair for key, pair in pairs.items() if key[0] == site}
    directions = list(dict.fromkeys(key[1] for key in own))
    found: list[Pair] = []
    for direction in directions:
        parts = [
            pair for key, pair in own.items()
            if key[1] == direction and key[2].lower() not in TOTALS
        ] or [pair for key, pair in own.items() if key[1] == direction][:1]  # fmt: skip
        total = _added([p[0] for p in parts]), _added([p[1] for p in parts])
        fullest = max(parts, key=lambda pair: np.isfinite(pair[0].counts).sum())
        enough = all(
            2 * np.isfinite(total[i].counts).sum() >= np.isfinite(fullest[i].counts).sum()
            for i in (0, 1)
        )
        found += [total] if enough else parts
    return found


def _added(parts: Sequence[Series]) -> Series:
    """Return the sum of series; a bin that one lacks is missing."""
    step = parts[0].step_min
    begin = min(one.begin_min for one in parts)
    end = max(one.begin_min + step * len(one.counts) for one in parts)
    total = np.zeros((end - begin) // step)
    for one in parts:
        own = np.full(len(total), np.nan)
        first = (one.begin_min - begin) // step
        own[first : first + len(one.counts)] = one.counts
        total += own
    return Series(begin, step, total)


def _agree(clocks: Mapping[str, Clock]) -> bool:
    """Whether the sites whose clocks are known may have the same error."""
    known = [c for c in clocks.values() if c.state in {ClockState.RIGHT, ClockState.CORRECTED}]
    beyond = any(c.state is ClockState.BEYOND for c in clocks.values())
    intervals = [c.interval_min for c in known if c.interval_min is not None]
    if beyond or len(intervals) < 2:
        return not beyond
    values = np.array([c.estimate_min for c in known], float)
    errors = np.array([max(high - low, 1.0) / (2 * 1.96) for low, high in intervals])
    mean = np.average(values, weights=1 / errors**2)
    off = float((((values - mean) / errors) ** 2).sum())
    return off <= float(stats.chi2.ppf(_AGREE, len(values) - 1))


def _allows(own: Clock, common: Clock) -> bool:
    """Whether what all sites say is among what this one's counts leave open."""
    if own.profile is None or common.estimate_min is None:
        return True
    at = np.abs(own.profile.offsets_min - common.estimate_min).argmin()
    return bool(own.profile.deviance[at] <= own.profile.limit)


def _by_all(own: Clock, common: Clock) -> Clock:
    told, told_ja = ("", "")
    if common.state is ClockState.CORRECTED:
        told, told_ja = f": {common.reason}", f"：{common.reason_ja}"
    return replace(
        common,
        state=ClockState.COMMON,
        profile=own.profile,
        candidates_min=own.candidates_min,
        reason=f"its own counts can't tell; taken from all sites together{told}",
        reason_ja=f"地点単独では特定できず、全地点共通の値を採用{told_ja}",
    )


def _far_off(clock: Clock, alike: Mapping[int, float], far_min: int) -> Clock:
    """Return a clock as beyond tolerance where a shift of hours makes the counts far more alike.

    Times in UTC are the usual reason.
    """
    if clock.state is ClockState.RIGHT:
        return clock
    best = max(alike, key=lambda lag: alike[lag], default=0)
    near = max((r for lag, r in alike.items() if abs(lag) < far_min), default=1.0)
    if abs(best) < far_min or alike[best] < _ALIKE or alike[best] - near < _MORE_ALIKE:
        return clock
    hours = f"{abs(best) / 60:g}"
    utc, utc_ja = (
        (" (UTC, not Japan's time?)", "（UTC の可能性）") if abs(best) == 540 else ("", "")
    )
    way, way_ja = ("ahead", "進み") if best > 0 else ("behind", "遅れ")
    return Clock(
        ClockState.BEYOND,
        candidates_min=(float(best),),
        reason=f"the counts would fit far better with the sensor's clock {hours} h {way}{utc}; "
        "that is not applied: counts are joined as they are labelled",
        reason_ja=f"時計が {hours} 時間{way_ja}とみると一致する{utc_ja}。"
        "補正せず、記録時刻のまま照合",
    )


def _likeness(pairs: Sequence[Pair], width: int, sign: int) -> dict[int, float]:
    """Return the correlation of the counts by the error of the clock, in steps of bins."""
    found = {}
    for lag in range(-12 * 60, 12 * 60 + 1, width):
        moved = [windowed(source, target.starts + sign * lag, width)[0] for target, source in pairs]
        x = np.concatenate(moved)
        y = np.concatenate([target.counts for target, _ in pairs])
        both = np.isfinite(x) & np.isfinite(y)
        if both.sum() >= 16 and np.ptp(x[both]) > 0 and np.ptp(y[both]) > 0:
            found[lag] = float(np.corrcoef(x[both], y[both])[0, 1])
    return found
