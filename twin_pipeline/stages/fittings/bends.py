"""Bends from the axis."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.fittings.options import FittingsOptions

_STRAIGHT_M = 0.6
_ARC_STEP_M = 0.005


@dataclass(frozen=True, slots=True)
class Bend:
    """A change of direction."""

    chainage_m: float
    angle_deg: float
    radius_m: float


def find_bends(tube: Tube, options: FittingsOptions) -> list[Bend]:
    """Return the bends of an axis in order of chainage."""
    nodes = tube.nodes
    own = polyline.chainage(nodes)
    direction = polyline.directions(nodes, 0.08)
    turn = np.arccos(np.clip(np.sum(direction[:-1] * direction[1:], axis=1), -1.0, 1.0))
    curvature = np.concatenate([turn / np.diff(own), [0.0]])
    curved = _closed(curvature > 1.0 / options.max_bend_radius_m, own, 0.2)
    pieces = stretches(curved)
    bends = []
    for number, (first, last) in enumerate(pieces):
        before = own[pieces[number - 1][1]] if number else 0.0
        after = own[pieces[number + 1][0]] if number + 1 < len(pieces) else own[-1]
        bend = _bend(nodes, own, (first, last), (before, after))
        if bend is not None and bend.angle_deg >= options.min_bend_deg:
            bends.append(bend)
    return bends


def _closed(flags: BoolArray, own: FloatArray, gap_m: float) -> BoolArray:
    """Fill gaps shorter than `gap_m` between flagged vertices."""
    result = flags.copy()
    at = np.flatnonzero(flags)
    for a, b in pairwise(at):
        if own[b] - own[a] <= gap_m:
            result[a:b] = True
    return result


def _bend(
    nodes: FloatArray, own: FloatArray, piece: tuple[int, int], limits: tuple[float, float]
) -> Bend | None:
    """Measure a bend by the straights on either side of it and the arc that joins them best."""
    margin = 0.1
    start, end = own[piece[0]] - margin, own[piece[1]] + margin
    inbound = _line(nodes, own, max(start - _STRAIGHT_M, limits[0]), start)
    outbound = _line(nodes, own, end, min(end + _STRAIGHT_M, limits[1]))
    if inbound is None or outbound is None:
        return None
    angle = math.radians(polyline.angle_deg(inbound[1], outbound[1]))
    if angle < 0.02:
        return None
    corner = _meeting(inbound, outbound)
    at = np.arange(start, end, _ARC_STEP_M)
    line = polyline.along(nodes, nodes, at)
    middle = float(at[np.argmin(np.linalg.norm(line - corner, axis=1))])
    radius = _arc_radius(line - corner, inbound[1], outbound[1], angle)
    return Bend(middle, math.degrees(angle), radius)


def _arc_radius(
    line: FloatArray, inbound: FloatArray, outbound: FloatArray, angle_rad: float
) -> float:
    """Return the radius of the arc between two straights that a line (L, 3) follows best.

    The line is relative to the point where the straights meet.
    """
    inwards = (outbound - inbound) / np.linalg.norm(outbound - inbound)
    before, after = line @ inbound, line @ outbound
    off_inbound = np.linalg.norm(line - before[:, None] * inbound, axis=1)
    off_outbound = np.linalg.norm(line - after[:, None] * outbound, axis=1)

    def misfit(radius: float) -> float:
        tangent = radius * math.tan(0.5 * angle_rad)
        centre = inwards * radius / math.cos(0.5 * angle_rad)
        off_arc = np.abs(np.linalg.norm(line - centre, axis=1) - radius)
        off = np.where(
            before < -tangent, off_inbound, np.where(after > tangent, off_outbound, off_arc)
        )
        return float(np.mean(off**2))

    longest = float(np.linalg.norm(line, axis=1).max()) / math.tan(0.5 * angle_rad)
    return float(scipy.optimize.minimize_scalar(misfit, bounds=(0.0, longest), method="bounded").x)


def _line(
    nodes: FloatArray, own: FloatArray, start_m: float, end_m: float
) -> tuple[FloatArray, FloatArray] | None:
    """Fit a line to a stretch of axis; None where it is too short to have a direction."""
    inside = (own >= start_m) & (own <= end_m)
    if inside.sum() < 3 or end_m - start_m < 0.15:
        return None
    points = nodes[inside]
    centre = points.mean(axis=0)
    direction = np.linalg.svd(points - centre)[2][0]
    return centre, direction * np.sign(direction @ (points[-1] - points[0]))


def _meeting(
    first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Return the point halfway between two lines where they are nearest."""
    (p, u), (q, v) = first, second
    system = np.array([[u @ u, -(u @ v)], [u @ v, -(v @ v)]])
    s, t = np.linalg.solve(system, np.array([(q - p) @ u, (q - p) @ v]))
    return np.asarray(0.5 * (p + s * u + q + t * v))
