"""The first steps of the adjustment of a tube, from the followed run to the pipe alone.

Frame: local, metres. K = axis nodes, N = points.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.adjust.climb import climbing
from twin_pipeline.kernels.adjust.hidden import seen_arcs, standing
from twin_pipeline.kernels.adjust.near_shell import tukey_weights
from twin_pipeline.kernels.adjust.scatter import median_of_positive, median_of_used
from twin_pipeline.kernels.adjust.step import moved, solve
from twin_pipeline.kernels.adjust.trim import sectors_of_tube, sectors_on_circle
from twin_pipeline.kernels.adjust.tube import Seen, lateral_frames, look_again

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SETTLED_FROM = 8
RELEASE_FROM = 9
_SHAPE_FROM = 2
_HIDE_FROM = 3
_TRIM_FROM = 5
_GIVE_UP_FROM = 6
"""Steps from which on the band is the noise's, nothing but points tells the radius, sectors are
chosen by their shape, hidden nodes are left out, sectors are trimmed, and tubes given up."""
MIN_POINTS = 60
NOISES = 4.0
"""From the shell to where points have no weight in the end."""
BAND, CLOSE_BAND = 0.3, 0.1
"""Of the radius, around the followed run: where points may be at first."""
_ENOUGH_FOR_NOISE = 20
_LEAST_NOISE_M = 2e-4
_COARSE_COSINE, _FIRST_COSINE = 0.3, 0.7
_NARROWED = 6.0
"""Steps in which the gate narrows."""
_FIRM_PRIOR, _LOOSE_PRIOR, _RELEASED_PRIOR = 0.02, 0.002, 1e-6
_CURVATURE, _STIFFER, _NARROWER = 0.15, 0.75, 0.7
"""Of a straight axis at first, 1 / m; how much less it is, and the band narrower, in each step."""
_THINNEST, _THICKEST = 0.6, 1.6
"""Radii, of that begun with, between which it is the same tube."""
_MOST_STEP = 0.25
"""Of the radius, that a node or the radius may move in a step."""

Narrowed = tuple[
    bool,
    FloatArray,
    FloatArray,
    FloatArray,
    FloatArray,
    FloatArray,
    FloatArray,
    BoolArray,
    BoolArray,
    FloatArray,
    FloatArray,
    tuple[float, float, int, float, float],
]


@jit(cache=True, nogil=True)
def narrow(
    points: FloatArray,
    normals: SingleArray,
    segment: IntArray,
    seen: Seen,
    residual: FloatArray,
    expected: FloatArray,
    nodes: FloatArray,
    begun: FloatArray,
    tangent: FloatArray,
    u: FloatArray,
    v: FloatArray,
    keep: BoolArray,
    hidden: BoolArray,
    held: BoolArray,
    step: float,
    radius: float,
    start_radius: float,
    noise: float,
    used: int,
    stands_for: int,
    gate: float,
    by_shape: bool,  # noqa: FBT001 - Numba calls no function with keyword-only parameters
    closely: bool,  # noqa: FBT001
    min_arc_deg: float,
    stiff_curvature: float,
    first: int,
    last: int,
) -> Narrowed:
    """Take steps of an adjustment, from the first up to before the last.

    Parameters
    ----------
    points, normals, segment, seen, residual
        (N, 3) metres, local frame; (N, 3) unit; as for `look_again`, updated in place; (N,) metres.
    expected
        (N,) residuals that the scatter of the points alone would give; or (0,) for none.
    nodes, begun, tangent, u, v
        (K, 3) axis, what it began as, metres, and its directions.
    keep, hidden, held
        (N,) points in sectors of the tube; (K,) nodes where it is not seen; that stay.
    step, radius, start_radius, noise
        Distance of the nodes, radius, what it began as, standard deviation of a point; metres.
    used, stands_for
        How many points carry weight, and for how many of the scan each stands.
    gate
        Least cosine between normals and radial vectors in the end.
    by_shape, closely
        Whether the shape of the cross-section must tell soil; whether only what is near takes part.
    min_arc_deg, stiff_curvature
        Least arc of a tube; curvature of a straight axis in the end, 1 / m.
    first, last
        Numbers of the steps.

    Returns
    -------
    whether there is a tube; nodes, tangent, u, v; factor and coupling of the last step; keep,
    hidden; residual, weights; radius, noise, used, weight of the radius, curvature.
    """
    weights = np.zeros(len(points))
    factor, coupling = np.zeros((1, 1)), np.zeros(1)
    radius_weight, curvature = 1.0, _CURVATURE
    length = (len(nodes) - 1) * step
    found = True
    for iteration in range(first, last):
        band = NOISES * noise
        if iteration < SETTLED_FROM:
            widest = CLOSE_BAND if closely else BAND
            band = max(widest * start_radius * _NARROWER ** float(iteration), band)
        curvature = max(_CURVATURE * _STIFFER ** float(iteration), stiff_curvature)
        if by_shape and _SHAPE_FROM <= iteration < RELEASE_FROM:
            keep = sectors_on_circle(seen, residual, used, length, radius, start_radius, noise)
        elif not by_shape and _TRIM_FROM <= iteration < RELEASE_FROM:
            shell = max(0.12 * radius, 4.0 * noise)
            keep = sectors_of_tube(seen, residual, used, length, radius, shell, gate)
        weights = tukey_weights(
            residual, seen[5], seen[0], keep, band, _min_cosine(iteration, gate, by_shape)
        )
        if stands_for != 1:
            weights *= stands_for
        if iteration >= _HIDE_FROM:
            arc, _, _ = seen_arcs(seen[1], seen[4], weights, len(nodes), step, radius)
            typical = median_of_positive(arc)
            if iteration >= _GIVE_UP_FROM and typical < min_arc_deg:
                found = False
                break
            hidden = arc < max(min_arc_deg, 0.5 * typical)
            climbed = climbing(nodes, step, noise, hidden)
            out, within = standing(
                seen[1], seen[5], seen[0], residual, keep, len(nodes), radius, noise
            )
            hidden |= climbed | out | within
            _leave_out(weights, seen[1], hidden)
        if stands_for * np.count_nonzero(weights) < MIN_POINTS:
            found = False
            break
        factor, coupling, radius_weight, lateral, by = solve(
            seen, residual, weights, nodes, begun, u, v, hidden, held, step, noise, curvature,
            _radius_prior(iteration, by_shape or closely), start_radius - radius,
        )  # fmt: skip
        most = _MOST_STEP * radius
        nodes = moved(nodes, u, v, lateral, most)
        radius += min(max(by, -most), most)
        tangent, u, v = lateral_frames(nodes)
        look_again(points, normals, nodes, u, v, segment, step, seen)
        residual = _residuals(seen[3], radius, expected)
        used, median = median_of_used(residual, weights)
        if used > _ENOUGH_FOR_NOISE:
            noise = max(1.4826 * median, _LEAST_NOISE_M)
        if not _THINNEST * start_radius < radius < _THICKEST * start_radius:
            found = False
            break
    return (
        found, nodes, tangent, u, v, factor, coupling, keep, hidden, residual, weights,
        (radius, noise, used, radius_weight, curvature),
    )  # fmt: skip


@jit(cache=True, nogil=True)
def _radius_prior(iteration: int, firm: bool) -> float:  # noqa: FBT001
    """Return what the followed radius counts, in units of all points."""
    if iteration >= RELEASE_FROM:
        return _RELEASED_PRIOR
    return _FIRM_PRIOR if firm and iteration < _TRIM_FROM else _LOOSE_PRIOR


@jit(cache=True, nogil=True)
def _min_cosine(iteration: int, gate: float, by_shape: bool) -> float:  # noqa: FBT001
    """Return the least cosine between normals and radial vectors.

    Points that scatter outwards have poorer normals: a gate on single points would shrink the
    radius, so that in the end only whole sectors are judged.
    """
    if iteration >= RELEASE_FROM:
        return 0.0
    if by_shape:
        return _COARSE_COSINE
    return _FIRST_COSINE + (gate - _FIRST_COSINE) * min(iteration / _NARROWED, 1.0)


@jit(cache=True, nogil=True)
def _leave_out(weights: FloatArray, node: IntArray, hidden: BoolArray) -> None:
    """Take the weight (N,) of points whose node (N,) is among those hidden (K,)."""
    for i in range(len(weights)):
        if hidden[node[i]]:
            weights[i] = 0.0


@jit(cache=True, nogil=True)
def _residuals(rho: FloatArray, radius: float, expected: FloatArray) -> FloatArray:
    """Return how far points (N,) lie off a tube, less what is expected (N,), if that is known."""
    residual = np.empty(len(rho))
    if len(expected) == 0:
        for i in range(len(rho)):
            residual[i] = rho[i] - radius
    else:
        for i in range(len(rho)):
            residual[i] = rho[i] - radius - expected[i]
    return residual
