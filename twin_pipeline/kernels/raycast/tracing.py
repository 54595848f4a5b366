"""First hit of rays with the ground of an excavation and with solid bodies, by sphere tracing.

Every surface is given by a function that is zero on it and nowhere larger than the distance to
it, so that a ray can always be advanced by its value. Each body is traced on its own inside its
bounding box and the nearest hit wins; a last Newton step puts the hit on the surface.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.raycast.solids import solid_distance
from twin_pipeline.kernels.raycast.terrain import Terrain, ground_distance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

MISS = -1
_NEAR_M = 5e-5
_NEAR_GROUND_M = 5e-4
_NEWTON_LIMIT_M = 2e-3


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
        value = solid_distance(s, folds, x, y, z)
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
        ahead, behind = solid_distance(s, folds, ax, ay, az), solid_distance(s, folds, bx, by, bz)
        t += _newton_step(ahead, behind, solid_distance(s, folds, x, y, z), h)
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
        value, code = ground_distance(g, x, y, z)
        if value < _NEAR_GROUND_M:
            break
        t += value
    else:
        return math.inf, MISS
    h = 1e-5
    for _ in range(2):
        ax, ay, az = _at(o, d, t + h)
        bx, by, bz = _at(o, d, t - h)
        ahead, behind = ground_distance(g, ax, ay, az)[0], ground_distance(g, bx, by, bz)[0]
        t += _newton_step(ahead, behind, 0.5 * (ahead + behind), h)
    return t, code


@jit(cache=True, nogil=True)
def _surface(
    code: int, g: Terrain, solids: FloatArray, folds: FloatArray, x: float, y: float, z: float
) -> float:
    if code >= 0:
        return float(solid_distance(solids[code], folds, x, y, z))
    return float(ground_distance(g, x, y, z)[0])


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
        Bodies (P, 16), see `solids`, and lower and upper corner (P, 6) of the axis-parallel box
        of each; `folds` is a square texture of values from 0 to 1 that
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
