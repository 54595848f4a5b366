"""The plan: trench, pipes to scale, stations and fittings, grid north up."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import shapely
from markupsafe import Markup

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.extent import footprint_of
from twin_pipeline.export.rows import clean_text
from twin_pipeline.geometry.deviation import feet
from twin_pipeline.model import Fitting, FittingKind, FloatArray, Pipe
from twin_pipeline.report.labels import Box
from twin_pipeline.report.path import direction_at, hidden_stretches, positions_at, stretch
from twin_pipeline.report.scales import spread_out
from twin_pipeline.report.sheet import PlanSheet, draw_grid, draw_north_arrow, draw_scale_bar
from twin_pipeline.report.svg import Point

LABEL_SIZE, DENSE_LABEL_SIZE, STATION_SIZE = 15.0, 11.5, 11.0
FEW_PIPES = 10
"""Names of more pipes are written smaller."""
STATION_GAP, TICK_GAP = 46.0, 16.0
LEAST_PIPE_WIDTH = 3.0
OFFSET_GAP = 150.0
LINE_STEP = 8.0
MOST_OFFSET_M = 10.0
"""Offsets beyond are in the tables only: drawn, they would make the pipes small."""
LABEL_SHARES = (0.5, 0.35, 0.65, 0.2, 0.8, 0.05, 0.95)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan and the scale that it is printed in on A3."""

    drawing: Markup
    scale: int


def draw_plan(result: SiteResult) -> Plan | None:
    """Return the plan of one site, or None where there is neither trench nor pipe."""
    survey = result.survey
    extent = footprint_of(survey)
    if len(extent) == 0:
        return None
    extent = np.vstack((extent[:, :2], *_boundary_near(result)))
    sheet = PlanSheet(extent, f"平面図 Plan: {clean_text(survey.site)}")
    draw_grid(sheet)
    for ring in survey.trench:
        sheet.drawing.polygon(sheet.path(ring), "trench")
    _draw_references(sheet, result)
    for draw in (_draw_pipe, _draw_centreline, _draw_fittings):
        for pipe in survey.pipes:
            draw(sheet, pipe)
    draw_scale_bar(sheet)
    draw_north_arrow(sheet)
    for pipe in survey.pipes:
        _draw_offsets(sheet, result, pipe)
    size = LABEL_SIZE if len(survey.pipes) <= FEW_PIPES else DENSE_LABEL_SIZE
    for pipe in survey.pipes:
        _draw_name(sheet, pipe, size)
    for pipe in survey.pipes:
        _draw_stations(sheet, pipe)
    return Plan(sheet.drawing.markup(), sheet.scale)


def _draw_references(sheet: PlanSheet, result: SiteResult) -> None:
    lines = [(line.vertices, "design") for line in result.design]
    if result.boundary is not None:
        lines.append((result.boundary, "boundary"))
    for line, css in lines:
        for part in sheet.clipped(line):
            sheet.drawing.polyline(part, css)
            if css == "boundary":
                _block(sheet, part)


def _block(sheet: PlanSheet, part: list[Point]) -> None:
    """Keep labels off a line."""
    path = shapely.linestrings(part)
    count = int(shapely.length(path) / LINE_STEP) + 1
    places = shapely.line_interpolate_point(path, np.linspace(0.0, 1.0, count + 1), normalized=True)
    for x, y in shapely.get_coordinates(places).tolist():
        sheet.labels.block(Box(x - 3, y - 3, x + 3, y + 3))


def _boundary_near(result: SiteResult) -> list[FloatArray]:
    """Return where the offsets that are drawn meet the boundary, (N, 2) a pipe."""
    if result.boundary is None:
        return []
    found = [feet(result.boundary, pipe.stations.centre) for pipe in result.survey.pipes]
    shown = [foot.beside & (np.abs(foot.right_m) <= MOST_OFFSET_M) for foot in found]
    return [foot.values[near, :2] for foot, near in zip(found, shown, strict=True)]


