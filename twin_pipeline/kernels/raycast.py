"""First hit of rays with the ground of an excavation and with solid bodies, by sphere tracing.

Every surface is given by a function that is zero on it and nowhere larger than the distance to
it, so that a ray can always be advanced by its value. Each body is traced on its own inside its
bounding box and the nearest hit wins; a last Newton step puts the hit on the surface.

Row layouts
-----------
solids (P, 16) float64, site frame, metres; column 0 is the kind:
    FRUSTUM    1:4 start, 4:7 axis, 7 length, 8 radius at start, 9 at end, 10:13 side direction,
               13 fold height, 14 largest slope of the folds
    TORUS      1:4 centre, 4:7 normal, 7:10 direction to the arc's start, 10 radius of the arc,
               11 radius of the tube, 12 angle of the arc (rad), 13 and 14 as for FRUSTUM
    BOX        1:4 centre, 4:7, 7:10, 10:13 axes, 13:16 half sizes
    ELLIPSOID  as BOX, with radii for half sizes
bounds (P, 6): lower and upper corner of each body's axis-parallel box.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

FRUSTUM, TORUS, BOX, ELLIPSOID = 0, 1, 2, 3
MISS, PAVEMENT, WALL, FLOOR = -1, -2, -3, -4


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


_NEAR_M = 5e-5
_NEAR_GROUND_M = 5e-4
_NEWTON_LIMIT_M = 2e-3
_DETAIL_M = 0.05


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
def _tile_value(tile: FloatArray, u: float, v: float) -> float:
    """Value of a texture that repeats with period 1 in both coordinates."""
    n = tile.shape[0]
    a = (u - math.floor(u)) * n
    b = (v - math.floor(v)) * n
    i, j = min(int(a), n - 1), min(int(b), n - 1)
    a -= i
    b -= j
    i1, j1 = (i + 1) % n, (j + 1) % n
    low = tile[i, j] * (1.0 - b) + tile[i, j1] * b
    high = tile[i1, j] * (1.0 - b) + tile[i1, j1] * b
    return float(low * (1.0 - a) + high * a)


@jit(cache=True, nogil=True)
def _fold(folds: FloatArray, height: float, angle: float, along: float) -> float:
    return float(height * _tile_value(folds, angle / (2.0 * math.pi), along))


@jit(cache=True, nogil=True)
def _frustum(s: FloatArray, folds: FloatArray, x: float, y: float, z: float) -> float:
    qx, qy, qz = x - s[1], y - s[2], z - s[3]
    along = qx * s[4] + qy * s[5] + qz * s[6]
    rx, ry, rz = qx - along * s[4], qy - along * s[5], qz - along * s[6]
    rho = math.sqrt(rx * rx + ry * ry + rz * rz)
    taper = (s[9] - s[8]) / s[7]
    side = rho - s[8] - taper * along
    scale = 1.0 / math.sqrt(1.0 + taper * taper)
    if s[13] > 0.0 and side < 2.0 * s[13]:
        e1 = rx * s[10] + ry * s[11] + rz * s[12]
        tx = s[5] * s[12] - s[6] * s[11]
        ty = s[6] * s[10] - s[4] * s[12]
        tz = s[4] * s[11] - s[5] * s[10]
        angle = math.atan2(rx * tx + ry * ty + rz * tz, e1)
        side -= _fold(folds, s[13], angle, along / (2.0 * math.pi * s[8]))
        scale = 1.0 / math.sqrt(1.0 + (abs(taper) + s[14]) ** 2)
    elif s[13] > 0.0:
        side -= s[13]
    return float(max(side * scale, -along, along - s[7]))


@jit(cache=True, nogil=True)
def _torus(s: FloatArray, folds: FloatArray, x: float, y: float, z: float) -> float:
    qx, qy, qz = x - s[1], y - s[2], z - s[3]
    up = qx * s[4] + qy * s[5] + qz * s[6]
    a = qx * s[7] + qy * s[8] + qz * s[9]
    bx = s[5] * s[9] - s[6] * s[8]
    by = s[6] * s[7] - s[4] * s[9]
    bz = s[4] * s[8] - s[5] * s[7]
    b = qx * bx + qy * by + qz * bz
    out = math.hypot(a, b) - s[10]
    side = math.hypot(out, up) - s[11]
    if s[13] > 0.0 and side < 2.0 * s[13]:
        along = s[10] * math.atan2(b, a)
        angle = math.atan2(up, out)
        side -= _fold(folds, s[13], angle, along / (2.0 * math.pi * s[11]))
        side /= math.sqrt(1.0 + s[14] ** 2)
    elif s[13] > 0.0:
        side -= s[13]
    past_end = b * math.cos(s[12]) - a * math.sin(s[12])
    return float(max(side, -b, past_end))


@jit(cache=True, nogil=True)
def _box(s: FloatArray, x: float, y: float, z: float) -> float:
    qx, qy, qz = x - s[1], y - s[2], z - s[3]
    inside = -1e30
    outside = 0.0
    for k in range(3):
        c = 4 + 3 * k
        d = abs(qx * s[c] + qy * s[c + 1] + qz * s[c + 2]) - s[13 + k]
        inside = max(inside, d)
        outside += max(d, 0.0) ** 2
    return float(math.sqrt(outside) if outside > 0.0 else inside)


@jit(cache=True, nogil=True)
def _ellipsoid(s: FloatArray, x: float, y: float, z: float) -> float:
    qx, qy, qz = x - s[1], y - s[2], z - s[3]
    norm = 0.0
    for k in range(3):
        c = 4 + 3 * k
        norm += ((qx * s[c] + qy * s[c + 1] + qz * s[c + 2]) / s[13 + k]) ** 2
    return float((math.sqrt(norm) - 1.0) * min(s[13], s[14], s[15]))


@jit(cache=True, nogil=True)
def _solid(s: FloatArray, folds: FloatArray, x: float, y: float, z: float) -> float:
    if s[0] == FRUSTUM:
        return float(_frustum(s, folds, x, y, z))
    if s[0] == TORUS:
        return float(_torus(s, folds, x, y, z))
    if s[0] == BOX:
        return float(_box(s, x, y, z))
    return float(_ellipsoid(s, x, y, z))


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
    side -= trench[7] * _tile_value(tile, chainage / period + shift, z / period)
    side += _corrugation(trench[8], trench[9], chainage)
    end -= trench[7] * _tile_value(tile, offset / period + shift + 0.21, z / period)
    return float(max(side, end) * trench[10])


@jit(cache=True, nogil=True)
def _ground(g: Terrain, x: float, y: float, z: float) -> tuple[float, int]:
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


@jit(cache=True, nogil=True)
def _enter_box(
    box: FloatArray, o: FloatArray, d: FloatArray, near: float, far: float
) -> tuple[float, float]:
    for k in range(3):
        if abs(d[k]) < 1e-12:
            if o[k] < box[k] or o[k] > box[3 + k]:
                return 1.0, 0.0
            continue
        t0 = (box[k] - o[k]) / d[k]
        t1 = (box[3 + k] - o[k]) / d[k]
        near = max(near, min(t0, t1))
        far = min(far, max(t0, t1))
    return near, far


@jit(cache=True, nogil=True)
def _at(o: FloatArray, d: FloatArray, t: float) -> tuple[float, float, float]:
    return o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2]


@jit(cache=True, nogil=True)
def _newton_step(ahead: float, behind: float, value: float, h: float) -> float:
    slope = (ahead - behind) / (2.0 * h)
    if slope > -1e-3:
        return 0.0
    return min(max(-value / slope, -_NEWTON_LIMIT_M), _NEWTON_LIMIT_M)


@jit(cache=True, nogil=True)
def _hit_solid(
    s: FloatArray, folds: FloatArray, o: FloatArray, d: FloatArray, near: float, far: float
) -> float:
    """Distance along the ray to the body, or infinity."""
    t = near
    for _ in range(512):
        x, y, z = _at(o, d, t)
        value = _solid(s, folds, x, y, z)
        if value < _NEAR_M:
            break
        t += value
        if t > far:
            return math.inf
    else:
        return math.inf
    h = 1e-6
    for _ in range(3):
        x, y, z = _at(o, d, t)
        ax, ay, az = _at(o, d, t + h)
        bx, by, bz = _at(o, d, t - h)
        ahead, behind = _solid(s, folds, ax, ay, az), _solid(s, folds, bx, by, bz)
        t += _newton_step(ahead, behind, _solid(s, folds, x, y, z), h)
    return t


@jit(cache=True, nogil=True)
def _reach_ground(g: Terrain, o: FloatArray, d: FloatArray) -> float:
    """Distance along the ray to the plane over all of the ground, or infinity."""
    height = o[2] - g.pavement[0] - g.pavement[1] * o[0] - g.pavement[2] * o[1] - g.pavement[6]
    sink = g.pavement[1] * d[0] + g.pavement[2] * d[1] - d[2]
    if height <= 0.0:
        return 0.0
    return float(height / sink if sink > 1e-9 else math.inf)


@jit(cache=True, nogil=True)
def _hit_ground(g: Terrain, o: FloatArray, d: FloatArray, far: float) -> tuple[float, int]:
    """Distance along the ray to the ground and what it is, or infinity and MISS."""
    t = _reach_ground(g, o, d)
    value, code = math.inf, MISS
    for _ in range(1000):
        if t >= far:
            return math.inf, MISS
        x, y, z = _at(o, d, t)
        value, code = _ground(g, x, y, z)
        if value < _NEAR_GROUND_M:
            break
        t += value
    else:
        return math.inf, MISS
    h = 1e-5
    for _ in range(2):
        ax, ay, az = _at(o, d, t + h)
        bx, by, bz = _at(o, d, t - h)
        ahead, behind = _ground(g, ax, ay, az)[0], _ground(g, bx, by, bz)[0]
        t += _newton_step(ahead, behind, 0.5 * (ahead + behind), h)
    return t, code


@jit(cache=True, nogil=True)
def _surface(
    code: int, g: Terrain, solids: FloatArray, folds: FloatArray, x: float, y: float, z: float
) -> float:
    if code >= 0:
        return float(_solid(solids[code], folds, x, y, z))
    return float(_ground(g, x, y, z)[0])


@jit(cache=True, nogil=True)
def _write_normal(
    normal: FloatArray,
    code: int,
    g: Terrain,
    solids: FloatArray,
    folds: FloatArray,
    x: float,
    y: float,
    z: float,
) -> None:
    h = 1e-5 if code >= 0 else 2e-3
    for k in range(3):
        dx, dy, dz = h * (k == 0), h * (k == 1), h * (k == 2)
        ahead = _surface(code, g, solids, folds, x + dx, y + dy, z + dz)
        normal[k] = ahead - _surface(code, g, solids, folds, x - dx, y - dy, z - dz)
    length = math.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    if length > 0.0:
        normal /= length


@jit(cache=True, nogil=True)
def trace(
    origins: FloatArray,
    directions: FloatArray,
    max_range_m: float,
    solids: FloatArray,
    bounds: FloatArray,
    folds: FloatArray,
    terrain: Terrain,
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Trace rays to the first surface they meet.

    Parameters
    ----------
    origins, directions
        (N, 3) float64, site frame, metres; directions of unit length.
    max_range_m
        Hits farther away are misses.
    solids, bounds, folds
        Bodies as in the module text; `folds` is a square texture of values from 0 to 1 that
        repeats.

    Returns
    -------
    range_m, code, normal
        (N,) range to the hit, infinity for a miss; (N,) int32 row of the body hit, or one of
        MISS, PAVEMENT, WALL, FLOOR; (N, 3) unit normal of the surface, out of the body.
    """
    count = origins.shape[0]
    ranges = np.full(count, np.inf)
    codes = np.full(count, MISS, dtype=np.int32)
    normals = np.zeros((count, 3))
    for i in range(count):
        o, d = origins[i], directions[i]
        best, code = max_range_m, MISS
        for k in range(solids.shape[0]):
            near, far = _enter_box(bounds[k], o, d, 0.0, best)
            if near <= far:
                t = _hit_solid(solids[k], folds, o, d, near, far)
                if t < best:
                    best, code = t, k
        t, what = _hit_ground(terrain, o, d, best)
        if t < best:
            best, code = t, what
        if code != MISS:
            ranges[i], codes[i] = best, code
            x, y, z = _at(o, d, best)
            _write_normal(normals[i], code, terrain, solids, folds, x, y, z)
    return ranges, codes, normals


@jit(cache=True, nogil=True)
def plan_positions(
    elements: FloatArray, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Chainage and offset, each (N,), of plan points from one axis; see `Terrain.elements`."""
    chainage, offset = np.empty(x.shape[0]), np.empty(x.shape[0])
    for i in range(x.shape[0]):
        chainage[i], offset[i] = plan_position(elements, 0, elements.shape[0], x[i], y[i])
    return chainage, offset
