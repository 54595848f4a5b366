"""Which sectors of the cross-section lie on one circle, where normals are too coarse to tell.

The normals of a thin or noisily scanned pipe come from patches about as large as the pipe itself;
next to soil that touches it they are wrong up to the crown. There the points of a stretch are laid
over each other along the axis, and the longest arc is taken that keeps to a circle.
"""

from twin_pipeline.kernels import arcs, scatter
from twin_pipeline.model import BoolArray
from twin_pipeline.stages.measure.adjustment import Adjustment

_POINTS_PER_SLICE = 4000
_NEAR_SIGMAS = 4.0


def sectors_on_circle(adj: Adjustment) -> BoolArray:
    """Return which points (N,) lie in sectors that together keep to a circle.

    A stretch has none where no arc does.
    """
    length = (len(adj.nodes) - 1) * adj.step
    slices = max(adj.used // _POINTS_PER_SLICE, 1)
    profile = arcs.profiles(
        adj.chainage, adj.angle, adj.residual, _NEAR_SIGMAS * adj.noise, slices / length, slices
    )
    kept = arcs.longest_arcs(profile, adj.noise, adj.radius, adj.start_radius)
    inside: BoolArray = scatter.in_chosen(adj.chainage, adj.angle, slices / length, kept)
    return inside
