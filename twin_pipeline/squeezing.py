"""Look once more for pipes too thin for how densely and sharply they were scanned.

Patches of surface must be smaller than a pipe is thick, and hold enough points to have a normal.
Where no size of patches does, a cloud that is pushed together along the trench is searched: its
patches stand for pieces of pipe that are far longer than wide.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import shapely

from twin_pipeline.config import Config
from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import MOST_THICK, Pyramid
from twin_pipeline.geometry.squeeze import Squeeze
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.detect import DetectOptions, blind_below_m, detect
from twin_pipeline.stages.trace import STEP_PER_RADIUS, TraceOptions, Tracer

_FACTOR = 8.0
_SAME_COURSE_DEG = 8.0
_MOST_COURSES = 4
_FINE_COURSE_DEG, _MOST_FURTHER = 2.0, 4
"""A tube three degrees off the direction along which a cloud is pushed together is still found."""
_BENDS_DEG = (11.25, 22.5, 45.0, 90.0)
_END_M = 1.4
_SAME_SIZE = 0.3
"""Difference of a seed's radius from that of what it is a piece of, as a logarithm."""
_RIM_TOLERANCE_M = 0.3
_RIM_LEAST_M = 1.5
_LONG_TUBE_M = 1.5
_NODE_STEP_M = 0.1
_ENOUGH_PER_M2, _ENOUGH_ACROSS_PER_M2, _MOST_POINTS = 4000.0, 2500.0, 3_000_000
_AREA_SIZE_M = 0.08
_VOXELS_PER_AREA = 1.5
"""Voxels that a surface crosses, per area of a voxel's side."""
_THICK_IN_NOISE = 0.7
"""Pieces of a pipe that is scanned with noise of a quarter of its radius are half as thick as wide;
so long ones have a normal all the same. In a scan that hides only the thinnest none is as noisy."""
_NOISY_BELOW_M = 0.1
"""Diameter of pipes, too, of which short patches show nothing where a scan is noisy or sparse."""
_SIGMAS = 2.0
"""How surely a tube is thicker than a cable."""
_LEAST_M = 1.0
_PROBE_M = 4.0
"""Of a thinly covered pipe a metre tells nothing."""
_FACTOR_ACROSS = 3.0
"""What crosses a trench is short: pushed together more, nothing is left to be followed."""
_CROSSING_SIZE_M, _SHARP_RAD = 0.02, 0.08
"""Patches that show what hangs free if their normals are as sharp."""
_ACROSS_DEG = (90.0, 72.0, 108.0, 54.0, 126.0)
"""To the trench; a tube ten degrees off a course is still found."""
_LEAST_ACROSS_RAD = 1.4
"""Of what hangs free in a trench more is seen than of what is bedded."""


def squeezed_tracers(
    searched: Pyramid, ground: Ground | None, tubes: Sequence[Tube], config: Config
) -> "Iterator[SqueezedTracer]":
    """Yield what hands out runs of thin pipes, along one course of the trench after another.

    Then, where the scan is noisier or sparser still, come courses across it. Nothing is yielded
    where the cloud is dense and sharp enough for the thinnest pipe.

    Parameters
    ----------
    tubes
        Those that were found already; what is added to them meanwhile counts.
    """
    below_m = blind_below_m(searched, config.detect)
    if below_m is None or ground is None:
        return
    most_thick = _THICK_IN_NOISE if below_m > _NOISY_BELOW_M else MOST_THICK
    thin = config.detect.model_copy(update={"max_diameter_m": below_m})
    for course, radius_m in _courses_meanwhile(ground, tubes):
        squeeze = Squeeze(course, _FACTOR)
        with searched.of_others(map(squeeze.apply, _thinned(searched)), most_thick) as squeezed:
            yield SqueezedTracer(squeeze, squeezed, tubes, thin, config, radius_m)
    if searched.level_near(_CROSSING_SIZE_M).typical_normal_std_rad < _SHARP_RAD:
        return
    short = _for_short(config)
    for course in (c for longest in _courses(ground, tubes)[:1] for c in _across(longest)):
        squeeze = Squeeze(course, _FACTOR_ACROSS)
        some = _thinned(searched, _ENOUGH_ACROSS_PER_M2)
        with searched.of_others(map(squeeze.apply, some), most_thick) as squeezed:
            yield SqueezedTracer(squeeze, squeezed, tubes, thin, short, least_m=0.0)


