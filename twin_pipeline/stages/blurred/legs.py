"""Join tubes that were found along one course of a trench each where a pipe turns between them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.likeness import of_one_size
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray

_LEG_M = 1.0
_APART_M, _BEYOND_M, _BACK_M = 0.06, 1.75, 0.3
"""By how much the straights of two legs may pass each other, and how far from their ends."""
_MOST_DEG = 100.0
_UNSEEN_M = 0.3
_GUESSED = 0.03
"""Of how far from anything seen an axis is carried on, what it may be off there."""
_PER_NODE = (
    "std_h_m", "std_v_m", "crown_std_m", "arc_deg", "observed", "slice_radius_m", "drift_m",
)  # fmt: skip


def joined(tubes: Sequence[Tube]) -> list[Tube]:
    """Return tubes, those whose straights meet between their ends as one."""
    left = list(tubes)
    while (pair := _first_pair(left)) is not None:
        one, other, whole = pair
        left = [tube for tube in left if tube is not one and tube is not other] + [whole]
    return left


def _first_pair(tubes: Sequence[Tube]) -> tuple[Tube, Tube, Tube] | None:
    for number, one in enumerate(tubes):
        for other in tubes[number + 1 :]:
            if not of_one_size(one, other):
                continue
            for first in (one, _turned(one)):
                for second in (other, _turned(other)):
                    corner = _corner(first.nodes, second.nodes)
                    if corner is not None:
                        return one, other, _over_corner(first, second, corner)
    return None


def _turned(tube: Tube) -> Tube:
    values = {name: getattr(tube, name)[::-1] for name in _PER_NODE}
    return replace(tube, nodes=tube.nodes[::-1], **values)


def _corner(before: FloatArray, after: FloatArray) -> FloatArray | None:
    """Return where (3,) the end of one axis leads to the beginning of another, if it does."""
    own, its = polyline.chainage(before), polyline.chainage(after)
    p, u = polyline.straight_through(before[own >= own[-1] - _LEG_M])
    q, v = polyline.straight_through(after[its <= _LEG_M])
    if polyline.angle_deg(u, v) > _MOST_DEG:
        return None
    cosine = float(u @ v)
    if cosine > 0.999:
        ahead = float((after[0] - before[-1]) @ u)
        aside = after[0] - before[-1] - ahead * u
        meets = -_BACK_M < ahead < _BEYOND_M and float(np.linalg.norm(aside)) < _APART_M
        return np.asarray(0.5 * (before[-1] + after[0])) if meets else None
    away = q - p
    square = 1.0 - cosine**2
    s = float(away @ u - cosine * (away @ v)) / square
    t = float(cosine * (away @ u) - away @ v) / square
    one, other = p + s * u, q + t * v
    ahead = float((one - before[-1]) @ u)
    behind = float((after[0] - other) @ v)
    near = all(-_BACK_M < way < _BEYOND_M for way in (ahead, behind))
    meets = near and float(np.linalg.norm(one - other)) < _APART_M
    return np.asarray(0.5 * (one + other)) if meets else None


def _over_corner(first: Tube, second: Tube, corner: FloatArray) -> Tube:
    """Return both as one, carried on straight to the corner; what passes it is left out."""
    u = polyline.end_direction(first.nodes)
    v = polyline.end_direction(second.nodes[::-1])
    kept = (first.nodes - corner) @ u < 0.0
    its = (second.nodes - corner) @ v < 0.0
    ends = np.array([first.nodes[kept][-1], second.nodes[its][0]])
    gap_m = float(np.linalg.norm(ends - corner, axis=1).sum())
    weight = first.radius_std_m**-2 / (first.radius_std_m**-2 + second.radius_std_m**-2)

    def mean(a: float, b: float) -> float:
        return weight * a + (1.0 - weight) * b

    def both(name: str, between: float) -> FloatArray:
        return np.concatenate([getattr(first, name)[kept], [between], getattr(second, name)[its]])

    def guessed(name: str) -> FloatArray:
        last, next_one = getattr(first, name)[kept][-1], getattr(second, name)[its][0]
        return both(name, float(max(last, next_one)) + _GUESSED * gap_m)

    seen = gap_m < _UNSEEN_M
    radius_m = mean(first.radius_m, second.radius_m)
    return replace(
        first,
        nodes=np.vstack([first.nodes[kept], corner, second.nodes[its]]),
        radius_m=radius_m,
        radius_std_m=mean(first.radius_std_m, second.radius_std_m),
        arc_deg=both("arc_deg", 0.5 * (first.arc_deg.max() + second.arc_deg.max()) * seen),
        observed=both("observed", seen).astype(bool),
        slice_radius_m=both("slice_radius_m", radius_m if seen else np.nan),
        drift_m=both("drift_m", np.nan),
        noise_m=mean(first.noise_m, second.noise_m),
        points=np.unique(np.concatenate([first.points, second.points])),
        points_used=first.points_used + second.points_used,
        std_h_m=guessed("std_h_m"),
        std_v_m=guessed("std_v_m"),
        crown_std_m=guessed("crown_std_m"),
    )
