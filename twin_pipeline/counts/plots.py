"""Drawings of the report on counts."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup

from twin_pipeline.counts.clock import Clock
from twin_pipeline.counts.compare import Comparison, Group
from twin_pipeline.counts.joining import JoinedSeries
from twin_pipeline.counts.metrics import geh, hours_of
from twin_pipeline.counts.record import time_of
from twin_pipeline.model import FloatArray
from twin_pipeline.report.scales import Axis, decimals_of, round_step
from twin_pipeline.report.svg import Drawing, Point

_WIDE, _SERIES_HEIGHT = 1000.0, 250.0
_SQUARE = 480.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 14.0, 26.0, 44.0
_STRIP = 9.0
_HOUR_STEPS_MIN = (15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160)
_ROW = 26.0
_NAME = 250.0


def draw_series(one: JoinedSeries, name: str, bin_minutes: int, geh_limit: float) -> Markup:
    """Draw both counts of a road through time, with the hours' GEH below."""
    drawing = Drawing(_WIDE, _SERIES_HEIGHT, f"{name}: counts through time")
    first, last = float(one.start_min[0]), float(one.start_min[-1]) + bin_minutes
    top = float(np.nanmax(np.concatenate([one.sensor, one.manual]), initial=1.0))
    step = round_step(top / 4)
    x = Axis(first, last, _LEFT, _WIDE - _RIGHT)
    y = Axis(0.0, step * math.ceil(top / step), _SERIES_HEIGHT - _BOTTOM - _STRIP, _TOP)
    _value_grid(drawing, y, step, (x.start, x.end))
    drawing.text(
        (_LEFT, _TOP - 10), f"{name}　台／{bin_minutes}分 vehicles/{bin_minutes} min", "plot-title"
    )
    _time_grid(drawing, x, y)
    for css, counts in (("manual", one.manual), ("sensor", one.sensor)):
        drawing.strokes(_steps(one.start_min, counts, x, y, bin_minutes), css)
    _missing(drawing, one, x, y, bin_minutes)
    _geh_strip(drawing, one, x, y.start + 3, bin_minutes, geh_limit)
    drawing.rectangle((x.start, y.end), x.end - x.start, y.start - y.end, "frame")
    return drawing.markup()


def _value_grid(drawing: Drawing, y: Axis, step: float, reach: Point) -> None:
    for value in y.multiples(step):
        drawing.line((reach[0], y(value)), (reach[1], y(value)), "grid")
        drawing.text((reach[0] - 7, y(value) + 4), f"{value:.{decimals_of(step)}f}", "tick end")


def _time_grid(drawing: Drawing, x: Axis, y: Axis) -> None:
    span = x.high_m - x.low_m
    step = next((s for s in _HOUR_STEPS_MIN if span / s <= 13), _HOUR_STEPS_MIN[-1])
    day = None
    bottom = y.start + _STRIP
    for at in x.multiples(step):
        drawing.line((x(at), y.end), (x(at), y.start), "grid")
        date, clock = time_of(at)[:16].split("T")
        drawing.text((x(at), bottom + 16), clock, "tick middle")
        if date != day:
            drawing.text((x(at), bottom + 31), date, "tick middle")
            day = date


def _steps(
    starts: FloatArray, counts: FloatArray, x: Axis, y: Axis, width: int
) -> Iterator[list[Point]]:
    """Yield the lines of counts; bins that are missing part them."""
    line: list[Point] = []
    for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
        if not math.isfinite(count):
            if line:
                yield line
            line = []
            continue
        line += [(x(start), y(count)), (x(start + width), y(count))]
    if line:
        yield line


def _missing(drawing: Drawing, one: JoinedSeries, x: Axis, y: Axis, width: int) -> None:
    """Mark the manual bins for which there is no sensor count."""
    lost = np.isfinite(one.manual) & ~np.isfinite(one.sensor)
    for start in one.start_min[lost].tolist():
        drawing.rectangle((x(start), y.end), x(start + width) - x(start), y.start - y.end, "lost")


