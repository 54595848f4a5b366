"""Where a pipe goes on with another diameter, as behind a reducer or where the material changes."""

import math
from typing import NamedTuple

import numpy as np

from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import BoolArray, FloatArray, IntArray

_LEAST_SLICES = 4
_LEAST_M = 0.8
"""What each side of a step must show."""
_LEAST_SHARE = 0.03
_SCATTERS = 3.0
_SIGMAS = 6.0
"""A step's least height: in radii, in scatters of the slices beside it, in its own sigmas."""
_CLEARER_THAN_A_SLOPE = 0.5
"""Most of a slope's sum of squares that a step leaves: drift changes a radius little by little."""
_MAD_TO_STD = 1.4826


class _Slices(NamedTuple):
    """Radii of the slices of a tube. S = slices."""

    radius_m: FloatArray
    first: IntArray
    """(S,) first node of each."""
    last: IntArray


def constant_part(tube: Tube) -> Run | None:
    """Return the longer part of a tube whose radius steps, None where it does not."""
    slices = _slices(tube)
    at = _step(slices, tube)
    if at is None:
        return None
    parts = ((0, at - 1), (at, len(slices.radius_m) - 1))
    first, last = max(parts, key=lambda part: int(slices.last[part[1]] - slices.first[part[0]]))
    # the slice next to the step shows something of both radii, or of the cone between them
    inner = slice(first if first == 0 else first + 1, last + 1 if first else last)
    begin, end = int(slices.first[inner.start]), int(slices.last[inner.stop - 1])
    begin = 0 if first == 0 else begin
    end = len(tube.nodes) - 1 if first else end
    axis = tube.nodes[begin : end + 1]
    radius_m = float(np.median(slices.radius_m[inner]))
    return Run(axis, radius_m, np.ones(len(axis), bool), 0)


def _slices(tube: Tube) -> _Slices:
    """Return the slices whose own radius is known; a slice's nodes share one value."""
    radius = tube.slice_radius_m
    known = np.flatnonzero(np.isfinite(radius))
    if not len(known):
        return _Slices(np.empty(0), known, known)
    begins = np.append(True, np.diff(radius[known]) != 0.0)
    ends = np.append(begins[1:], True)
    return _Slices(radius[known[begins]], known[begins], known[ends])


def _step(slices: _Slices, tube: Tube) -> int | None:
    """Return the first slice behind the clearest step, None where the radius has none."""
    spacing_m = tube.length_m / max(len(tube.nodes) - 1, 1)
    count = len(slices.radius_m)
    best: tuple[float, int] | None = None
    for at in range(_LEAST_SLICES, count - _LEAST_SLICES + 1):
        before_m = spacing_m * (slices.last[at - 1] - slices.first[0])
        behind_m = spacing_m * (slices.last[-1] - slices.first[at])
        behind = np.arange(count) >= at
        if min(before_m, behind_m) < _LEAST_M or not _is_step(slices.radius_m, behind, tube):
            continue
        left = _left_over(slices.radius_m, behind.astype(float))
        if best is None or left < best[0]:
            best = left, at
    if best is None:
        return None
    slope = _left_over(slices.radius_m, np.arange(count, dtype=float))
    return best[1] if best[0] < _CLEARER_THAN_A_SLOPE * slope else None


def _is_step(radius_m: FloatArray, behind: BoolArray, tube: Tube) -> bool:
    sides = (radius_m[~behind], radius_m[behind])
    middles = [float(np.median(side)) for side in sides]
    off = np.concatenate([side - middle for side, middle in zip(sides, middles, strict=True)])
    scatter = _MAD_TO_STD * float(np.median(np.abs(off)))
    std = 1.25 * scatter * math.sqrt(sum(1.0 / len(side) for side in sides))
    least_m = max(_LEAST_SHARE * tube.radius_m, _SCATTERS * scatter, _SIGMAS * std)
    return abs(middles[1] - middles[0]) >= least_m


def _left_over(radius_m: FloatArray, regressor: FloatArray) -> float:
    """Return what a straight line over a regressor leaves, as sum of squares."""
    design = np.stack([np.ones_like(regressor), regressor], axis=1)
    fitted = design @ np.linalg.lstsq(design, radius_m, rcond=None)[0]
    return float(np.sum((radius_m - fitted) ** 2))
