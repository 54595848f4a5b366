"""One Gauss-Newton step of the axis and the radius of a tube.

Frame: local, metres. K = axis nodes, N = points; u, v are the lateral unit vectors of the nodes.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.adjust.banded import cholesky, cholesky_solve
from twin_pipeline.kernels.adjust.course import net_turn
from twin_pipeline.kernels.adjust.normal_equations import add_bending_prior, assemble
from twin_pipeline.kernels.adjust.tube import Seen

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_STIFF_TURN_RAD = math.radians(2.5)
_HIDDEN_STIFFNESS = 0.05
_LONG_HIDDEN_M = 0.5
_DAMPING, _HIDDEN_DAMPING = 1e-5, 1e-3
"""Of steps: in units of the points around a node, and what of that where long stretches are hidden,
whose axis else would hardly move."""
_HELD_STD_M = 0.001
_NEAR_M, _FAR_M = 0.18, 0.5
"""To where before and after a node the pieces begin and end whose directions tell how it turns."""

Solved = tuple[FloatArray, FloatArray, float, FloatArray, float]
"""Factor, coupling with the radius, weight of that, steps of the axis and of the radius."""


@jit(cache=True, nogil=True)
def solve(
    seen: Seen,
    residual: FloatArray,
    weights: FloatArray,
    nodes: FloatArray,
    begun: FloatArray,
    u: FloatArray,
    v: FloatArray,
    hidden: BoolArray,
    held: BoolArray,
    step: float,
    noise: float,
    max_curvature: float,
    radius_prior: float,
    back: float,
) -> Solved:
    """Solve for the step of all nodes and the radius.

    Parameters
    ----------
    seen, residual, weights
        Of the points: result of `look_along`; (N,) metres; (N,) without unit.
    nodes, begun, u, v, hidden, held, step, noise, max_curvature
        As of `add_priors`.
    radius_prior, back
        What the radius begun with counts, in units of all points, and how much larger it is than
        the present one, metres.

    Returns
    -------
    factor (rows, 2K) banded, coupling (2K,), weight of the radius, steps (2K,) of the nodes along u
    and v and of the radius, metres.
    """
    chainage, _, radial, rho, _, _ = seen
    band, border, corner, rhs, rhs_radius = assemble(
        chainage, radial, rho, residual, weights, u, v, step
    )
    add_priors(
        band, rhs, weights.sum(), nodes, begun, u, v, hidden, held, step, noise, max_curvature
    )
    factor = cholesky(band)
    alone = cholesky_solve(factor, rhs)
    coupling = cholesky_solve(factor, border)
    loose = radius_prior * corner
    schur = corner + loose
    towards = rhs_radius + loose * back
    for j in range(len(border)):
        schur -= border[j] * coupling[j]
        towards -= border[j] * alone[j]
    step_radius = towards / schur
    return factor, coupling, schur, alone - step_radius * coupling, step_radius


@jit(cache=True, nogil=True)
def add_priors(
    band: FloatArray,
    rhs: FloatArray,
    points: float,
    nodes: FloatArray,
    begun: FloatArray,
    u: FloatArray,
    v: FloatArray,
    hidden: BoolArray,
    held: BoolArray,
    step: float,
    noise: float,
    max_curvature: float,
) -> None:
    """Add to normal equations that an axis is straight, stays where it is held, and moves little.

    Parameters
    ----------
    band, rhs
        (HALF_BAND + 1, 2K) and (2K,), result of `assemble`, updated in place.
    points
        Sum of the weights.
    nodes, begun, u, v
        (K, 3) axis, what it began as, metres, and its lateral unit vectors.
    hidden, held
        (K,) nodes around which the tube is not seen; that stay unless points show better.
    step, noise
        Distance of the nodes, standard deviation of a point; metres.
    max_curvature
        Of a straight axis, 1 / m.
    """
    add_bending_prior(
        band, rhs, nodes, u, v, bending_weights(nodes, u, v, hidden, step, noise, max_curvature)
    )
    held_weight = (noise / _HELD_STD_M) ** 2
    long_hidden = _long_hidden(hidden, step)
    damping = _DAMPING * max(points / len(nodes), 1.0)
    for k in range(len(nodes)):
        own = damping * _HIDDEN_DAMPING if long_hidden[k] > 0 else damping
        for side in range(2):
            lateral = u[k] if side == 0 else v[k]
            if held[k]:
                band[0, 2 * k + side] += held_weight
                rhs[2 * k + side] += held_weight * ((begun[k] - nodes[k]) * lateral).sum()
            band[0, 2 * k + side] += own + 1e-9


@jit(cache=True, nogil=True)
def bending_weights(
    nodes: FloatArray,
    u: FloatArray,
    v: FloatArray,
    hidden: BoolArray,
    step: float,
    noise: float,
    max_curvature: float,
) -> FloatArray:
    """Return the weight (K, 2) of the prior along u and v at each node, in units of points.

    A straight axis is stiff, a bent one free (Geman-McClure), in the plane of the bend alone.
    What counts is by how much the axis has turned beyond the node: a socket or a mound that
    the axis climbs and leaves again stays stiff. Arguments are as of `add_priors`.
    """
    scale = (noise / (max_curvature * step * step)) ** 2
    near, far = max(round(_NEAR_M / step), 1), max(round(_FAR_M / step), 3)
    turning = 1.0 / (1.0 + (net_turn(nodes, u, v, near, far) / _STIFF_TURN_RAD) ** 2) ** 2
    long_hidden = _long_hidden(hidden, step)
    weights = np.empty((len(nodes), 2))
    for side in range(2):
        first = 0
        while first < len(nodes):
            # a bend that nothing shows turns evenly: stiffer inside, it would cut the corner
            last = max(first + long_hidden[first] - 1, first)
            least = turning[first : last + 1, side].min()
            for k in range(first, last + 1):
                soft = max(least, _HIDDEN_STIFFNESS) if hidden[k] else least
                weights[k, side] = scale * (least if long_hidden[first] > 0 else soft)
            first = last + 1
    return weights


@jit(cache=True, nogil=True)
def _long_hidden(hidden: BoolArray, step: float) -> IntArray:
    """Return how many nodes each stretch has that is hidden longer than by a socket.

    They are told (K,) at its nodes, 0 at others; the ends of the axis are none.
    """
    count = len(hidden)
    nodes = np.zeros(count, np.int64)
    first = 0
    while first < count:
        last = first
        while hidden[first] and last + 1 < count and hidden[last + 1]:
            last += 1
        inner = first > 0 and last < count - 1
        if hidden[first] and inner and (last - first) * step > _LONG_HIDDEN_M:
            nodes[first : last + 1] = last - first + 1
        first = last + 1
    return nodes


@jit(cache=True, nogil=True)
def moved(
    nodes: FloatArray, u: FloatArray, v: FloatArray, lateral: FloatArray, most: float
) -> FloatArray:
    """Return an axis (K, 3) whose nodes took steps (2K,) along u and v, by so much at most."""
    found = np.empty_like(nodes)
    for k in range(len(nodes)):
        along_u = min(max(lateral[2 * k], -most), most)
        along_v = min(max(lateral[2 * k + 1], -most), most)
        for a in range(3):
            found[k, a] = nodes[k, a] + along_u * u[k, a] + along_v * v[k, a]
    return found
