"""The longitudinal profile of one pipe, with the band of figures under it."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from twin_pipeline.export.rows import clean_text
from twin_pipeline.geometry.deviation import Deviations
from twin_pipeline.model import Fitting, FittingKind, FloatArray, LevelKind, Pipe
from twin_pipeline.report.labels import Box, LabelPlacer, text_width
from twin_pipeline.report.path import stretches_of
from twin_pipeline.report.scales import Axis, decimals_of, round_step, spread_out
from twin_pipeline.report.svg import Drawing

WIDTH, LEFT, RIGHT, TOP = 1000.0, 168.0, 36.0, 44.0
CHART_HEIGHT, ROW_HEIGHT = 270.0, 23.0
ELEVATION_GRID, COLUMN_GAP = 44.0, 58.0
NOTE_SIZE = 12.0
NO_VALUE = "–"

FITTING_NAMES = {
    FittingKind.JOINT: "継手",
    FittingKind.BEND: "曲管",
    FittingKind.TEE: "T字管",
    FittingKind.END: "管端",
}


@dataclass(frozen=True, slots=True, eq=False)
class _Profile:
    """The drawing, its axes, and the lines along the pipe."""

    pipe: Pipe
    drawing: Drawing
    along: Axis
    up: Axis
    crown_z_m: FloatArray
    bottom_z_m: FloatArray
    notes: LabelPlacer

    def path(self, elevations_m: FloatArray, first: int = 0, last: int | None = None) -> FloatArray:
        """Return drawing points (n, 2) of stations `first` to `last` at the given elevations."""
        chosen = slice(first, None if last is None else last + 1)
        chainage_m = self.pipe.stations.chainage_m[chosen]
        xs = [self.along(float(value)) for value in chainage_m]
        ys = [self.up(float(value)) for value in elevations_m[chosen]]
        return np.column_stack((xs, ys))


def draw_profile(pipe: Pipe, found: Deviations | None = None) -> Markup | None:
    """Return the profile, or None where the pipe has fewer than two stations.

    Parameters
    ----------
    pipe
        The pipe.
    found
        Its deviations from the design, whose level is drawn too.
    """
    if len(pipe.stations) < 2:
        return None
    profile = _lay_out(pipe)
    _draw_grid(profile)
    _draw_ground(profile)
    _draw_barrel(profile)
    if found is not None:
        _draw_design(profile, found)
    _draw_covers(profile)
    _draw_fittings(profile)
    _draw_band(profile)
    return profile.drawing.markup()


def _lay_out(pipe: Pipe) -> _Profile:
    stations = pipe.stations
    bottom_z_m = stations.centre[:, 2] - pipe.outer_diameter_m / 2
    known = np.concatenate((stations.ground_z_m, stations.crown_z_m, bottom_z_m))
    low_m, high_m = float(np.nanmin(known)), float(np.nanmax(known))
    pad_m = 0.12 * (high_m - low_m)
    end = TOP + CHART_HEIGHT
    drawing = Drawing(
        WIDTH, end + len(_BAND) * ROW_HEIGHT + 8, f"縦断面図 Profile: {clean_text(pipe.pipe_id)}"
    )
    up = Axis(low_m - pad_m, high_m + pad_m, end, TOP)
    return _Profile(
        pipe=pipe,
        drawing=drawing,
        along=_along(pipe, up.units_per_m),
        up=up,
        crown_z_m=stations.crown_z_m,
        bottom_z_m=bottom_z_m,
        notes=LabelPlacer(Box(LEFT, TOP - 30, WIDTH, end)),
    )


def _along(pipe: Pipe, most_units_per_m: float) -> Axis:
    """Return the axis of chainages: the whole width, but a short pipe isn't drawn stretched."""
    first_m, last_m = float(pipe.stations.chainage_m[0]), float(pipe.stations.chainage_m[-1])
    start = LEFT + COLUMN_GAP / 2
    natural = max((last_m - first_m) * most_units_per_m, 3 * COLUMN_GAP)
    return Axis(first_m, last_m, start, min(start + natural, WIDTH - RIGHT))


