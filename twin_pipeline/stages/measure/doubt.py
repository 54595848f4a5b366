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
_LAGS, _BY_CHANCE, _OUTLYING = 4, 2.5, 3.0
"""How far apart slices are whose radii are compared; how much more alike than by chance they must
be, in standard deviations; and from how many on one is an outlier."""


def with_doubt(tube: Tube) -> Tube:
    """Return a tube whose standard deviations hold the doubt about its radius.

    The surface that was seen stays where it is: a wider tube has a deeper axis.
    """
    return _doubted(tube, tube.doubt_std_m)


def _doubted(tube: Tube, doubt_m: float) -> Tube:
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


def lasting_doubt(slice_radius_m: FloatArray) -> float:
    """Return what walks add that drift apart so slowly that slices hardly scatter, metres.

    Radii (K,) of slices that noise alone makes differ know nothing of their neighbours; what walks
    add stays the same over some of them. How far it strays so is told by how alike they are.
    """
    own_m = _one_of_each_slice(slice_radius_m)
    seen = ~np.isnan(own_m)
    if np.count_nonzero(seen) < _FEW_SLICES:
        return 0.0
    off_m = np.where(seen, own_m - np.median(own_m[seen]), 0.0)
    most_m = _OUTLYING * _MAD_STD * float(np.median(np.abs(off_m[seen])))
    off_m = np.clip(off_m, -most_m, most_m)
    off_m = np.where(seen, off_m - off_m[seen].mean(), 0.0)
    variance = float(off_m[seen].var())
    shifts = range(1, min(_LAGS, len(own_m) - 1) + 1)
    pairs = max(sum(int((seen[k:] & seen[:-k]).sum()) for k in shifts), 1)
    # of the mean of the slices each lacks its own share
    alike = sum(float(off_m[k:] @ off_m[:-k]) for k in shifts) / pairs + variance / seen.sum()
    if alike <= _BY_CHANCE * variance / math.sqrt(pairs):
        return 0.0
    return _WHOLE_WALK * math.sqrt(alike)


def with_walks(tube: Tube, longest: Tube) -> Tube:
    """Return a tube with what walks add that do not fit each other.

    What lasts along the longest tube of the scan holds for any, but where folds of a sleeve may be
    the cause; the rest for what is too short to show it. By what walks are apart the axis is off as
    well, whichever way. Of a scan whose drift was solved for no such thing is left.
    """
    if _is_solved(tube):
        return tube
    short = len(_one_of_each_slice(tube.slice_radius_m[tube.observed])) < _FEW_SLICES
    others_m = 0.0 if tube is longest or _is_solved(longest) else _shown(longest, short=short)
    walks_m = max(lasting_doubt(tube.slice_radius_m), others_m)
    known_m = 0.0 if short else tube.doubt_std_m
    doubted = _doubted(tube, math.sqrt(max(walks_m**2 - known_m**2, 0.0)))
    if tube.stand_off_m > 0.0:
        return doubted
    apart_m = max(walks_m, offset_doubt(tube.slice_radius_m, tube.inflation))
    return replace(
        doubted,
        std_h_m=np.hypot(doubted.std_h_m, apart_m),
        std_v_m=np.hypot(doubted.std_v_m, apart_m),
    )


def _shown(longest: Tube, *, short: bool) -> float:
    """Return what the longest tube shows that walks add to another one, metres."""
    lasting_m = lasting_doubt(longest.slice_radius_m) if longest.stand_off_m == 0.0 else 0.0
    offset_m = offset_doubt(longest.slice_radius_m, longest.inflation) if short else 0.0
    return max(lasting_m, offset_m)


def _is_solved(tube: Tube) -> bool:
    return bool(np.isfinite(tube.drift_m).any())


def _one_of_each_slice(slice_radius_m: FloatArray) -> FloatArray:
    """Return the radius of each slice, which all its nodes have; what is not seen counts once."""
    same = np.diff(slice_radius_m) == 0.0
    same |= np.isnan(slice_radius_m[1:]) & np.isnan(slice_radius_m[:-1])
    return slice_radius_m[np.append(True, ~same)]


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