def _geh_strip(
    drawing: Drawing, one: JoinedSeries, x: Axis, top: float, width: int, limit: float
) -> None:
    hours = hours_of(one.pairs(0), width)
    for start, value in zip(hours.start_min, geh(hours.sensor, hours.manual), strict=True):
        css = "geh-good" if value < limit else "geh-doubtful" if value < 2 * limit else "geh-bad"
        left = x(float(start))
        drawing.rectangle((left + 0.5, top), x(float(start) + 60) - left - 1, _STRIP - 3, css)


def draw_scatter(comparison: Comparison) -> Markup:
    """Draw sensor over manual counts, a dot a bin, classes added up."""
    drawing = Drawing(_SQUARE, _SQUARE, "sensor and manual counts of bins")
    totals = comparison.joined.totals
    pairs = [one.pairs(0) for one in totals]
    manual = np.concatenate([pair.manual for pair in pairs])
    sensor = np.concatenate([pair.sensor for pair in pairs])
    top = float(max(np.max(manual, initial=1.0), np.max(sensor, initial=1.0)))
    step = round_step(top / 5)
    high = step * math.ceil(top / step)
    x = Axis(0.0, high, _LEFT, _SQUARE - _RIGHT)
    y = Axis(0.0, high, _SQUARE - _BOTTOM, _TOP)
    _value_grid(drawing, y, step, (x.start, x.end))
    for value in x.multiples(step):
        drawing.line((x(value), y.start), (x(value), y.end), "grid")
        drawing.text((x(value), y.start + 16), f"{value:.{decimals_of(step)}f}", "tick middle")
    drawing.line((x(0.0), y(0.0)), (x(high), y(high)), "equal")
    drawing.dots([(x(m), y(s)) for m, s in zip(manual, sensor, strict=True)], "dot")
    drawing.rectangle((x.start, y.end), x.end - x.start, y.start - y.end, "frame")
    width = comparison.options.bin_minutes
    drawing.text((x.end, y.start + 34), f"人手 manual（台／{width}分）", "tick end")
    drawing.text((_LEFT, _TOP - 10), f"センサー sensor（台／{width}分）", "tick")
    return drawing.markup()


def draw_geh(comparison: Comparison) -> Markup:
    """Draw how many hours have which GEH, classes added up."""
    drawing = Drawing(_SQUARE, _SQUARE, "GEH of hours")
    limit, width = comparison.options.geh_limit, comparison.options.bin_minutes
    values = np.concatenate(
        [
            geh(hours.sensor, hours.manual)
            for hours in (hours_of(one.pairs(0), width) for one in comparison.joined.totals)
        ]
    )
    top = max(2 * limit, float(np.max(values, initial=0.0)))
    bar = limit / 5 if top <= 6 * limit else round_step(top / 30)
    edges = np.arange(0.0, top + bar, bar)
    counts, edges = np.histogram(values, edges)
    most = max(int(counts.max(initial=0)), 1)
    step = max(round_step(most / 5), 1.0)
    x = Axis(0.0, float(edges[-1]), _LEFT, _SQUARE - _RIGHT)
    y = Axis(0.0, step * math.ceil(most / step), _SQUARE - _BOTTOM, _TOP)
    _value_grid(drawing, y, step, (x.start, x.end))
    for count, low, high in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
        middle = (low + high) / 2
        css = "geh-good" if middle < limit else "geh-doubtful" if middle < 2 * limit else "geh-bad"
        if count:
            left, right = x(float(low)) + 1, x(float(high)) - 1
            drawing.rectangle((left, y(count)), right - left, y.start - y(count), css)
    drawing.line((x(limit), y.start), (x(limit), y.end), "limit")
    ticks = round_step(float(edges[-1]) / 8)
    for value in x.multiples(ticks):
        text = f"{value:.{decimals_of(ticks)}f}"
        drawing.text((x(value), y.start + 16), text, "tick middle")
    drawing.rectangle((x.start, y.end), x.end - x.start, y.start - y.end, "frame")
    drawing.text((x.end, y.start + 34), "GEH（1時間交通量 hourly flow）", "tick end")
    drawing.text((_LEFT, _TOP - 10), "時間数 hours", "tick")
    return drawing.markup()