class SqueezedTracer:
    """A `Tracer` in a squeezed cloud, which takes and gives places as they truly are."""

    may_lead_away = False
    """What runs along the trench, as most does that is found here, leads away from no main."""

    def __init__(
        self,
        squeeze: Squeeze,
        squeezed: Pyramid,
        tubes: Sequence[Tube],
        thin: DetectOptions,
        config: Config,
        radius_m: float | None = None,
        least_m: float = _LEAST_M,
    ) -> None:
        """Find seeds; what is about as thick as a tube that may go on here is taken to be it.

        What is shorter than the least is none: pushed together it is as long as a patch or two.
        """
        self._squeeze = squeeze
        self._radius_m = radius_m
        self._cable_m = config.classify.max_cable_diameter_m
        self._least_m = least_m
        self.seeds = detect(squeezed, thin, config.trace.min_strength_rad)
        options = _squeezed_options(config.trace, squeeze.factor)
        self._tracer = Tracer(self.seeds, options, under_open_sky=True)
        for tube in tubes:
            self.take(tube.nodes, tube.radius_m)

    def fork(self) -> "SqueezedTracer":
        """Return a tracer that dismisses runs for itself alone; see `Tracer`."""
        other = copy.copy(self)
        other._tracer = self._tracer.fork()  # noqa: SLF001 - its own kind
        return other

    def too_thin(self, tube: Tube) -> bool:
        """Tell whether a tube is too short, or may be a cable: a few points tell little of one."""
        least_m = tube.radius_m - _SIGMAS * tube.radius_std_m
        return 2.0 * least_m < self._cable_m or tube.length_m < self._least_m

    def next_run(self) -> Run | None:
        """Follow the strongest seed that is left; None when there is none."""
        run = self._tracer.next_run()
        return None if run is None else self._as_it_was(run)

    def probe(self, run: Run) -> Run:
        """Return the best seen piece of a run; see `Tracer`."""
        return self._tracer.probe(run, _PROBE_M)

    def prolong(self, tube: Tube, level: int) -> Run | None:
        """Follow a measured tube on from both its ends; None where it does not go on."""
        nodes = polyline.resample(self._squeeze.apply(tube.nodes), 0.1 * tube.radius_m)
        run = self._tracer.prolong(replace(tube, nodes=nodes), level)
        return None if run is None else self._as_it_was(run)

    def dismiss(self, run: Run) -> None:
        """Drop the seeds that would lead to the same run again."""
        self._tracer.dismiss(replace(run, axis=self._squeeze.apply(run.axis)))

    def take(self, nodes: FloatArray, radius_m: float) -> None:
        """Remove what lies on and in a tube (P, 3) from what later runs may use."""
        even = polyline.resample(nodes, _NODE_STEP_M)
        self._tracer.take(self._squeeze.apply(even), radius_m)

    def _as_it_was(self, run: Run) -> Run:
        axis = self._squeeze.undo(run.axis)
        even = polyline.resample(axis, STEP_PER_RADIUS * run.radius_m)
        at = polyline.chainage(even)
        seen = np.interp(at, polyline.chainage(axis), run.seen.astype(np.float64)) > 0.5
        return Run(even, self._known(run.radius_m), seen, run.level)

    def _known(self, radius_m: float) -> float:
        known = self._radius_m
        same = known is not None and abs(math.log(radius_m / known)) < _SAME_SIZE
        return known if known is not None and same else radius_m


def _thinned(searched: Pyramid, per_m2: float = _ENOUGH_PER_M2) -> Iterator[FloatArray]:
    """Yield some of the points, piece by piece (N, 3): squeezed they are dense enough soon."""
    level = searched.level_near(_AREA_SIZE_M)
    area_m2 = len(level.keys) * level.size_m**2 / _VOXELS_PER_AREA
    enough = min(per_m2 * area_m2, _MOST_POINTS)
    every = max(math.ceil(len(searched.xyz) / enough), 1)
    for first, last in searched.spans():
        yield np.array(searched.xyz[first + -first % every : last : every])


