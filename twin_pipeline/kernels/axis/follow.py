"""Follow a tube along its axis.

Frame: local, metres. K = patches.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.axis.around import patches_in_ball
from twin_pipeline.kernels.axis.support import tube_support

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]
TableArray = npt.NDArray[np.int32]

_FIRST_GAP_M = 0.3
_SHORT_WINDOW = 0.75
_LONG_WINDOW = 3.0
_FEW_PATCHES = 20
_STRAIGHT_RADII = (16.0, 8.0, 4.0)
_ASIDE_RADII = 0.5
_RECENT_RADII = (2.0,)
_SAME_DIRECTION = math.cos(math.radians(3.0))
_CLEARLY_MORE = 1.1


@jit(cache=True, nogil=True)
def follow_axis(
    start: FloatArray,
    direction: FloatArray,
    radius: float,
    step: float,
    max_gap: float,
    min_arc: float,
    min_purity: float,
    tolerance_ratio: float,
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    normals: FloatArray,
    used: BoolArray,
    max_steps: int,
) -> tuple[FloatArray, BoolArray]:
    """Follow a tube's axis from `start` along `direction` until it is lost for `max_gap`.

    Parameters
    ----------
    start, direction
        (3,) point of the axis, metres, local frame, and (3,) unit direction.
    radius, step, max_gap
        Radius of the tube, distance of the stations, longest piece of axis not seen; metres. No
        gap may be longer than what was followed so far (plus 0.3 m or 3 radii).
    min_arc, min_purity
        Degrees and share (0 to 1) from which on a station counts as seen, see `tube_support`.
    tolerance_ratio
        How far the vote of a patch may miss the axis, as a share of the radius; grows in gaps.
    lower, size, keys, table, children, centroids, used
        As for `patches_in_ball`.
    normals
        (K, 3) unit normals of the patches, of either sign.
    max_steps
        Largest number of stations.

    Returns
    -------
    centres (S, 3), metres, local frame, without `start`, and seen (S,) bool; the last station is
    always seen.
    """
    before = int(_STRAIGHT_RADII[0] * radius / step) + 1
    trail = np.empty((before + max_steps, 3))
    for k in range(before):
        trail[k] = start - (before - 1 - k) * step * direction
    centres = trail[before:]
    seen = np.zeros(max_steps, np.bool_)
    half = _SHORT_WINDOW * radius
    reach = math.sqrt((1.35 * radius) ** 2 + half**2)
    # where points are sparse, a longer piece must be looked at to see an arc
    idx = patches_in_ball(start, reach, lower, size, keys, table, children, centroids, used)
    while half < _LONG_WINDOW * radius and 0 < len(idx) < _FEW_PATCHES:
        half *= 2.0
        reach = math.sqrt((1.35 * radius) ** 2 + half**2)
        idx = patches_in_ball(start, reach, lower, size, keys, table, children, centroids, used)
    x = start.copy()
    d = other = direction
    bending = False
    end = streak = 0
    gap = 0.0
    for s in range(max_steps):
        ahead = x + step * d
        tolerance = radius * min(0.6, tolerance_ratio + 0.1 * gap / radius)
        idx = patches_in_ball(ahead, reach, lower, size, keys, table, children, centroids, used)
        shift, arc, purity, kept = tube_support(
            centroids[idx], normals[idx], ahead, d, radius, half, tolerance
        )
        if (d * other).sum() < _SAME_DIRECTION:
            there = x + step * other
            shift2, arc2, purity2, kept2 = tube_support(
                centroids[idx], normals[idx], there, other, radius, half, tolerance
            )
            if kept2 > _CLEARLY_MORE * kept:
                bending = not bending
                ahead, shift, arc, purity, kept = there, shift2, arc2, purity2, kept2
        good = kept >= 6 and arc >= min_arc and purity >= min_purity
        x = ahead + shift if good else ahead
        centres[s] = x
        seen[s] = good
        streak = streak + 1 if good else 0
        # a single lucky window beyond a gap must not carry the axis on
        if streak >= 3 or (good and gap == 0.0):
            end = s + 1
            gap = 0.0
            straight = _direction(trail[: before + s + 1], step, radius, _STRAIGHT_RADII)
            recent = _direction(trail[: before + s + 1], step, radius, _RECENT_RADII)
            d, other = (recent, straight) if bending else (straight, recent)
        else:
            gap += step
            if gap > min(max_gap, max(_FIRST_GAP_M, 3.0 * radius) + end * step):
                break
    return centres[:end], seen[:end]


@jit(cache=True, nogil=True)
def _direction(
    trail: FloatArray, step: float, radius: float, pieces: tuple[float, ...]
) -> FloatArray:
    """Return the unit direction (3,) of the end of a trail (S, 3).

    That is the direction of the longest of some last pieces, given in radii, that is straight to
    half a radius: a socket or a stone turns no axis.
    """
    ahead = np.zeros(3)
    for radii in pieces:
        piece = trail[max(len(trail) - 1 - int(radii * radius / step), 0) :]
        middle = np.zeros(3)
        slope = np.zeros(3)
        for i in range(len(piece)):
            for k in range(3):
                middle[k] += piece[i, k] / len(piece)
                slope[k] += (i - 0.5 * (len(piece) - 1)) * piece[i, k]
        ahead = slope / math.sqrt((slope * slope).sum())
        aside = 0.0
        for i in range(len(piece)):
            squared = along = 0.0
            for k in range(3):
                squared += (piece[i, k] - middle[k]) ** 2
                along += (piece[i, k] - middle[k]) * ahead[k]
            aside = max(aside, squared - along * along)
        if aside <= (_ASIDE_RADII * radius) ** 2:
            break
    return ahead
