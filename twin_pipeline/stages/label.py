"""Tell for every point whether it lies on a pipe, on the pavement or in the trench."""

from collections.abc import Sequence

import numpy as np
import shapely

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray, LabelArray, PointLabel

_CELL_M = 0.5
_GROUND_TOLERANCE_M = 0.03


def label_points(pyramid: Pyramid, tubes: Sequence[Tube], ground: Ground | None) -> LabelArray:
    """Return labels (N,) in the cloud's order, values as in `PointLabel`."""
    labels = np.zeros(len(pyramid.xyz), np.uint16)
    if ground is not None:
        depth, inside = _depth(pyramid.xyz, ground)
        labels[np.abs(depth) <= _GROUND_TOLERANCE_M] = PointLabel.GROUND
        labels[inside & (depth > _GROUND_TOLERANCE_M)] = PointLabel.TRENCH
    for number, tube in enumerate(tubes):
        labels[tube.points] = PointLabel.FIRST_PIPE + number
    in_file_order = np.empty_like(labels)
    in_file_order[pyramid.order] = labels
    return in_file_order


def _depth(xyz: FloatArray, ground: Ground) -> tuple[FloatArray, np.ndarray]:
    """Return how far points lie below the pavement (NaN where none) and which are in the trench."""
    lower = xyz[:, :2].min(axis=0)
    cell = ((xyz[:, :2] - lower) / _CELL_M).astype(np.int64)
    columns = int(cell[:, 1].max()) + 1
    flat = cell[:, 0] * columns + cell[:, 1]
    occupied, index = np.unique(flat, return_inverse=True)
    centre = lower + (np.column_stack([occupied // columns, occupied % columns]) + 0.5) * _CELL_M
    elevation, _ = ground.elevation_at(centre)
    trench = shapely.union_all([shapely.Polygon(ring) for ring in ground.outlines])
    inside = shapely.contains_xy(trench.buffer(_CELL_M), centre[:, 0], centre[:, 1])
    return elevation[index] - xyz[:, 2], inside[index]
