"""Axes of seeds, refined from the patches around each.

Frame: local, metres. K = patches.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange
from twin_pipeline.kernels.axis.around import frame_across, patches_in_ball
from twin_pipeline.kernels.axis.support import crossed_for_each, thinness, tube_support

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]
TableArray = npt.NDArray[np.int32]
Vector = tuple[float, float, float]

_ROUNDS = 8
_NARROWED = 4
"""Rounds of the regression, and those in which its band narrows."""
_WIDE_SHARE, _NARROW_ROUND, _NARROW_SHARE = 0.2, 3, 0.3
"""Of the fewest patches, the weights that there must be in the widest band, and in a later round:
low, for a seed that starts beside its axis gets little weight in both and may be the only one."""
_MOST_THIN = 2.5
"""Voxels that the surface crosses for each of the thinnest patches that have a normal."""
_DEALT = 64
"""The strongest seeds, which come first, take longest: each thread gets some of all."""
_UNKNOWNS, _FEWEST = 5, 6.0
"""Of a seed's axis, and the weights that they take at least."""
_LEAST_HALF_M = 0.06
"""Half of the shortest piece of an axis."""
_Sums = tuple[
    float, float, float, float, float, float, float, float, float, float, float, float, float
]


@jit(cache=True, nogil=True)
def _direction_moments(
    points: FloatArray,
    normals: FloatArray,
    centre: FloatArray,
    radius: float,
    reach: float,
    of_normals: bool,  # noqa: FBT001 - Numba calls no function with keyword-only parameters
) -> FloatArray:
    """Return the scatter (3, 3) of normals or of votes, over patches voting near `centre`."""
    m = np.zeros((3, 3))
    for i in range(len(points)):
        ex, ey, ez = points[i, 0] - centre[0], points[i, 1] - centre[1], points[i, 2] - centre[2]
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        signed = radius if ex * nx + ey * ny + ez * nz >= 0.0 else -radius
        qx, qy, qz = ex - signed * nx, ey - signed * ny, ez - signed * nz
        if qx * qx + qy * qy + qz * qz > reach * reach:
            continue
        if of_normals:
            qx, qy, qz = nx, ny, nz
        m[0, 0] += qx * qx
        m[1, 0] += qy * qx
        m[2, 0] += qz * qx
        m[1, 1] += qy * qy
        m[2, 1] += qz * qy
        m[2, 2] += qz * qz
    m[0, 1], m[0, 2], m[1, 2] = m[1, 0], m[2, 0], m[2, 1]
    return m


@jit(cache=True, nogil=True)
def gauss_axis(
    points: FloatArray, normals: FloatArray, centre: FloatArray, radius: float
) -> FloatArray:
    """Return the direction most perpendicular to the normals of the patches voting for `centre`.

    Parameters
    ----------
    points, normals
        (K, 3) centroids, metres, local frame, and unit normals of either sign.
    centre
        (3,) metres, local frame.
    radius
        Assumed radius of the tube, metres.

    Returns
    -------
    (3,) unit, sign arbitrary.
    """
    m = _direction_moments(points, normals, centre, radius, 0.5 * radius, True)
    return np.linalg.eigh(m)[1][:, 0].copy()


@jit(cache=True, nogil=True)
def vote_axis(
    points: FloatArray, normals: FloatArray, centre: FloatArray, radius: float
) -> FloatArray:
    """Return the direction (3,) along which the votes near `centre` are spread most.

    Arguments and result are as for `gauss_axis`.
    """
    m = _direction_moments(points, normals, centre, radius, 1.5 * radius, False)
    return np.linalg.eigh(m)[1][:, 2].copy()


