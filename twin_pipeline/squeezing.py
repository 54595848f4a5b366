"""Look once more for pipes too thin for how densely and sharply they were scanned.

Patches of surface must be smaller than a pipe is thick, and hold enough points to have a normal.
Where no size of patches does, a cloud that is pushed together along the trench is searched: its
patches stand for pieces of pipe that are far longer than wide.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import numpy as np
import scipy

from twin_pipeline.config import Config
from twin_pipeline.courses import Course, Courses
from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import MOST_THICK, Pyramid
from twin_pipeline.geometry.rims import Rims
from twin_pipeline.geometry.squeeze import Squeeze
from twin_pipeline.geometry.tubes import Run, Seeds, Tube
from twin_pipeline.kernels import axis, threads
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.detect import blind_below_m, detect
from twin_pipeline.stages.trace import STEP_PER_RADIUS, TraceOptions, Tracer

_FACTOR = 8.0
_SAME_SIZE = 0.3
"""Difference of a seed's radius from that of what it is a piece of, as a logarithm."""
_NODE_STEP_M = 0.1
_BESIDE_M = 0.01
_ENOUGH_PER_M2, _ENOUGH_ACROSS_PER_M2, _MOST_POINTS = 4000.0, 2500.0, 3_000_000
_AREA_SIZE_M = 0.08
_THICK_IN_NOISE = 0.7
"""Pieces of a pipe that is scanned with noise of a quarter of its radius are half as thick as wide;
so long ones have a normal all the same. In a scan that hides only the thinnest none is as noisy."""
_NOISY_BELOW_M = 0.1
"""Diameter of pipes, too, of which short patches show nothing where a scan is noisy or sparse."""
_SIGMAS = 2.0
"""How surely a tube is thicker than a cable."""
_LEAST_M, _LEAST_UNPAVED_M = 1.0, 3.0
_NECK_M, _AWAY = 0.2, 0.5
"""How near a thicker tube what leaves it begins, and how much of its length leads away from there:
that may be shorter."""
_OFF_COURSE_DEG = 15.0
"""Between a short tube and the course along which its patches were pushed together: what is farther
off shows there by chance."""
_PROBE_M = 4.0
"""Of a thinly covered pipe a metre tells nothing."""
_FACTOR_ACROSS = 3.0
"""What crosses a trench is short: pushed together more, nothing is left to be followed."""
_CROSSING_SIZE_M, _SHARP_RAD = 0.02, 0.08
"""Patches that show what hangs free if their normals are as sharp."""
_LEAST_ACROSS_RAD = 1.75
"""Of what hangs free in a trench more is seen than of what is bedded."""


def squeezed_tracers(
    searched: Pyramid,
    rims: Rims,
    tubes: Sequence[Tube],
    config: Config,
    *,
    ahead: bool = False,
) -> "Iterator[SqueezedTracer]":
    """Yield what hands out runs of thin pipes, along one course of the trench after another.

    Then, where the scan is noisier or sparser still, come courses across it. Nothing is yielded
    where the cloud is dense and sharp enough for the thinnest pipe.

    Parameters
    ----------
    rims
        Of the trench; nothing is yielded where there are none.
    tubes
        Those that were found already; what is added to them meanwhile counts.
    ahead
        Whether the cloud may be pushed together along the next course while one is searched: that
        takes memory, but less than a cloud that is pushed together and searched at once.
    """
    with squeezing(searched, rims, config, ahead=ahead) as again:
        yield from again.tracers(tubes)


@contextmanager
def squeezing(
    searched: Pyramid, rims: Rims, config: Config, *, ahead: bool
) -> "Iterator[Squeezing]":
    """Yield the search for thin pipes, of which some may be done ahead; see `squeezed_tracers`."""
    if not ahead or threads() == 1:
        yield Squeezing(searched, rims, config, None)
        return
    pool = ThreadPoolExecutor(1)
    try:
        yield Squeezing(searched, rims, config, pool)
    finally:
        pool.shutdown(cancel_futures=True)


class Squeezing:
    """Pushes a cloud together along courses of the trench, and finds seeds in it."""

    def __init__(
        self,
        searched: Pyramid,
        rims: Rims,
        config: Config,
        pool: ThreadPoolExecutor | None,
    ) -> None:
        self._searched, self._rims, self._config, self._pool = searched, rims, config, pool
        self._begun: tuple[Course, Future[Seeds]] | None = None

    def foresee(self, tubes: Sequence[Tube]) -> None:
        """Begin with the first course, as it is if no more tubes are found."""
        if self._pool is not None and self._blind_below_m is not None:
            courses = self._courses(tubes)
            self._begin(None if courses is None else courses.following())

    def tracers(self, tubes: Sequence[Tube]) -> "Iterator[SqueezedTracer]":
        """Yield what hands out runs, along one course after another; see `squeezed_tracers`."""
        courses = None if self._blind_below_m is None else self._courses(tubes)
        while courses is not None and (course := courses.following()) is not None:
            courses.take(course)
            with self._seeds(course) as seeds:
                self._begin(courses.following())
                yield SqueezedTracer(course, seeds, tubes, self._config, paved=self._rims.paved)

    @cached_property
    def _blind_below_m(self) -> float | None:
        return blind_below_m(self._searched, self._config.detect)

    def _courses(self, tubes: Sequence[Tube]) -> Courses | None:
        crossing = self._searched.level_near(_CROSSING_SIZE_M)
        if not self._rims.legs:
            return None

        def also_across() -> bool:
            """Tell whether crossings may not be seen; no ground, and struts would pass for them."""
            return self._rims.paved and crossing.typical_normal_std_rad >= _SHARP_RAD

        return Courses(self._rims.legs, tubes, also_across)

    def _begin(self, course: Course | None) -> None:
        """Find the seeds along a course, if there is a core to spare and they were not begun."""
        if self._pool is None or course is None:
            return
        if self._begun is None or not self._begun[0].is_same(course):
            self._give_up()
            self._begun = (course, self._pool.submit(self._seeds_alone, course))

    def _give_up(self) -> None:
        if self._begun is not None:
            self._begun[1].cancel()
            self._begun = None

    @contextmanager
    def _seeds(self, course: Course) -> Iterator[Seeds]:
        """Yield the seeds along a course, found already or not."""
        if self._begun is not None and self._begun[0].is_same(course):
            (_, found), self._begun = self._begun, None
            yield found.result()
            return
        self._give_up()
        with self._found(course) as seeds:
            yield seeds

    def _seeds_alone(self, course: Course) -> Seeds:
        with self._found(course) as seeds:
            return seeds

    @contextmanager
    def _found(self, course: Course) -> Iterator[Seeds]:
        squeeze, trace = _squeeze(course), self._config.trace
        per_m2, least_rad = _ENOUGH_PER_M2, trace.min_strength_rad
        if course.across:
            per_m2, least_rad = _ENOUGH_ACROSS_PER_M2, _LEAST_ACROSS_RAD
        below_m = self._blind_below_m
        assert below_m is not None  # noqa: S101 - for the type checker
        thin = self._config.detect.model_copy(update={"max_diameter_m": below_m})
        most_thick = _THICK_IN_NOISE if below_m > _NOISY_BELOW_M else MOST_THICK
        some = map(squeeze.apply, _thinned(self._searched, per_m2))
        with self._searched.of_others(some, most_thick) as squeezed:
            yield detect(squeezed, thin, least_rad)


