"""Cross-sections: the points of a slice, the fitted barrel, cover and levels."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from twin_pipeline.export.rows import clean_text
from twin_pipeline.model import BoolArray, CrossSection, FloatArray, Pipe
from twin_pipeline.report.scales import Axis, decimals_of, round_step
from twin_pipeline.report.svg import Drawing, Point

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 480.0, 50.0, 132.0, 34.0, 24.0
ELEVATION_GRID = 40.0
LINE_HEIGHT = 15.0
LEAST_HALF_M, PAD_M = 0.6, 0.1
DETAIL, DETAIL_OD = 92.0, 62.0
"""Side of the enlarged detail, and the barrel's diameter in it, drawing units."""
ON_BARREL_M = 0.01
"""How far from the fitted circle a point may lie to be shown as one of the barrel."""


@dataclass(frozen=True, slots=True)
class _Window:
    """What all sections of a pipe show, so that they are of one size and scale."""

    half_m: float
    below_m: float
    """Below the pipe's centre."""
    above_m: float


def _station(pipe: Pipe, section: CrossSection) -> int:
    return int(np.abs(pipe.stations.chainage_m - section.chainage_m).argmin())


def _window(pipe: Pipe) -> _Window:
    radius_m = pipe.outer_diameter_m / 2
    half, below, above = max(LEAST_HALF_M, 2 * radius_m), radius_m, radius_m
    for section in pipe.sections:
        station = _station(pipe, section)
        centre_z = float(pipe.stations.centre[station, 2])
        ground = float(pipe.stations.ground_z_m[station]) - centre_z
        heights = section.points[:, 1] - centre_z
        half = max(half, float(np.abs(section.points[:, 0]).max(initial=0.0)))
        below = max(below, float(-heights.min(initial=0.0)))
        above = max(above, float(heights.max(initial=0.0)), ground if np.isfinite(ground) else 0.0)
    return _Window(half + PAD_M, below + PAD_M, above + PAD_M)


class _Sheet:
    """The paper of one section: one metre is as long across as upwards."""

    def __init__(self, pipe: Pipe, station: int, section: CrossSection) -> None:
        stations, window = pipe.stations, _window(pipe)
        self.radius_m = pipe.outer_diameter_m / 2
        self.centre_z = float(stations.centre[station, 2])
        self.ground_z = float(stations.ground_z_m[station])
        half = window.half_m
        low, high = self.centre_z - window.below_m, self.centre_z + window.above_m
        width = WIDTH - LEFT - RIGHT
        height = width * (high - low) / (2 * half)
        self.bottom = TOP + height
        self.across = Axis(-half, half, LEFT, LEFT + width)
        self.up = Axis(low, high, self.bottom, TOP)
        name = f"{clean_text(pipe.pipe_id)} {section.chainage_m:.3f} m"
        self.drawing = Drawing(WIDTH, self.bottom + BOTTOM, f"横断面図 Cross-section: {name}")

    def at(self, across_m: float, up_m: float) -> Point:
        """Return where a place lies on the paper."""
        return self.across(across_m), self.up(up_m)


def draw_section(pipe: Pipe, section: CrossSection, offset_m: float | None = None) -> Markup:
    """Return the cross-section at a station, seen in the direction of the chainage.

    Parameters
    ----------
    pipe
        The pipe.
    section
        Its slice.
    offset_m
        Distance to the boundary line, where there is one.
    """
    station = _station(pipe, section)
    sheet = _Sheet(pipe, station, section)
    _draw_grid(sheet)
    _draw_barrel(sheet, pipe, station)
    _draw_points(sheet, section.points)
    _draw_cover(sheet, float(pipe.stations.cover_m[station]))
    levels = _draw_figures(sheet, pipe, station)
    _draw_detail(sheet, section.points, levels)
    _draw_title(sheet, pipe, section, station, offset_m)
    return sheet.drawing.markup()


def _draw_grid(sheet: _Sheet) -> None:
    drawing, up = sheet.drawing, sheet.up
    right = sheet.across.end
    drawing.rectangle((LEFT, TOP), right - LEFT, sheet.bottom - TOP, "frame")
    step_m = round_step(ELEVATION_GRID / up.units_per_m)
    digits = decimals_of(step_m)
    for value_m in up.multiples(step_m):
        drawing.line((LEFT, up(value_m)), (right, up(value_m)), "grid")
        drawing.text((LEFT - 6, up(value_m) + 4), f"{value_m:.{digits}f}", "tick end")
    for value_m in sheet.across.multiples(step_m):
        x = sheet.across(value_m)
        drawing.line((x, TOP), (x, sheet.bottom), "grid")
        if abs(value_m / (2 * step_m) - round(value_m / (2 * step_m))) < 1e-6:
            drawing.text((x, sheet.bottom + 15), f"{value_m:z.{digits}f}", "tick middle")


def _draw_points(sheet: _Sheet, points: FloatArray) -> None:
    inside = _on_barrel(sheet, points)
    for chosen, css in ((~inside, "point-other"), (inside, "point-pipe")):
        places = (sheet.at(float(x), float(z)) for x, z in points[chosen])
        sheet.drawing.dots(places, css)


