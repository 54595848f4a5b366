"""The method in order: prepare, ground, detect, trace, measure, judge, classify, describe."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import numpy as np
import scipy

from twin_pipeline.catalogue import Catalogue
from twin_pipeline.config import Config
from twin_pipeline.findings import findings_of
from twin_pipeline.foreseen import foreseen
from twin_pipeline.geometry.piecewise import Bench
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.steadied import Steadied
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.loose import without_loose
from twin_pipeline.memory import give_back
from twin_pipeline.model import FloatArray, LabelArray, Pipe, PointCloud
from twin_pipeline.necks import without_neck
from twin_pipeline.observing import Notebook, Observer
from twin_pipeline.shoring import without_shoring
from twin_pipeline.squeezing import SqueezedTracer, squeezed_tracers
from twin_pipeline.stages.classify import LeftOut, classify
from twin_pipeline.stages.cross_sections import cut_cross_sections
from twin_pipeline.stages.describe import describe
from twin_pipeline.stages.detect import detect
from twin_pipeline.stages.excavation import excavation
from twin_pipeline.stages.ground import find_ground
from twin_pipeline.stages.judge import is_faint, may_yet_be_one, why_not_a_pipe
from twin_pipeline.stages.label import label_pipes, label_places
from twin_pipeline.stages.measure import Kept, measure, sparsely_covered, with_all_points
from twin_pipeline.stages.prepare import prepare
from twin_pipeline.stages.rounding import doubted, rounding_of, rounding_warnings, spread
from twin_pipeline.stages.steady import steady
from twin_pipeline.stages.step import constant_part
from twin_pipeline.stages.trace import Tracer
from twin_pipeline.uniting import Uniter, is_part_of, of_one_size

StageClock = Callable[[str], AbstractContextManager[None]]
"""Called with the name of a stage, encloses it."""

_WORSE, _WORSE_SETTLED = 1.2, 1.6
"""From this ratio of standard deviations on, what was added is not the same pipe; the latter where
the scan's drift had to be solved for to see that."""

_LOST = 1.3
"""From this ratio on of its standard deviation to what it was measured from a tube has lost its
way: more points and the scan's drift make it better known."""

_MUCH_LONGER = 2.5
_LONG_M = 3.0
"""Length of a run of which a piece, that shows no pipe, may be too short."""

_LITTLE = 1.5
"""Shortest pipes' lengths, of which half is not worth a look at the end of a longer one."""

_MOST_BEYOND_M, _MOST_BEYOND = 1.2, 0.1
"""What of a run that led to a tube may lie beyond its ends, in all and of its length, if following
the tube on once more, to the same ends, shall lead to nothing new."""

_TRIES = 3
"""Whole runs measured along the same line, where pieces showed no pipe."""

_NO_TUBE = "the points hold no tube"

