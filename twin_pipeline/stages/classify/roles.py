"""Give each tube its role, or tell why it is no pipe of this excavation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import Role
from twin_pipeline.stages.classify.lying import (
    among,
    angle_between,
    ends_off,
    is_longer_than_any_way_across,
    reach_m,
    runs_with_the_trench,
)
from twin_pipeline.stages.classify.options import ClassifyOptions
from twin_pipeline.stages.classify.struts import is_of_another_row, struts_among
from twin_pipeline.stages.classify.struts_in_corners import (
    are_struts_joined,
    is_struts_carried_on,
)
from twin_pipeline.stages.classify.through import passes_through
from twin_pipeline.stages.classify.uneven import is_a_ridge, is_a_row_of_bags, is_hardly_a_tube
from twin_pipeline.stages.classify.unlaid import WINDS, why_unlaid, winds
from twin_pipeline.stages.classify.wales import are_struts_and_wale

_RIDGE_DEG = 20.0
_STRAY = 0.3
"""Share of a ridge's length that may lie aside of the main's hidden stretch."""
_LONG_M, _WIDE_DEG = 2.0, 100.0
_CORNER = "shoring struts that meet in a corner"
_WALE = "shoring struts and the wale that they prop"
_CABLE = "as thin as a cable or a hose along the trench"
_WIDEST_M = 3.0
"""Of a trench: what is longer lies along it, where no ground tells how it runs."""
_AWAY = 0.5
"""Of its length, by which a branch leads away from its main at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """A tube with its role."""

    tube: Tube
    role: Role


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """A tube that is not reported, and why."""

    tube: Tube
    reason: str


def classify(
    tubes: Sequence[Tube],
    ground: Ground | None,
    options: ClassifyOptions,
    hanging: Sequence[Tube] = (),
) -> tuple[list[Classified], list[LeftOut]]:
    """Give each tube its role; without a trench all are `unknown`.

    What hangs over the floor was left out before, but may tell struts.
    """
    if ground is None:
        return _without_roles(tubes, options)
    left_out = []
    buried: list[Tube] = []
    rough: list[Tube] = []
    smooth_m = _smooth(tubes)
    for tube in _by_length(tubes):
        reason = _not_buried(tube, ground, options)
        if reason is None and tube.noise_m > options.max_roughness * smooth_m:
            reason = f"its points scatter by {1000.0 * tube.noise_m:.1f} mm, more than on a pipe"
            rough.append(tube)
        elif reason is None and is_a_ridge(tube, smooth_m):
            reason = "short, rougher than a pipe, and not clear of the ground"
        if reason is None:
            buried.append(tube)
        else:
            left_out.append(LeftOut(tube, reason))
    joined = [tube for tube in buried if are_struts_joined(tube, buried, ground, options)]
    left_out += [LeftOut(tube, _CORNER) for tube in joined]
    buried = [tube for tube in buried if not among(tube, joined)]
    propping = [tube for tube in buried if are_struts_and_wale(tube, buried, ground, options)]
    left_out += [LeftOut(tube, _WALE) for tube in propping]
    buried = [tube for tube in buried if not among(tube, propping)]
    mains = _mains(buried, ground, options)
    others = [tube for tube in buried if not among(tube, mains)]
    ridges = [tube for tube in others if any(_hides(tube, main) for main in mains)]
    left_out += [LeftOut(tube, "soil that hides the main below it") for tube in ridges]
    others = [tube for tube in others if not among(tube, ridges)]
    struts = struts_among(others, mains, ground, options, rough, hanging)
    left_out += [LeftOut(tube, "shoring strut") for tube in struts]
    others = [tube for tube in others if not among(tube, struts)]
    carried = [main for main in mains if is_struts_carried_on(main, struts, ground, options)]
    left_out += [LeftOut(tube, _CORNER) for tube in carried]
    mains = [main for main in mains if not among(main, carried)]
    minor = [Classified(tube, _minor_role(tube, mains)) for tube in others]
    through = [
        item.tube
        for item in minor
        if item.role is Role.CROSSING and any(passes_through(item.tube, main) for main in mains)
    ]
    left_out += [LeftOut(tube, "would have to pass through a main") for tube in through]
    minor = [item for item in minor if not among(item.tube, through)]
    unjoined = [item.tube for item in minor if item.role is Role.UNKNOWN]
    lower = [tube for tube in unjoined if is_of_another_row(tube, struts, options)]
    left_out += [LeftOut(tube, "shoring strut") for tube in lower]
    minor = [item for item in minor if not among(item.tube, lower)]
    doubtful = [tube for tube in unjoined if not among(tube, lower) and is_hardly_a_tube(tube)]
    left_out += [LeftOut(tube, "joined to nothing, and too uneven for a pipe") for tube in doubtful]
    found = [Classified(main, Role.MAIN) for main in mains]
    found += [item for item in minor if not among(item.tube, doubtful)]
    return found, left_out


