"""The scan's slow drift, and walks that were registered badly, solved for together with the tube.

Points that were recorded together share the error of the scanner's position. Where the pipe was
passed twice these errors differ: left and right flank come from different walks and the pipe seems
thicker or thinner by the difference. The shift of the scan is solved for at epochs along the time
of recording. What holds it back is how large shifts are and how slowly they change, of which the
likeliest is taken (empirical Bayes).
"""

import math
from dataclasses import dataclass, field

import numpy as np
import scipy

from twin_pipeline.geometry.walks import Walk
from twin_pipeline.kernels.adjust import scatter
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.anisotropy import expected_residuals
from twin_pipeline.stages.measure.walk import SharedEquations

_EPOCHS_PER_M = 2.6
_FEWEST, _MOST = 4, 48
_POINTS_PER_EPOCH = 60
_PAUSE = 0.03
"""Share of the time of recording from which on no point of the tube is a pause."""

_ROUNDS = 8
_WIDE_ROUNDS = 3
"""The first rounds, in which a surface that was missed is brought in."""
_JUMP_ROUNDS = (2, 3)
_CHOICE_ROUNDS = (0, 4)
"""Rounds that look for a jump of the shift, and for the likeliest walk."""

_AT_REST_M = 3e-6
_JUMP_M, _JUMP_RATIO = 0.0015, 4.0
"""Least jump, and how much larger than the usual change from epoch to epoch it is."""
_WIDE_RADII, _WIDE_M = 0.25, 0.02
_OUTWARDS = 0.7
_MOSTLY_OFF = 0.6
"""How far off a missed surface may lie, the least cosine of its normals, and the share of an
epoch's points on the tube below which it was missed."""
_LEAST_SHARE = 0.75
"""Of the first radius; below, the tube is lost."""
_SMOOTH_M = 0.8
_LEAST_SIDE = 0.1
"""Share of the points that epochs on one side of the tube have, where both sides were walked."""


@dataclass(slots=True)
class Drift:
    """Shift of the scan over time. E = epochs; metres, local frame."""

    recorded: FloatArray
    """(N,) when each point was recorded, in any unit."""
    times: FloatArray
    """(E,) of the epochs, rising."""
    free: BoolArray
    """(E - 1,) whether the shift may jump from an epoch to the next."""
    shift: FloatArray
    """(E, 3)"""
    epoch: FloatArray = field(init=False)
    """(N,) when each point was recorded, in epochs from the first."""

    def __post_init__(self) -> None:
        number = np.arange(len(self.times), dtype=np.float64)
        self.epoch = np.interp(self.recorded, self.times, number)

    def at_points(self) -> FloatArray:
        """Return the shift (N, 3) of each point."""
        shift: FloatArray = scatter.shift_at(self.epoch, self.shift)
        return shift


