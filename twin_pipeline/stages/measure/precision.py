"""What the numbers are worth: formal variances, and how much more the slices scatter."""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.kernels.adjust import banded
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.options import MeasureOptions

WAVE_M = 2.5
"""Half of the chords from which waves are measured."""
_SHORTEST_WAVE_M = 1.2
_WAVE_STEP_M = 0.25
_BEND = 0.03
"""Change of direction, radians, that is a bend and no drift."""
_FEW_PLACES = 4
_BUMP_REACH_M, _BUMP_SIGMAS = 0.4, 3.0
_COLLINEAR_COSINE = math.cos(math.radians(0.75))
"""Over what length, from which height in sigmas on, and between how straight legs an axis that
leaves its line is no pipe's."""
_MOST_DRIFT_M = 0.025
"""What a drift adds at most; equations that hardly hold the axis would make it any amount."""


def slice_radii(
    adj: Adjustment, weights: FloatArray, slices: IntArray, count: int
) -> tuple[FloatArray, FloatArray]:
    """Return radius correction and its formal variance factor (count,) of each slice on its own."""
    cos, sin = np.cos(adj.angle), np.sin(adj.angle)
    design = np.stack([cos, sin, np.ones_like(cos)])
    matrix: FloatArray = np.empty((count, 3, 3))
    rhs: FloatArray = np.empty((count, 3))
    for a in range(3):
        rhs[:, a] = np.bincount(slices, weights * design[a] * adj.residual, count)
        for b in range(3):
            matrix[:, a, b] = np.bincount(slices, weights * design[a] * design[b], count)
    matrix += np.eye(3) * 1e-6
    inverse = np.linalg.inv(matrix)
    return np.einsum("kj,kj->k", inverse[:, 2], rhs), np.asarray(inverse[:, 2, 2])


