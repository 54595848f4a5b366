"""What noise that is not the same in all directions does to the residuals of a tube.

A scanner's noise lies mostly along its rays. A point recorded at some place around the tube may
have come from a place a little up or down the flank, so that the mean residual at a recorded angle
is not zero: it follows from the covariance of the noise in the cross-section and from how the
points are spread around it (errors in variables, to second order in noise over radius).
"""

import math
from dataclasses import dataclass

import numpy as np

from twin_pipeline.kernels.adjust import scatter as kernel
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.medians import median

_SECTORS = 72
_MIN_POINTS = 500
_MIN_SECTORS = 8
_WIDE_SECTORS = ((500, 24), (2500, 36))
_FEWEST_POINTS, _FEWEST_SECTORS = 60, 5
"""Up to how many points so many sectors around the axis tell how noise lies, and from when on."""
_FEW_SECTORS = 8
"""Of which a density no more than rises and falls."""
_WITHIN_NOISE = 3.0
_PRIOR_SHARE = 0.02
_MAX_SLOPE = 4.0
_ANGLES = np.linspace(-math.pi, math.pi, 1441)
"""At which residuals are computed; between them they change by nanometres."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """Covariance of the noise in the cross-section.

    The variance in direction t is `mean + even * cos 2t + odd * sin 2t`, m2.
    """

    mean: float
    even: float
    odd: float

    def along_normal_and_tangent(self, angle: FloatArray) -> FloatArray:
        """Return the covariance of radial and tangential noise."""
        return -self.even * np.sin(2.0 * angle) + self.odd * np.cos(2.0 * angle)

    def along_tangent(self, angle: FloatArray) -> FloatArray:
        """Return the variance of the tangential noise."""
        return self.mean - self.even * np.cos(2.0 * angle) - self.odd * np.sin(2.0 * angle)

    def slope(self, angle: FloatArray) -> FloatArray:
        """Return the derivative of `along_normal_and_tangent` by the angle."""
        return -2.0 * (self.even * np.cos(2.0 * angle) + self.odd * np.sin(2.0 * angle))


def expected_residuals(adj: Adjustment, weights: FloatArray) -> FloatArray:
    """Return the mean residual (N,) in metres that the noise alone gives at each point's angle."""
    told = _of_sectors(adj, weights, _SECTORS, _MIN_SECTORS, 20.0)
    if told is None or told[1] < _MIN_POINTS:
        return np.full(len(adj.residual), adj.noise**2 / (2.0 * adj.radius))
    return told[0]


def expected_of_few(adj: Adjustment, weights: FloatArray) -> FloatArray | None:
    """Return the same by wider sectors, which some dozen points tell; None for fewer.

    None, too, for so many that narrow sectors have told it.
    """
    used = np.count_nonzero(weights)
    sectors = next((wide for most, wide in _WIDE_SECTORS if used < most), 0)
    if used < _FEWEST_POINTS or not sectors:
        return None
    told = _of_sectors(adj, weights, sectors, max(_FEWEST_SECTORS, sectors // 9), 5.0)
    return None if told is None else told[0]


def _of_sectors(
    adj: Adjustment, weights: FloatArray, sectors: int, fewest: int, least: float
) -> tuple[FloatArray, float] | None:
    """Return the mean residuals (N,) that sectors tell, and of how many points.

    None where fewer than so many hold more than the least number of points.
    """
    count, total, squares = kernel.sector_sums(
        adj.angle, adj.residual, weights, _WITHIN_NOISE * adj.noise, sectors
    )
    if not count.any():
        return None
    good = count > max(0.2 * median(count[count > 0.0]), least)
    if good.sum() < fewest:
        return None
    mean, square = total / np.maximum(count, 1.0), squares / np.maximum(count, 1.0)
    variance = np.asarray(square - mean**2)
    if sectors != _SECTORS:
        variance = variance * count / np.maximum(count - 1.0, 1.0)
    middle = (np.arange(sectors, dtype=np.float64) + 0.5) * (2.0 * math.pi / sectors) - math.pi
    scatter = _scatter(middle[good], variance[good], count[good])
    towards = math.atan2(
        float(np.sum(np.sin(middle) * count * good)), float(np.sum(np.cos(middle) * count * good))
    )
    off = np.angle(np.exp(1j * (middle - towards)))
    density_slope = _log_density(off[good], count[good])
    reach = float(np.abs(off[good]).max())
    away = np.clip(np.angle(np.exp(1j * (_ANGLES - towards))), -reach, reach)
    at = towards + away
    table = (
        0.5 * scatter.along_tangent(at)
        - scatter.slope(at)
        - scatter.along_normal_and_tangent(at)
        * np.clip(np.polyval(density_slope, away), -_MAX_SLOPE, _MAX_SLOPE)
    ) / adj.radius
    expected: FloatArray = kernel.looked_up(adj.angle, table)
    return expected, float(count.sum())


def _scatter(angle: FloatArray, variance: FloatArray, count: FloatArray) -> Scatter:
    """Fit the covariance to the radial variance seen at angles; equal in doubt."""
    design = np.column_stack([np.ones_like(angle), np.cos(2.0 * angle), np.sin(2.0 * angle)])
    weighted = design * count[:, None]
    prior = _PRIOR_SHARE * count.sum() * np.diag([0.0, 1.0, 1.0])
    mean, even, odd = np.linalg.solve(design.T @ weighted + prior, weighted.T @ variance)
    # no direction has less than no noise
    excess = math.hypot(even, odd) / max(mean, 1e-12)
    shrink = min(1.0, 1.0 / excess) if excess > 0.0 else 1.0
    return Scatter(float(mean), float(even * shrink), float(odd * shrink))


def _log_density(angle: FloatArray, count: FloatArray) -> FloatArray:
    """Return the coefficients of the derivative of the logarithm of the points' density."""
    wide = float(np.ptp(angle)) > math.radians(120.0) and len(angle) > _FEW_SECTORS
    degree = 4 if wide else 2
    return np.polyder(np.polyfit(angle, np.log(count), degree, w=np.sqrt(count)))
