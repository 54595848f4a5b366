"""Which parts of the cross-section and of the length belong to the tube alone."""

import math
from itertools import pairwise

import numpy as np
import scipy

from twin_pipeline.geometry.stretches import stretches
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
_TAIL_M = 1.0
_SOCKET_M = 0.5
_WITHIN_NOISES, _WITHIN_SHARE = 2.5, 0.25
_COURSE = math.tan(math.radians(10.0))


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


def trusted_span(adj: Adjustment, observed: BoolArray, weights: FloatArray) -> tuple[int, int]:
    """Return the first and last node, without tails that hang on a gap or veer off in one."""
    seen = stretches(observed)
    for side in (0, -1):
        while len(seen) > 1:
            tail, inner = seen[side], seen[1 if side == 0 else -2]
            between = (inner[1], tail[0]) if side else (tail[1], inner[0])
            gap = between[1] - between[0] - _socket_nodes(adj, *between)
            least_m = max(min(gap * adj.step, _TAIL_M), 0.25)
            if tail[1] - tail[0] + 1 >= round(least_m / adj.step):
                break
            seen.pop(side)
    first, last = seen[0][0], seen[-1][1]
    own = np.bincount(adj.node[weights > 0.0], minlength=len(observed))
    well_seen = observed & (own >= 0.3 * float(np.median(own[first : last + 1])))
    last = _before_veering(adj.nodes, well_seen, last, adj)
    backwards = len(observed) - 1
    first = backwards - _before_veering(adj.nodes[::-1], well_seen[::-1], backwards - first, adj)
    return first, last


def _socket_nodes(adj: Adjustment, first: int, last: int) -> int:
    """Return how many nodes between two are a socket's, which shows that the tube goes on."""
    longest = round(_SOCKET_M / adj.step)
    return min(int(np.count_nonzero(standing_out(adj)[first + 1 : last])), longest)


def _before_veering(nodes: FloatArray, well_seen: BoolArray, last: int, adj: Adjustment) -> int:
    """Return the last node before a poorly seen place near the end where the axis changes course.

    What follows there is something else that lies beyond the end of the tube.
    """
    back = max(round(0.5 / adj.step), 4)
    for inner, tail in reversed(list(pairwise(stretches(well_seen[: last + 1])))):
        if (last - inner[1]) * adj.step > _TAIL_M:
            break
        begin = max(inner[1] - back, 0)
        if inner[1] - begin < 3:
            continue
        direction = nodes[inner[1]] - nodes[begin]
        direction = direction / np.linalg.norm(direction)
        gap = nodes[tail[0]] - nodes[inner[1]]
        ahead = float(gap @ direction)
        aside = float(np.linalg.norm(gap - ahead * direction))
        if aside > 0.5 * adj.radius + max(ahead, 0.0) * _COURSE:
            last = inner[1]
    return last
