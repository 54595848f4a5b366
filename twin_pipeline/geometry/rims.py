"""Straight pieces of an excavation's rim, which tell in which directions its pipes may run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy
import shapely

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.model import FloatArray

_TOLERANCE_M = 0.3
_CELL_M = 0.25
_FINE_M = 0.08
_LEAST_POINTS = 3
_CLOSING = 2
_SLENDER = 2.5
"""Length of a trench in widths: what is hardly longer than wide, as a room is, has no course."""
_INLET_M = 1.0
"""Half of the width of gaps in what was scanned, which are no part of its shape."""
_BESIDE_M, _STEP_M, _LOW = 0.6, 0.5, 10.0
"""How far inside a rim the floor is looked for, and the percentage of heights that lie below it."""


@dataclass(frozen=True, slots=True, eq=False)
class Rims:
    """The rims of what was dug."""

    legs: Sequence[FloatArray]
    """Straight pieces (3,)."""
    paved: bool
    """Whether a pavement tells where they are."""
    dug: shapely.Geometry
    """What they go around, seen from above."""


def rims_of(ground: Ground) -> Rims:
    """Return the rims of the holes in a pavement, as steep as that beside them."""
    holes = [shapely.Polygon(ring) for ring in ground.outlines]
    legs = [_on_ground(ground, a, b) for hole in holes for a, b in _straights(hole)]
    return Rims(legs, paved=True, dug=shapely.union_all([hole.buffer(0.0) for hole in holes]))


def rims_of_cloud(pyramid: Pyramid) -> Rims:
    """Return the rims of all that was scanned, as steep as what lies lowest beside them.

    That is where no pavement was scanned: then the trench is all there is. What has not the shape
    of one has no rims.
    """
    surface = pyramid.level_near(_FINE_M).surface
    places = surface.centroid[surface.count >= _LEAST_POINTS]
    shape = _shape_of(places[:, :2]) if len(places) else None
    if shape is None or not _is_slender(shape):
        return Rims([], paved=False, dug=shapely.Polygon())
    legs = [_on_floor(places, a, b) for a, b in _straights(shape)]
    return Rims(legs, paved=False, dug=shape)


def _straights(shape: shapely.Polygon) -> list[tuple[FloatArray, FloatArray]]:
    rim = shapely.get_coordinates(shape.exterior.simplify(_TOLERANCE_M))
    return list(pairwise(rim))


def _on_ground(ground: Ground, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the leg (3,) between two places (2,), as steep as the pavement beside it."""
    elevation, _ = ground.elevation_at(np.array([start, end]))
    rise = float(elevation[1] - elevation[0])
    return np.append(end - start, rise if math.isfinite(rise) else 0.0)


def _shape_of(xy: FloatArray) -> shapely.Polygon | None:
    """Return the largest connected place that points (P, 2) cover."""
    lower = xy.min(axis=0) - 2.0 * _CLOSING * _CELL_M
    cell = ((xy - lower) / _CELL_M).astype(int)
    mask = np.zeros(cell.max(axis=0) + 1 + 2 * _CLOSING, bool)
    mask[cell[:, 0], cell[:, 1]] = True
    mask = scipy.ndimage.binary_closing(mask, iterations=_CLOSING)
    corner = lower + np.argwhere(mask) * _CELL_M
    shape = shapely.coverage_union_all(shapely.box(*corner.T, *(corner + _CELL_M).T))
    parts = shapely.get_parts(shape)
    return parts[int(np.argmax(shapely.area(parts)))] if len(parts) else None


def _is_slender(shape: shapely.Polygon) -> bool:
    """Tell whether a strip of this area and circumference is much longer than wide."""
    whole = shapely.Polygon(shape.exterior).buffer(_INLET_M).buffer(-_INLET_M)
    half = 0.5 * whole.exterior.length
    square = half**2 - 4.0 * shapely.Polygon(whole.exterior).area
    if square < 0.0:
        return False
    width = 0.5 * (half - math.sqrt(square))
    return half - width >= _SLENDER * width


def _on_floor(places: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the leg (3,) between two places (2,), as steep as the lowest of what is beside it."""
    level = end - start
    length = float(np.linalg.norm(level))
    course = level / length
    away = places[:, :2] - start
    along = away @ course
    beside = np.abs(away @ np.array([-course[1], course[0]])) < _BESIDE_M
    step = np.floor(along[beside] / _STEP_M)
    inside = (step >= 0.0) & (step < length / _STEP_M)
    height = places[beside, 2]
    steps = np.unique(step[inside])
    if len(steps) < 2:
        return np.append(level, 0.0)
    lowest = [np.percentile(height[inside & (step == each)], _LOW) for each in steps]
    slope = scipy.stats.theilslopes(lowest, steps * _STEP_M)[0]
    return np.append(level, slope * length)
