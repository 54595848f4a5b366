"""Several sites at once, on a Dask cluster: one of this machine's own, or one that is running.

Nothing is decided here that could change a result; a worker that dies costs the time of its site.
"""

import logging
import os
import queue
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from twin_pipeline.crew import MEND_EVERY_S, Crew, OwnCrew, uninterrupted
from twin_pipeline.durable.files import remove
from twin_pipeline.durable.work import Work
from twin_pipeline.errors import ClusterError
from twin_pipeline.performing import Done, Failure, failure_of
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site
from twin_pipeline.watching import Watch

if TYPE_CHECKING:
    from distributed import Client

Ended = tuple[Site, Path, Done | Failure]
SiteWork = Callable[[Site, Path, Progress], Done]

_DEATHS = 3
"""Workers that a site may cost before it is tried alone, with all the memory."""

_BASE_BYTES = 500e6
_BYTES_PER_BYTE = {".laz": 120.0, ".las": 20.0}
"""Memory that a process needs for each byte of a scan; measured, see docs/scaling.md."""

_WAIT_S = 60.0

_SETTINGS = {
    "distributed.scheduler.allowed-failures": _DEATHS,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # lazrs and numba have threads, which a fork would lose
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.admin.tick.limit": "1 hour",
}


@dataclass(frozen=True, slots=True)
class Resources:
    """What may be used."""

    jobs: int | None = None
    """Sites at once; None for what cores and memory allow."""
    scheduler: str | None = None
    """Address of a running scheduler; None for a cluster of this machine's own."""


def on_cluster(
    do: SiteWork, sites: Sequence[Site], work: Work, resources: Resources, watch: Watch
) -> Iterator[Ended]:
    """Yield each site when its work has ended, in the order of ending.

    Raises
    ------
    ClusterError
        When the given scheduler can't be reached or is lost, or its workers don't see the files.
    """
    jobs = resources.jobs or default_jobs(sites)
    if resources.scheduler is not None:
        with _joined(resources.scheduler, work, watch) as crew:
            yield from _run(crew, do, sites, work, watch, threads=0)
        return
    killed: list[Site] = []
    cores = max(1, (os.cpu_count() or 1) // jobs)
    with _own(min(jobs, len(sites)), cores, work, watch) as crew:
        for site, attempt, ended in _run(crew, do, sites, work, watch, threads=cores):
            if jobs > 1 and isinstance(ended, Failure) and ended.kind == _KILLED:
                killed.append(site)
            else:
                yield site, attempt, ended
    if killed:
        watch.progress.note(f"{len(killed)} sites were killed; trying them again, one at a time")
        with _own(1, 0, work, watch) as crew:
            yield from _run(crew, do, killed, work, watch, threads=0)


def default_jobs(sites: Sequence[Site]) -> int:
    """Return how many sites at once cores and free memory allow."""
    need = max(_BASE_BYTES + sum(map(_memory, site.scans)) for site in sites)
    return max(1, min(os.cpu_count() or 1, int(0.8 * psutil.virtual_memory().available / need)))


def _memory(scan: Path) -> float:
    with suppress(OSError):
        return scan.stat().st_size * _BYTES_PER_BYTE.get(scan.suffix.lower(), 120.0)
    return 0.0


_KILLED = "KilledWorker"


@contextmanager
def _own(jobs: int, threads: int, work: Work, watch: Watch) -> Iterator["Crew"]:
    """Start processes on this machine that end with the block, or with this process."""
    import dask
    from distributed import Client, LocalCluster

    limit = int(0.9 * psutil.virtual_memory().available / jobs)
    count = str(threads or os.cpu_count() or 1)
    with (
        dask.config.set(_SETTINGS),
        _quiet(),
        # Workers are added below, where one that dies at once is no reason to fail.
        LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            memory_limit=limit,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            local_directory=str(work.folder / "dask"),
            silence_logs=logging.CRITICAL,
            env={"NUMBA_NUM_THREADS": count, "RAYON_NUM_THREADS": count},
        ) as cluster,
        Client(cluster) as client,
    ):
        watch.log.write(
            "cluster",
            jobs=jobs,
            threads=count,
            memory_limit=limit,
            dashboard=client.dashboard_link,
        )
        watch.progress.note(f"{jobs} sites at a time; dashboard {client.dashboard_link}")
        client.register_plugin(uninterrupted())
        crew = OwnCrew(client, cluster, jobs)
        crew.mend()
        yield crew


