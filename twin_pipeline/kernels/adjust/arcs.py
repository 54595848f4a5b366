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
_FEW = 0.25
_OFF_CENTRE = 0.7
_THINNEST, _THICKEST = 0.6, 1.6
_START_STD = 0.15
"""How well radius and place are known to begin with, in radii."""


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
    cosine, sine = np.empty(SECTORS), np.empty(SECTORS)
    for k in range(SECTORS):
        angle = (k + 0.5) * (2.0 * math.pi / SECTORS) - math.pi
        cosine[k], sine[k] = math.cos(angle), math.sin(angle)
    for length in range(_LONGEST, _SHORTEST - 1, -1):
        best, least = -1, math.inf
        for begin in range(SECTORS):
            if _too_empty(points, begin, length) or _thick_at_an_end(points, spread, begin, length):
                continue
            fits, squares = _on_a_circle(
                points, mean, cosine, sine, begin, length, noise, radius, start_radius
            )
            if fits and squares < least:
                best, least = begin, squares
        if best >= 0:
            return best, length
    return 0, 0


@jit(cache=True, nogil=True)
def _too_empty(points: FloatArray, begin: int, length: int) -> bool:
    """Tell whether an arc has a sector with far fewer points than the others."""
    total, fewest = 0.0, math.inf
    for k in range(begin, begin + length):
        total += points[k % SECTORS]
        fewest = min(fewest, points[k % SECTORS])
    return not fewest > _FEW * total / length


@jit(cache=True, nogil=True)
def _thick_at_an_end(points: FloatArray, spread: FloatArray, begin: int, length: int) -> bool:
    """Tell whether an arc has a quarter whose points are spread far more than in its middle."""
    quarter = max(length // 4, 1)
    _, middle = _variance(points, spread, begin + quarter, begin + length - quarter)
    for first in (begin, begin + length - quarter):
        count, variance = _variance(points, spread, first, first + quarter)
        allowed = _THICK * (1.0 + _CHANCE_SIGMAS / math.sqrt(2.0 * count))
        if variance > allowed * allowed * middle:
            return True
    return False


@jit(cache=True, nogil=True)
def _variance(points: FloatArray, spread: FloatArray, first: int, last: int) -> tuple[float, float]:
    """Return how many points lie in sectors from first to before last, 1 at least, and variance."""
    count = total = 0.0
    for k in range(first, last):
        count += points[k % SECTORS]
        total += points[k % SECTORS] * spread[k % SECTORS] ** 2
    count = max(count, 1.0)
    return count, total / count


@jit(cache=True, nogil=True)
def _on_a_circle(
    points: FloatArray,
    mean: FloatArray,
    cosine: FloatArray,
    sine: FloatArray,
    begin: int,
    length: int,
    noise: float,
    radius: float,
    start_radius: float,
) -> tuple[bool, float]:
    """Fit a circle to an arc; tell whether all of it lies on that, and the sum of squares."""
    loose = (noise / (_START_STD * start_radius)) ** 2
    equations = np.zeros((3, 4))
    for k in range(begin, begin + length):
        c, s, w = cosine[k % SECTORS], sine[k % SECTORS], points[k % SECTORS]
        m = mean[k % SECTORS]
        for i, d in enumerate((c, s, 1.0)):
            equations[i, 0] += w * d * c
            equations[i, 1] += w * d * s
            equations[i, 2] += w * d
            equations[i, 3] += w * d * m
    for i in range(3):
        equations[i, i] += loose
    equations[2, 3] += loose * (start_radius - radius)
    x, y, r = _solved(equations)
    if not _THINNEST < (radius + r) / start_radius < _THICKEST:
        return False, math.inf
    if not math.hypot(x, y) < _OFF_CENTRE * radius:
        return False, math.inf
    squares, excess = 0.0, float(3 - length)
    for k in range(begin, begin + length):
        count = points[k % SECTORS]
        off = abs(mean[k % SECTORS] - (x * cosine[k % SECTORS] + y * sine[k % SECTORS] + r))
        chance = noise / math.sqrt(max(count, 1.0))
        if not off < _CHANCE_SIGMAS * chance + _SYSTEMATIC * noise:
            return False, math.inf
        excess += (off / math.hypot(chance, _SYSTEMATIC * noise)) ** 2
        squares += count * off * off
    return excess < _CHANCE_SIGMAS * math.sqrt(2.0 * (length - 3)), squares


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
