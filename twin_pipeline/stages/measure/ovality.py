"""Whether a tube is oval, and what that does to its diameter.

Polyethylene that was backfilled is wider than high. Over the arc that is seen an oval looks much
like a circle, but a larger one, by up to three times its flattening. What tells them apart is
`cos 2t` and `sin 2t` in the residuals, however the axis of each slice gives way. How likely an oval
is after that decides how much of it is taken, and what of it goes into the sigma.
"""

import math
from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.options import MeasureOptions

_SECTORS = 72
_SLICE_M, _SLICE_RADII = 0.5, 4.0
_FEWEST_SLICES = 5
_MOST_SIGMAS = 3.0
"""Of usual ovals' amplitudes; what is less round was scanned twice beside itself, or is no pipe."""
_UNSURE_SHARE = 0.25
"""Of the change of the radius, that goes into its std: soil beside the arc looks like an oval."""

_ANGLES = (np.arange(_SECTORS) + 0.5) * (2.0 * math.pi / _SECTORS) - math.pi
_LATERAL = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)])
_COMMON = np.stack([np.ones(_SECTORS), np.cos(2.0 * _ANGLES), np.sin(2.0 * _ANGLES)])


@dataclass(frozen=True, slots=True)
class Ovality:
    """What an oval does to a tube that was taken for a circle; metres."""

    probability: float = 0.0
    amplitude_m: float = 0.0
    """Of the radius around the tube, if it is an oval."""
    radius_m: float = 0.0
    """Expected mean radius less that of the circle."""
    axis_m: float = 0.0
    """By which the axis is nearer to the middle of the seen arc, so that the surface stays."""
    std_m: float = 0.0
    """Of the mean radius, beside the circle's."""
    if_oval_m: float = 0.0
    """Std of the mean radius if the tube is oval for sure."""


def ovality(
    adj: Adjustment, weights: FloatArray, used: BoolArray, options: MeasureOptions
) -> Ovality:
    """Return what an oval changes; nothing where the tube is too short to tell.

    Parameters
    ----------
    weights, used
        (N,) of the points, and which take part.
    """
    count, total = _table(adj, np.where(used, weights, 0.0))
    if len(count) < _FEWEST_SLICES:
        return Ovality()
    matrices, rhs = _without_axis(count, total)
    matrix = matrices.sum(axis=0)
    inverse = np.linalg.inv(matrix + 1e-9 * np.trace(matrix) * np.eye(3))
    found = inverse @ rhs.sum(axis=0)
    left_m = options.noise_bias * adj.noise**2 / adj.radius
    seen = adj.noise**2 * inverse * _excess(adj, matrices, rhs, inverse, found)
    seen = seen[1:, 1:] + left_m**2 * np.eye(2)
    usual = (options.oval_amplitude * adj.radius) ** 2 * np.eye(2)
    likely = _posterior(found[1:], seen, seen + usual, options.oval_share)
    if np.hypot(*found[1:]) > _MOST_SIGMAS * options.oval_amplitude * adj.radius and likely > 0.5:
        return Ovality()
    gain = usual @ np.linalg.inv(seen + usual)
    shape, shape_covariance = gain @ found[1:], usual - gain @ usual
    response = -matrix[0, 1:] / matrix[0, 0]
    change = float(response @ shape)
    variance = float(response @ shape_covariance @ response)
    if_oval_m = math.sqrt(variance + ((1.0 - likely) * change) ** 2)
    variance = likely * variance
    variance += (likely * (1.0 - likely) + (_UNSURE_SHARE * likely) ** 2) * change**2
    off = _off_circle(count.sum(axis=0), total.sum(axis=0), np.array([change, *shape]))
    amplitude = float(np.hypot(*shape))
    return Ovality(
        likely, amplitude, likely * change, likely * (off - change), math.sqrt(variance), if_oval_m
    )


def _off_circle(count: FloatArray, total: FloatArray, found: FloatArray) -> float:
    """Return by how much the oval is outside the circle in the middle of the seen arc, metres."""
    own = np.einsum("j,aj,bj->ab", count, _LATERAL, _LATERAL)
    axis = np.linalg.solve(own, _LATERAL @ (total - count * (found @ _COMMON)))
    along = math.atan2(float(_LATERAL[1] @ count), float(_LATERAL[0] @ count))
    lateral = axis @ [math.cos(along), math.sin(along)]
    return float(lateral + found @ [1.0, math.cos(2.0 * along), math.sin(2.0 * along)])


def _posterior(
    shape: FloatArray, round_covariance: FloatArray, oval_covariance: FloatArray, share: float
) -> float:
    """Return how likely a tube with a shape (2,) is oval, of which beforehand a share is."""
    evidence = shape @ np.linalg.solve(round_covariance, shape)
    evidence -= shape @ np.linalg.solve(oval_covariance, shape)
    evidence -= math.log(np.linalg.det(oval_covariance) / np.linalg.det(round_covariance))
    odds = share / (1.0 - share) * math.exp(0.5 * min(float(evidence), 100.0))
    return odds / (1.0 + odds)


def _without_axis(count: FloatArray, total: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the normal equations (S, 3, 3) and (S, 3) of slices, the axis of each eliminated."""
    own = np.einsum("sj,aj,bj->sab", count, _LATERAL, _LATERAL) + 1e-6 * np.eye(2)
    border = np.einsum("sj,aj,bj->sab", count, _LATERAL, _COMMON)
    coupling = np.linalg.solve(own, border)
    matrices = np.einsum("sj,aj,bj->sab", count, _COMMON, _COMMON)
    matrices -= np.einsum("sba,sbc->sac", border, coupling)
    rhs = total @ _COMMON.T - np.einsum("sba,sb->sa", coupling, total @ _LATERAL.T)
    return matrices, rhs


def _table(adj: Adjustment, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weights and weighted residuals (S, 72) of slices and sectors, none of them empty."""
    slice_m = max(_SLICE_M, _SLICE_RADII * adj.radius)
    part = weights > 0.0
    sector = ((adj.angle[part] + math.pi) / (2.0 * math.pi) * _SECTORS).astype(np.int64) % _SECTORS
    cell = (adj.chainage[part] / slice_m).astype(np.int64) * _SECTORS + sector
    cells = (int(cell.max()) // _SECTORS + 1) * _SECTORS
    count = np.bincount(cell, weights[part], cells).reshape(-1, _SECTORS)
    total = np.bincount(cell, weights[part] * adj.residual[part], cells).reshape(-1, _SECTORS)
    filled = count.sum(axis=1) > 0.2 * float(np.median(count.sum(axis=1)))
    return count[filled], total[filled]


def _excess(
    adj: Adjustment,
    matrices: FloatArray,
    rhs: FloatArray,
    inverse: FloatArray,
    found: FloatArray,
) -> float:
    """Return how much more slices differ in their shape than noise lets them, as variances."""
    off = rhs - np.einsum("sab,b->sa", matrices, found)
    slices = len(off)
    seen = slices / (slices - 3.0) * inverse @ (off.T @ off) @ inverse
    expected = adj.noise**2 * inverse
    return max(float(np.trace(np.linalg.solve(expected[1:, 1:], seen[1:, 1:]))) / 2.0, 1.0)