@jit(cache=True, nogil=True)
def refine_axis(
    points: FloatArray,
    normals: FloatArray,
    centre: FloatArray,
    direction: FloatArray,
    radius: float,
    half_length: float,
    least: float,
) -> tuple[FloatArray, FloatArray, float, float, bool]:
    """Regress patch positions on normals with Tukey weights.

    The two equations of a patch share their unknowns' pattern, so that the 5x5 normal matrix of
    (shift u, shift v, tilt u, tilt v, radius) follows from a few sums.

    Parameters
    ----------
    points, normals
        (K, 3) centroids, metres, local frame, and unit normals of either sign.
    centre, direction
        (3,) point of the axis to start from, metres, local frame, and (3,) unit direction.
    radius
        Assumed radius, metres.
    half_length
        Patches farther than this from `centre` along the axis are left out; metres.
    least
        Fewest patches of a tube that is worth finding, as `refine_seeds` has it.

    Returns
    -------
    centre (3,), direction (3,), radius (m), support (weight sum), success.
    """
    count = len(points)
    rows = np.empty((6, count))
    for i in range(count):
        for a in range(3):
            rows[a, i] = points[i, a]
            rows[3 + a, i] = normals[i, a]
    equations, x = np.empty((_UNKNOWNS, _UNKNOWNS + 1)), np.empty(_UNKNOWNS)
    c, d = (centre[0], centre[1], centre[2]), (direction[0], direction[1], direction[2])
    r = radius
    sw = 0.0
    found = True
    for iteration in range(_ROUNDS):
        u, v = frame_across(d)
        band = r * (0.5 - 0.25 * min(iteration, _NARROWED) / _NARROWED)
        sw, st, stt, snu, snv, stnu, stnv, snn, seu, sev, steu, stev, sne = _weighted_sums(
            rows, c, d, u, v, r, half_length, 1.0 / (band * band)
        )
        needed = _NARROW_SHARE * least * r * max(2.0 * r, _LEAST_HALF_M)
        if (
            sw < _FEWEST
            or (iteration == 0 and sw < _WIDE_SHARE * least * radius * half_length)
            or (iteration == _NARROW_ROUND and sw < needed)
        ):
            found = False
            break
        # weak priors keep a short or narrow patch solvable: no tilt, radius as assumed
        tilt_prior, radius_prior = 1e-3 * sw * half_length**2, 0.02 * sw
        equations[0] = (sw, 0.0, st, 0.0, snu, seu)
        equations[1] = (0.0, sw, 0.0, st, snv, sev)
        equations[2] = (st, 0.0, stt + tilt_prior, 0.0, stnu, steu)
        equations[3] = (0.0, st, 0.0, stt + tilt_prior, stnv, stev)
        equations[4] = (
            snu, snv, stnu, stnv, snn + radius_prior, sne + radius_prior * radius,
        )  # fmt: skip
        _solve(equations, x)
        c = _moved(c, x[0], u, x[1], v)
        d = _unit(_moved(d, x[2], u, x[3], v))
        r = x[4]
        if not (0.6 * radius < r < 1.6 * radius):
            found = False
            break
    return np.array([c[0], c[1], c[2]]), np.array([d[0], d[1], d[2]]), r, sw, found


@jit(cache=True, nogil=True, inline="always")
def _moved(place: Vector, along_u: float, u: Vector, along_v: float, v: Vector) -> Vector:
    return (
        place[0] + along_u * u[0] + along_v * v[0],
        place[1] + along_u * u[1] + along_v * v[1],
        place[2] + along_u * u[2] + along_v * v[2],
    )


@jit(cache=True, nogil=True, inline="always")
def _unit(d: Vector) -> Vector:
    length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    return d[0] / length, d[1] / length, d[2] / length


@jit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _weighted_sums(
    rows: FloatArray,
    c: Vector,
    d: Vector,
    u: Vector,
    v: Vector,
    r: float,
    half_length: float,
    per_band2: float,
) -> _Sums:
    """Return sums over patches, (6, K) places and normals, with Tukey's weights.

    Without branches, and in any order, so that several patches are taken at a time.
    """
    x, y, z, along_x, along_y, along_z = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    c0, c1, c2 = c
    d0, d1, d2 = d
    u0, u1, u2 = u
    v0, v1, v2 = v
    sw = st = stt = snu = snv = stnu = stnv = snn = 0.0
    seu = sev = steu = stev = sne = 0.0
    for i in range(len(x)):
        ex, ey, ez = x[i] - c0, y[i] - c1, z[i] - c2
        nx, ny, nz = along_x[i], along_y[i], along_z[i]
        t = ex * d0 + ey * d1 + ez * d2
        eu, ev = ex * u0 + ey * u1 + ez * u2, ex * v0 + ey * v1 + ez * v2
        nu, nv = nx * u0 + ny * u1 + nz * u2, nx * v0 + ny * v1 + nz * v2
        side = -1.0 if eu * nu + ev * nv < 0.0 else 1.0
        nu, nv = side * nu, side * nv
        du, dv = eu - r * nu, ev - r * nv
        q = (du * du + dv * dv) * per_band2
        near = 1.0 - q if q < 1.0 else 0.0
        near = near if abs(t) <= half_length else 0.0
        w = near * near
        wt, wu, wv = w * t, w * nu, w * nv
        sw += w
        st += wt
        stt += wt * t
        snu += wu
        snv += wv
        stnu += wt * nu
        stnv += wt * nv
        snn += wu * nu + wv * nv
        seu += w * eu
        sev += w * ev
        steu += wt * eu
        stev += wt * ev
        sne += wu * eu + wv * ev
    return sw, st, stt, snu, snv, stnu, stnv, snn, seu, sev, steu, stev, sne