def _squeezed_options(options: TraceOptions, factor: float) -> TraceOptions:
    lengths = {"max_gap_m": options.max_gap_m, "min_length_m": options.min_length_m}
    return options.model_copy(update={name: m / factor for name, m in lengths.items()})


def _for_short(config: Config) -> Config:
    """Return options of what crosses a trench: it is as short as a pipe may be, and stands out."""
    diameters = config.trace.min_length_diameters / _FACTOR_ACROSS
    trace = config.trace.model_copy(
        update={"min_length_diameters": diameters, "min_strength_rad": _LEAST_ACROSS_RAD}
    )
    return config.model_copy(update={"trace": trace})


def _across(along_trench: FloatArray) -> Iterator[FloatArray]:
    """Yield unit directions (3,), level, in which pipes may cross a trench."""
    heading = math.atan2(along_trench[1], along_trench[0])
    for angle in heading + np.radians(_ACROSS_DEG):
        yield np.array([math.cos(angle), math.sin(angle), 0.0])


def _courses_meanwhile(
    ground: Ground, tubes: Sequence[Tube]
) -> Iterator[tuple[FloatArray, float | None]]:
    """Yield unit directions (3,): of the trench, then of where what was found meanwhile goes on.

    Rims are ragged. What was found tells better how the trench runs, and bends turn by angles that
    are known; with the latter comes the radius of what goes on.
    """
    along_trench = _courses(ground, tubes)
    yield from ((course, None) for course in along_trench)
    tried = list(along_trench)
    while len(tried) < len(along_trench) + _MOST_FURTHER:
        untried = (
            (course, tube.radius_m)
            for tube in tubes
            if tube.length_m > _LONG_TUBE_M
            for course in _going_on(tube)
            if _nearest_deg(course, along_trench) < _SAME_COURSE_DEG
            and _nearest_deg(course, tried) > _FINE_COURSE_DEG
        )
        further = next(untried, None)
        if further is None:
            return
        tried.append(further[0])
        yield further


def _going_on(tube: Tube) -> Iterator[FloatArray]:
    """Yield unit directions (3,) in which a pipe goes on from the ends of a tube or bends there."""
    for nodes in (tube.nodes, tube.nodes[::-1]):
        back = int(np.searchsorted(polyline.chainage(nodes), _END_M))
        east, north, up = (nodes[0] - nodes[back]) / np.linalg.norm(nodes[0] - nodes[back])
        for angle in np.radians([0.0, *_BENDS_DEG, *np.negative(_BENDS_DEG)]):
            cos, sin = math.cos(angle), math.sin(angle)
            yield np.array([cos * east - sin * north, sin * east + cos * north, up])


def _nearest_deg(course: FloatArray, others: Sequence[FloatArray]) -> float:
    return min((polyline.acute_deg(course, other) for other in others), default=math.inf)


def _courses(ground: Ground, tubes: Sequence[Tube]) -> list[FloatArray]:
    """Return unit directions (3,) in which pipes of a trench may run, the longest first."""
    legs = [tube.nodes[-1] - tube.nodes[0] for tube in tubes if tube.length_m > _LONG_TUBE_M]
    for ring in ground.outlines:
        rim = shapely.get_coordinates(shapely.Polygon(ring).exterior.simplify(_RIM_TOLERANCE_M))
        legs += [_on_ground(ground, a, b) for a, b in pairwise(rim)]
    courses: list[FloatArray] = []
    for leg in sorted(legs, key=lambda leg: -float(np.linalg.norm(leg))):
        if len(courses) < _MOST_COURSES and np.linalg.norm(leg) > _RIM_LEAST_M:
            known = any(polyline.acute_deg(leg, course) < _SAME_COURSE_DEG for course in courses)
            courses += [] if known else [leg / np.linalg.norm(leg)]
    return courses


def _on_ground(ground: Ground, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the leg (3,) between two places (2,), as steep as the pavement beside it."""
    elevation, _ = ground.elevation_at(np.array([start, end]))
    rise = float(elevation[1] - elevation[0])
    return np.append(end - start, rise if math.isfinite(rise) else 0.0)
