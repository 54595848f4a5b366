"""Tell the struts that prop a trench from utilities that cross it."""

import math
from collections.abc import Sequence

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.stages.classify.alike import (
    EQUAL,
    HEAVY,
    ONE_MAKE,
    ROW,
    SAME_DEPTH_M,
    SAME_SIZE,
    aside_in_plan_m,
    aside_m,
    depth_of,
    in_line,
    is_level,
    is_shallow,
    mates,
    of_a_size,
)
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
from twin_pipeline.stages.classify.parallel import (
    hang_as_struts,
    is_one_of_a_shallow_pair,
    stands_in_a_parallel_row,
)
from twin_pipeline.stages.classify.uneven import varies_in_size

_EXACT_DEG = 1.0
_EXACT_DIAMETER_M, _EXACT_DEEPER_M = 0.1, 0.1
"""Struts are set level and square; a utility so thin that lies so by chance, and so shallow, is
far less likely."""
_WEDGED_ASKEW = 3.0
_PAVED_M = 0.3
"""Cover of what lies among the layers of the road itself, where no pipe is laid across."""
_ONE_PLANE_M = 0.25
"""How far aside of each other, in plan, the struts of two rows stand, one below the other."""
_BANK_M, _BANK_DEG = 0.5, 10.0
"""Distance of parallel tubes between which nobody could work: a bank of ducts, no struts."""


def struts_among(
    tubes: list[Tube], mains: list[Tube], ground: Ground, options: ClassifyOptions,
    rough: Sequence[Tube] = (), hanging: Sequence[Tube] = (),
) -> list[Tube]:  # fmt: skip
    """Return the tubes that prop the walls: thin, level, square to the trench, above the main.

    Utilities that cross look the same. They lie deeper than the shallowest cover that the rules
    allow, hardly deeper than that if they are not of one size, as a telescopic strut is not, and no
    second one of about the same size crosses at the same depth or on the same line, as the halves
    of one do; nor do two of one size cross at one depth below a row of that size, or one straight
    below a strut; or they lie as close to each other as ducts in a bank.

    Parameters
    ----------
    rough
        What is too uneven for a pipe. It may be a strut all the same, and tell others of its row.
    hanging
        What hangs over the floor as no pipe does. So may struts in a corner of the trench.
    """
    depth = {id(tube): depth_of(tube, ground) for tube in (*tubes, *rough, *hanging)}
    tubes = _no_ducts(tubes, depth, options)
    props = [tube for tube in tubes if _like_a_strut(tube, mains, ground, options)]
    beside = [tube for tube in rough if _like_a_strut(tube, mains, ground, options)]
    struts = [
        tube
        for tube in props
        if depth[id(tube)] - tube.radius_m < _least_cover_m(tube, ground, options)
        or (varies_in_size(tube) and is_shallow(tube, depth, options))
        or mates(tube, props, depth, SAME_SIZE)
        or any(not in_line(tube, other) for other in mates(tube, beside, depth, ONE_MAKE))
    ]
    level = [tube for tube in tubes if _is_level_alone(tube, mains, options)]
    struts += [
        tube
        for tube in level
        if not among(tube, struts)
        and (
            _in_the_road(tube, depth, options)
            or _is_one_of_a_row(tube, level, depth, options)
            or is_one_of_a_shallow_pair(tube, level, depth, options)
        )
    ]
    upper = hang_as_struts(hanging, ground, options)
    while more := [
        tube
        for tube in tubes
        if not among(tube, struts)
        and (
            _one_more(tube, struts, depth, options)
            or stands_in_a_parallel_row(tube, level, [*struts, *upper], depth, options)
        )
    ]:
        struts += more
    others = [*struts, *beside]
    struts += [
        tube
        for tube in tubes
        if not among(tube, struts) and _is_under_one(tube, others, depth, options)
    ]
    rest = [tube for tube in tubes if not among(tube, struts)]
    return struts + [tube for tube in rest if _of_a_lower_row(tube, rest, struts, depth, options)]