@jit(cache=True, nogil=True)
def _solve(equations: FloatArray, x: FloatArray) -> None:
    """Solve positive definite equations (5, 6), the right-hand side last, for x (5,)."""
    for j in range(_UNKNOWNS):
        for i in range(j + 1, _UNKNOWNS):
            share = equations[i, j] / equations[j, j]
            for k in range(j, _UNKNOWNS + 1):
                equations[i, k] -= share * equations[j, k]
    for j in range(_UNKNOWNS - 1, -1, -1):
        x[j] = equations[j, _UNKNOWNS]
        for k in range(j + 1, _UNKNOWNS):
            x[j] -= equations[j, k] * x[k]
        x[j] /= equations[j, j]


@jit(cache=True, nogil=True, parallel=True)
def refine_seeds(
    centres: FloatArray,
    radii: FloatArray,
    tolerance_ratio: float,
    least: float,
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    normals: FloatArray,
    counts: TableArray,
    used: BoolArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Refine axis seeds one by one from the patches around each.

    Two starting directions are tried, and the one that more patches agree with is kept.

    Parameters
    ----------
    centres, radii
        (P, 3) points near an axis, local frame, and (P,) assumed radii; metres.
    tolerance_ratio
        How far the vote of a patch may miss the axis, as a share of the radius.
    least
        Fewest voxels that the surface of a tube that is worth finding crosses, over its radius and
        half the length of the piece; 1 / m2. Seeds that get clearly less are given up early.
    lower, size, keys, table, children, centroids, used
        As for `patches_in_ball`.
    normals, counts
        (K, 3) unit normals of the patches, of either sign, and (K,) int32 points of each.

    Returns
    -------
    centre (P, 3) and direction (P, 3) in the local frame, radius (P,), metres, arc_deg (P,),
    purity (P,), crossed (P,) voxels that the surface of the tube's patches crosses; crossed is 0
    where no tube was found.
    """
    count = len(centres)
    out_centre = np.zeros((count, 3))
    out_direction = np.zeros((count, 3))
    out_radius = np.zeros(count)
    out_arc = np.zeros(count)
    out_purity = np.zeros(count)
    out_crossed = np.zeros(count)
    rows = (count + _DEALT - 1) // _DEALT
    crossed = crossed_for_each(counts)
    for n in prange(rows * _DEALT):
        p = (n % rows) * _DEALT + n // rows
        if p >= count:
            continue
        radius = radii[p]
        half = max(2.0 * radius, _LEAST_HALF_M)
        reach = math.sqrt((1.5 * radius) ** 2 + half**2)
        idx = patches_in_ball(
            centres[p], reach, lower, size, keys, table, children, centroids, used
        )
        if len(idx) < max(8.0, _NARROW_SHARE * least * radius * half / _MOST_THIN):
            continue
        points, normal, of_each = centroids[idx], normals[idx], crossed[idx]
        kept_most = 0
        for attempt in range(2):
            if attempt == 0:
                start = gauss_axis(points, normal, centres[p], radius)
            else:
                start = vote_axis(points, normal, centres[p], radius)
            _, arc, purity, kept = tube_support(
                points, normal, centres[p], start, radius, half, 0.4 * radius
            )
            if arc < 60.0 or purity < 0.4:
                continue
            per_patch = thinness(points, of_each, centres[p], start, radius)
            c, d, r, _, success = refine_axis(
                points, normal, centres[p], start, radius, half, least / per_patch
            )
            if not success:
                continue
            _, arc, purity, kept = tube_support(points, normal, c, d, r, half, tolerance_ratio * r)
            if kept > kept_most:
                kept_most = kept
                out_centre[p], out_direction[p], out_radius[p] = c, d, r
                out_arc[p], out_purity[p] = arc, purity
                out_crossed[p] = kept * thinness(points, of_each, c, d, r)
    return out_centre, out_direction, out_radius, out_arc, out_purity, out_crossed
