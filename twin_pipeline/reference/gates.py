"""Judges covers by the rules, and deviations by the tolerances."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from twin_pipeline.digits import sigma
from twin_pipeline.geometry.deviation import Deviations, deviations
from twin_pipeline.model import DesignLine, FloatArray, Gate, Pipe, Role, Survey
from twin_pipeline.reference.options import CoverOptions, DesignOptions

_THROUGH_M = 2.0


def cover_gates(pipes: Sequence[Pipe], options: CoverOptions) -> tuple[Gate, ...]:
    """Judge the least cover of each main.

    道路法施行令第11条の3 wants the crown of a water main deeper than 1.2 m below the road, or 0.6 m
    where that can't be helped. A cover in between passes, and is told; only a main within the
    lesser fails.
    """
    mains = [pipe for pipe in pipes if pipe.role is Role.MAIN and pipe.cover_min_m is not None]
    return tuple(_cover_gate(pipe, options) for pipe in mains)


def _cover_gate(pipe: Pipe, options: CoverOptions) -> Gate:
    least_m = pipe.cover_min_m or 0.0
    std_m = pipe.cover_std_m or 0.0
    measured = f"{pipe.pipe_id}: least cover {least_m:.3f} m ± {sigma(std_m, 3)} m"
    passed = least_m > options.least_m
    if least_m > options.regular_m:
        finding = f"more than {options.regular_m:g} m"
    elif passed:
        finding = (
            f"not more than {options.regular_m:g} m, but more than {options.least_m:g} m, which "
            "is allowed where it can't be helped"
        )
    else:
        finding = f"not more than {options.least_m:g} m"
    limits = (options.least_m, options.regular_m)
    if any(abs(least_m - limit) <= 2.0 * std_m for limit in limits):
        finding += "; too close to the limit to be sure"
    return Gate("cover", passed=passed, detail=f"{measured}: {finding}")


def design_gates(
    survey: Survey, design: Sequence[DesignLine], options: DesignOptions
) -> tuple[Gate, ...]:
    """Judge each pipe that follows a designed line.

    Mains that follow no line fail, as nothing was compared; so does a designed line through the
    excavation that no pipe follows.
    """
    compared = [(pipe, deviations(pipe, design)) for pipe in survey.pipes]
    unlaid = [
        line
        for line in design
        if _dug_up(line, survey.trench)
        and all(deviations(pipe, (line,)) is None for pipe in survey.pipes)
    ]
    gates = [gate for pipe, found in compared for gate in _pipe_gates(pipe, found, options)]
    gates += [
        Gate("design", passed=False, detail=f"no pipe was found along {_called(line)}")
        for line in unlaid
    ]
    return tuple(gates)


def _dug_up(line: DesignLine, trench: Sequence[FloatArray]) -> bool:
    """Whether a line runs through the excavation, not merely across it."""
    path = shapely.linestrings(line.vertices[:, :2])
    dug = shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in trench])
    return float(shapely.length(shapely.intersection(path, dug))) > _THROUGH_M


def _called(line: DesignLine) -> str:
    return f"the designed line {line.name!r}" if line.name else "the designed line"


def _pipe_gates(pipe: Pipe, found: Deviations | None, options: DesignOptions) -> Iterator[Gate]:
    if found is None:
        if pipe.role is Role.MAIN:
            detail = f"{pipe.pipe_id}: no designed line lies near it, so nothing was compared"
            yield Gate("design", passed=False, detail=detail)
        return
    limits = (
        ("design plan", found.plan_deviation_m, options.plan_tolerance_m),
        ("design level", found.level_deviation_m, options.level_tolerance_m),
        ("design cover", found.cover_deviation_m, options.cover_tolerance_m),
    )
    for name, values, limit_m in limits:
        gate = _tolerance_gate(name, pipe, values, limit_m)
        if gate is not None:
            yield gate


def _tolerance_gate(name: str, pipe: Pipe, values: FloatArray, limit_m: float) -> Gate | None:
    known = np.isfinite(values)
    if not known.any():
        return None
    worst = int(np.nanargmax(np.abs(values)))
    outside = int(np.count_nonzero(np.abs(values[known]) > limit_m))
    detail = (
        f"{pipe.pipe_id}: {values[worst]:+.3f} m at {pipe.stations.chainage_m[worst]:.2f} m is the "
        f"largest, {limit_m:.3f} m allowed; {outside} of {np.count_nonzero(known)} stations outside"
    )
    return Gate(name, passed=outside == 0, detail=detail)
