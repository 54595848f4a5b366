"""Where an axis has climbed what lies on the barrel, or around it.

Frame: local, metres. K = axis nodes.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Vector = tuple[float, float, float]

_SOCKET_REACH_M = 0.4
_SOCKET_HALF_M = 0.12
_MOUND_REACH_M, _MOUND_M = 0.8, 0.1
_STRAIGHT_COSINE = math.cos(math.radians(2.0))
_COLLINEAR_COSINE = math.cos(math.radians(0.5))
"""So near to one line that no pipe's own bend is off it by as much as counts over such a reach."""
_BUMP_M = 0.006
_LEAST_TURN, _MOST_TURN = math.cos(math.radians(5.0)), math.cos(math.radians(60.0))
_STRAIGHT_M = 0.002
"""By which the middle of a straight piece may leave its line."""
_BACK = 0.4
"""Of its height, by which an axis that is back on its line may be off it."""
_NO_LENGTH = 1e-12


@jit(cache=True, nogil=True)
def climbing(nodes: FloatArray, step: float, noise: float, unseen: BoolArray) -> BoolArray:
    """Return the nodes (K,) where an axis rises to one side and returns.

    So it does over a socket, and over a mound that hides the barrel; fittings lead it farther off.
    In a bend it rises out of the plane in which it turns, or out of the corner of its straights.

    Parameters
    ----------
    nodes, step
        (K, 3) axis and the distance of its nodes, metres.
    noise
        Standard deviation of a point, metres.
    unseen
        (K,) nodes around which nothing is seen: there an axis bends as it likes.
    """
    count = len(nodes)
    smooth = np.empty((count, 3))
    for k in range(count):
        for a in range(3):
            before, after = nodes[max(k - 1, 0), a], nodes[min(k + 1, count - 1), a]
            smooth[k, a] = (before + nodes[k, a] + after) / 3.0
    least = max(_BUMP_M, noise)
    socket = max(round(_SOCKET_REACH_M / step), 2)
    mound = max(round(_MOUND_REACH_M / step), 2)
    high = np.zeros(count, np.bool_)
    profile = _unrolled(smooth)
    _add_beside_bend(high, profile, socket, least)
    for axis in (smooth, profile):
        _add_returning(high, axis, socket, least, 1)
        _add_returning(high, axis, socket, least, -1)
    high &= ~unseen
    _add_off_line(high, smooth, socket, _STRAIGHT_COSINE, least, math.inf)
    _add_off_line(high, smooth, mound, _COLLINEAR_COSINE, least, _MOUND_M)
    for k in range(2 * socket, count - 2 * socket):
        high[k] |= least < _off_plane(smooth, k, socket) < _MOUND_M
    half = round(_SOCKET_HALF_M / step)
    found = np.zeros(count, np.bool_)
    for k in range(count):
        if high[k]:
            found[max(k - half, 0) : k + half + 1] = True
    return found


@jit(cache=True, nogil=True)
def _unrolled(nodes: FloatArray) -> FloatArray:
    """Return the profile (K, 3) along an axis: what bends to the side alone is straight there."""
    profile = np.zeros((len(nodes), 3))
    for k in range(len(nodes)):
        if k > 0:
            x, y, _ = _leg(nodes, k - 1, k)
            profile[k, 0] = profile[k - 1, 0] + math.sqrt(x * x + y * y)
        profile[k, 2] = nodes[k, 2]
    return profile


@jit(cache=True, nogil=True, inline="always")
def _held_for(k: int, reach: int, count: int) -> tuple[int, int]:
    """Return the first and the end of the nodes that what lies before and behind node k tells of.

    Near the ends there is less of the axis on one side than it needs; there the last that do tell.
    """
    first = 0 if k == 2 * reach else k
    end = count if k == count - 1 - 2 * reach else k + 1
    return first, end


@jit(cache=True, nogil=True)
def _add_off_line(
    high: BoolArray,
    smooth: FloatArray,
    reach: int,
    least_cosine: float,
    least_m: float,
    most_m: float,
) -> None:
    """Mark the nodes (K,) off the line of the pieces before and behind them.

    That line is the chord between nodes so many before and behind; the pieces beyond its ends, as
    long again, are in line with it where no cosine of the angle between is less than the least.
    """
    for k in range(2 * reach, len(smooth) - 2 * reach):
        chord = _unit(_leg(smooth, k - reach, k + reach))
        straight = True
        for begin in (k - 2 * reach, k + reach):
            straight &= _dot(_unit(_leg(smooth, begin, begin + reach)), chord) > least_cosine
        # nodes need not be evenly spaced
        if not straight or not least_m < _distance(smooth, k, k - reach, chord) < most_m:
            continue
        first, end = _held_for(k, reach, len(smooth))
        for n in range(first, end):
            high[n] |= abs(n - k) < reach or _distance(smooth, n, k - reach, chord) > least_m


