"""Measure branches clear of the saddle, clamp or bell by which they leave their main.

What a branch leaves its main by is thicker than the branch. Of the little that a trench shows of a
service it is a good part, which tilts the axis and widens the barrel beyond what any sigma says.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.measure import Kept

_NECKS_M = (0.15, 0.1)
"""How far a neck may stand out of its main, in the tries one after another."""
_REACH_M = 0.1
"""How far beyond its main's surface the end of a branch may be."""
_SPACING_M = 0.02
_COURSE_M = 0.4
_LEAST_ANGLE_DEG = 25.0
"""To its main, that a branch has: what goes on with it is a piece of the same pipe."""

Measured = Callable[[Run, Kept], Tube | None]
"""Measures a run on points away from another tube; None where that holds no pipe."""


def without_neck(tube: Tube, tubes: Sequence[Tube], measured: Measured) -> Tube:
    """Return a tube measured clear of the main that it leaves, as long as before.

    It stays as it is where it leaves none, or shows too little beyond the neck.
    """
    main = _main_of(tube, tubes)
    if main is None:
        return tube
    line = polyline.resample(main.nodes, _SPACING_M)
    for neck_m in _NECKS_M:
        away = Kept(line, main.radius_m + neck_m)
        free = away.clear(tube.nodes)
        if np.count_nonzero(free) < 3:
            continue
        run = Run(tube.nodes[free], tube.radius_m, np.ones(np.count_nonzero(free), bool), 0)
        clear = measured(run, away)
        if clear is not None:
            return _prolonged(clear, tube, main)
    return tube


def _main_of(tube: Tube, tubes: Sequence[Tube]) -> Tube | None:
    """Return the thicker tube that one ends at, away from which it runs; None for none."""
    for main in sorted(tubes, key=lambda other: -other.length_m):
        if main is tube or main.radius_m < tube.radius_m or main.length_m < tube.length_m:
            continue
        distance = np.linalg.norm(main.nodes[:, None] - tube.nodes[[0, -1]], axis=2)
        off, nearest = distance.min(axis=0), int(distance.min(axis=1).argmin())
        reach = main.radius_m + _REACH_M
        course = polyline.directions(main.nodes, _COURSE_M)[nearest]
        angle = polyline.angle_deg(course, tube.nodes[-1] - tube.nodes[0])
        leaves = min(angle, 180.0 - angle) > _LEAST_ANGLE_DEG
        if leaves and off.min() < reach and off.max() > reach + _NECKS_M[0]:
            return main
    return None


def _prolonged(clear: Tube, tube: Tube, main: Tube) -> Tube:
    """Return a tube carried straight on to where another of the same pipe ends at its main."""
    ends = tube.nodes[[0, -1]]
    off = [float(np.linalg.norm(main.nodes - end, axis=1).min()) for end in ends]
    target = ends[int(np.argmin(off))]
    at_start = np.linalg.norm(clear.nodes[0] - target) < np.linalg.norm(clear.nodes[-1] - target)
    nodes = clear.nodes if at_start else clear.nodes[::-1]
    outward = _outward(nodes)
    length_m = float((target - nodes[0]) @ outward)
    step_m = float(np.linalg.norm(np.diff(nodes, axis=0), axis=1).mean())
    count = round(length_m / step_m)
    if count < 1:
        return clear
    added = nodes[0] + np.linspace(length_m, 0.0, count, endpoint=False)[:, None] * outward

    def grown(values: npt.NDArray[Any], fill: float | None = None) -> npt.NDArray[Any]:
        """Return values (K,) of the nodes with those of the added ones, by default the end's."""
        end = values[0] if at_start else values[-1]
        extra = np.full(count, end if fill is None else fill, values.dtype)
        return np.concatenate([extra, values] if at_start else [values, extra])

    def less_known(std_m: FloatArray) -> FloatArray:
        """Return standard deviations that grow along what is added, as a direction's do."""
        beyond = np.zeros(len(clear.nodes) + count)
        far = np.linalg.norm(added - nodes[0], axis=1) / clear.length_m
        beyond[:count] = far
        return grown(std_m) * (1.0 + 2.0 * (beyond if at_start else beyond[::-1]))

    line = np.vstack([added, nodes])
    return replace(
        clear,
        nodes=line if at_start else line[::-1],
        std_h_m=less_known(clear.std_h_m),
        std_v_m=less_known(clear.std_v_m),
        crown_std_m=less_known(clear.crown_std_m),
        arc_deg=grown(clear.arc_deg, 0.0),
        observed=grown(clear.observed, 0.0),
        visible=grown(clear.observed if clear.visible is None else clear.visible, 1.0),
        slice_radius_m=grown(clear.slice_radius_m, np.nan),
        drift_m=grown(clear.drift_m),
        held=None if clear.held is None else grown(clear.held, 0.0),
    )


def _outward(nodes: FloatArray) -> FloatArray:
    """Return the direction (3,) in which an axis (K, 3) leaves at its start."""
    last = nodes[polyline.chainage(nodes) <= max(_COURSE_M, 0.5 * polyline.length(nodes))]
    direction = np.linalg.svd(last - last.mean(axis=0), full_matrices=False)[2][0]
    return np.asarray(direction * np.sign(direction @ (last[0] - last[-1])))
