"""Which segment of a polyline axis points are nearest to.

Frame: local, metres. K = axis nodes, N = points.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import ONLY_LOOPS, jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_PART_POINTS = 8192
"""Points that are worth a thread."""


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def nearest_segments(
    points: FloatArray, index: IntArray, nodes: FloatArray, near: IntArray, reach: int
) -> IntArray:
    """Return the number (P,) of the segment that starts at or before the nearest node.

    Parameters
    ----------
    points, index, nodes
        (N, 3) of which those (P,) are asked for, and (K, 3); metres, local frame.
    near
        (P,) a node near each point; only nodes up to `reach` before and behind it are tried.
    reach
        Nodes.
    """
    segment = np.empty(len(index), np.int64)
    parts = len(index) // _PART_POINTS
    if parts < 2:
        _nearest(segment, points, index, nodes, near, reach, 0, len(index))
    else:
        for part in prange(parts):
            first, last = part * len(index) // parts, (part + 1) * len(index) // parts
            _nearest(segment, points, index, nodes, near, reach, first, last)
    return segment


@jit(cache=True, nogil=True)
def _nearest(
    segment: IntArray,
    points: FloatArray,
    index: IntArray,
    nodes: FloatArray,
    near: IntArray,
    reach: int,
    begin: int,
    end: int,
) -> None:
    """Fill in the result of `nearest_segments` from `begin` up to `end`."""
    last = len(nodes) - 1
    for n in range(begin, end):
        i = index[n]
        best, smallest = near[n], np.inf
        for k in range(max(near[n] - reach, 0), min(near[n] + reach, last) + 1):
            dx = points[i, 0] - nodes[k, 0]
            dy = points[i, 1] - nodes[k, 1]
            dz = points[i, 2] - nodes[k, 2]
            distance2 = dx * dx + dy * dy + dz * dz
            if distance2 < smallest:
                best, smallest = k, distance2
        segment[n] = min(best, last - 1)
