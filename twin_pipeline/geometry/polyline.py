"""Chainage, directions and distances along an axis; all arrays float64, metres."""

import math

import numpy as np

from twin_pipeline.model import BoolArray, FloatArray, IntArray


def chainage(nodes: FloatArray) -> FloatArray:
    """Return the distance (K,) of each vertex of (K, 3) from the first, along the line."""
    steps = np.linalg.norm(np.diff(nodes, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def length(nodes: FloatArray) -> float:
    """Return the length of a line (K, 3)."""
    return float(np.linalg.norm(np.diff(nodes, axis=0), axis=1).sum())


def along(nodes: FloatArray, values: FloatArray, at_m: FloatArray) -> FloatArray:
    """Interpolate values (K,) or (K, D) given at the vertices to chainages (S,)."""
    own = chainage(nodes)
    if values.ndim == 1:
        return np.interp(at_m, own, values)
    return np.column_stack([np.interp(at_m, own, column) for column in values.T])


def directions(nodes: FloatArray, span_m: float) -> FloatArray:
    """Return unit directions (K, 3) as chords that reach `span_m` to either side."""
    own = chainage(nodes)
    ahead = along(nodes, nodes, np.minimum(own + span_m, own[-1]))
    behind = along(nodes, nodes, np.maximum(own - span_m, 0.0))
    chord = ahead - behind
    return chord / np.linalg.norm(chord, axis=1, keepdims=True)


def angle_deg(first: FloatArray, second: FloatArray) -> float:
    """Return the angle between two directions (3,), degrees."""
    cosine = float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def resample(axis: FloatArray, step_m: float) -> FloatArray:
    """Return the polyline (K, 3) with vertices `step_m` apart (the last step stretched)."""
    total_m = length(axis)
    # rounded so that a whole or half number of steps falls on no edge
    count = max(math.ceil(total_m / step_m - 0.25), 2)
    return along(axis, axis, np.linspace(0.0, total_m, count + 1))


def extend(axis: FloatArray, length_m: float, back: int) -> FloatArray:
    """Return the polyline lengthened straight at both ends, in steps of its own spacing."""
    step = float(np.linalg.norm(axis[1] - axis[0]))
    count = max(int(np.ceil(length_m / step)), 1)
    back = min(back, len(axis) - 1)
    head = axis[0] - axis[back]
    tail = axis[-1] - axis[-1 - back]
    ahead = np.arange(1, count + 1)[:, None] * step
    return np.vstack(
        [
            (axis[0] + ahead * head / np.linalg.norm(head))[::-1],
            axis,
            axis[-1] + ahead * tail / np.linalg.norm(tail),
        ]
    )


def simplified(nodes: FloatArray, tolerance_m: float) -> FloatArray:
    """Return the polyline (K, 3) without the vertices that it can do without; see `corners`."""
    return nodes[corners(nodes, tolerance_m)]


def corners(nodes: FloatArray, tolerance_m: float) -> IntArray:
    """Return the vertices, ascending, that a polyline (K, 3) can't do without.

    No other lies further than `tolerance_m` from what remains (Douglas and Peucker).
    """
    kept = np.zeros(len(nodes), dtype=bool)
    kept[[0, -1]] = True
    pending = [(0, len(nodes) - 1)]
    while pending:
        first, last = pending.pop()
        if last - first < 2:
            continue
        away = _distance(nodes[first + 1 : last], nodes[first], nodes[last])
        worst = int(away.argmax())
        if away[worst] > tolerance_m:
            middle = first + 1 + worst
            kept[middle] = True
            pending += [(first, middle), (middle, last)]
    return np.flatnonzero(kept)


def _distance(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the distance (N,) of points (N, 3) from a straight piece."""
    along_it = end - start
    square = float(along_it @ along_it)
    share = np.zeros(len(points))
    if square > 0.0:
        share = np.clip((points - start) @ along_it / square, 0.0, 1.0)
    away: FloatArray = np.linalg.norm(points - start - share[:, None] * along_it, axis=1)
    return away


def end_direction(nodes: FloatArray) -> FloatArray:
    """Return the direction (3,) in which an axis (K, 3) leaves at its end, over some 0.4 m."""
    lengths = np.linalg.norm(nodes[::-1] - nodes[-1], axis=1)
    back = min(int(np.searchsorted(lengths, 0.4)) + 1, len(nodes) - 1)
    direction = nodes[-1] - nodes[-1 - back]
    return np.asarray(direction / np.linalg.norm(direction))


def acute_deg(first: FloatArray, second: FloatArray) -> float:
    """Return the angle of two directions (3,), whichever way they lead, 0 to 90 degrees."""
    angle = angle_deg(first, second)
    return min(angle, 180.0 - angle)


def off_line(nodes: FloatArray, reach: int, least_cosine: float) -> tuple[FloatArray, BoolArray]:
    """Return how far nodes lie off the line of what is before and behind them.

    Parameters
    ----------
    nodes
        (K, 3), K > 4 reach.
    reach
        Nodes from one to the ends of its chord, and on to the ends of the pieces before and behind.
    least_cosine
        Between these pieces and the chord, for them to be in line.

    Returns
    -------
    off : (K - 4 reach, 3) from the chord to the node, square to it
    straight : (K - 4 reach,) whether the pieces are in line
    """
    first, last = 2 * reach, len(nodes) - 2 * reach
    at = {k: nodes[first + k * reach : last + k * reach] for k in (-2, -1, 0, 1, 2)}
    chord = at[1] - at[-1]
    chord /= np.linalg.norm(chord, axis=1, keepdims=True)
    straight = np.ones(last - first, bool)
    for leg in (at[-1] - at[-2], at[2] - at[1]):
        cosine = np.einsum("ij,ij->i", leg, chord) / np.linalg.norm(leg, axis=1)
        straight &= cosine > least_cosine
    off = at[0] - at[-1]
    # nodes need not be evenly spaced
    return off - np.einsum("ij,ij->i", off, chord)[:, None] * chord, straight


def off_plane(
    nodes: FloatArray, reach: int, cosines: tuple[float, float]
) -> tuple[FloatArray, BoolArray]:
    """Return how far nodes lie off the plane in which an axis turns from before to behind them.

    Parameters
    ----------
    nodes
        (K, 3), K > 4 reach.
    reach
        As of `off_line`.
    cosines
        Between the pieces before and behind: the least of a turn that counts, and the most.

    Returns
    -------
    off : (K - 4 reach,) distance, at least 0
    turning : (K - 4 reach,) whether the pieces turn, and lie nearer to one plane than the node
    """
    first, last = 2 * reach, len(nodes) - 2 * reach
    at = {k: nodes[first + k * reach : last + k * reach] for k in (-2, -1, 0, 1, 2)}
    before, behind = at[-1] - at[-2], at[2] - at[1]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(behind, axis=1)
    cosine = np.einsum("ij,ij->i", before, behind) / lengths
    normal = np.cross(before, behind)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    off = np.abs(np.einsum("ij,ij->i", at[0] - 0.5 * (at[-1] + at[1]), normal))
    apart = np.abs(np.einsum("ij,ij->i", at[1] - at[-1], normal))
    return off, (cosine > cosines[0]) & (cosine < cosines[1]) & (apart < off)


def off_corner(
    nodes: FloatArray, reach: int, straight_m: float, least_cosine: float
) -> tuple[FloatArray, BoolArray]:
    """Return how far nodes lie outside the corner that the pieces before and behind them make.

    Parameters
    ----------
    nodes
        (K, 3), K > 4 reach.
    reach
        Nodes from one to the ends of its chord, and on to the ends of the pieces before and behind.
    straight_m
        By which the middles of these pieces may leave their lines.
    least_cosine
        Between the pieces.

    Returns
    -------
    off : (K - 4 reach,) from the triangle of the chord and the corner, metres
    cornered : (K - 4 reach,) whether straight pieces meet at a corner between them
    """
    first, last, half = 2 * reach, len(nodes) - 2 * reach, reach // 2
    shifts = (-2 * reach, -reach - half, -reach, 0, reach, reach + half, 2 * reach)
    begin, before, start, node, end, behind, close = (
        nodes[first + shift : last + shift] for shift in shifts
    )
    into, out = units(start - begin), units(close - end)
    aside = np.maximum(distances(before, begin, into), distances(behind, end, out))
    cosine, gap = dots(into, out), end - start
    sine2 = np.maximum(1.0 - cosine**2, 1e-12)
    to_corner = (dots(gap, into) - cosine * dots(gap, out)) / sine2
    from_corner = (dots(gap, out) - cosine * dots(gap, into)) / sine2
    cornered = (aside < straight_m) & (cosine > least_cosine)
    cornered &= (to_corner > 0.0) & (from_corner > 0.0)
    # outwards of each side of the triangle, in its plane
    out_of_into = cosine[:, None] * into - out
    out_of_out = into - cosine[:, None] * out
    chord = units(gap)
    out_of_chord = dots(into, chord)[:, None] * chord - into
    outside = np.maximum(
        np.maximum(dots(node - start, units(out_of_into)), dots(node - end, units(out_of_out))),
        np.maximum(dots(node - start, units(out_of_chord)), 0.0),
    )
    off_plane = dots(node - 0.5 * (start + end), units(np.asarray(np.cross(into, out), np.float64)))
    return np.hypot(outside, off_plane), cornered


def dots(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the dot products (N,) of vectors (N, 3) and others (N, 3)."""
    return np.asarray(np.einsum("ij,ij->i", first, second))


def units(vectors: FloatArray) -> FloatArray:
    """Return unit vectors (N, 3) of vectors (N, 3)."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))


def distances(points: FloatArray, places: FloatArray, courses: FloatArray) -> FloatArray:
    """Return how far points (N, 3) lie from lines through places (N, 3) along courses (N, 3)."""
    return np.asarray(np.linalg.norm(np.cross(points - places, courses), axis=1))
