"""Find where a pipe ends at another: tees, saddles, tapping sleeves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray

_END_M = 0.6
"""Length of a branch whose direction counts; the outermost points of it may be the saddle's."""
_SPACING_M = 0.005
_MIN_ANGLE_DEG = 25.0
_NEVER_THICKER = 1.1
_SLACK_M = 0.02


class TeesOptions(BaseModel):
    """Options of tees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_gap_m: float = Field(
        0.35,
        gt=0.0,
        description="longest hidden stretch between a branch and the surface it leaves, metres",
    )
    max_offset: float = Field(
        0.4,
        gt=0.0,
        description="how far a branch's axis may pass by that of its main, in the main's radii",
    )


@dataclass(frozen=True, slots=True)
class Tee:
    """Where a tube ends at another."""

    main: int
    """Number of the tube that goes on."""
    branch: int
    """Number of the tube that ends."""
    at_start: bool
    """Whether it is the first node of the branch that lies there."""
    chainage_m: float
    """Along the main's nodes, where the branch's axis comes nearest to it."""
    angle_deg: float
    """Between the axes, at most 90."""


def find_tees(tubes: Sequence[Tube], options: TeesOptions) -> list[Tee]:
    """Return the ends of tubes that lie at another one, at most one tee an end."""
    return [
        tee
        for branch in range(len(tubes))
        for at_start in (True, False)
        if (tee := _tee(tubes, branch, options, at_start=at_start)) is not None
    ]


def _tee(tubes: Sequence[Tube], branch: int, options: TeesOptions, *, at_start: bool) -> Tee | None:
    end, outward = _end(tubes[branch], at_start=at_start)
    found = [
        (gap, Tee(main, branch, at_start, chainage, angle))
        for main, tube in enumerate(tubes)
        if main != branch and tubes[branch].radius_m <= _NEVER_THICKER * tube.radius_m
        for gap, chainage, angle in _meeting(tube, end, outward, options)
    ]
    return min(found, key=lambda item: item[0], default=(0.0, None))[1]


def _end(tube: Tube, *, at_start: bool) -> tuple[FloatArray, FloatArray]:
    """Return the end (3,) of a tube on the line through its last stretch, and the way out (3,)."""
    nodes = tube.nodes if at_start else tube.nodes[::-1]
    seen = tube.observed if at_start else tube.observed[::-1]
    near = polyline.chainage(nodes) <= _END_M
    last = nodes[near & seen] if np.count_nonzero(near & seen) >= 3 else nodes[:3]
    middle, backwards = polyline.straight_through(last)
    direction = -backwards
    return middle + ((nodes[0] - middle) @ direction) * direction, direction


def _meeting(
    main: Tube, end: FloatArray, outward: FloatArray, options: TeesOptions
) -> list[tuple[float, float, float]]:
    """Return gap to the surface, chainage and angle where a straight line meets a tube, if any."""
    length = main.length_m
    at = np.linspace(0.0, length, max(math.ceil(length / _SPACING_M), 2) + 1)
    line = polyline.along(main.nodes, main.nodes, at)
    ahead = (line - end) @ outward
    aside = np.linalg.norm(line - end - ahead[:, None] * outward, axis=1)
    reach = 3.0 * (main.radius_m + options.max_gap_m)
    within = (np.abs(ahead) <= reach) & (at > 0.0) & (at < length)
    if not within.any():
        return []
    k = int(np.argmin(np.where(within, aside, np.inf)))
    direction = polyline.along(main.nodes, polyline.directions(main.nodes, 0.1), at[[k]])[0]
    angle = polyline.angle_deg(direction, outward)
    angle = min(angle, 180.0 - angle)
    if angle < _MIN_ANGLE_DEG or aside[k] > options.max_offset * main.radius_m + _SLACK_M:
        return []
    gap = float(ahead[k]) * math.sin(math.radians(angle)) - main.radius_m
    if not -2.0 * main.radius_m < gap <= options.max_gap_m:
        return []
    return [(abs(gap), float(at[k]), angle)]