def _draw_grid(profile: _Profile) -> None:
    drawing, up = profile.drawing, profile.up
    drawing.rectangle((LEFT, TOP), WIDTH - LEFT - 4, CHART_HEIGHT, "frame")
    step_m = round_step(ELEVATION_GRID / up.units_per_m)
    for value_m in up.multiples(step_m):
        y = up(value_m)
        drawing.line((LEFT, y), (WIDTH - 4, y), "grid")
        drawing.text((LEFT - 8, y + 4), f"{value_m:.{decimals_of(step_m)}f}", "tick end")
    drawing.text((LEFT - 8, TOP - 10), "標高 Elev. (m)", "tick end")
    ratio = up.units_per_m / profile.along.units_per_m
    drawing.text((WIDTH - 4, TOP - 10), f"縦:横 V:H = {ratio:.1f}:1", "tick end")


def _draw_ground(profile: _Profile) -> None:
    """Draw the finished ground where it is known, with the earth under it shaded."""
    ground_z_m = profile.pipe.stations.ground_z_m
    floor = profile.up.start
    for first, last, known in stretches_of(np.isfinite(ground_z_m).tolist()):
        if known:
            path = profile.path(ground_z_m, first, last)
            corners = [(path[-1, 0], floor), (path[0, 0], floor)]
            profile.drawing.polygon(np.vstack((path, corners)).tolist(), "earth")
            profile.drawing.polyline(path.tolist(), "ground")


def _draw_barrel(profile: _Profile) -> None:
    """Draw crown, invert and body; what was hidden is hatched and dashed."""
    pipe, drawing = profile.pipe, profile.drawing
    for first, last, seen in stretches_of(pipe.stations.observed.tolist()):
        crown = profile.path(profile.crown_z_m, first, last)
        bottom = profile.path(profile.bottom_z_m, first, last)
        body = np.vstack((crown, bottom[::-1])).tolist()
        drawing.polygon(body, f"body {pipe.role}" if seen else "body-hidden")
        for edge in (crown, bottom):
            drawing.polyline(edge.tolist(), "edge" if seen else "edge-hidden")
    drawing.polyline(profile.path(pipe.stations.centre[:, 2]).tolist(), "centreline-dark")
    top, bottom_y = profile.path(profile.crown_z_m), profile.path(profile.bottom_z_m)
    for (x, y), (_, lower) in zip(top[::2].tolist(), bottom_y[::2].tolist(), strict=True):
        profile.notes.block(Box(x - 10, y, x + 10, lower))


def _draw_design(profile: _Profile, found: Deviations) -> None:
    """Draw the designed level: what was measured of that kind, less its deviation."""
    measured = {
        LevelKind.CENTRE: profile.pipe.stations.centre[:, 2],
        LevelKind.CROWN: profile.crown_z_m,
        LevelKind.INVERT: profile.bottom_z_m,
    }[found.line.level]
    designed = measured - found.level_deviation_m
    for first, last, known in stretches_of(np.isfinite(designed).tolist()):
        if known:
            profile.drawing.polyline(profile.path(designed, first, last).tolist(), "design")


def _draw_covers(profile: _Profile) -> None:
    """Draw the dimension lines of the least and the greatest cover."""
    cover_m = profile.pipe.stations.cover_m
    if not np.isfinite(cover_m).any():
        return
    least, most = int(np.nanargmin(cover_m)), int(np.nanargmax(cover_m))
    for index, name in {most: "最大 max", least: "最小 min"}.items():
        _draw_cover(profile, index, f"土被り{name} {cover_m[index]:.3f} m")


