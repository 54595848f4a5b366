"""Tell for every point whether it lies on a pipe, on the pavement or in the trench."""

import math
from collections.abc import Sequence

import numpy as np
import shapely

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray, LabelArray, PointLabel

_CELL_M = 0.4
_EDGE_M = 0.5
_GROUND_TOLERANCE_M = 0.03


def label_points(pyramid: Pyramid, tubes: Sequence[Tube], ground: Ground | None) -> LabelArray:
    """Return labels (N,) in the cloud's order, values as in `PointLabel`."""
    labels = np.zeros(len(pyramid.xyz), np.uint16)
    if ground is not None:
        depth, inside = _depth(pyramid, ground)
        labels[np.abs(depth) <= _GROUND_TOLERANCE_M] = PointLabel.GROUND
        labels[inside & (depth > _GROUND_TOLERANCE_M)] = PointLabel.TRENCH
    for number, tube in enumerate(tubes):
        labels[tube.points] = PointLabel.FIRST_PIPE + number
    in_file_order = np.empty_like(labels)
    in_file_order[pyramid.order] = labels
    return in_file_order


def _depth(pyramid: Pyramid, ground: Ground) -> tuple[FloatArray, np.ndarray]:
    """Return how far points lie below the pavement (NaN where none) and which are in the trench."""
    level = pyramid.level(max(0, round(math.log2(_CELL_M / pyramid.voxel_size_m))))
    corner = level.lower[:2]
    cell = np.floor((pyramid.xyz[level.starts[:-1], :2] - corner) / level.size_m)
    columns, index = np.unique(cell, axis=0, return_inverse=True)
    centre = corner + (columns + 0.5) * level.size_m
    elevation, _ = ground.elevation_at(centre)
    trench = shapely.union_all([shapely.Polygon(ring) for ring in ground.outlines])
    inside = shapely.contains_xy(trench.buffer(_EDGE_M), centre[:, 0], centre[:, 1])
    points = np.diff(level.starts)
    return (
        np.repeat(elevation[index], points) - pyramid.xyz[:, 2],
        np.repeat(inside[index], points),
    )
