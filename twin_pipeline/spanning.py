"""Look for what crosses a trench in the air, where a scan shows too little of it for a surface.

A pipe that spans a trench is straight, and nothing touches it between the walls. So it is found by
the emptiness around it and measured as one stiff piece.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy
import shapely

from twin_pipeline.courses import trench_courses
from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.rims import Rims
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.kernels import axis
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.search import Search
from twin_pipeline.stages.bars import Bar, find_bars
from twin_pipeline.stages.detect import blind_below_m
from twin_pipeline.stages.measure import Clear, measure_straight, with_doubt

_REACH = 1.25
"""Of the box that holds a bar, within which its points lie."""
_ENOUGH_PER_M2, _MOST_POINTS, _AREA_SIZE_M = 2500.0, 300_000, 0.08
_BESIDE_RIMS_M = 0.5
"""How far outside what was dug points are looked at: what spans it ends in its walls."""
_STEP_M = 0.02
_BESIDE, _MOST_BESIDE_M = 0.5, 0.045
"""How far beyond what is known points are its own, in radii, and at most."""
_LEAST_M, _LEAST_POINTS, _LEAST_ARC_DEG = 0.4, 40, 100.0
_MOST_STD, _MOST_NOISE, _MOST_MISFIT, _LEAST_PLANE_RATIO = 0.08, 0.35, 0.4, 1.8
_LEAST_DIAMETERS, _WIDEST_M, _MOST_SEEN = 2.5, 0.2, 0.8
_FROM_ABOVE, _LEVEL = 0.3, 0.12
_SHELL_NOISES, _SHELL_M, _AROUND_M, _OFF_WALLS_M = 3.0, 0.012, 0.16, 0.12
_MOST_AROUND, _MOST_WITHIN = 0.25, 0.1
"""Of the points on a tube, what may lie around it, and within; away from its ends."""
_SAME_M, _PLACES, _MOST_OF_IT = 0.05, 9, 0.4
_ALIKE_M = 0.08
"""How far apart bars end that lead to the same tube: one that is found 4 degrees aside."""
_ALONG_DEG, _LONG_M = 45.0, 3.0
_SAME_SIZE, _SIDE_BY_SIDE_DEG, _SEVERAL = 0.35, 15.0, 2
"""Difference of radii, as a logarithm, and of courses of what props a trench in a row; how many
others of any size make one."""


def spans(search: Search, tubes: Sequence[Tube], rims: Rims) -> list[Tube]:
    """Return tubes that hang free across a trench, that are none of those known.

    They are looked for where the scan is too sparse or noisy for surfaces of thin pipes. Where no
    pavement tells struts, what is one of several of a size, side by side, is none.
    """
    if not rims.legs or blind_below_m(search.pyramid, search.config.detect) is None:
        return []
    courses = trench_courses(rims.legs, tubes)
    clear = _clear_of(tubes)
    xyz = _within(rims, _thinned(search))
    xyz = xyz[clear(xyz)]
    found: list[Tube] = []
    looked_at: list[Bar] = []
    for bar in find_bars(xyz, courses):
        if any(_holds(tube, bar) for tube in found) or any(_alike(bar, o) for o in looked_at):
            continue
        looked_at.append(bar)
        tube = _measured(search, bar, clear)
        if tube is None or _is_known(_middle(tube), (*found, *tubes)):
            continue
        against = why_no_span(tube, xyz, search.config.judge.min_diameter_m)
        if against is None and _runs_along(tube, tubes):
            against = "runs with what is known"
        _tell(search, bar, tube, against)
        if against is None:
            found.append(tube)
    # beside a pavement struts are told by their depth, unless noise makes them too thick
    told_m = search.config.classify.max_strut_diameter_m if rims.paved else 0.0
    return [
        tube
        for tube in found
        if 2.0 * tube.radius_m <= told_m or not _stands_in_a_row(tube, (*found, *tubes))
    ]


def _measured(search: Search, bar: Bar, clear: Clear) -> Tube | None:
    reach_m, options = _REACH * bar.half_m, search.config.measure
    return measure_straight(search.pyramid, bar.start, bar.end, reach_m, options, clear)


def why_no_span(tube: Tube, xyz: FloatArray, thinnest_m: float) -> str | None:
    """Return what speaks against a tube hanging free across a trench, None where nothing does.

    Parameters
    ----------
    xyz
        (N, 3) points without those of what is known, metres, local frame.
    thinnest_m
        Least diameter of a pipe.
    """
    arc_deg = float(np.median(tube.arc_deg))
    diameter_m = 2.0 * tube.radius_m
    least_m = max(_LEAST_M, _LEAST_DIAMETERS * diameter_m)
    chord = tube.nodes[-1] - tube.nodes[0]
    checks = (
        (tube.points_used >= _LEAST_POINTS, f"{tube.points_used} points only"),
        (thinnest_m <= diameter_m <= _WIDEST_M, f"{1000.0 * diameter_m:.0f} mm thick"),
        (tube.length_m >= least_m, f"seen over {tube.length_m:.2f} m only"),
        (float(tube.observed.mean()) >= _MOST_SEEN, "not seen from end to end"),
        (tube.middle[2] > _FROM_ABOVE, "not seen from above"),
        (abs(chord[2]) < _LEVEL * tube.length_m, "not level"),
        (arc_deg >= _LEAST_ARC_DEG, f"arc of {arc_deg:.0f} degrees"),
        (tube.noise_m <= _MOST_NOISE * tube.radius_m, "noise hides its surface"),
        (tube.misfit <= _MOST_MISFIT, f"not round, misfit {tube.misfit:.2f}"),
        (tube.plane_ratio >= _LEAST_PLANE_RATIO, f"flat, ratio {tube.plane_ratio:.2f}"),
        (with_doubt(tube).radius_std_m <= _MOST_STD * tube.radius_m, "radius not determined"),
    )
    against = next((reason for passed, reason in checks if not passed), None)
    return against or _what_touches(tube, xyz)


def _what_touches(tube: Tube, xyz: FloatArray) -> str | None:
    """Return what of points (N, 3) speaks against a straight tube hanging free among them."""
    on, around, within = _surroundings(tube, xyz)
    if around > _MOST_AROUND * on:
        return f"{around} points around {on}"
    return f"{within} points within {on}" if within > _MOST_WITHIN * on else None


def _surroundings(tube: Tube, xyz: FloatArray) -> tuple[int, int, int]:
    """Return how many points lie on a straight tube, around it, and within."""
    chord = tube.nodes[-1] - tube.nodes[0]
    length_m = float(np.linalg.norm(chord))
    offset = xyz - tube.nodes[0]
    along = offset @ chord / length_m
    off = np.linalg.norm(offset - along[:, None] * chord / length_m, axis=1)
    off = off[(along > _OFF_WALLS_M) & (along < length_m - _OFF_WALLS_M)]
    shell_m = max(_SHELL_NOISES * tube.noise_m, _SHELL_M)
    inside = off < tube.radius_m - shell_m
    on = (off < tube.radius_m + shell_m) & ~inside
    around = (off >= tube.radius_m + shell_m) & (off < _AROUND_M)
    return int(on.sum()), int(around.sum()), int(inside.sum())


def _thinned(search: Search) -> FloatArray:
    """Return some of the points (N, 3), as many a square metre as tell a bar from nothing."""
    pyramid = search.pyramid
    level = pyramid.level_near(_AREA_SIZE_M)
    area_m2 = len(level.keys) * level.size_m**2 / axis.VOXELS_PER_AREA
    enough = min(_ENOUGH_PER_M2 * area_m2, _MOST_POINTS)
    every = max(int(len(pyramid.xyz) / max(enough, 1.0)), 1)
    parts = [
        np.array(pyramid.xyz[first + -first % every : last : every])
        for first, last in pyramid.spans()
    ]
    return np.concatenate(parts) if parts else np.empty((0, 3))


def _within(rims: Rims, xyz: FloatArray) -> FloatArray:
    """Return the points (N, 3) in what was dug and a little beside it."""
    near = rims.dug.buffer(_BESIDE_RIMS_M)
    shapely.prepare(near)
    return np.asarray(xyz[shapely.contains_xy(near, xyz[:, 0], xyz[:, 1])])


def _clear_of(tubes: Sequence[Tube]) -> Clear:
    """Return what tells which places belong to none of some tubes, sockets and noise included."""
    lines = [
        (
            scipy.spatial.cKDTree(polyline.resample(tube.nodes, _STEP_M)),
            tube.radius_m
            + max(min(_BESIDE * tube.radius_m, _MOST_BESIDE_M), _SHELL_NOISES * tube.noise_m),
        )
        for tube in tubes
    ]

    def clear(places: FloatArray) -> BoolArray:
        free = np.ones(len(places), bool)
        for line, reach_m in lines:
            free &= ~(line.query(places, distance_upper_bound=reach_m)[0] < reach_m)
        return free

    return clear


def _stands_in_a_row(tube: Tube, others: Sequence[Tube]) -> bool:
    """Tell whether others cross the trench side by side with a tube: one of its size, or several.

    In noise the sizes of struts differ by as much as those of pipes.
    """
    beside = [
        other
        for other in others
        if other is not tube
        and other.length_m < _LONG_M
        and polyline.acute_deg(_course(tube), _course(other)) < _SIDE_BY_SIDE_DEG
    ]
    sizes = (abs(math.log(tube.radius_m / other.radius_m)) for other in beside)
    return len(beside) >= _SEVERAL or any(size < _SAME_SIZE for size in sizes)


def _course(tube: Tube) -> FloatArray:
    return np.asarray(tube.nodes[-1] - tube.nodes[0])


def _alike(bar: Bar, other: Bar) -> bool:
    """Tell whether two bars are as good as one, found once more in a heading beside it."""
    ends = zip((bar.start, bar.end), (other.start, other.end), strict=True)
    return bar.half_m == other.half_m and all(math.dist(a, b) < _ALIKE_M for a, b in ends)


def _holds(tube: Tube, bar: Bar) -> bool:
    """Tell whether most of a bar lies at a straight tube: so it was found already."""
    chord = tube.nodes[-1] - tube.nodes[0]
    offset = np.linspace(bar.start, bar.end, _PLACES) - tube.nodes[0]
    onward = np.clip(offset @ chord / (chord @ chord), 0.0, 1.0)
    off = np.linalg.norm(offset - onward[:, None] * chord, axis=1)
    return float(np.mean(off < tube.radius_m + bar.half_m + _SAME_M)) > _MOST_OF_IT


def _is_known(place: FloatArray, tubes: Sequence[Tube]) -> bool:
    return any(
        float(np.linalg.norm(polyline.resample(tube.nodes, _STEP_M) - place, axis=1).min())
        < tube.radius_m + _SAME_M
        for tube in tubes
    )


def _middle(tube: Tube) -> FloatArray:
    return np.asarray(0.5 * (tube.nodes[0] + tube.nodes[-1]))


def _runs_along(tube: Tube, tubes: Sequence[Tube]) -> bool:
    """Tell whether a tube runs with the nearest of the long ones, rather than across it."""
    long = [other for other in tubes if other.length_m >= _LONG_M]
    if not long:
        return False
    off = [np.linalg.norm(other.nodes - _middle(tube), axis=1) for other in long]
    nearest = min(range(len(long)), key=lambda n: float(off[n].min()))
    at = int(off[nearest].argmin())
    nodes = long[nearest].nodes
    course = nodes[min(at + 3, len(nodes) - 1)] - nodes[max(at - 3, 0)]
    return polyline.acute_deg(tube.nodes[-1] - tube.nodes[0], course) < _ALONG_DEG


def _tell(search: Search, bar: Bar, tube: Tube, against: str | None) -> None:
    line = np.linspace(bar.start, bar.end, 10)
    run = Run(line, tube.radius_m, np.ones(len(line), bool), 0)
    search.observer.tried(run, tube, against, probe=False)
