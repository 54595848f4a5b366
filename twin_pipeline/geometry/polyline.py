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


def straight_through(nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean (3,) of vertices (K, 3) and the unit course (3,) that fits them best.

    It leads from the first towards the last.
    """
    middle = nodes.mean(axis=0)
    course = np.linalg.svd(nodes - middle, full_matrices=False)[2][0]
    return middle, course if course @ (nodes[-1] - nodes[0]) >= 0.0 else -course


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
