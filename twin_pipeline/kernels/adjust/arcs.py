"""The longest arc of a cross-section that keeps to a circle.

Frame: local, metres. N = points, S = slices along the axis; a cross-section has SECTORS sectors,
counted from -pi on.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SECTORS = 72
_SHORTEST, _LONGEST = 10, 56
"""Sectors of the arcs that are looked for."""
_CHANCE_SIGMAS = 3.0
_SYSTEMATIC = 0.05
"""Of the noise, by which the mean of a sector on a circle may be off."""
_THICK = 1.2
"""Spread of the points at an end of an arc over that in its middle, from which on they lie on no
surface: a surface that turns away from the scanner is rather thinner."""
_FEW, _ENOUGH, _STRETCHES = 0.25, 12.0, 4
"""Of the points that are usual in an arc, what is far fewer; how many must be usual in a stretch to
tell, and how many such stretches an arc has at least."""
_OFF_CENTRE = 0.7
_THINNEST, _THICKEST = 0.6, 1.6
_START_STD = 0.15
"""How well radius and place are known to begin with, in radii."""
_EQUATIONS = (
    (0, 0, 3), (0, 1, 4), (0, 2, 1), (0, 3, 7), (1, 0, 4), (1, 1, 5), (1, 2, 2), (1, 3, 8),
    (2, 0, 1), (2, 1, 2), (2, 2, 0), (2, 3, 6),
)  # fmt: skip
"""Where which running sum stands in the equations of a circle: row, column, number."""


@jit(cache=True, nogil=True)
def profiles(
    chainage: FloatArray,
    angle: FloatArray,
    residual: FloatArray,
    within: float,
    per_metre: float,
    slices: int,
) -> FloatArray:
    """Return number, mean and spread of the residuals near the shell by slice and sector.

    Parameters
    ----------
    chainage, angle, residual
        (N,) metres, NaN beyond the ends; radians, -pi to pi; metres.
    within
        Least absolute residual that is left out, metres.
    per_metre, slices
        Slices in a metre, and how many there are.

    Returns
    -------
    (3, S, SECTORS), the latter two in metres.
    """
    found = np.zeros((3, slices, SECTORS))
    for i in range(len(chainage)):
        if math.isnan(chainage[i]) or not abs(residual[i]) < within:
            continue
        s = min(int(chainage[i] * per_metre), slices - 1)
        b = int((angle[i] + math.pi) / (2.0 * math.pi) * SECTORS) % SECTORS
        found[0, s, b] += 1.0
        found[1, s, b] += residual[i]
        found[2, s, b] += residual[i] * residual[i]
    for s in range(slices):
        for b in range(SECTORS):
            points = max(found[0, s, b], 1.0)
            mean = found[1, s, b] / points
            found[1, s, b] = mean
            found[2, s, b] = math.sqrt(max(found[2, s, b] / points - mean * mean, 0.0))
    return found


@jit(cache=True, nogil=True)
def longest_arcs(
    profile: FloatArray, noise: float, radius: float, start_radius: float
) -> BoolArray:
    """Return the sectors (S, SECTORS) of the longest arc on a circle in each slice.

    Each arc is fitted with a circle of its own, as contact with soil shows only against that. What
    fills the whole band that residuals are taken from has a mean of nothing, yet no surface there.

    Parameters
    ----------
    profile
        (3, S, SECTORS), result of `profiles`.
    noise, radius, start_radius
        Standard deviation of a point, radius that residuals are counted from, and what it was
        taken for at first; metres.
    """
    slices = profile.shape[1]
    kept = np.zeros((slices, SECTORS), np.bool_)
    margin = _margin(noise, radius)
    for s in range(slices):
        begin, length = _longest_arc(
            profile[0, s], profile[1, s], profile[2, s], noise, radius, start_radius
        )
        for k in range(begin + margin, begin + length - margin):
            kept[s, k % SECTORS] = True
    return kept


@jit(cache=True, nogil=True)
def _margin(noise: float, radius: float) -> int:
    """Return how many sectors at either end of an arc the points of what adjoins it reach into.

    Noise spreads them around the tube as much as off it.
    """
    return max(math.ceil(noise / radius * SECTORS / (2.0 * math.pi)), 1)


@jit(cache=True, nogil=True)
def _longest_arc(
    points: FloatArray,
    mean: FloatArray,
    spread: FloatArray,
    noise: float,
    radius: float,
    start_radius: float,
) -> tuple[int, int]:
    """Return first sector and length of the longest arc, of these the one that fits best; or 0."""
    sums, chances, spreads = _running_sums(points, mean, spread, noise)
    loose = (noise / (_START_STD * start_radius)) ** 2
    for length in range(_LONGEST, _SHORTEST - 1, -1):
        best, least = -1, math.inf
        most = length - 3 + _CHANCE_SIGMAS * math.sqrt(2.0 * (length - 3))
        for begin in range(SECTORS):
            end = begin + length
            if _too_empty(spreads[0], begin, end):
                continue
            if _thick_at_an_end(spreads, begin, end):
                continue
            circle = _fitted(sums, begin, end, loose, start_radius - radius)
            if not _THINNEST < (radius + circle[2]) / start_radius < _THICKEST:
                continue
            if not math.hypot(circle[0], circle[1]) < _OFF_CENTRE * radius:
                continue
            squares = _squares(sums, begin, end, circle)
            if not (squares < least and _squares(chances, begin, end, circle) < most):
                continue
            if _each_on_circle(points, mean, begin, end, circle, noise):
                best, least = begin, squares
        if best >= 0:
            return best, length
    return 0, 0


@jit(cache=True, nogil=True)
def _running_sums(
    points: FloatArray, mean: FloatArray, spread: FloatArray, noise: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return sums over all sectors before one (2 SECTORS + 1), twice around the tube.

    (10, ...) of products of direction and mean weighted by points, and by what chance lets the mean
    be off; (2, ...) of points and of their squared distances from the mean.
    """
    sums, chances = np.zeros((2, 10, 2 * SECTORS + 1))
    spreads = np.zeros((2, 2 * SECTORS + 1))
    for k in range(2 * SECTORS):
        b = k % SECTORS
        x, y = _direction(b)
        m = mean[b]
        products = (1.0, x, y, x * x, x * y, y * y, m, x * m, y * m, m * m)
        variance = noise * noise * (1.0 / max(points[b], 1.0) + _SYSTEMATIC**2)
        for i in range(10):
            sums[i, k + 1] = sums[i, k] + points[b] * products[i]
            chances[i, k + 1] = chances[i, k] + products[i] / variance
        spreads[0, k + 1] = spreads[0, k] + points[b]
        spreads[1, k + 1] = spreads[1, k] + points[b] * spread[b] ** 2
    return sums, chances, spreads


