"""Runs to be looked at, each followed on another core while the one before is looked at."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Run
from twin_pipeline.kernels import threads
from twin_pipeline.stages.measure import sparsely_covered


class Dismissing(Protocol):
    """What hands out runs, one after another, until all that is left was dismissed."""

    def fork(self) -> Self:
        """Return another that goes on from here on its own, as long as neither takes anything."""

    def next_run(self) -> Run | None:
        """Return the next run."""

    def probe(self, run: Run) -> Run:
        """Return the best seen piece of a run."""

    def dismiss(self, run: Run) -> None:
        """Hand out no run again that is the same as this one."""


AnyTracer = TypeVar("AnyTracer", bound=Dismissing)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A run that may be a pipe."""

    run: Run
    piece: Run
    """What of it is looked at first, and dismissed; all of it where so few points must tell."""


class Candidates(Generic[AnyTracer]):
    """What a tracer hands out; the next is followed as if the one before were dismissed.

    Most are. What was followed for nothing is forgotten: the order stays that of the tracer alone.
    """

    def __init__(
        self, pyramid: Pyramid, tracer: AnyTracer, pool: ThreadPoolExecutor | None
    ) -> None:
        self._pyramid, self._tracer, self._pool = pyramid, tracer, pool
        self._foreseen: Future[tuple[AnyTracer, Candidate | None]] | None = None

    def following(self) -> Candidate | None:
        """Return the next candidate, None when there is none.

        The one before must have been dismissed or taken. What follows the next is begun at once.
        """
        if self._foreseen is not None:
            self._tracer, found = self._foreseen.result()
            self._foreseen = None
        else:
            found = self._next_of(self._tracer)
        if found is not None and self._pool is not None:
            self._foreseen = self._pool.submit(self._without, self._tracer.fork(), found.piece)
        return found

    def dismiss(self, candidate: Candidate) -> None:
        """Go on without what would lead to the same run again."""
        if self._foreseen is None:
            self._tracer.dismiss(candidate.piece)

    def tracer(self) -> AnyTracer:
        """Return the tracer, as it handed out the last candidate, from which may be taken."""
        if self._foreseen is not None:
            self._foreseen.result()
            self._foreseen = None
        return self._tracer

    def _without(self, tracer: AnyTracer, piece: Run) -> tuple[AnyTracer, Candidate | None]:
        tracer.dismiss(piece)
        return tracer, self._next_of(tracer)

    def _next_of(self, tracer: AnyTracer) -> Candidate | None:
        run = tracer.next_run()
        if run is None:
            return None
        piece = tracer.probe(run)
        if piece is not run and all(sparsely_covered(self._pyramid, part) for part in (piece, run)):
            piece = run
        return Candidate(run, piece)


@contextmanager
def candidates(
    pyramid: Pyramid, tracer: AnyTracer, *, ahead: bool
) -> Iterator[Candidates[AnyTracer]]:
    """Yield what a tracer hands out; ahead, where there is a core to spare, it follows the next."""
    if not ahead or threads() == 1:
        yield Candidates(pyramid, tracer, None)
        return
    pool = ThreadPoolExecutor(1)
    try:
        yield Candidates(pyramid, tracer, pool)
    finally:
        pool.shutdown(cancel_futures=True)
