"""The least-squares adjustment of one tube, step by step."""

import math

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.spatial import cKDTree

from twin_pipeline.kernels import tube
from twin_pipeline.model import FloatArray, IntArray

_STIFF_TURN_RAD = math.radians(2.5)
_HIDDEN_STIFFNESS = 0.05


class Adjustment:
    """State of one tube's iterations."""

    def __init__(
        self,
        points: FloatArray,
        normals: FloatArray,
        axis: FloatArray,
        radius_m: float,
        step_m: float,
    ) -> None:
        self.points, self.normals = points, normals
        self.radius, self.step = radius_m, step_m
        self.start_radius = radius_m
        self.nodes = axis
        self.max_curvature = 0.15
        self.segment = _nearest_segment(points, axis)
        self.noise = 0.1 * radius_m
        self.radius_prior = 0.002
        self.used = len(points)
        self.keep = np.ones(len(points), bool)
        self.hidden = np.zeros(len(axis), bool)
        self._geometry()

    def _geometry(self) -> None:
        self.tangent, self.u, self.v = tube.lateral_frames(self.nodes)
        self.chainage, self.radial = tube.project(self.points, self.nodes, self.segment, self.step)
        self.rho = np.maximum(np.linalg.norm(self.radial, axis=1), 1e-9)
        self.residual = self.rho - self.radius
        near = self.nearest_node()
        self.angle = np.arctan2(
            np.einsum("ij,ij->i", self.radial, self.v[near]),
            np.einsum("ij,ij->i", self.radial, self.u[near]),
        )
        self.cosine = np.abs(np.einsum("ij,ij->i", self.normals, self.radial)) / self.rho

    def nearest_node(self) -> IntArray:
        """Return the node (N,) that each point is nearest to along the axis."""
        at = np.nan_to_num(self.chainage / self.step) + 0.5
        return np.clip(at, 0, len(self.nodes) - 1).astype(np.int64)

    def weights(self, band_m: float, min_cosine: float) -> FloatArray:
        """Return Tukey's weights (N,) of points within a band whose normals point outwards."""
        ratio = (self.residual / band_m) ** 2
        weights = np.where(ratio < 1.0, (1.0 - ratio) ** 2, 0.0)
        weights[~(self.keep & (self.cosine > min_cosine) & ~np.isnan(self.chainage))] = 0.0
        return weights

    def solve(self, weights: FloatArray) -> None:
        """One Gauss-Newton step of all nodes and the radius."""
        band, border, corner, rhs, rhs_radius = tube.normal_equations(
            self.chainage, self.radial, weights, self.u, self.v, self.radius, self.step
        )
        tube.add_bending_prior(band, rhs, self.nodes, self.u, self.v, self.bending_weights())
        band[0] += 1e-3 * max(float(weights.sum()) / len(self.nodes), 1.0) * 0.01 + 1e-9
        factor = tube.cholesky(band)
        a = tube.cholesky_solve(factor, rhs)
        b = tube.cholesky_solve(factor, border)
        self.factor, self.border_solution = factor, b
        loose = self.radius_prior * corner
        self.schur = corner + loose - border @ b
        step_radius = (
            rhs_radius - border @ a + loose * (self.start_radius - self.radius)
        ) / self.schur
        lateral = a - step_radius * b
        limit = 0.25 * self.radius
        lateral = np.clip(lateral, -limit, limit)
        self.nodes = self.nodes + lateral[::2, None] * self.u + lateral[1::2, None] * self.v
        self.radius += float(np.clip(step_radius, -limit, limit))
        self._geometry()

    def bending_weights(self) -> FloatArray:
        """Weight of the straightness prior at each node, in units of points.

        A straight axis is stiff, a bent one free (Geman-McClure). What counts is by how much the
        axis has turned beyond the node: a socket or a mound that the axis climbs and leaves again
        stays stiff.
        """
        scale = self.max_curvature * self.step**2
        loosened = 1.0 / (1.0 + (_net_turn(self.nodes, self.step) / _STIFF_TURN_RAD) ** 2) ** 2
        loosened[self.hidden] = np.maximum(loosened[self.hidden], _HIDDEN_STIFFNESS)
        return np.asarray((self.noise / scale) ** 2 * loosened)

    def update_noise(self, weights: FloatArray) -> None:
        """Estimate the noise anew from the points that carry weight."""
        used = weights > 0.0
        self.used = int(used.sum())
        if used.sum() > 20:
            self.noise = max(1.4826 * float(np.median(np.abs(self.residual[used]))), 2e-4)


def _net_turn(nodes: FloatArray, step_m: float) -> FloatArray:
    """Return the angle (K,) between the directions well before and after each node, radians."""
    count = len(nodes)
    near, far = max(round(0.18 / step_m), 1), max(round(0.5 / step_m), 3)
    smooth = uniform_filter1d(nodes, 3, axis=0, mode="nearest")
    last = count - 1 - (far - near)
    ahead = np.clip(np.arange(count) + near, 0, max(last, 0))
    behind = np.clip(np.arange(count) - far, 0, max(last, 0))
    span = min(far - near, count - 1)
    after, before = smooth[ahead + span] - smooth[ahead], smooth[behind + span] - smooth[behind]
    cosine = np.einsum("ij,ij->i", after, before)
    cosine /= np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
    return np.arccos(np.clip(cosine, -1.0, 1.0))


def _nearest_segment(points: FloatArray, axis: FloatArray) -> IntArray:
    _, node = cKDTree(axis).query(points)
    return np.minimum(node, len(axis) - 2).astype(np.int64)
