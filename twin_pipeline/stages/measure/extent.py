"""From where to where a measured axis is one of a tube."""

import math
from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment

_BIN_M = 0.02
_REACH_M = 0.3
_COSINE = 0.8
_NOISES = 3.0
"""From the shell to what lies on the tube beyond the last node that was observed."""
_DENSE = 0.4
"""As dense as this share of what is usual inside."""


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """A piece of an axis. K = its nodes."""

    first: int
    last: int
    """Nodes of the adjustment that lie in it."""
    at: FloatArray
    """(K,) where its nodes are, in nodes of the adjustment: its ends lie between two of these."""

    @property
    def span(self) -> slice:
        """Of the adjustment's nodes."""
        return slice(self.first, self.last + 1)

    def of(self, values: FloatArray) -> FloatArray:
        """Return what values (N,) or (N, D) at the adjustment's nodes are at its own."""
        number = np.arange(len(values))
        if values.ndim == 1:
            return np.interp(self.at, number, values)
        return np.column_stack([np.interp(self.at, number, column) for column in values.T])


def exact_extent(adj: Adjustment, first: int, last: int) -> Extent:
    """Return the piece from the first to the last observed node, on to where the surface ends.

    An end node counts as observed only with a good arc around it; the tube goes on as long as
    points lie on it about as densely as inside. There the axis is as it was adjusted: a straight
    line would not follow a pipe that bends into soil, and what is left of it to be seen there
    makes the axis less sure.
    """
    on_tube = (np.abs(adj.residual) < _NOISES * adj.noise) & (adj.cosine > _COSINE)
    on_tube &= ~np.isnan(adj.chainage)
    longest = len(adj.nodes) - 1
    bins = math.ceil(longest * adj.step / _BIN_M)
    count = np.bincount((adj.chainage[on_tube] / _BIN_M).astype(np.int64), minlength=bins + 1)
    low, high = (min(round(k * adj.step / _BIN_M), bins) for k in (first, last))
    enough = _DENSE * float(np.median(count[low : high + 1]))
    reach = round(_REACH_M / _BIN_M)
    while low > 0 and count[low - 1] > enough and reach > 0:
        low, reach = low - 1, reach - 1
    reach = round(_REACH_M / _BIN_M)
    while high < bins and count[high] > enough and reach > 0:
        high, reach = high + 1, reach - 1
    begin, end = low * _BIN_M / adj.step, min(high * _BIN_M / adj.step, longest)
    first, last = min(first, math.ceil(begin)), max(last, math.floor(end))
    at = np.arange(first, last + 1, dtype=np.float64)
    at[0], at[-1] = begin, end
    return Extent(first, last, at)
