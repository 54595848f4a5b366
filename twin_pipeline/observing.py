"""What the extraction tells while it works, to who wants to see how it came to its results."""

from collections.abc import Sequence

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Excavation, Ground
from twin_pipeline.geometry.tubes import Run, Seeds, Tube
from twin_pipeline.model import Pipe


class Observer:
    """Receives what each stage found; this one looks away. All of it is in the local frame.

    What is handed over belongs to the extraction: it may be kept, but not changed.
    """

    def searching(
        self, pyramid: Pyramid, ground: Ground | None, place: Excavation | None, searched: Pyramid
    ) -> None:
        """Take note of all points, of the pavement, and of the points that are searched."""

    def seeded(self, seeds: Seeds) -> None:
        """Take note where tubes may be."""

    def tried(
        self,
        run: Run,
        tube: Tube | None,
        against: str | None,
        *,
        probe: bool,
        with_drift: bool = False,
    ) -> None:
        """Take note of a measured run.

        Parameters
        ----------
        run
            From which measuring started.
        tube
            What was measured; None where the points do not hold a tube.
        against
            What speaks against it being a pipe; None where nothing does.
        probe
            Whether this was a first look at a part of the run.
        with_drift
            Whether the scan's drift was solved for with the tube.
        """

    def left_out(self, tube: Tube, reason: str) -> None:
        """Take note of a tube that is no pipe of this excavation."""

    def reported(self, tubes: Sequence[Tube], pipes: Sequence[Pipe]) -> None:
        """Take note of the result: each pipe (scan frame) and its tube."""


class Notebook(Observer):
    """Keeps what was tried, to tell it later."""

    def __init__(self) -> None:
        self._tried: list[tuple[Run, Tube | None, str | None, bool, bool]] = []

    def tried(
        self,
        run: Run,
        tube: Tube | None,
        against: str | None,
        *,
        probe: bool,
        with_drift: bool = False,
    ) -> None:
        """Write down a measured run."""
        self._tried.append((run, tube, against, probe, with_drift))

    def tell(self, observer: Observer) -> None:
        """Tell an observer all that was tried, in its order."""
        for run, tube, against, probe, with_drift in self._tried:
            observer.tried(run, tube, against, probe=probe, with_drift=with_drift)
