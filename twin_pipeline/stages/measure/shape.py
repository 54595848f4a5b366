"""How far what was fitted is a tube: against a plane, in its roundness, in its surroundings."""

import math

import numpy as np

from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.adjustment import Adjustment


def plane_ratio(adj: Adjustment, used: BoolArray, node: IntArray) -> float:
    """Compare slices fitted by planes with the tube, by residual variance."""
    per_slice = max(1, round(0.25 / adj.step))
    slices = (node // per_slice)[used]
    count = int(slices.max()) + 1
    cos, sin = np.cos(adj.angle[used]), np.sin(adj.angle[used])
    total = np.maximum(np.bincount(slices, minlength=count), 1.0)
    middle = np.arctan2(
        np.bincount(slices, sin, count) / total, np.bincount(slices, cos, count) / total
    )[slices]
    height = adj.rho[used] * np.cos(adj.angle[used] - middle)
    across = adj.rho[used] * np.sin(adj.angle[used] - middle)

    def centred(values: FloatArray) -> FloatArray:
        return values - (np.bincount(slices, values, count) / total)[slices]

    height, across = centred(height), centred(across)
    slope = np.bincount(slices, height * across, count) / np.maximum(
        np.bincount(slices, across * across, count), 1e-12
    )
    planar = np.mean((height - slope[slices] * across) ** 2)
    return float(planar / np.mean(centred(adj.residual[used]) ** 2))


def misfit(adj: Adjustment, used: BoolArray) -> float:
    """Look for a shape other than a circle that the whole run has in common.

    What the scatter of the points alone gives, and may give by chance, is no shape.
    """
    sector = ((adj.angle[used] + np.pi) / (2.0 * np.pi) * 36).astype(np.int64) % 36
    count = np.bincount(sector, minlength=36)
    mean = np.bincount(sector, adj.residual[used], 36) / np.maximum(count, 1)
    sectors = np.count_nonzero(count)
    white = adj.noise**2 * (sectors + math.sqrt(2.0 * sectors)) / count.sum()
    structured = max(float(np.average(mean**2, weights=count)) - white, 0.0)
    return math.sqrt(structured) / adj.noise


def halo(adj: Adjustment, used: BoolArray, inside: BoolArray) -> float:
    """Relate the points outside the shell around the arc's ends to those on the tube."""
    outside = inside & (adj.residual > max(4.0 * adj.noise, 0.1 * adj.radius))
    outside &= adj.residual < max(0.4 * adj.radius, 8.0 * adj.noise)
    return float(outside.sum()) / float(used.sum())
