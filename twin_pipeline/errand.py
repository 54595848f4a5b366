"""The work on one site in a worker of a cluster, and what it tells the run meanwhile."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from twin_pipeline.benching import FOLDER as POINTS
from twin_pipeline.durable.files import remove
from twin_pipeline.errors import plain_interrupts
from twin_pipeline.memory import free_bytes
from twin_pipeline.performing import Done, Failure, failure_of, one_at_a_time
from twin_pipeline.progress import Progress
from twin_pipeline.sharing import SharedSpread, Table
from twin_pipeline.shelves import kept_small, spreading
from twin_pipeline.site import Site
from twin_pipeline.watching import TOLD_EVERY_S

_SHARE = 0.75
"""Of a worker's memory that a site may take."""

_HELD_SHARE = 0.2
"""Of a worker's memory that mapped arrays may take while it helps."""

_FIRST = 10
"""Priority of helping; sites have 0."""

SiteWork = Callable[[Site, Path, Progress], Done]


def run_errand(
    do: SiteWork, site: Site, attempts: str, topic: str, threads: int
) -> tuple[str, Done | Failure]:
    """Do a site's work in a new folder below `attempts`; return the folder and how it ended."""
    for lost in Path(attempts).glob(f"*/{POINTS}"):
        remove(lost)
    folder = Path(attempts) / uuid.uuid4().hex
    pieces = folder.with_name(f"{folder.name}.pieces")
    telling = _Telling(topic, site.name)
    try:
        with plain_interrupts(), spreading(_spread(pieces)) as spread:
            done = do(_sharing(site, threads), folder, telling)
        if spread.done_by:
            telling.note(
                f"{site.name}: {spread.done_by.total()} pieces of work were done by "
                f"{len(spread.done_by)} workers"
            )
        return str(folder), done
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - panics of decoders are BaseExceptions
        remove(folder)
        return str(folder), failure_of(site, error)
    finally:
        remove(pieces)


def _sharing(site: Site, threads: int) -> Site:
    """Return the site with its share of threads and memory, where the user didn't say how many."""
    tiles, pieces = site.config.tiles, site.config.pieces
    if threads and not tiles.threads:
        tiles = tiles.model_copy(update={"threads": threads})
    limit = memory_limit()
    if limit is not None and pieces.memory_mb is None:
        pieces = pieces.model_copy(update={"memory_mb": _SHARE * limit / 1e6})
    config = site.config.model_copy(update={"tiles": tiles, "pieces": pieces})
    return replace(site, config=config)


def memory_limit() -> int | None:
    """Return the memory in bytes that this worker may take, None where it has no limit."""
    from distributed import get_worker

    limit: int | None = get_worker().memory_manager.memory_limit
    return limit or None


def _spread(pieces: Path) -> SharedSpread:
    """Return how the pieces of a large site are shared with the other workers."""
    from distributed import get_client, get_worker

    own, workers = get_worker().address, get_client().nthreads()
    hosts = {address.rpartition(":")[0] for address in (own, *workers)}
    return SharedSpread(pieces, _helped, hands=len(workers), far=len(hosts) > 1)


@contextmanager
def _helped(folder: Path) -> Iterator[None]:
    """Ask the other workers to do pieces of the work in a folder before other sites.

    Who is killed while it helps is asked again; this worker does what they leave.
    """
    from distributed import get_client

    client = get_client()
    others = len(client.nthreads()) - 1
    asked = [
        client.submit(lend_a_hand, str(folder), pure=False, priority=_FIRST) for _ in range(others)
    ]
    try:
        yield
    finally:
        client.cancel(asked, force=True)


def lend_a_hand(folder: str) -> None:
    """Do pieces of work in a folder as long as there are some, if this worker has nothing to do.

    What fails is left to who needs it, and will fail or not there.
    """
    if not one_at_a_time.acquire(blocking=False):
        return
    try:
        limit = memory_limit() or free_bytes()
        with kept_small(int(_HELD_SHARE * limit)), suppress(Exception):
            table = Table(Path(folder))
            while (number := table.claim()) is not None:
                table.do(number)
    finally:
        one_at_a_time.release()


class _Telling(Progress):
    """Tells the run's process how far a site is."""

    def __init__(self, topic: str, name: str) -> None:
        from distributed import get_worker

        self._worker = get_worker()
        self._topic = topic
        self._name = name
        self._told_s = 0.0

    def stage(self, name: str) -> None:
        self._tell("stage", self._name, name)

    def advance(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told_s >= TOLD_EVERY_S:
            self._told_s = now
            self._tell("advance", self._name, int(done), int(total))

    def note(self, message: str) -> None:
        self._tell("note", message)

    def _tell(self, *news: object) -> None:
        self._worker.log_event(self._topic, [_sendable(item) for item in news])


def _sendable(item: object) -> object:
    """Return text with what is no UTF-8 escaped; a file's name may have it."""
    return item.encode("utf-8", "backslashreplace").decode() if isinstance(item, str) else item