def _draw_offsets(sheet: PlanSheet, result: SiteResult, pipe: Pipe) -> None:
    """Draw the distance to the boundary at a few stations, as dimensions."""
    if result.boundary is None:
        return
    stations = pipe.stations
    found = feet(result.boundary, stations.centre)
    positions = (stations.chainage_m * sheet.units_per_m).tolist()
    for i in spread_out(positions, OFFSET_GAP):
        if found.beside[i] and abs(found.right_m[i]) <= MOST_OFFSET_M:
            ends = sheet.at(stations.centre[i]), sheet.at(found.values[i])
            _draw_offset(sheet, *ends, f"{abs(found.right_m[i]):.2f}")


def _draw_offset(sheet: PlanSheet, start: Point, end: Point, text: str) -> None:
    along = np.subtract(end, start)
    length = float(np.linalg.norm(along))
    sheet.drawing.line(start, end, "offset")
    if length < 2 * STATION_SIZE:
        return
    ahead = along / length
    across = np.array([-ahead[1], ahead[0]])
    for tip, sign in ((np.array(end), -1.0), (np.array(start), 1.0)):
        base = tip + sign * 8.0 * ahead
        corners = [tip, base + 2.5 * across, base - 2.5 * across]
        sheet.drawing.polygon([(float(x), float(y)) for x, y in corners], "offset-arrow")
    centres = [
        (float(x), float(y))
        for share in (0.5, 0.65, 0.8, 0.35)
        for side in (1.0, -1.0)
        for x, y in [np.array(start) + share * along + side * 0.9 * len(text) * 6.0 * across]
    ]
    x, y = sheet.labels.place(text, STATION_SIZE, centres)
    sheet.drawing.text((x, y + STATION_SIZE * 0.36), text, "offset-name middle")


def _draw_pipe(sheet: PlanSheet, pipe: Pipe) -> None:
    width = max(pipe.outer_diameter_m * sheet.units_per_m, LEAST_PIPE_WIDTH)
    path = sheet.path(pipe.centreline)
    sheet.drawing.polyline(path, "pipe-edge", width + 2)
    sheet.drawing.polyline(path, f"pipe {pipe.role}", width)
    for start_m, end_m in hidden_stretches(pipe):
        sheet.drawing.polyline(sheet.path(stretch(pipe, start_m, end_m)), "pipe-hidden", width)
    for x, y in sheet.path(_samples(pipe, 12.0 / sheet.units_per_m)):
        half = width / 2 + 2
        sheet.labels.block(Box(x - half, y - half, x + half, y + half))


def _samples(pipe: Pipe, step_m: float) -> FloatArray:
    count = max(2, int(pipe.length_m / step_m) + 1)
    return positions_at(pipe.centreline, np.linspace(0.0, pipe.length_m, count))


def _draw_centreline(sheet: PlanSheet, pipe: Pipe) -> None:
    sheet.drawing.polyline(sheet.path(pipe.centreline), "centreline")
    chainages_m = pipe.stations.chainage_m.tolist()
    positions = [chainage_m * sheet.units_per_m for chainage_m in chainages_m]
    for i in spread_out(positions, TICK_GAP):
        start, end = _across(sheet, pipe, chainages_m[i], 3.0)
        sheet.drawing.line(start, end, "station")


def _draw_fittings(sheet: PlanSheet, pipe: Pipe) -> None:
    for fitting in pipe.fittings:
        _draw_fitting(sheet, pipe, fitting)