def _on_barrel(sheet: _Sheet, points: FloatArray) -> BoolArray:
    from_axis = np.hypot(points[:, 0], points[:, 1] - sheet.centre_z)
    near: BoolArray = np.abs(from_axis - sheet.radius_m) <= ON_BARREL_M
    return near


def _draw_barrel(sheet: _Sheet, pipe: Pipe, station: int) -> None:
    drawing, (x, y) = sheet.drawing, sheet.at(0.0, sheet.centre_z)
    radius = sheet.radius_m * sheet.up.units_per_m
    css = "fit" if pipe.stations.observed[station] else "fit-hidden"
    drawing.circle((x, y), radius, css)
    reach = radius + 7
    drawing.line((x - reach, y), (x + reach, y), "centreline-dark")
    drawing.line((x, y - reach), (x, y + reach), "centreline-dark")
    if np.isfinite(sheet.ground_z):
        level = sheet.up(sheet.ground_z)
        drawing.line((sheet.across.start, level), (sheet.across.end, level), "ground-level")


def _draw_cover(sheet: _Sheet, cover_m: float) -> None:
    """Draw the cover as a dimension, left of the axis where points are fewest."""
    if not np.isfinite(cover_m):
        return
    drawing = sheet.drawing
    x = sheet.across(0.0)
    top, bottom = sheet.up(sheet.ground_z), sheet.up(sheet.centre_z + sheet.radius_m)
    drawing.line((x, top), (x, bottom), "dimension")
    if bottom - top > 24:
        drawing.polygon([(x, top), (x - 3, top + 8), (x + 3, top + 8)], "arrow")
        drawing.polygon([(x, bottom), (x - 3, bottom - 8), (x + 3, bottom - 8)], "arrow")
    drawing.text((x + 7, (top + bottom) / 2 + 4), f"{cover_m:.3f}", "note")


def _draw_figures(sheet: _Sheet, pipe: Pipe, station: int) -> list[float]:
    """Write levels beside the frame, each led to its height, and return where."""
    levels = {
        "地盤 GL": sheet.ground_z,
        "管頂 crown": float(pipe.stations.crown_z_m[station]),
        "中心 centre": sheet.centre_z,
        "管底 invert": sheet.centre_z - sheet.radius_m,
    }
    known = {name: z for name, z in levels.items() if np.isfinite(z)}
    heights = _apart([sheet.up(z) for z in known.values()], sheet.bottom)
    edge = sheet.across.end
    for (name, z), y in zip(known.items(), heights, strict=True):
        sheet.drawing.polyline([(edge, sheet.up(z)), (edge + 8, y), (edge + 12, y)], "leader")
        sheet.drawing.text((edge + 15, y + 4), f"{name} {z:.3f}", "tick")
    return heights


def _draw_detail(sheet: _Sheet, points: FloatArray, levels: list[float]) -> None:
    """Draw the barrel enlarged beside the section, in the widest gap between the levels."""
    gaps = [(b - a, a) for a, b in pairwise([TOP - LINE_HEIGHT, *levels, sheet.bottom])]
    gap, top = max(gaps)
    if gap < DETAIL + LINE_HEIGHT:
        return
    left = sheet.across.end + (RIGHT - DETAIL) / 2 + 6
    middle = left + DETAIL / 2, top + gap / 2
    units_per_m = DETAIL_OD / (2 * sheet.radius_m)
    drawing = sheet.drawing
    drawing.rectangle((left, middle[1] - DETAIL / 2), DETAIL, DETAIL, "frame")
    drawing.circle(middle, DETAIL_OD / 2, "fit")
    places = np.column_stack((points[:, 0], points[:, 1] - sheet.centre_z)) * units_per_m
    inside = np.abs(places).max(axis=1, initial=0.0) < DETAIL / 2 - 2
    near = _on_barrel(sheet, points)
    for chosen, css in ((inside & ~near, "point-other"), (inside & near, "point-pipe")):
        drawing.dots(((middle[0] + x, middle[1] - y) for x, y in places[chosen].tolist()), css)


def _apart(heights: list[float], bottom: float) -> list[float]:
    """Return heights, ascending, moved so that lines of text stand apart and in the frame."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + LINE_HEIGHT if placed else TOP + 4))
    over = placed[-1] - bottom if placed else 0.0
    return [height - max(over, 0.0) for height in placed]


def _draw_title(
    sheet: _Sheet, pipe: Pipe, section: CrossSection, station: int, offset_m: float | None
) -> None:
    seen = "" if pipe.stations.observed[station] else " 未観測 not observed"
    text = f"{clean_text(pipe.pipe_id)}  測点 {section.chainage_m:.3f} m{seen}"
    sheet.drawing.text((LEFT, 20), text, "section-title")
    if offset_m is not None and np.isfinite(offset_m):
        sheet.drawing.text((WIDTH - 4, 20), f"境界から offset {offset_m:.3f} m", "tick end")
