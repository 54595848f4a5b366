"""The work on one site in a worker of a cluster, and what it tells the run meanwhile."""

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from twin_pipeline.durable.files import remove
from twin_pipeline.performing import Done, Failure, failure_of
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site
from twin_pipeline.watching import TOLD_EVERY_S

SiteWork = Callable[[Site, Path, Progress], Done]


def run_errand(
    do: SiteWork, site: Site, attempts: str, topic: str, threads: int
) -> tuple[str, Done | Failure]:
    """Do a site's work in a new folder below `attempts`; return the folder and how it ended."""
    folder = Path(attempts) / uuid.uuid4().hex
    try:
        return str(folder), do(_sharing(site, threads), folder, _Telling(topic, site.name))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - panics of decoders are BaseExceptions
        remove(folder)
        return str(folder), failure_of(site, error)


def _sharing(site: Site, threads: int) -> Site:
    """Return the site with its share of the threads, where the user didn't say how many."""
    tiles = site.config.tiles
    if not threads or tiles.threads:
        return site
    config = site.config.model_copy(update={"tiles": tiles.model_copy(update={"threads": threads})})
    return replace(site, config=config)


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
