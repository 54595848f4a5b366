"""What lies loosely around a barrel: a polyethylene sleeve stands off it in folds.

What is scanned is the sleeve. It touches the barrel here and there, so that the barrel is the lower
envelope of an uneven surface. How uneven it is shows in patches of a few centimetres, whose means
differ by more than noise makes them differ; waves along the pipe, an axis that is off over a
stretch, as beside the sockets of a bend, and a shape around the pipe are taken out before. A sleeve
is all along a pipe: what most stretches do not show is none.

An app that smooths a cloud makes neighbouring points share their noise, which then looks uneven as
well. That dies away within a few centimetres, where folds are longer: wider patches then differ by
far less.
"""

import math
from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.adjustment import Adjustment

_PATCH_M = 0.02
_WIDTHS = ((_PATCH_M, 200), (0.03, 130), (0.04, 100))
"""Of patches, and how many of them tell; the finest of which there are as many: on a large pipe
that was scanned thinly two centimetres hold no three points."""
_SLICE_M = 0.25
_SECTORS = 36
_FEW_POINTS = 3
_STRETCH_M, _FEW_STRETCHES, _SHOWN_EVERYWHERE = 0.5, 5, 0.5
"""Pieces of a pipe, from how many on the usual one tells, and what of the mean it has to show."""
_CLEAR_SIGMAS = 5.0
_LEAST_M, _HARDLY_M = 0.0008, 0.0004
"""Unevenness that is a sleeve's, and from which on it may be that of one that lies tight."""
_MAYBE_SIGMAS = 3.0
_ENVELOPE, _ENVELOPE_STD = 1.2, 1.0
"""Standard deviations by which what a sleeve touches lies below its mean: 0.7 where it lies tight
over half the surface, 1.7 where folds are as wide as what lies tight, 2.4 where waves cross and
hardly touch, 2.9 where waves of a quarter of a metre, which circles take out, do most; what patches
even out is in that."""
_WIDER, _FEW_WIDE_PATCHES = 3.0, 60
_WIDEST_M, _WIDEST_RADII, _FEW_WIDEST, _MOST_LOST = (0.06, 0.12), 1.0, 40, 0.8
_DYING_AWAY = 0.47
"""Of the variance between patches, what is left in those three times as wide. Folds of a decimetre
leave 0.57 and more, shorter ones 0.4, noise that was smoothed over one to three centimetres 0.15 to
0.36."""
_RAW, _SMOOTH = 0.2, 1.0
"""Variance between patches to that of the points within them: below the former nothing was
smoothed, above the latter points have too little noise of their own to be raw."""
_EITHER = 0.6
"""Standard deviations that the mean is above the barrel where it may be either: halfway, and what
that may be off."""

_SLEEVED = 0.3
"""Of pipes of a kind that is laid in sleeves, those that are, before anything is seen."""
_USUAL_M = np.linspace(0.0002, 0.002, 10)
"""How uneven their sleeves are."""
_SMALL_M = 0.0001
"""Standard deviation that is not worth a closer look."""


@dataclass(frozen=True, slots=True)
class Wrapping:
    """How the scanned surface differs from the barrel's; metres."""

    stand_off_m: float = 0.0
    """By how much it stands off on average."""
    shrunk_m: float = 0.0
    """By how much smoothing has drawn it inwards."""
    std_m: float = 0.0
    """Of both."""
    unseen_std_m: float = 0.0
    """What a sleeve too even for this scan to show adds if pipes of its kind are laid in such."""

    @property
    def off_m(self) -> float:
        """By how much it lies outside the barrel."""
        return self.stand_off_m - self.shrunk_m


@dataclass(frozen=True, slots=True)
class _Unevenness:
    """Of a surface in patches of a width; variances in m2."""

    between: float
    """Of the means of patches, beyond what noise explains."""
    within: float
    """Of points around the means of their patches."""
    std: float
    """Of the former, by chance."""
    of_one: float
    """What a fitted unknown takes from the former."""
    patches: int

    @property
    def sigmas(self) -> float:
        """How far the former is beyond chance."""
        return self.between / max(self.std, 1e-18)


def wrapping(adj: Adjustment, used: BoolArray) -> Wrapping:
    """Return how the surface differs from the barrel's.

    It does not where it is as even as its noise lets it be known.
    """
    lost = _lost(adj, used)
    patch_m, patches = _finest(adj, used, lost)
    if patches is None or patches.sigmas < _MAYBE_SIGMAS:
        return Wrapping(unseen_std_m=_unseen(_more_telling(adj, used, patches, lost)))
    uneven = math.sqrt(patches.between)
    if patches.sigmas < _CLEAR_SIGMAS:
        return Wrapping(std_m=_EITHER * uneven, unseen_std_m=_unseen(patches))
    wider = _unevenness(adj, used, _WIDER * patch_m, _FEW_WIDE_PATCHES, lost)
    dying_away = wider is not None and wider.between < _DYING_AWAY * patches.between
    sharp = patches.between > _SMOOTH * patches.within and patch_m == _PATCH_M
    if wider is not None and sharp and (dying_away or uneven < _LEAST_M):
        return _shrunk(wider, adj.radius)
    if uneven < _HARDLY_M:
        return Wrapping(unseen_std_m=_unseen(patches))
    if uneven < _LEAST_M or (dying_away and patches.between > _RAW * patches.within):
        # of a kind that is laid in sleeves it is in one as likely as not
        unseen_m = math.sqrt(0.5) * _ENVELOPE_STD * uneven
        return Wrapping(_EITHER * uneven, std_m=_EITHER * uneven, unseen_std_m=unseen_m)
    return Wrapping(stand_off_m=_ENVELOPE * uneven, std_m=_ENVELOPE_STD * uneven)


