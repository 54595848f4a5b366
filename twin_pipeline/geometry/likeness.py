"""Whether tubes that were measured apart may be of one pipe."""

import math

import numpy as np
import scipy

from twin_pipeline.geometry.tubes import Tube

_SAME_SIGMAS = 4.0
_SAME_SHARE = 0.03
"""Difference of radii that one pipe may show."""


def is_part_of(tube: Tube, other: Tube) -> bool:
    """Tell whether a tube is the fitting of a longer one, that was measured on its own."""
    if other is tube or other.length_m <= tube.length_m:
        return False
    distance, _ = scipy.spatial.cKDTree(other.nodes).query(tube.nodes)
    spacing = float(np.linalg.norm(np.diff(other.nodes, axis=0), axis=1).max())
    return float(np.mean(distance < math.hypot(0.7 * other.radius_m, spacing / 2.0))) > 0.5


def of_one_size(tube: Tube, other: Tube) -> bool:
    """Tell whether two tubes may be of one pipe by their radii."""
    std_m = math.hypot(tube.radius_std_m, other.radius_std_m)
    allowed_m = max(_SAME_SIGMAS * std_m, _SAME_SHARE * tube.radius_m)
    return abs(tube.radius_m - other.radius_m) <= allowed_m


def gap_m(tube: Tube, other: Tube) -> float:
    """Return the distance between the ends of two tubes that are nearest to each other, metres."""
    ends = ((a, b) for a in tube.nodes[[0, -1]] for b in other.nodes[[0, -1]])
    return min(float(np.linalg.norm(a - b)) for a, b in ends)
