"""Find where pipes may be: for a ladder of radii, surface patches vote for their axis."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.bounds import bounds_of
from twin_pipeline.geometry.patches import (
    Patches,
    collect_patches,
    expected_bend_m,
    min_arc_deg,
    tolerance_ratio,
)
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Seeds
from twin_pipeline.kernels import axis, hough
from twin_pipeline.model import FloatArray

_RADIUS_RATIO = 1.15
_VOXELS_PER_RADIUS = 3.0
_CELL_PER_RADIUS = 0.12
_MIN_VOTES = 5.0


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


def detect(pyramid: Pyramid, options: DetectOptions) -> Seeds:
    """Return possible pipe axes, refined, sorted by how much of a tube's surface supports them."""
    ladder = _radius_ladder(options)
    levels = [_level_for(pyramid, radius) for radius in ladder]
    patches = {number: collect_patches(pyramid, number) for number in sorted(set(levels))}
    lower, _ = bounds_of(pyramid.xyz)
    with ThreadPoolExecutor() as pool:
        peaks = list(
            pool.map(
                lambda item: _peaks(patches[item[1]], item[0], lower, options),
                zip(ladder, levels, strict=True),
            )
        )
    by_level = [
        _refine(patches[number], [p for p, at in zip(peaks, levels, strict=True) if at == number])
        for number in sorted(patches)
    ]
    return _sorted_seeds([seeds for seeds in by_level if seeds is not None], patches)


def _radius_ladder(options: DetectOptions) -> FloatArray:
    low, high = options.min_diameter_m / 2.0, options.max_diameter_m / 2.0
    steps = max(math.ceil(math.log(high / low) / math.log(_RADIUS_RATIO)), 1)
    return low * (high / low) ** (np.arange(steps + 1) / steps)


def _level_for(pyramid: Pyramid, radius_m: float) -> int:
    """Return the finest level whose patches suit the radius and hold enough points."""
    number = max(0, int(math.log2(radius_m / (_VOXELS_PER_RADIUS * pyramid.voxel_size_m))))
    coarsest = max(0, int(math.log2(radius_m / (1.4 * pyramid.voxel_size_m))))
    while number < coarsest and pyramid.level(number).typical_normal_std_rad > 0.12:
        number += 1
    return number


def _peaks(
    patches: Patches, radius_m: float, lower: FloatArray, options: DetectOptions
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return centres, scores (share of a full ring) and radii of the vote peaks for one radius."""
    cell = _CELL_PER_RADIUS * radius_m
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
    # a surface crosses about 1.5 voxels per voxel area; the peak sums three cells along the axis
    full_ring = 2.0 * math.pi * radius_m * 3.0 * cell * 1.5 / patches.size_m**2
    minimum = max(_MIN_VOTES, options.min_vote_share * full_ring)
    centres, scores = hough.vote_peaks(cells, cell, corner, minimum)
    return centres, scores / full_ring, np.full(len(scores), radius_m)


def _refine(
    patches: Patches, peaks: list[tuple[FloatArray, FloatArray, FloatArray]]
) -> tuple[FloatArray, ...] | None:
    """Thin out the peaks of one level and fit an axis to each that is left."""
    centres, scores, radii = (np.concatenate(parts) for parts in zip(*peaks, strict=True))
    order = np.lexsort((centres[:, 2], centres[:, 1], centres[:, 0], -scores))
    centres, scores, radii = centres[order], scores[order], radii[order]
    if len(centres) == 0:
        return None
    keep = hough.suppress(centres, radii, 0.5)
    ratio = tolerance_ratio(patches)
    centre, direction, radius, arc, purity, kept = axis.refine_seeds(
        centres[keep],
        radii[keep],
        ratio,
        *patches.search_arguments(),
        patches.normal,
        ~patches.usable,
    )
    good = (kept > 0) & (arc >= min_arc_deg(ratio)) & (purity >= 0.6)
    half = np.maximum(2.0 * radius, 0.06)
    strength = kept * patches.size_m**2 / (1.5 * np.maximum(radius, 1e-9) * 2.0 * half)
    level = np.full(len(centre), patches.level)
    return tuple(a[good] for a in (centre, direction, radius, strength, level))


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