_SHAPED = 0.05
_UNEVEN = 3.0
"""Misfit and inflation from which on a fit may have ended in a wrong minimum."""


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """Where pipes are searched for, and how."""

    pyramid: Pyramid
    config: Config
    under_open_sky: bool
    observer: Observer
    tried: list[Run] = field(default_factory=list)
    """Whole runs measured though a piece of them showed no pipe."""
    faint: list[Tube] = field(default_factory=list)
    """Tubes that are too little known to be believed on their own."""

    def measured(self, run: Run, *, roughly: bool = False) -> Tube | None:
        """Return the tube that a run holds; None where there is none, or none to be believed.

        Roughly it is known where it lies, but not to all that its points tell. What is uneven is
        measured on all of them: a step of the diameter shows in these alone.
        """
        tube = self._measure(run, roughly=roughly)
        if tube is not None and roughly and tube.one_in > 1 and tube.inflation > _UNEVEN:
            return self.measured(run)
        if tube is not None and tube.misfit > _SHAPED:
            run, tube = self._closely(run, tube, roughly=roughly)
        part = constant_part(tube) if tube is not None else None
        if part is not None:
            return self.measured(part, roughly=roughly)
        if tube is not None and _doubtful(tube):
            run, tube = self._again(run, tube, roughly=roughly)
        if tube is not None and _doubtful(tube):
            settled = self._with_drift(tube, roughly=roughly)
            if settled is not None:
                return self._judged(_led_by(tube), settled, with_drift=True)
        return self._judged(run, tube)

    def roughly(self, run: Run) -> Tube | None:
        """Return the tube that a run holds, known well enough to go on from it; see `measured`."""
        return self.measured(run, roughly=True)

    def looked_at(self, run: Run) -> Tube | None:
        """Return what `measured` does; a long run of nothing costs little."""
        tube = self.roughly(run)
        return tube if tube is None or tube.one_in == 1 else self.measured(_led_by(tube))

    def settled(self, tube: Tube, *, roughly: bool = False) -> Tube:
        """Return a tube as it is when the scan's drift is solved for with it.

        Where that leads to none, or to none to be believed, it stays as it is.
        """
        settled = self._with_drift(tube, roughly=roughly)
        if settled is not None and settled.round_std_m > _LOST * tube.round_std_m:
            settled = self._kept_to(tube, settled, roughly=roughly)
        if settled is not None:
            settled = self._judged(_led_by(tube), settled, with_drift=True)
        if settled is None and not roughly and tube.one_in > 1:
            settled = self._judged(_led_by(tube), self._measure(_led_by(tube)))
        return settled or tube

    def away(self, run: Run, kept: Kept) -> Tube | None:
        """Return the tube that a run holds away from another, None where there is none."""
        return self._judged(run, measure(self.pyramid, run, self.config.measure, kept=kept))

    def settled_apart(self, tube: Tube) -> tuple[Tube, Notebook]:
        """Return what `settled` does, and what it would have told the observer meanwhile."""
        notes = Notebook()
        return replace(self, observer=notes, tried=[], faint=[]).settled(tube), notes

    def noted(self, tube: Tube, notes: Notebook) -> Tube:
        """Return a tube after the observer has been told how it came to be."""
        notes.tell(self.observer)
        return tube

    def _measure(self, run: Run, *, roughly: bool = False) -> Tube | None:
        return measure(self.pyramid, run, self.config.measure, roughly=roughly)

    def _judged(self, run: Run, tube: Tube | None, *, with_drift: bool = False) -> Tube | None:
        against = self._against(tube)
        self.observer.tried(run, tube, against, probe=False, with_drift=with_drift)
        if tube is not None and against is not None:
            self._note_if_faint(tube)
        return tube if against is None else None

    def _note_if_faint(self, tube: Tube) -> None:
        if is_faint(tube, self.config.judge, under_open_sky=self.under_open_sky):
            self.faint.append(tube)

    def _kept_to(self, tube: Tube, lost: Tube, *, roughly: bool) -> Tube:
        """Measure closely around a tube; return that if it knows more than what lost the way.

        More points of the same pipe make it better known, but may lead it onto a socket.
        """
        close = self._with_drift(tube, roughly=roughly, closely=True)
        known = close is not None and close.round_std_m < lost.round_std_m
        return close if close is not None and known else lost

    def _with_drift(self, tube: Tube, *, roughly: bool, closely: bool = False) -> Tube | None:
        return measure(
            self.pyramid, _led_by(tube), self.config.measure, with_drift=True, closely=closely,
            roughly=roughly,
        )  # fmt: skip

    def worth_measuring(self, run: Run, piece: Run) -> Run | None:
        """Look at a piece of a run; return what of it to measure, None where that holds no pipe.

        Noise can hide the curve of a piece: where nothing else speaks against a pipe the whole run
        has to show it.
        """
        tube = measure(self.pyramid, piece, self.config.measure, probe=True)
        if tube is not None and tube.misfit > _SHAPED:
            _, tube = self._closely(piece, tube, probe=True)
        against = self._against(tube)
        self.observer.tried(piece, tube, against, probe=True)
        if against is None:
            return piece
        if tube is not None:
            self._note_if_faint(tube)
        longer = run.length_m >= max(_MUCH_LONGER * piece.length_m, _LONG_M)
        judge, sky = self.config.judge, self.under_open_sky
        if tube is None or not longer or not may_yet_be_one(tube, judge, under_open_sky=sky):
            return None
        middle = run.axis[len(run.axis) // 2]
        before = sum(_passes(other, middle, run.radius_m) for other in self.tried)
        self.tried.append(run)
        return run if before < _TRIES else None

    def _against(self, tube: Tube | None) -> str | None:
        if tube is None:
            return _NO_TUBE
        return why_not_a_pipe(tube, self.config.judge, under_open_sky=self.under_open_sky)

    def _again(self, run: Run, tube: Tube, *, roughly: bool) -> tuple[Run, Tube]:
        """Measure from where a first try, that began far off, has led; return the rounder one."""
        led = _led_by(tube)
        second = self._measure(led, roughly=roughly)
        if second is None or second.misfit > tube.misfit:
            return run, tube
        return led, second

    def _closely(
        self, run: Run, tube: Tube, *, probe: bool = False, roughly: bool = False
    ) -> tuple[Run, Tube]:
        """Measure only what lies near the run, if that is rounder than what was measured."""
        close = measure(
            self.pyramid, run, self.config.measure, probe=probe, closely=True, roughly=roughly
        )
        return (
            (run, tube) if close is None or close.misfit > tube.misfit else (_led_by(close), close)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Extraction:
    """What a cloud holds."""

    pipes: tuple[Pipe, ...]
    ground: Ground | None
    """Local frame."""
    point_labels: LabelArray
    """(N,) in the cloud's order."""
    warnings: tuple[str, ...]


def extract(
    cloud: PointCloud,
    config: Config,
    catalogue: Catalogue,
    stage: StageClock,
    observer: Observer | None = None,
    bench: Bench | None = None,
) -> Extraction:
    """Find and measure the pipes of one site; an observer is told how.

    What is found is the same on a bench, on which clouds larger than the memory are worked on.
    """
    observer = observer or Observer()
    with stage("prepare"):
        steps_m = rounding_of(cloud)
        even = spread(cloud, steps_m, bench.shelf if bench is not None else None)
        steadied = steady(even, config.steady)
        pyramid = prepare(_still(even, steadied, bench), config.prepare, bench)
        del even
    with stage("ground"):
        ground = find_ground(pyramid, config.ground)
        place = excavation(pyramid, ground) if ground is not None else None
        # what lies on or above the pavement is no buried pipe
        searched = pyramid.part(place.dug) if place is not None else pyramid
        search = _Search(searched, config, ground is not None, observer)
        labels = label_places(pyramid, place)
        observer.searching(pyramid, ground, place, searched)
        del pyramid, place  # most of the memory, of which no later stage needs anything
    with stage("detect"):
        seeds = detect(searched, config.detect, config.trace.min_strength_rad)
        observer.seeded(seeds)
        give_back()
    with stage("measure"):
        tubes = _tubes(search, Tracer(seeds, config.trace), [])
        united = Uniter(searched, config.trace, search.roughly)
        with foreseen(search.settled_apart, _staying(tubes, united, search, bench)) as settled:
            for tracer in squeezed_tracers(searched, ground, tubes, config):
                tubes += _tubes(search, tracer, tubes)
            tubes = [united.led_through(tube) for tube in united.joined(tubes, tuple(search.faint))]
            tubes = [search.noted(*found) for found in settled.of(tubes)]
        tubes = [without_neck(tube, tubes, search.away) for tube in tubes]
        tubes = [with_all_points(searched, tube) for tube in tubes]
        tubes = [_drifting(doubted(tube, steps_m), steadied, searched) for tube in tubes]
        give_back()
    with stage("classify"):
        found, left_out = classify(tubes, ground, config.classify)
        found, loose = without_loose(found, ground, cloud.xyz)
        left_out += loose
        found, struts = without_shoring(found, ground, searched, config.classify)
        left_out += struts
        pipes = tuple(
            describe(finding, ground, cloud.origin, config.describe)
            for finding in findings_of(found, cloud.xyz, searched, config, catalogue)
        )
        pipes = tuple(
            replace(pipe, sections=cut_cross_sections(cloud, pipe, config.cross_sections))
            for pipe in pipes
        )
        label_pipes(labels, searched, [item.tube for item in found])
        for item in left_out:
            observer.left_out(item.tube, item.reason)
        observer.reported([item.tube for item in found], pipes)
    warnings = (*rounding_warnings(steps_m), *(_mention(item, cloud) for item in left_out))
    return Extraction(pipes, ground, labels, warnings)


def _still(cloud: PointCloud, steadied: Steadied | None, bench: Bench | None) -> PointCloud:
    """Return the cloud without the scanner's drift."""
    shelf = bench.shelf if bench is not None else None
    return cloud if steadied is None else steadied.cloud(cloud, shelf)


def _drifting(tube: Tube, steadied: Steadied | None, searched: Pyramid) -> Tube:
    """Return a tube with what the scan as a whole may be off where it was seen."""
    if steadied is None or searched.recorded is None:
        return tube
    across, up = steadied.common_std(
        tube, searched.xyz[tube.points], searched.recorded[tube.points]
    )
    return replace(tube, std_h_m=np.hypot(tube.std_h_m, across), std_v_m=np.hypot(tube.std_v_m, up))


def _tubes(search: _Search, tracer: Tracer | SqueezedTracer, known: Sequence[Tube]) -> list[Tube]:
    """Measure the best supported run, take its surface away, and go on with what is left.

    Known tubes are not found again.
    """
    tubes: list[Tube] = []
    while (run := tracer.next_run()) is not None:
        piece = tracer.probe(run)
        if piece is not run and all(
            sparsely_covered(search.pyramid, part) for part in (piece, run)
        ):
            piece = run
        worth = search.worth_measuring(run, piece)
        tube = search.looked_at(worth) if worth is not None else None
        if (
            tube is None
            or tracer.too_thin(tube)
            or any(is_part_of(tube, other) for other in (*known, *tubes))
        ):
            tracer.dismiss(piece)
        else:
            tube = _prolonged(search, tracer, tube, run.level)
            tracer.take(tube.nodes, tube.radius_m)
            tubes.append(tube)
    return tubes


def _staying(
    tubes: Sequence[Tube], united: Uniter, search: _Search, bench: Bench | None
) -> list[Tube]:
    """Return tubes that will most likely stay as they are until they are settled.

    On a bench none: there the memory is short.
    """
    if bench is not None:
        return []
    return [tube for tube in tubes if not united.may_join(tube, tubes, search.faint)]


def _led_by(tube: Tube) -> Run:
    return Run(tube.nodes, tube.radius_m, np.ones(len(tube.nodes), bool), 0, tube.held)


def _passes(run: Run, place: FloatArray, radius_m: float) -> bool:
    return bool(np.linalg.norm(run.axis - place, axis=1).min() < radius_m)


def _prolonged(search: _Search, tracer: Tracer | SqueezedTracer, tube: Tube, level: int) -> Tube:
    """Follow a tube on with its measured radius as long as that makes it longer.

    Where all that was followed holds no such tube, half of it may; not if it was but little more.
    """
    led: Run | None = None
    while (run := tracer.prolong(tube, level)) is not None:
        if led is not None and _the_same_again(run, led, tube):
            break
        little = _new_m(run, tube) < _LITTLE * search.config.trace.min_length_m
        longer = _longer(search, tube, run)
        led = run
        if longer is None or (longer is tube and not little):
            led = _halfway(run, tube)
            longer = _longer(search, tube, led)
        if longer is None or longer is tube:
            break
        tube = longer
    return tube


def _the_same_again(run: Run, led: Run, tube: Tube) -> bool:
    """Tell whether a run ends where the one did that led to the tube, and that little beyond it."""
    most_m = min(_MOST_BEYOND_M, _MOST_BEYOND * tube.length_m)
    ends = run.axis[[0, -1]] - led.axis[[0, -1]]
    return bool(np.linalg.norm(ends, axis=1).max() < run.radius_m and _new_m(run, tube) < most_m)


def _new_m(run: Run, tube: Tube) -> float:
    """Return the length of what of a run lies beyond the ends of a tube."""
    distance, _ = scipy.spatial.cKDTree(tube.nodes).query(run.axis)
    steps = np.linalg.norm(np.diff(run.axis, axis=0), axis=1)
    return float(steps[distance[1:] > run.radius_m].sum())


def _longer(search: _Search, tube: Tube, run: Run) -> Tube | None:
    """Measure a tube with what it goes on to; None where that is not the same pipe.

    The tube itself is returned where it does not go on.
    """
    drift_share = search.config.measure.drift_share
    more_m = search.config.trace.min_length_m
    most_std_m = _WORSE * _std_within(tube, drift_share)
    longer = search.roughly(run)
    if longer is not None and abs(longer.length_m - tube.length_m) < more_m:
        return tube if of_one_size(tube, longer) else None
    if longer is not None and _std_within(longer, drift_share) > most_std_m:
        # the shorter one may be so well known as the scan's drift was solved for with it
        longer = search.settled(longer, roughly=True)
        most_std_m *= _WORSE_SETTLED / _WORSE
    if longer is None or longer.length_m < tube.length_m + more_m:
        return None
    # more of the same pipe makes it better known, something else does not
    if _std_within(longer, drift_share) > most_std_m:
        return None
    return longer if of_one_size(tube, longer) and is_part_of(tube, longer) else None


def _halfway(run: Run, tube: Tube) -> Run:
    """Return a run that leaves a tube at both ends, cut back to half of what lies beyond these."""
    first, last = (
        int(np.linalg.norm(run.axis - end, axis=1).argmin()) for end in tube.nodes[[0, -1]]
    )
    piece = slice(first // 2, last + (len(run.axis) - last) // 2 + 1)
    return replace(run, axis=run.axis[piece], seen=run.seen[piece])


def _doubtful(tube: Tube) -> bool:
    """Tell whether what is left after a fit has a shape, around the tube or along it."""
    return tube.misfit > _SHAPED or tube.inflation > _UNEVEN


def _std_within(tube: Tube, drift_share: float) -> float:
    """Return the radius' std without what drift and ovality add, which only long tubes show."""
    drift = drift_share * tube.wander_m
    return math.sqrt(max(tube.round_std_m**2 - drift**2, 0.0))


def _mention(item: LeftOut, cloud: PointCloud) -> str:
    x, y, z = item.tube.nodes[len(item.tube.nodes) // 2] + cloud.origin
    return (
        f"left out a tube of {2000.0 * item.tube.radius_m:.0f} mm at {x:.2f}, {y:.2f}, {z:.2f}: "
        f"{item.reason}"
    )
