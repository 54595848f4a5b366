"""The straights of a tube before and after a place to be led through; local frame, metres."""

from dataclasses import dataclass, replace

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray

_STRAIGHT_M, _LEAST_STRAIGHT_M = 1.2, 0.35
_BENT = 0.1
"""Of the radius, by which a straight's nodes may lie off it."""
_BACK_DIAMETERS = (0.0, 1.0, 2.0, 3.0)
"""By which straights begin behind an end, that may veer off, in the tries one after another."""
BEFORE_RADII = 3.0
"""How far behind its end a straight may be left."""
_ASIDE = 0.5
"""Of the radius, by which straights pass each other that no single bend joins."""
_PARALLEL = 0.35
"""Sine of the angle between two courses."""


@dataclass(frozen=True, slots=True, eq=False)
class Straight:
    """A straight of a tube, that ends at a place to be led through."""

    end: FloatArray
    """(3,)"""
    course: FloatArray
    """(3,) unit vector, towards that place."""
    node: int
    """Of the tube, the last one that is kept."""


def turned(tube: Tube) -> Tube:
    """Return a tube with its nodes the other way round, and where they were observed."""
    return replace(tube, nodes=tube.nodes[::-1], observed=tube.observed[::-1])


def straight_at_end(tube: Tube, last: int) -> Straight | None:
    """Return the straight by which a tube reaches a node, or a little before; None for none."""
    for back in _BACK_DIAMETERS:
        straight = _straight_before(tube, last, 2.0 * back * tube.radius_m)
        if straight is not None:
            return straight
    return None


def straight_at_start(tube: Tube, first: int) -> Straight | None:
    """Return the straight by which a tube leaves a node, its course towards that node."""
    count = len(tube.nodes)
    found = straight_at_end(turned(tube), count - 1 - first)
    return found and replace(found, node=count - 1 - found.node)


def _straight_before(tube: Tube, last: int, back_m: float) -> Straight | None:
    at = polyline.chainage(tube.nodes)
    end_m = float(at[last]) - back_m
    inside = np.flatnonzero((at <= end_m + 1e-9) & (at > end_m - _STRAIGHT_M) & tube.observed)
    nodes = tube.nodes[inside]
    if len(nodes) < 3 or float(at[inside[-1]] - at[inside[0]]) < _LEAST_STRAIGHT_M:
        return None
    middle, course = polyline.straight_through(nodes)
    along = (nodes - middle) @ course
    off_m = np.linalg.norm(nodes - middle - along[:, None] * course, axis=1)
    if float(off_m.max()) > max(_BENT * tube.radius_m, tube.noise_m):
        return None
    # the corner may lie a little before the end
    kept = inside[along <= along[-1] - BEFORE_RADII * tube.radius_m]
    node = int(kept[-1]) if len(kept) else int(inside[0])
    return Straight(middle + along[-1] * course, course, node)


def pass_each_other(before: Straight, after: Straight, radius_m: float) -> bool:
    """Tell whether straights lead past each other: one bend joins none of these, two do."""
    gap = after.end - before.end
    across = np.cross(before.course, after.course)
    if float(np.linalg.norm(across)) < _PARALLEL:
        miss = gap - (gap @ before.course) * before.course
    else:
        miss = (gap @ across) * across / float(across @ across)
    past = float(np.linalg.norm(miss)) > _ASIDE * radius_m
    return past and not _meet_between(before, after, radius_m)


def _meet_between(before: Straight, after: Straight, radius_m: float) -> bool:
    """Tell whether one bend, however small, joins two straights between their ends."""
    gap = after.end - before.end
    design = np.column_stack([before.course, after.course])
    (ahead, behind), _, rank, _ = np.linalg.lstsq(design, gap, rcond=None)
    if rank < 2 or min(ahead, -behind) < 0.0:
        return False
    miss = gap - ahead * before.course - behind * after.course
    return float(np.linalg.norm(miss)) < _ASIDE * radius_m
