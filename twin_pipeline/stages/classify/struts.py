"""Tell the struts that prop a trench from utilities that cross it."""

import math
from itertools import pairwise

import numpy as np
import shapely

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.classify.lying import (
    among,
    chord_of,
    ends_off,
    middle_of,
    reach_m,
    squarest_deg,
    trench_direction,
)
from twin_pipeline.stages.classify.options import ClassifyOptions
from twin_pipeline.stages.classify.uneven import varies_in_size

_SAME_DEPTH_M = 0.12
_SAME_SIZE, _ONE_MAKE, _EQUAL = 0.35, 0.28, 0.05
"""Logarithms of ratios of radii. The halves of a telescopic strut differ by up to a quarter; of
what stands askew its size must tell more."""
_EXACT_DEG = 1.0
_EXACT_DIAMETER_M, _EXACT_DEEPER_M = 0.1, 0.1
"""Struts are set level and square; a utility so thin that lies so by chance, and so shallow, is
far less likely."""
_ROW = 2
_HEAVY = 2.0
"""Of the thickest strut's diameter: what of such a size stands in a row props a wide trench."""
_WEDGED_ASKEW = 3.0
_UNDUG_M = 0.5
"""Of a hidden course through undug ground that is no error of the trench's outline."""
_LEG_M = 0.3
_ASIDE_M = 0.5
_BANK_M, _BANK_DEG = 0.5, 10.0
"""Distance of parallel tubes between which nobody could work: a bank of ducts, no struts."""


def struts_among(
    tubes: list[Tube], mains: list[Tube], ground: Ground, options: ClassifyOptions
) -> list[Tube]:
    """Return the tubes that prop the walls: thin, level, square to the trench, above the main.

    Utilities that cross look the same. They lie deeper than the shallowest cover that the rules
    allow, hardly deeper than that if they are not of one size, as a telescopic strut is not, and no
    second one of about the same size crosses at the same depth or on the same line, as the halves
    of one do; nor do two of one size cross at one depth below a row of that size; or they lie as
    close to each other as ducts in a bank.
    """
    depth = {id(tube): _depth(tube, ground) for tube in tubes}
    tubes = _no_ducts(tubes, depth, options)
    props = [tube for tube in tubes if _like_a_strut(tube, mains, ground, options)]
    struts = [
        tube
        for tube in props
        if depth[id(tube)] - tube.radius_m < _least_cover_m(tube, ground, options)
        or (varies_in_size(tube) and _shallow(tube, depth, options))
        or _mates(tube, props, depth, _SAME_SIZE)
    ]
    struts += [tube for tube in _rows(tubes, mains, depth, options) if not among(tube, struts)]
    while more := [
        tube
        for tube in tubes
        if not among(tube, struts) and _one_more(tube, struts, depth, options)
    ]:
        struts += more
    rest = [tube for tube in tubes if not among(tube, struts)]
    return struts + [tube for tube in rest if _of_a_lower_row(tube, rest, struts, depth, options)]


def is_struts_carried_on(
    main: Tube, struts: list[Tube], ground: Ground, options: ClassifyOptions
) -> bool:
    """Tell what looks like a main, but is of the size of a row of struts and at their depth.

    It would have to pass through them: where a trench turns, struts of its legs meet in the corner.
    """
    depth = {id(tube): _depth(tube, ground) for tube in (main, *struts)}
    row = _mates(main, struts, depth, _EQUAL)
    return len(row) >= _ROW and _level(main, options, thickest=_HEAVY)


def are_struts_joined(
    tube: Tube, tubes: list[Tube], ground: Ground, options: ClassifyOptions
) -> bool:
    """Tell two struts that were taken for one pipe around a corner of the trench.

    Each is seen from wall to wall and no farther: the bend between would lie in undug ground, and
    no pipe lies so shallow, or passes a trench twice level with another of its size.
    """
    depth = {id(other): _depth(other, ground) for other in tubes}
    set_as_struts = _shallow(tube, depth, options) or _mates(tube, tubes, depth, _EQUAL)
    if not (set_as_struts and _level(tube, options, thickest=_HEAVY)):
        return False
    dug = shapely.union_all([shapely.Polygon(ring) for ring in ground.outlines])
    seen = np.flatnonzero(tube.observed)
    chainage = polyline.chainage(tube.nodes)
    for first, last in pairwise(seen):
        hidden = shapely.LineString(tube.nodes[first : last + 1, :2])
        undug_m = hidden.difference(dug).length
        if undug_m > _UNDUG_M and _turn_deg(tube, chainage, first, last) > options.max_parallel_deg:
            return True
    return False


