"""A tube along its length: profile, unrolled surface, radius of slices, seen arc."""

import math
from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.crown import crown_rise
from twin_pipeline.kernels.adjust import tube as kernel
from twin_pipeline.model import FittingKind, FloatArray
from twin_pipeline.pictures.paper import add_legend, thinned
from twin_pipeline.pictures.record import Record
from twin_pipeline.pictures.subject import (
    CLASSES,
    Subject,
    across,
    angles,
    classes,
    fit_chainage,
    hidden_stretches,
)
from twin_pipeline.report.labels import text_width
from twin_pipeline.report.scales import Axis, decimals_of, round_step
from twin_pipeline.report.svg import Drawing

_WIDTH, _LEFT, _RIGHT, _TOP, _GAP = 1000.0, 78.0, 14.0, 74.0, 30.0
_PROFILE, _UNROLLED, _RADIUS, _ARC = 230.0, 190.0, 110.0, 80.0
_MOST_POINTS = 4_000
_AROUND_M = 0.35
_STEP_M = 0.05
_LABEL_ROWS = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Chart:
    """One strip; all share the chainage."""

    drawing: Drawing
    along: Axis
    up: Axis

    def path(self, x: FloatArray, y: FloatArray) -> list[tuple[float, float]]:
        """Return drawing points of values; those that are not numbers are left out."""
        good = np.isfinite(x) & np.isfinite(y)
        return [
            (self.along(float(a)), self.up(float(b))) for a, b in zip(x[good], y[good], strict=True)
        ]

    def dots(self, x: FloatArray, y: FloatArray, css: str) -> None:
        """Draw the points that lie in the strip."""
        inside = (x >= self.along.low_m) & (x <= self.along.high_m)
        inside &= (y >= self.up.low_m) & (y <= self.up.high_m)
        both = thinned(np.column_stack([x, y])[inside], _MOST_POINTS)
        self.drawing.dots(self.path(both[:, 0], both[:, 1]), css)


def draw_lengthwise(subject: Subject, record: Record) -> Drawing:
    """Return the four strips of a measured tube."""
    height = _TOP + _PROFILE + _UNROLLED + _RADIUS + _ARC + 3 * _GAP + 24.0
    drawing = Drawing(_WIDTH, height, f"Along {subject.name}")
    drawing.text((16.0, 24.0), subject.heading, "title")
    drawing.text((16.0, 43.0), subject.verdict, "soft")
    along = Axis(0.0, subject.length_m, _LEFT, _WIDTH - _RIGHT)
    top = _TOP
    for draw, size in (
        (_profile, _PROFILE), (_unrolled, _UNROLLED), (_radius, _RADIUS), (_arc, _ARC),
    ):  # fmt: skip
        draw(subject, record, drawing, along, top)
        _veils(subject, drawing, along, top, size)
        top += size + _GAP
    _chainages(drawing, along, top - _GAP)
    entries = [(f"point {css}", name) for css, name in reversed(CLASSES)]
    entries += [("point context", "other points"), ("veil-stroke", "not observed")]
    entries += [("crown", "crown"), ("axis", "axis"), ("invert", "invert"), ("ground", "pavement")]
    add_legend(drawing, entries, 16.0)
    return drawing


def _chart(
    drawing: Drawing, along: Axis, low: float, high: float, top: float, size: float
) -> _Chart:
    drawing.rectangle((_LEFT, top), _WIDTH - _LEFT - _RIGHT, size, "frame")
    return _Chart(drawing, along, Axis(low, high, top + size, top))


def _ticks(chart: _Chart, least_gap: float, unit: float = 1.0) -> None:
    """Draw the horizontal grid; `unit` turns values into what is written."""
    step = round_step(least_gap / chart.up.units_per_m * unit)
    low, high = chart.up.low_m * unit, chart.up.high_m * unit
    for k in range(math.ceil(low / step), math.floor(high / step) + 1):
        y = chart.up(k * step / unit)
        chart.drawing.line((_LEFT, y), (_WIDTH - _RIGHT, y), "grid")
        text = f"{k * step:.{decimals_of(step)}f}"
        chart.drawing.text((_LEFT - 6.0, y + 4.0), text, "tick end")


