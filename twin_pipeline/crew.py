"""The workers of a cluster, and how those of a cluster of our own are replaced when they die."""

import asyncio
import importlib.util
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from twin_pipeline.errors import ClusterError

MEND_EVERY_S = 3.0
"""How long nothing may be heard before the workers are looked at."""

_GIVE_UP_S = 300.0
_CLOSE_S = 5.0
_COME_S = 60.0


class Crew:
    """Workers that somebody else looks after."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - Dask is hardly typed
        self.client = client
        self._last_seen = time.monotonic()

    def wait_for(self, count: int) -> None:
        """Wait until so many workers are there, which will share work; a minute at most."""
        with suppress(TimeoutError):
            self.client.wait_for_workers(count, timeout=_COME_S)

    def mend(self) -> None:
        """Look at the workers.

        Raises
        ------
        ClusterError
            When there have been none for minutes.
        """
        if self.client.status != "running":
            raise ClusterError("the scheduler was lost; run again with --resume")
        if self.client.scheduler_info()["workers"]:
            self._last_seen = time.monotonic()
        elif time.monotonic() - self._last_seen > _GIVE_UP_S:
            raise ClusterError(
                f"the cluster has had no workers for {_GIVE_UP_S:.0f} s; start some, then run "
                "again with --resume"
            )


class OwnCrew(Crew):
    """Workers of a cluster of our own.

    Dask restarts a worker that dies, but gives it up for good if it dies while it starts.
    """

    def __init__(self, client: Any, cluster: Any, count: int) -> None:  # noqa: ANN401
        super().__init__(client)
        self._cluster = cluster
        self._count = count
        self._suspects: set[object] = set()

    def mend(self) -> None:
        """Replace workers that are dead at the second look; start those that are missing."""
        super().mend()
        dead = {name for name, nanny in list(self._cluster.workers.items()) if _dead(nanny)}
        for name in dead & self._suspects:
            self._cluster.worker_spec.pop(name, None)
            nanny = self._cluster.workers.pop(name, None)
            if nanny is not None:
                self._cluster.sync(_close, nanny)
        self._suspects = dead - self._suspects
        self._cluster.scale(self._count)


def _dead(nanny: Any) -> bool:  # noqa: ANN401
    process = getattr(nanny, "process", None)
    return nanny.status.name in {"failed", "closed"} or process is None or not process.is_alive()


async def _close(nanny: Any) -> None:  # noqa: ANN401
    with suppress(Exception):
        await asyncio.wait_for(nanny.close(timeout=_CLOSE_S), 2 * _CLOSE_S)


def dashboard_of(client: Any) -> str:  # noqa: ANN401
    """Return the page that shows the workers; without Bokeh there are only plain ones."""
    link: str = client.dashboard_link
    if importlib.util.find_spec("bokeh") is None:
        return link.removesuffix("/status") + "/info/main/workers.html"
    return link


def uninterrupted() -> Any:  # noqa: ANN401
    """Return a plugin that makes Ctrl+C, which a terminal sends to all, the affair of the run."""
    from distributed import WorkerPlugin

    class Uninterrupted(WorkerPlugin):  # type: ignore[misc]
        def setup(self, worker: Any) -> None:  # noqa: ANN401
            _ = worker
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    return Uninterrupted()
