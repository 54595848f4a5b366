"""Tell struts by others that they stand parallel to, where a trench bends and none looks square."""

from collections.abc import Sequence

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.stages.classify.alike import (
    EQUAL,
    ONE_MAKE,
    depth_of,
    in_line,
    is_level,
    mates,
    of_a_size,
)
from twin_pipeline.stages.classify.lying import among, chord_of, middle_of
from twin_pipeline.stages.classify.options import ClassifyOptions

_PARALLEL_DEG = 2.0
"""Struts of one leg of a trench are each set square to its walls; utilities cross at any angle."""
_BELOW_M = 0.3
"""So near in plan one strut stands below another, held by the same soldier beams."""


def is_one_of_a_shallow_pair(
    tube: Tube, level: list[Tube], depth: dict[int, float], options: ClassifyOptions
) -> bool:
    """Tell what lies shallower than any utility may, as does another of its size beside it."""
    shallow = [
        each
        for each in level
        if depth[id(each)] - each.radius_m < options.utility_cover_m and is_level(each, options)
    ]
    alike = mates(tube, _parallel(tube, shallow), depth, EQUAL)
    return among(tube, shallow) and bool(alike)


def stands_in_a_parallel_row(
    tube: Tube, level: list[Tube], struts: list[Tube], depth: dict[int, float],
    options: ClassifyOptions,
) -> bool:  # fmt: skip
    """Tell what stands parallel to a strut of its make: right below, at its height, or in a row.

    Parameters
    ----------
    level
        What lies level and joins no main, struts that are told among them.
    """
    told = [strut for strut in _parallel(tube, struts) if of_a_size(tube, strut, ONE_MAKE)]
    row = mates(tube, [*told, *_parallel(tube, level)], depth, ONE_MAKE)
    set_so = bool(told and row) or any(_is_right_above(strut, tube) for strut in told)
    return among(tube, level) and is_level(tube, options) and set_so


def hang_as_struts(hanging: Sequence[Tube], ground: Ground, options: ClassifyOptions) -> list[Tube]:
    """Return what of that which hangs over the floor is level and shallower than any utility."""
    return [
        tube
        for tube in hanging
        if is_level(tube, options)
        and depth_of(tube, ground) - tube.radius_m < options.utility_cover_m
    ]


def _is_right_above(strut: Tube, tube: Tube) -> bool:
    """Tell whether the middle of a tube of a strut's very size is below that strut."""
    from_strut = np.linalg.norm(strut.nodes[:, :2] - middle_of(tube)[:2], axis=1)
    return of_a_size(tube, strut, EQUAL) and float(from_strut.min()) < _BELOW_M


def _parallel(tube: Tube, others: list[Tube]) -> list[Tube]:
    """Return what stands parallel to a tube and beside it."""
    return [
        other
        for other in others
        if other is not tube
        and polyline.acute_deg(chord_of(tube), chord_of(other)) < _PARALLEL_DEG
        and not in_line(tube, other)
    ]