def find_drift(adj: Adjustment, weights: FloatArray, recorded: FloatArray) -> Drift | None:
    """Prepare epochs for points recorded at times (N,) of any unit; None for too few points."""
    used = weights > 0.0
    length_m = (len(adj.nodes) - 1) * adj.step
    count = min(math.ceil(_EPOCHS_PER_M * length_m) + 1, int(used.sum()) // _POINTS_PER_EPOCH)
    if count < _FEWEST:
        return None
    at = np.sort(recorded[used])
    before, after = _pauses(at)
    knots = np.quantile(at, np.linspace(0.0, 1.0, min(count, _MOST)))
    times = np.unique(np.concatenate([knots, before, after]))
    if len(times) < _FEWEST:
        return None
    free = np.isin(times[:-1], before) & np.isin(times[1:], after)
    return Drift(recorded, times, free, np.zeros((len(times), 3)))


def _pauses(times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the times before and after long pauses: between two walks the shift may jump."""
    long = np.flatnonzero(np.diff(times) > _PAUSE * float(np.ptp(times)))
    return times[long], times[long + 1]


def _with_jump(adj: Adjustment, weights: FloatArray, drift: Drift) -> Drift:
    """Let the shift jump where it changes far more than anywhere else, as between two walks."""
    change = np.where(drift.free, 0.0, np.linalg.norm(np.diff(drift.shift, axis=0), axis=1))
    k = int(change.argmax())
    if change[k] < max(_JUMP_M, _JUMP_RATIO * float(np.median(change))):
        return drift
    low, high = max(k - 1, 0), min(k + 2, len(drift.times) - 1)
    among = np.flatnonzero(
        (weights > 0.0)
        & (drift.recorded >= drift.times[low])
        & (drift.recorded <= drift.times[high])
    )
    among = among[np.argsort(drift.recorded[among], kind="stable")]
    normal = adj.radial[among] / adj.rho[among, None]
    raw = adj.residual[among] + np.einsum("nj,nj->n", normal, drift.at_points()[among])
    left, right = (raw - np.einsum("nj,j->n", normal, drift.shift[side]) for side in (low, high))
    at = int(np.cumsum(left**2 - right**2).argmin())
    if not 0 < at < len(among) - 1:
        return drift
    before, after = drift.recorded[among[at]], drift.recorded[among[at + 1]]
    outside = (drift.times <= drift.times[low]) | (drift.times >= drift.times[high])
    times = np.unique(np.concatenate([drift.times[outside], [before, after]]))
    old = np.interp(times, drift.times, np.arange(len(drift.times)))
    free = (times[:-1] == before) | np.isin(times[:-1], drift.times[:-1][drift.free])
    shift = drift.shift[np.rint(np.where(times <= before, np.floor(old), np.ceil(old))).astype(int)]
    return Drift(drift.recorded, times, free, shift)


def settle(adj: Adjustment, drift: Drift) -> FloatArray:
    """Solve for the tube with the drift until both rest; return the final weights (N,).

    They are all zero where the tube gets lost.

    Where the other walk's surface is so far off that a first fit has missed it, its points come in.
    """
    measured = adj.points
    missed = _missed(adj, drift, min(_WIDE_RADII * adj.radius, _WIDE_M))
    walk = None
    for step in range(_ROUNDS):
        before = (adj.radius, drift.shift)
        allowed = missed if step < _WIDE_ROUNDS else None
        weights = _weights(adj, allowed)
        if step in _JUMP_ROUNDS:
            drift = _with_jump(adj, weights, drift)
        walk = _solve(adj, weights, measured, drift, None if step in _CHOICE_ROUNDS else walk)
        weights = _weights(adj, allowed)
        if _lost(adj, weights):
            return np.zeros(len(weights))
        adj.update_noise(weights)
        adj.expect(_expected(adj, weights, drift))
        if step > max(_JUMP_ROUNDS + _CHOICE_ROUNDS) and _rests(before, adj, drift):
            break
    weights = _weights(adj, None)
    adj.offset = _around_nodes(adj, weights, drift)
    equations = _equations(adj, weights, drift)
    adj.cofactor = equations.cofactor(np.append(0.0, drift.shift.ravel()))
    return weights


def _expected(adj: Adjustment, weights: FloatArray, drift: Drift) -> FloatArray:
    """Return the mean residual (N,) that the noise alone gives, of either side's epochs apart.

    The noise lies along the rays, which come from elsewhere on the way back: what it does to the
    points of one walk, by what it does to all, would pass for a shift of that walk.
    """
    epoch, count = np.rint(drift.epoch).astype(np.int64), len(drift.shift)
    cos = np.bincount(epoch, weights * np.cos(adj.angle), count)
    sin = np.bincount(epoch, weights * np.sin(adj.angle), count)
    middle = math.atan2(float(sin.sum()), float(cos.sum()))
    left = (sin * math.cos(middle) < cos * math.sin(middle))[epoch]
    share = float(weights[left].sum()) / float(weights.sum())
    if not _LEAST_SIDE < share < 1.0 - _LEAST_SIDE:
        return expected_residuals(adj, weights)
    to_left = expected_residuals(adj, np.where(left, weights, 0.0))
    to_right = expected_residuals(adj, np.where(left, 0.0, weights))
    return np.where(left, to_left, to_right)


def _rests(before: tuple[float, FloatArray], adj: Adjustment, drift: Drift) -> bool:
    """Tell whether neither the radius nor any shift has moved by more than what is no length."""
    radius, shift = before
    moved = max(abs(adj.radius - radius), float(np.abs(drift.shift - shift).max()))
    return moved < _AT_REST_M


def _lost(adj: Adjustment, weights: FloatArray) -> bool:
    """Tell whether too few points, or a radius far from the first, are left of the tube."""
    few = np.count_nonzero(weights) < _POINTS_PER_EPOCH * _FEWEST
    return bool(few or not _LEAST_SHARE < adj.radius / adj.start_radius < 1.0 / _LEAST_SHARE)


def _weights(adj: Adjustment, missed: BoolArray | None) -> FloatArray:
    """Return weights (N,) of what lies within four sigma, or has been missed."""
    weights = adj.weights(4.0 * adj.noise, 0.0)
    if missed is not None:
        weights = np.where(missed, adj.weights(_WIDE_M, 0.0), weights)
    weights[adj.hidden[adj.node]] = 0.0
    return weights


def _missed(adj: Adjustment, drift: Drift, wide_m: float) -> BoolArray:
    """Tell which points (N,) lie off the tube because the scan was shifted when they were recorded.

    Of such an epoch most points on the tube are off; of a socket or of soil only few of any epoch.
    """
    near = adj.keep & ~adj.hidden[adj.node] & (adj.cosine > _OUTWARDS)
    near &= np.abs(adj.residual) < wide_m
    on = near & (np.abs(adj.residual) < 4.0 * adj.noise)
    epoch, count = np.rint(drift.epoch).astype(np.int64), len(drift.shift)
    share = np.bincount(epoch, on, count) / np.maximum(np.bincount(epoch, near, count), 1.0)
    return np.asarray(near & (share < _MOSTLY_OFF)[epoch])


def _around_nodes(adj: Adjustment, weights: FloatArray, drift: Drift) -> FloatArray:
    """Return the mean shift (K, 3) of the points around each node, across the axis.

    It brings the axis back to where the scan shows it: what else was scanned there, the pavement
    above all, has the same shift.
    """
    shift = drift.at_points()
    count = len(adj.nodes)
    total = np.bincount(adj.node, weights, count)
    mean = np.column_stack([np.bincount(adj.node, weights * d, count) for d in shift.T])
    width = 2 * math.ceil(0.5 * _SMOOTH_M / adj.step) + 1
    total = scipy.ndimage.uniform_filter1d(total, width, mode="nearest")
    mean = scipy.ndimage.uniform_filter1d(mean, width, axis=0, mode="nearest")
    known = np.flatnonzero(total > 1e-6)
    at = np.arange(count)
    mean = np.column_stack([np.interp(at, known, m[known] / total[known]) for m in mean.T])
    along = np.einsum("kj,kj->k", mean, adj.tangent)
    return np.asarray(mean - along[:, None] * adj.tangent)


def _solve(
    adj: Adjustment, weights: FloatArray, measured: FloatArray, drift: Drift, walk: Walk | None
) -> Walk:
    """Take one step of tube and drift, under a walk or the likeliest of all; return which.

    The points (N, 3) are where they were measured, less the drift.
    """
    equations = _equations(adj, weights, drift)
    walk = walk or equations.likeliest()
    shared = equations.solution(walk)
    shift = shared[1:].copy()
    shared[1:] -= drift.shift.ravel()
    drift.shift = shift.reshape(-1, 3)
    adj.step_shared(shared, measured - drift.at_points())
    return walk


def _equations(adj: Adjustment, weights: FloatArray, drift: Drift) -> SharedEquations:
    matrix, rhs = adj.shared_equations(weights, drift.epoch, len(drift.shift))
    rhs = rhs + np.einsum("pq,q->p", matrix[:, 1:], drift.shift.ravel())
    return SharedEquations(matrix, rhs, adj.noise, drift.free)