@jit(cache=True, nogil=True)
def _direction(sector: int) -> tuple[float, float]:
    """Return the unit vector towards the middle of a sector."""
    angle = (sector + 0.5) * (2.0 * math.pi / SECTORS) - math.pi
    return math.cos(angle), math.sin(angle)


@jit(cache=True, nogil=True)
def _too_empty(before: FloatArray, begin: int, end: int) -> bool:
    """Tell whether an arc has a sector with far fewer points than the others.

    Where these have few it is a stretch of sectors: of a few points some have none by chance.
    """
    usual = (before[end] - before[begin]) / (end - begin)
    wide = max(math.ceil(_ENOUGH / max(usual, 1e-9)), 1)
    if _STRETCHES * wide > end - begin:
        return True
    # an arc ends where its points do, which half a stretch tells best
    half = wide // 2
    for start in range(begin - half, end - wide + half + 1):
        first, last = max(start, begin), min(start + wide, end)
        if not before[last] - before[first] > _FEW * usual * (last - first):
            return True
    return False


@jit(cache=True, nogil=True)
def _thick_at_an_end(spreads: FloatArray, begin: int, end: int) -> bool:
    """Tell whether an arc has a quarter whose points are spread far more than in its middle."""
    quarter = max((end - begin) // 4, 1)
    _, middle = _variance(spreads, begin + quarter, end - quarter)
    for first in (begin, end - quarter):
        count, variance = _variance(spreads, first, first + quarter)
        allowed = _THICK * (1.0 + _CHANCE_SIGMAS / math.sqrt(2.0 * count))
        if variance > allowed * allowed * middle:
            return True
    return False


@jit(cache=True, nogil=True)
def _variance(spreads: FloatArray, first: int, last: int) -> tuple[float, float]:
    """Return how many points lie in sectors from first to before last, 1 at least, and variance."""
    count = max(spreads[0, last] - spreads[0, first], 1.0)
    return count, (spreads[1, last] - spreads[1, first]) / count


@jit(cache=True, nogil=True)
def _fitted(
    sums: FloatArray, begin: int, end: int, loose: float, back: float
) -> tuple[float, float, float]:
    """Fit a circle to an arc, loosely held to what was begun with; return its shift and radius."""
    equations = np.empty((3, 4))
    for i, j, row in _EQUATIONS:
        equations[i, j] = sums[row, end] - sums[row, begin]
    for i in range(3):
        equations[i, i] += loose
    equations[2, 3] += loose * back
    return _solved(equations)


@jit(cache=True, nogil=True)
def _squares(sums: FloatArray, begin: int, end: int, circle: tuple[float, float, float]) -> float:
    """Return the weighted sum of squares by which the sectors of an arc are off a circle."""
    x, y, r = circle
    factors = (r * r, 2.0 * x * r, 2.0 * y * r, x * x, 2.0 * x * y, y * y, -2.0 * r, -2.0 * x,
               -2.0 * y, 1.0)  # fmt: skip
    squares = 0.0
    for i in range(10):
        squares += factors[i] * (sums[i, end] - sums[i, begin])
    return squares


@jit(cache=True, nogil=True)
def _each_on_circle(
    points: FloatArray,
    mean: FloatArray,
    begin: int,
    end: int,
    circle: tuple[float, float, float],
    noise: float,
) -> bool:
    """Tell whether no sector of an arc is off a circle by more than chance."""
    for k in range(begin, end):
        b = k % SECTORS
        x, y = _direction(b)
        off = abs(mean[b] - (circle[0] * x + circle[1] * y + circle[2]))
        chance = noise / math.sqrt(max(points[b], 1.0))
        if not off < _CHANCE_SIGMAS * chance + _SYSTEMATIC * noise:
            return False
    return True


@jit(cache=True, nogil=True)
def _solved(equations: FloatArray) -> tuple[float, float, float]:
    """Solve three positive definite equations (3, 4), the right-hand side last."""
    for j in range(2):
        for i in range(j + 1, 3):
            share = equations[i, j] / equations[j, j]
            for k in range(j, 4):
                equations[i, k] -= share * equations[j, k]
    third = equations[2, 3] / equations[2, 2]
    second = (equations[1, 3] - equations[1, 2] * third) / equations[1, 1]
    first = equations[0, 3] - equations[0, 1] * second - equations[0, 2] * third
    return first / equations[0, 0], second, third
