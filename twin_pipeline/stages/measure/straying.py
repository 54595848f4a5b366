"""Where an axis has strayed from a straight on which a pipe lies.

A thin pipe in noise and rough soil is lost for a while, and what is followed then, such as the foot
of a wall, lies a decimetre beside it. Over a mound the axis climbs what hides the pipe, and comes
back. Points around the straight carried on tell whether the pipe is there.
"""

from collections.abc import Iterator

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import BoolArray, FloatArray

_ON, _STRAIGHT = 0.25, 0.12
"""Of the radius: how far from a straight what lies on it may be, and a part that tells it."""
_MOSTLY = 0.5
_LEAST_LINE_M = 2.0
_STRAY_RADII = 4.0
"""A bend's leg soon leads farther than that."""
_NODE_M = 0.04
_LEAST_LEG_M, _LEAST_SIDE_M = 1.2, 0.5
"""Of a straight that is left and reached again, and of what lies on it on either side of that."""
_LONGEST_M = 2.5
_HIDDEN = 0.5
_SAME_RADIUS = 0.05
"""How far apart these sides are, where something hides the pipe, what of it is seen all the same,
and by which share of it a slice's own radius may differ there."""


def kept_straight(tube: Tube) -> Run | None:
    """Return the run along the straight that most of a tube lies on; None where it does not stray.

    Where the tube is on the straight it stays as it is.
    """
    straights = _straights(tube, _LEAST_LINE_M)
    if not straights:
        return None
    off, onto = _off_the_straight(tube, straights[0])
    away = np.linalg.norm(off, axis=1)
    on = away < _ON * tube.radius_m
    strayed = ~on & ~_led_away(away, on, tube.radius_m)
    if on.mean() < _MOSTLY or not strayed.any():
        return None
    return _led_onto(tube, strayed, onto)


def led_on(tube: Tube) -> Iterator[Run]:
    """Yield the run straight on at each end that leaves the straight where the tube is hardly seen.

    Behind a stone something else may be followed, farther off than what strays, as a bend leads.
    """
    for straight in _straights(tube, _LEAST_LINE_M):
        off, onto = _off_the_straight(tube, straight)
        away = np.linalg.norm(off, axis=1)
        for first, last in stretches(away >= _ON * tube.radius_m):
            at_end = first == 0 or last == len(away) - 1
            if at_end and _hardly_seen(tube, tube.observed, first, last):
                strayed = np.zeros(len(away), bool)
                strayed[first : last + 1] = True
                yield _led_onto(tube, strayed, onto)


def _hardly_seen(tube: Tube, seen: BoolArray, first: int, last: int) -> bool:
    at = polyline.chainage(tube.nodes)
    short = float(at[last] - at[first]) <= _LONGEST_M
    return short and float(seen[first : last + 1].mean()) <= _HIDDEN


def led_under(tube: Tube) -> Iterator[Run]:
    """Yield the run straight on under each place that hides the tube, where its axis has climbed.

    There it leaves a straight and returns to it, as no fitting leads a pipe, and is hardly seen.
    """
    known = np.zeros(len(tube.nodes), bool)
    for straight in _straights(tube, _LEAST_LEG_M):
        off, _ = _off_the_straight(tube, straight)
        away = np.linalg.norm(off, axis=1)
        for first, last in stretches(away >= _ON * tube.radius_m):
            sides = _sides(tube, away, first, last)
            if sides is not None and not known[first : last + 1].any():
                known[first : last + 1] = True
                _, onto = _off_the_straight(tube, sides)
                strayed = np.zeros(len(away), bool)
                # where it leaves the straight, and returns to it, it is off it, too
                begin, end = (np.flatnonzero(side) for side in (sides[:first], sides[last + 1 :]))
                strayed[begin[-1] + 1 : last + 1 + end[0]] = True
                yield _led_onto(tube, strayed, onto)


def _sides(tube: Tube, away: FloatArray, first: int, last: int) -> BoolArray | None:
    """Return the nodes (K,) on a straight before and after some that left it and are hardly seen.

    None where these are well seen, or lead too far off or along it, or too little lies on it.
    """
    at = polyline.chainage(tube.nodes)
    far = float(away[first : last + 1].max()) > _STRAY_RADII * tube.radius_m
    own = np.abs(tube.slice_radius_m - tube.radius_m) < _SAME_RADIUS * tube.radius_m
    if far or not _hardly_seen(tube, tube.observed & own, first, last):
        return None
    on = tube.observed & (away < _STRAIGHT * tube.radius_m)
    begin, end = at[on & (at < at[first])], at[on & (at > at[last])]
    if not (len(begin) and len(end)) or end[0] - begin[-1] > _LONGEST_M:
        return None
    before = on & (at <= begin[-1]) & (at >= begin[-1] - 2.0 * _LEAST_SIDE_M)
    after = on & (at >= end[0]) & (at <= end[0] + 2.0 * _LEAST_SIDE_M)
    least = _LEAST_SIDE_M * (len(at) - 1) / float(at[-1])
    enough = min(np.count_nonzero(before), np.count_nonzero(after)) >= least
    return before | after if enough else None


def _led_onto(tube: Tube, strayed: BoolArray, onto: FloatArray) -> Run:
    """Return the run along a tube, but for what strayed, (K,), and is held on a straight (K, 3)."""
    nodes = np.where(strayed[:, None], onto, tube.nodes)
    axis = polyline.resample(nodes, _NODE_M)
    held = polyline.along(nodes, strayed.astype(float), polyline.chainage(axis)) > 0.0
    return Run(axis, tube.radius_m, np.ones(len(axis), bool), 0, held)


def _straights(tube: Tube, least_m: float) -> list[slice]:
    """Return the straight pieces of a tube's axis, the longest first."""
    corner = polyline.corners(tube.nodes, _STRAIGHT * tube.radius_m)
    at = polyline.chainage(tube.nodes)[corner]
    longest_first = np.argsort(-np.diff(at), kind="stable")
    return [
        slice(int(corner[k]), int(corner[k + 1]) + 1)
        for k in longest_first
        if at[k + 1] - at[k] >= least_m
    ]


def _off_the_straight(tube: Tube, straight: slice | BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the way (K, 3) of the nodes from the straight of some, and its feet (K, 3)."""
    line = tube.nodes[straight]
    middle, course = polyline.straight_through(line)
    foot = middle + ((tube.nodes - middle) @ course)[:, None] * course
    return tube.nodes - foot, foot


def _led_away(away: FloatArray, on: BoolArray, radius_m: float) -> BoolArray:
    """Return the nodes (K,) of stretches off the straight that lead too far from it to stray."""
    far = np.zeros(len(away), bool)
    for first, last in stretches(~on):
        far[first : last + 1] = away[first : last + 1].max() > _STRAY_RADII * radius_m
    return far
