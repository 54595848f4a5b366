"""Points as seen from the polyline axis of a tube: where along it, how far off, on which side.

Frame: local, metres. K = axis nodes, N = points. A node carries a tangent and two lateral unit
vectors u, v; angles are counted from u towards v.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange
from twin_pipeline.kernels.adjust.angles import turn_to_angles

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Seen = tuple[FloatArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray]
"""Chainage, nearest node, radial vector and its length, angle, cosine: see `look_along`."""

_PART_POINTS = 8192
"""Points that are worth a thread."""


@jit(cache=True, nogil=True, parallel=True)
def project(
    points: FloatArray, nodes: FloatArray, segment: IntArray, chainage_step: float
) -> tuple[FloatArray, FloatArray]:
    """Project points on the polyline.

    Parameters
    ----------
    points, nodes
        (N, 3) and (K, 3) metres, local frame.
    segment
        (N,) int64 number of the segment to start from for each point, updated in place.
    chainage_step
        Distance of the nodes, metres.

    Returns
    -------
    chainage (N,) metres, NaN beyond the ends; radial (N, 3) vectors from the axis to the points,
    metres.
    """
    count = len(points)
    chainage = np.empty(count)
    radial = np.empty((count, 3))
    last = len(nodes) - 2
    legs = _legs(nodes)
    for i in prange(count):
        k = segment[i]
        t = _fraction(points, i, nodes, legs, k)
        if t < 0.0 or t > 1.0:
            k, t = _walked(points, i, nodes, legs, k, t)
            segment[i] = k
        outside = (t < 0.0 and k == 0) or (t > 1.0 and k == last)
        chainage[i] = np.nan if outside else (k + min(1.0, max(0.0, t))) * chainage_step
        _set_radial(radial, points, i, nodes, legs, k, t)
    return chainage, radial


@jit(cache=True, nogil=True)
def _legs(nodes: FloatArray) -> FloatArray:
    """Return what leads from each node to the next, and its squared length: (K - 1, 4)."""
    legs = np.empty((len(nodes) - 1, 4))
    for k in range(len(legs)):
        squared = 0.0
        for a in range(3):
            d = nodes[k + 1, a] - nodes[k, a]
            legs[k, a] = d
            squared += d * d
        legs[k, 3] = squared
    return legs


@jit(cache=True, nogil=True)
def _walked(
    points: FloatArray, i: int, nodes: FloatArray, legs: FloatArray, k: int, t: float
) -> tuple[int, float]:
    """Return the segment that point i projects on, and where on it, if it does beyond segment k.

    Few do: it is a call of its own, as a loop in theirs would make that three times as slow.
    """
    last = len(nodes) - 2
    for _ in range(8):
        if t < 0.0 and k > 0:
            before = _fraction(points, i, nodes, legs, k - 1)
            if not before < 1.0:
                break
            k, t = k - 1, before
        elif t > 1.0 and k < last:
            k += 1
            t = _fraction(points, i, nodes, legs, k)
        else:
            break
    return k, t


@jit(cache=True, nogil=True, inline="always")
def _set_radial(
    radial: FloatArray,
    points: FloatArray,
    i: int,
    nodes: FloatArray,
    legs: FloatArray,
    k: int,
    t: float,
) -> None:
    """Fill in the vector (3,) from the axis to point i, which projects on segment k at t."""
    t = min(1.0, max(0.0, t))
    for a in range(3):
        radial[i, a] = points[i, a] - nodes[k, a] - t * legs[k, a]


@jit(cache=True, nogil=True, inline="always")
def _fraction(points: FloatArray, i: int, nodes: FloatArray, legs: FloatArray, k: int) -> float:
    """Return where point i projects on segment k: 0 at its first node, 1 at its second."""
    along = 0.0
    for a in range(3):
        along += (points[i, a] - nodes[k, a]) * legs[k, a]
    return along / legs[k, 3]


@jit(cache=True, nogil=True)
def look_along(
    points: FloatArray,
    normals: FloatArray,
    nodes: FloatArray,
    u: FloatArray,
    v: FloatArray,
    segment: IntArray,
    step: float,
) -> Seen:
    """Express points in the frame of a polyline axis.

    Parameters
    ----------
    points, normals
        (N, 3) metres, local frame, and unit normals of either sign.
    nodes, u, v
        (K, 3) axis, metres, local frame, and its lateral unit vectors.
    segment
        (N,) number of the segment to start from for each point, updated in place.
    step
        Distance of the nodes, metres.

    Returns
    -------
    chainage (N,) metres, NaN beyond the ends; node (N,) nearest along the axis; radial (N, 3)
    vectors from the axis and rho (N,) their lengths, metres; angle (N,) radians from u to v;
    cosine (N,) absolute, between normal and radial vector.
    """
    count = len(points)
    chainage = np.empty(count)
    node = np.empty(count, np.int64)
    radial = np.empty((count, 3))
    rho = np.empty(count)
    angle = np.empty(count)
    cosine = np.empty(count)
    seen = (chainage, node, radial, rho, angle, cosine)
    look_again(points, normals, nodes, u, v, segment, step, seen)
    return seen


@jit(cache=True, nogil=True, parallel=True)
def look_again(
    points: FloatArray,
    normals: FloatArray,
    nodes: FloatArray,
    u: FloatArray,
    v: FloatArray,
    segment: IntArray,
    step: float,
    seen: Seen,
) -> None:
    """Fill a former result of `look_along` of as many points anew; arguments are those of it."""
    count = len(points)
    parts = count // _PART_POINTS
    if parts < 2:
        _look_at_part(seen, points, normals, nodes, u, v, segment, step, 0, count)
    else:
        for part in prange(parts):
            first, last = part * count // parts, (part + 1) * count // parts
            _look_at_part(seen, points, normals, nodes, u, v, segment, step, first, last)


@jit(cache=True, nogil=True)
def _look_at_part(
    seen: Seen,
    points: FloatArray,
    normals: FloatArray,
    nodes: FloatArray,
    u: FloatArray,
    v: FloatArray,
    segment: IntArray,
    step: float,
    begin: int,
    end: int,
) -> None:
    """Fill in the result of `look_along` for the points from `begin` up to `end`."""
    chainage, node, radial, rho, angle, cosine = seen
    last = len(nodes) - 2
    legs = _legs(nodes)
    across = np.empty(end - begin)
    for i in range(begin, end):
        n = segment[i]
        t = _fraction(points, i, nodes, legs, n)
        if t < 0.0 or t > 1.0:
            n, t = _walked(points, i, nodes, legs, n, t)
            segment[i] = n
        outside = (t < 0.0 and n == 0) or (t > 1.0 and n == last)
        chainage[i] = np.nan if outside else (n + min(1.0, max(0.0, t))) * step
        _set_radial(radial, points, i, nodes, legs, n, t)
        if not t < 0.5:
            n += 1
        node[i] = n
        x, y, z = radial[i, 0], radial[i, 1], radial[i, 2]
        rho[i] = max(math.sqrt(x * x + y * y + z * z), 1e-9)
        across[i - begin] = x * u[n, 0] + y * u[n, 1] + z * u[n, 2]
        angle[i] = x * v[n, 0] + y * v[n, 1] + z * v[n, 2]
        cosine[i] = abs(x * normals[i, 0] + y * normals[i, 1] + z * normals[i, 2]) / rho[i]
    turn_to_angles(across, angle[begin:end])


@jit(cache=True, nogil=True)
def lateral_frames(nodes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return unit vectors tangent, u, v, each (K, 3), of nodes (K, 3), metres, local frame.

    The frames do not turn about the axis (double reflection, Wang et al. 2008).
    """
    count = len(nodes)
    tangent = np.empty((count, 3))
    u = np.empty((count, 3))
    v = np.empty((count, 3))
    for k in range(count):
        before, after = max(k - 1, 0), min(k + 1, count - 1)
        for a in range(3):
            tangent[k, a] = nodes[after, a] - nodes[before, a]
        _make_unit(tangent, k)
    first = np.zeros(3)
    first[np.argmin(np.abs(tangent[0]))] = 1.0
    u[0] = np.cross(tangent[0], first)
    _make_unit(u, 0)
    v[0] = np.cross(tangent[0], u[0])
    for k in range(count - 1):
        x, y, z = (
            nodes[k + 1, 0] - nodes[k, 0],
            nodes[k + 1, 1] - nodes[k, 1],
            nodes[k + 1, 2] - nodes[k, 2],
        )
        c1 = x * x + y * y + z * z
        ahead = (2.0 / c1) * (x * u[k, 0] + y * u[k, 1] + z * u[k, 2])
        ux, uy, uz = u[k, 0] - ahead * x, u[k, 1] - ahead * y, u[k, 2] - ahead * z
        ahead = (2.0 / c1) * (x * tangent[k, 0] + y * tangent[k, 1] + z * tangent[k, 2])
        tx, ty, tz = tangent[k + 1, 0], tangent[k + 1, 1], tangent[k + 1, 2]
        x, y, z = (
            tx - (tangent[k, 0] - ahead * x),
            ty - (tangent[k, 1] - ahead * y),
            tz - (tangent[k, 2] - ahead * z),
        )
        c2 = x * x + y * y + z * z
        if c2 > 1e-20:
            ahead = (2.0 / c2) * (x * ux + y * uy + z * uz)
            ux, uy, uz = ux - ahead * x, uy - ahead * y, uz - ahead * z
        ahead = ux * tx + uy * ty + uz * tz
        u[k + 1, 0], u[k + 1, 1], u[k + 1, 2] = ux - ahead * tx, uy - ahead * ty, uz - ahead * tz
        _make_unit(u, k + 1)
        ux, uy, uz = u[k + 1, 0], u[k + 1, 1], u[k + 1, 2]
        v[k + 1, 0] = ty * uz - tz * uy
        v[k + 1, 1] = tz * ux - tx * uz
        v[k + 1, 2] = tx * uy - ty * ux
    return tangent, u, v


@jit(cache=True, nogil=True, inline="always")
def _make_unit(vectors: FloatArray, k: int) -> None:
    x, y, z = vectors[k, 0], vectors[k, 1], vectors[k, 2]
    length = math.sqrt(x * x + y * y + z * z)
    vectors[k, 0], vectors[k, 1], vectors[k, 2] = x / length, y / length, z / length
