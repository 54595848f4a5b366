"""How a scan's shift may change with time, and which such way is likeliest (empirical Bayes)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry.walks import Walk, walks
from twin_pipeline.kernels import dense
from twin_pipeline.model import BoolArray, FloatArray

_SIZES_M = (0.00005, 0.0002, 0.0005, 0.0012, 0.003, 0.0075, 0.018)
_LIKENESS = (0.0, 0.9)
"""Standard deviations of shifts, and correlations from epoch to epoch, to choose from."""

_FINE_SIZES_M = tuple(0.00005 * 2.0**k for k in range(10))
_FINE_LIKENESS = (0.0, 0.9, 0.98, 0.995)
"""The same where the question is how uncertain it is which of them holds."""
_USUAL_SIZE_M = 0.004
"""Mean of the exponential distribution that sizes are taken to have before anything is seen."""
_NEGLIGIBLE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class SharedEquations:
    """Normal equations of radius and shifts, the latter from zero. E = epochs, P = 1 + 3E."""

    matrix: FloatArray
    """(P, P) in units of points."""
    rhs: FloatArray
    """(P,) points times metres."""
    noise_m: float
    """Standard deviation of a point."""
    free: BoolArray
    """(E - 1,) whether the shift may jump from an epoch to the next."""

    def solved(self, walk: Walk) -> tuple[FloatArray, FloatArray]:
        """Return solution (P,) and inverse (P, P) of the equations, the walk included."""
        factor = self._factor(walk)
        return dense.cholesky_solve(factor, self.rhs), dense.cholesky_inverse(factor)

    def solution(self, walk: Walk) -> FloatArray:
        """Return the solution (P,) of the equations, the walk included."""
        solution: FloatArray = dense.cholesky_solve(self._factor(walk), self.rhs)
        return solution

    def likeliest(self) -> Walk:
        """Return the walk under which the points are likeliest."""
        some = list(walks(_SIZES_M, _LIKENESS))
        return some[int(self._evidence(some).argmax())]

    def cofactor(self, solution: FloatArray) -> FloatArray:
        """Return the covariance (P, P) of a solution (P,) in units of the noise's variance.

        How large and how slow the drift is stays uncertain: slow shifts show in a pipe by little of
        what they are. Every walk counts by how likely it makes the points.
        """
        every = list(walks(_FINE_SIZES_M, _FINE_LIKENESS))
        evidence = self._evidence(every)
        evidence -= np.array([walk.size_m for walk in every]) / _USUAL_SIZE_M
        share = np.exp(evidence - evidence.max())
        share /= share.sum()
        total = np.zeros_like(self.matrix)
        for walk, weight in zip(every, share, strict=True):
            if weight > _NEGLIGIBLE:
                other, inverse = self.solved(walk)
                off = (other - solution) / self.noise_m
                total += weight * (inverse + off[:, None] * off)
        return total

    def _evidence(self, some: Sequence[Walk]) -> FloatArray:
        """Return how likely the points are under walks (W,): logarithms, up to a constant."""
        priors = self.noise_m**2 * np.array([walk.precision(self.free) for walk in some])
        explained, determinant = dense.under_priors(self.matrix, self.rhs, priors)
        of_walks = np.array([walk.log_determinant(self.free) for walk in some])
        return np.asarray(0.5 * explained / self.noise_m**2 + 1.5 * of_walks - determinant)

    def _factor(self, walk: Walk) -> FloatArray:
        held = self.matrix.copy()
        held[1:, 1:] += self.noise_m**2 * np.kron(walk.precision(self.free), np.eye(3))
        factor: FloatArray = dense.cholesky(held)
        return factor
