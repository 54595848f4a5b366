"""How many points lie on a tube around each of many ways. Frame: local, metres.

P = points, W = ways, V = vertices of each.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]


@jit(cache=True, nogil=True)
def points_on(
    points: FloatArray,
    normals: FloatArray,
    ways: FloatArray,
    radius_m: float,
    thickness_m: float,
    least_cosine: float,
) -> FloatArray:
    """Count the points on the surface around each way, the less the further off it.

    Parameters
    ----------
    points, normals
        (P, 3) metres, local frame, and unit vectors of either sense.
    ways
        (W, V, 3) vertices of polylines, metres, local frame.
    radius_m, thickness_m
        Of the tube, and how far off its surface a point counts for nothing, metres.
    least_cosine
        Between the normal and the way out from the axis, of points that count.

    Returns
    -------
    (W,)
    """
    found = np.zeros(len(ways))
    for w in range(len(ways)):
        way = ways[w]
        for i in range(len(points)):
            nearest, cosine = math.inf, 0.0
            for v in range(len(way) - 1):
                square = share = 0.0
                for k in range(3):
                    leg = way[v + 1, k] - way[v, k]
                    square += leg * leg
                    share += (points[i, k] - way[v, k]) * leg
                share = min(max(share / max(square, 1e-12), 0.0), 1.0)
                distance = out = 0.0
                for k in range(3):
                    leg = way[v + 1, k] - way[v, k]
                    radial = points[i, k] - way[v, k] - share * leg
                    distance += radial * radial
                    out += radial * normals[i, k]
                if distance < nearest:
                    nearest, cosine = distance, out
            distance = math.sqrt(nearest)
            off = (distance - radius_m) / thickness_m
            if abs(off) < 1.0 and abs(cosine) > least_cosine * distance:
                found[w] += 1.0 - off * off
    return found
