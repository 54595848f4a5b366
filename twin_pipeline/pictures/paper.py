"""What the pictures share: plans over the scan's surface, legends, charts along a pipe."""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.pictures.record import Record
from twin_pipeline.report.labels import text_width
from twin_pipeline.report.sheet import PlanSheet, draw_grid, draw_north_arrow, draw_scale_bar
from twin_pipeline.report.svg import Drawing, Point

LEGEND_HEIGHT = 26.0
_SWATCH = 15.0
_LINES = frozenset({"crown", "axis", "invert", "ground", "circle", "gate", "trench"})

Entry = tuple[str, str]
"""Class of a stroke, and what it stands for."""


@cache
def style_sheet() -> str:
    """Return the looks of all pictures."""
    return (Path(__file__).parent / "style.css").read_text("utf-8")


def plan_sheet(record: Record, title: str) -> PlanSheet:
    """Return a sheet that shows the whole searched place, with its grid."""
    points = record.place.searched.xyz
    ground = record.place.ground
    if ground is not None and ground.outlines:
        corners = np.vstack(ground.outlines) + record.origin[:2]
    elif len(points):
        corners = np.vstack([points.min(axis=0), points.max(axis=0)])[:, :2] + record.origin[:2]
    else:
        corners = np.zeros((1, 2)) + record.origin[:2]
    sheet = PlanSheet(corners, title)
    draw_grid(sheet)
    return sheet


def finish_plan(sheet: PlanSheet, title: str, entries: Sequence[Entry]) -> Drawing:
    """Add scale, north, title and legend."""
    draw_scale_bar(sheet)
    draw_north_arrow(sheet)
    drawing = sheet.drawing
    drawing.text((sheet.frame.left, drawing.height + 8.0), title, "title")
    drawing.height += 18.0
    add_legend(drawing, entries, sheet.frame.left)
    return drawing


def add_legend(drawing: Drawing, entries: Sequence[Entry], left: float) -> None:
    """Append rows that say what the strokes stand for."""
    x, y = left, drawing.height + 14.0
    for css, text in entries:
        width = 2.0 * _SWATCH + text_width(text, 11.0) + 12.0
        if x + width > drawing.width and x > left:
            x, y = left, y + 18.0
        thick = None if css in _LINES else 8.0
        drawing.polyline([(x, y - 4.0), (x + _SWATCH, y - 4.0)], css, thick)
        drawing.text((x + _SWATCH + 6.0, y), text, "soft")
        x += width
    drawing.height = y + 10.0


def thinned(points: FloatArray, most: int) -> FloatArray:
    """Return evenly chosen rows, at most so many: as many as the eye can use."""
    every = max(math.ceil(len(points) / most), 1)
    return points[::every]


def arc(centre: Point, radius: float, start_rad: float, end_rad: float) -> list[Point]:
    """Return points along an arc; angles from up, clockwise."""
    steps = max(int(abs(end_rad - start_rad) / 0.09), 1)
    angles = np.linspace(start_rad, end_rad, steps + 1)
    x, y = centre
    return [(x + radius * math.sin(a), y - radius * math.cos(a)) for a in angles.tolist()]