def _draw_cover(profile: _Profile, index: int, text: str) -> None:
    stations, drawing = profile.pipe.stations, profile.drawing
    x = profile.along(float(stations.chainage_m[index]))
    top = profile.up(float(stations.ground_z_m[index]))
    bottom = profile.up(float(stations.crown_z_m[index]))
    drawing.line((x, top), (x, bottom), "dimension")
    drawing.polygon([(x, top), (x - 3.5, top + 9), (x + 3.5, top + 9)], "arrow")
    drawing.polygon([(x, bottom), (x - 3.5, bottom - 9), (x + 3.5, bottom - 9)], "arrow")
    profile.notes.block(Box(x - 4, top, x + 4, bottom))
    shift = text_width(text, NOTE_SIZE) / 2 + 12
    heights = [top + share * (bottom - top) for share in (0.5, 0.3, 0.7)]
    centres = [(x + side * shift, y) for y in heights for side in (1, -1)]
    at_x, at_y = profile.notes.place(text, NOTE_SIZE, centres)
    drawing.text((at_x, at_y + 4), text, "note middle")


def _draw_fittings(profile: _Profile) -> None:
    for fitting in profile.pipe.fittings:
        if fitting.kind is not FittingKind.END:
            _draw_fitting(profile, fitting)


def _draw_fitting(profile: _Profile, fitting: Fitting) -> None:
    x = profile.along(fitting.chainage_m)
    centre = profile.up(fitting.position[2])
    half = profile.pipe.outer_diameter_m / 2 * profile.up.units_per_m
    profile.drawing.line((x, centre - half - 5), (x, centre + half + 5), "joint")
    text = fitting_name(fitting)
    shift = text_width(text, NOTE_SIZE) / 2
    below = centre + half + 16
    beside = (0.0, shift + 8, -shift - 8)
    centres = [(x + dx, below + dy) for dy in (0, 14, -2 * half - 32) for dx in beside]
    at_x, at_y = profile.notes.place(text, NOTE_SIZE, centres)
    profile.drawing.text((at_x, at_y + 4), text, "note middle")


def fitting_name(fitting: Fitting) -> str:
    """Return what a fitting is called on a drawing, bends with their angle."""
    name = FITTING_NAMES[fitting.kind]
    if fitting.catalogue_angle_deg is not None:
        return f"{name} {fitting.catalogue_angle_deg:g}°"
    return name if fitting.angle_deg is None else f"{name} {fitting.angle_deg:.1f}°"


def _draw_band(profile: _Profile) -> None:
    """Draw the table of figures under the chart, a column under its station."""
    stations, drawing = profile.pipe.stations, profile.drawing
    xs = [profile.along(float(chainage_m)) for chainage_m in stations.chainage_m]
    columns = spread_out(xs, COLUMN_GAP)
    figures = {
        "chainage": stations.chainage_m,
        "ground": stations.ground_z_m,
        "crown": stations.crown_z_m,
        "centre": stations.centre[:, 2],
        "invert": profile.bottom_z_m,
        "cover": stations.cover_m,
    }
    top = TOP + CHART_HEIGHT
    for row, (key, title) in enumerate(_BAND.items()):
        css = "band-value strong middle" if key == "cover" else "band-value middle"
        y = top + row * ROW_HEIGHT
        drawing.rectangle((4, y), WIDTH - 8, ROW_HEIGHT, "band")
        drawing.text((12, y + 16), title, "band-title")
        for i in columns:
            drawing.text((xs[i], y + 16), _figure(figures[key][i]), css)
    drawing.line((LEFT, top), (LEFT, top + len(_BAND) * ROW_HEIGHT), "band")
    for i in columns:
        drawing.line((xs[i], top - 5), (xs[i], top), "station")


_BAND = {
    "chainage": "追加距離 Chainage (m)",
    "ground": "地盤高 Ground",
    "crown": "管頂高 Crown",
    "centre": "管中心高 Centre",
    "invert": "管底高(外面) Invert",
    "cover": "土被り Cover (m)",
}


def _figure(value_m: float) -> str:
    return f"{value_m:z.3f}" if np.isfinite(value_m) else NO_VALUE