def _chainages(drawing: Drawing, along: Axis, bottom: float) -> None:
    step = round_step(70.0 / along.units_per_m)
    for value in along.multiples(step):
        text = f"{value:.{decimals_of(step)}f}"
        drawing.text((along(value), bottom + 15.0), text, "tick middle")
    drawing.text((_LEFT - 6.0, bottom + 15.0), "chainage m", "tick end")


def _veils(subject: Subject, drawing: Drawing, along: Axis, top: float, size: float) -> None:
    for first, last in hidden_stretches(subject):
        left, right = along(first), along(last)
        drawing.rectangle((left, top), max(right - left, 1.0), size, "veil")


def _profile(subject: Subject, record: Record, drawing: Drawing, along: Axis, top: float) -> None:
    """Draw the points in the vertical plane through the axis, the tube, and the ground."""
    at = np.linspace(0.0, subject.length_m, max(int(subject.length_m / _STEP_M), 2) + 1)
    axis = polyline.along(subject.nodes, subject.nodes, at)
    ground = _ground(record, axis)
    low = float(axis[:, 2].min()) - subject.radius_m - 0.12
    top_m = axis[:, 2].max() + subject.radius_m + 0.12
    high = float(max(top_m, np.nanmax(ground) + 0.05 if np.isfinite(ground).any() else top_m))
    shift = float(record.origin[2])
    chart = _chart(drawing, along, low + shift, high + shift, top, _PROFILE)
    _ticks(chart, 34.0)
    ratio = chart.up.units_per_m / along.units_per_m
    title = f"elevation m, the points above and below the axis; V:H = {ratio:.1f}:1"
    drawing.text((_LEFT, top - 8.0), title, "soft")
    for css, chainage, elevation in _points_in_profile(subject, record, axis, at):
        chart.dots(chainage, elevation + shift, f"point {css}")
    z = axis[:, 2] + shift
    rise = crown_rise(subject.nodes, subject.radius_m, at)
    drawing.polyline(chart.path(at, z + rise), "crown")
    drawing.polyline(chart.path(at, z - rise), "invert")
    drawing.polyline(chart.path(at, z), "axis")
    drawing.polyline(chart.path(at, ground + shift), "ground")
    _fittings(subject, chart, top)


def _ground(record: Record, axis: FloatArray) -> FloatArray:
    ground = record.place.ground
    return ground.elevation_at(axis[:, :2])[0] if ground else np.full(len(axis), np.nan)


def _points_in_profile(
    subject: Subject, record: Record, axis: FloatArray, at: FloatArray
) -> list[tuple[str, FloatArray, FloatArray]]:
    """Return class, chainage and elevation of points within a share of the radius of the plane."""
    fit, near = subject.fit, max(0.35 * subject.radius_m, 0.015)
    pyramid = record.place.pyramid
    index, segment = pyramid.points_along(axis, subject.radius_m + _AROUND_M)
    points = pyramid.xyz[index]
    chainage, radial = kernel.project(points, axis, segment, float(at[1] - at[0]))
    right, _ = across(polyline.directions(axis, 0.1))
    beside = np.abs(np.einsum("ij,ij->i", radial, right[segment])) < near
    beside &= ~np.isnan(chainage)
    found = [("context", chainage[beside], points[beside, 2])]
    own_right, _ = across(fit.tangent)
    beside = np.abs(np.einsum("ij,ij->i", fit.radial, own_right[fit.node])) < near
    start = fit_chainage(fit, subject.nodes[0])
    elevation = record.place.searched.xyz[fit.index, 2]
    kind = classes(fit)
    for number, (css, _) in enumerate(CLASSES):
        chosen = beside & (kind == number) & (number > 0)
        found.append((css, fit.chainage_m[chosen] - start, elevation[chosen]))
    return found


