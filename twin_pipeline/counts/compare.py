"""From two sheets of counts to metrics by group and a verdict."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin_pipeline.counts.clock import ClockState
from twin_pipeline.counts.columns import load_mapping
from twin_pipeline.counts.joining import Joined, JoinedSeries, join
from twin_pipeline.counts.metrics import Metrics, Pairs, Value, measure
from twin_pipeline.counts.options import CountsOptions
from twin_pipeline.counts.sheet import Sheet, read_sheet

LEVELS = ("overall", "vehicle_class", "site", "site_direction", "series")
"""What a group may be; all but vehicle_class and series add up the classes of a road."""

JUDGED = ("overall", "site_direction")


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the series, and how right the sensors are there."""

    level: str
    site: str | None
    direction: str | None
    vehicle_class: str | None
    """None where the classes are added up."""
    metrics: Metrics
    """By the corrected clocks."""
    as_labelled: Metrics | None
    """As the sensors labelled their bins; None where no clock was corrected."""
    manual_bins: int
    sensor_missing: int
    """Manual bins for which the sensor has no count."""
    manual_missing: int
    """Sensor bins within the manual count's span for which there is no manual count."""

    @property
    def matched_share(self) -> float:
        """Share of the manual bins for which the sensor has a count."""
        return self.metrics.bins / self.manual_bins if self.manual_bins else 0.0


@dataclass(frozen=True, slots=True)
class Criterion:
    """One threshold held to one group."""

    group: Group
    name: str
    value: float | None
    limit: float
    at_least: bool
    passed: bool
    certain: bool
    """Whether the interval of confidence lies on one side of the threshold."""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All that is known of sensors against manual counts."""

    sensor: Sheet
    manual: Sheet
    joined: Joined
    groups: tuple[Group, ...]
    criteria: tuple[Criterion, ...]
    options: CountsOptions
    warnings: tuple[str, ...]
    made_at: str

    @property
    def passed(self) -> bool:
        """Whether every threshold is met."""
        return all(criterion.passed for criterion in self.criteria)


def compare(sensor: Path, manual: Path, mapping: Path | None, options: CountsOptions) -> Comparison:
    """Compare a sheet of sensor counts with one of manual counts.

    Raises
    ------
    InputError
        When a sheet can't be read or holds what is no count.
    UsageError
        When columns are missing, or nothing can be joined.
    """
    sheets = load_mapping(mapping)
    of_sensor = read_sheet(sensor, sheets["sensor"], options.bin_minutes)
    of_manual = read_sheet(manual, sheets["manual"], options.bin_minutes)
    joined = join(of_sensor, of_manual, options)
    groups = tuple(_groups(joined, options))
    return Comparison(
        sensor=of_sensor,
        manual=of_manual,
        joined=joined,
        groups=groups,
        criteria=tuple(_criteria(groups, options)),
        options=options,
        warnings=(*joined.warnings, *_warnings(joined, of_sensor, of_manual)),
        made_at=dt.datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def _groups(joined: Joined, options: CountsOptions) -> Iterator[Group]:
    totals, series = joined.totals, joined.series
    yield _group("overall", (None, None, None), totals, joined, options)
    for kind in dict.fromkeys(one.key[2] for one in series):
        if kind:
            chosen = [one for one in series if one.key[2] == kind]
            yield _group("vehicle_class", (None, None, kind), chosen, joined, options)
    for site in dict.fromkeys(one.key[0] for one in totals):
        chosen = [one for one in totals if one.key[0] == site]
        yield _group("site", (site, None, None), chosen, joined, options)
    for one in totals:
        yield _group("site_direction", (*one.key[:2], None), [one], joined, options)
    for one in series:
        if one.key[2]:
            yield _group("series", one.key, [one], joined, options)


def _group(
    level: str,
    named: tuple[str | None, str | None, str | None],
    series: Sequence[JoinedSeries],
    joined: Joined,
    options: CountsOptions,
) -> Group:
    moved = any(joined.clocks[one.key[0]].applied_min for one in series)
    width, limit = options.bin_minutes, options.geh_limit
    labelled = measure(_together(series, labelled=True), width, limit) if moved else None
    has_sensor = [np.isfinite(one.sensor) for one in series]
    has_manual = [np.isfinite(one.manual) for one in series]
    both = list(zip(has_sensor, has_manual, strict=True))
    return Group(
        level,
        *named,
        metrics=measure(_together(series), width, limit),
        as_labelled=labelled,
        manual_bins=sum(int(m.sum()) for m in has_manual),
        sensor_missing=sum(int((m & ~s).sum()) for s, m in both),
        manual_missing=sum(int((s & ~m).sum()) for s, m in both),
    )


def _together(series: Sequence[JoinedSeries], *, labelled: bool = False) -> Pairs:
    parts = [one.pairs(number, labelled=labelled) for number, one in enumerate(series)]
    return Pairs(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("series", "start_min", "sensor", "manual")
        )
    )


def _criteria(groups: Sequence[Group], options: CountsOptions) -> Iterator[Criterion]:
    for group in groups:
        if group.level in JUDGED:
            yield from _judged(group, options)


def _judged(group: Group, options: CountsOptions) -> Iterator[Criterion]:
    m = group.metrics
    matched = Value(group.matched_share, group.matched_share, group.matched_share)
    bias = _either_way(m.bias_percent)
    for name, value, limit, at_least in (
        ("matched_share", matched, options.matched_share_min, True),
        ("geh_share", m.geh_share, options.geh_share_min, True),
        ("bias_percent", bias, options.bias_percent_max, False),
        ("mape_percent", m.mape_percent, options.mape_percent_max, False),
        ("correlation", m.correlation, options.correlation_min, True),
    ):
        if limit is None:
            continue
        passed = _holds(value.value, limit, at_least=at_least) is True
        ends = [_holds(end, limit, at_least=at_least) for end in (value.low, value.high)]
        certain = all(end is passed for end in ends)
        yield Criterion(
            group, name, value.value, limit, at_least, passed, certain, value.low, value.high
        )


def _holds(value: float | None, limit: float, *, at_least: bool) -> bool | None:
    if value is None:
        return None
    return value >= limit - 1e-12 if at_least else value <= limit + 1e-12


def _either_way(bias: Value) -> Value:
    """Return the size of a bias, with the interval of the size."""
    if bias.value is None or bias.low is None or bias.high is None:
        return bias if bias.value is None else Value(abs(bias.value), why_not=bias.why_not)
    ends = abs(bias.low), abs(bias.high)
    low = 0.0 if bias.low <= 0 <= bias.high else min(ends)
    return Value(abs(bias.value), low, max(ends))


def _warnings(joined: Joined, sensor: Sheet, manual: Sheet) -> Iterator[str]:
    for sheet, only, other in (
        (sensor, joined.only_sensor, manual),
        (manual, joined.only_manual, sensor),
    ):
        if only:
            names = ", ".join(" / ".join(filter(None, key)) for key in only[:4])
            more = f" and {len(only) - 4} more" if len(only) > 4 else ""
            yield (
                f"{sheet.path.name}: {names}{more} are not in {other.path.name} and were left out"
            )
    for site, clock in joined.clocks.items():
        if clock.state in {ClockState.UNKNOWN, ClockState.BEYOND}:
            yield f"clock of {site or 'the sensor'}: {clock.reason}"
