"""Several sites at once, on a Dask cluster: one of this machine's own, or one that is running.

Nothing is decided here that could change a result; a worker that dies costs the time of its site.
"""

import logging
import os
import queue
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin_pipeline.benching import points_of, to_be_shared
from twin_pipeline.durable.work import Work
from twin_pipeline.errand import SiteWork, run_errand
from twin_pipeline.errors import ClusterError
from twin_pipeline.memory import free_bytes
from twin_pipeline.performing import Done, Failure, failure_of
from twin_pipeline.site import Site
from twin_pipeline.watching import Watch

if TYPE_CHECKING:
    from twin_pipeline.crew import Crew

Ended = tuple[Site, Path, Done | Failure]

_DEATHS = 3
"""Workers that a site may cost before it is tried alone, with all the memory."""

_BASE_BYTES = 500e6
_BYTES_PER_BYTE = {".laz": 120.0, ".las": 20.0}
"""Memory that a process needs for each byte of a scan; measured, see docs/scaling.md."""

_MEMORY_SHARE = 0.8
"""Of the free memory that sites may take."""

_SETTINGS = {
    "distributed.scheduler.allowed-failures": _DEATHS,
    # a site that waits at a worker that dies would be blamed with the one that killed it
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # lazrs and numba have threads, which a fork would lose
    "distributed.worker.multiprocessing-method": "spawn",
    # a profile of every second is kept for an hour: a worker grew by 0.35 MB a small site
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.limit": "1 hour",
}


@dataclass(frozen=True, slots=True)
class Resources:
    """What may be used."""

    jobs: int | None = None
    """Sites at once; None for what cores and memory allow."""
    scheduler: str | None = None
    """Address of a running scheduler; None for a cluster of this machine's own."""


def to_be_cut(site: Site, resources: Resources) -> bool:
    """Tell whether a site that is the whole run is worth a cluster that was asked for."""
    hands = 2 if resources.scheduler is not None else resources.jobs or 1
    return hands > 1 and to_be_shared(points_of(site.scans), site.config, hands)


