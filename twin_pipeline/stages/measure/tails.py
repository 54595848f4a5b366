"""Between what is the trusted length of a tube: tails behind gaps, and what veers off.

A tail behind a hidden stretch may be something else that happens to lie there. It is the tube's
where it is as long as the gap, or lies straight ahead and has the tube's radius by itself.
"""

import math
from itertools import pairwise

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.precision import slice_radii
from twin_pipeline.stages.measure.sectors import standing_out

_TAIL_M, _LEAST_TAIL_M = 1.0, 0.25
_SOCKET_M = 0.5
_LEAST_OF_GAP = 0.25
"""Of a gap, that a tail straight ahead behind it is long."""
_AHEAD_M, _ASIDE = 1.5, 0.2
"""Of what lies before a gap, that tells the straight; how far from it a tail is, in radii."""
_SAME_RADIUS, _KNOWN_RADIUS = 0.03, 0.015
"""By how much a tail's own radius may differ, and its std, as shares of the radius."""
_RIGHT_AHEAD, _HARDLY_KNOWN = 0.04, 0.06
"""How far from the straight a tail may be, in radii, and the std of its own radius then."""
_BY_CHANCE = 4.0
"""Points of a gap, at the density of what is seen, that may be missing with nothing hidden."""
_COURSE = math.tan(math.radians(10.0))


def trusted_span(
    adj: Adjustment,
    observed: BoolArray,
    weights: FloatArray,
    trusted: range = range(0),
    one_in: int = 1,
) -> tuple[int, int]:
    """Return the first and last node, without tails that hang on a gap or veer off in one.

    A tail among nodes that were trusted before stays. Of so many points of the scan one takes part.
    """
    own = np.bincount(adj.node[weights > 0.0], minlength=len(observed))
    seen = _without_gaps_by_chance(stretches(observed), one_in * own)
    for side in (0, -1):
        while len(seen) > 1:
            tail, inner = seen[side], seen[1 if side == 0 else -2]
            if tail[0] in trusted or tail[1] in trusted:
                break
            between = (inner[1], tail[0]) if side else (tail[1], inner[0])
            gap = between[1] - between[0] - _socket_nodes(adj, *between)
            least_m = max(min(gap * adj.step, _TAIL_M), _LEAST_TAIL_M)
            if tail[1] - tail[0] + 1 >= round(least_m / adj.step):
                break
            if _goes_on(adj, weights, inner, tail):
                break
            seen.pop(side)
    first, last = seen[0][0], seen[-1][1]
    well_seen = observed & (own >= 0.3 * float(np.median(own[first : last + 1])))
    last = _before_veering(adj.nodes, well_seen, last, adj)
    backwards = len(observed) - 1
    first = backwards - _before_veering(adj.nodes[::-1], well_seen[::-1], backwards - first, adj)
    return first, last


def _without_gaps_by_chance(seen: list[tuple[int, int]], own: IntArray) -> list[tuple[int, int]]:
    """Return stretches joined where the few points (K,) of so short a gap may lack by chance.

    A tube of which a metre holds some tens of points is seen in pieces, of which none is long.
    """
    nodes = sum(last - first + 1 for first, last in seen)
    points = sum(int(own[first : last + 1].sum()) for first, last in seen)
    joined = seen[:1]
    for first, last in seen[1:]:
        if (first - joined[-1][1] - 1) * points <= _BY_CHANCE * nodes:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _socket_nodes(adj: Adjustment, first: int, last: int) -> int:
    """Return how many nodes between two are a socket's, which shows that the tube goes on."""
    longest = round(_SOCKET_M / adj.step)
    return min(int(np.count_nonzero(standing_out(adj)[first + 1 : last])), longest)


def _goes_on(
    adj: Adjustment, weights: FloatArray, inner: tuple[int, int], tail: tuple[int, int]
) -> bool:
    """Tell whether a short tail lies straight ahead of what is seen before a gap, of one radius.

    Both are given by their first and last node.
    """
    reach = round(_AHEAD_M / adj.step)
    if tail[0] > inner[1]:
        gap, before = tail[0] - inner[1], adj.nodes[max(inner[0], inner[1] - reach) : inner[1] + 1]
    else:
        gap, before = inner[0] - tail[1], adj.nodes[inner[0] : min(inner[1], inner[0] + reach) + 1]
    length, least = tail[1] - tail[0] + 1, _LEAST_OF_GAP * gap
    if length < max(least, _LEAST_TAIL_M / adj.step) or len(before) < max(least, length):
        return False
    middle, course = polyline.straight_through(before)
    off = np.vstack([before, adj.nodes[tail[0] : tail[1] + 1]]) - middle
    aside = np.linalg.norm(off - (off @ course)[:, None] * course, axis=1)
    farthest = float(aside.max()) / adj.radius
    if farthest > _ASIDE:
        return False
    in_tail = ((adj.node >= tail[0]) & (adj.node <= tail[1])).astype(np.int64)
    correction, factor = slice_radii(adj, weights * in_tail, 1 - in_tail, 2)
    std = adj.noise * math.sqrt(adj.stands_for * factor[0])
    same = abs(float(correction[0])) < _SAME_RADIUS * adj.radius
    most_std = _HARDLY_KNOWN if farthest < _RIGHT_AHEAD else _KNOWN_RADIUS
    return same and std < most_std * adj.radius


def _before_veering(nodes: FloatArray, well_seen: BoolArray, last: int, adj: Adjustment) -> int:
    """Return the last node before a poorly seen place near the end where the axis changes course.

    What follows there is something else that lies beyond the end of the tube.
    """
    back = max(round(0.5 / adj.step), 4)
    for inner, tail in reversed(list(pairwise(stretches(well_seen[: last + 1])))):
        if (last - inner[1]) * adj.step > _TAIL_M:
            break
        begin = max(inner[1] - back, 0)
        if inner[1] - begin < 3:
            continue
        direction = nodes[inner[1]] - nodes[begin]
        direction = direction / np.linalg.norm(direction)
        gap = nodes[tail[0]] - nodes[inner[1]]
        ahead = float(gap @ direction)
        aside = float(np.linalg.norm(gap - ahead * direction))
        if aside > 0.5 * adj.radius + max(ahead, 0.0) * _COURSE:
            last = inner[1]
    return last
