"""Tubes and planes whose axis, radius and normals are known, as points or as surface patches."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.kernels import voxels
from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic.route import Route, fillet

UP = np.array([0.0, 0.0, 1.0])
ALL_ROUND = (-np.pi, np.pi)
TOP_HALF = (0.0, np.pi)
RADIUS_M = 0.1
"""Of the tubes that are made as patches."""


@dataclass(frozen=True)
class Motion:
    """A turn about the origin, then a shift."""

    turn: FloatArray
    shift: FloatArray

    def points(self, xyz: FloatArray) -> FloatArray:
        return xyz @ self.turn.T + self.shift

    def vectors(self, xyz: FloatArray) -> FloatArray:
        return xyz @ self.turn.T


def random_motion(rng: np.random.Generator) -> Motion:
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return Motion(turn * np.sign(np.linalg.det(turn)), rng.uniform(-3.0, 3.0, 3))


def straight(length_m: float) -> Route:
    """Return the x axis from 0 to `length_m`."""
    return fillet([(0.0, 0.0, 0.0), (length_m, 0.0, 0.0)], [])


def square_bend(leg_m: float, bend_radius_m: float) -> Route:
    """Return a level route along x, then along y."""
    corners = [(0.0, 0.0, 0.0), (leg_m, 0.0, 0.0), (leg_m, leg_m, 0.0)]
    return fillet(corners, bend_radius_m)


def on_tube(
    rng: np.random.Generator,
    route: Route,
    radius_m: float,
    count: int,
    arc: tuple[float, float] = ALL_ROUND,
) -> tuple[FloatArray, FloatArray]:
    """Return points and outward normals (N, 3) on a level tube; the arc counts from the side."""
    centre, tangent = route.at(rng.uniform(0.0, route.length_m, count))
    angle = rng.uniform(*arc, count)[:, None]
    normal = np.cos(angle) * np.cross(tangent, UP) + np.sin(angle) * UP
    return centre + radius_m * normal, normal


def shaken(rng: np.random.Generator, normals: FloatArray, std_rad: float) -> FloatArray:
    """Return unit normals with errors, half of them turned over as fitted planes' are."""
    noisy = normals + rng.normal(0.0, std_rad, normals.shape)
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    return noisy * rng.choice([-1.0, 1.0], (len(noisy), 1))


@dataclass(frozen=True)
class Index:
    """Points in Morton order and the voxels that hold them."""

    order: np.ndarray
    xyz: FloatArray
    keys: np.ndarray
    starts: np.ndarray
    table: np.ndarray
    lower: FloatArray
    size_m: float


def index_points(xyz: FloatArray, size_m: float, lower: FloatArray | None = None) -> Index:
    lower = xyz.min(axis=0) - size_m if lower is None else lower
    point_keys = voxels.morton_keys(xyz, lower, size_m)
    order = np.argsort(point_keys, kind="stable")
    keys, starts = voxels.level_starts(point_keys[order], 0)
    return Index(order, xyz[order], keys, starts, voxels.hash_table(keys), lower, size_m)


@dataclass(frozen=True)
class Patches:
    """Surface patches in Morton order, arranged for search in balls."""

    points: np.ndarray
    normals: np.ndarray
    search: tuple
    used: np.ndarray


def arranged(points: np.ndarray, normals: np.ndarray, size_m: float = 0.12) -> Patches:
    index = index_points(points, size_m)
    blocks = (index.lower, index.size_m, index.keys, index.table, index.starts, index.xyz)
    return Patches(index.xyz, normals[index.order], blocks, np.zeros(len(points), bool))


def tube_patches(
    route: Route, *, count: int = 2500, seed: int = 1, arc=ALL_ROUND, noise: float = 0.03
) -> Patches:
    rng = np.random.default_rng(seed)
    points, normals = on_tube(rng, route, RADIUS_M, count, arc)
    points = points + rng.normal(0.0, 0.001, points.shape)
    return arranged(points, shaken(rng, normals, noise))


def up_to_sign(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the angles (N,) between lines whose directions are (N, 3), radians."""
    sine = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.arcsin(np.minimum(sine, 1.0))


def wavy(count: int, step_m: float) -> FloatArray:
    """Return nodes (K, 3) of a line that bends in space."""
    t = np.arange(count) * step_m
    return np.column_stack([t, 0.3 * np.sin(2.0 * t), 0.2 * np.cos(1.5 * t)])


def beside(
    rng: np.random.Generator, nodes: FloatArray, count: int, reach_m: float
) -> tuple[FloatArray, np.ndarray]:
    """Return points (N, 3) within `reach_m` of the inner part of a line, and their segments."""
    segment = rng.integers(2, len(nodes) - 3, count)
    share = rng.random(count)[:, None]
    on_line = (1.0 - share) * nodes[segment] + share * nodes[segment + 1]
    return on_line + rng.uniform(-reach_m, reach_m, (count, 3)) / np.sqrt(3.0), segment
