"""How much of a tube is seen, and whether that is where it was led; local frame, metres."""

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Run, Tube

_DENSE_M = 0.005
"""Steps of a line to which distances are looked at."""
_BESIDE = 0.5
"""Of the radius, from which on a tube lies where another does not."""
_AHEAD_M, _BACK = 2.0, 10
"""How far a tube is carried on straight beyond its ends, and by how many nodes' course."""


def seen_m(tube: Tube) -> float:
    """Return over which length a tube is seen."""
    return tube.length_m * float(tube.observed.mean())


def unknown_m(tube: Tube) -> float:
    """Return over which length a tube is neither seen nor led by points around it."""
    known = tube.observed if tube.held is None else tube.observed | tube.held
    return tube.length_m * float(np.mean(~known))


def longest_hidden_m(tube: Tube) -> float:
    """Return the length of a tube's longest hidden stretch."""
    along = polyline.chainage(tube.nodes)
    gaps = (along[end] - along[begin] for begin, end in stretches(~tube.observed))
    return max(gaps, default=0.0)


def seen_beyond_m(whole: Tube, *parts: Tube) -> float:
    """Return over which length a tube is seen where none of some parts lies, or leads straight."""
    new = whole.observed.copy()
    for part in parts:
        line = polyline.resample(polyline.extend(part.nodes, _AHEAD_M, back=_BACK), _DENSE_M)
        distance, _ = scipy.spatial.cKDTree(line).query(whole.nodes)
        new &= distance > _BESIDE * whole.radius_m
    return whole.length_m * float(new.mean())


def keeps_to(tube: Tube, run: Run, near: float) -> bool:
    """Tell whether a tube goes where a run is held, to a share of its radius."""
    held = run.axis[run.held] if run.held is not None else run.axis
    line = polyline.resample(tube.nodes, _DENSE_M)
    distance, _ = scipy.spatial.cKDTree(line).query(held)
    return float(distance.max()) < near * tube.radius_m
