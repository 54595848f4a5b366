"""How errors compare with the sigmas that were stated for them, in all and by kind of scan."""

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from benchmarks.accuracy.scoring import Match
from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic.scene import Scene

_NOISY_M = 0.006
_SHORT_ARC_DEG = 105.0
_SPARSE_POINTS_PER_M = 250.0
_DRIFT_M = 0.001

_Ratios = Callable[[Match], FloatArray]


def _position_h(match: Match) -> FloatArray:
    return match.across / match.best.position_std_h_m if match.best else np.empty(0)


def _position_v(match: Match) -> FloatArray:
    return match.up / match.best.position_std_v_m if match.best else np.empty(0)


def _crown(match: Match) -> FloatArray:
    return match.crown / match.best.position_std_v_m if match.best else np.empty(0)


QUANTITIES: Mapping[str, _Ratios] = {
    "diameter": lambda match: np.array([match.diameter_z]),
    "position h": _position_h,
    "position v": _position_v,
    "crown": _crown,
    "cover": lambda match: match.cover / match.cover_std,
    "joints": lambda match: np.array(match.joints_z),
}
"""Errors over sigmas at all seen stations of a pipe. A crown's sigma is that of the level."""


def summary(matches: list[Match]) -> Iterable[str]:
    """Yield a line a quantity; every pipe counts once, however many stations it has."""
    for name, ratios in QUANTITIES.items():
        rms, within, beyond, _ = _of(matches, ratios)
        yield (
            f"- |error| / sigma, {name}: rms {rms:.2f}, {100 * within:.0f} % within 2, "
            f"{100 * beyond:.1f} % beyond 3"
        )


def drifts(scene: Scene) -> bool:
    """Tell whether a scan is in places off the truth, however little its points scatter."""
    shifted = any(np.linalg.norm(walk.shift_m) > _DRIFT_M for walk in scene.scanner.passes)
    return shifted or scene.scanner.noise.drift_m > _DRIFT_M


def by_kind(scored: list[tuple[Match, Scene]]) -> Iterable[str]:
    """Yield a table of rms, share within 2 and beyond 3 by what is hard about a scan."""
    yield "| |error| / sigma: rms, within 2, beyond 3 | pipes | " + " | ".join(QUANTITIES) + " |"
    yield "|" + "---|" * (2 + len(QUANTITIES))
    for kind in dict.fromkeys(_kind(match, scene) for match, scene in scored):
        matches = [match for match, scene in scored if _kind(match, scene) == kind]
        cells = []
        for ratios in QUANTITIES.values():
            rms, within, beyond, count = _of(matches, ratios)
            cells.append(f"{rms:.2f}, {100 * within:.0f} %, {100 * beyond:.0f} %" if count else "-")
        yield f"| {kind} | {len(matches)} | " + " | ".join(cells) + " |"


def _of(matches: list[Match], ratios: _Ratios) -> tuple[float, float, float, int]:
    """Return rms, shares within 2 and beyond 3, and the number of ratios."""
    values, weights = [], []
    for match in matches:
        own = ratios(match)
        own = own[np.isfinite(own)]
        values.append(own)
        weights.append(np.full(len(own), 1.0 / max(len(own), 1)))
    z = np.abs(np.concatenate([*values, np.empty(0)]))
    if len(z) == 0:
        return math.nan, math.nan, math.nan, 0
    weight = np.concatenate(weights)
    return (
        math.sqrt(float(np.average(z**2, weights=weight))),
        float(np.average(z <= 2.0, weights=weight)),
        float(np.average(z > 3.0, weights=weight)),
        len(z),
    )


def _kind(match: Match, scene: Scene) -> str:
    """Return what is hard about a pipe's scan: the first that holds."""
    pipe = match.best
    if pipe is None:
        return "not found"
    kinds = {
        "drift, double surfaces": drifts(scene),
        f"noise over {1000 * _NOISY_M:.0f} mm": pipe.fit_rms_m > _NOISY_M,
        f"less than {_SHORT_ARC_DEG:.0f}° used": pipe.arc_deg < _SHORT_ARC_DEG,
        "branches and crossings": match.truth.role != "main",
        "sparse": pipe.points < _SPARSE_POINTS_PER_M * pipe.length_m,
        "others": True,
    }
    return next(kind for kind, holds in kinds.items() if holds)
