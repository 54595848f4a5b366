"""Which parts of the cross-section and of the length belong to the tube alone."""

import math

import numpy as np
import scipy

from twin_pipeline.kernels import course, near_shell, scatter
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.medians import median, median_of_filled

SECTORS = 36
_POINTS_PER_SECTOR = 60
_SOUND, _CLEAN = 0.85, 0.95
"""Share of normals that fit, of what usually does: where soil may touch, and where none does."""
_NARROW, _FINER = 8, 2
"""Sectors from which on an arc can spare those beside soil; finer ones show more exactly where
that begins."""
_ENOUGH_POINTS = 100
_ENOUGH_AROUND_NODE = 12
_NEAR_NOISES, _OUTWARDS = 4.0, 0.7
_WITHIN_NOISES, _WITHIN_SHARE = 2.5, 0.25


def trim_sectors(adj: Adjustment, band_m: float, min_cosine: float) -> BoolArray:
    """Return which points (N,) lie in sectors that belong to the tube alone.

    A sector of a slice goes when clearly fewer than 85 % of its points near the shell have a normal
    that fits, or when it holds less than a quarter of the median filling; so does one on either
    side.
    Slices are long enough to hold some dozens of points a sector: with few, those that happen to
    scatter inwards would be chosen.
    """
    length = (len(adj.nodes) - 1) * adj.step
    per_m = max(adj.used / length, 1.0)
    slice_m = min(max(0.25, 2.0 * adj.radius, 0.4 * SECTORS * _POINTS_PER_SECTOR / per_m), 2.0)
    slices = max(int(length / slice_m), 1)
    agree = adj.cosine > min_cosine

    def counts(sectors: int) -> tuple[IntArray, IntArray]:
        return near_shell.sector_counts(
            adj.chainage, adj.angle, adj.residual, agree, band_m, length / slices + 1e-9, slices,
            sectors,
        )  # fmt: skip

    kept = _clean(*counts(SECTORS), _SOUND)
    kept &= np.roll(kept, 1, axis=1) & np.roll(kept, -1, axis=1)
    kept = np.repeat(kept, _FINER, axis=1)
    narrow = kept.sum(axis=1) < _FINER * _NARROW
    if narrow.any():
        kept[narrow] = _clean(*counts(_FINER * SECTORS), _CLEAN)[narrow]
    inside: BoolArray = scatter.in_chosen(adj.chainage, adj.angle, slices / length, kept)
    return inside


def _clean(shell: IntArray, good: IntArray, share: float) -> BoolArray:
    """Return which sectors (S, B) of slices are filled, and hold little but points that fit.

    Parameters
    ----------
    shell, good
        (S, B) points near the shell, and those of them whose normals fit.
    share
        Of what usually fits, that has to.
    """
    typical = median_of_filled(good)
    passing = good.sum(axis=0) / np.maximum(shell.sum(axis=0), 1)
    usual = float(np.quantile(passing[shell.sum(axis=0) > 0], 0.8)) if shell.any() else 1.0
    chance = 1.5 * np.sqrt(usual * (1.0 - usual) * shell)
    fits = good >= share * usual * shell - chance
    return np.asarray(fits & (good >= 0.25 * typical[:, None]) & (good > 0))


def standing_out(adj: Adjustment) -> BoolArray:
    """Return the nodes (K,) around which the surface stands out of the barrel, as sockets do."""
    wide = max(0.35 * adj.radius, 0.05)
    near, out = near_shell.bulging_counts(
        adj.node,
        adj.residual,
        adj.cosine,
        adj.chainage,
        adj.keep,
        wide,
        max(1.5 * adj.noise, 0.004),
        len(adj.nodes),
    )
    # of few points around a node too many stand out by chance
    width = 2 * math.ceil(0.5 * _ENOUGH_AROUND_NODE / max(float(near.mean()), 0.1)) - 1
    near, out = (
        scipy.ndimage.uniform_filter1d(count, width, mode="constant") for count in (near, out)
    )
    # a sound barrel has 7 % of its points beyond 1.5 sigma
    return np.asarray(scipy.ndimage.maximum_filter1d(out / np.maximum(near, 1.0 / width), 3) > 0.45)


def standing_in(adj: Adjustment) -> BoolArray:
    """Return the nodes (K,) around which a surface lies within the tube, where none can be.

    So does the ridge of a mound that the axis has climbed, sharper than the barrel.
    """
    everywhere = np.ones(len(adj.residual), bool)
    near, within = near_shell.bulging_counts(
        adj.node,
        -adj.residual,
        adj.cosine,
        adj.chainage,
        everywhere,
        max(0.35 * adj.radius, 0.05),
        max(_WITHIN_NOISES * adj.noise, 0.004),
        len(adj.nodes),
    )
    width = 2 * math.ceil(0.5 * _ENOUGH_AROUND_NODE / max(float(near.mean()), 0.1)) - 1
    near, within = (
        scipy.ndimage.uniform_filter1d(count, width, mode="constant") for count in (near, within)
    )
    return np.asarray(within / np.maximum(near, 1.0 / width) > _WITHIN_SHARE)


def observed_arc(
    adj: Adjustment, weights: FloatArray, min_arc_deg: float
) -> tuple[FloatArray, BoolArray]:
    """Return the seen arc (K,) in degrees around each node, and whether it is enough."""
    counts = near_shell.arc_counts(adj.node, adj.angle, weights, len(adj.nodes), SECTORS)
    own = counts.sum(axis=1)
    seen = own[own > 0.0]
    if len(seen) == 0:
        return np.zeros(len(own)), np.zeros(len(own), bool)
    # sparse points need a longer window until each sector can be expected to hold some
    usual = median(seen)
    length_m = max(adj.radius, 0.08, min(_ENOUGH_POINTS * adj.step / usual, 2.0))
    width = max(3, 2 * round(0.5 * length_m / adj.step) + 1)
    arc = course.filled_sectors(counts, width, 1.5, 0.15) * (360.0 / SECTORS)
    return arc, (arc >= min_arc_deg) & (own > 0.1 * usual)


def visible(adj: Adjustment, min_arc_deg: float) -> BoolArray:
    """Return the nodes (K,) around which the tube can be seen, measured there or not.

    What stands out beside it, or soil that touches it somewhere in its slice, keeps a stretch from
    being measured, but hides nothing.
    """
    everywhere = np.ones(len(adj.residual), bool)
    weights = near_shell.tukey_weights(
        adj.residual, adj.cosine, adj.chainage, everywhere, _NEAR_NOISES * adj.noise, _OUTWARDS
    )
    return observed_arc(adj, weights, min_arc_deg)[1]
