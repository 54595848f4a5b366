"""report.html on counts, Japanese and English: needs no other file, script or network."""

import math
from collections.abc import Callable
from typing import Any

import twin_pipeline
from twin_pipeline.counts.clock import ClockState
from twin_pipeline.counts.compare import Comparison, Criterion, Group
from twin_pipeline.counts.metrics import Value
from twin_pipeline.counts.plots import (
    draw_bias,
    draw_clock,
    draw_geh,
    draw_scatter,
    draw_series,
)
from twin_pipeline.counts.record import record_of
from twin_pipeline.templates import templates_beside

MOST_DRAWN = 60
"""Roads drawn through time, and clocks: the worst first; all are in the tables and in bins.csv."""

_MOST_ROWS = 400
NO_VALUE = "–"
LEVELS = {
    "overall": ("全体", "overall"),
    "vehicle_class": ("車種別", "by vehicle class"),
    "site": ("地点別", "by site"),
    "site_direction": ("地点・方向別", "by site and direction"),
    "series": ("地点・方向・車種別", "by site, direction and class"),
}
CRITERIA = {
    "matched_share": ("照合できた区間の割合", "bins matched"),
    "geh_share": ("GEH が基準未満の時間の割合", "hours with GEH below the limit"),
    "bias_percent": ("総量の偏りの大きさ（%）", "size of the bias (%)"),
    "mape_percent": ("MAPE（%）", "MAPE (%)"),
    "correlation": ("相関係数", "correlation"),
}
STATES = {
    ClockState.RIGHT: ("ずれなし", "right"),
    ClockState.CORRECTED: ("補正済み", "corrected"),
    ClockState.COMMON: ("全地点共通", "from all sites"),
    ClockState.UNKNOWN: ("特定不能", "unknown"),
    ClockState.BEYOND: ("許容範囲外", "beyond tolerance"),
    ClockState.NOT_LOOKED_FOR: ("補正なし", "not looked for"),
}


def report_of(comparison: Comparison) -> str:
    """Return the report as HTML."""
    environment = templates_beside(__file__)
    environment.filters |= _FILTERS
    environment.globals |= {"LEVELS": LEVELS, "CRITERIA": CRITERIA, "STATES": STATES}
    roads = sorted(
        (one for one in comparison.joined.totals if one.matched.any()),
        key=lambda one: -_worst(comparison, one.key[:2]),
    )
    width, limit = comparison.options.bin_minutes, comparison.options.geh_limit
    clocks = list(comparison.joined.clocks.items())
    forest = [g for g in comparison.groups if g.level != "series"][:MOST_DRAWN]
    return environment.get_template("report.html.j2").render(
        comparison=comparison,
        record=record_of(comparison),
        version=twin_pipeline.__version__,
        levels=[(name, _rows(comparison, name)) for name in LEVELS],
        clocks=[(site or NO_VALUE, clock) for site, clock in clocks],
        clock_drawings=[
            drawn
            for site, clock in clocks[:MOST_DRAWN]
            if (drawn := draw_clock(site or "センサー sensor", clock)) is not None
        ],
        roads=[
            draw_series(one, _road(one.key[0], one.key[1]), width, limit)
            for one in roads[:MOST_DRAWN]
        ],
        roads_left_out=max(len(roads) - MOST_DRAWN, 0),
        scatter=draw_scatter(comparison),
        geh=draw_geh(comparison),
        bias=draw_bias(forest, [name_of(group) for group in forest]),
    )


def _rows(comparison: Comparison, level: str) -> list[Group]:
    return [group for group in comparison.groups if group.level == level][:_MOST_ROWS]


def _worst(comparison: Comparison, road: tuple[str, str]) -> float:
    for group in comparison.groups:
        if group.level == "site_direction" and (group.site, group.direction) == road:
            share = group.metrics.geh_share.value
            return (1.0 if share is None else 1.0 - share) * 1000 + (group.metrics.geh_max or 0.0)
    return 0.0


def _road(site: str, direction: str) -> str:
    return " ".join(filter(None, (site, direction))) or "全体 all"


def name_of(group: Group) -> str:
    """Return what a group is called."""
    parts = [part for part in (group.site, group.direction, group.vehicle_class) if part]
    return " ".join(parts) or "全体 overall"


def _figure(value: Value, digits: int = 1, factor: float = 1.0) -> str:
    if value.value is None:
        return NO_VALUE
    return f"{factor * value.value:.{digits}f}"


def _range(value: Value, digits: int = 1, factor: float = 1.0) -> str:
    if value.low is None or value.high is None:
        return ""
    return f"{factor * value.low:.{digits}f} … {factor * value.high:.{digits}f}"


def _signed(value: Value, digits: int = 1) -> str:
    return NO_VALUE if value.value is None else f"{value.value:+z.{digits}f}"


def _one(number: float | None, digits: int = 1) -> str:
    if number is None or not math.isfinite(number):
        return NO_VALUE
    return f"{number:z.{digits}f}"


def _whole(number: float) -> str:
    return f"{number:,.0f}"


def _of_criterion(criterion: Criterion, number: float | None) -> str:
    if number is None:
        return NO_VALUE
    if criterion.name in {"matched_share", "geh_share"}:
        return f"{math.floor(1000 * number + 1e-9) / 10:.1f} %"
    return f"{number:.3f}" if criterion.name == "correlation" else f"{number:.1f}"


_FILTERS: dict[str, Callable[..., Any]] = {
    "figure": _figure,
    "range": _range,
    "signed": _signed,
    "one": _one,
    "whole": _whole,
    "name_of": name_of,
    "of_criterion": _of_criterion,
}