@contextmanager
def _joined(address: str, work: Work, watch: Watch) -> Iterator["Crew"]:
    from distributed import Client

    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"--scheduler {address}: no scheduler answers there ({error}); check the address, or "
            "leave the flag out to work on this machine"
        ) from error
    with client:
        _require_shared(client, address, work)
        watch.log.write("cluster", scheduler=address, dashboard=client.dashboard_link)
        watch.progress.note(f"working on {address}; dashboard {client.dashboard_link}")
        yield Crew(client)


def _require_shared(client: "Client", address: str, work: Work) -> None:
    """Raise ClusterError unless there are workers, and all see the work folder."""
    try:
        client.wait_for_workers(1, timeout=_WAIT_S)
    except (TimeoutError, OSError) as error:
        raise ClusterError(f"--scheduler {address}: has no workers; start some") from error
    blind = [worker for worker, sees in client.run(_sees, str(work.attempts)).items() if not sees]
    if blind:
        raise ClusterError(
            f"--scheduler {address}: worker {blind[0]} doesn't see {work.folder.parent}; output "
            "and scans must lie on storage that all workers share, under the same path"
        )


def _sees(folder: str) -> bool:
    return Path(folder).is_dir()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the cluster says of workers that come and go off the terminal."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _run(
    crew: Crew, do: SiteWork, sites: Sequence[Site], work: Work, watch: Watch, *, threads: int
) -> Iterator[Ended]:
    client = crew.client
    topic = f"twin-pipeline-{uuid.uuid4().hex}"
    news: queue.Queue[tuple[Any, ...]] = queue.Queue()
    client.subscribe_topic(topic, lambda event: news.put(("stage", *event[1])))
    futures = {}
    for number, site in enumerate(sites):
        attempts = work.attempts / f"{number}-{uuid.uuid4().hex}"
        future = client.submit(
            _remote, do, site, str(attempts), topic, threads, pure=False, retries=0
        )
        futures[future] = site
        future.add_done_callback(lambda ended: news.put(("ended", ended)))
    left = len(futures)
    while left:
        try:
            what, *facts = news.get(timeout=MEND_EVERY_S)
        except queue.Empty:
            crew.mend()
            continue
        if what == "stage":
            watch.stage(*facts)
        else:
            left -= 1
            (future,) = facts
            site = futures.pop(future)
            yield (site, *_result(future, site))


def _result(future: Any, site: Site) -> tuple[Path, Done | Failure]:  # noqa: ANN401
    from distributed import KilledWorker

    if future.status == "finished":
        attempt, ended = future.result()
        return Path(attempt), ended
    error = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        scans = tuple(map(str, site.scans))
        reason = (
            f"{site.scan}: its process was killed, each time it was tried; memory may have run out"
        )
        remedy = "cut or thin the scan, or use a machine with more memory; then --resume"
        return Path(), Failure(site.name, scans, _KILLED, reason, remedy, 1)
    if error is None:
        raise ClusterError("the cluster was lost; run again with --resume")
    return Path(), failure_of(site, error)


def _remote(
    do: SiteWork, site: Site, attempts: str, topic: str, threads: int
) -> tuple[str, Done | Failure]:
    """Do a site's work in a worker."""
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
    """Tells the run's process which stage a site has reached."""

    def __init__(self, topic: str, name: str) -> None:
        self._topic = topic
        self._name = name

    def stage(self, name: str) -> None:
        from distributed import get_worker

        get_worker().log_event(self._topic, (self._name, name))
