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
        self, function: Callable[[Given], Result], pool: ThreadPoolExecutor, things: Iterable[Given]
    ) -> None:
        self._function, self._pool = function, pool
        self._begun = [(thing, self._begin(thing)) for thing in things]

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
def foreseen(
    function: Callable[[Given], Result], things: Iterable[Given]
) -> Iterator[Foreseen[Given, Result]]:
    """Yield results of a function, of some things begun now where there is a core to spare."""
    count = threads()
    pool = ThreadPoolExecutor(count)
    try:
        yield Foreseen(function, pool, things if count > 1 else ())
    finally:
        pool.shutdown(cancel_futures=True)
