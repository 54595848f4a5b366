"""What noise along the rays does to tubes of few points, put right in the end.

Rays graze the limbs of a tube, where their noise makes it thinner, by up to five times noise**2 / R
in the diameter. How noise lies is told by narrow sectors, which some thousand points fill; what
some hundred show in wide ones is no ground to take anything for a pipe or to leave it out.
"""

import math
from dataclasses import replace

import numpy as np

from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.anisotropy import expected_of_few

_MOST = 0.2
"""Of the radius; more is no correction."""
_LEFT, _BY_CHANCE = 0.25, 7.0
"""What of it remains doubtful: what is of higher order, and by the root of the number of points."""
_HELD = 1e-6


def led_by_rays(adj: Adjustment, weights: FloatArray) -> FloatArray | None:
    """Return by how much axis and radius (4,) are to be moved, metres; None for many points.

    Parameters
    ----------
    weights
        (N,) of the points used.
    """
    told = expected_of_few(adj, weights)
    if told is None:
        return None
    used = weights > 0.0
    expected = adj.expected[used] if len(adj.expected) else 0.0
    design = np.column_stack([adj.radial[used] / adj.rho[used, None], np.ones(used.sum())])
    weighted = design * weights[used, None]
    # nothing is told about the place along a straight tube
    normal = design.T @ weighted + _HELD * used.sum() * np.diag([1.0, 1.0, 1.0, 0.0])
    led_m = np.linalg.solve(normal, weighted.T @ (expected - told[used]))
    return led_m if abs(led_m[3]) < _MOST * adj.radius else None


def with_rays(tube: Tube) -> Tube:
    """Return a tube of few points without what noise along the rays has done to it."""
    if tube.led_m is None:
        return tube
    wider_m = float(tube.led_m[3])
    left = math.hypot(_LEFT, _BY_CHANCE / math.sqrt(tube.points_used))
    return replace(
        tube,
        led_m=None,
        nodes=tube.nodes + tube.led_m[:3],
        radius_m=tube.radius_m + wider_m,
        slice_radius_m=tube.slice_radius_m + wider_m,
        radius_std_m=math.hypot(tube.radius_std_m, left * wider_m),
        std_h_m=np.hypot(tube.std_h_m, left * math.hypot(tube.led_m[0], tube.led_m[1])),
        std_v_m=np.hypot(tube.std_v_m, left * tube.led_m[2]),
    )
