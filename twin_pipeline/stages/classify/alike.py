"""What struts of one row have in common: depth, size, and that they lie level."""

import math

import numpy as np

from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.stages.classify.lying import chord_of, middle_of
from twin_pipeline.stages.classify.options import ClassifyOptions

SAME_DEPTH_M = 0.12
SAME_SIZE, ONE_MAKE, EQUAL = 0.35, 0.28, 0.05
"""Logarithms of ratios of radii. The halves of a telescopic strut differ by up to a quarter; of
what stands askew its size must tell more."""
ROW = 2
_SIGMAS = 3.0
"""A tube that is by less than so many thicker than the thickest strut may be one for its size."""
HEAVY = 2.0
"""Of the thickest strut's diameter: what of such a size stands in a row props a wide trench."""
_ASIDE_M = 0.5


def mates(tube: Tube, others: list[Tube], depth: dict[int, float], most: float) -> list[Tube]:
    """Return the others of a tube's depth, and of its size up to a logarithm of their ratio."""
    return [
        other
        for other in others
        if other is not tube
        and of_a_size(tube, other, most)
        and abs(depth[id(tube)] - depth[id(other)]) < SAME_DEPTH_M
    ]


def is_shallow(tube: Tube, depth: dict[int, float], options: ClassifyOptions) -> bool:
    """Tell what lies hardly deeper than any utility may."""
    return depth[id(tube)] - tube.radius_m < options.utility_cover_m + SAME_DEPTH_M


def is_level(
    tube: Tube, options: ClassifyOptions, times: float = 1.0, *, thickest: float = 1.0
) -> bool:
    """Tell what lies level, by times as much as a strut, and is not surely thicker than so many."""
    chord = chord_of(tube)
    slope = math.degrees(math.asin(abs(chord[2]) / float(np.linalg.norm(chord))))
    least_m = 2.0 * (tube.radius_m - _SIGMAS * tube.radius_std_m)
    thin = least_m <= thickest * options.max_strut_diameter_m
    return slope <= times * options.strut_level_deg and thin


def depth_of(tube: Tube, ground: Ground) -> float:
    """Return how deep the middle of a tube lies, metres."""
    elevation, _ = ground.elevation_at(np.array([middle_of(tube)[:2]]))
    return float(elevation[0]) - float(middle_of(tube)[2])


def of_a_size(first: Tube, second: Tube, most: float = SAME_SIZE) -> bool:
    """Tell whether the radii of two tubes differ by less than a logarithm of their ratio."""
    return abs(math.log(first.radius_m / second.radius_m)) < most


def in_line(tube: Tube, other: Tube) -> bool:
    """Tell whether a tube, carried on, would pass through the middle of another."""
    return aside_m(tube, other) < _ASIDE_M


def aside_m(tube: Tube, other: Tube) -> float:
    """Return how far from a tube, carried on, the middle of another is."""
    gap, along = middle_of(other) - middle_of(tube), chord_of(tube)
    along = along / np.linalg.norm(along)
    return float(np.linalg.norm(gap - (gap @ along) * along))


def aside_in_plan_m(tube: Tube, other: Tube) -> float:
    """Return the same in plan, whatever their depths."""
    gap, along = (middle_of(other) - middle_of(tube))[:2], chord_of(tube)[:2]
    along = along / np.linalg.norm(along)
    return float(abs(gap[0] * along[1] - gap[1] * along[0]))
