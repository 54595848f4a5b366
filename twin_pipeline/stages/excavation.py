"""Tell for every point how deep below the pavement it lies, and whether in the excavation."""

import numpy as np
import shapely

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Excavation, Ground

_CELL_M = 0.4
_EDGE_M = 0.5


def excavation(pyramid: Pyramid, ground: Ground) -> Excavation:
    """Carry the pavement to every point, by columns of some decimetres."""
    level = pyramid.level_near(_CELL_M)
    corner = level.lower[:2]
    cell = np.floor((pyramid.xyz[level.starts[:-1], :2] - corner) / level.size_m)
    columns, index = np.unique(cell, axis=0, return_inverse=True)
    centre = corner + (columns + 0.5) * level.size_m
    elevation = ground.roughly_at(centre)
    trench = shapely.union_all([shapely.Polygon(ring) for ring in ground.outlines])
    inside = shapely.contains_xy(trench.buffer(_EDGE_M), centre[:, 0], centre[:, 1])
    return Excavation(pyramid.xyz, level.starts, elevation[index], inside[index])
