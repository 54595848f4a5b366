"""counts.json and bins.csv: the comparison for programs, and every bin for who checks it."""

import csv
import datetime as dt
import io
import math
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import twin_pipeline
from twin_pipeline.counts.clock import Clock
from twin_pipeline.counts.compare import Comparison, Criterion, Group
from twin_pipeline.counts.metrics import Metrics, Value
from twin_pipeline.counts.sheet import Key, Sheet
from twin_pipeline.export.csv_text import BYTE_ORDER_MARK, no_formula

METHOD = (
    "95 % intervals: delete-one-block jackknife over blocks of time with Student's t; geh_share: "
    "Clopper-Pearson on the hours that the blocks are worth; clock: likelihood"
)
BINS_HEAD = (
    "site", "direction", "vehicle_class", "start", "sensor", "manual", "difference",
    "sensor_as_labelled", "manual_as_labelled",
)  # fmt: skip


def time_of(minute: float) -> str:
    """Return minutes since 1970 on the clocks of Japan as text with the zone."""
    return f"{_local(minute).isoformat(timespec='minutes')}+09:00"


def _local(minute: float) -> dt.datetime:
    return dt.datetime(1970, 1, 1) + dt.timedelta(minutes=minute)  # noqa: DTZ001 - Japan's clocks


def record_of(comparison: Comparison) -> dict[str, Any]:
    """Return the content of counts.json."""
    joined = comparison.joined
    return {
        "version": twin_pipeline.__version__,
        "made_at": comparison.made_at,
        "passed": comparison.passed,
        "sensor": _sheet(comparison.sensor),
        "manual": _sheet(comparison.manual),
        "options": comparison.options.model_dump(mode="json"),
        "method": METHOD,
        "clocks": [{"site": site, **_clock(clock)} for site, clock in joined.clocks.items()],
        "criteria": [_criterion(criterion) for criterion in comparison.criteria],
        "groups": [_group(group) for group in comparison.groups],
        "not_joined": {
            "only_in_sensor": [_key(key) for key in joined.only_sensor],
            "only_in_manual": [_key(key) for key in joined.only_manual],
        },
        "warnings": list(comparison.warnings),
    }


def bins_csv(comparison: Comparison) -> str:
    """Return every joined bin as CSV with a byte order mark."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(BINS_HEAD)
    writer.writerows(_bins(comparison))
    return BYTE_ORDER_MARK + buffer.getvalue()


def _bins(comparison: Comparison) -> Iterator[list[str]]:
    for one in comparison.joined.series:
        named = [no_formula(part) for part in one.key]
        columns = (one.start_min, one.sensor, one.manual, *one.as_labelled)
        for start, sensor, manual, sensor_label, manual_label in zip(*columns, strict=True):
            values = (sensor, manual, sensor - manual, sensor_label, manual_label)
            at = _local(start).strftime("%Y-%m-%d %H:%M")
            yield [*named, at, *(_number(float(value)) for value in values)]


def _number(value: float) -> str:
    return f"{value:z.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else ""


def _sheet(sheet: Sheet) -> dict[str, Any]:
    starts = [start for bins in sheet.counts.values() for start in bins]
    return {
        "file": str(sheet.path),
        "sha256": sheet.sha256,
        "rows": sheet.rows,
        "series": len(sheet.counts),
        "bin_minutes": sheet.resolution_min,
        "first_bin": time_of(min(starts)),
        "last_bin": time_of(max(starts)),
        "bins_stated_missing": sum(
            count is None for bins in sheet.counts.values() for count in bins.values()
        ),
    }


def _key(key: Key) -> dict[str, str]:
    return dict(zip(("site", "direction", "vehicle_class"), key, strict=True))


def _clock(clock: Clock) -> dict[str, Any]:
    return {
        "state": clock.state.value,
        "offset_minutes": _rounded(clock.estimate_min, 1),
        "interval_minutes": None
        if clock.interval_min is None
        else [_rounded(end, 1) for end in clock.interval_min],
        "applied_minutes": clock.applied_min,
        "candidates_minutes": list(clock.candidates_min),
        "explanation": clock.reason,
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    group = criterion.group
    return {
        "level": group.level,
        "site": group.site,
        "direction": group.direction,
        "name": criterion.name,
        "value": _rounded(criterion.value),
        "interval": [_rounded(criterion.low), _rounded(criterion.high)],
        "limit": criterion.limit,
        "sense": "at least" if criterion.at_least else "at most",
        "passed": criterion.passed,
        "certain": criterion.certain,
    }


def _group(group: Group) -> dict[str, Any]:
    labelled = group.as_labelled
    return {
        "level": group.level,
        "site": group.site,
        "direction": group.direction,
        "vehicle_class": group.vehicle_class,
        "manual_bins": group.manual_bins,
        "sensor_missing_bins": group.sensor_missing,
        "manual_missing_bins": group.manual_missing,
        "matched_share": _rounded(group.matched_share),
        "metrics": _metrics(group.metrics),
        "metrics_as_labelled": None if labelled is None else _metrics(labelled),
    }


def _metrics(metrics: Metrics) -> dict[str, Any]:
    return {spec.name: _plain(getattr(metrics, spec.name)) for spec in fields(metrics)}


def _plain(value: object) -> object:
    if isinstance(value, Value):
        low, high = _rounded(value.low), _rounded(value.high)
        stated: dict[str, Any] = {"value": _rounded(value.value), "interval": [low, high]}
        return stated | ({"note": value.why_not} if value.why_not else {})
    return _rounded(value) if isinstance(value, float) else value


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), digits)
