"""Round steps and positions on the paper."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear scale from metres to drawing units."""

    low_m: float
    high_m: float
    start: float
    """Drawing unit of `low_m`."""
    end: float
    """Drawing unit of `high_m`."""

    @property
    def units_per_m(self) -> float:
        """Drawing units a metre, positive."""
        return abs(self.end - self.start) / (self.high_m - self.low_m)

    def __call__(self, value_m: float) -> float:
        """Return the drawing unit of a value."""
        share = (value_m - self.low_m) / (self.high_m - self.low_m)
        return self.start + share * (self.end - self.start)

    def multiples(self, step_m: float) -> list[float]:
        """Return the multiples of `step_m` inside the axis."""
        first, last = math.ceil(self.low_m / step_m), math.floor(self.high_m / step_m)
        return [i * step_m for i in range(first, last + 1)]


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5 x 10^n that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    # The slack takes up the rounding of the logarithm at exact powers.
    return next(f * power for f in (1.0, 2.0, 5.0, 10.0) if f * power >= least * (1 - 1e-9))


def decimals_of(step: float) -> int:
    """Return how many decimals tell multiples of a round `step` apart."""
    return max(0, -math.floor(math.log10(step) + 1e-9))


def spread_out(positions: Sequence[float], gap: float) -> list[int]:
    """Return indices of positions at least `gap` apart, always with the first and the last.

    Parameters
    ----------
    positions
        Ascending, drawing units.
    gap
        Least distance between two that are chosen, drawing units.
    """
    if len(positions) < 2:
        return list(range(len(positions)))
    chosen = [0]
    last = len(positions) - 1
    for i in range(1, last):
        clear_of_last = positions[last] - positions[i] >= gap
        if positions[i] - positions[chosen[-1]] >= gap and clear_of_last:
            chosen.append(i)
    return [*chosen, last]
