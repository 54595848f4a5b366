"""The shapes of a pipe in PLATEAU's levels of detail; plane rectangular frame, metres.

The rules are those of the specification, 4.15 地下埋設物モデル.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from twin_pipeline.geometry.polyline import simplified
from twin_pipeline.geometry.sweep import Solid, circle, square, swept
from twin_pipeline.model import FloatArray

GRID_M = 0.0001
"""What coordinates are written to; corners are rounded before faces share them."""

_SMOOTH_M = 0.0005
"""By how much a centreline may be simplified before it is swept."""

_CHORD_M = 0.001
"""How far the faces of the barrel may lie inside it."""

Ring = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shell:
    """A closed surface of plane faces, which share their corners."""

    corners: FloatArray
    """(V, 3) easting, northing, elevation."""
    faces: tuple[tuple[Ring, ...], ...]
    """Each an outer ring, counter-clockwise seen from outside, then its holes."""


def barrel(centreline: FloatArray, outer_diameter_m: float) -> Shell:
    """LOD3: the outer surface, a tube along the centreline."""
    radius_m = outer_diameter_m / 2
    # a chord of n in a circle lies r (1 - cos(pi / n)) inside
    cosine = max(1.0 - _CHORD_M / radius_m, 0.0)
    sides = min(max(math.ceil(math.pi / max(math.acos(cosine), 1e-6)), 12), 48)
    return _shell(swept(simplified(centreline, _SMOOTH_M), circle(radius_m, sides)))


def box(centreline: FloatArray, outer_diameter_m: float) -> Shell:
    """LOD2: as wide and as high as the pipe, its top as deep as the crown."""
    return _shell(
        swept(simplified(centreline, _SMOOTH_M), square(outer_diameter_m / 2), upright=True)
    )


def block(centreline: FloatArray, outer_diameter_m: float, top_m: float, bottom_m: float) -> Shell:
    """LOD1: the pipe's outline from above, between two elevations."""
    return _extruded(outline(centreline, outer_diameter_m), top_m, bottom_m)


def outline(centreline: FloatArray, outer_diameter_m: float) -> shapely.Polygon:
    """Return the pipe as seen from above."""
    tube = swept(simplified(centreline, _SMOOTH_M), circle(outer_diameter_m / 2, 24))
    shadows = shapely.polygons(tube.positions[tube.triangles][:, :, :2])
    shadows = shadows[shapely.area(shadows) > GRID_M**2]
    whole = shapely.union_all(shadows, grid_size=GRID_M)
    if not isinstance(whole, shapely.Polygon):
        whole = shapely.set_precision(whole.buffer(0.001, join_style="mitre"), GRID_M)
    return shapely.orient_polygons(shapely.simplify(whole, _SMOOTH_M))


def _shell(solid: Solid) -> Shell:
    """Round the corners, and drop faces that rounding made lines."""
    rounded, number = np.unique(
        np.round(solid.positions / GRID_M).astype(np.int64), axis=0, return_inverse=True
    )
    triangles = number.reshape(-1)[solid.triangles]
    a, b, c = triangles.T
    faces = triangles[(a != b) & (b != c) & (c != a)]
    return Shell(
        rounded.astype(np.float64) * GRID_M, tuple((tuple(face),) for face in faces.tolist())
    )


def _extruded(area: shapely.Polygon, top_m: float, bottom_m: float) -> Shell:
    """Return the prism over a polygon whose outer ring runs counter-clockwise."""
    rings = [np.asarray(ring.coords)[:-1] for ring in (area.exterior, *area.interiors)]
    numbers = _numbered([len(ring) for ring in rings])
    plan = np.concatenate(rings)
    count = len(plan)
    upper = np.column_stack((plan, np.full(count, top_m)))
    lower = np.column_stack((plan, np.full(count, bottom_m)))
    top = tuple(numbers)
    bottom = tuple(tuple(count + corner for corner in reversed(ring)) for ring in numbers)
    walls = [
        ((a, count + a, count + b, b),) for ring in numbers for a, b in pairwise((*ring, ring[0]))
    ]
    corners = np.round(np.concatenate((upper, lower)) / GRID_M) * GRID_M
    return Shell(corners, (top, bottom, *walls))


def _numbered(lengths: Sequence[int]) -> list[Ring]:
    numbers, first = [], 0
    for length in lengths:
        numbers.append(tuple(range(first, first + length)))
        first += length
    return numbers


def is_closed(shell: Shell) -> bool:
    """Tell whether every edge joins exactly two faces, that run along it in turn."""
    edges = [edge for face in shell.faces for ring in face for edge in pairwise((*ring, ring[0]))]
    known = set(edges)
    return len(known) == len(edges) and all((b, a) in known for a, b in edges)
