"""How far the top of a pipe lies above its axis, straight up."""

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.model import FloatArray

_RISER = 0.5
"""Cosine of the slope from which a leg is a riser, which has no crown that goes on uphill."""


def crown_rise(nodes: FloatArray, radius_m: float, at_m: FloatArray) -> FloatArray:
    """Return by how much the crown is above the axis, (S,) metres, at chainages (S,).

    Straight above the axis of a leg that slopes is the pipe's top a little way up the leg:
    R / cos of the slope above the axis, that of the chord over one radius to either side.
    Above a riser it is at most one diameter.

    Parameters
    ----------
    nodes
        (K, 3) of the axis, z up, metres.
    """
    end_m = polyline.length(nodes)
    before = polyline.along(nodes, nodes, np.maximum(at_m - radius_m, 0.0))
    behind = polyline.along(nodes, nodes, np.minimum(at_m + radius_m, end_m))
    chord = behind - before
    cosine = np.linalg.norm(chord[:, :2], axis=1) / np.linalg.norm(chord, axis=1)
    return radius_m / np.maximum(cosine, _RISER)
