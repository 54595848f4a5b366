"""Whether what stands out of a pipe does so all around, and whether the pipe goes on beside it."""

import itertools
import math

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.stages.fittings.profile import FEW_POINTS, MEDIAN_STD, Profile
from twin_pipeline.stages.fittings.shapes import Trapezoid

_CLOSE_M, _BESIDE_M = 0.04, 0.1
"""Within which of a socket its barrel must be seen on either side; the next one may be close."""
_LEVEL_SHARE = 0.4
"""Of a socket's height, that all sectors of its ring reach, and the barrel beside it does not."""
_UNEVEN_SHARE = 0.15
"""Of a socket's height, by which it may differ around the pipe."""
_UNEVEN_M = 0.004
_SECTORS, _FULL_SECTOR = 4, 10
"""Of the seen arc, and points in each so that it is cut in so many; else in half."""
_SIGMAS = 3.0
_EDGE_M = 0.01
_LEAVES_M = 0.01
_AROUND, _LEAVING_SECTORS = math.radians(120.0), 16
_LEAVING_TIMES = 3
_LOWER_SHARE, _LOWER_M = 0.12, 0.003
"""Of a socket's height, and at least, from which on what lies beside it is not the bare barrel."""


def is_ring(around: Profile, seen: Profile, shape: Trapezoid, half: float, off_m: float) -> bool:
    """Tell a socket, which stands out evenly all around, from soil and stones on the pipe.

    Parameters
    ----------
    around
        With what stands out farther than any socket: soil does, to the sides.
    seen
        Without that.
    half
        Half of the arc over which the pipe is seen, radians.
    off_m
        How far its axis may be off there, as where it turns.
    """
    start, end = shape.begin + shape.climb - _EDGE_M, shape.end - shape.fall + _EDGE_M
    top = seen.between(start, end)
    if np.count_nonzero(top.rise > _LEVEL_SHARE * shape.height) < FEW_POINTS:
        return False
    # among few points what hangs over the pipe would count as much as the pipe
    many = len(top.rise) >= _SECTORS * _FULL_SECTOR
    count = _SECTORS if many else 2
    top = around.between(start, end) if many else top
    steps, stds = [], []
    for low, high in itertools.pairwise(np.linspace(-half, half, count + 1)):
        own = _of(top, low, high)
        barrel, length_m = _beside(seen, shape, low, high)
        if len(own) < FEW_POINTS:
            if len(barrel) * (end - start) > 2.0 * FEW_POINTS * length_m:
                return False
            continue
        level = float(np.median(barrel)) if len(barrel) >= FEW_POINTS else shape.barrel
        steps.append(float(np.median(own)) - level)
        stds.append(MEDIAN_STD * around.noise_m / math.sqrt(len(own)))
    if not steps or min(steps) < _LEVEL_SHARE * shape.step:
        return False
    uneven_m = _UNEVEN_SHARE * shape.step + _UNEVEN_M + _SIGMAS * max(stds) + 2.0 * off_m
    return max(steps) - min(steps) < uneven_m


def something_leaves(everywhere: Profile, shape: Trapezoid) -> bool:
    """Tell whether something goes out of a ring where the pipe beside it is bare.

    A saddle is a ring around its main as low as the sockets of plastic pipes; a service leaves it.
    """
    least_m = shape.height + _LEAVES_M + 2.0 * everywhere.noise_m
    own = everywhere.between(shape.begin, shape.end)
    beside = [
        everywhere.between(shape.begin - _BESIDE_M, shape.begin - _LEAVES_M),
        everywhere.between(shape.end + _LEAVES_M, shape.end + _BESIDE_M),
    ]
    edges = np.linspace(-_AROUND, _AROUND, _LEAVING_SECTORS + 1)
    for low, high in zip(edges[:-2], edges[2:], strict=True):
        out = np.count_nonzero(_of(own, low, high) > least_m)
        bare = sum(np.count_nonzero(_of(part, low, high) > least_m) for part in beside)
        if out >= FEW_POINTS and out > _LEAVING_TIMES * bare:
            return True
    return False


def _beside(seen: Profile, shape: Trapezoid, low: float, high: float) -> tuple[FloatArray, float]:
    """Return the rises of a sector on either side of a socket, and the length that they are of."""
    for reach in (_CLOSE_M, _BESIDE_M):
        both = [
            seen.between(shape.begin - reach, shape.begin),
            seen.between(shape.end, shape.end + reach),
        ]
        rises = np.concatenate([_of(one, low, high) for one in both])
        if len(rises) >= FEW_POINTS:
            break
    return rises, 2.0 * reach


def _of(part: Profile, low: float, high: float) -> FloatArray:
    return part.rise[(part.angle >= low) & (part.angle < high)]


def foot_std(profile: Profile, shape: Trapezoid, *, before: bool) -> float:
    """Return what hides where a socket meets the barrel adds to the std of that place, metres.

    Infinite where no barrel follows: what lies on a pipe that comes out of soil has one side only.
    NaN where something lower reaches up to it.
    """
    for reach in (_CLOSE_M, _BESIDE_M):
        start, end = (
            (shape.begin - reach, shape.begin) if before else (shape.end, shape.end + reach)
        )
        beside = profile.between(start, end)
        if len(beside.rise) >= FEW_POINTS:
            break
    if len(beside.rise) < FEW_POINTS // 2:
        return math.inf
    level = float(np.median(beside.rise)) - shape.barrel
    if level > _LEVEL_SHARE * shape.step:
        return math.inf
    std = MEDIAN_STD * profile.noise_m / math.sqrt(len(beside.rise))
    if level > max(_LOWER_SHARE * shape.step, _LOWER_M) + 2.0 * std:
        return math.nan
    start, end = gap(profile, shape.begin if before else shape.end)
    return (end - start) / math.sqrt(12.0)


def gap(profile: Profile, at_m: float) -> tuple[float, float]:
    """Return the chainages of the last point before one and of the first behind it, metres."""
    after = int(np.searchsorted(profile.chainage, at_m))
    if not 0 < after < len(profile.chainage):
        return at_m - 0.5 * _BESIDE_M, at_m + 0.5 * _BESIDE_M
    return float(profile.chainage[after - 1]), float(profile.chainage[after])
