"""Find what stands out of the floor in long lines, as thin pipes do, from heights alone.

Noise of half a radius leaves no patch of surface a normal. The mean height of a strip as wide as a
pipe and a quarter of a metre long is known to millimetres all the same: along a pipe it is higher
than what lies on either side, again and again in one line.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin_pipeline.kernels import strips
from twin_pipeline.model import BoolArray, FloatArray

_STEP_M, _STRIP_M = 0.25, 0.006
_MOST_STRIPS = 4000
_COARSE_STEPS, _COARSE_STRIPS = 2, 50
_LOW, _OVER_LOW_M = 0.1, 0.3
_HEIGHT_M, _HEIGHTS = 0.001, 1 << 20
"""Steps in which heights are told apart to find the lowest, and how many there may be."""
_CROWN, _FLANK, _BESIDE_M = 0.6, 1.2, 0.03
"""Of the radius: half of what is taken for the crown, where the flanks begin, and how wide they
are at least."""
_STANDS_OUT, _SHALLOW = 0.35, 0.15
"""Of the radius, by which a crown is higher than its flanks, and what soil does on its own."""
_SURELY, _NOT = 3.0, -1.5
_FEW = 3
_UNEVEN, _NOISE_M, _AIR_M = 0.25, 0.015, 0.2
"""What a crown's points spread by at most: part of the radius, and noise; and how far the floor may
lie below the pipe."""
_AWRY = 0.45
"""Most that a line turns off its course, as a slope."""
_TURN = 0.06
"""Price of a strip that a line shifts by from step to step."""
_LONG_M, _HIDDEN_M = 2.0, 2.0
_MOST_LINES = 3
_APART = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """A line that stands out of the floor."""

    crest: FloatArray
    """(K, 3) local frame, metres, every quarter of a metre along the course."""
    radius_m: float
    """Of the pipe that stands out so, roughly."""
    strength: float
    """How surely it stands out, summed along it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Heights:
    """Points in strips along a course: S steps, T strips."""

    count: FloatArray
    """(S, T + 1) of points up to each strip, as running sums like those that follow."""
    total: FloatArray
    square: FloatArray
    first_m: FloatArray
    """(2,) along and across, where steps and strips begin."""
    mean_z_m: float


def ridges(xyz: FloatArray, course: FloatArray, radii_m: tuple[float, ...]) -> list[Ridge]:
    """Return lines along a course (2,), a unit vector, that stand out, the surest first.

    Parameters
    ----------
    xyz
        (N, 3) points of an excavation, metres, local frame.
    radii_m
        Of pipes that there may be.
    """
    heights = _heights(xyz, course)
    if heights is None:
        return []
    found = [ridge for radius_m in radii_m for ridge in _lines(heights, course, radius_m)]
    return sorted(found, key=lambda ridge: -ridge.strength)


def _heights(xyz: FloatArray, course: FloatArray) -> _Heights | None:
    first_m, last_m = strips.extent(xyz, course)
    strip_m = np.array([_STEP_M, _STRIP_M])
    steps, wide = ((last_m - first_m) / strip_m).astype(np.int64) + 1
    if wide > _MOST_STRIPS:
        return None
    cell_m = strip_m * (_COARSE_STEPS, _COARSE_STRIPS)
    bound = _just_above_the_lowest(xyz, course, first_m, last_m, cell_m)
    middle = float(xyz[:, 2].mean())
    sums = strips.sums(xyz, course, first_m, strip_m, steps, wide, bound, cell_m, middle)
    return _Heights(sums[0], sums[1], sums[2], first_m, middle)


def _just_above_the_lowest(
    xyz: FloatArray, course: FloatArray, first_m: FloatArray, last_m: FloatArray, cell_m: FloatArray
) -> FloatArray:
    """Return below which height points are near what is lowest in each cell: no struts, no walls.

    Returns
    -------
    (cells along, cells across)
    """
    shape = ((last_m - first_m) / cell_m).astype(np.int64) + 1
    lowest_m = float(xyz[:, 2].min())
    keys = strips.height_keys(
        xyz, course, first_m, cell_m, shape[1], lowest_m, _HEIGHT_M, _HEIGHTS
    )  # fmt: skip
    keys.sort()
    begin = np.searchsorted(keys, np.arange(shape.prod() + 1) * _HEIGHTS)
    low = begin[:-1] + (_LOW * np.diff(begin)).astype(np.int64)
    # of a cell without points this is some other's: nothing asks for it
    floor_m = lowest_m + (keys[np.minimum(low, len(keys) - 1)] % _HEIGHTS) * _HEIGHT_M
    return np.asarray((floor_m + _OVER_LOW_M).reshape(shape))


