"""How well patches around a short piece of axis look like a tube.

Frame: local, metres. K = patches.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.axis.around import frame_across

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
TableArray = npt.NDArray[np.int32]

VOXELS_PER_AREA = 1.5
"""Voxels that a surface crosses, per area of a voxel's side."""
_AROUND = math.pi * 1.5**2 * VOXELS_PER_AREA
"""Voxels that the surface crosses from which a plane around one takes its points."""
_INNER, _OUTER = 0.75, 1.25
"""Of the radius, between which a shell lies."""
_MEAN_ROUNDS = 4
ARC_BINS = 24
_TANGENTS = tuple(math.tan(k * 2.0 * math.pi / ARC_BINS) for k in range(1, ARC_BINS // 4))
"""Of the angles between sectors within a quarter."""


@jit(cache=True, nogil=True)
def tube_support(
    points: FloatArray,
    normals: FloatArray,
    centre: FloatArray,
    direction: FloatArray,
    radius: float,
    half_length: float,
    tolerance: float,
) -> tuple[FloatArray, float, float, int]:
    """Judge how well patches around a short piece of axis look like a tube.

    Parameters
    ----------
    points, normals
        (K, 3) centroids, metres, local frame, and unit normals of either sign.
    centre, direction
        (3,) middle of the piece of axis, metres, local frame, and (3,) unit direction.
    radius
        Radius of the tube, metres.
    half_length
        Half of the length of the piece, metres.
    tolerance
        How far the vote of a patch may miss the axis, metres.

    Returns
    -------
    shift (3,) robust mean of the votes' lateral offsets (m), arc_deg seen, purity (share of the
    patches on the shell's seen sectors whose normals agree), kept (patches that agree).
    """
    d0, d1, d2 = direction[0], direction[1], direction[2]
    u, v = frame_across((d0, d1, d2))
    aside, above = np.empty(len(points)), np.empty(len(points))
    sector = np.empty(len(points), np.int64)
    shell = np.zeros(ARC_BINS, np.int64)
    inner2, outer2 = (_INNER * radius) ** 2, (_OUTER * radius) ** 2
    count = 0
    for i in range(len(points)):
        ex = points[i, 0] - centre[0]
        ey = points[i, 1] - centre[1]
        ez = points[i, 2] - centre[2]
        if abs(ex * d0 + ey * d1 + ez * d2) > half_length:
            continue
        eu, ev = ex * u[0] + ey * u[1] + ez * u[2], ex * v[0] + ey * v[1] + ez * v[2]
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        nu, nv = nx * u[0] + ny * u[1] + nz * u[2], nx * v[0] + ny * v[1] + nz * v[2]
        if eu * nu + ev * nv < 0.0:
            nu, nv = -nu, -nv
        au, av = eu - radius * nu, ev - radius * nv
        rho2 = eu * eu + ev * ev
        if au * au + av * av < tolerance * tolerance or inner2 < rho2 < outer2:
            aside[count], above[count] = au, av
            sector[count] = _sector(eu, ev)
            shell[sector[count]] += 1
            count += 1
    shift = np.zeros(3)
    aside, above = aside[:count], above[:count]
    per_tolerance2 = 1.0 / (tolerance * tolerance)
    found, su, sv = _robust_mean(aside, above, per_tolerance2)
    if not found:
        return shift, 0.0, 0.0, 0
    agree = np.zeros(ARC_BINS, np.int64)
    for i in range(count):
        du, dv = aside[i] - su, above[i] - sv
        if (du * du + dv * dv) * per_tolerance2 < 1.0:
            agree[sector[i]] += 1
    kept = inside = seen = 0
    for b in range(ARC_BINS):
        if agree[b] >= 1 and 2 * agree[b] >= shell[b]:
            seen += 1
            kept += agree[b]
            inside += shell[b]
    for a in range(3):
        shift[a] = su * u[a] + sv * v[a]
    purity = kept / inside if inside > 0 else 0.0
    return shift, seen * 360.0 / ARC_BINS, purity, kept


@jit(cache=True, nogil=True)
def _robust_mean(
    aside: FloatArray, above: FloatArray, per_tolerance2: float
) -> tuple[bool, float, float]:
    """Return whether offsets (F,), (F,) lie near each other, and their mean with Tukey weights."""
    mean_u = mean_v = 0.0
    for _ in range(_MEAN_ROUNDS):
        total = wu = wv = 0.0
        for i in range(len(aside)):
            du, dv = aside[i] - mean_u, above[i] - mean_v
            near = 1.0 - (du * du + dv * dv) * per_tolerance2
            if near > 0.0:
                w = near * near
                total += w
                wu += w * aside[i]
                wv += w * above[i]
        if total == 0.0:
            return False, 0.0, 0.0
        mean_u, mean_v = wu / total, wv / total
    return True, mean_u, mean_v


@jit(cache=True, nogil=True)
def crossed_for_each(counts: TableArray) -> FloatArray:
    """Return how many voxels the surface crosses for each of patches with so many points, (K,).

    Where points are few they leave voxels empty that the surface crosses. By chance it is that
    share of them which Poisson's law gives for the points around a patch.
    """
    crossed = np.empty(len(counts))
    for i in range(len(counts)):
        crossed[i] = 1.0 / (1.0 - math.exp(-counts[i] / _AROUND))
    return crossed


@jit(cache=True, nogil=True)
def thinness(
    points: FloatArray,
    crossed: FloatArray,
    centre: FloatArray,
    direction: FloatArray,
    radius: float,
) -> float:
    """Return how many voxels the surface crosses for each patch on a shell, at least 1.

    Parameters
    ----------
    points, crossed
        (K, 3) centroids, metres, local frame, and (K,) result of `crossed_for_each`.
    centre, direction, radius
        Of the shell, as for `tube_support`.
    """
    count, total = 0, 0.0
    inner2, outer2 = (_INNER * radius) ** 2, (_OUTER * radius) ** 2
    for i in range(len(points)):
        x, y, z = points[i, 0] - centre[0], points[i, 1] - centre[1], points[i, 2] - centre[2]
        along = x * direction[0] + y * direction[1] + z * direction[2]
        if inner2 < x * x + y * y + z * z - along * along < outer2:
            count += 1
            total += crossed[i]
    return total / count if count > 0 else 1.0


@jit(cache=True, nogil=True, inline="always")
def _sector(x: float, y: float) -> int:
    """Return in which of the ARC_BINS sectors from -pi on a direction lies."""
    quarter = 0
    if y >= 0.0:
        x, y, quarter = -x, -y, 2
    if x >= 0.0:
        x, y, quarter = -y, x, quarter + 1
    ahead, aside = abs(x), abs(y)
    within = 0
    for k in range(len(_TANGENTS)):
        within += aside >= ahead * _TANGENTS[k]
    return (ARC_BINS // 4) * quarter + within