def draw_clock(site: str, clock: Clock) -> Markup | None:
    """Draw how well each error of a clock fits."""
    profile = clock.profile
    if profile is None:
        return None
    drawing = Drawing(_SQUARE, 250.0, f"{site}: clock")
    reach = float(profile.offsets_min[-1])
    misfit = np.sqrt(profile.deviance / profile.limit)
    high = max(2.0, float(misfit.max()))
    x = Axis(-reach, reach, _LEFT, _SQUARE - _RIGHT)
    y = Axis(0.0, high, 250.0 - _BOTTOM, _TOP)
    for low, end in profile.intervals():
        left, right = x(max(low, -reach)), x(min(end, reach))
        drawing.rectangle((left, y.end), max(right - left, 1.5), y.start - y.end, "interval")
    drawing.line((x.start, y(1.0)), (x.end, y(1.0)), "limit")
    drawing.text((x.end - 5, y(1.0) - 5), "95 %", "tick end")
    shown = [
        (x(float(at)), y(float(value)))
        for at, value in zip(profile.offsets_min, misfit, strict=True)
    ]
    drawing.polyline(shown, "profile")
    step = max(round_step(reach / 5), 1.0) if reach != 60 else 15.0
    for value in x.multiples(step):
        drawing.text((x(value), y.start + 16), f"{value:+z.0f}", "tick middle")
    drawing.rectangle((x.start, y.end), x.end - x.start, y.start - y.end, "frame")
    drawing.text((x.end, y.start + 34), "時計のずれ clock error（分 min）", "tick end")
    drawing.text((_LEFT, _TOP - 10), f"{site}　適合の悪さ misfit（1 = 95 %）", "plot-title")
    return drawing.markup()


def draw_bias(groups: Sequence[Group], names: Sequence[str]) -> Markup:
    """Draw the bias of groups with its intervals."""
    known = [
        (name, group.metrics.bias_percent)
        for name, group in zip(names, groups, strict=True)
        if group.metrics.bias_percent.value is not None
    ]
    height = _TOP + _ROW * max(len(known), 1) + _BOTTOM
    drawing = Drawing(_WIDE, height, "bias by group")
    ends = [end for _, v in known for end in (v.value, v.low, v.high) if end is not None]
    most = min(max([1.0, *(abs(end) for end in ends)]), 150.0)
    step = round_step(most / 4)
    high = step * math.ceil(most / step + 1e-9)
    x = Axis(-high, high, _NAME, _WIDE - _RIGHT)
    bottom = height - _BOTTOM
    for value in x.multiples(step):
        drawing.line((x(value), _TOP), (x(value), bottom), "grid")
        text = f"{value:+z.{decimals_of(step)}f}"
        drawing.text((x(value), bottom + 16), text, "tick middle")
    drawing.line((x(0.0), _TOP), (x(0.0), bottom), "equal")
    for row, (name, bias) in enumerate(known):
        y = _TOP + _ROW * (row + 0.5)
        drawing.text((_NAME - 12, y + 4), name if len(name) < 34 else f"{name[:32]}…", "end")
        if bias.low is not None and bias.high is not None:
            drawing.line((x(max(bias.low, -high)), y), (x(min(bias.high, high)), y), "whisker")
        drawing.circle((x(float(np.clip(bias.value or 0.0, -high, high))), y), 4.5, "estimate")
    drawing.rectangle((x.start, _TOP), x.end - x.start, bottom - _TOP, "frame")
    drawing.text(
        (x.end, bottom + 34), "総量の偏り bias（% of manual total）と 95 % 信頼区間", "tick end"
    )
    return drawing.markup()
