"""Points as seen from the polyline axis of a tube: where along it, how far off, on which side.

Frame: local, metres. K = axis nodes, N = points. A node carries a tangent and two lateral unit
vectors u, v; angles are counted from u towards v.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import ONLY_LOOPS, jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

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
    for i in prange(count):
        k, t = _foot(points, i, nodes, segment[i])
        segment[i] = k
        outside = (t < 0.0 and k == 0) or (t > 1.0 and k == last)
        chainage[i] = np.nan if outside else (k + min(1.0, max(0.0, t))) * chainage_step
        _set_radial(radial, points, i, nodes, k, t)
    return chainage, radial


@jit(cache=True, nogil=True, inline="always")
def _foot(points: FloatArray, i: int, nodes: FloatArray, k: int) -> tuple[int, float]:
    """Return the segment that point i projects on, beginning at segment k, and where on it."""
    last = len(nodes) - 2
    t = _fraction(points, i, nodes, k)
    for _ in range(8):
        if t < 0.0 and k > 0:
            before = _fraction(points, i, nodes, k - 1)
            if not before < 1.0:
                break
            k, t = k - 1, before
        elif t > 1.0 and k < last:
            k += 1
            t = _fraction(points, i, nodes, k)
        else:
            break
    return k, t


@jit(cache=True, nogil=True, inline="always")
def _set_radial(
    radial: FloatArray, points: FloatArray, i: int, nodes: FloatArray, k: int, t: float
) -> None:
    """Fill in the vector (3,) from the axis to point i, which projects on segment k at t."""
    t = min(1.0, max(0.0, t))
    for a in range(3):
        radial[i, a] = points[i, a] - nodes[k, a] - t * (nodes[k + 1, a] - nodes[k, a])


@jit(cache=True, nogil=True, inline="always")
def _fraction(points: FloatArray, i: int, nodes: FloatArray, k: int) -> float:
    """Return where point i projects on segment k: 0 at its first node, 1 at its second."""
    num = den = 0.0
    for a in range(3):
        d = nodes[k + 1, a] - nodes[k, a]
        num += (points[i, a] - nodes[k, a]) * d
        den += d * d
    return num / den


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def nearest_segments(
    points: FloatArray, index: IntArray, nodes: FloatArray, near: IntArray, reach: int
) -> IntArray:
    """Return the number (P,) of the segment that starts at or before the nearest node.

    Parameters
    ----------
    points, index, nodes
        (N, 3) of which those (P,) are asked for, and (K, 3); metres, local frame.
    near
        (P,) a node near each point; only nodes up to `reach` before and behind it are tried.
    reach
        Nodes.
    """
    segment = np.empty(len(index), np.int64)
    parts = len(index) // _PART_POINTS
    if parts < 2:
        _nearest(segment, points, index, nodes, near, reach, 0, len(index))
    else:
        for part in prange(parts):
            first, last = part * len(index) // parts, (part + 1) * len(index) // parts
            _nearest(segment, points, index, nodes, near, reach, first, last)
    return segment


@jit(cache=True, nogil=True)
def _nearest(
    segment: IntArray,
    points: FloatArray,
    index: IntArray,
    nodes: FloatArray,
    near: IntArray,
    reach: int,
    begin: int,
    end: int,
) -> None:
    """Fill in the result of `nearest_segments` from `begin` up to `end`."""
    last = len(nodes) - 1
    for n in range(begin, end):
        i = index[n]
        best, smallest = near[n], np.inf
        for k in range(max(near[n] - reach, 0), min(near[n] + reach, last) + 1):
            dx = points[i, 0] - nodes[k, 0]
            dy = points[i, 1] - nodes[k, 1]
            dz = points[i, 2] - nodes[k, 2]
            distance2 = dx * dx + dy * dy + dz * dz
            if distance2 < smallest:
                best, smallest = k, distance2
        segment[n] = min(best, last - 1)


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
    for i in range(begin, end):
        n, t = _foot(points, i, nodes, segment[i])
        segment[i] = n
        outside = (t < 0.0 and n == 0) or (t > 1.0 and n == last)
        chainage[i] = np.nan if outside else (n + min(1.0, max(0.0, t))) * step
        _set_radial(radial, points, i, nodes, n, t)
        if not t < 0.5:
            n += 1
        node[i] = n
        x, y, z = radial[i, 0], radial[i, 1], radial[i, 2]
        rho[i] = max(math.sqrt(x * x + y * y + z * z), 1e-9)
        angle[i] = math.atan2(
            x * v[n, 0] + y * v[n, 1] + z * v[n, 2], x * u[n, 0] + y * u[n, 1] + z * u[n, 2]
        )
        cosine[i] = abs(x * normals[i, 0] + y * normals[i, 1] + z * normals[i, 2]) / rho[i]


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
