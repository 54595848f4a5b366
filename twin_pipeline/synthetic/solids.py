"""Bodies as the rows that the ray-casting kernel reads, and their bounding boxes."""

from collections.abc import Sequence

import numpy as np

from twin_pipeline.kernels.raycast import BOX, ELLIPSOID, FRUSTUM, TORUS
from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic.route import Arc, Line, Route

ROW = 16


def frustum(
    start: FloatArray,
    end: FloatArray,
    radius_m: float,
    end_radius_m: float | None = None,
    folds: tuple[float, float] = (0.0, 0.0),
) -> FloatArray:
    """Row of a cylinder or cone with flat ends; `folds` are height (m) and largest slope."""
    axis = end - start
    length = float(np.linalg.norm(axis))
    axis = axis / length
    row = np.zeros(ROW)
    row[0] = FRUSTUM
    row[1:4], row[4:7], row[7] = start, axis, length
    row[8], row[9] = radius_m, radius_m if end_radius_m is None else end_radius_m
    row[10:13] = _side(axis)
    row[13:15] = folds
    return row


def tube_arc(arc: Arc, radius_m: float, folds: tuple[float, float] = (0.0, 0.0)) -> FloatArray:
    """Row of a bent tube of at most half a turn, with flat ends."""
    row = np.zeros(ROW)
    row[0] = TORUS
    row[1:4], row[4:7], row[7:10] = arc.centre, arc.normal, arc.radial
    row[10], row[11], row[12] = arc.radius_m, radius_m, arc.angle_rad
    row[13:15] = folds
    return row


def box(centre: FloatArray, axes: FloatArray, size_m: Sequence[float]) -> FloatArray:
    """Row of a cuboid; `axes` (3, 3) are the unit vectors along its sides, one a row."""
    return _placed(BOX, centre, axes, 0.5 * np.asarray(size_m))


def ellipsoid(centre: FloatArray, axes: FloatArray, radii_m: Sequence[float]) -> FloatArray:
    """Row of an ellipsoid; `axes` as for a box."""
    return _placed(ELLIPSOID, centre, axes, np.asarray(radii_m))


def tube(
    route: Route, radius_m: float, folds: tuple[float, float] = (0.0, 0.0)
) -> list[FloatArray]:
    """Rows of a tube along lines and arcs."""
    rows = []
    for piece in route.pieces:
        if isinstance(piece, Line):
            end = piece.start + piece.length_m * piece.direction
            rows.append(frustum(piece.start, end, radius_m, folds=folds))
        else:
            rows.append(tube_arc(piece, radius_m, folds))
    return rows


def turned(azimuth_rad: float) -> FloatArray:
    """Axes (3, 3) of a body turned about the vertical, counter-clockwise from +x."""
    c, s = np.cos(azimuth_rad), np.sin(azimuth_rad)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def bounds(rows: FloatArray) -> FloatArray:
    """(P, 6) lower and upper corner of each body's axis-parallel box."""
    boxes = np.empty((len(rows), 6))
    for k, row in enumerate(rows):
        low, high = _extent(row)
        boxes[k, :3], boxes[k, 3:] = low - 1e-3, high + 1e-3
    return boxes


def _placed(kind: int, centre: FloatArray, axes: FloatArray, half: FloatArray) -> FloatArray:
    row = np.zeros(ROW)
    row[0] = kind
    row[1:4], row[4:13], row[13:16] = centre, axes.ravel(), half
    return row


def _side(axis: FloatArray) -> FloatArray:
    """Return a unit vector square to the axis, upward where that is possible."""
    up = np.array([0.0, 0.0, 1.0]) if abs(axis[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    side = up - (up @ axis) * axis
    return np.asarray(side / np.linalg.norm(side))


def _extent(row: FloatArray) -> tuple[FloatArray, FloatArray]:
    if row[0] == FRUSTUM:
        ends = np.array([row[1:4], row[1:4] + row[7] * row[4:7]])
        reach = (max(row[8], row[9]) + row[13]) * np.sqrt(np.clip(1 - row[4:7] ** 2, 0, 1))
    elif row[0] == TORUS:
        angle = np.linspace(0.0, row[12], 33)[:, None]
        ahead = np.cross(row[4:7], row[7:10])
        ends = row[1:4] + row[10] * (np.cos(angle) * row[7:10] + np.sin(angle) * ahead)
        sagitta = row[10] * (1 - np.cos(row[12] / 64))
        reach = np.full(3, row[11] + row[13] + sagitta)
    else:
        ends = row[1:4][None, :]
        reach = np.abs(row[4:13].reshape(3, 3)).T @ row[13:16]
    return ends.min(axis=0) - reach, ends.max(axis=0) + reach
