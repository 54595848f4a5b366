"""The finished ground as a surface of triangles, carried over the trench, to be looked at."""

from dataclasses import dataclass

import numpy as np
import scipy
import shapely

from twin_pipeline.geometry.surface import Ground
from twin_pipeline.model import BoolArray, FloatArray, IntArray, Survey

_SPACING_M = 0.5
_MOST_POINTS = 2_500
_REACH_M = 0.75
"""Beyond this distance from scanned pavement there is no surface."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundMesh:
    """Triangles of the ground, scan frame."""

    vertices: FloatArray
    """(V, 3) metres."""
    triangles: IntArray
    """(T, 3) indices of vertices."""
    over_trench: BoolArray
    """(T,) whether a triangle closes the trench."""


def ground_mesh(survey: Survey) -> GroundMesh | None:
    """Return the ground of a site; None where the scan shows no pavement."""
    if survey.pavement is None or len(survey.pavement) < 3:
        return None
    origin = np.append(survey.pavement[:, :2].min(axis=0), 0.0)
    patches = survey.pavement - origin
    rings = [ring[:, :2] - origin[:2] for ring in survey.trench]
    trench = shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in rings])
    spacing_m = _spacing(patches)
    places = _places(patches, trench, spacing_m)
    if len(places) < 3 or np.linalg.matrix_rank(places - places[0]) < 2:
        return None
    elevation, _ = Ground(patches, 0.0, ()).elevation_at(places)
    known = np.isfinite(elevation)
    places, elevation = places[known], elevation[known]
    if len(places) < 3 or np.linalg.matrix_rank(places - places[0]) < 2:
        return None
    triangles = np.asarray(scipy.spatial.Delaunay(places).simplices, dtype=np.int64)
    middle = places[triangles].mean(axis=1)
    over_trench = shapely.contains_xy(trench, middle[:, 0], middle[:, 1])
    kept = over_trench | (_longest_edge(places, triangles) < 2.5 * spacing_m)
    return GroundMesh(
        np.column_stack((places, elevation)) + origin, triangles[kept], over_trench[kept]
    )


def _spacing(patches: FloatArray) -> float:
    width, height = np.ptp(patches[:, :2], axis=0) + 2.0 * _REACH_M
    return max(_SPACING_M, float(np.sqrt(width * height / _MOST_POINTS)))


def _places(patches: FloatArray, trench: shapely.Geometry, spacing_m: float) -> FloatArray:
    """Return (V, 2): a grid over pavement and trench, and the trench's edge as a line of points."""
    edge = shapely.get_coordinates(shapely.segmentize(trench.boundary, 0.5 * spacing_m))
    upper = patches[:, :2].max(axis=0) + _REACH_M
    axes = [np.arange(-_REACH_M, end, spacing_m) for end in upper]
    grid = np.column_stack([axis.ravel() for axis in np.meshgrid(*axes)])
    distance, _ = scipy.spatial.cKDTree(patches[:, :2]).query(grid)
    wanted = (distance < _REACH_M) | shapely.contains_xy(trench, grid[:, 0], grid[:, 1])
    if len(edge):
        # a grid point beside the edge makes slivers that cut across it
        wanted &= scipy.spatial.cKDTree(edge).query(grid)[0] > 0.35 * spacing_m
    return np.unique(np.vstack((grid[wanted], edge)).round(4), axis=0)


def _longest_edge(places: FloatArray, triangles: IntArray) -> FloatArray:
    corners = places[triangles]
    sides = corners - np.roll(corners, 1, axis=1)
    longest: FloatArray = np.linalg.norm(sides, axis=2).max(axis=1)
    return longest
