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
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.measure import Kept
from twin_pipeline.stages.tees import TeesOptions, find_tees

_NECKS_M = (0.15, 0.1, 0.07)
"""How far a neck may stand out of its main, in the tries one after another."""
_REACH_M = 0.1
"""How far beyond its main's surface the end of a branch may be."""
_AT_WALL_M = 0.04
"""What of the end of a branch is not measured, as the wall that it goes into may widen it."""
_SPACING_M = 0.02
_COURSE_M = 0.4
_FEWEST = 3
"""Nodes of a piece beyond a neck."""
_AWAY = 0.4
"""Of its length that what begins beyond a neck leads away from its main, at the least angle."""
_LEAST_ANGLE_DEG = 25.0
"""To its main, that a branch has: what goes on with it is a piece of the same pipe."""

Measured = Callable[[Run, Kept], Tube | None]
"""Measures a run on points away from another tube; None where that holds no branch."""


def without_neck(tube: Tube, tubes: Sequence[Tube], measured: Measured) -> Tube:
    """Return a tube measured clear of the main that it leaves, as long as before.

    It stays as it is where it leaves none, or shows too little beyond the neck.
    """
    main = _main_of(tube, tubes)
    if main is None:
        return tube
    line = polyline.resample(main.nodes, _SPACING_M)
    for neck_m in _NECKS_M:
        away = _short_of_wall(Kept(line, main.radius_m + neck_m), tube, main)
        free = away.clear(tube.nodes)
        if np.count_nonzero(free) < _FEWEST:
            continue
        run = Run(tube.nodes[free], tube.radius_m, np.ones(np.count_nonzero(free), bool), 0)
        clear = measured(run, away)
        if clear is not None:
            return _prolonged(clear, tube, main)
    return tube


def beyond_neck(
    run: Run, tubes: Sequence[Tube], measured: Measured, options: TeesOptions
) -> Tube | None:
    """Return the branch that a run holds beyond the neck by which it leaves one of the tubes.

    For runs that hold no pipe as a whole: what is as short as a trench shows a branch may be neck
    for its better part. It has to point at the axis of its main, which makes up for its length.
    """
    for main in sorted(tubes, key=lambda tube: -tube.length_m):
        if main.radius_m < run.radius_m or main.length_m < run.length_m:
            continue
        line = polyline.resample(main.nodes, _SPACING_M)
        for neck_m in _NECKS_M:
            away = Kept(line, main.radius_m + neck_m)
            free = away.clear(run.axis)
            pieces = _beyond(run, main, options) if free.all() else _leaving(run, main, free)
            for piece in pieces:
                branch = measured(piece, _up_to_end(away, piece))
                if branch is not None and find_tees((main, branch), options):
                    return _carried_to(branch, main)
            if free.all():
                break
    return None


def _leaving(run: Run, main: Tube, free: BoolArray) -> list[Run]:
    """Return the pieces of a run that lead away from where it comes near its main.

    Parameters
    ----------
    free
        (S,) which of the run's stations are not near it.
    """
    pieces = []
    for first, last in stretches(free):
        axis, seen = run.axis[first : last + 1], run.seen[first : last + 1]
        if (
            (first > 0) != (last < len(free) - 1)
            and len(axis) >= _FEWEST
            and _angle_deg(axis, main) > _LEAST_ANGLE_DEG
        ):
            way = slice(None) if first > 0 else slice(None, None, -1)
            pieces.append(Run(axis[way], run.radius_m, seen[way], run.level))
    return pieces


def _beyond(run: Run, main: Tube, options: TeesOptions) -> list[Run]:
    """Return a run that begins beyond a neck, from there on; none where it leads elsewhere."""
    line = polyline.resample(main.nodes, _SPACING_M)
    off = np.array([np.linalg.norm(line - end, axis=1).min() for end in run.axis[[0, -1]]])
    if (
        len(run.axis) < _FEWEST
        or off.min() > main.radius_m + options.max_gap_m
        or off.max() - off.min() < _AWAY * run.length_m
        or _angle_deg(run.axis, main) <= _LEAST_ANGLE_DEG
    ):
        return []
    way = slice(None) if off[0] < off[1] else slice(None, None, -1)
    return [Run(run.axis[way], run.radius_m, run.seen[way], run.level)]


def _short_of_wall(away: Kept, tube: Tube, main: Tube) -> Kept:
    """Keep away from the last of a tube, too, which takes in of the wall that it goes into."""
    nodes = _from_main(tube, main)
    outward = _outward(nodes[::-1])
    return replace(away, end=nodes[-1] - _AT_WALL_M * outward, outward=outward)


def _from_main(tube: Tube, main: Tube) -> FloatArray:
    """Return the nodes (K, 3) of a tube, that at its main first."""
    off = [float(np.linalg.norm(main.nodes - end, axis=1).min()) for end in tube.nodes[[0, -1]]]
    return tube.nodes if off[0] < off[1] else tube.nodes[::-1]


def _up_to_end(away: Kept, piece: Run) -> Kept:
    """Keep away from what lies beyond the end of a piece, too: the wall into which a branch goes.

    A wall that meets a tube widens it, and of so short a piece it is no small part.
    """
    course = piece.axis[-1] - piece.axis[0]
    return replace(away, end=piece.axis[-1], outward=course / np.linalg.norm(course))


def _angle_deg(axis: FloatArray, main: Tube) -> float:
    """Return the angle of an axis (K, 3) to the main where it comes nearest to it, at most 90."""
    distance = np.linalg.norm(main.nodes[:, None] - axis[[0, -1]], axis=2)
    nearest = int(distance.min(axis=1).argmin())
    course = polyline.directions(main.nodes, _COURSE_M)[nearest]
    return polyline.acute_deg(course, axis[-1] - axis[0])


def _main_of(tube: Tube, tubes: Sequence[Tube]) -> Tube | None:
    """Return the thicker tube that one ends at, away from which it runs; None for none."""
    for main in sorted(tubes, key=lambda other: -other.length_m):
        if main is tube or main.radius_m < tube.radius_m or main.length_m < tube.length_m:
            continue
        off = np.linalg.norm(main.nodes[:, None] - tube.nodes[[0, -1]], axis=2).min(axis=0)
        reach = main.radius_m + _REACH_M
        leaves = _angle_deg(tube.nodes, main) > _LEAST_ANGLE_DEG
        if leaves and off.min() < reach and off.max() > reach + _NECKS_M[0]:
            return main
    return None


def _carried_to(branch: Tube, main: Tube) -> Tube:
    """Return a branch carried straight on to the surface of its main."""
    line = polyline.resample(main.nodes, _SPACING_M)
    off = [float(np.linalg.norm(line - end, axis=1).min()) for end in branch.nodes[[0, -1]]]
    nodes = branch.nodes if off[0] < off[1] else branch.nodes[::-1]
    return _carried_on(branch, nodes[0] + (min(off) - main.radius_m) * _outward(nodes))


def _prolonged(clear: Tube, tube: Tube, main: Tube) -> Tube:
    """Return a tube carried straight on to where another of the same pipe begins and ends."""
    begin, end = _from_main(tube, main)[[0, -1]]
    return _carried_on(_carried_on(clear, begin), end, seen=True)


def _carried_on(clear: Tube, target: FloatArray, *, seen: bool = False) -> Tube:
    """Return a tube carried straight on to a place (3,), as seen there or not."""
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
        arc_deg=grown(clear.arc_deg, None if seen else 0.0),
        observed=grown(clear.observed, float(seen)),
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
