"""Hand-made tubes, trenches and the points on them, whose truth is known on paper."""

import math
from typing import Any

import numpy as np
import shapely

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import FloatArray, PointCloud
from twin_pipeline.stages.prepare import PrepareOptions, prepare

UP = np.array([0.0, 0.0, 1.0])


def straight(
    length_m: float, start: tuple[float, float, float] = (0.0, 0.0, 0.0), heading_deg: float = 0.0
) -> FloatArray:
    """Nodes (K, 3) of a level line, 5 cm apart."""
    heading = math.radians(heading_deg)
    at = np.linspace(0.0, length_m, round(length_m / 0.05) + 1)[:, None]
    return np.array(start) + at * np.array([math.cos(heading), math.sin(heading), 0.0])


def bent(
    before_m: float, angle_deg: float, radius_m: float, after_m: float, step_m: float = 0.05
) -> FloatArray:
    """Nodes (K, 3) of a level line with one bend to the left; it starts at the origin along +x."""
    arc_m = math.radians(angle_deg) * radius_m
    total_m = before_m + arc_m + after_m
    at = np.linspace(0.0, total_m, round(total_m / step_m) + 1)
    turned = np.clip((at - before_m) / radius_m, 0.0, math.radians(angle_deg))
    beyond = np.clip(at - before_m - arc_m, 0.0, None)
    x = np.minimum(at, before_m) + radius_m * np.sin(turned) + beyond * np.cos(turned)
    y = radius_m * (1.0 - np.cos(turned)) + beyond * np.sin(turned)
    return np.column_stack([x, y, np.zeros(len(at))])


def tube_points(
    axis: FloatArray,
    radius_m: float,
    rng: np.random.Generator,
    *,
    arc_deg: float = 180.0,
    per_m2: float = 10_000.0,
    noise_m: float = 0.0,
) -> FloatArray:
    """Points (N, 3) all over the upper side of a level tube; noise is the same along x, y and z."""
    steps = np.diff(axis, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    arc = math.radians(arc_deg)
    count = round(per_m2 * lengths.sum() * arc * radius_m)
    leg = rng.choice(len(steps), count, p=lengths / lengths.sum())
    tangent = steps[leg] / lengths[leg, None]
    angle = rng.uniform(-arc / 2, arc / 2, count)[:, None]
    around = np.cos(angle) * UP + np.sin(angle) * np.cross(tangent, UP)
    centre = axis[leg] + rng.random((count, 1)) * steps[leg]
    return centre + radius_m * around + rng.normal(0.0, noise_m, (count, 3))


def plane_points(
    lower: tuple[float, float],
    upper: tuple[float, float],
    z_m: float,
    rng: np.random.Generator,
    *,
    per_m2: float = 2_500.0,
    noise_m: float = 0.003,
    slope: tuple[float, float] = (0.0, 0.0),
) -> FloatArray:
    """Points (N, 3) on a rectangle that rises from `z_m` at the origin by `slope` along x and y."""
    low, high = np.array(lower), np.array(upper)
    xy = rng.uniform(low, high, (round(per_m2 * np.prod(high - low)), 2))
    z = z_m + xy @ np.array(slope) + rng.normal(0.0, noise_m, len(xy))
    return np.column_stack([xy, z])


def pyramid_of(points: FloatArray) -> Pyramid:
    return prepare(PointCloud(points, np.zeros(3)), PrepareOptions())


def run_along(axis: FloatArray, radius_m: float, **changes: Any) -> Run:
    given = {"axis": axis, "radius_m": radius_m, "seen": np.ones(len(axis), bool), "level": 0}
    return Run(**{**given, **changes})


def make_tube(nodes: FloatArray, radius_m: float = 0.085, **changes: Any) -> Tube:
    """A tube that is well seen from above over its whole length."""
    count = len(nodes)
    given = {
        "nodes": nodes,
        "radius_m": radius_m,
        "radius_std_m": 0.0004,
        "std_h_m": np.full(count, 0.0006),
        "std_v_m": np.full(count, 0.0008),
        "crown_std_m": np.full(count, 0.0005),
        "arc_deg": np.full(count, 150.0),
        "observed": np.ones(count, bool),
        "slice_radius_m": np.full(count, radius_m),
        "noise_m": 0.003,
        "points": np.arange(500),
        "points_used": 500,
        "middle": UP,
        "purity": 0.97,
        "plane_ratio": 30.0,
        "misfit": 0.05,
        "inflation": 1.2,
        "halo": 0.02,
        "wander_m": 0.0,
        "drift_m": np.full(count, np.nan),
        "stand_off_m": 0.0,
    }
    return Tube(**{**given, **changes})


def trench_ground(
    length_m: float = 10.0,
    width_m: float = 1.0,
    z_m: float = 0.0,
    slope: tuple[float, float] = (0.0, 0.0),
) -> Ground:
    """Pavement 1.5 m around a trench along +x, whose axis starts at the origin."""
    x, y = np.meshgrid(np.arange(-1.5, length_m + 1.5, 0.1), np.arange(-2.0, 2.01, 0.1))
    beside = (x < 0.0) | (x > length_m) | (np.abs(y) > width_m / 2)
    x, y = x[beside], y[beside]
    ring = shapely.box(0.0, -width_m / 2, length_m, width_m / 2).exterior.coords
    patches = np.column_stack([x, y, z_m + slope[0] * x + slope[1] * y])
    return Ground(patches, 0.002, (np.array(ring),))