def _draw_fitting(sheet: PlanSheet, pipe: Pipe, fitting: Fitting) -> None:
    x, y = sheet.at(np.asarray(fitting.position))
    match fitting.kind:
        case FittingKind.JOINT:
            start, end = _across(sheet, pipe, fitting.chainage_m, 5.0)
            sheet.drawing.line(start, end, "joint")
        case FittingKind.BEND:
            corners = [(x - 7, y), (x, y - 7), (x + 7, y), (x, y + 7)]
            sheet.drawing.polygon(corners, "fitting")
        case FittingKind.TEE:
            sheet.drawing.polygon([(x - 7, y + 5), (x, y - 8), (x + 7, y + 5)], "fitting")
        case FittingKind.END:
            sheet.drawing.circle((x, y), 4.5, "fitting-end")


def _across(sheet: PlanSheet, pipe: Pipe, chainage_m: float, beyond: float) -> tuple[Point, Point]:
    """Return the ends of a stroke across the pipe, reaching `beyond` its sides."""
    reach = _half_width(sheet, pipe) + beyond
    return _beside(sheet, pipe, chainage_m, reach), _beside(sheet, pipe, chainage_m, -reach)


def _beside(sheet: PlanSheet, pipe: Pipe, chainage_m: float, offset: float) -> Point:
    """Return the point `offset` drawing units to the left of the pipe, seen in its direction."""
    x, y = sheet.at(positions_at(pipe.centreline, np.array([chainage_m]))[0])
    east, north = direction_at(pipe, chainage_m)
    return x - float(north) * offset, y - float(east) * offset


def _half_width(sheet: PlanSheet, pipe: Pipe) -> float:
    return max(pipe.outer_diameter_m * sheet.units_per_m, LEAST_PIPE_WIDTH) / 2


def _draw_name(sheet: PlanSheet, pipe: Pipe, size: float) -> None:
    text = pipe_label(pipe)
    away = _half_width(sheet, pipe) + size
    offsets = (away + 6, -away - 6, away + 30, -away - 30, away + 60, -away - 60)
    centres = (
        _beside(sheet, pipe, share * pipe.length_m, offset)
        for offset, share in product(offsets, LABEL_SHARES)
    )
    x, y = sheet.labels.place(text, size, centres)
    _draw_leader(sheet, pipe, (x, y), away + 6)
    css = f"pipe-name middle {pipe.role}" + ("" if size == LABEL_SIZE else " dense")
    sheet.drawing.text((x, y + size * 0.36), text, css)


def _draw_leader(sheet: PlanSheet, pipe: Pipe, label: Point, near: float) -> None:
    """Draw a line from a name that had to be put away from its pipe."""
    path = shapely.linestrings(sheet.path(pipe.centreline))
    foot = shapely.line_interpolate_point(
        path, shapely.line_locate_point(path, shapely.points(label))
    )
    end = (float(shapely.get_x(foot)), float(shapely.get_y(foot)))
    if np.hypot(end[0] - label[0], end[1] - label[1]) > near + 1.0:
        sheet.drawing.line(label, end, "leader")


def _draw_stations(sheet: PlanSheet, pipe: Pipe) -> None:
    chainages_m = pipe.stations.chainage_m.tolist()
    positions = [chainage_m * sheet.units_per_m for chainage_m in chainages_m]
    away = _half_width(sheet, pipe) + 15
    for i in spread_out(positions, STATION_GAP):
        at_m = chainages_m[i]
        offsets = (-away, away, -away - 12, away + 12, -away - 26, away + 26)
        centres = (_beside(sheet, pipe, at_m, offset) for offset in offsets)
        text = f"{at_m:.1f}"
        x, y = sheet.labels.place(text, STATION_SIZE, centres)
        sheet.drawing.text((x, y + STATION_SIZE * 0.36), text, "station-name middle")


def pipe_label(pipe: Pipe) -> str:
    """Return id, material and nominal diameter, or the measured one where that is undecided."""
    if pipe.nominal_diameter_mm is None:
        size = f"外径{1000 * pipe.outer_diameter_m:.0f}"
    else:
        size = f"φ{pipe.nominal_diameter_mm}"
    return " ".join(filter(None, (clean_text(pipe.pipe_id), pipe.material, size)))
