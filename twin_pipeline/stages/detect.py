"""Find where pipes may be: for a ladder of radii, surface patches vote for their axis."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry.cuts import Blocks, Piece
from twin_pipeline.geometry.patches import (
    Patches,
    collect_patches,
    expected_bend_m,
    min_arc_deg,
    tolerance_ratio,
)
from twin_pipeline.geometry.piecewise import PiecewisePyramid, patches_near
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Seeds
from twin_pipeline.kernels import axis, hough, ordering, threads
from twin_pipeline.model import FloatArray, IntArray
from twin_pipeline.shelves import Array, Parts

_RADIUS_RATIO = 1.15
_VOXELS_PER_RADIUS = 3.0
_CELL_PER_RADIUS = 0.12
_FULL_RING = 16.0
"""Votes of a whole ring that a peak should hold, for which its cells are wider if need be: where
patches are few, an arc would have less than the fewest that tell it from chance."""
_MIN_VOTES = 5.0
_POOR_RAD = 0.12
_LEAST_VOXELS_PER_RADIUS = 1.4
_SEEDS_AT_ONCE = 5_000

Peaks = tuple[FloatArray, FloatArray, FloatArray]
"""Centres, scores and radii."""

Rung = tuple[float, int]
"""A radius, and the level whose patches vote for it."""

_REFINED = ("centre", "direction", "radius", "arc", "purity", "crossed")


class DetectOptions(BaseModel):
    """Options of the search for axes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_diameter_m: float = Field(
        0.040, gt=0.0, description="smallest outer diameter looked for, metres"
    )
    max_diameter_m: float = Field(
        0.95, gt=0.0, description="largest outer diameter looked for, metres"
    )
    min_vote_share: float = Field(
        0.20,
        gt=0.0,
        lt=1.0,
        description="share of a full ring's votes that makes a candidate, ratio",
    )


def detect(pyramid: Pyramid, options: DetectOptions, least_rad: float = 0.0) -> Seeds:
    """Return possible pipe axes, refined, sorted by how much of a tube's surface supports them.

    Seeds of less strength than the least that is asked for may be missing.
    """
    ladder = _radius_ladder(options)
    pyramid.fit(range(_levels(pyramid, ladder[0])[0], _levels(pyramid, ladder[-1])[1] + 2))
    levels = [_level_for(pyramid, radius) for radius in ladder]
    patches = {number: collect_patches(pyramid, number) for number in sorted(set(levels))}
    lower, _ = ordering.bounds(pyramid.xyz)
    rungs = list(zip(ladder, levels, strict=True))
    if isinstance(pyramid, PiecewisePyramid):
        peaks = _peaks_by_pieces(pyramid, patches, rungs, lower, options)
    else:
        peaks = _peaks_of_rungs(patches, rungs, lower, options)
    by_level = [
        _refine(
            pyramid,
            patches[number],
            [p for p, at in zip(peaks, levels, strict=True) if at == number],
            least_rad,
        )
        for number in sorted(patches)
    ]
    without_bends = {number: some.without_bends() for number, some in patches.items()}
    return _sorted_seeds([seeds for seeds in by_level if seeds is not None], without_bends)


def blind_below_m(pyramid: Pyramid, options: DetectOptions) -> float | None:
    """Return the diameter below which patches that suit a tube are poor; None if all are good.

    On a pipe there may be far fewer points than typically.
    """
    below = None
    for radius in _radius_ladder(options):
        if not pyramid.level(_levels(pyramid, radius)[1]).is_worse_than(0.5 * _POOR_RAD):
            break
        below = 2.0 * radius * _RADIUS_RATIO
    return below


def _radius_ladder(options: DetectOptions) -> FloatArray:
    low, high = options.min_diameter_m / 2.0, options.max_diameter_m / 2.0
    steps = max(math.ceil(math.log(high / low) / math.log(_RADIUS_RATIO)), 1)
    return low * (high / low) ** (np.arange(steps + 1) / steps)


def _level_for(pyramid: Pyramid, radius_m: float) -> int:
    """Return the finest level whose patches suit the radius and hold enough points."""
    number, coarsest = _levels(pyramid, radius_m)
    while number < coarsest and pyramid.level(number).is_worse_than(_POOR_RAD):
        number += 1
    return number


def _levels(pyramid: Pyramid, radius_m: float) -> tuple[int, int]:
    """Return the finest and the coarsest level that may suit a radius."""
    finest, coarsest = (
        max(0, int(math.log2(radius_m / (voxels * pyramid.voxel_size_m))))
        for voxels in (_VOXELS_PER_RADIUS, _LEAST_VOXELS_PER_RADIUS)
    )
    return finest, coarsest


def _peaks_of_rungs(
    patches: dict[int, Patches], rungs: list[Rung], lower: FloatArray, options: DetectOptions
) -> list[Peaks]:
    """Return the vote peaks for each rung of the ladder of radii."""
    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(lambda rung: _peaks(patches[rung[1]], rung[0], lower, options), rungs))


def _peaks_by_pieces(
    pyramid: PiecewisePyramid,
    patches: dict[int, Patches],
    rungs: list[Rung],
    lower: FloatArray,
    options: DetectOptions,
) -> list[Peaks]:
    blocks = pyramid.blocks
    firsts = {n: np.searchsorted(pyramid.level(n).starts, blocks.starts) for n in patches}
    works: list[tuple[object, ...]] = [
        (patches, firsts, blocks, piece, rungs, lower, options) for piece in blocks.pieces
    ]
    whole = pyramid.together(_peaks_of_piece, works)
    chosen = (np.flatnonzero(whole["rung"] == n) for n in range(len(rungs)))
    return [(whole["centre"][n], whole["score"][n], whole["radius"][n]) for n in chosen]