def _more_telling(
    adj: Adjustment, used: BoolArray, patches: _Unevenness | None, lost: float
) -> _Unevenness | None:
    """Return the widest patches where they are better known: with few points in each they are."""
    if patches is None or _unseen(patches) < _SMALL_M:
        return patches
    wide = _unevenness(adj, used, *_WIDTHS[-1], lost)
    return wide if wide is not None and wide.std < patches.std else patches


def _unseen(patches: _Unevenness | None) -> float:
    """Return the standard deviation that a sleeve adds which patches do not show, metres.

    It is as likely as it is to look as even as this; without patches as it is beforehand.
    """
    variance = _USUAL_M**2
    likely = np.ones_like(variance)
    if patches is not None:
        likely = np.exp(
            np.minimum(variance * (patches.between - 0.5 * variance) / patches.std**2, 50.0)
        )
    odds = _SLEEVED / (1.0 - _SLEEVED) * float(np.mean(likely))
    square = _SLEEVED / (1.0 - _SLEEVED) * float(np.mean(likely * variance)) / (1.0 + odds)
    return math.hypot(_ENVELOPE, _ENVELOPE_STD) * math.sqrt(square)


def _finest(adj: Adjustment, used: BoolArray, lost: float) -> tuple[float, "_Unevenness | None"]:
    """Return the width of the finest patches of which enough hold points, and how they differ."""
    for patch_m, few in _WIDTHS:
        patches = _unevenness(adj, used, patch_m, few, lost)
        if patches is not None:
            return patch_m, patches
    return patch_m, None


def _shrunk(wider: "_Unevenness", radius_m: float) -> Wrapping:
    """Return what smoothing does: the mean of a piece of a convex surface lies within it.

    By the piece's area over 8 pi radii, whatever weights were taken; the area is that over which
    neighbours share their noise.
    """
    share = max(wider.between, 0.0) / (wider.between + wider.within)
    shrunk_m = share * (_WIDER * _PATCH_M) ** 2 / (8.0 * math.pi * radius_m)
    return Wrapping(shrunk_m=shrunk_m, std_m=shrunk_m)


def _lost(adj: Adjustment, used: BoolArray) -> float:
    """Return how many unknowns take from the differences of patches.

    Axis, circles, sectors and drift were fitted to the points, and what noise moves these by no
    patch shows. In patches as wide as folds are at most nothing but that is left.
    """
    width_m = min(max(_WIDEST_RADII * adj.radius, _WIDEST_M[0]), _WIDEST_M[1])
    widest = _unevenness(adj, used, width_m, _FEW_WIDEST, 0.0)
    if widest is None:
        return 0.0
    return min(max(-widest.between / widest.of_one, 0.0), _MOST_LOST * widest.patches)


def _unevenness(
    adj: Adjustment, used: BoolArray, patch_m: float, few: int, lost: float
) -> _Unevenness | None:
    """Return how patches differ; None where too few hold enough points."""
    chainage, angle = adj.chainage[used], adj.angle[used]
    sector = ((angle + math.pi) / (2.0 * math.pi) * _SECTORS).astype(np.int64)
    residual = _without_circles(adj.residual[used], angle, (chainage / _SLICE_M).astype(np.int64))
    residual = _without_means(residual, sector)
    across = ((angle + math.pi) * adj.radius / patch_m).astype(np.int64)
    columns = int(across.max()) + 1
    patch = (chainage / patch_m).astype(np.int64) * columns + across
    count = np.bincount(patch)
    enough = count >= _FEW_POINTS
    if np.count_nonzero(enough) < few:
        return None
    points = count[enough]
    patches = int(np.count_nonzero(count))
    mean = np.bincount(patch, residual)[enough] / points
    square = np.bincount(patch, residual**2)[enough]
    noise2 = float(np.sum(square - points * mean**2) / np.sum(points - 1))
    spread2 = float(np.mean(mean**2))
    at_m = (np.flatnonzero(enough) // columns) * patch_m
    excess2 = _usual(mean**2 - noise2 / points, (at_m / _STRETCH_M).astype(np.int64))
    std_of_excess2 = math.sqrt(2.0 / len(points)) * spread2
    of_one = noise2 * float(np.mean(1.0 / points)) / patches
    return _Unevenness(excess2 + lost * of_one, noise2, max(std_of_excess2, 1e-18), of_one, patches)


def _usual(values: FloatArray, stretch: IntArray) -> float:
    """Return the mean of values; where that is due to few stretches, what is usual in stretches."""
    count = np.bincount(stretch)
    means = np.bincount(stretch, values)[count > 0] / count[count > 0]
    mean, usual = float(np.mean(values)), float(np.median(means))
    few = len(means) >= _FEW_STRETCHES and usual < _SHOWN_EVERYWHERE * mean
    return usual if few else mean


def _without_circles(values: FloatArray, angle: FloatArray, group: IntArray) -> FloatArray:
    """Take from values (N,) the circle that fits each group best: there the axis may be off."""
    design = np.stack([np.cos(angle), np.sin(angle), np.ones_like(angle)])
    count = int(group.max()) + 1
    matrix, rhs = np.empty((count, 3, 3)), np.empty((count, 3))
    for a in range(3):
        rhs[:, a] = np.bincount(group, design[a] * values, count)
        for b in range(3):
            matrix[:, a, b] = np.bincount(group, design[a] * design[b], count)
    # a group of few points keeps what these say
    solution = np.linalg.solve(matrix + np.eye(3), rhs[:, :, None])[:, :, 0]
    return np.asarray(values - np.einsum("na,an->n", solution[group], design))


def _without_means(values: FloatArray, group: IntArray) -> FloatArray:
    count = np.maximum(np.bincount(group), 1)
    return np.asarray(values - (np.bincount(group, values) / count)[group])
