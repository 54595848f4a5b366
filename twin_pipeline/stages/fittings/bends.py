"""Bends from the axis."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.fittings.corners import (
    COURSE_M,
    Bend,
    Corner,
    corner_of,
    hidden_corners,
)
from twin_pipeline.stages.fittings.hidden import hidden_bends, hidden_curves, known
from twin_pipeline.stages.fittings.options import FittingsOptions
from twin_pipeline.stages.fittings.together import measured_together

_NEIGHBOURS_M = 1.2
"""Between bends that are fitted together, as they share a straight."""
_COURSE_RADII = 0.3
"""Of a large pipe, to either side of which chords reach that tell the course; from one node to the
next noise turns it by more than a wide bend does."""
_GAP_M, _GAP_STEPS = 0.2, 2.5
"""Between curved vertices that are of one curve; a single one between two always is."""


def find_bends(
    tube: Tube, options: FittingsOptions, standard_deg: Sequence[float] = ()
) -> list[Bend]:
    """Return the bends of an axis in order of chainage.

    Parameters
    ----------
    standard_deg
        Angles that bends are made to. Of arcs that leave next to no straight between them, or that
        a socket hides, the axis alone hardly tells angle from radius.
    """
    own = polyline.chainage(tube.nodes)
    curves = _curved_pieces(tube, own, options)
    hidden = hidden_curves(tube, own, curves)
    seen = [
        (first, last)
        for first, last in curves
        if all(last <= begin or first >= end for begin, end in hidden)
    ]
    pieces = sorted([*seen, *hidden])
    told = {
        piece: Bend(at_m, angle_deg, None)
        for piece, at_m, angle_deg in hidden_bends(tube, own, hidden, seen)
    }
    corners = []
    for number, piece in enumerate(pieces):
        before = own[pieces[number - 1][1]] if number else 0.0
        after = own[pieces[number + 1][0]] if number + 1 < len(pieces) else own[-1]
        if piece in seen:
            corner = corner_of(tube.nodes, own, piece, (before, after))
            corners += [corner] if corner is not None else []
        elif piece not in told:
            corners += hidden_corners(tube.nodes, own, piece, curves)
    least = options.min_bend_deg
    bends = [
        *(bend for group in _neighbours(corners, own)
          for bend in measured_together(tube, own, group, options, standard_deg)),
        *told.values(),
    ]  # fmt: skip
    return sorted(
        (bend for bend in bends if bend.angle_deg >= least), key=lambda bend: bend.chainage_m
    )


def _curved_pieces(tube: Tube, own: FloatArray, options: FittingsOptions) -> list[tuple[int, int]]:
    nodes = tube.nodes
    direction = polyline.directions(nodes, max(COURSE_M, _COURSE_RADII * tube.radius_m))
    turn = np.arccos(np.clip(np.sum(direction[:-1] * direction[1:], axis=1), -1.0, 1.0))
    curvature = np.concatenate([turn / np.diff(own), [0.0]])
    gap_m = max(_GAP_M, _GAP_STEPS * float(np.median(np.diff(own))))
    seen_m = _seen_chainage(tube, own)
    pieces = stretches(_closed(curvature > 1.0 / options.max_bend_radius_m, seen_m, gap_m))
    turned = np.zeros_like(nodes)
    turned[1:] = np.cumsum(np.cross(direction[:-1], direction[1:]), axis=0)
    least = math.radians(options.min_bend_deg)
    return [part for piece in pieces for part in _one_way(turned, piece, least)]


def _seen_chainage(tube: Tube, own: FloatArray) -> FloatArray:
    """Return the chainage (K,) less what was hidden: there the axis of a curve may be straight."""
    seen = known(tube)
    steps = np.where(seen[1:] | seen[:-1], np.diff(own), 0.0)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _one_way(turned: FloatArray, piece: tuple[int, int], least_rad: float) -> list[tuple[int, int]]:
    """Split a curve where it turns back, as the two bends of an offset do.

    Turned (K, 3) is how far, and about which axis, the pipe has turned up to each vertex.
    """
    first, last = piece
    since = turned[first : last + 1] - turned[first]
    middle = int(np.linalg.norm(since, axis=1).argmax())
    before, after = since[middle], since[-1] - since[middle]
    back = float(before @ after) < 0.0 and float(np.linalg.norm(after)) > least_rad
    if not back or not 0 < middle < len(since) - 1 or float(np.linalg.norm(before)) < least_rad:
        return [piece]
    return [(first, first + middle), *_one_way(turned, (first + middle, last), least_rad)]


def _neighbours(corners: list[Corner], own: FloatArray) -> list[list[Corner]]:
    groups: list[list[Corner]] = []
    for corner in corners:
        last = groups[-1][-1].piece[1] if groups else None
        if last is not None and own[corner.piece[0]] - own[last] < _NEIGHBOURS_M:
            groups[-1].append(corner)
        else:
            groups.append([corner])
    return groups


def _closed(flags: BoolArray, own: FloatArray, gap_m: float) -> BoolArray:
    """Fill gaps shorter than `gap_m` between flagged vertices."""
    result = flags.copy()
    at = np.flatnonzero(flags)
    for a, b in pairwise(at):
        if own[b] - own[a] <= gap_m:
            result[a:b] = True
    return result