def _peaks_of_piece(
    patches: dict[int, Patches],
    firsts: dict[int, IntArray],
    blocks: Blocks,
    piece: Piece,
    rungs: list[Rung],
    lower: FloatArray,
    options: DetectOptions,
) -> Parts:
    """Return the vote peaks that lie in a piece's space."""
    own = blocks.own(piece)
    near = {n: patches_near(whole, firsts[n], blocks, own) for n, whole in patches.items()}
    peaks = _peaks_of_rungs(near, rungs, lower, options)
    centre, score, radius = (np.concatenate(parts) for parts in zip(*peaks, strict=True))
    rung = np.repeat(np.arange(len(rungs)), [len(scores) for _, scores, _ in peaks])
    mine = own.holds(centre)
    parts = {"centre": centre, "score": score, "radius": radius, "rung": rung}
    return {name: part[mine] for name, part in parts.items()}


def _peaks(patches: Patches, radius_m: float, lower: FloatArray, options: DetectOptions) -> Peaks:
    """Return centres, scores (share of a full ring) and radii of the vote peaks for one radius."""
    # the peak sums three cells along the axis
    ring_per_m = 2.0 * math.pi * radius_m * 3.0 * axis.VOXELS_PER_AREA / patches.size_m**2
    cell = max(_CELL_PER_RADIUS * radius_m, _FULL_RING / ring_per_m)
    corner = lower - radius_m - 3.0 * cell
    cells = hough.axis_votes(
        patches.centroid,
        patches.normal,
        patches.bend_m,
        patches.bend_std_m,
        patches.usable,
        radius_m,
        expected_bend_m(patches, radius_m),
        cell,
        corner,
    )
    full_ring = ring_per_m * cell
    minimum = max(_MIN_VOTES, options.min_vote_share * full_ring)
    centres, scores = hough.vote_peaks(cells, cell, corner, minimum)
    return centres, scores / full_ring, np.full(len(scores), radius_m)


def _refine(
    pyramid: Pyramid, patches: Patches, peaks: list[Peaks], least_rad: float
) -> tuple[FloatArray, ...] | None:
    """Thin out the peaks of one level and fit an axis to each that is left."""
    centres, scores, radii = (np.concatenate(parts) for parts in zip(*peaks, strict=True))
    order = np.lexsort((centres[:, 2], centres[:, 1], centres[:, 0], -scores))
    centres, scores, radii = centres[order], scores[order], radii[order]
    if len(centres) == 0:
        return None
    keep = hough.suppress(centres, radii, 0.5)
    ratio = tolerance_ratio(patches)
    least = least_rad * 2.0 * axis.VOXELS_PER_AREA / patches.size_m**2
    places = (
        least, *patches.search_arguments(), patches.normal, patches.count,
        pyramid.kept(~patches.usable),
    )  # fmt: skip
    centre, direction, radius, arc, purity, crossed = _refined(
        pyramid, centres[keep], radii[keep], ratio, places
    )
    good = (crossed > 0.0) & (arc >= min_arc_deg(ratio)) & (purity >= 0.6)
    half = np.maximum(2.0 * radius, 0.06)
    around = axis.VOXELS_PER_AREA * np.maximum(radius, 1e-9) * 2.0 * half
    strength = crossed * patches.size_m**2 / around
    level = np.full(len(centre), patches.level)
    return tuple(a[good] for a in (centre, direction, radius, strength, level))


def _refined(
    pyramid: Pyramid,
    centres: FloatArray,
    radii: FloatArray,
    ratio: float,
    places: tuple[object, ...],
) -> tuple[Array, ...]:
    """Return what `refine_seeds` does; in a cloud in pieces, of some seeds at a time."""
    if not isinstance(pyramid, PiecewisePyramid):
        return tuple(axis.refine_seeds(centres, radii, ratio, *places))
    order = np.argsort(pyramid.keys_of(centres), kind="stable")
    parts = [order[n : n + _SEEDS_AT_ONCE] for n in range(0, len(order), _SEEDS_AT_ONCE)]
    works = [(centres[part], radii[part], ratio, places) for part in parts]
    whole = pyramid.together(_refined_part, works)
    refined = []
    for name in _REFINED:
        refined.append(np.empty_like(whole[name]))
        refined[-1][order] = whole[name]
    return tuple(refined)


def _refined_part(
    centres: FloatArray, radii: FloatArray, ratio: float, places: tuple[object, ...]
) -> Parts:
    found = axis.refine_seeds(centres, radii, ratio, *places)
    return dict(zip(_REFINED, found, strict=True))


def _sorted_seeds(parts: list[tuple[FloatArray, ...]], patches: dict[int, Patches]) -> Seeds:
    if not parts:
        empty = np.empty((0, 3))
        return Seeds(empty, empty, np.empty(0), np.empty(0), np.empty(0, np.int64), patches)
    centre, direction, radius, strength, level = (
        np.concatenate(arrays) for arrays in zip(*parts, strict=True)
    )
    order = np.lexsort((centre[:, 2], centre[:, 1], centre[:, 0], -strength))
    return Seeds(
        centre[order],
        direction[order],
        radius[order],
        strength[order],
        level[order].astype(np.int64),
        patches,
    )