def slice_scatter(
    adj: Adjustment, weights: FloatArray, node: IntArray, observed: BoolArray
) -> tuple[float, FloatArray]:
    """Return how much noisier slices are than white noise says, and each node's own radius.

    Neighbouring points share errors (drift, registration, roughness), so that the formal sigma is
    too small. Radii of slices fitted on their own scatter as they truly do; the ratio of variances
    is the inflation.
    """
    per_slice = max(1, round(max(0.25, 2.0 * adj.radius) / adj.step))
    count = (len(adj.nodes) - 1) // per_slice + 1
    correction, factor = slice_radii(adj, weights, node // per_slice, count)
    std = adj.noise * np.sqrt(adj.stands_for * factor)
    seen = np.bincount(np.arange(len(observed)) // per_slice, observed, count) > 0.5 * per_slice
    good = seen & (std < 0.1 * adj.radius)
    radius = np.where(good, adj.radius + correction, np.nan)
    inflation = 1.0
    if good.sum() >= 4:
        weight = 1.0 / std[good] ** 2
        mean = np.average(correction[good], weights=weight)
        ratio = float(np.sum(weight * (correction[good] - mean) ** 2) / (good.sum() - 1))
        # what the slices of some points scatter beyond noise, those of all scatter as well
        inflation = max(1.0, 1.0 + adj.stands_for * (ratio - 1.0))
    return inflation, radius[np.arange(len(observed)) // per_slice]


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """Standard deviations in metres; K = nodes."""

    radius: float
    across: FloatArray
    """(K,) of the axis, horizontally."""
    up: FloatArray
    """(K,) of the axis, vertically."""
    crown: FloatArray
    """(K,)"""
    crown_alone: FloatArray
    """(K,) of the crown if the scan were known not to drift."""


def standard_deviations(adj: Adjustment, inflation: float) -> Precision:
    """Return how well radius, axis and crown are known.

    What slices scatter more than noise would inflates what points know, but not what the scan's
    drift adds to it.
    """
    inverse = banded.inverse(adj.factor)
    along_u, along_v = adj.coupling[::2], adj.coupling[1::2]
    up = np.array([0.0, 0.0, 1.0]) - adj.tangent[:, 2:] * adj.tangent
    level = np.cross(adj.tangent, [0.0, 0.0, 1.0])
    norm_up = np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    level /= np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
    without_drift = np.array([[1.0 / adj.radius_weight]])

    def along(direction: FloatArray, cofactor: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cofactors (K,) along a direction (K, 3) and with the radius."""
        shared = len(cofactor)
        a = np.einsum("kj,kj->k", direction, adj.u)
        c = np.einsum("kj,kj->k", direction, adj.v)
        coupled = a[:, None] * along_u[:, :shared] + c[:, None] * along_v[:, :shared]
        spread = np.einsum("kp,pq->kq", coupled, cofactor)
        own = a * a * inverse[0, ::2] + c * c * inverse[0, 1::2] + 2.0 * a * c * inverse[1, ::2]
        return own + np.einsum("kp,kp->k", spread, coupled), -spread[:, 0]

    def crown(cofactor: FloatArray) -> FloatArray:
        axis, with_radius = along(up / norm_up, cofactor)
        return np.maximum(axis + float(cofactor[0, 0]) + 2.0 * with_radius, 0.0)

    def std(cofactor: FloatArray, alone: FloatArray) -> FloatArray:
        drift = np.clip(cofactor - alone, 0.0, (_MOST_DRIFT_M / adj.noise) ** 2)
        return adj.noise * np.sqrt(inflation * alone + drift)

    radius = std(adj.cofactor[:1, 0], without_drift[0])
    crown_alone = crown(without_drift)
    return Precision(
        radius=float(radius[0]),
        across=std(along(level, adj.cofactor)[0], along(level, without_drift)[0]),
        up=std(along(up, adj.cofactor)[0], along(up, without_drift)[0]),
        crown=std(crown(adj.cofactor), crown_alone),
        crown_alone=std(crown_alone, crown_alone),
    )


def wander(nodes: FloatArray, std_v_m: FloatArray) -> float:
    """Return the rms by which an axis leaves its course, up and down, beyond its own noise.

    A pipe is straight between its joints; what a slow drift of the scan does to it shows as a
    wave. Where the axis bends nothing can be said; neither on less than a few metres. Straights
    between bends may be so short that they show short waves only: those of a drift grow with the
    root of their length.
    """
    length = polyline.length(nodes)
    longest = min(WAVE_M, length / 3.0)
    if longest < _SHORTEST_WAVE_M:
        return 0.0
    for half in (longest, _SHORTEST_WAVE_M):
        off = _off_chords(nodes, length, half)
        if len(off) >= _FEW_PLACES:
            noise = 1.5 * float(np.median(std_v_m)) ** 2
            return math.sqrt(max(float(np.mean(off**2)) - noise, 0.0) * longest / half)
    return 0.0


def _off_chords(nodes: FloatArray, length_m: float, half_m: float) -> FloatArray:
    """Return how far (P,) an axis is above its chords of so much to either side, on straights."""
    everywhere: FloatArray = np.arange(0.0, length_m, _WAVE_STEP_M, dtype=np.float64)
    course = polyline.along(nodes, polyline.directions(nodes, 0.5), everywhere)
    reach = 2 * round(half_m / _WAVE_STEP_M) + 1
    turn = scipy.ndimage.maximum_filter1d(course, reach, axis=0) - scipy.ndimage.minimum_filter1d(
        course, reach, axis=0
    )
    inner = (everywhere >= half_m) & (everywhere <= length_m - half_m)
    straight = turn[inner].max(axis=1) < _BEND
    before, middle, after = (
        polyline.along(nodes, nodes, np.asarray(everywhere[inner] + shift))
        for shift in (-half_m, 0.0, half_m)
    )
    return np.asarray((middle - 0.5 * (before + after))[straight, 2])


def bump_std(nodes: FloatArray, std_m: FloatArray) -> FloatArray:
    """Return what a place where a straight axis leaves its line adds to the std (K, 3), metres.

    No pipe does that: there something low, such as a saddle, lies on it and lifts the axis, by less
    than what tells that nothing of the barrel is seen. What lies within the noise of the axis,
    std_m (K,), adds nothing.
    """
    count = len(nodes)
    reach = max(round(_BUMP_REACH_M * (count - 1) / polyline.length(nodes)), 2)
    extra = np.zeros((count, 3))
    if count <= 4 * reach:
        return extra
    at = slice(2 * reach, count - 2 * reach)
    off, straight = polyline.off_line(nodes, reach, _COLLINEAR_COSINE)
    high = straight & (np.linalg.norm(off, axis=1) > _BUMP_SIGMAS * std_m[at])
    extra[at] = np.where(high[:, None], np.abs(off), 0.0)
    return np.asarray(scipy.ndimage.maximum_filter1d(extra, reach, axis=0))


def with_systematic(
    std_m: float, adj: Adjustment, wander_m: float, options: MeasureOptions
) -> float:
    """Add what noise and drift do to the radius beyond what slices show.

    `expected_residuals` leaves about a quarter of noise**2 / R of the noise's bias. Passes that
    drift apart make the pipe seem thicker or thinner by a third of the drift or so.
    """
    bias = options.noise_bias * adj.noise**2 / adj.radius
    drift = options.drift_share * wander_m
    return math.sqrt(std_m**2 + bias**2 + drift**2 + options.radius_floor_m**2)
