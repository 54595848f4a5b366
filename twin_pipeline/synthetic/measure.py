"""From true hits to recorded points: lost returns, edges, noise, drift."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.synthetic.rays import Rays
from twin_pipeline.synthetic.scanner import Noise, Pass, Scanner
from twin_pipeline.synthetic.texture import smooth_curve
from twin_pipeline.synthetic.truth import ObjectId
from twin_pipeline.synthetic.world import Hits, World

FADE_DEG = 8.0
BEAM_RAD = 0.006
EDGE_STEP_M = 0.03
EDGE_TRIES = 12
STRAY = 0.08


@dataclass(frozen=True, eq=False)
class Record:
    """What one pass recorded; one entry a point, in the order of time."""

    points: FloatArray
    """(N, 3) as recorded, site frame."""
    hits: FloatArray
    """(N, 3) true places on the surface, site frame."""
    object_id: npt.NDArray[np.uint16]
    range_m: FloatArray
    cos_incidence: FloatArray
    time_s: FloatArray


def cos_incidence(rays: Rays, hits: Hits) -> FloatArray:
    """(N,) cosine of the angle between ray and surface normal."""
    return np.asarray(-np.sum(rays.directions * hits.normal, axis=1))


def returned(rays: Rays, hits: Hits, scanner: Scanner, rng: np.random.Generator) -> BoolArray:
    """Which rays come back: in range, and not grazing the surface."""
    incidence = np.degrees(np.arccos(np.clip(cos_incidence(rays, hits), 0.0, 1.0)))
    chance = (scanner.noise.grazing_deg - incidence) / FADE_DEG
    near, far = scanner.min_range_m, scanner.max_range_m
    in_range = (hits.range_m >= near) & (hits.range_m < far)
    return np.asarray(in_range & (rng.random(len(incidence)) < chance))


def record(
    world: World,
    rays: Rays,
    hits: Hits,
    walk: Pass,
    scanner: Scanner,
    rng: np.random.Generator,
) -> Record:
    """Add to true hits what a scanner adds.

    A ray that leaves at a slightly wrong angle is recorded along the angle it should have had, so
    that the error across the ray grows with the range and shows on surfaces seen obliquely.
    """
    noise = scanner.noise
    true_range, ids = hits.range_m.copy(), hits.object_id.copy()
    on_surface = rays.origins + true_range[:, None] * rays.directions
    _mix_edges(world, rays, true_range, ids, scanner, rng)
    _stray(true_range, ids, noise, rng)
    measured = true_range + noise.range_m * rng.standard_normal(len(ids))
    across = noise.angle_rad * rng.standard_normal((len(ids), 3))
    across -= np.sum(across * rays.directions, axis=1, keepdims=True) * rays.directions
    points = rays.origins + measured[:, None] * (rays.directions + across)
    points += _drift(rays.time_s, noise, rng) + np.asarray(walk.shift_m)
    cosine = cos_incidence(rays, hits)
    return Record(points, on_surface, ids, measured, cosine, rays.time_s)


def _drift(time_s: FloatArray, noise: Noise, rng: np.random.Generator) -> FloatArray:
    curve = smooth_curve(rng, time_s, noise.drift_period_s)
    peak = np.abs(curve).max(axis=0, initial=1e-12)
    return np.asarray(noise.drift_m * curve / peak)


def _mix_edges(
    world: World,
    rays: Rays,
    ranges: FloatArray,
    ids: npt.NDArray[np.uint16],
    scanner: Scanner,
    rng: np.random.Generator,
) -> None:
    """Move points at edges to between the two surfaces that the beam met."""
    wanted = round(scanner.noise.mixed_fraction * len(ids))
    tried = rng.permutation(len(ids))[: EDGE_TRIES * wanted]
    beside = rays.directions[tried] + BEAM_RAD * rng.standard_normal((len(tried), 3))
    beside /= np.linalg.norm(beside, axis=1, keepdims=True)
    other = world.trace(rays.origins[tried], beside, scanner.max_range_m).range_m
    step = np.where(np.isfinite(other), np.abs(other - ranges[tried]), 0.0)
    edge = np.flatnonzero(step > EDGE_STEP_M)[:wanted]
    weight = rng.random(len(edge))
    moved = tried[edge]
    ranges[moved] = weight * ranges[moved] + (1 - weight) * other[edge]
    ids[moved] = ObjectId.OUTLIER


def _stray(
    ranges: FloatArray, ids: npt.NDArray[np.uint16], noise: Noise, rng: np.random.Generator
) -> None:
    stray = rng.permutation(len(ids))[: round(noise.outlier_fraction * len(ids))]
    ranges[stray] *= 1 + STRAY * rng.standard_normal(len(stray))
    ids[stray] = ObjectId.OUTLIER
