"""What will most likely be asked for, worked out on another core meanwhile."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from twin_pipeline.kernels import threads

Given = TypeVar("Given")
Result = TypeVar("Result")


class Foreseen(Generic[Given, Result]):
    """Results of a function of things, of which some were begun before they are asked for."""

    def __init__(
        self, function: Callable[[Given], Result], pool: ThreadPoolExecutor, *, early: bool
    ) -> None:
        self._function, self._pool, self._early = function, pool, early
        self._begun: list[tuple[Given, Future[Result]]] = []

    def begin(self, things: Iterable[Given]) -> None:
        """Begin those of some things that were not begun, where there is a core to spare."""
        known = {id(thing) for thing, _ in self._begun}
        new = [thing for thing in things if self._early and id(thing) not in known]
        self._begun += [(thing, self._begin(thing)) for thing in new]

    def of(self, things: Sequence[Given]) -> list[Result]:
        """Return the results of things, begun or not; others are given up."""
        wanted = {id(thing) for thing in things}
        for thing, future in self._begun:
            if id(thing) not in wanted:
                future.cancel()
        begun = {id(thing): future for thing, future in self._begun}
        asked = [begun.get(id(thing)) or self._begin(thing) for thing in things]
        return [future.result() for future in asked]

    def _begin(self, thing: Given) -> Future[Result]:
        return self._pool.submit(self._function, thing)


@contextmanager
def foreseen(function: Callable[[Given], Result]) -> Iterator[Foreseen[Given, Result]]:
    """Yield results of a function, of which some may be begun where there is a core to spare."""
    count = threads()
    pool = ThreadPoolExecutor(count)
    try:
        yield Foreseen(function, pool, early=count > 1)
    finally:
        pool.shutdown(cancel_futures=True)