def _lines(heights: _Heights, course: FloatArray, radius_m: float) -> Iterator[Ridge]:
    """Yield the lines in which strips of one radius stand out, each without those before it."""
    sureness, crown_m = _standing_out(heights, radius_m)
    for _ in range(_MOST_LINES):
        line = strips.best_line(sureness, int(_AWRY * _STEP_M / _STRIP_M), _TURN)
        score = sureness[np.arange(len(line)), line]
        for first, last in _stretches(score):
            steps = np.arange(first, last)
            along = heights.first_m[0] + (steps + 0.5) * _STEP_M
            across = heights.first_m[1] + (line[steps] + 0.5) * _STRIP_M
            crest = np.column_stack([
                along * course[0] - across * course[1],
                along * course[1] + across * course[0],
                heights.mean_z_m + _over_gaps(crown_m[steps, line[steps]], score[steps] > 0.0),
            ])  # fmt: skip
            yield Ridge(crest, radius_m, float(score[steps].sum()))
        apart = int(_APART * radius_m / _STRIP_M)
        taken = np.abs(np.arange(sureness.shape[1])[None] - line[:, None]) <= apart
        sureness = np.where(taken, _NOT, sureness)


def _standing_out(heights: _Heights, radius_m: float) -> tuple[FloatArray, FloatArray]:
    """Return how surely each strip (S, T) is the crown of a pipe, and how high it is there."""
    half = max(round(_CROWN * radius_m / _STRIP_M), 1)
    near = round(_FLANK * radius_m / _STRIP_M)
    far = near + round(max(radius_m, _BESIDE_M) / _STRIP_M)
    crown, spread_m, crown_std = _means(heights, -half, half)
    left, _, left_std = _means(heights, -far, -near)
    right, _, right_std = _means(heights, near, far)
    out = crown - np.maximum(left, right)
    flank_std = np.where(left > right, left_std, right_std)
    std = np.sqrt(crown_std**2 + flank_std**2 + (_SHALLOW * radius_m) ** 2)
    sure = np.clip((out - _STANDS_OUT * radius_m) / std, _NOT, _SURELY)
    # a wall, or its foot, is neither as even as a crown nor seen on both sides
    even = spread_m < _UNEVEN * radius_m + _NOISE_M
    seen = np.isfinite(crown_std + left_std + right_std)
    return np.where(even & seen & (out < 2.0 * radius_m + _AIR_M), sure, _NOT), crown


def _means(heights: _Heights, first: int, last: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean heights of strips from a first to a last one, counted from each.

    Returns
    -------
    mean, spread, std
        (S, T) metres; the last of the mean, infinite where too few points tell it.
    """
    strips = heights.count.shape[1] - 1
    at = np.arange(strips)
    low, high = np.clip(at + first, 0, strips), np.clip(at + last + 1, 0, strips)
    count, total, square = (
        sums[:, high] - sums[:, low] for sums in (heights.count, heights.total, heights.square)
    )
    n = np.maximum(count, 1.0)
    mean = total / n
    spread = np.sqrt(np.maximum(square / n - mean * mean, 1e-6))
    return mean, spread, np.where(count < _FEW, np.inf, spread / np.sqrt(n))


def _stretches(score: FloatArray) -> Iterator[tuple[int, int]]:
    """Yield first and last steps of stretches along a line that stand out, over what is hidden."""
    smooth = np.convolve(score, np.ones(3) / 3.0, "same")
    seen = np.flatnonzero(smooth > 0.5)
    if len(seen) == 0:
        return
    breaks = np.flatnonzero(np.diff(seen) * _STEP_M > _HIDDEN_M)
    firsts = [seen[0], *seen[breaks + 1]]
    lasts = [*seen[breaks], seen[-1]]
    for first, last in zip(firsts, lasts, strict=True):
        within = (seen >= first) & (seen <= last)
        if int(within.sum()) * _STEP_M >= _LONG_M:
            yield int(first), int(last) + 1


def _over_gaps(values: FloatArray, known: BoolArray) -> FloatArray:
    at = np.arange(len(values))
    return values if not known.any() else np.interp(at, at[known], values[known])
