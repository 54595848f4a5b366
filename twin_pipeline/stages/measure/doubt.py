"""Whether other shares of the points say the same radius: what they differ by is doubt.

Soil that touches the flanks reaches into the edge of the seen arc and widens the tube; an axis that
is held stiffer than the pipe is laid leaves a shape in all residuals. Neither shows in what noise
lets expect. The radius without the edges, each metre with an axis of its own, shows both.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment

_SECTORS = 144
_EDGES_DEG = (5.0, 10.0)
_LEAST_SHARE = 0.002
"""Of the points beyond the edges of the arc."""
_SLICE_M = 1.0
_LEAST_ARC_DEG = 30.0
_LEAST = 1e-9
_AT_ONCE = 100_000
_FEW_SLICES, _WANDERING = 8, 1.3
"""From how many slices on, and from which inflation on, they tell that the scan wanders."""
_WHOLE_WALK = 2.0
"""How far a random walk is off as a whole, by how far it wanders within."""
_MAD_STD = 1.4826


def with_doubt(tube: Tube) -> Tube:
    """Return a tube whose standard deviations hold the doubt about its radius.

    The surface that was seen stays where it is: a wider tube has a deeper axis.
    """
    doubt_m = tube.doubt_std_m
    level_m = doubt_m * math.hypot(tube.middle[0], tube.middle[1])
    return replace(
        tube,
        radius_std_m=math.hypot(tube.radius_std_m, doubt_m),
        std_h_m=np.hypot(tube.std_h_m, level_m),
        std_v_m=np.hypot(tube.std_v_m, doubt_m * tube.middle[2]),
    )


def radius_doubt(adj: Adjustment, weights: FloatArray, inflation: float) -> float:
    """Return the standard deviation that such a radius adds, metres; 0 where it is as expected.

    Parameters
    ----------
    weights
        (N,) of the points used.
    inflation
        Of the noise's variance, by what slices scatter.
    """
    per_slice = max(round(_SLICE_M / adj.step), 1)
    count = (len(adj.nodes) - 1) // per_slice + 1
    weight, moment = np.zeros((2, count * _SECTORS))
    for part in _parts(len(weights)):
        turn = (adj.angle[part] + np.pi) * (_SECTORS / (2.0 * np.pi))
        cell = adj.node[part] // per_slice * _SECTORS + turn.astype(np.int64) % _SECTORS
        weight += np.bincount(cell, weights[part], len(weight))
        moment += np.bincount(cell, weights[part] * adj.residual[part], len(moment))
    weight, moment = weight.reshape(count, _SECTORS), moment.reshape(count, _SECTORS)
    doubts_m = []
    for edge_deg in _EDGES_DEG:
        inner = _without_edges(weight.sum(axis=0), edge_deg)
        off_m, cofactor = _radius_of_slices(weight * inner, moment * inner)
        # the points that both share make both err alike
        apart = max(cofactor - 1.0 / adj.radius_weight, 0.0)
        expected = inflation * adj.noise**2 * adj.stands_for * apart
        doubts_m.append(math.sqrt(max(off_m**2 - expected, 0.0)))
    return max(doubts_m)


def offset_doubt(slice_radius_m: FloatArray, inflation: float) -> float:
    """Return what walks that do not fit each other may add to the radius (K,) of slices, metres.

    What shifts between them change along a pipe shows in its slices. A walk that wanders so far
    over a few metres is off as a whole by more, and no mean over slices takes that away.
    """
    own_m = np.unique(slice_radius_m[~np.isnan(slice_radius_m)])
    if len(own_m) < _FEW_SLICES or inflation < _WANDERING:
        return 0.0
    scatter_m = _MAD_STD * float(np.median(np.abs(own_m - np.median(own_m))))
    return _WHOLE_WALK * scatter_m * math.sqrt(1.0 - 1.0 / inflation)


def with_doubt_of(tube: Tube, other: Tube) -> Tube:
    """Return a tube too short to show what walks add, with what they add to another of its scan.

    Of a scan whose drift was solved for no such thing is left.
    """
    solved = np.isfinite(tube.drift_m).any() or np.isfinite(other.drift_m).any()
    if solved or len(np.unique(tube.slice_radius_m[tube.observed])) >= _FEW_SLICES:
        return tube
    added_m = offset_doubt(other.slice_radius_m, other.inflation)
    return with_doubt(replace(tube, doubt_std_m=added_m))


def _parts(points: int) -> Iterator[slice]:
    """Yield so many at a time that little memory is taken for them."""
    return (slice(first, first + _AT_ONCE) for first in range(0, points, _AT_ONCE))


def _without_edges(weight: FloatArray, edge_deg: float) -> FloatArray:
    """Return which sectors (S,) are seen and no edge of the arc, 1 or 0; none of a short arc."""
    total = float(weight.sum())
    # the arc begins behind the widest gap
    filled = weight > _LEAST_SHARE * total / _SECTORS
    if filled.all():
        return np.ones(_SECTORS)
    seen = np.flatnonzero(filled)
    steps = np.diff(np.append(seen, seen[0] + _SECTORS))
    start = int(seen[(steps.argmax() + 1) % len(seen)])
    length = _SECTORS + 1 - int(steps.max())
    edge = round(edge_deg * _SECTORS / 360.0)
    inner = np.zeros(_SECTORS)
    if (length - 2 * edge) * 360.0 / _SECTORS < _LEAST_ARC_DEG:
        return inner
    inner[np.arange(start + edge, start + length - edge) % _SECTORS] = 1.0
    return inner


def _radius_of_slices(weight: FloatArray, moment: FloatArray) -> tuple[float, float]:
    """Return the radius' correction, each slice's axis free, and its variance by the noise's.

    Weight and moment are (L, S), of slices and sectors.
    """
    angle = (np.arange(_SECTORS) + 0.5) * (2.0 * np.pi / _SECTORS) - np.pi
    lateral = np.stack([np.cos(angle), np.sin(angle)])
    matrix = np.einsum("ls,as,bs->lab", weight, lateral, lateral) + 1e-3 * np.eye(2)
    border = np.einsum("ls,as->la", weight, lateral)
    rhs = np.einsum("ls,as->la", moment, lateral)
    eliminated = np.linalg.solve(matrix, border[:, :, None])[:, :, 0]
    schur = float(weight.sum() - np.sum(eliminated * border))
    if schur <= _LEAST * float(weight.sum()):
        return 0.0, 0.0
    return float(moment.sum() - np.sum(eliminated * rhs)) / schur, 1.0 / schur
