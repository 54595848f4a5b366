"""Leave out what props a trench where no finished ground was scanned that would tell it.

Struts come in rows: of one make, level, across the trench from wall to wall, one behind the other
at one height over the main. Utilities that cross do not: three of a size so set are no chance. In a
deep trench there are two rows and more, one above the other.
"""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.planes import Surface
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.classify import Classified, ClassifyOptions, LeftOut
from twin_pipeline.stages.classify.lying import among, chord_of, middle_of, squarest_deg

_OTHERS = 2
"""Of the same kind in a row with a strut."""
_THINNEST_M, _LONGEST_M = 0.04, 3.0
"""Steel props are no thinner, services to houses are; and no trench that they prop is wider."""
_SAME_SIZE, _SIGMAS = 0.06, 3.0
_SAME_HEIGHT_M, _GRADE = 0.05, 0.12
_PARALLEL_DEG, _SQUARE_DEG = 8.0, 80.0
"""Largest angle between two struts; where the trench bends, least angle of each to the main."""
_EXACT_DEG = 1.0
"""Struts are set so level; several utilities that all lie so by chance are far less likely."""
_APART_M = 0.5
"""Distance of parallel tubes between which nobody could work: a bank of ducts, no struts."""
_ACROSS_DEG = 60.0
_REACH_M, _BRANCH_DEG = 0.15, 30.0
"""How near to a pipe the end of its branch is; and the least angle at which one leaves it."""
_VOXEL_M = 0.08
_BEFORE_M, _BEYOND_M = 0.1, 0.8
"""Where a wall may stand from the end of what was seen of a strut, outwards."""
_BESIDE_M, _OVER_M = 0.15, 0.6
_FACING, _STEEP = 0.6, 0.6
_WALL_M, _WALL_PIECES = 0.3, 6
_MOST_WALLS = 0.5
"""Share of ends at a wall: a scan from one side may show one wall alone."""


def without_shoring(
    found: Sequence[Classified],
    ground: Ground | None,
    pyramid: Pyramid,
    options: ClassifyOptions,
) -> tuple[list[Classified], list[LeftOut]]:
    """Return what is no strut, and the struts; where there is a ground they are told already."""
    tubes = [item.tube for item in found]
    if ground is not None or len(tubes) <= _OTHERS:
        return list(found), []
    bars = [tube for tube in tubes if _like_a_bar(tube, options)]
    lines = [tube for tube in tubes if not among(tube, bars)]
    free = [bar for bar in bars if all(_passes_over(bar, line) for line in lines)]
    free = [bar for bar in free if not any(_in_a_bank(bar, other) for other in free)]
    rows = [
        _at_height_of(bar, [other for other in free if _in_a_row(bar, other, lines)])
        for bar in free
    ]
    rows = [row for row in rows if len(row) > _OTHERS and _at_one_height(row)]
    if len(free) == len(tubes) and _are_nothing_but_props(free):
        rows = [[bar, *(other for other in free if other is not bar)] for bar in free]
    if not rows:
        return list(found), []
    surface = pyramid.level_near(_VOXEL_M).surface
    told = [row for row in rows if _from_wall_to_wall(row, surface)]
    struts = [bar for bar in free if any(among(bar, row) for row in told)]
    firsts = [row[0] for row in rows if not among(row[0], struts)]
    struts += [bar for bar in firsts if _of_another_row(bar, struts, lines)]
    return (
        [item for item in found if not among(item.tube, struts)],
        [LeftOut(tube, "shoring strut") for tube in struts],
    )


def _like_a_bar(tube: Tube, options: ClassifyOptions) -> bool:
    least_m = 2.0 * (tube.radius_m - _SIGMAS * tube.radius_std_m)
    thick = 2.0 * tube.radius_m >= _THINNEST_M and least_m <= options.max_strut_diameter_m
    level = _slope(tube) <= math.sin(math.radians(options.strut_level_deg))
    return thick and level and tube.length_m <= _LONGEST_M


def _slope(tube: Tube) -> float:
    """Return the sine of the angle by which a tube falls."""
    chord = chord_of(tube)
    return float(abs(chord[2]) / np.linalg.norm(chord))


def _passes_over(bar: Tube, line: Tube) -> bool:
    """Tell whether a bar lies clear of a pipe and above it, as one that is to be laid under.

    What leaves the pipe as a branch is not clear of it; what lies along it is none.
    """
    ends = np.linalg.norm(line.nodes[:, None] - bar.nodes[None, [0, -1]], axis=2)
    leaves = polyline.acute_deg(chord_of(bar), chord_of(line)) > _BRANCH_DEG
    if leaves and float(ends.min()) < line.radius_m + bar.radius_m + _REACH_M:
        return False
    between = np.linalg.norm(line.nodes[:, None, :2] - bar.nodes[None, :, :2], axis=2)
    at, of = np.unravel_index(int(between.argmin()), between.shape)
    return bool(bar.nodes[of, 2] > line.nodes[at, 2] + line.radius_m)


def _in_a_row(bar: Tube, other: Tube, lines: Sequence[Tube]) -> bool:
    """Tell whether two bars are of one make and stand one behind the other like rungs."""
    if bar is other or not _of_one_make(bar, other):
        return False
    step = middle_of(other) - middle_of(bar)
    return (
        _at_height_with(bar, other)
        and _set_alike(bar, other, lines)
        and polyline.acute_deg(chord_of(bar), step) > _ACROSS_DEG
    )


