"""How the adjustment of a run ended, point by point: for pictures, on demand only."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Run
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.options import MeasureOptions
from twin_pipeline.stages.measure.run import begin, solved

_BAND_SIGMAS = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What became of the points around a run. N = points, K = nodes; local frame, metres."""

    nodes: FloatArray
    """(K, 3) the adjusted axis, lengthened beyond the tube's ends."""
    tangent: FloatArray
    """(K, 3)"""
    hidden: BoolArray
    """(K,) nodes that took no part: nothing, a socket or something else is seen there."""
    radius_m: float
    band_m: float
    """Residual from which on points have no weight."""
    index: IntArray
    """(N,) of the points among the sorted points."""
    chainage_m: FloatArray
    """(N,) along the nodes; NaN beyond them."""
    node: IntArray
    """(N,) nearest along the axis."""
    radial: FloatArray
    """(N, 3) from the axis to the points."""
    residual_m: FloatArray
    """(N,) outside the tube positive."""
    used: BoolArray
    """(N,) points with weight; none where the adjustment gave up."""
    kept: BoolArray
    """(N,) False in the sectors of the cross-section that were dropped."""


def explain(
    pyramid: Pyramid, run: Run, options: MeasureOptions, *, with_drift: bool = False
) -> Fit | None:
    """Measure a run again and return what `measure` keeps to itself; None if it has no points."""
    begun = begin(pyramid, run)
    if begun is None:
        return None
    adj: Adjustment = begun.adjustment
    weights = solved(pyramid, begun, options, with_drift=with_drift)
    return Fit(
        nodes=adj.nodes,
        tangent=adj.tangent,
        hidden=adj.hidden,
        radius_m=adj.radius,
        band_m=_BAND_SIGMAS * adj.noise,
        index=begun.index,
        chainage_m=_chainage(adj),
        node=adj.node,
        radial=adj.radial,
        residual_m=adj.residual,
        used=np.zeros(len(adj.residual), bool) if weights is None else weights > 0.0,
        kept=adj.keep,
    )


def _chainage(adj: Adjustment) -> FloatArray:
    """Return the points' chainages (N,); the adjustment takes its nodes as evenly spaced."""
    even = adj.step * np.arange(len(adj.nodes))
    return np.interp(adj.chainage, even, polyline.chainage(adj.nodes))