def _squeeze(course: Course) -> Squeeze:
    return Squeeze(course.direction, _FACTOR_ACROSS if course.across else _FACTOR)


class SqueezedTracer:
    """A `Tracer` in a squeezed cloud, which takes and gives places as they truly are."""

    may_lead_away = False
    """What runs along the trench, as most does that is found here, leads away from no main."""

    def __init__(
        self,
        course: Course,
        seeds: Seeds,
        tubes: Sequence[Tube],
        config: Config,
        *,
        paved: bool = True,
    ) -> None:
        """Begin with seeds; what is about as thick as a tube that may go on here is taken to be it.

        What is shorter than the least is none: pushed together it is as long as a patch or two.
        What leaves a tube that was found may be. Without a pavement beside the trench it has to be
        as long as a main: else a hose that lies in it passes for one.
        """
        self._squeeze = _squeeze(course)
        self._radius_m = course.radius_m
        self._cable_m = config.classify.max_cable_diameter_m
        self._least_m = 0.0 if course.across else _LEAST_M
        self._paved = paved
        self._taken: list[tuple[scipy.spatial.cKDTree, float]] = []
        self.seeds = seeds
        trace = _for_short(config.trace) if course.across else config.trace
        options = _squeezed_options(trace, self._squeeze.factor)
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
        if 2.0 * least_m < self._cable_m:
            return True
        if tube.length_m < self._least_m and not self._leaves_another(tube):
            return True
        if not self._paved and tube.length_m < _LEAST_UNPAVED_M and not self._known_size(tube):
            return True
        return tube.length_m < _LEAST_M and self._off_course_deg(tube) > _OFF_COURSE_DEG

    def _off_course_deg(self, tube: Tube) -> float:
        return polyline.acute_deg(tube.nodes[-1] - tube.nodes[0], self._squeeze.direction)

    def _known_size(self, tube: Tube) -> bool:
        """Tell whether a tube is as thick as one that was found, of which it may be a piece."""
        taken = (radius_m for _, radius_m in self._taken)
        return any(abs(math.log(tube.radius_m / radius_m)) < _SAME_SIZE for radius_m in taken)

    def _leaves_another(self, tube: Tube) -> bool:
        """Tell whether a tube begins at a thicker one, so that it is no chance where it lies."""
        for line, radius_m in self._taken:
            off = line.query(tube.nodes[[0, -1]])[0]
            leads_away = off.max() - off.min() > _AWAY * tube.length_m
            if radius_m > tube.radius_m and off.min() < radius_m + _NECK_M and leads_away:
                return True
        return False

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
        reach = math.hypot(1.25 * radius_m + _BESIDE_M, _NODE_STEP_M / 2.0)
        places = scipy.spatial.cKDTree(even)

        def near(squeezed: FloatArray) -> BoolArray:
            """Tell which places (M, 3) are: what lies far off along the course seems close."""
            return np.asarray(places.query(self._squeeze.undo(squeezed))[0] < reach)

        self._tracer.take(self._squeeze.apply(even), radius_m, near)
        self._taken.append((places, radius_m))

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
    area_m2 = len(level.keys) * level.size_m**2 / axis.VOXELS_PER_AREA
    enough = min(per_m2 * area_m2, _MOST_POINTS)
    every = max(math.ceil(len(searched.xyz) / enough), 1)
    for first, last in searched.spans():
        yield np.array(searched.xyz[first + -first % every : last : every])


def _squeezed_options(options: TraceOptions, factor: float) -> TraceOptions:
    lengths = {"max_gap_m": options.max_gap_m, "min_length_m": options.min_length_m}
    return options.model_copy(update={name: m / factor for name, m in lengths.items()})


def _for_short(options: TraceOptions) -> TraceOptions:
    """Return options of what crosses a trench: it is as short as a pipe may be, and stands out."""
    diameters = options.min_length_diameters / _FACTOR_ACROSS
    return options.model_copy(
        update={"min_length_diameters": diameters, "min_strength_rad": _LEAST_ACROSS_RAD}
    )
