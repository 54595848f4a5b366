"""Straights joined by arcs, as pipes with bends are laid, fitted to an axis."""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from twin_pipeline.model import FloatArray

_SCALE_M = 0.002
"""From which distance on a vertex of the axis counts less."""
_CLIMBS_M, _MOSTLY_LAID = 0.005, 0.5
"""From which distance on a vertex does not count, and the share of vertices that must."""
_STEPS = 60
_LEAST_ANGLE_RAD = 1e-3
_NUDGE = 1e-3
"""Of an unknown's scale, by which it is moved to see what that does to the angles."""


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """A polyline whose inner corners are rounded. B = bends; metres."""

    vertices: FloatArray
    """(B + 2, 3) start, corners, end."""
    radii: FloatArray
    """(B,)"""

    @property
    def angles_rad(self) -> FloatArray:
        """(B,) by which it turns at each corner."""
        way = _unit(np.diff(self.vertices, axis=0))
        cosine = np.einsum("bj,bj->b", way[:-1], way[1:])
        return np.arccos(np.clip(cosine, -1.0, 1.0))

    @property
    def tangents(self) -> FloatArray:
        """(B,) from the ends of each arc to its corner; arcs never overlap."""
        wanted = self.radii * np.tan(0.5 * self.angles_rad)
        legs = np.linalg.norm(np.diff(self.vertices, axis=0), axis=1)
        needed = np.concatenate([[0.0], wanted]) + np.concatenate([wanted, [0.0]])
        room = np.minimum(legs / np.maximum(needed, 1e-12), 1.0)
        return np.asarray(wanted * np.minimum(room[:-1], room[1:]))

    def middles(self) -> FloatArray:
        """Return the middle (B, 3) of each arc."""
        way = _unit(np.diff(self.vertices, axis=0))
        return np.array(
            [
                corner + self._off_corner(k) * _unit((way[k + 1] - way[k])[None])[0]
                for k, corner in enumerate(self.vertices[1:-1])
            ]
        )

    def feet(self, points: FloatArray) -> FloatArray:
        """Return the nearest place (N, 3) on it of each point (N, 3)."""
        way = _unit(np.diff(self.vertices, axis=0))
        tangents = self.tangents
        starts, ends = self.vertices[:-1].copy(), self.vertices[1:].copy()
        starts[1:] += tangents[:, None] * way[1:]
        ends[:-1] -= tangents[:, None] * way[:-1]
        feet = [_on_straight(points, a, b) for a, b in zip(starts, ends, strict=True)]
        feet += [
            _on_arc(points, corner, way[k], way[k + 1], float(tangents[k]))
            for k, corner in enumerate(self.vertices[1:-1])
        ]
        every = np.stack(feet)
        nearest = np.linalg.norm(every - points, axis=2).argmin(axis=0)
        return np.asarray(every[nearest, np.arange(len(points))])

    def _off_corner(self, k: int) -> float:
        half = 0.5 * max(float(self.angles_rad[k]), _LEAST_ANGLE_RAD)
        radius = float(self.tangents[k]) / math.tan(half)
        return radius * (1.0 / math.cos(half) - 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """An alignment that was fitted to an axis."""

    alignment: Alignment
    rms_m: float
    angle_std_rad: FloatArray
    """(B,) by how far the axis' vertices lie off it, if each was known on its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What angles bends are made to. B = bends."""

    angles_rad: FloatArray
    """(B,)"""
    weights: FloatArray
    """(B,) by which what they are off counts, in units of a vertex' distance over its scale."""


def fit_alignment(points: FloatArray, begun: Alignment, expected: Expected | None = None) -> Fitted:
    """Fit an alignment to the vertices (N, 3) of an axis, and to the angles expected of it.

    Its ends move across its course only.
    """
    bends = len(begun.radii)
    across = [
        np.linalg.svd((begun.vertices[b] - begun.vertices[a])[None])[2][1:]
        for a, b in ((0, 1), (-2, -1))
    ]

    def alignment(unknown: FloatArray) -> Alignment:
        vertices = begun.vertices.copy()
        vertices[0] += unknown[:2] @ across[0]
        vertices[-1] += unknown[2:4] @ across[1]
        vertices[1:-1] += unknown[4 : 4 + 3 * bends].reshape(-1, 3)
        return Alignment(vertices, begun.radii * np.exp(unknown[4 + 3 * bends :]))

    def off(unknown: FloatArray, among: FloatArray) -> FloatArray:
        tried = alignment(unknown)
        from_axis = (tried.feet(among) - among).ravel() / _SCALE_M
        if expected is None:
            return np.asarray(from_axis)
        turned = (tried.angles_rad - expected.angles_rad) * expected.weights
        return np.concatenate([from_axis, turned])

    scale = np.concatenate([np.full(4 + 3 * bends, 0.01), np.full(bends, 0.3)])

    def fitted(unknown: FloatArray, among: FloatArray) -> scipy.optimize.OptimizeResult:
        return scipy.optimize.least_squares(
            off, unknown, loss="soft_l1", x_scale=scale, max_nfev=_STEPS, args=(among,)
        )

    fit = fitted(np.zeros(4 + 4 * bends), points)
    laid = np.linalg.norm(alignment(fit.x).feet(points) - points, axis=1) < _CLIMBS_M
    if _MOSTLY_LAID < laid.mean() < 1.0:
        # what climbs a socket is no part of the way that a pipe was laid
        fit = fitted(fit.x, points[laid])
    found = alignment(fit.x)
    distance = np.linalg.norm(found.feet(points) - points, axis=1)
    rms_m = math.sqrt(float(np.mean(distance**2)))
    turned = np.array(
        [
            (alignment(fit.x + step).angles_rad - found.angles_rad) / _NUDGE
            for step in _NUDGE * np.diag(scale)
        ]
    )
    cofactor = np.linalg.pinv(np.asarray(fit.jac * scale).T @ np.asarray(fit.jac * scale))
    variance = np.einsum("ub,uv,vb->b", turned, cofactor, turned)
    return Fitted(found, rms_m, rms_m / _SCALE_M * np.sqrt(np.maximum(variance, 0.0)))


def meeting(
    first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Return the point (3,) halfway between two lines, places and directions, at their nearest."""
    (p, u), (q, v) = first, second
    system = np.array([[u @ u, -(u @ v)], [u @ v, -(v @ v)]])
    s, t = np.linalg.solve(system, np.array([(q - p) @ u, (q - p) @ v]))
    return np.asarray(0.5 * (p + s * u + q + t * v))


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def _on_straight(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    leg = end - start
    share = np.clip((points - start) @ leg / max(float(leg @ leg), 1e-12), 0.0, 1.0)
    return np.asarray(start + share[:, None] * leg)


def _on_arc(
    points: FloatArray, corner: FloatArray, before: FloatArray, after: FloatArray, tangent: float
) -> FloatArray:
    """Return the nearest places (N, 3) on the arc that rounds a corner."""
    angle = math.acos(float(np.clip(before @ after, -1.0, 1.0)))
    if angle < _LEAST_ANGLE_RAD or tangent < 1e-9:
        return np.broadcast_to(corner, points.shape)
    radius = tangent / math.tan(0.5 * angle)
    inwards = _unit((after - before)[None])[0]
    along = _unit((after + before)[None])[0]
    centre = corner + inwards * radius / math.cos(0.5 * angle)
    offset = points - centre
    turned = np.arctan2(offset @ along, -(offset @ inwards))
    turned = np.clip(turned, -0.5 * angle, 0.5 * angle)[:, None]
    return np.asarray(centre + radius * (np.sin(turned) * along - np.cos(turned) * inwards))
