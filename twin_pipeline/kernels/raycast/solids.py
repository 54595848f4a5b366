"""How far a place is from solid bodies: zero on them, nowhere larger than the distance to them.

A body is a row (16,) float64, site frame, metres; column 0 is the kind:

    FRUSTUM    1:4 start, 4:7 axis, 7 length, 8 radius at start, 9 at end, 10:13 side direction,
               13 fold height, 14 largest slope of the folds
    TORUS      1:4 centre, 4:7 normal, 7:10 direction to the arc's start, 10 radius of the arc,
               11 radius of the tube, 12 angle of the arc (rad), 13 and 14 as for FRUSTUM
    BOX        1:4 centre, 4:7, 7:10, 10:13 axes, 13:16 half sizes
    ELLIPSOID  as BOX, with radii for half sizes
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.raycast.texture import tile_value

FloatArray = npt.NDArray[np.float64]

FRUSTUM, TORUS, BOX, ELLIPSOID = 0, 1, 2, 3


@jit(cache=True, nogil=True)
def _fold(folds: FloatArray, height: float, angle: float, along: float) -> float:
    return float(height * tile_value(folds, angle / (2.0 * math.pi), along))


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
def solid_distance(s: FloatArray, folds: FloatArray, x: float, y: float, z: float) -> float:
    """Distance to a body (16,), negative inside, never too large."""
    if s[0] == FRUSTUM:
        return float(_frustum(s, folds, x, y, z))
    if s[0] == TORUS:
        return float(_torus(s, folds, x, y, z))
    if s[0] == BOX:
        return float(_box(s, x, y, z))
    return float(_ellipsoid(s, x, y, z))
