"""Which level pieces of a scan may be pavement: no floors, no crowns of pipes, nothing sunk.

Frame: local, metres. C x D = cells of a grid in plan.
"""

import numpy as np
import scipy

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.model import BoolArray, FloatArray

CELL_M = 0.25
FINE_M = 0.08
_RING_CELLS = 2
_MOSTLY_WALLS = 2.0
_FEW_WALLS = 0.3
_FALLS_ALL_AROUND, _WALLS_BEYOND = 0.5, 0.2
"""Of what is around a level strip: more falls off than where a trench lies on one side of it, and
stands above it as only the trench's walls do."""
_NO_STRAY = 3
_SMALL_SHARE = 0.25
"""Of the other pavement's area, up to which a piece deep below that is none."""


def paved(
    pyramid: Pyramid,
    elevation: FloatArray,
    pieces: np.ndarray,
    upper: BoolArray,
    lower: FloatArray,
    deep_m: float,
) -> BoolArray:
    """Return the cells (C, D) of those upper pieces that may be pavement.

    Parameters
    ----------
    elevation, pieces, upper
        (C, D) of the lowest level surface, metres; numbers of connected pieces; and the cells of
        pieces that no other large one lies above.
    lower
        (2,) corner of the grid.
    deep_m
        Depth of the shallowest excavation, metres.
    """
    kept = upper & ~_floors(pyramid, elevation, pieces, upper, lower, deep_m)
    kept &= ~_crowns(pyramid, elevation, pieces, kept, lower, deep_m)
    return _without_sunk(elevation, pieces, kept, deep_m)


def _floors(
    pyramid: Pyramid,
    elevation: FloatArray,
    pieces: np.ndarray,
    pavement: BoolArray,
    lower: FloatArray,
    deep_m: float,
) -> BoolArray:
    """Return the cells of pieces around which walls rise, where a pavement has edges that fall.

    Of an excavation whose pavement was hardly scanned the floor is the largest level piece.
    """
    bottom, top = _column_ends(pyramid, lower, elevation.shape)
    floors = np.zeros(elevation.shape, bool)
    for k in np.unique(pieces[pavement]):
        own = pieces == k
        around, rising, falling = _steps_around(own, elevation, bottom, top, deep_m)
        if rising > _MOSTLY_WALLS * falling and rising > _FEW_WALLS * around:
            floors |= own
    return floors


def _crowns(
    pyramid: Pyramid,
    elevation: FloatArray,
    pieces: np.ndarray,
    pavement: BoolArray,
    lower: FloatArray,
    deep_m: float,
) -> BoolArray:
    """Return the cells of pieces that are the crowns of large pipes, between the trench's walls.

    Where no pavement was scanned a crown is the highest level piece.
    """
    margin = _RING_CELLS
    wide = np.pad(elevation, margin, constant_values=np.nan)
    bottom, top = _column_ends(pyramid, lower - margin * CELL_M, wide.shape, _NO_STRAY)
    crowns = np.zeros(elevation.shape, bool)
    for k in np.unique(pieces[pavement]):
        own = pieces == k
        around, rising, falling = _steps_around(np.pad(own, margin), wide, bottom, top, deep_m)
        if falling > _FALLS_ALL_AROUND * around and rising > _WALLS_BEYOND * around:
            crowns |= own
    return crowns


def _steps_around(
    own: BoolArray, elevation: FloatArray, bottom: FloatArray, top: FloatArray, deep_m: float
) -> tuple[int, int, int]:
    """Return how many cells are next to a piece's, and in how many walls rise and the scan falls.

    Both count from the piece's nearest elevation on.
    """
    reach = scipy.ndimage.generate_binary_structure(2, 2)
    ring = scipy.ndimage.binary_dilation(own, reach, iterations=_RING_CELLS) & ~own
    nearest = scipy.ndimage.distance_transform_edt(
        ~own, return_distances=False, return_indices=True
    )
    level = elevation[nearest[0], nearest[1]]
    rises, falls = ring & (top - level > deep_m), ring & (level - bottom > deep_m)
    return int(ring.sum()), int(rises.sum()), int(falls.sum())


def _without_sunk(
    elevation: FloatArray, pieces: np.ndarray, pavement: BoolArray, deep_m: float
) -> BoolArray:
    """Return the pavement without small pieces that lie in the hole that the others leave.

    Noise makes a level strip of the crown of a large pipe, too, from which all around falls off.
    """
    area = np.bincount(pieces[pavement])
    kept = pavement.copy()
    for k in np.argsort(area, kind="stable"):
        own, others = kept & (pieces == k), kept & (pieces != k)
        if not own.any() or area[k] > _SMALL_SHARE * others.sum():
            continue
        known, asked = (CELL_M * np.argwhere(some).astype(np.float64) for some in (others, own))
        beside = Ground(np.column_stack([known, elevation[others]]), 0.0, ())
        level: FloatArray = beside.roughly_at(np.asarray(asked, np.float64))
        deep = level - elevation[own] > deep_m
        if np.mean(deep) > 0.5:
            kept &= ~own
    return kept


def _column_ends(
    pyramid: Pyramid, lower: FloatArray, shape: tuple[int, ...], least: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and the highest surface in each cell of a grid; infinite where none is.

    Only that counts which has so many points at least: stray ones fill the air and the earth.
    """
    surface = pyramid.level_near(FINE_M).surface
    centroid = surface.centroid[surface.count >= least]
    cell = np.floor((centroid[:, :2] - lower) / CELL_M).astype(int)
    inside = np.all((cell >= 0) & (cell < shape), axis=1)
    at = (cell[inside, 0], cell[inside, 1])
    bottom, top = np.full(shape, np.inf), np.full(shape, -np.inf)
    np.minimum.at(bottom, at, centroid[inside, 2])
    np.maximum.at(top, at, centroid[inside, 2])
    return bottom, top
