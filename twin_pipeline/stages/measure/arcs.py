"""Which sectors of the cross-section lie on one circle, where normals are too coarse to tell.

The normals of a thin or noisily scanned pipe come from patches about as large as the pipe itself;
next to soil that touches it they are wrong up to the crown. There the points of a stretch are laid
over each other along the axis, and the longest arc is taken that keeps to a circle.
"""

import numpy as np

from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment

_SECTORS = 36
_POINTS_PER_SLICE = 4000
_SHORTEST, _LONGEST = 5, 28
_MARGIN = 1
"""Sectors at either end of an arc that soil may reach into."""
_NEAR_SIGMAS = 4.0
_CHANCE_SIGMAS = 3.0
_SYSTEMATIC = 0.05
"""Of the noise, by which the mean of a sector on a circle may be off."""
_THICK = 1.2
"""Spread of the points at an end of an arc over that in its middle, from which on they lie on no
surface: a surface that turns away from the scanner is rather thinner."""
_FEW = 0.25
_OFF_CENTRE = 0.7
_THINNEST, _THICKEST = 0.6, 1.6
_START_STD = 0.15
"""How well radius and place are known to begin with, in radii."""

_ARCS = np.array([(a, n) for a in range(_SECTORS) for n in range(_SHORTEST, _LONGEST + 1)])
_LENGTH = _ARCS[:, 1]
_BEHIND_START = (np.arange(_SECTORS) - _ARCS[:, :1]) % _SECTORS
_WITHIN = _LENGTH[:, None] > _BEHIND_START
_QUARTER = np.maximum(_LENGTH[:, None] // 4, 1)
_AT_START = _BEHIND_START < _QUARTER
_AT_END = _WITHIN & (_LENGTH[:, None] - _QUARTER <= _BEHIND_START)
_IN_MIDDLE = _WITHIN & ~_AT_START & ~_AT_END


def sectors_on_circle(adj: Adjustment) -> BoolArray:
    """Return which points (N,) lie in sectors that together keep to a circle.

    A stretch has none where no arc does.
    """
    length = (len(adj.nodes) - 1) * adj.step
    slices = max(adj.used // _POINTS_PER_SLICE, 1)
    along = np.nan_to_num(adj.chainage) * (slices / length)
    slice_of = np.minimum(along.astype(np.int64), slices - 1)
    sector = ((adj.angle + np.pi) / (2.0 * np.pi) * _SECTORS).astype(np.int64) % _SECTORS
    near = (np.abs(adj.residual) < _NEAR_SIGMAS * adj.noise) & ~np.isnan(adj.chainage)
    cell = (slice_of * _SECTORS + sector)[near]
    points = np.bincount(cell, minlength=slices * _SECTORS).astype(np.float64)
    mean = np.bincount(cell, adj.residual[near], slices * _SECTORS) / np.maximum(points, 1.0)
    square = np.bincount(cell, adj.residual[near] ** 2, slices * _SECTORS)
    spread = np.sqrt(np.maximum(square / np.maximum(points, 1.0) - mean**2, 0.0))
    profiles = (values.reshape(-1, _SECTORS) for values in (points, mean, spread))
    kept = np.array([_longest_arc(adj, *profile) for profile in zip(*profiles, strict=True)])
    return np.asarray(kept[slice_of, sector])


def _longest_arc(
    adj: Adjustment, points: FloatArray, mean_m: FloatArray, spread_m: FloatArray
) -> BoolArray:
    """Return the sectors (36,) of the longest arc on a circle, given residuals' mean and spread.

    Each arc is fitted with a circle of its own, as contact with soil shows only against that. What
    fills the whole band that residuals are taken from has a mean of nothing, yet no surface there.
    """
    angle = (np.arange(_SECTORS) + 0.5) * (2.0 * np.pi / _SECTORS) - np.pi
    design = np.stack([np.cos(angle), np.sin(angle), np.ones(_SECTORS)], axis=-1)
    weight = _WITHIN * points
    loose = (adj.noise / (_START_STD * adj.start_radius)) ** 2
    normal = np.einsum("ak,ki,kj->aij", weight, design, design) + loose * np.eye(3)
    rhs = np.einsum("ak,ki,k->ai", weight, design, mean_m)
    rhs[:, 2] += loose * (adj.start_radius - adj.radius)
    change = np.linalg.solve(normal, rhs[:, :, None])[:, :, 0]
    off = np.abs(mean_m - np.einsum("ai,ki->ak", change, design))
    allowed = _CHANCE_SIGMAS * adj.noise / np.sqrt(np.maximum(points, 1.0))
    filled = points > _FEW * weight.sum(axis=1, keepdims=True) / _LENGTH[:, None]
    on_circle = (off < allowed + _SYSTEMATIC * adj.noise) & filled
    ratio = (adj.radius + change[:, 2]) / adj.start_radius
    fits = (on_circle | ~_WITHIN).all(axis=1) & (ratio > _THINNEST) & (ratio < _THICKEST)
    fits &= np.hypot(change[:, 0], change[:, 1]) < _OFF_CENTRE * adj.radius
    sigma = np.hypot(allowed / _CHANCE_SIGMAS, _SYSTEMATIC * adj.noise)
    excess = (_WITHIN * (off / sigma) ** 2).sum(axis=1) - (_LENGTH - 3)
    fits &= excess < _CHANCE_SIGMAS * np.sqrt(2.0 * (_LENGTH - 3))
    fits &= ~_thick_at_an_end(points, spread_m)
    if not fits.any():
        return np.zeros(_SECTORS, bool)
    best = np.flatnonzero(fits & (_LENGTH[fits].max() == _LENGTH))
    best = best[np.argmin((weight[best] * off[best] ** 2).sum(axis=1))]
    inner = _BEHIND_START[best]
    return np.asarray((inner >= _MARGIN) & (inner < _LENGTH[best] - _MARGIN))


def _thick_at_an_end(points: FloatArray, spread_m: FloatArray) -> BoolArray:
    """Tell which arcs have a quarter whose points are spread far more than in their middle."""
    square = points * spread_m**2

    def variance(part: BoolArray) -> tuple[FloatArray, FloatArray]:
        count = np.maximum((part * points).sum(axis=1), 1.0)
        return (part * square).sum(axis=1) / count, count

    middle, _ = variance(_IN_MIDDLE)
    thick = np.zeros(len(_ARCS), bool)
    for part in (_AT_START, _AT_END):
        quarter, count = variance(part)
        allowed = _THICK * (1.0 + _CHANCE_SIGMAS / np.sqrt(2.0 * count))
        thick |= quarter > allowed**2 * middle
    return thick
