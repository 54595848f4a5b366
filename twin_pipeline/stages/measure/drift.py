"""The scan's slow drift, and walks that were registered badly, solved for together with the tube.

Points that were recorded together share the error of the scanner's position. Where the pipe was
passed twice these errors differ: left and right flank come from different walks and the pipe seems
thicker or thinner by the difference. The shift of the scan is solved for at epochs along the time
of recording, held back by its own variance, which is estimated with it (empirical Bayes).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.anisotropy import expected_residuals

_EPOCHS_PER_M = 1.3
_FEWEST, _MOST = 4, 40
_POINTS_PER_EPOCH = 60
_ROUNDS = 6
_WIDE_RADII, _WIDE_M = 0.25, 0.02
_OUTWARDS = 0.7
_MOSTLY_OFF = 0.6
_SMOOTH_M = 0.8
_LEAST_M = 0.0002
_FIRST_M = 0.003


@dataclass(slots=True)
class Drift:
    """Shift of the scan over time. E = epochs; metres, local frame."""

    epoch: FloatArray
    """(N,) when each point was recorded, in epochs from the first."""
    shift: FloatArray
    """(E, 3)"""
    std_m: float
    """Of a shift along one axis, over time."""

    def at_points(self) -> FloatArray:
        """Return the shift (N, 3) of each point."""
        first = np.minimum(self.epoch.astype(np.int64), len(self.shift) - 2)
        share = (self.epoch - first)[:, None]
        return np.asarray((1.0 - share) * self.shift[first] + share * self.shift[first + 1])


def find_drift(adj: Adjustment, weights: FloatArray, recorded: FloatArray) -> Drift | None:
    """Prepare epochs for points recorded at times (N,) of any unit; None for too few points."""
    used = weights > 0.0
    length_m = (len(adj.nodes) - 1) * adj.step
    count = min(math.ceil(_EPOCHS_PER_M * length_m) + 1, int(used.sum()) // _POINTS_PER_EPOCH)
    if count < _FEWEST:
        return None
    times = np.unique(np.quantile(recorded[used], np.linspace(0.0, 1.0, min(count, _MOST))))
    if len(times) < _FEWEST:
        return None
    epoch = np.interp(recorded, times, np.arange(len(times), dtype=np.float64))
    return Drift(epoch, np.zeros((len(times), 3)), _FIRST_M)


def settle(adj: Adjustment, weights: FloatArray, drift: Drift) -> FloatArray:
    """Solve for the tube with the drift until both rest; return the final weights (N,).

    Where the other walk's surface is so far off that a first fit has missed it, its points come in.
    """
    measured = adj.points
    wide_m = min(_WIDE_RADII * adj.radius, _WIDE_M)
    allowed = (weights > 0.0) | _missed(adj, drift, wide_m)
    for step in range(_ROUNDS):
        band_m = max(4.0 * adj.noise, wide_m * 0.5**step)
        weights = np.where(allowed, adj.weights(band_m, 0.0), 0.0)
        variance = adj.solve_shared(weights, drift.epoch, drift.shift, drift.std_m)
        drift.std_m = _spread(drift.shift, variance, drift.std_m)
        adj.move(measured - drift.at_points())
        weights = np.where(allowed, adj.weights(band_m, 0.0), 0.0)
        adj.update_noise(weights)
        adj.expect(expected_residuals(adj, weights))
    weights = np.where(allowed, adj.weights(4.0 * adj.noise, 0.0), 0.0)
    adj.offset = _around_nodes(adj, weights, drift)
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
    total = uniform_filter1d(total, width, mode="nearest")
    mean = uniform_filter1d(mean, width, axis=0, mode="nearest")
    known = np.flatnonzero(total > 1e-6)
    at = np.arange(count)
    mean = np.column_stack([np.interp(at, known, m[known] / total[known]) for m in mean.T])
    along = np.einsum("kj,kj->k", mean, adj.tangent)
    return np.asarray(mean - along[:, None] * adj.tangent)


def _spread(shift: FloatArray, variance: FloatArray, std_m: float) -> float:
    """Return the shifts' standard deviation from their estimates and posterior variances.

    Each counts by how much the points say about it (effective number of parameters).
    """
    known = float(np.sum(1.0 - np.minimum(variance / std_m**2, 1.0)))
    return max(math.sqrt(float(np.sum(shift**2)) / max(known, 1.0)), _LEAST_M)
