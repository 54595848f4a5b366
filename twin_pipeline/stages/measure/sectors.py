"""Around which nodes of an axis enough of the tube is seen."""

import numpy as np

from twin_pipeline.kernels.adjust import hidden, near_shell
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment

_NEAR_NOISES, _OUTWARDS = 4.0, 0.7


def standing_out(adj: Adjustment) -> BoolArray:
    """Return the nodes (K,) around which the surface stands out of the barrel, as sockets do."""
    out: BoolArray
    out, _ = hidden.standing(
        adj.node, adj.cosine, adj.chainage, adj.residual, adj.keep, len(adj.nodes), adj.radius,
        adj.noise,
    )  # fmt: skip
    return out


def observed_arc(
    adj: Adjustment, weights: FloatArray, min_arc_deg: float
) -> tuple[FloatArray, BoolArray]:
    """Return the seen arc (K,) in degrees around each node, and whether it is enough."""
    arc, own, usual = hidden.seen_arcs(
        adj.node, adj.angle, weights, len(adj.nodes), adj.step, adj.radius
    )
    return arc, (arc >= min_arc_deg) & (own > 0.1 * usual)


def visible(adj: Adjustment, min_arc_deg: float) -> BoolArray:
    """Return the nodes (K,) around which the tube can be seen, measured there or not.

    What stands out beside it, or soil that touches it somewhere in its slice, keeps a stretch from
    being measured, but hides nothing.
    """
    everywhere = np.ones(len(adj.residual), bool)
    weights = near_shell.tukey_weights(
        adj.residual, adj.cosine, adj.chainage, everywhere, _NEAR_NOISES * adj.noise, _OUTWARDS
    )
    return observed_arc(adj, weights, min_arc_deg)[1]
