"""Measures runs as often, and as closely, as it takes to believe or to dismiss them."""

from dataclasses import dataclass, field, replace

import numpy as np
import scipy

from twin_pipeline.config import Config
from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.observing import Notebook, Observer
from twin_pipeline.stages.judge import (
    is_faint,
    is_no_circle,
    may_yet_be_one,
    shows_a_wide_arc,
    why_not_a_branch,
    why_not_a_pipe,
)
from twin_pipeline.stages.measure import Kept, measure
from twin_pipeline.stages.step import constant_part

_MUCH_LONGER = 2.5
_LONG_M = 3.0
"""Length of a run of which a piece, that shows no pipe, may be too short."""

_TRIES = 3
"""Whole runs measured along the same line, where pieces showed no pipe."""

_NO_TUBE = "the points hold no tube"

_ON_COURSE, _DENSE_M = 0.25, 0.01
"""Of the radius: farther off its course no drift leads a tube; and steps that tell how far."""

_AS_WIDE = 0.75
_THICKER = 1.35
"""Of the arc that is seen, what drift leaves; of its radius, what a branch may be off its seed."""
_WIDE_DEG = 120.0
"""Of an arc that tells the diameter well."""

_SHAPED = 0.05
_UNEVEN = 3.0
"""Misfit and inflation from which on a fit may have ended in a wrong minimum."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Where pipes are searched for, and how."""

    pyramid: Pyramid
    config: Config
    under_open_sky: bool
    observer: Observer
    tried: list[Run] = field(default_factory=list)
    """Whole runs measured though a piece of them showed no pipe."""
    faint: list[Tube] = field(default_factory=list)
    """Tubes that are too little known to be believed on their own."""
    branches: list[Tube] = field(default_factory=list)
    """Tubes measured beyond the neck by which they leave another, without which none is seen."""
    dismissed: list[tuple[Run, int]] = field(default_factory=list)
    """Runs that may lead away from a tube but hold none, and how many tubes were found then."""
    looked: dict[bool, tuple[Run, Tube]] = field(default_factory=dict)
    """The last run whose points a first look took all of, and its tube; by whether closely."""

    def measured(self, run: Run, *, roughly: bool = False) -> Tube | None:
        """Return the tube that a run holds; None where there is none, or none to be believed.

        Roughly it is known where it lies, but not to all that its points tell. What is uneven is
        measured on all of them: a step of the diameter shows in these alone. What is no circle, as
        soil along a main, is not.
        """
        tube = self._measure(run, roughly=roughly)
        if tube is not None and roughly and tube.one_in > 1 and tube.inflation > _UNEVEN:
            close = self._no_circle(run, tube, roughly=True)
            return self.measured(run) if close is None else self._judged(*close)
        if tube is not None and tube.misfit > _SHAPED:
            run, tube = self._closely(run, tube, roughly=roughly)
        part = constant_part(tube) if tube is not None else None
        if part is not None:
            return self.measured(part, roughly=roughly)
        if tube is not None and self._may_get_better(tube):
            run, tube = self._again(run, tube, roughly=roughly)
        if tube is not None and self._may_get_better(tube):
            settled = self._with_drift(_led_by(tube), roughly=roughly)
            if settled is not None and not self._known_less(settled, tube):
                return self._judged(_led_by(tube), settled, with_drift=True)
        return self._judged(run, tube)

    def roughly(self, run: Run) -> Tube | None:
        """Return the tube that a run holds, known well enough to go on from it; see `measured`."""
        return self.measured(run, roughly=True)

    def looked_at(self, run: Run) -> Tube | None:
        """Return what `measured` does; a long run of nothing costs little."""
        tube = self.roughly(run)
        return tube if tube is None or tube.one_in == 1 else self.measured(_led_by(tube))

    def shows_none(self, run: Run) -> bool:
        """Tell whether the points of a run hold no tube at all, be it one to believe or not."""
        return self._measure(run, roughly=True) is None

    def settled(self, tube: Tube, *, roughly: bool = False) -> Tube:
        """Return a tube as it is when the scan's drift is solved for with it.

        Where that leads to none, or to none to be believed, it stays as it is. Drift lets an axis
        climb a mound over the pipe; there it is held.
        """
        led = replace(_led_by(tube), wide=_arc_deg(tube) >= _WIDE_DEG)
        settled = self._with_drift(led, roughly=roughly)
        if settled is not None and _climbs(settled, tube):
            held = replace(led, held=~tube.observed)
            settled = self._with_drift(held, roughly=roughly)
        if settled is not None and _climbs(settled, tube):
            settled = None
        if settled is not None:
            settled = self._judged(_led_by(tube), settled, with_drift=True)
        if settled is not None and _arc_deg(settled) < _AS_WIDE * _arc_deg(tube):
            # no drift takes a third of the surface off a tube: it has slipped off its axis
            settled = None
        if settled is None and not roughly and tube.one_in > 1:
            settled = self._judged(_led_by(tube), self._measure(_led_by(tube)))
        return settled or tube

    def away(self, run: Run, kept: Kept) -> Tube | None:
        """Return the branch that a run holds away from another tube, None where there is none."""
        tube = measure(self.pyramid, run, self.config.measure, kept=kept)
        against = self._against(tube)
        if tube is not None and against is not None:
            sky = self.under_open_sky
            against = why_not_a_branch(tube, self.config.judge, under_open_sky=sky)
        if tube is not None and tube.radius_m > _THICKER * run.radius_m:
            against = "thicker than what was followed, neck and all"
        self.observer.tried(run, tube, against, probe=False)
        return tube if against is None else None

    def settled_apart(self, tube: Tube) -> tuple[Tube, Notebook]:
        """Return what `settled` does, and what it would have told the observer meanwhile."""
        notes = Notebook()
        apart = replace(self, observer=notes, tried=[], faint=[], branches=[], dismissed=[])
        return apart.settled(tube), notes

    def noted(self, tube: Tube, notes: Notebook) -> Tube:
        """Return a tube after the observer has been told how it came to be."""
        notes.tell(self.observer)
        return tube

    def _measure(
        self, run: Run, *, probe: bool = False, closely: bool = False, roughly: bool = False
    ) -> Tube | None:
        """Measure a run, unless a first look took all of its points: then that was it."""
        known, tube = self.looked.get(closely, (None, None))
        if known is run:
            return tube
        tube = measure(
            self.pyramid, run, self.config.measure, probe=probe, closely=closely, roughly=roughly
        )
        if probe and tube is not None and tube.one_in == 1:
            self.looked[closely] = (run, tube)
        return tube

    def _judged(self, run: Run, tube: Tube | None, *, with_drift: bool = False) -> Tube | None:
        against = self._against(tube)
        self.observer.tried(run, tube, against, probe=False, with_drift=with_drift)
        if tube is not None and against is not None:
            self._note_if_faint(tube)
        return tube if against is None else None

    def _note_if_faint(self, tube: Tube) -> None:
        if is_faint(tube, self.config.judge, under_open_sky=self.under_open_sky):
            self.faint.append(tube)

    def _with_drift(self, run: Run, *, roughly: bool) -> Tube | None:
        return measure(self.pyramid, run, self.config.measure, with_drift=True, roughly=roughly)

    def worth_measuring(self, run: Run, piece: Run) -> Run | None:
        """Look at a piece of a run; return what of it to measure, None where that holds no pipe.

        Noise can hide the curve of a piece: where nothing else speaks against a pipe the whole run
        has to show it.
        """
        longer = run.length_m >= max(_MUCH_LONGER * piece.length_m, _LONG_M)
        tube = self._measure(piece, probe=True)
        if tube is None and run.length_m >= _LONG_M:
            # what is close to a thin tube, such as its bedding, may have led away from it
            tube = self._measure(piece, probe=True, closely=True)
            piece = piece if tube is None else _led_by(tube)
        elif tube is not None and tube.misfit > _SHAPED:
            _, tube = self._closely(piece, tube, probe=True)
        against = self._against(tube)
        self.observer.tried(piece, tube, against, probe=True)
        if against is None:
            return piece
        if tube is not None:
            self._note_if_faint(tube)
        judge, sky = self.config.judge, self.under_open_sky
        if tube is None or not longer or not may_yet_be_one(tube, judge, under_open_sky=sky):
            return None
        middle = run.axis[len(run.axis) // 2]
        before = sum(_passes(other, middle, run.radius_m) for other in self.tried)
        self.tried.append(run)
        return run if before < _TRIES and self._may_show_one(run) else None

    def _may_show_one(self, run: Run) -> bool:
        """Look at a whole run of which a piece showed no pipe; tell whether it is worth more."""
        tube = self._measure(run, probe=True)
        no_circle = self._no_circle(run, tube, probe=True) if tube is not None else None
        if no_circle is not None:
            led, close = no_circle
            self.observer.tried(led, close, self._against(close), probe=True)
        return no_circle is None

    def _against(self, tube: Tube | None) -> str | None:
        if tube is None:
            return _NO_TUBE
        return why_not_a_pipe(tube, self.config.judge, under_open_sky=self.under_open_sky)

    def _no_circle(
        self, run: Run, tube: Tube, *, probe: bool = False, roughly: bool = False
    ) -> tuple[Run, Tube] | None:
        """Return what a share of the points shows at best; None where that may be a circle."""
        if not is_no_circle(tube, self.config.judge):
            return None
        led, close = self._closely(run, tube, probe=probe, roughly=roughly)
        return (led, close) if is_no_circle(close, self.config.judge) else None

    def _may_get_better(self, tube: Tube) -> bool:
        """Tell whether what is left after a fit has a shape, but may be a circle's all the same."""
        return _doubtful(tube) and not is_no_circle(tube, self.config.judge)

    def _again(self, run: Run, tube: Tube, *, roughly: bool) -> tuple[Run, Tube]:
        """Measure from where a first try, that began far off, has led; return the rounder one."""
        led = _led_by(tube)
        second = self._measure(led, roughly=roughly)
        if second is None or second.misfit > tube.misfit or self._known_less(second, tube):
            return run, tube
        return led, second

    def _known_less(self, second: Tube, tube: Tube) -> bool:
        """Tell whether a tube is believed, and a second try tells no more than too little of it.

        What speaks against the second otherwise speaks against the first. A narrow arc has to hold
        in every try: a ridge of soil between two pipes may pass for one once.
        """
        judge, sky = self.config.judge, self.under_open_sky
        return (
            shows_a_wide_arc(tube)
            and self._against(tube) is None
            and self._against(second) is not None
            and is_faint(second, judge, under_open_sky=sky)
        )

    def _closely(
        self, run: Run, tube: Tube, *, probe: bool = False, roughly: bool = False
    ) -> tuple[Run, Tube]:
        """Measure only what lies near the run, if that is rounder than what was measured."""
        close = self._measure(run, probe=probe, closely=True, roughly=roughly)
        return (
            (run, tube) if close is None or close.misfit > tube.misfit else (_led_by(close), close)
        )


def _led_by(tube: Tube) -> Run:
    return Run(tube.nodes, tube.radius_m, np.ones(len(tube.nodes), bool), 0, tube.held)


def _climbs(settled: Tube, tube: Tube) -> bool:
    """Tell whether a tube is seen off its course where it was hidden: on what hides the pipe."""
    hidden = tube.nodes[~tube.observed]
    line = polyline.resample(settled.nodes, _DENSE_M)
    seen = polyline.along(settled.nodes, settled.observed.astype(float), polyline.chainage(line))
    off, nearest = scipy.spatial.cKDTree(line).query(hidden)
    return bool(np.any((off > _ON_COURSE * tube.radius_m) & (seen[nearest] > 0.0)))


def _arc_deg(tube: Tube) -> float:
    return float(np.median(tube.arc_deg[tube.observed]))


def _passes(run: Run, place: FloatArray, radius_m: float) -> bool:
    return bool(np.linalg.norm(run.axis - place, axis=1).min() < radius_m)


def _doubtful(tube: Tube) -> bool:
    """Tell whether what is left after a fit has a shape, around the tube or along it."""
    return tube.misfit > _SHAPED or tube.inflation > _UNEVEN