def is_set_as_a_strut(tube: Tube, ground: Ground, options: ClassifyOptions) -> bool:
    """Tell what is thin, level, square to the trench and shallower than any utility may lie."""
    depth = {id(tube): _depth(tube, ground)}
    return _shallow(tube, depth, options) and _like_a_strut(tube, [], ground, options)


def is_of_another_row(tube: Tube, struts: list[Tube], options: ClassifyOptions) -> bool:
    """Tell what lies level, parallel to some struts of its size: as below them, in a lower row."""
    row = [
        strut
        for strut in struts
        if _twins(tube, strut, _EQUAL)
        and polyline.acute_deg(chord_of(tube), chord_of(strut)) < options.strut_perpendicular_deg
    ]
    return len(row) >= _ROW and _level(tube, options)


def _of_a_lower_row(
    tube: Tube,
    rest: list[Tube],
    struts: list[Tube],
    depth: dict[int, float],
    options: ClassifyOptions,
) -> bool:
    """Tell one of at least two alike at one height, of the size of a row of struts above them.

    In a trench that winds neither need look square to it.
    """
    row = [
        strut
        for strut in struts
        if _twins(tube, strut, _EQUAL) and depth[id(tube)] - depth[id(strut)] > _SAME_DEPTH_M
    ]
    alike = _mates(tube, rest, depth, _EQUAL)
    return len(row) >= _ROW and bool(alike) and _level(tube, options)


def has_mates(tube: Tube, others: list[Tube], ground: Ground) -> bool:
    """Tell whether there are others of about a tube's size and depth."""
    depth = {id(each): _depth(each, ground) for each in (tube, *others)}
    return bool(_mates(tube, others, depth, _ONE_MAKE))


def _turn_deg(tube: Tube, chainage: FloatArray, first: int, last: int) -> float:
    """Return the angle between the ways that a tube comes to a hidden stretch and goes on."""
    before = int(np.searchsorted(chainage, chainage[first] - _LEG_M))
    behind = min(int(np.searchsorted(chainage, chainage[last] + _LEG_M)), len(chainage) - 1)
    if before == first or behind == last:
        return 0.0
    comes, goes = tube.nodes[first] - tube.nodes[before], tube.nodes[behind] - tube.nodes[last]
    return polyline.acute_deg(comes, goes)


def _mates(tube: Tube, others: list[Tube], depth: dict[int, float], most: float) -> list[Tube]:
    """Return the others of a tube's depth, and of its size up to a logarithm of their ratio."""
    return [
        other
        for other in others
        if other is not tube
        and _twins(tube, other, most)
        and abs(depth[id(tube)] - depth[id(other)]) < _SAME_DEPTH_M
    ]


def _no_ducts(tubes: list[Tube], depth: dict[int, float], options: ClassifyOptions) -> list[Tube]:
    """Return the tubes that lie in no bank of ducts.

    A utility that crosses close to a strut makes no bank with it, where the strut is one of a row.
    """
    alone = [tube for tube in tubes if not any(_in_a_bank(tube, other, options) for other in tubes)]
    return [tube for tube in tubes if among(tube, alone) or _has_a_row(tube, alone, depth)]


def _has_a_row(tube: Tube, others: list[Tube], depth: dict[int, float]) -> bool:
    """Tell whether a tube is one of at least three of a size and depth, one by one.

    Pieces of one pipe lie in a line.
    """
    mates = _mates(tube, others, depth, _ONE_MAKE)
    return sum(not _in_line(tube, other) for other in mates) >= _ROW


def _least_cover_m(tube: Tube, ground: Ground, options: ClassifyOptions) -> float:
    """Return from which cover on what looks like a strut may be a utility that crosses."""
    chord = chord_of(tube)
    slope_deg = math.degrees(math.asin(abs(chord[2]) / float(np.linalg.norm(chord))))
    askew_deg = 90.0 - polyline.acute_deg(
        chord * np.array([1.0, 1.0, 0.0]), trench_direction(ground, middle_of(tube))
    )
    exact = max(slope_deg, askew_deg) < _EXACT_DEG and 2.0 * tube.radius_m < _EXACT_DIAMETER_M
    return options.utility_cover_m + (_EXACT_DEEPER_M if exact else 0.0)


