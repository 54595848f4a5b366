"""Leave out what hangs over the floor as no pipe does: rails and wales along a wall, beams' edges.

A main lies on the floor. What is led through a trench with air below it is a utility that was laid
before, as deep as those are, and away from the walls, which were dug beside it; and in the open
more of its round is seen than of an edge.
"""

from collections.abc import Sequence

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.classify import ClassifyOptions, LeftOut
from twin_pipeline.stages.classify.lying import (
    ends_off,
    middle_of,
    reach_m,
    runs_with_the_trench,
)

_CUTS, _HALF_SLAB_M, _REACH_M = 9, 0.06, 1.0
_BESIDE_M, _STRIP_M = 0.03, 0.3
"""From the tube's side on, and to there, the floor under what hangs can be seen."""
_AIR_M = 0.3
_MOST = 0.7
_ENOUGH_POINTS = 5
_WALL_GAP_M = 0.12
_ABOVE_M, _WALL_M = 0.08, 0.3
"""So far above a tube, where neither noise nor sockets reach, and on, a wall must show."""
_FROM_ABOVE = 0.8
_EDGE_ARC_DEG = 95.0


def without_hanging(
    tubes: Sequence[Tube], ground: Ground | None, pyramid: Pyramid, options: ClassifyOptions
) -> tuple[list[Tube], list[LeftOut]]:
    """Return what lies as pipes lie, and what hangs over the floor as they do not."""
    if ground is None:
        return list(tubes), []
    free = [tube for tube in tubes if not _leaves_another(tube, tubes)]
    reasons = {id(tube): _why_no_pipe(tube, ground, pyramid, options) for tube in free}
    hanging = [LeftOut(tube, why) for tube in free if (why := reasons[id(tube)]) is not None]
    return [tube for tube in tubes if reasons.get(id(tube)) is None], hanging


def _leaves_another(tube: Tube, tubes: Sequence[Tube]) -> bool:
    return any(
        min(ends_off(tube, main)) < reach_m(main) for main in tubes if main.length_m > tube.length_m
    )


def _why_no_pipe(
    tube: Tube, ground: Ground, pyramid: Pyramid, options: ClassifyOptions
) -> str | None:
    edge = float(np.median(tube.arc_deg[tube.observed])) < _EDGE_ARC_DEG
    thin = 2.0 * tube.radius_m <= options.max_strut_diameter_m
    rail = thin and runs_with_the_trench(tube, ground)
    if float(tube.middle[2]) < _FROM_ABOVE or not (edge or rail):
        return None
    cuts = _cuts(tube, pyramid)
    if np.mean([_air_below(cut, tube.radius_m) for cut in cuts]) < _MOST:
        return None
    if edge:
        return "an edge that hangs over the floor: of a pipe there more would be seen"
    if np.mean([_at_a_wall(cut, tube.radius_m) for cut in cuts]) >= _MOST:
        return "hangs along the wall over the floor, as a rail or a wale does"
    middle = middle_of(tube)
    elevation, _ = ground.elevation_at(middle[None, :2])
    shallow = float(elevation[0]) - float(middle[2]) - tube.radius_m < options.utility_cover_m
    return "hangs over the floor, shallower than any utility may lie" if shallow else None


def _cuts(tube: Tube, pyramid: Pyramid) -> list[FloatArray]:
    """Return points around places along a tube: (P, 2) across and above the axis, metres."""
    chainage = polyline.chainage(tube.nodes)
    at = np.linspace(0.0, chainage[-1], _CUTS + 2)[1:-1]
    centres = polyline.along(tube.nodes, tube.nodes, at)
    courses = polyline.along(tube.nodes, polyline.directions(tube.nodes, 0.2), at)
    courses[:, 2] = 0.0
    courses /= np.linalg.norm(courses, axis=1, keepdims=True)
    return [
        _cut(pyramid, centre, course, tube.radius_m)
        for centre, course in zip(centres, courses, strict=True)
    ]


def _cut(pyramid: Pyramid, centre: FloatArray, course: FloatArray, radius_m: float) -> FloatArray:
    slab = centre + np.array([[-1.0], [0.0], [1.0]]) * _HALF_SLAB_M * course
    index, _ = pyramid.points_along(slab, radius_m + _REACH_M)
    offset = pyramid.xyz[index] - centre
    across = offset[:, 1] * course[0] - offset[:, 0] * course[1]
    within = (np.abs(offset @ course) < _HALF_SLAB_M) & (np.abs(across) < radius_m + _STRIP_M)
    return np.column_stack([across, offset[:, 2]])[within]


def _air_below(cut: FloatArray, radius_m: float) -> bool:
    """Tell whether on one side at least all that is seen below a tube is far below it."""
    return any(
        _far_below(cut[(side * cut[:, 0] > radius_m + _BESIDE_M) & (cut[:, 1] < 0.0), 1], radius_m)
        for side in (-1.0, 1.0)
    )


def _far_below(heights: FloatArray, radius_m: float) -> bool:
    enough = len(heights) >= _ENOUGH_POINTS
    return enough and float(np.quantile(heights, 0.9)) < -radius_m - _AIR_M


def _at_a_wall(cut: FloatArray, radius_m: float) -> bool:
    """Tell whether a wall that is higher than a tube stands close beside it."""
    over_m = cut[:, 1] - radius_m - _ABOVE_M
    higher = (over_m > 0.0) & (over_m < _WALL_M)
    return any(_close(cut[higher, 0] * side, radius_m) for side in (-1.0, 1.0))


def _close(across: FloatArray, radius_m: float) -> bool:
    near: BoolArray = (across > 0.0) & (across < radius_m + _WALL_GAP_M)
    return int(np.count_nonzero(near)) >= _ENOUGH_POINTS