@jit(cache=True, nogil=True)
def _off_plane(nodes: FloatArray, k: int, reach: int) -> float:
    """Return how far node k lies off the plane in which an axis turns from before to behind it.

    It is 0 where that does not turn, or the pieces there, as long as the reach, lie no nearer to
    one plane.
    """
    before = _unit(_leg(nodes, k - 2 * reach, k - reach))
    behind = _unit(_leg(nodes, k + reach, k + 2 * reach))
    if not _MOST_TURN < _dot(before, behind) < _LEAST_TURN:
        return 0.0
    normal = _unit(_cross(before, behind))
    apart = _dot(_leg(nodes, k - reach, k + reach), normal)
    off = abs(_dot(_leg(nodes, k - reach, k), normal) - 0.5 * apart)
    return off if abs(apart) < off else 0.0


@jit(cache=True, nogil=True)
def _add_returning(
    high: BoolArray, axis: FloatArray, reach: int, least_m: float, ahead: int
) -> None:
    """Mark the nodes (K,) off the line of the piece before them, to which the axis returns.

    That needs no straight piece behind, of which an end leaves none. Ahead is 1, or -1 where what
    comes later is before.
    """
    count = len(axis)
    if count <= 4 * reach:
        return
    for n in range(2 * reach, count - reach):
        k = n if ahead > 0 else count - 1 - n
        begin = k - ahead * 2 * reach
        course = _unit(_leg(axis, begin, k - ahead * reach))
        off = _distance(axis, k, begin, course)
        if not least_m < off:
            continue
        middle = k - ahead * (reach + reach // 2)
        straight = _distance(axis, middle, begin, course) < _STRAIGHT_M
        if straight and _distance(axis, k + ahead * reach, begin, course) < _BACK * off:
            high[k] = True


@jit(cache=True, nogil=True)
def _add_beside_bend(high: BoolArray, axis: FloatArray, reach: int, least_m: float) -> None:
    """Mark the nodes (K,) outside the corner that the straights before and behind them make.

    A bend leads from one straight to the other within the triangle of its corner and its ends.
    """
    for k in range(2 * reach, len(axis) - 2 * reach):
        if least_m < _off_corner(axis, k, reach):
            first, end = _held_for(k, reach, len(axis))
            high[first:end] = True


@jit(cache=True, nogil=True)
def _off_corner(nodes: FloatArray, k: int, reach: int) -> float:
    """Return how far node k lies off the triangle of a corner and its chord; 0 where none is."""
    start, end, half = k - reach, k + reach, reach // 2
    into = _unit(_leg(nodes, k - 2 * reach, start))
    out = _unit(_leg(nodes, end, k + 2 * reach))
    aside = max(
        _distance(nodes, start - half, k - 2 * reach, into), _distance(nodes, end + half, end, out)
    )
    cosine = _dot(into, out)
    if not (aside < _STRAIGHT_M and cosine > _MOST_TURN):
        return 0.0
    gap = _leg(nodes, start, end)
    if not (
        _dot(gap, into) - cosine * _dot(gap, out) > 0.0
        and _dot(gap, out) - cosine * _dot(gap, into) > 0.0
    ):
        return 0.0
    from_start, from_end = _leg(nodes, start, k), _leg(nodes, end, k)
    # outwards of each side of the triangle, in its plane
    chord = _unit(gap)
    outside = max(
        _dot(from_start, _unit(_sum(into, cosine, out, -1.0))),
        _dot(from_end, _unit(_sum(out, -cosine, into, 1.0))),
        _dot(from_start, _unit(_sum(chord, _dot(into, chord), into, -1.0))),
        0.0,
    )
    normal = _unit(_cross(into, out))
    off_plane = _dot(from_start, normal) - 0.5 * _dot(gap, normal)
    return math.hypot(outside, off_plane)


@jit(cache=True, nogil=True, inline="always")
def _leg(nodes: FloatArray, first: int, last: int) -> Vector:
    """Return the way from one node to another."""
    return (
        nodes[last, 0] - nodes[first, 0],
        nodes[last, 1] - nodes[first, 1],
        nodes[last, 2] - nodes[first, 2],
    )


@jit(cache=True, nogil=True)
def _distance(nodes: FloatArray, k: int, place: int, course: Vector) -> float:
    """Return how far a node lies from the line through another along a unit direction."""
    off = _cross(_leg(nodes, place, k), course)
    return math.sqrt(_dot(off, off))


@jit(cache=True, nogil=True)
def _unit(vector: Vector) -> Vector:
    length = max(math.sqrt(_dot(vector, vector)), _NO_LENGTH)
    return vector[0] / length, vector[1] / length, vector[2] / length


@jit(cache=True, nogil=True)
def _dot(first: Vector, second: Vector) -> float:
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


@jit(cache=True, nogil=True)
def _cross(first: Vector, second: Vector) -> Vector:
    return (
        first[1] * second[2] - first[2] * second[1],
        first[2] * second[0] - first[0] * second[2],
        first[0] * second[1] - first[1] * second[0],
    )


@jit(cache=True, nogil=True)
def _sum(first: Vector, share: float, second: Vector, sign: float) -> Vector:
    """Return so much of one vector, and the other with a sign."""
    return (
        share * first[0] + sign * second[0],
        share * first[1] + sign * second[1],
        share * first[2] + sign * second[2],
    )
