"""How far a place is from the ground of an excavation, and from which part of it.

Frame: site, metres.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.raycast.texture import tile_value

FloatArray = npt.NDArray[np.float64]

PAVEMENT, WALL, FLOOR = -2, -3, -4
_DETAIL_M = 0.05


class Terrain(NamedTuple):
    """The ground with its excavations; metres, site frame.

    A grid is indexed [ix, iy]; its frame (3,) holds x, y of the first node and the cell size.
    """

    pavement: FloatArray
    """(9,): 0 elevation, 1 slope along x, 2 slope along y, 3 step factor of the upper surface,
    4 step factor of the lower surface, 5 length after which the wall texture repeats, 6 highest
    value of `upper`, 7 highest value of `lower`, 8 step factor of the plane."""
    upper: FloatArray
    """Heights above the pavement plane: roughness, spoil heaps, a raised footway."""
    upper_frame: FloatArray
    lower: FloatArray
    """Elevations of the trench floor with bedding."""
    lower_frame: FloatArray
    trenches: FloatArray
    """(T, 14): 0:2 range of rows in `elements`, 2:4 chainage of the ends, 4 half width, 5 batter
    (run per rise), 6 elevation where the half width holds, 7 wall roughness, 8 depth of the sheet
    piles' corrugation (0 none), 9 its wavelength, 10 step factor, 11 texture offset, 12 how far
    roughness and corrugation reach inward, 13 step factor without them."""
    elements: FloatArray
    """(E, 8) plan axes: 0 kind (0 line, 1 arc), 1:3 start or centre, 3:5 direction of a line, or
    3 radius and 4 sense (+1 left) of an arc, 5 angle (rad) from the centre to the arc's start,
    6 length, 7 chainage at start."""
    tile: FloatArray
    """Square texture of unit rms that repeats: roughness of the walls."""


@jit(cache=True, nogil=True)
def _grid_value(grid: FloatArray, frame: FloatArray, x: float, y: float) -> float:
    u = min(max((x - frame[0]) / frame[2], 0.0), grid.shape[0] - 1.000001)
    v = min(max((y - frame[1]) / frame[2], 0.0), grid.shape[1] - 1.000001)
    i, j = int(u), int(v)
    u -= i
    v -= j
    low = grid[i, j] * (1.0 - v) + grid[i, j + 1] * v
    high = grid[i + 1, j] * (1.0 - v) + grid[i + 1, j + 1] * v
    return float(low * (1.0 - u) + high * u)


@jit(cache=True, nogil=True)
def plan_position(
    elements: FloatArray, first: int, last: int, x: float, y: float
) -> tuple[float, float]:
    """Chainage and offset (left positive) of a plan point from an axis of lines and arcs.

    The first and last element are prolonged, so that chainages before and after them exist.
    """
    best, chainage, offset = 1e30, 0.0, 0.0
    for k in range(first, last):
        e = elements[k]
        qx, qy = x - e[1], y - e[2]
        if e[0] == 0.0:
            along = qx * e[3] + qy * e[4]
            left = e[3] * qy - e[4] * qx
        else:
            turn = (math.atan2(qy, qx) - e[5]) * e[4]
            turn -= 2.0 * math.pi * math.floor((turn + math.pi) / (2.0 * math.pi))
            along = turn * e[3]
            left = (e[3] - math.hypot(qx, qy)) * e[4]
        beyond = 0.0
        if along < 0.0 and k > first:
            beyond = along
        elif along > e[6] and k < last - 1:
            beyond = along - e[6]
        distance = left * left + beyond * beyond
        if distance < best:
            best, chainage, offset = distance, e[7] + along, left
    return chainage, offset


@jit(cache=True, nogil=True)
def plan_positions(
    elements: FloatArray, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Chainage and offset, each (N,), of plan points from one axis; see `Terrain.elements`."""
    chainage, offset = np.empty(x.shape[0]), np.empty(x.shape[0])
    for i in range(x.shape[0]):
        chainage[i], offset[i] = plan_position(elements, 0, elements.shape[0], x[i], y[i])
    return chainage, offset


@jit(cache=True, nogil=True)
def _corrugation(depth: float, wavelength: float, chainage: float) -> float:
    wave = 1.6 * math.sin(2.0 * math.pi * chainage / wavelength)
    return 0.5 * depth * min(max(wave, -1.0), 1.0)


@jit(cache=True, nogil=True)
def _walls(
    trench: FloatArray,
    elements: FloatArray,
    tile: FloatArray,
    period: float,
    x: float,
    y: float,
    z: float,
) -> float:
    """Distance to the walls and ends of one trench: negative inside, never too large."""
    chainage, offset = plan_position(elements, int(trench[0]), int(trench[1]), x, y)
    side = abs(offset) - trench[4] - trench[5] * (z - trench[6])
    end = max(trench[2] - chainage, chainage - trench[3])
    nearest = (max(side, end) + trench[12]) * trench[13]
    if nearest < -_DETAIL_M:
        return float(nearest)
    shift = trench[11] + (0.37 if offset > 0.0 else 0.0)
    side -= trench[7] * tile_value(tile, chainage / period + shift, z / period)
    side += _corrugation(trench[8], trench[9], chainage)
    end -= trench[7] * tile_value(tile, offset / period + shift + 0.21, z / period)
    return float(max(side, end) * trench[10])


@jit(cache=True, nogil=True)
def ground_distance(g: Terrain, x: float, y: float, z: float) -> tuple[float, int]:
    """Distance to the ground, never too large, and what is nearest: pavement, wall or floor."""
    plane = g.pavement[0] + g.pavement[1] * x + g.pavement[2] * y
    above = (z - plane - g.pavement[6]) * g.pavement[8]
    if above > _DETAIL_M:
        return above, PAVEMENT
    above = (z - plane - _grid_value(g.upper, g.upper_frame, x, y)) * g.pavement[3]
    if above > _DETAIL_M:
        return above, PAVEMENT
    void, code = 1e30, WALL
    floor = g.pavement[7] - z
    if floor > -_DETAIL_M:
        floor = (_grid_value(g.lower, g.lower_frame, x, y) - z) * g.pavement[4]
    for k in range(g.trenches.shape[0]):
        wall = _walls(g.trenches[k], g.elements, g.tile, g.pavement[5], x, y, z)
        if max(wall, floor) < void:
            void = max(wall, floor)
            code = FLOOR if floor > wall else WALL
    if above >= -void:
        return above, PAVEMENT
    return -void, code
