"""The rigid motion or similarity that takes points nearest to where they should be.

Weighted least squares in closed form: Umeyama, Least-squares estimation of transformation
parameters between two point patterns, IEEE PAMI 13(4), 1991. The covariance is that of the
linearised problem at the solution, as for any adjustment of observations.
"""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray, frozen
from twin_pipeline.registration.similarity import Similarity

# Points this near to one line leave the turn about it open.
_LINE_RATIO = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted change of frame and how far it can be trusted."""

    similarity: Similarity
    residuals: FloatArray
    """(N, 3) metres: where a point comes to lie minus where it should be."""
    covariance: FloatArray
    """(7, 7) of shift (m), turn (rad) and scale about `similarity.target`; zero for a fixed
    scale."""

    def __post_init__(self) -> None:
        for name in ("residuals", "covariance"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def rms_m(self) -> float:
        """Root mean square of the residuals' lengths, metres."""
        return float(np.sqrt(np.mean(np.sum(self.residuals**2, axis=1))))

    def std_m(self, xyz: FloatArray) -> FloatArray:
        """Return (N, 2) 1 sigma, horizontal and vertical, that the fit leaves at places.

        Parameters
        ----------
        xyz
            (N, 3) metres, in the new frame. Horizontal is one axis' share, the rms of both.
        """
        offsets = np.asarray(xyz) - self.similarity.target
        jacobian = _jacobians(offsets)
        spread = np.einsum("nij,jk,nlk->nil", jacobian, self.covariance, jacobian)
        variances = np.clip(np.diagonal(spread, axis1=1, axis2=2), 0.0, None)
        horizontal = np.sqrt(variances[:, :2].mean(axis=1))
        return np.column_stack((horizontal, np.sqrt(variances[:, 2])))

    @property
    def tilt_std_rad(self) -> float:
        """1 sigma of the vertical's direction."""
        return float(np.sqrt(self.covariance[3, 3] + self.covariance[4, 4]))

    @property
    def scale_std(self) -> float:
        """1 sigma of the scale; zero where it was fixed."""
        return float(np.sqrt(self.covariance[6, 6]))


def on_a_line(xyz: FloatArray) -> bool:
    """Whether (N, 3) points leave open how a frame is turned about the line through them."""
    spreads = np.linalg.svd(xyz - xyz.mean(axis=0), compute_uv=False)
    return bool(spreads[1] <= _LINE_RATIO * spreads[0])


def fit(source: FloatArray, target: FloatArray, std_m: FloatArray, *, scaled: bool) -> Fit:
    """Return what takes `source` nearest to `target`.

    Parameters
    ----------
    source, target
        (N, 3) metres, the same points in both frames; three or more, not on one line.
    std_m
        (N,) 1 sigma of each along every axis, metres.
    scaled
        Whether the scale is free.
    """
    weights = 1.0 / std_m**2
    rotation, scale = _solve(source, target, weights, scaled=scaled)
    share = (weights / weights.sum())[:, np.newaxis]
    found = Similarity(rotation, scale, (share * source).sum(0), (share * target).sum(0))
    residuals = found.apply(source) - target
    variance_factor = _variance_factor(residuals, weights, scaled=scaled)
    jacobian = _jacobians(found.turned(source - found.source))
    normal = np.einsum("n,nij,nik->jk", weights, jacobian, jacobian)
    free = 7 if scaled else 6
    covariance = np.zeros((7, 7))
    covariance[:free, :free] = variance_factor * np.linalg.inv(normal[:free, :free])
    return Fit(found, residuals, covariance)


def mirrored_rms_m(source: FloatArray, target: FloatArray) -> float:
    """Return the rms distance that a mirrored frame would leave, metres."""
    source, target = source - source.mean(axis=0), target - target.mean(axis=0)
    u, _, vt = np.linalg.svd(target.T @ source)
    turned = source @ (u @ np.diag([1.0, 1.0, -np.linalg.det(u @ vt)]) @ vt).T
    return float(np.sqrt(np.mean(np.sum((turned - target) ** 2, axis=1))))


def _solve(
    source: FloatArray, target: FloatArray, weights: FloatArray, *, scaled: bool
) -> tuple[FloatArray, float]:
    share = (weights / weights.sum())[:, np.newaxis]
    source = source - (share * source).sum(axis=0)
    target = target - (share * target).sum(axis=0)
    u, sizes, vt = np.linalg.svd((share * target).T @ source)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = float((sizes * signs).sum() / (share * source**2).sum()) if scaled else 1.0
    return u @ np.diag(signs) @ vt, scale


def _variance_factor(residuals: FloatArray, weights: FloatArray, *, scaled: bool) -> float:
    """Return by how much residuals exceed what the points' sigma lets expect, at least 1."""
    redundancy = residuals.size - (7 if scaled else 6)
    return max(1.0, float((weights[:, np.newaxis] * residuals**2).sum()) / redundancy)


def _jacobians(offsets: FloatArray) -> FloatArray:
    """Return (N, 3, 7): how shift, turn and scale move points at (N, 3) offsets."""
    x, y, z = offsets.T
    jacobian = np.zeros((len(offsets), 3, 7))
    jacobian[:, [0, 1, 2], [0, 1, 2]] = 1.0
    jacobian[:, 0, 4], jacobian[:, 0, 5] = z, -y
    jacobian[:, 1, 3], jacobian[:, 1, 5] = -z, x
    jacobian[:, 2, 3], jacobian[:, 2, 4] = y, -x
    jacobian[:, :, 6] = offsets
    return jacobian
