"""End tubes where another pipe goes on, as behind a reducer: no two pipes are in one place.

Each is measured a little beyond where it was followed to, and the radius of what goes on there may
lie within noise; so each may reach some decimetres into the other.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray

_COAXIAL = 0.3
"""Distance of two axes, in radii, up to which both are one."""
_SPACING_M = 0.02
_MOST = 0.3
"""Of each tube, that may lie in the other's place at its end; more is more than measuring adds."""


def ended_where_others_go_on(tubes: Sequence[Tube]) -> list[Tube]:
    """Return the tubes, of which those that reach into each other end in the middle of that."""
    ended = list(tubes)
    for i, j in combinations(range(len(ended)), 2):
        ended[i], ended[j] = _apart(ended[i], ended[j])
    return ended


def _apart(first: Tube, second: Tube) -> tuple[Tube, Tube]:
    shared, shared_too = _in_place_of(second, first), _in_place_of(first, second)
    if not (_only_at_one_end(shared) and _only_at_one_end(shared_too)):
        return first, second
    nodes = first.nodes if shared[-1] else first.nodes[::-1]
    end, other_end = nodes[-1], second.nodes[-1 if shared_too[-1] else 0]
    course, middle = polyline.end_direction(nodes), 0.5 * (end + other_end)
    beyond = (first.nodes - middle) @ course > 0.0
    before = (second.nodes - middle) @ course < 0.0
    return first.without(shared & beyond), second.without(shared_too & before)


def _in_place_of(other: Tube, tube: Tube) -> BoolArray:
    """Return which nodes (K,) of a tube lie on the axis of another."""
    line = scipy.spatial.cKDTree(polyline.resample(other.nodes, _SPACING_M))
    distance, _ = line.query(tube.nodes)
    return np.asarray(distance < _COAXIAL * min(tube.radius_m, other.radius_m))


def _only_at_one_end(shared: BoolArray) -> bool:
    pieces = stretches(shared)
    return len(pieces) == 1 and bool(shared[0] != shared[-1]) and float(shared.mean()) < _MOST
