"""The least-squares adjustment of one tube, step by step."""

import math

import numpy as np

from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.kernels import banded, course, dense, near_shell, normal_equations, scatter, tube
from twin_pipeline.model import FloatArray, IntArray

_STIFF_TURN_RAD = math.radians(2.5)
_HIDDEN_STIFFNESS = 0.05
_LONG_HIDDEN_M = 0.5
_DAMPING, _HIDDEN_DAMPING = 1e-5, 1e-3
"""Of steps: in units of the points around a node, and what of that where long stretches are hidden,
whose axis else would hardly move."""
_ENOUGH_FOR_NOISE = 20
_HELD_STD_M = 0.001


class Adjustment:
    """State of one tube's iterations."""

    def __init__(
        self,
        points: FloatArray,
        normals: FloatArray,
        axis: FloatArray,
        segment: IntArray,
        radius_m: float,
        step_m: float,
        stands_for: int = 1,
    ) -> None:
        self.points, self.normals = points, normals
        self.radius, self.step = radius_m, step_m
        self.start_radius = radius_m
        self.nodes = axis
        self.max_curvature = 0.15
        self.segment = segment
        self.noise = 0.1 * radius_m
        self.radius_prior = 0.002
        self.used = len(points)
        self.stands_for = stands_for
        """How many points of the scan each point counts for."""
        self.keep = np.ones(len(points), bool)
        self.hidden = np.zeros(len(axis), bool)
        self.held = np.zeros(len(axis), bool)
        """Nodes that stay near their first place unless points show better."""
        self._begun = axis
        self.expected: FloatArray | float = 0.0
        self.offset: FloatArray | None = None
        self.radius_weight = 1.0
        self._alone = np.zeros(2 * len(axis))
        count = len(points)
        self._seen = (
            np.empty(count), np.empty(count, np.int64), np.empty((count, 3)), np.empty(count),
            np.empty(count), np.empty(count),
        )  # fmt: skip
        self.chainage, self.node, self.radial, self.rho, self.angle, self.cosine = self._seen
        self._look()

    def thinned(self, every: int) -> "Adjustment":
        """Return the adjustment of one point in so many, before its first step."""
        fewer = Adjustment(
            self.points[::every].copy(),
            self.normals[::every].copy(),
            self.nodes,
            self.segment[::every].copy(),
            self.radius,
            self.step,
            every,
        )
        fewer.noise, fewer.held = self.noise, self.held
        return fewer

    def go_on_from(self, other: "Adjustment") -> None:
        """Take over where another adjustment of the same run has come to."""
        self.nodes, self.hidden = other.nodes, other.hidden
        self.radius, self.noise = other.radius, other.noise
        self.used = other.used * other.stands_for
        self._look()

    def _look(self) -> None:
        self.tangent, self.u, self.v = tube.lateral_frames(self.nodes)
        tube.look_again(
            self.points, self.normals, self.nodes, self.u, self.v, self.segment, self.step,
            self._seen,
        )  # fmt: skip
        self.residual = self.rho - self.radius - self.expected

    def expect(self, residual_m: FloatArray) -> None:
        """Take residuals (N,) as those that the scatter of the points alone would give."""
        self.expected = residual_m
        self.residual = self.rho - self.radius - residual_m

    def weights(self, band_m: float, min_cosine: float) -> FloatArray:
        """Return Tukey's weights (N,) of points within a band whose normals point outwards."""
        weights: FloatArray = near_shell.tukey_weights(
            self.residual, self.cosine, self.chainage, self.keep, band_m, min_cosine
        )
        return weights if self.stands_for == 1 else self.stands_for * weights

    def solve(self, weights: FloatArray) -> None:
        """One Gauss-Newton step of all nodes and the radius."""
        band, border, corner, rhs, rhs_radius = self._assemble(weights)
        self._add_priors(band, rhs, weights)
        factor = banded.cholesky(band)
        a = banded.cholesky_solve(factor, rhs)
        b = banded.cholesky_solve(factor, border)
        loose = self.radius_prior * corner
        schur = corner + loose - border @ b
        step_radius = (rhs_radius - border @ a + loose * (self.start_radius - self.radius)) / schur
        self.factor, self.coupling, self.cofactor = factor, b[:, None], np.array([[1.0 / schur]])
        self.radius_weight = schur
        self._step(a - step_radius * b, step_radius)

    def shared_equations(
        self, weights: FloatArray, epoch: FloatArray, epochs: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return the normal equations of the radius and the scan's shifts, the axis eliminated.

        Parameters
        ----------
        epoch
            (N,) when each point was recorded, in epochs from the first.

        Returns
        -------
        matrix (1 + 3E, 1 + 3E) in units of the weights and rhs (1 + 3E,), weights times metres:
        radius first, then east, north and up of each epoch.
        """
        band, _, _, rhs, _ = self._assemble(weights)
        self._add_priors(band, rhs, weights)
        border, corner, rhs_shared = normal_equations.assemble_shared(
            self.chainage, self.radial, self.rho, self.residual, weights, self.u, self.v,
            self.step, epoch, epochs,
        )  # fmt: skip
        self.factor = banded.cholesky(band)
        self._alone = banded.cholesky_solve(self.factor, rhs)
        self.coupling = banded.cholesky_solve(self.factor, border)
        matrix = corner - dense.transposed_product(border, self.coupling)
        self.radius_weight = float(matrix[0, 0])
        return matrix, rhs_shared - np.einsum("kp,k->p", border, self._alone)

    def step_shared(self, shared: FloatArray, points: FloatArray) -> None:
        """Take a step (1 + 3E,) that solves the shared equations, the axis with it.

        It takes the points (N, 3) to be elsewhere.
        """
        self.points = points
        moved = np.einsum("kp,p->k", self.coupling, shared)
        self._step(self._alone - moved, float(shared[0]))

    def _assemble(
        self, weights: FloatArray
    ) -> tuple[FloatArray, FloatArray, float, FloatArray, float]:
        assembled: tuple[FloatArray, FloatArray, float, FloatArray, float]
        assembled = normal_equations.assemble(
            self.chainage,
            self.radial,
            self.rho,
            self.residual,
            weights,
            self.u,
            self.v,
            self.step,
        )
        return assembled

    def _add_priors(self, band: FloatArray, rhs: FloatArray, weights: FloatArray) -> None:
        normal_equations.add_bending_prior(
            band, rhs, self.nodes, self.u, self.v, self.bending_weights()
        )
        if self.held.any():
            self._hold(band, rhs)
        damping = np.full(
            len(self.nodes), _DAMPING * max(float(weights.sum()) / len(self.nodes), 1.0)
        )
        for first, last in self._long_hidden():
            damping[first : last + 1] *= _HIDDEN_DAMPING
        band[0] += np.repeat(damping, 2) + 1e-9

    def _hold(self, band: FloatArray, rhs: FloatArray) -> None:
        weight = self.held * (self.noise / _HELD_STD_M) ** 2
        back = self._begun - self.nodes
        for first, lateral in enumerate((self.u, self.v)):
            band[0, first::2] += weight
            rhs[first::2] += weight * np.einsum("kj,kj->k", back, lateral)

    def _step(self, lateral: FloatArray, radius_m: float) -> None:
        limit = 0.25 * self.radius
        lateral = np.clip(lateral, -limit, limit)
        self.nodes = self.nodes + lateral[::2, None] * self.u + lateral[1::2, None] * self.v
        self.radius += float(np.clip(radius_m, -limit, limit))
        self._look()

    def bending_weights(self) -> FloatArray:
        """Weight (K, 2) of the straightness prior along u and v at each node, in units of points.

        A straight axis is stiff, a bent one free (Geman-McClure), in the plane of the bend alone.
        What counts is by how much the axis has turned beyond the node: a socket or a mound that
        the axis climbs and leaves again stays stiff.
        """
        scale = self.max_curvature * self.step**2
        turning = 1.0 / (1.0 + (self.net_turn() / _STIFF_TURN_RAD) ** 2) ** 2
        loosened = turning.copy()
        loosened[self.hidden] = np.maximum(loosened[self.hidden], _HIDDEN_STIFFNESS)
        for first, last in self._long_hidden():
            # a bend that nothing shows turns evenly: stiffer inside, it would cut the corner
            loosened[first : last + 1] = turning[first : last + 1].min(axis=0)
        return np.asarray((self.noise / scale) ** 2 * loosened)

    def _long_hidden(self) -> list[tuple[int, int]]:
        """Return first and last nodes of what is hidden longer than by a socket, but for ends."""
        inner = len(self.nodes) - 1
        return [
            (first, last)
            for first, last in stretches(self.hidden)
            if (last - first) * self.step > _LONG_HIDDEN_M and first > 0 and last < inner
        ]

    def update_noise(self, weights: FloatArray) -> None:
        """Estimate the noise anew from the points that carry weight."""
        self.used, median_m = scatter.median_of_used(self.residual, weights)
        if self.used > _ENOUGH_FOR_NOISE:
            self.noise = max(1.4826 * median_m, 2e-4)

    def net_turn(self) -> FloatArray:
        """Return the turn (K, 2) along u and v from well before nodes to well after, radians."""
        near, far = max(round(0.18 / self.step), 1), max(round(0.5 / self.step), 3)
        turn: FloatArray = course.net_turn(self.nodes, self.u, self.v, near, far)
        return turn
