"""The plan's paper: axes of one scale, grid, scale bar and north arrow."""

import math

import numpy as np
import shapely

from twin_pipeline.model import FloatArray
from twin_pipeline.report.labels import Box, LabelPlacer
from twin_pipeline.report.scales import Axis, decimals_of, round_step
from twin_pipeline.report.svg import Drawing, Point

WIDTH = 1000.0
LEAST_HEIGHT, MOST_HEIGHT = 460.0, 820.0
LEFT, RIGHT, TOP, BOTTOM = 92.0, 12.0, 12.0, 30.0
MARGIN_SHARE, LEAST_MARGIN_M = 0.07, 0.5
GRID_UNITS = 110.0
BAR_UNITS = 130.0

SHEET_WIDTH_MM = 394.0
"""How wide a drawing is printed on A3, landscape, with the page's margins of 13 mm."""
SCALES = (10, 20, 25, 50, 100, 200, 250, 300, 500, 600, 1000, 1200, 2500, 5000, 10000)


class PlanSheet:
    """A drawing in which one metre is as long in easting as in northing."""

    def __init__(self, extent: FloatArray, title: str) -> None:
        """Fit the (N, 2+) points of `extent` (metres, scan frame) on the paper."""
        west, south, east, north, height, self.scale = _fitted(extent)
        bottom = TOP + height
        self.frame = Box(LEFT, TOP, WIDTH - RIGHT, bottom)
        self.drawing = Drawing(WIDTH, bottom + BOTTOM, title)
        self.easting = Axis(west, east, self.frame.left, self.frame.right)
        self.northing = Axis(south, north, self.frame.bottom, self.frame.top)
        self.labels = LabelPlacer(self.frame)

    @property
    def units_per_m(self) -> float:
        """Drawing units a metre."""
        return self.easting.units_per_m

    def at(self, position: FloatArray) -> Point:
        """Return where a position of the scan frame lies on the paper."""
        return self.easting(float(position[0])), self.northing(float(position[1]))

    def path(self, positions: FloatArray) -> list[Point]:
        """Return where positions lie on the paper."""
        return [self.at(position) for position in positions]

    def clipped(self, line: FloatArray) -> list[list[Point]]:
        """Return the parts of a (K, 2) line that lie on the paper."""
        box = (self.easting.low_m, self.northing.low_m, self.easting.high_m, self.northing.high_m)
        inside = shapely.clip_by_rect(shapely.linestrings(line[:, :2]), *box)
        parts = [shapely.get_coordinates(part) for part in shapely.get_parts(inside)]
        return [self.path(part) for part in parts if len(part) > 1]


def draw_grid(sheet: PlanSheet) -> None:
    """Draw the frame and the coordinate grid."""
    drawing, frame = sheet.drawing, sheet.frame
    width, height = frame.right - frame.left, frame.bottom - frame.top
    drawing.rectangle((frame.left, frame.top), width, height, "frame")
    step_m = round_step(GRID_UNITS / sheet.units_per_m)
    digits = decimals_of(step_m)
    for value_m in sheet.easting.multiples(step_m):
        x = sheet.easting(value_m)
        drawing.line((x, frame.top), (x, frame.bottom), "grid")
        if frame.left + 30 < x < frame.right - 30:
            drawing.text((x, frame.bottom + 17), f"{value_m:.{digits}f}", "tick middle")
    for value_m in sheet.northing.multiples(step_m):
        y = sheet.northing(value_m)
        drawing.line((frame.left, y), (frame.right, y), "grid")
        drawing.text((frame.left - 7, y + 4), f"{value_m:.{digits}f}", "tick end")
    drawing.text((frame.left - 7, frame.bottom + 17), "N ↑  E →", "tick end")


def draw_scale_bar(sheet: PlanSheet) -> None:
    """Draw a bar of a round length in the lower left corner."""
    drawing, frame = sheet.drawing, sheet.frame
    length_m = round_step(BAR_UNITS / sheet.units_per_m / 2)
    length = length_m * sheet.units_per_m
    left, y = frame.left + 20, frame.bottom - 20
    paper = Box(left - 12, y - 28, left + length + 34, y + 12)
    sheet.labels.block(paper)
    drawing.rectangle((paper.left, paper.top), paper.right - paper.left, 40, "paper")
    drawing.rectangle((left, y - 6), length / 2, 6, "bar-dark")
    drawing.rectangle((left + length / 2, y - 6), length / 2, 6, "bar-light")
    for share in (0.0, 0.5, 1.0):
        unit = " m" if share == 1.0 else ""
        label = f"{share * length_m:g}{unit}"
        drawing.text((left + share * length, y - 11), label, "tick middle")


def draw_north_arrow(sheet: PlanSheet) -> None:
    """Draw the arrow of grid north in the upper right corner."""
    x, top = sheet.frame.right - 34, sheet.frame.top + 30
    sheet.labels.block(Box(x - 26, top - 28, x + 26, top + 52))
    sheet.drawing.text((x, top - 6), "N", "north middle")
    sheet.drawing.polygon([(x, top), (x, top + 34), (x - 11, top + 44)], "bar-dark")
    sheet.drawing.polygon([(x, top), (x, top + 34), (x + 11, top + 44)], "bar-light")


def _fitted(extent: FloatArray) -> tuple[float, float, float, float, float, int]:
    """Return west, south, east, north (m), the frame's height (drawing units), and the scale.

    The scale is the denominator, on A3; beyond the usual ones it is what just fits.
    """
    low, high = extent.min(axis=0)[:2], extent.max(axis=0)[:2]
    margin_m = max(MARGIN_SHARE * float((high - low).max()), LEAST_MARGIN_M)
    size = high - low + 2 * margin_m
    width = WIDTH - LEFT - RIGHT
    height = float(np.clip(width * size[1] / size[0], LEAST_HEIGHT, MOST_HEIGHT))
    units_per_m = min(width / float(size[0]), height / float(size[1]))
    least = WIDTH / SHEET_WIDTH_MM * 1000.0 / units_per_m
    scale = next((usual for usual in SCALES if usual >= least), math.ceil(least))
    units_per_m = WIDTH / SHEET_WIDTH_MM * 1000.0 / scale
    height = min(height, max(float(size[1]) * units_per_m, LEAST_HEIGHT))
    half = np.array([width, height]) / units_per_m / 2
    middle = (low + high) / 2
    west, south = (middle - half).tolist()
    east, north = (middle + half).tolist()
    return west, south, east, north, height, scale