def _one_more(
    tube: Tube, struts: list[Tube], depth: dict[int, float], options: ClassifyOptions
) -> bool:
    """Tell a strut of a row that stands askew, as in a corner, or that was wedged in aslant.

    As deep as a utility may lie the row has to be longer, and all of one size.
    """
    if len(_mates(tube, struts, depth, _EQUAL)) > _ROW and _level(tube, options):
        return True
    row = _mates(tube, struts, depth, _ONE_MAKE)
    return (
        len(row) >= _ROW and _shallow(tube, depth, options) and _level(tube, options, _WEDGED_ASKEW)
    )


def _rows(
    tubes: list[Tube], mains: list[Tube], depth: dict[int, float], options: ClassifyOptions
) -> list[Tube]:
    """Return struts that are told by their number.

    In a trench that winds none of them need look square to it.
    """
    level = [
        tube
        for tube in tubes
        if _level(tube, options, thickest=_HEAVY)
        and _shallow(tube, depth, options)
        and not any(min(ends_off(tube, main)) < reach_m(main) for main in mains)
    ]
    return [tube for tube in level if _has_a_row(tube, level, depth)]


def _in_line(tube: Tube, other: Tube) -> bool:
    """Tell whether a tube, carried on, would pass through the middle of another."""
    return _aside_m(tube, other) < _ASIDE_M


def _in_a_bank(tube: Tube, other: Tube, options: ClassifyOptions) -> bool:
    """Tell whether another tube of a size lies close beside one, as ducts do and struts never."""
    return (
        tube.radius_m + other.radius_m < _aside_m(tube, other) < _BANK_M
        and _twins(tube, other)
        and _level(other, options)
        and polyline.acute_deg(chord_of(tube), chord_of(other)) < _BANK_DEG
    )


def _aside_m(tube: Tube, other: Tube) -> float:
    """Return how far from a tube, carried on, the middle of another is."""
    gap, along = middle_of(other) - middle_of(tube), chord_of(tube)
    along = along / np.linalg.norm(along)
    return float(np.linalg.norm(gap - (gap @ along) * along))


def _shallow(tube: Tube, depth: dict[int, float], options: ClassifyOptions) -> bool:
    return depth[id(tube)] - tube.radius_m < options.utility_cover_m + _SAME_DEPTH_M


def _level(
    tube: Tube, options: ClassifyOptions, times: float = 1.0, *, thickest: float = 1.0
) -> bool:
    chord = chord_of(tube)
    slope = math.degrees(math.asin(abs(chord[2]) / float(np.linalg.norm(chord))))
    thin = 2.0 * tube.radius_m <= thickest * options.max_strut_diameter_m
    return slope <= times * options.strut_level_deg and thin


def _depth(tube: Tube, ground: Ground) -> float:
    elevation, _ = ground.elevation_at(np.array([middle_of(tube)[:2]]))
    return float(elevation[0]) - float(middle_of(tube)[2])


def _like_a_strut(tube: Tube, mains: list[Tube], ground: Ground, options: ClassifyOptions) -> bool:
    chord = chord_of(tube)
    if not _level(tube, options):
        return False
    least = 90.0 - options.strut_perpendicular_deg
    level = chord * np.array([1.0, 1.0, 0.0])
    square = polyline.acute_deg(level, trench_direction(ground, middle_of(tube))) > least
    if not mains:
        return square
    main = min(mains, key=lambda m: float(np.linalg.norm(m.nodes - middle_of(tube), axis=1).min()))
    nearest = main.nodes[int(np.argmin(np.linalg.norm(main.nodes - middle_of(tube), axis=1)))]
    above = float(middle_of(tube)[2]) > float(nearest[2]) + main.radius_m
    return above and (square or squarest_deg(tube, main) > least)


def _twins(first: Tube, second: Tube, most: float = _SAME_SIZE) -> bool:
    return abs(math.log(first.radius_m / second.radius_m)) < most
