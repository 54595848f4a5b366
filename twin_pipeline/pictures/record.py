"""Keeps what the extraction tells."""

from collections.abc import Sequence
from dataclasses import dataclass

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Excavation, Ground
from twin_pipeline.geometry.tubes import Run, Seeds, Tube
from twin_pipeline.model import FloatArray, Pipe
from twin_pipeline.observing import Observer
from twin_pipeline.stages.measure import Fit, MeasureOptions, explain


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """One measured run."""

    number: int
    """From 1, in the order of the tries."""
    run: Run
    tube: Tube | None
    against: str | None
    probe: bool
    with_drift: bool


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """What the search began with; local frame."""

    pyramid: Pyramid
    ground: Ground | None
    excavation: Excavation | None
    searched: Pyramid


class Record(Observer):
    """All that was told of one site."""

    place: Place
    seeds: Seeds

    def __init__(
        self, origin: FloatArray, options: MeasureOptions, least_strength_rad: float
    ) -> None:
        """Take the local frame's origin (3,), how measuring works, and which seeds are followed."""
        self.origin = origin
        self.least_strength_rad = least_strength_rad
        self.tries: list[Try] = []
        self.out: list[tuple[Tube, str]] = []
        self.pipes: list[tuple[Tube, Pipe]] = []
        self._options = options

    def searching(
        self, pyramid: Pyramid, ground: Ground | None, place: Excavation | None, searched: Pyramid
    ) -> None:
        """Keep the points and the pavement; what was told of a search before counts no more."""
        self.tries, self.out = [], []
        self.place = Place(pyramid, ground, place, searched)

    def seeded(self, seeds: Seeds) -> None:
        """Keep the seeds."""
        self.seeds = seeds

    def tried(
        self,
        run: Run,
        tube: Tube | None,
        against: str | None,
        *,
        probe: bool,
        with_drift: bool = False,
    ) -> None:
        """Keep a run with its outcome."""
        self.tries.append(Try(len(self.tries) + 1, run, tube, against, probe, with_drift))

    def left_out(self, tube: Tube, reason: str) -> None:
        """Keep a tube that is no pipe."""
        self.out.append((tube, reason))

    def reported(self, tubes: Sequence[Tube], pipes: Sequence[Pipe]) -> None:
        """Keep the result."""
        self.pipes = list(zip(tubes, pipes, strict=True))

    def try_of(self, tube: Tube) -> Try | None:
        """Return the try that gave a tube, which may have been ended or doubted since."""
        for one in reversed(self.tries):
            if one.tube is not None and one.tube.middle is tube.middle:
                return one
        return None

    def fit_of(self, tried: Try) -> Fit | None:
        """Measure a run once more, to see what became of its points."""
        place = self.place.searched
        return explain(place, tried.run, self._options, with_drift=tried.with_drift)
