"""What the catalogue tells of pipes that give way under their load.

A flattened pipe, seen from above, looks like a larger round one. What is seen of it hardly tells
the two apart, but a pipe whose size is known and that seems too large for it may be flattened.
"""

import math
from dataclasses import dataclass

_SHARE = 0.3
"""Of flexible pipes that are oval enough to matter, before anything is seen."""
_CENTRE_SHARE = 4.0 / 3.0
"""Of what flattening does to the radius, that it does to the depth of the axis: the crown stays."""


@dataclass(frozen=True, slots=True)
class Flattening:
    """What it may do to the measures, as standard deviations beside the others; metres."""

    diameter_std_m: float
    centre_std_m: float
    note: str | None
    """Where it is likelier after all than before."""


def flattening(
    diameter_m: float, std_m: float, oval_std_m: float, nominal_m: float | None, tolerance_m: float
) -> Flattening:
    """Return what flattening may do to a flexible pipe.

    Parameters
    ----------
    diameter_m, std_m
        As measured, and how well if the pipe is round.
    oval_std_m
        What the usual ovals do to the diameter, given the arc that was seen.
    nominal_m
        The catalogue's outer diameter; None where the size is open.
    tolerance_m
        By which real pipes differ from it.
    """
    if nominal_m is None:
        return _of(math.sqrt(_SHARE) * oval_std_m, None)
    off = diameter_m - nominal_m
    if_round = std_m**2 + tolerance_m**2
    if_oval = if_round + oval_std_m**2
    odds = _SHARE / (1.0 - _SHARE) * math.sqrt(if_round / if_oval)
    odds *= math.exp(min(0.5 * off**2 * (1.0 / if_round - 1.0 / if_oval), 100.0))
    likely = odds / (1.0 + odds)
    gain = oval_std_m**2 / if_oval
    added = math.sqrt(likely * (gain * (if_round + gain * off**2)))
    note = None
    if likely > _SHARE:
        note = (
            f"outer diameter {1000.0 * abs(off):.1f} mm {'more' if off > 0.0 else 'less'} than the "
            f"catalogue's {1000.0 * nominal_m:.1f} mm: the pipe may be oval by its load: gauge its "
            "width and height by hand"
        )
    return _of(added, note)


def _of(diameter_std_m: float, note: str | None) -> Flattening:
    return Flattening(diameter_std_m, 0.5 * _CENTRE_SHARE * diameter_std_m, note)