def on_cluster(
    do: SiteWork, sites: Sequence[Site], work: Work, resources: Resources, watch: Watch
) -> Iterator[Ended]:
    """Yield each site when its work has ended, in the order of ending.

    Raises
    ------
    ClusterError
        When the given scheduler can't be reached or is lost, or its workers don't see the files.
    """
    killed: list[Site] = []
    if resources.scheduler is not None:
        with _joined(resources.scheduler, work, watch) as crew:
            yield from _surviving(_run(crew, do, sites, work, watch, threads=0), killed)
            _announce(killed, watch)
            for site in killed:
                yield from _run(crew, do, [site], work, watch, threads=0)
        return
    for part, jobs in _rounds(sites, resources.jobs):
        cores = max(1, (os.cpu_count() or 1) // jobs)
        cut = any(to_be_cut(site, resources) for site in part)
        with _own(jobs if cut else min(jobs, len(part)), cores, work, watch) as crew:
            if cut:
                crew.wait_for(jobs)
            ended = _run(crew, do, part, work, watch, threads=cores)
            yield from ended if jobs == 1 else _surviving(ended, killed)
    if killed:
        _announce(killed, watch)
        with _own(1, 0, work, watch) as crew:
            yield from _run(crew, do, killed, work, watch, threads=0)


def _surviving(ended: Iterable[Ended], killed: list[Site]) -> Iterator[Ended]:
    """Yield what has ended but for sites whose processes were killed, which are put into a list."""
    for site, attempt, how in ended:
        if isinstance(how, Failure) and how.kind == _KILLED:
            killed.append(site)
        else:
            yield site, attempt, how


def _announce(killed: Sequence[Site], watch: Watch) -> None:
    if killed:
        names = ", ".join(site.name for site in killed)
        watch.progress.note(f"killed, trying them again one at a time: {names}")


def _rounds(sites: Sequence[Site], jobs: int | None) -> Iterator[tuple[list[Site], int]]:
    """Yield sites that are done together, and how many at a time.

    Those that need more than a core's share of the memory come last, so that a large one among
    hundreds of small ones doesn't leave cores idle all night.
    """
    if jobs is not None:
        yield list(sites), jobs
        return
    share = _MEMORY_SHARE * free_bytes() / (os.cpu_count() or 1)
    parts: tuple[list[Site], list[Site]] = [], []
    for site in sites:
        parts[_need(site) > share].append(site)
    for part in parts:
        if part:
            yield part, default_jobs(part)


def default_jobs(sites: Sequence[Site]) -> int:
    """Return how many sites at once cores and free memory allow."""
    free = _MEMORY_SHARE * free_bytes()
    return max(1, min(os.cpu_count() or 1, int(free / max(map(_need, sites)))))


def _need(site: Site) -> float:
    """Return the memory in bytes that a site will take."""
    return _BASE_BYTES + sum(map(_memory, site.scans))


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

    from twin_pipeline.credentials import temporary_security
    from twin_pipeline.crew import OwnCrew, dashboard_of, uninterrupted

    security = temporary_security()
    limit = int(0.9 * free_bytes() / jobs)
    count = str(threads or os.cpu_count() or 1)
    with (
        # the scheduler would leave a folder of its own among those of all users
        dask.config.set(_SETTINGS | {"temporary-directory": str(work.folder / "dask")}),
        _quiet(),
        # Workers are added below, where one that dies at once is no reason to fail.
        LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            memory_limit=limit,
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address="127.0.0.1:0",
            local_directory=str(work.folder / "dask"),
            silence_logs=logging.CRITICAL,
            env={"NUMBA_NUM_THREADS": count, "RAYON_NUM_THREADS": count},
        ) as cluster,
        Client(cluster, security=security) as client,
    ):
        watch.log.write(
            "cluster",
            jobs=jobs,
            threads=count,
            memory_limit=limit,
            dashboard=dashboard_of(client),
        )
        watch.progress.note(f"{jobs} sites at a time; dashboard {dashboard_of(client)}")
        client.register_plugin(uninterrupted())
        crew = OwnCrew(client, cluster, jobs)
        crew.mend()
        yield crew


@contextmanager
def _joined(address: str, work: Work, watch: Watch) -> Iterator["Crew"]:
    from twin_pipeline.crew import Crew, dashboard_of
    from twin_pipeline.foreign import joined

    with _quiet(), joined(address, work.attempts) as client:
        watch.log.write("cluster", scheduler=address, dashboard=dashboard_of(client))
        watch.progress.note(f"working on {address}; dashboard {dashboard_of(client)}")
        yield Crew(client)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the cluster says of workers that come and go off the terminal."""
    import distributed  # which gives its loggers levels of their own

    loggers = [logging.getLogger(name) for name in (distributed.__name__, "distributed.client")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _run(
    crew: "Crew", do: SiteWork, sites: Sequence[Site], work: Work, watch: Watch, *, threads: int
) -> Iterator[Ended]:
    from twin_pipeline.crew import MEND_EVERY_S

    client = crew.client
    topic = f"twin-pipeline-{uuid.uuid4().hex}"
    news: queue.Queue[tuple[Any, ...]] = queue.Queue()
    client.subscribe_topic(topic, lambda event: news.put(tuple(event[1])))
    futures = {}
    for number, site in enumerate(sites):
        attempts = work.attempts / f"{number}-{uuid.uuid4().hex}"
        future = client.submit(
            run_errand, do, site, str(attempts), topic, threads, pure=False, retries=0
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
        if what in _NEWS:
            _NEWS[what](watch, *facts)
        else:
            left -= 1
            (future,) = facts
            site = futures.pop(future)
            yield (site, *_result(future, site))


_NEWS: dict[str, Callable[..., None]] = {
    "stage": Watch.stage,
    "advance": Watch.advance,
    "note": lambda watch, message: watch.progress.note(message),
}
"""What workers tell, and what is done with it."""


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
