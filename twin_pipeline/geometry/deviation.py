"""Distances from lines: offsets to a boundary, deviations from a design; scan frame, metres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import BoolArray, DesignLine, FloatArray, LevelKind, Pipe

_BEYOND_M = 0.1
"""How far past its ends a line still counts, carried on straight."""

_ALONG = 0.7
"""How far a pipe must get ahead along a designed line, of its own way, to be laid along it."""

_REACH_M = 2.0
"""How far a pipe may lie from a designed line, at the median, to be what was designed there."""


@dataclass(frozen=True, slots=True, eq=False)
class Feet:
    """Where points are nearest to a line in plan. N = points."""

    right_m: FloatArray
    """(N,) distance in plan, positive to the right of the line's direction."""
    values: FloatArray
    """(N, D) the line's columns at the foot."""
    beside: BoolArray
    """(N,) False where the point lies beyond an end of the line."""


def feet(line: FloatArray, points: FloatArray) -> Feet:
    """Return the feet of points on a line.

    Parameters
    ----------
    line
        (K, D) easting, northing, and further columns to be interpolated.
    points
        (N, 2+) easting, northing.

    Raises
    ------
    ValueError
        Where all vertices of the line are the same place in plan.
    """
    vertices = _extended(line)
    steps = np.diff(vertices, axis=0)
    square = np.einsum("ki,ki->k", steps[:, :2], steps[:, :2])
    from_start = points[:, None, :2] - vertices[:-1, :2]
    share = np.clip(np.einsum("nki,ki->nk", from_start, steps[:, :2]) / square, 0.0, 1.0)
    distance = np.linalg.norm(from_start - share[..., None] * steps[:, :2], axis=2)
    nearest = distance.argmin(axis=1)
    rows = np.arange(len(points))
    step, offset, at = steps[nearest], from_start[rows, nearest], share[rows, nearest]
    to_left = step[:, 0] * offset[:, 1] - step[:, 1] * offset[:, 0]
    ends = ((nearest == 0) & (at <= 0.0)) | ((nearest == len(steps) - 1) & (at >= 1.0))
    return Feet(
        right_m=np.copysign(distance[rows, nearest], -to_left),
        values=vertices[nearest] + at[:, None] * step,
        beside=~ends,
    )


def _extended(line: FloatArray) -> FloatArray:
    """Return the line without repeated places, and a little longer at both ends."""
    moved = np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1) > 0.0
    vertices = np.asarray(line, dtype=np.float64)[np.concatenate(([True], moved))].copy()
    if len(vertices) < 2:
        raise ValueError("a line needs two vertices that are at different places")
    head, tail = vertices[0] - vertices[1], vertices[-1] - vertices[-2]
    vertices[0] += head * (_BEYOND_M / np.linalg.norm(head[:2]))
    vertices[-1] += tail * (_BEYOND_M / np.linalg.norm(tail[:2]))
    return vertices


@dataclass(frozen=True, slots=True, eq=False)
class Deviations:
    """A pipe's stations against the design; NaN where there is nothing to compare. S = stations."""

    line: DesignLine
    plan_deviation_m: FloatArray
    """(S,) to the right of the design's direction."""
    level_deviation_m: FloatArray
    """(S,) measured minus designed level."""
    cover_deviation_m: FloatArray
    """(S,) measured minus designed cover. Where the design states none, it is what the designed
    level leaves under the measured ground."""


def deviations(pipe: Pipe, design: Sequence[DesignLine]) -> Deviations | None:
    """Compare a pipe with the designed line that it follows; None where it follows none."""
    stations = pipe.stations
    feet_on = [(line, feet(_columns(line), stations.centre)) for line in design]
    near = [(line, found) for line, found in feet_on if _follows(stations.centre, found)]
    if not near:
        return None
    line, found = min(near, key=lambda pair: _apart_m(pair[1]))
    if _apart_m(found) > _REACH_M:
        return None
    designed_z, designed_cover = found.values[:, 2], found.values[:, 3]
    above = _level_of(pipe, line.level) - designed_z
    cover = stations.cover_m - designed_cover if line.cover_m is not None else -above
    grounded = np.isfinite(stations.cover_m)
    return Deviations(
        line,
        np.where(found.beside, found.right_m, np.nan),
        np.where(found.beside, above, np.nan),
        np.where(found.beside & grounded, cover, np.nan),
    )


def _follows(centre: FloatArray, found: Feet) -> bool:
    """Tell whether stations (S, 3) run along a line, and not across it."""
    if np.count_nonzero(found.beside) < 2:
        return False
    own, on_line = (
        float(np.linalg.norm(np.diff(places[found.beside][[0, -1], :2], axis=0)))
        for places in (centre, found.values)
    )
    return own > 0.0 and on_line >= _ALONG * own


def _columns(line: DesignLine) -> FloatArray:
    cover = np.full(len(line.vertices), np.nan) if line.cover_m is None else line.cover_m
    return np.column_stack((line.vertices, cover))


def _apart_m(found: Feet) -> float:
    return float(np.median(np.abs(found.right_m[found.beside])))


def _level_of(pipe: Pipe, level: LevelKind) -> FloatArray:
    """Return the measured level (S,) of that kind."""
    centre = pipe.stations.centre[:, 2]
    match level:
        case LevelKind.CENTRE:
            return centre
        case LevelKind.CROWN:
            return pipe.stations.crown_z_m
        case LevelKind.INVERT:
            return 2.0 * centre - pipe.stations.crown_z_m
