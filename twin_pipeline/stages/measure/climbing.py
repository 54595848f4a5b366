"""Where an axis has climbed what lies on the barrel, or around it."""

import math

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment

_SOCKET_REACH_M = 0.4
_SOCKET_HALF_M = 0.12
_MOUND_REACH_M, _MOUND_M = 0.8, 0.1
_COLLINEAR_COSINE = math.cos(math.radians(0.5))
"""So near to one line that no pipe's own bend is off it by as much as counts over such a reach."""
_BUMP_M = 0.006
_STRAIGHT_COSINE = math.cos(math.radians(2.0))
_LINES = (
    (_SOCKET_REACH_M, _STRAIGHT_COSINE, math.inf),
    (_MOUND_REACH_M, _COLLINEAR_COSINE, _MOUND_M),
)
_MOST_TURN_COSINE = math.cos(math.radians(60.0))
_TURNING = _MOST_TURN_COSINE, math.cos(math.radians(5.0))
_STRAIGHT_M = 0.002
"""By which the middle of a straight piece may leave its line."""
_BACK = 0.4
"""Of its height, by which an axis that is back on its line may be off it."""


def climbing(adj: Adjustment) -> BoolArray:
    """Return the nodes (K,) where an axis rises to one side and returns.

    So it does over a socket, and over a mound that hides the barrel; fittings lead it farther off.
    In a bend it rises out of the plane in which it turns, or out of the corner of its straights.
    """
    smooth = scipy.ndimage.uniform_filter1d(adj.nodes, 3, axis=0, mode="nearest")
    profile = _unrolled(smooth)
    high = _beside_bend(adj, profile)
    for axis in (smooth, profile):
        high |= _returning(adj, axis) | _returning(adj, axis[::-1])[::-1]
    # where nothing is seen an axis bends as it likes
    high &= ~adj.hidden
    high |= _rising(adj, smooth)
    return np.asarray(
        scipy.ndimage.maximum_filter1d(high, 2 * round(_SOCKET_HALF_M / adj.step) + 1)
    )


def _rising(adj: Adjustment, smooth: FloatArray) -> BoolArray:
    """Return the nodes (K,) off the line, or the plane, of the pieces before and behind them."""
    found = np.zeros(len(smooth), bool)
    for reach_m, least_cosine, most_m in _LINES:
        reach = max(round(reach_m / adj.step), 2)
        if len(smooth) > 4 * reach:
            off, straight = polyline.off_line(smooth, reach, least_cosine)
            high = straight & _high(adj, np.linalg.norm(off, axis=1), most_m)
            # what holds near the ends is what does at the last nodes with so much on either side
            found |= np.pad(high, 2 * reach, mode="edge")
    reach = max(round(_SOCKET_REACH_M / adj.step), 2)
    if len(smooth) > 4 * reach:
        bump, turning = polyline.off_plane(smooth, reach, _TURNING)
        found |= np.pad(turning & _high(adj, bump, _MOUND_M), 2 * reach)
    return found


def _high(adj: Adjustment, bump_m: FloatArray, most_m: float = math.inf) -> BoolArray:
    return np.asarray((bump_m > max(_BUMP_M, adj.noise)) & (bump_m < most_m))


def _unrolled(nodes: FloatArray) -> FloatArray:
    """Return the profile (K, 3) along an axis: what bends to the side alone is straight there."""
    steps = np.linalg.norm(np.diff(nodes[:, :2], axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    return np.column_stack([along, np.zeros_like(along), nodes[:, 2]])


def _returning(adj: Adjustment, smooth: FloatArray) -> BoolArray:
    """Return the nodes (K,) off the line of the piece before them, to which the axis returns.

    That needs no straight piece behind, of which an end leaves none.
    """
    count = len(smooth)
    reach = max(round(_SOCKET_REACH_M / adj.step), 2)
    if count <= 4 * reach:
        return np.zeros(count, bool)
    first, last = 2 * reach, count - reach
    begin, before, start, node, behind = (
        smooth[first + shift : last + shift]
        for shift in (-2 * reach, -reach - reach // 2, -reach, 0, reach)
    )
    course = polyline.units(start - begin)
    straight = polyline.distances(before, begin, course) < _STRAIGHT_M
    off = polyline.distances(node, begin, course)
    back = polyline.distances(behind, begin, course) < _BACK * off
    return np.pad(straight & back & _high(adj, off), (first, reach))


def _beside_bend(adj: Adjustment, smooth: FloatArray) -> BoolArray:
    """Return the nodes (K,) outside the corner that the straights before and behind them make.

    A bend leads from one straight to the other within the triangle of its corner and its ends.
    """
    count = len(smooth)
    reach = max(round(_SOCKET_REACH_M / adj.step), 2)
    if count <= 4 * reach:
        return np.zeros(count, bool)
    off, cornered = polyline.off_corner(smooth, reach, _STRAIGHT_M, _MOST_TURN_COSINE)
    return np.pad(cornered & _high(adj, off), 2 * reach, mode="edge")
