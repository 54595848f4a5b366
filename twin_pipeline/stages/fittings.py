"""Bends from the axis, joints from the sockets that stand out of the barrel."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.kernels import tube as kernel
from twin_pipeline.model import BoolArray, FloatArray

_BIN_M = 0.02
_SMOOTH_BINS = 3
_STRAIGHT_M = 0.6
_ARC_STEP_M = 0.005


class FittingsOptions(BaseModel):
    """Options of bends and joints."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_bend_deg: float = Field(4.0, gt=0.0, description="smallest bend reported, degrees")
    max_bend_radius_m: float = Field(
        7.0, gt=0.0, description="curves wider than this are the route, not a fitting, metres"
    )
    bend_tolerance_deg: float = Field(
        1.0, gt=0.0, description="how far a bend may be off its standard angle, degrees"
    )
    min_socket_rise_m: float = Field(
        0.010, gt=0.0, description="how far a socket stands out of the barrel at least, metres"
    )
    max_socket_rise_m: float = Field(0.080, gt=0.0, description="and at most, metres")
    min_socket_length_m: float = Field(0.04, gt=0.0, description="shortest socket, metres")
    max_socket_length_m: float = Field(0.45, gt=0.0, description="longest socket, metres")


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


def find_joints(pyramid: Pyramid, tube: Tube, options: FittingsOptions) -> list[float]:
    """Return the chainages of the middles of sockets, metres."""
    length = tube.length_m
    chainage, rise, noise = _profile(pyramid, tube, options)
    bins = max(int(length / _BIN_M), 1)
    index = np.minimum((chainage / _BIN_M).astype(np.int64), bins - 1)
    out = rise > max(options.min_socket_rise_m, 3.0 * noise)
    on = np.abs(rise) <= max(3.0 * noise, 0.005)
    kernel_ones = np.ones(_SMOOTH_BINS)
    standing = np.convolve(np.bincount(index, out, bins), kernel_ones, "same")
    barrel = np.convolve(np.bincount(index, on, bins), kernel_ones, "same")
    total = standing + barrel
    share = np.where(total >= 6, standing / np.maximum(total, 1), 0.0)
    joints = []
    for first, last in stretches(share > 0.5):
        width = (last - first + 1) * _BIN_M
        inside = out & (index >= first) & (index <= last)
        if options.min_socket_length_m <= width <= options.max_socket_length_m and _is_ring(
            rise[inside], noise
        ):
            joints.append((first + last + 1) / 2.0 * _BIN_M)
    return joints


def _is_ring(rise: FloatArray, noise_m: float) -> bool:
    """Tell a socket, which stands out evenly, from soil and stones on the pipe."""
    low, high = np.quantile(rise, [0.25, 0.75])
    return bool(high - low < max(0.015, 3.0 * noise_m))


def _profile(
    pyramid: Pyramid, tube: Tube, options: FittingsOptions
) -> tuple[FloatArray, FloatArray, float]:
    """Return chainage and height above the barrel of the points in the tube's clearly seen part."""
    even = polyline.along(
        tube.nodes, tube.nodes, np.linspace(0.0, tube.length_m, max(len(tube.nodes), 2))
    )
    index, segment = pyramid.points_along(even, tube.radius_m + options.max_socket_rise_m)
    step = tube.length_m / (len(even) - 1)
    chainage, radial = kernel.project(pyramid.xyz[index], even, segment, step)
    rho = np.linalg.norm(radial, axis=1)
    rise = rho - tube.radius_m
    half = math.radians(max(0.5 * float(np.median(tube.arc_deg)) - 15.0, 25.0))
    seen = (radial @ tube.middle > math.cos(half) * rho) & ~np.isnan(chainage)
    seen &= rise > -0.3 * tube.radius_m
    return chainage[seen], rise[seen], tube.noise_m
