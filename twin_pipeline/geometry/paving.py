"""Add to the finished ground the narrow strips of it along a trench; take away what bridges it."""

from collections.abc import Sequence

import numpy as np
import scipy
import shapely

from twin_pipeline.geometry.surface import Ground
from twin_pipeline.model import BoolArray, FloatArray

_ROUNDS = 6
_LEVEL_M, _MOST_OFF_M = 0.015, 0.06
"""How far off the pavement, as carried there, a piece of it may lie: where it is known, at most."""
_SIGMAS = 3.0
_NEXT_M = 0.25
"""Distance up to which pieces belong together."""
_FEW = 3
_SUNK_M = 0.1
"""How deep below the pavement a plank or a plate over the trench may hang."""
_OVERHANG_M = 0.6
_EDGE_M = 0.05
_STEEPEST = 0.3
"""Slope of a pavement that no pavement has."""


def with_strips(ground: Ground, pieces: FloatArray) -> Ground:
    """Return the ground with all level pieces (G, 3) that lie in one surface with it.

    What a scan from one side sees of the pavement are often strips of a decimetre along the edge,
    none of them large enough to be trusted for itself. From what is known they are judged one
    after the other, the nearest first.
    """
    patches, left = ground.patches, pieces[_clustered(pieces)]
    for _ in range(_ROUNDS):
        known, _ = scipy.spatial.cKDTree(patches).query(left)
        left = left[known > 0.0]
        if len(left) == 0:
            break
        elevation, std = Ground(patches, ground.std_floor_m, ()).carried_to(left[:, :2])
        most = np.clip(_SIGMAS * std, _LEVEL_M, _MOST_OFF_M)
        agrees = np.abs(left[:, 2] - elevation) < most
        if not agrees.any():
            break
        patches, left = np.vstack([patches, left[agrees]]), left[~agrees]
    return Ground(patches, ground.std_floor_m, ground.outlines)


def _clustered(pieces: FloatArray) -> BoolArray:
    """Tell which pieces have neighbours; one alone is a chance."""
    if len(pieces) == 0:
        return np.zeros(0, bool)
    tree = scipy.spatial.cKDTree(pieces)
    return tree.query_ball_point(pieces, _NEXT_M, return_length=True) > _FEW


def over_or_in(pieces: FloatArray, holes: Sequence[shapely.Polygon], ground: Ground) -> BoolArray:
    """Tell which level pieces (G, 3) lie in holes, or belong to what lies over them.

    A plank is not much higher than the pavement, and where its end is all that was seen beside
    the trench nothing else would tell.
    """
    hole = shapely.union_all(holes).buffer(_EDGE_M)
    taken: BoolArray = shapely.contains_xy(hole, pieces[:, 0], pieces[:, 1])
    outside = pieces[~taken]
    for plank in _clusters(_far_out(_not_deep(pieces[taken], ground), hole)):
        if len(plank) > _FEW and _not_sunk(plank, ground):
            taken[~taken] = _goes_on(plank, outside, hole)
            outside = pieces[~taken]
    return taken


def _not_deep(pieces: FloatArray, ground: Ground) -> FloatArray:
    """Return the pieces that the pavement, however it slopes, may be as low as."""
    distance, nearest = scipy.spatial.cKDTree(ground.patches[:, :2]).query(pieces[:, :2])
    lowest = ground.patches[nearest, 2] - _SUNK_M - _STEEPEST * distance
    return np.asarray(pieces[pieces[:, 2] > lowest])


def _not_sunk(plank: FloatArray, ground: Ground) -> bool:
    elevation = ground.roughly_at(plank[:, :2])
    return bool(np.mean(plank[:, 2] > elevation - _SUNK_M) > 0.5)


def _clusters(pieces: FloatArray) -> list[FloatArray]:
    """Return groups of pieces that lie next to each other."""
    if len(pieces) == 0:
        return []
    pairs = scipy.spatial.cKDTree(pieces).query_pairs(_NEXT_M, output_type="ndarray")
    links = scipy.sparse.coo_matrix(
        (np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), (len(pieces), len(pieces))
    )
    count, of = scipy.sparse.csgraph.connected_components(links, directed=False)
    return [pieces[of == k] for k in range(count)]


def _far_out(pieces: FloatArray, hole: shapely.Geometry) -> FloatArray:
    """Return what lies over the middle half of a hole's width; beside it is its ragged edge."""
    width_m = 2.0 * hole.area / hole.length
    return np.asarray(pieces[_inward(pieces, hole) > 0.25 * width_m])


def _inward(pieces: FloatArray, hole: shapely.Geometry) -> FloatArray:
    return np.asarray(shapely.distance(hole.boundary, shapely.points(pieces[:, :2])))


def _goes_on(plank: FloatArray, outside: FloatArray, hole: shapely.Geometry) -> BoolArray:
    """Tell which pieces beside the trench lie near a plank over it and in its plane."""
    middle = plank.mean(axis=0)
    normal = np.linalg.svd(plank - middle, full_matrices=False)[2][2]
    scatter = float(np.sqrt(np.mean(((plank - middle) @ normal) ** 2)))
    distance, nearest = scipy.spatial.cKDTree(plank[:, :2]).query(outside[:, :2])
    off = np.abs((outside - middle) @ normal)
    near: BoolArray = distance < _inward(plank, hole)[nearest] + _OVERHANG_M
    return near & (off < _LEVEL_M + _SIGMAS * scatter)