def _fittings(subject: Subject, chart: _Chart, top: float) -> None:
    free = [-math.inf] * _LABEL_ROWS
    for fitting in subject.pipe.fittings if subject.pipe is not None else ():
        if fitting.kind is FittingKind.END:
            continue
        x = chart.along(fitting.chainage_m)
        chart.drawing.line((x, top), (x, top + _PROFILE), "mark")
        angle = "" if fitting.angle_deg is None else f" {fitting.angle_deg:.1f}°"
        text = f"{fitting.kind}{angle}"
        row = next((k for k, end in enumerate(free) if end < x), len(free) - 1)
        free[row] = x + text_width(text, 11.0) + 6.0
        chart.drawing.text((x + 3.0, top + 13.0 + 14.0 * row), text, "label")


def _unrolled(subject: Subject, record: Record, drawing: Drawing, along: Axis, top: float) -> None:
    """Draw the tube's surface, cut open along its bottom."""
    del record
    chart = _chart(drawing, along, -180.0, 180.0, top, _UNROLLED)
    for angle, name in ((-90.0, "left"), (0.0, "crown"), (90.0, "right")):
        y = chart.up(-angle)
        drawing.line((_LEFT, y), (_WIDTH - _RIGHT, y), "grid")
        drawing.text((_LEFT - 6.0, y + 4.0), name, "tick end")
    text = "the surface unrolled, cut open along its bottom: what became of its points"
    drawing.text((_LEFT, top - 8.0), text, "soft")
    fit = subject.fit
    start = fit_chainage(fit, subject.nodes[0])
    around = -np.degrees(angles(fit))
    near = np.abs(fit.residual_m) <= max(0.12 * fit.radius_m, 1.5 * fit.band_m)
    kind = classes(fit)
    for number, (css, _) in enumerate(CLASSES):
        chosen = near & (kind == number) & ~np.isnan(fit.chainage_m)
        chart.dots(fit.chainage_m[chosen] - start, around[chosen], f"point {css}")


def _radius(subject: Subject, record: Record, drawing: Drawing, along: Axis, top: float) -> None:
    """Draw the diameter of slices measured on their own, beside that of the whole tube."""
    del record
    tube = subject.tube
    if tube is None:
        return
    own = 2.0 * np.where(tube.observed, tube.slice_radius_m, np.nan)
    diameter, sure = 2.0 * tube.radius_m, 4.0 * tube.radius_std_m
    reach = max(1.3 * sure, 0.004, float(np.nanmax(np.abs(own - diameter), initial=0.0)) * 1.1)
    reach = min(reach, 0.3 * diameter)
    chart = _chart(drawing, along, diameter - reach, diameter + reach, top, _RADIUS)
    _ticks(chart, 30.0, 1000.0)
    text = "outer diameter mm: slices on their own, and the whole tube ± 2 sigma"
    drawing.text((_LEFT, top - 8.0), text, "soft")
    high, low = chart.up(diameter + sure), chart.up(diameter - sure)
    drawing.rectangle((_LEFT, high), _WIDTH - _LEFT - _RIGHT, low - high, "sure")
    middle = chart.up(diameter)
    drawing.line((_LEFT, middle), (_WIDTH - _RIGHT, middle), "value")
    at = polyline.chainage(subject.nodes)
    for k in range(len(at) - 1):
        drawing.polyline(chart.path(at[k : k + 2], own[[k, k]]), "slice")


def _arc(subject: Subject, record: Record, drawing: Drawing, along: Axis, top: float) -> None:
    """Draw the arc that was used around each node."""
    del record
    tube = subject.tube
    if tube is None:
        return
    chart = _chart(drawing, along, 0.0, max(210.0, float(tube.arc_deg.max()) + 20.0), top, _ARC)
    for angle in (60.0, 120.0, 180.0):
        y = chart.up(angle)
        drawing.line((_LEFT, y), (_WIDTH - _RIGHT, y), "grid")
        drawing.text((_LEFT - 6.0, y + 4.0), f"{angle:.0f}", "tick end")
    drawing.text((_LEFT, top - 8.0), "arc of the section that was used, degrees", "soft")
    drawing.polyline(chart.path(polyline.chainage(subject.nodes), tube.arc_deg), "value")