def is_set_as_a_strut(tube: Tube, ground: Ground, options: ClassifyOptions) -> bool:
    """Tell what is thin, level, square to the trench and shallower than any utility may lie."""
    depth = {id(tube): depth_of(tube, ground)}
    return is_shallow(tube, depth, options) and _like_a_strut(tube, [], ground, options)


def is_of_another_row(tube: Tube, struts: list[Tube], options: ClassifyOptions) -> bool:
    """Tell what lies level, parallel to some struts of its size: as below them, in a lower row."""
    row = [
        strut
        for strut in struts
        if of_a_size(tube, strut, EQUAL)
        and polyline.acute_deg(chord_of(tube), chord_of(strut)) < options.strut_perpendicular_deg
    ]
    return len(row) >= ROW and is_level(tube, options)


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
        if of_a_size(tube, strut, EQUAL) and depth[id(tube)] - depth[id(strut)] > SAME_DEPTH_M
    ]
    alike = mates(tube, rest, depth, EQUAL)
    return len(row) >= ROW and bool(alike) and is_level(tube, options)


def _is_under_one(
    tube: Tube, struts: list[Tube], depth: dict[int, float], options: ClassifyOptions
) -> bool:
    """Tell what lies straight below a strut, or above it, in one upright plane with it."""
    return is_level(tube, options) and any(
        abs(depth[id(tube)] - depth[id(strut)]) > SAME_DEPTH_M
        and of_a_size(tube, strut)
        and polyline.acute_deg(chord_of(tube), chord_of(strut)) < _BANK_DEG
        and aside_in_plan_m(tube, strut) < _ONE_PLANE_M
        for strut in struts
    )


def has_mates(tube: Tube, others: list[Tube], ground: Ground) -> bool:
    """Tell whether there are others of about a tube's size and depth."""
    depth = {id(each): depth_of(each, ground) for each in (tube, *others)}
    return bool(mates(tube, others, depth, ONE_MAKE))


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
    alike = mates(tube, others, depth, ONE_MAKE)
    return sum(not in_line(tube, other) for other in alike) >= ROW


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
    if len(mates(tube, struts, depth, EQUAL)) > ROW and is_level(tube, options):
        return True
    row = mates(tube, struts, depth, ONE_MAKE)
    return (
        len(row) >= ROW
        and is_shallow(tube, depth, options)
        and is_level(tube, options, _WEDGED_ASKEW)
    )


def _is_level_alone(tube: Tube, mains: list[Tube], options: ClassifyOptions) -> bool:
    """Tell what lies level and joins no main."""
    return is_level(tube, options, thickest=HEAVY) and not any(
        min(ends_off(tube, main)) < reach_m(main) for main in mains
    )


def _in_the_road(tube: Tube, depth: dict[int, float], options: ClassifyOptions) -> bool:
    return depth[id(tube)] - tube.radius_m < _PAVED_M and is_level(tube, options)


def _is_one_of_a_row(
    tube: Tube, level: list[Tube], depth: dict[int, float], options: ClassifyOptions
) -> bool:
    """Tell struts by their number.

    In a trench that winds none of them need look square to it.
    """
    shallow = [other for other in level if is_shallow(other, depth, options)]
    return among(tube, shallow) and _has_a_row(tube, shallow, depth)


def _in_a_bank(tube: Tube, other: Tube, options: ClassifyOptions) -> bool:
    """Tell whether another tube of a size lies close beside one, as ducts do and struts never."""
    return (
        tube.radius_m + other.radius_m < aside_m(tube, other) < _BANK_M
        and of_a_size(tube, other)
        and is_level(other, options)
        and polyline.acute_deg(chord_of(tube), chord_of(other)) < _BANK_DEG
    )


def _like_a_strut(tube: Tube, mains: list[Tube], ground: Ground, options: ClassifyOptions) -> bool:
    chord = chord_of(tube)
    if not is_level(tube, options):
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
