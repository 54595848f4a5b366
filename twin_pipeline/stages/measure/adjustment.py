"""The least-squares adjustment of one tube, step by step."""

import numpy as np

from twin_pipeline.kernels import dense
from twin_pipeline.kernels.adjust import (
    banded,
    narrow,
    near_shell,
    normal_equations,
    scatter,
    step,
    tube,
)
from twin_pipeline.model import FloatArray, IntArray

_ENOUGH_FOR_NOISE = 20
_MOST_STEP = 0.25
"""Of the radius, that a node or the radius may move in a step."""


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
        self.segment = np.ascontiguousarray(segment)
        self.noise = 0.1 * radius_m
        self.used = len(points)
        self.stands_for = stands_for
        """How many points of the scan each point counts for."""
        self.keep = np.ones(len(points), bool)
        self.hidden = np.zeros(len(axis), bool)
        self.held = np.zeros(len(axis), bool)
        """Nodes that stay near their first place unless points show better."""
        self._begun = axis
        self.expected = np.empty(0)
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
        self.residual = self.rho - self.radius
        if len(self.expected):
            self.residual -= self.expected

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

    def narrow(
        self,
        gate: float,
        min_arc_deg: float,
        stiff_curvature_per_m: float,
        steps: range,
        *,
        by_shape: bool,
        closely: bool,
    ) -> FloatArray | None:
        """Take some steps; return the weights (N,) of the last, None where there is no tube.

        Parameters
        ----------
        gate
            Least cosine between normals and radial vectors in the end.
        min_arc_deg
            Least arc of a tube.
        stiff_curvature_per_m
            Of a straight axis in the end.
        by_shape, closely
            Whether the shape of the cross-section must tell soil; whether only points near the
            followed run take part from the beginning.
        """
        (
            found, self.nodes, self.tangent, self.u, self.v, self.factor, coupling, self.keep,
            self.hidden, self.residual, weights, numbers,
        ) = narrow.narrow(
            self.points, self.normals, self.segment, self._seen, self.residual, self.expected,
            self.nodes, self._begun, self.tangent, self.u, self.v, self.keep, self.hidden,
            self.held, self.step, self.radius, self.start_radius, self.noise, self.used,
            self.stands_for, gate, by_shape, closely, min_arc_deg, stiff_curvature_per_m,
            steps.start, steps.stop,
        )  # fmt: skip
        self.radius, self.noise, self.used, self.radius_weight, self.max_curvature = numbers
        self.coupling, self.cofactor = coupling[:, None], np.array([[1.0 / self.radius_weight]])
        return weights if found else None

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
        band, _, _, rhs, _ = normal_equations.assemble(
            self.chainage, self.radial, self.rho, self.residual, weights, self.u, self.v, self.step
        )
        step.add_priors(
            band, rhs, float(weights.sum()), self.nodes, self._begun, self.u, self.v, self.hidden,
            self.held, self.step, self.noise, self.max_curvature,
        )  # fmt: skip
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
        lateral = self._alone - np.einsum("kp,p->k", self.coupling, shared)
        limit = _MOST_STEP * self.radius
        self.nodes = step.moved(self.nodes, self.u, self.v, lateral, limit)
        self.radius += float(np.clip(shared[0], -limit, limit))
        self._look()

    def update_noise(self, weights: FloatArray) -> None:
        """Estimate the noise anew from the points that carry weight."""
        self.used, median_m = scatter.median_of_used(self.residual, weights)
        if self.used > _ENOUGH_FOR_NOISE:
            self.noise = max(1.4826 * median_m, 2e-4)
