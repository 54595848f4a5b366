"""Whether what supports a seed has been taken meanwhile, or shows no tube from outside.

Frame: local, metres. K = patches.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.axis.around import patches_in_ball
from twin_pipeline.kernels.axis.support import crossed_for_each, thinness, tube_support

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]
TableArray = npt.NDArray[np.int32]

_FACES_DOWN, _UPWARDS, _FEW_UPWARDS = -0.5, 0.3, 0.05
"""How far down the surface around a seed must face to be a hollow: farther than what is measured
has to; how far up what no hollow shows does, and how little of it counts for nothing."""
_ON_SHELL_COSINE = 0.8
"""Least cosine between normals on a seed's shell and its radial vectors."""


@jit(cache=True, nogil=True)
def support_left(
    centre: FloatArray,
    direction: FloatArray,
    radius: float,
    half: float,
    tolerance_ratio: float,
    hollows: bool,  # noqa: FBT001 - Numba calls no function with keyword-only parameters
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    normals: SingleArray,
    counts: TableArray,
    used: BoolArray,
) -> tuple[float, float, float]:
    """Return what of a seed's support is left.

    Parameters
    ----------
    centre, direction, radius
        (3,) point of the axis, metres, local frame; (3,) unit; metres.
    half
        Half of the length of the piece, metres.
    tolerance_ratio
        How far the vote of a patch may miss the axis, as a share of the radius.
    hollows
        Whether hollows may be seeds, too.
    lower, size, keys, table, children, centroids, used
        As for `patches_in_ball`.
    normals, counts
        (K, 3) unit normals of the patches, of either sign, and (K,) int32 points of each.

    Returns
    -------
    arc_deg and purity as of `tube_support`, and how many voxels cross the surface of the patches
    that agree; all 0 for a hollow that may be no seed.
    """
    reach = math.sqrt((1.5 * radius) ** 2 + half * half)
    found = patches_in_ball(centre, reach, lower, size, keys, table, children, centroids, used)
    points, normal = centroids[found], normals[found]
    band = tolerance_ratio * radius
    if not hollows and is_hollow(points, normal, centre, direction, radius, band):
        return 0.0, 0.0, 0.0
    _, arc, purity, kept = tube_support(points, normal, centre, direction, radius, half, band)
    crossed = crossed_for_each(counts[found])
    return arc, purity, kept * thinness(points, crossed, centre, direction, radius)


@jit(cache=True, nogil=True)
def is_hollow(
    points: FloatArray,
    normals: SingleArray,
    centre: FloatArray,
    direction: FloatArray,
    radius: float,
    band: float,
) -> bool:
    """Tell whether the patches on a seed's shell show the inside of its lower half.

    Parameters
    ----------
    points, normals
        (K, 3) centroids, metres, local frame, and unit normals of either sign.
    centre, direction, radius
        Of the seed, as of `support_left`.
    band
        Largest distance from the shell of a patch on it, metres.
    """
    east = north = up = 0.0
    count = upwards = 0
    for i in range(len(points)):
        x, y, z = points[i, 0] - centre[0], points[i, 1] - centre[1], points[i, 2] - centre[2]
        along = x * direction[0] + y * direction[1] + z * direction[2]
        x, y, z = x - along * direction[0], y - along * direction[1], z - along * direction[2]
        rho = max(math.sqrt(x * x + y * y + z * z), 1e-9)
        if not abs(rho - radius) < band:
            continue
        facing = abs(x * normals[i, 0] + y * normals[i, 1] + z * normals[i, 2]) / rho
        if facing > _ON_SHELL_COSINE:
            count += 1
            upwards += z / rho > _UPWARDS
            east, north, up = east + x / rho, north + y / rho, up + z / rho
    few = upwards <= _FEW_UPWARDS * count
    return few and up < _FACES_DOWN * math.sqrt(east * east + north * north + up * up)