def _without_roles(
    tubes: Sequence[Tube], options: ClassifyOptions
) -> tuple[list[Classified], list[LeftOut]]:
    found, left_out = [], []
    for tube in _by_length(tubes):
        thin = 2.0 * tube.radius_m < options.max_cable_diameter_m
        if winds(tube):
            left_out.append(LeftOut(tube, WINDS))
        elif thin and tube.length_m > _WIDEST_M:
            left_out.append(LeftOut(tube, _CABLE))
        else:
            found.append(Classified(tube, Role.UNKNOWN))
    return found, left_out


def _by_length(tubes: Sequence[Tube]) -> list[Tube]:
    return sorted(tubes, key=lambda tube: (-tube.length_m, *tube.nodes[0]))


def _smooth(tubes: Sequence[Tube]) -> float:
    """Return how points scatter on the longest tube that is well seen; soil and edges are rougher.

    Infinite where none is.
    """
    well_seen = (
        tube.noise_m
        for tube in _by_length(tubes)
        if tube.length_m >= _LONG_M and float(np.median(tube.arc_deg[tube.observed])) >= _WIDE_DEG
    )
    return next(well_seen, math.inf)


def _not_buried(tube: Tube, ground: Ground, options: ClassifyOptions) -> str | None:
    reason = why_unlaid(tube, ground, options)
    if reason is not None:
        return reason
    if is_a_row_of_bags(tube):
        return "round here and there only, as a row of sandbags is"
    if 2.0 * tube.radius_m < options.max_cable_diameter_m and runs_with_the_trench(tube, ground):
        return _CABLE
    return None


def _mains(tubes: list[Tube], ground: Ground, options: ClassifyOptions) -> list[Tube]:
    """Return the pipes that run with the trench; the longest decides where the others must go.

    Where trenches meet, what runs along another one is a main, too, unless it leaves the longest.
    """
    candidates = [
        tube
        for tube in tubes
        if tube.length_m >= options.min_main_length_m and runs_with_the_trench(tube, ground)
    ]
    if not candidates:
        return []
    first = candidates[0]
    return [first] + [
        tube
        for tube in candidates[1:]
        if tube.length_m >= min(3.0, 0.3 * first.length_m)
        and (
            angle_between(tube, first) < options.max_parallel_deg
            or _has_a_trench_of_its_own(tube, first, ground)
        )
    ]


def _has_a_trench_of_its_own(tube: Tube, first: Tube, ground: Ground) -> bool:
    leaves = min(ends_off(tube, first)) < reach_m(first)
    return not leaves and is_longer_than_any_way_across(tube, ground)


def _hides(tube: Tube, main: Tube) -> bool:
    """Tell the ridge of a mound that lies along a main over a stretch of it that was not seen."""
    distance_m = np.linalg.norm(main.nodes[:, None, :2] - tube.nodes[None, :, :2], axis=2)
    nearest = distance_m.argmin(axis=0)
    beside = distance_m.min(axis=0) > main.radius_m
    below = tube.nodes[:, 2] < main.nodes[nearest, 2]
    if angle_between(tube, main) > _RIDGE_DEG or max(beside.mean(), below.mean()) > _STRAY:
        return False
    return float(main.observed[nearest].mean()) <= _STRAY


def _leaves(tube: Tube, main: Tube) -> bool:
    """Tell whether a tube comes nearest to a main with an end, and leads away from there.

    As short as a trench may show a branch, what counts is how straight it leads away.
    """
    ends, reach = ends_off(tube, main), reach_m(main)
    away = max(ends) > 2.0 * reach or max(ends) - min(ends) > _AWAY * tube.length_m
    nearest = min(float(np.linalg.norm(main.nodes - node, axis=1).min()) for node in tube.nodes)
    return min(ends) < reach and away and nearest > min(ends) - tube.radius_m


def _minor_role(tube: Tube, mains: list[Tube]) -> Role:
    """Return branch where an end meets a main, crossing where it passes one, else unknown."""
    for main in mains:
        if _leaves(tube, main):
            return Role.BRANCH
        plan = shapely.LineString(tube.nodes[:, :2])
        if plan.intersects(shapely.LineString(main.nodes[:, :2])):
            return Role.CROSSING
    return Role.UNKNOWN
