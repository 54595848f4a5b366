"""Robust planes through scattered elevations, evaluated at points.

Frame: local, metres. S = points asked for, G = elevations.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_OCTANTS = 8
_MIN_NEIGHBOURS = 8
_FIRST_ROUNDS = 6
_ROUNDS = 12
_LEAST_DEVIATION_M = 0.003
_AGREED = 0.85
"""Share of elevations from which on one plane explains them."""
_TILT_SIGMAS = 4.0
_SMOOTHER = 1.5
"""How much smoother each side must be for itself than one plane through both."""
_SHARPNESS = 6.0
"""How fast the doubt whether another plane is the right one falls with its support."""


@jit(cache=True, nogil=True, parallel=True)
def neighbours_within(
    points: FloatArray, elevations: FloatArray, reach_m: float
) -> tuple[IntArray, IntArray]:
    """List the elevations around each point; all are tried, so that only near ones should be given.

    Parameters
    ----------
    points, elevations
        (S, 2) and (G, 3) metres, local frame.
    reach_m
        Horizontal distance, metres.

    Returns
    -------
    neighbours, first
        (T,) indices of elevations; those around point i are `neighbours[first[i]:first[i + 1]]`,
        rising.
    """
    count = np.zeros(len(points), np.int64)
    for i in prange(len(points)):
        for j in range(len(elevations)):
            count[i] += _within(points, i, elevations, j, reach_m)
    first = np.zeros(len(points) + 1, np.int64)
    first[1:] = np.cumsum(count)
    neighbours = np.empty(first[-1], np.int64)
    for i in prange(len(points)):
        found = first[i]
        for j in range(len(elevations)):
            if _within(points, i, elevations, j, reach_m):
                neighbours[found] = j
                found += 1
    return neighbours, first


@jit(cache=True, nogil=True, inline="always")
def _within(points: FloatArray, i: int, elevations: FloatArray, j: int, reach_m: float) -> bool:
    dx = elevations[j, 0] - points[i, 0]
    dy = elevations[j, 1] - points[i, 1]
    return bool(dx * dx + dy * dy <= reach_m * reach_m)


@jit(cache=True, nogil=True, parallel=True)
def planes_at(
    points: FloatArray,
    elevations: FloatArray,
    neighbours: IntArray,
    first: IntArray,
    per_octant: int,
    scale_m: float,
    most_tilt: float,
) -> tuple[FloatArray, FloatArray]:
    """Fit a plane robustly around each point, the nearest that agree weighing most.

    Neighbours are thinned so that each eighth of the horizon counts evenly; elevations should
    stand in an order that keeps neighbours together, so that this thins evenly near and far. Least
    absolute deviations come first: a plank must not tilt the start. They follow a heap or a footway
    that is all there is on one side; where one plane does not explain nearly all, each half of the
    horizon makes a start too.

    Parameters
    ----------
    points, elevations
        (S, 2) and (G, 3) metres, local frame.
    neighbours, first
        (T,) indices of elevations; those around point i are `neighbours[first[i]:first[i + 1]]`.
    per_octant
        About how many neighbours to keep in each eighth of the horizon.
    scale_m
        Least residual that goes without weight, metres.
    most_tilt
        Slope of a plane against the pavement on either side of a point, from which on it is held to
        climb from one level to another; infinite not to look.

    Returns
    -------
    height, std
        (S,) metres; NaN where fewer than 8 neighbours are given.
    """
    height = np.full(len(points), np.nan)
    std = np.full(len(points), np.nan)
    for i in prange(len(points)):
        own = neighbours[first[i] : first[i + 1]]
        if len(own) >= _MIN_NEIGHBOURS:
            offset = _spread_evenly(points[i], elevations, own, per_octant)
            height[i], std[i] = _robust_plane(offset, scale_m, most_tilt)
    return height, std


@jit(cache=True, nogil=True)
def _spread_evenly(
    point: FloatArray, elevations: FloatArray, own: IntArray, per_octant: int
) -> FloatArray:
    """Return (K, 3) offsets in x and y, and elevations, of the neighbours that are kept."""
    count = len(own)
    octant = np.empty(count, np.int64)
    held = np.zeros(_OCTANTS, np.int64)
    for j in range(count):
        dx = elevations[own[j], 0] - point[0]
        dy = elevations[own[j], 1] - point[1]
        octant[j] = _octant(dx, dy)
        held[octant[j]] += 1
    seen = np.zeros(_OCTANTS, np.int64)
    kept = np.empty((count, 3))
    k = 0
    for j in range(count):
        o = octant[j]
        if seen[o] % max(held[o] // per_octant, 1) == 0:
            kept[k, 0] = elevations[own[j], 0] - point[0]
            kept[k, 1] = elevations[own[j], 1] - point[1]
            kept[k, 2] = elevations[own[j], 2]
            k += 1
        seen[o] += 1
    return kept[:k]


@jit(cache=True, nogil=True, inline="always")
def _octant(dx: float, dy: float) -> int:
    """Return in which eighth of the horizon a direction lies, 0 ... 7 from west through south."""
    upper = dy > 0.0 or (dy == 0.0 and dx > 0.0)
    if not upper:
        dx, dy = -dx, -dy
    number = int(dy >= dx) if dx > 0.0 else 2 + int(dy <= -dx)
    return number + 4 if upper else number


@jit(cache=True, nogil=True)
def _robust_plane(kept: FloatArray, scale_m: float, most_tilt: float) -> tuple[float, float]:
    """Return height and standard deviation at offset 0.

    Where elevations stand on two levels, the plane that most of the near ones agree with is taken;
    how nearly the other would have been is part of the standard deviation.
    """
    everywhere = np.ones(len(kept), np.bool_)
    weights, _ = _start(kept, everywhere, scale_m)
    side = _stepped_side(kept, weights, scale_m, most_tilt) if most_tilt < np.inf else -1
    if side >= 0:
        sides = np.zeros(_OCTANTS + 1, np.bool_)
        sides[side] = sides[side + _OCTANTS // 2] = True
        return _of_several(kept, scale_m, sides)
    if _support(kept, weights, scale_m) >= _AGREED:
        return _settled(kept, weights, scale_m, np.inf)
    return _of_several(kept, scale_m, np.ones(_OCTANTS + 1, np.bool_))


@jit(cache=True, nogil=True)
def _stepped_side(kept: FloatArray, weights: FloatArray, scale_m: float, most_tilt: float) -> int:
    """Return the half of the horizon that lies on a level of its own; -1 where none does."""
    _, slope_x, slope_y, _ = _weighted_plane(kept, weights)
    rough = float(np.median(np.abs(_residuals(kept, weights))))
    found, most = -1, most_tilt
    for side in range(_OCTANTS // 2):
        first, second = _half(kept, side), _half(kept, side + _OCTANTS // 2)
        if min(first.sum(), second.sum()) < _MIN_NEIGHBOURS:
            continue
        across_x = float(np.mean(kept[second, 0]) - np.mean(kept[first, 0]))
        across_y = float(np.mean(kept[second, 1]) - np.mean(kept[first, 1]))
        apart = math.hypot(across_x, across_y)
        one = _tilt(kept, first, slope_x, slope_y, across_x / apart, across_y / apart, scale_m)
        other = _tilt(kept, second, slope_x, slope_y, across_x / apart, across_y / apart, scale_m)
        smooth = max(one[2], other[2])
        tilt = min(abs(one[0]), abs(other[0]))
        sure = min(abs(one[0]) / one[1], abs(other[0]) / other[1]) > _TILT_SIGMAS
        if sure and one[0] * other[0] > 0.0 and tilt > most and rough > _SMOOTHER * smooth:
            found, most = side, tilt
    return found


@jit(cache=True, nogil=True)
def _tilt(
    kept: FloatArray,
    own: BoolArray,
    slope_x: float,
    slope_y: float,
    across_x: float,
    across_y: float,
    scale_m: float,
) -> tuple[float, float, float]:
    """Return how some elevations tilt against a slope across, its std, and their roughness."""
    weights, _ = _start(kept, own, scale_m)
    _, own_x, own_y, _ = _weighted_plane(kept, weights)
    rough = float(np.median(np.abs(_residuals(kept, weights)[own])))
    width = float(np.std(kept[own, 0] * across_x + kept[own, 1] * across_y))
    # a tenth of the pieces, as they share their errors
    std = 1.4826 * rough / max(width * math.sqrt(0.1 * own.sum()), 1e-9)
    tilt = (own_x - slope_x) * across_x + (own_y - slope_y) * across_y
    return tilt, max(std, 1e-9), rough


@jit(cache=True, nogil=True)
def _half(kept: FloatArray, side: int) -> BoolArray:
    """Tell which elevations lie in a half of the horizon, of which there are eight."""
    own = np.zeros(len(kept), np.bool_)
    for j in range(len(kept)):
        own[j] = (_octant(kept[j, 0], kept[j, 1]) - side) % _OCTANTS < _OCTANTS // 2
    return own


@jit(cache=True, nogil=True)
def _start(kept: FloatArray, own: BoolArray, scale_m: float) -> tuple[FloatArray, float]:
    """Fit least absolute deviations to some; return weights and the residual that goes without."""
    weights = own.astype(np.float64)
    for _ in range(_FIRST_ROUNDS):
        residual = _residuals(kept, weights)
        for j in range(len(kept)):
            weights[j] = 1.0 / max(abs(residual[j]), _LEAST_DEVIATION_M) if own[j] else 0.0
    return weights, _limit(np.abs(residual[own]), scale_m)


@jit(cache=True, nogil=True)
def _limit(deviation: FloatArray, scale_m: float) -> float:
    return max(4.0 * 1.4826 * float(np.median(deviation)), scale_m)


@jit(cache=True, nogil=True)
def _residuals(kept: FloatArray, weights: FloatArray) -> FloatArray:
    height, slope_x, slope_y, _ = _weighted_plane(kept, weights)
    residual = np.empty(len(kept))
    for j in range(len(kept)):
        residual[j] = kept[j, 2] - height - slope_x * kept[j, 0] - slope_y * kept[j, 1]
    return residual


@jit(cache=True, nogil=True)
def _near_weight(kept: FloatArray, j: int) -> float:
    return 1.0 / (1.0 + math.hypot(kept[j, 0], kept[j, 1])) ** 2


@jit(cache=True, nogil=True)
def _support(kept: FloatArray, weights: FloatArray, limit: float) -> float:
    """Return which share of the elevations, the near ones weighing most, agrees with a plane."""
    residual = _residuals(kept, weights)
    agreed = total = 0.0
    for j in range(len(kept)):
        near = _near_weight(kept, j)
        total += near
        if abs(residual[j]) < limit:
            agreed += near
    return agreed / total


@jit(cache=True, nogil=True)
def _of_several(kept: FloatArray, scale_m: float, sides: BoolArray) -> tuple[float, float]:
    """Begin from halves of the horizon, the last from all; take the plane that has most support."""
    count = len(kept)
    starts = np.empty((_OCTANTS + 1, count))
    starts[_OCTANTS], limit = _start(kept, np.ones(count, np.bool_), scale_m)
    begun = np.zeros(_OCTANTS + 1, np.bool_)
    begun[_OCTANTS] = sides[_OCTANTS]
    for side in range(_OCTANTS):
        own = _half(kept, side)
        if sides[side] and own.sum() >= _MIN_NEIGHBOURS:
            begun[side] = True
            starts[side], own_limit = _start(kept, own, scale_m)
            limit = min(limit, own_limit)
    height, std, support = np.zeros(len(starts)), np.zeros(len(starts)), np.zeros(len(starts))
    for k in range(len(starts)):
        if begun[k]:
            height[k], std[k] = _settled(kept, starts[k], scale_m, limit)
            support[k] = _support(kept, starts[k], limit)
    best = np.argmax(support)
    variance = std[best] ** 2
    for k in range(len(starts)):
        apart = height[k] - height[best]
        if begun[k] and abs(apart) > limit:
            doubt = (support[k] / support[best]) ** _SHARPNESS
            variance = max(variance, std[best] ** 2 + doubt * apart**2)
    return height[best], math.sqrt(variance)


@jit(cache=True, nogil=True)
def _settled(
    kept: FloatArray, weights: FloatArray, scale_m: float, most_m: float
) -> tuple[float, float]:
    """Refine weights in place, of elevations within a limit; return height and std at offset 0."""
    count = len(kept)
    for _ in range(_FIRST_ROUNDS, _ROUNDS):
        residual = _residuals(kept, weights)
        limit = min(_limit(np.abs(residual), scale_m), most_m)
        for j in range(count):
            share = max(1.0 - (residual[j] / limit) ** 2, 0.0)
            weights[j] = _near_weight(kept, j) * share**2
    total = squares = 0.0
    used = 0
    for j in range(count):
        total += weights[j]
        squares += weights[j] * residual[j] ** 2
        used += weights[j] > 0.0
    height, _, _, cofactor = _weighted_plane(kept, weights)
    variance = squares / max(total, 1e-12)
    # pieces of pavement share their errors (texture, slope changes): count a tenth of them
    share = total * 10.0 / max(used, 1)
    return height, math.sqrt(max(variance * cofactor * share, 0.0))


@jit(cache=True, nogil=True)
def _weighted_plane(kept: FloatArray, weights: FloatArray) -> tuple[float, float, float, float]:
    """Return height at offset 0, slopes in x and y, and the height's cofactor."""
    w = x = y = z = xz = yz = 0.0
    xx = yy = 1e-9
    xy = 0.0
    for j in range(len(kept)):
        p, q, e, g = kept[j, 0], kept[j, 1], kept[j, 2], weights[j]
        w += g
        x += g * p
        y += g * q
        z += g * e
        xx += g * p * p
        yy += g * q * q
        xy += g * p * q
        xz += g * p * e
        yz += g * q * e
    minor_w, minor_x, minor_y = xx * yy - xy * xy, x * yy - xy * y, x * xy - xx * y
    determinant = w * minor_w - x * minor_x + y * minor_y
    if determinant <= 0.0:
        return z / max(w, 1e-12), 0.0, 0.0, 1.0 / max(w, 1e-12)
    height = (z * minor_w - xz * minor_x + yz * minor_y) / determinant
    slope_x = (-z * minor_x + xz * (w * yy - y * y) - yz * (w * xy - x * y)) / determinant
    slope_y = (z * minor_y - xz * (w * xy - x * y) + yz * (w * xx - x * x)) / determinant
    return height, slope_x, slope_y, minor_w / determinant
