"""Which stretches of a pipe must be scanned again, in words that say where and how."""

from collections.abc import Iterable

import numpy as np

from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.model import BoolArray, Fitting, FittingKind, FloatArray, Rescan

_LONGEST_HIDDEN_M = 0.5
_LONGEST_NARROW_M = 1.0
_SOCKET_M = 0.35
"""How far from a joint's middle its socket, and what measuring leaves out for it, may reach."""
_HIDING = frozenset({FittingKind.JOINT, FittingKind.TEE})
"""Fittings that cover the barrel."""


def barrel_hidden(
    chainage_m: FloatArray, observed: BoolArray, fittings: Iterable[Fitting]
) -> BoolArray:
    """Tell where along a pipe (K,) nothing was seen, though no socket covers the barrel there."""
    hidden = ~observed
    for fitting in fittings:
        if fitting.kind in _HIDING:
            hidden = hidden & (np.abs(chainage_m - fitting.chainage_m) >= _SOCKET_M)
    return hidden


def rescans(
    chainage_m: FloatArray, hidden: BoolArray, arc_deg: FloatArray, least_arc_deg: float
) -> tuple[Rescan, ...]:
    """Return the stretches that were hidden or narrowly seen for too long, by chainage.

    Parameters
    ----------
    chainage_m
        (K,) of the nodes of an axis.
    hidden
        (K,) where nothing was seen of the barrel.
    arc_deg
        (K,) what was seen of its circumference.
    least_arc_deg
        What must be seen of it.
    """
    found = [
        Rescan("hidden", a, b, f"hidden from {a:.1f} to {b:.1f} m: uncover and scan there")
        for a, b in _long(chainage_m, hidden, _LONGEST_HIDDEN_M)
    ]
    narrow = ~hidden & (arc_deg < least_arc_deg)
    for a, b in _long(chainage_m, narrow, _LONGEST_NARROW_M):
        arc = float(np.median(arc_deg[narrow & (chainage_m >= a) & (chainage_m <= b)]))
        reason = (
            f"only {arc:.0f} degrees of the circumference were seen from {a:.1f} to {b:.1f} m: "
            "scan there from both sides"
        )
        found.append(Rescan("narrow", a, b, reason))
    return tuple(sorted(found, key=lambda rescan: rescan.first_m))


def _long(chainage_m: FloatArray, flags: BoolArray, least_m: float) -> list[tuple[float, float]]:
    """Return begin and end of stretches that are at least so long; edges lie between nodes."""
    between = 0.5 * (chainage_m[:-1] + chainage_m[1:])
    edges = np.concatenate([chainage_m[:1], between, chainage_m[-1:]])
    ends = ((float(edges[first]), float(edges[last + 1])) for first, last in stretches(flags))
    return [(begin, end) for begin, end in ends if end - begin >= least_m]
