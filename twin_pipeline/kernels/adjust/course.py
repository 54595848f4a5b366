"""The course of an axis, and how much of a tube is seen around it.

K = nodes, local frame, metres.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

FloatArray = npt.NDArray[np.float64]


@jit(cache=True, nogil=True)
def net_turn(nodes: FloatArray, u: FloatArray, v: FloatArray, near: int, far: int) -> FloatArray:
    """Return the turn (K, 2) along u and v from well before nodes to well after, radians.

    Parameters
    ----------
    nodes, u, v
        (K, 3) axis and its lateral unit vectors.
    near, far
        Nodes to where the piece before or after a node, of which the direction is taken, is next
        to it, and to where it is farthest.
    """
    count = len(nodes)
    smooth = np.empty((count, 3))
    for k in range(count):
        for a in range(3):
            before, after = nodes[max(k - 1, 0), a], nodes[min(k + 1, count - 1), a]
            smooth[k, a] = (before + nodes[k, a] + after) / 3.0
    span = min(far - near, count - 1)
    last = max(count - 1 - (far - near), 0)
    turn = np.empty((count, 2))
    for k in range(count):
        ahead, behind = min(k + near, last), min(max(k - far, 0), last)
        lateral_u = lateral_v = 0.0
        for start, sign in ((ahead, 1.0), (behind, -1.0)):
            x = smooth[start + span, 0] - smooth[start, 0]
            y = smooth[start + span, 1] - smooth[start, 1]
            z = smooth[start + span, 2] - smooth[start, 2]
            scale = sign / math.sqrt(x * x + y * y + z * z)
            lateral_u += scale * (x * u[k, 0] + y * u[k, 1] + z * u[k, 2])
            lateral_v += scale * (x * v[k, 0] + y * v[k, 1] + z * v[k, 2])
        turn[k, 0], turn[k, 1] = lateral_u, lateral_v
    return turn


@jit(cache=True, nogil=True)
def filled_sectors(
    counts: FloatArray, width: int, least: float, share: float
) -> npt.NDArray[np.int64]:
    """Return how many sectors hold points around each node (K,).

    Parameters
    ----------
    counts
        (K, S) points by node and sector.
    width
        Nodes that are counted together, odd.
    least, share
        A sector holds points if it has more than `least`, and than so much of the median of those
        that have any.
    """
    nodes, sectors = counts.shape
    around = np.zeros((nodes, sectors))
    reach = width // 2
    for k in range(nodes):
        for b in range(sectors):
            total = around[k - 1, b] if k > 0 else 0.0
            if k == 0:
                for j in range(min(reach + 1, nodes)):
                    total += counts[j, b]
            else:
                if k + reach < nodes:
                    total += counts[k + reach, b]
                if k - reach - 1 >= 0:
                    total -= counts[k - reach - 1, b]
            around[k, b] = total
    held = around.ravel()[around.ravel() > 0.0]
    filled = np.zeros(nodes, np.int64)
    if len(held) == 0:
        return filled
    enough = max(least, share * np.median(held))
    for k in range(nodes):
        for b in range(sectors):
            filled[k] += around[k, b] > enough
    return filled