def _set_alike(bar: Tube, other: Tube, lines: Sequence[Tube]) -> bool:
    return polyline.acute_deg(chord_of(bar), chord_of(other)) < _PARALLEL_DEG or any(
        min(squarest_deg(bar, line), squarest_deg(other, line)) > _SQUARE_DEG for line in lines
    )


def _of_another_row(bar: Tube, struts: Sequence[Tube], lines: Sequence[Tube]) -> bool:
    """Tell whether a bar is of the make of struts, though no wall is seen at its own height."""
    return sum(_of_one_make(bar, it) and _set_alike(bar, it, lines) for it in struts) >= _OTHERS


def _are_nothing_but_props(bars: Sequence[Tube]) -> bool:
    """Tell struts of one make where nothing else was found, and no pipe tells how a trench turns.

    There they are neither parallel nor one straight behind the other.
    """
    exact = all(_slope(bar) <= math.sin(math.radians(_EXACT_DEG)) for bar in bars)
    return exact and all(
        _of_one_make(bar, other) and _at_height_with(bar, other)
        for bar, other in combinations(bars, 2)
    )


def _at_height_with(bar: Tube, other: Tube) -> bool:
    """Tell whether another bar stands clear of one, and as deep below a street that may fall."""
    step = middle_of(other) - middle_of(bar)
    apart_m = float(np.hypot(step[0], step[1]))
    return apart_m > _APART_M and abs(step[2]) < _SAME_HEIGHT_M + _GRADE * apart_m


def _at_height_of(bar: Tube, others: Sequence[Tube]) -> list[Tube]:
    """Return a bar and those of others that lie in one slope with it, as many as there are."""
    return max(([bar, *_in_slope(bar, other, others)] for other in others), key=len, default=[bar])


def _in_slope(bar: Tube, second: Tube, others: Sequence[Tube]) -> list[Tube]:
    step = np.array([middle_of(other) for other in (second, *others)]) - middle_of(bar)
    chord = chord_of(bar)
    onward = step[:, :2] @ np.array([-chord[1], chord[0]]) / math.hypot(chord[0], chord[1])
    # bars of a row are half a metre apart at least, so that this is never nought
    off = np.abs(step[:, 2] - onward * step[0, 2] / onward[0])
    return [other for other, far in zip(others, off[1:], strict=True) if far < _SAME_HEIGHT_M]


def _at_one_height(row: Sequence[Tube]) -> bool:
    """Tell whether the bars lie in one slope, as below a street that falls."""
    middle = np.array([middle_of(bar) for bar in row])
    chord = chord_of(row[0])
    onward = middle[:, :2] @ np.array([-chord[1], chord[0]]) / math.hypot(chord[0], chord[1])
    onward -= onward.mean()
    up = middle[:, 2] - middle[:, 2].mean()
    off = up - onward * (onward @ up) / (onward @ onward)
    return float(np.sqrt(np.mean(off**2))) < _SAME_HEIGHT_M


def _of_one_make(bar: Tube, other: Tube) -> bool:
    std_m = math.hypot(bar.radius_std_m, other.radius_std_m)
    most_m = _SAME_SIZE * max(bar.radius_m, other.radius_m) + _SIGMAS * std_m
    return abs(bar.radius_m - other.radius_m) < most_m


def _in_a_bank(bar: Tube, other: Tube) -> bool:
    """Tell whether another tube lies close beside one, as ducts do and struts never."""
    along = chord_of(bar) / np.linalg.norm(chord_of(bar))
    step = middle_of(other) - middle_of(bar)
    aside_m = float(np.linalg.norm(step - (step @ along) * along))
    parallel = polyline.acute_deg(chord_of(bar), chord_of(other)) < _PARALLEL_DEG
    return parallel and bar.radius_m + other.radius_m < aside_m < _APART_M


def _from_wall_to_wall(row: Sequence[Tube], surface: Surface) -> bool:
    ends = [
        (bar.nodes[end], bar.nodes[end] - bar.nodes[other])
        for bar in row
        for end, other in ((0, -1), (-1, 0))
    ]
    return bool(np.mean([_at_a_wall(end, out, surface) for end, out in ends]) >= _MOST_WALLS)


def _at_a_wall(end: FloatArray, outward: FloatArray, surface: Surface) -> bool:
    """Tell whether a steep surface, higher than a strut's plate, stands across the way on."""
    level = np.array([outward[0], outward[1], 0.0]) / math.hypot(outward[0], outward[1])
    offset = surface.centroid - end
    ahead = offset @ level
    aside = offset @ np.array([-level[1], level[0], 0.0])
    near = (ahead > -_BEFORE_M) & (ahead < _BEYOND_M)
    near &= (np.abs(aside) < _BESIDE_M) & (np.abs(offset[:, 2]) < _OVER_M)
    normal = surface.normal[near]
    wall = (np.abs(normal[:, 2]) < _STEEP) & (np.abs(normal @ level) > _FACING)
    heights = offset[near, 2][wall]
    return len(heights) >= _WALL_PIECES and float(np.ptp(heights)) > _WALL_M
