"""The work on the sites of a batch: what still holds is kept, the rest is done and noted."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from twin_pipeline.cluster import on_cluster, to_be_cut
from twin_pipeline.completing import How
from twin_pipeline.delivering import describe_site
from twin_pipeline.durable.files import write_json
from twin_pipeline.durable.work import Work
from twin_pipeline.errors import Interrupted, TwinPipelineError, plain_interrupts
from twin_pipeline.outcome import SiteOutcome
from twin_pipeline.performing import Done, Failure, failure_of, perform
from twin_pipeline.progress import Progress
from twin_pipeline.report.names import is_paged
from twin_pipeline.site import Site
from twin_pipeline.states import Seen, holds, state_of
from twin_pipeline.tiling import tile_site
from twin_pipeline.watching import Watch


def run_site(site: Site, staging: Path, progress: Progress) -> SiteOutcome:
    """Do `pipeline.run_site`, which is loaded only now: to make tiles takes no longer than that."""
    from twin_pipeline import pipeline

    return pipeline.run_site(site, staging, progress)


def work_on(
    command: str, site: Site, folder: Path, progress: Progress, *, paged: bool = False
) -> Done:
    """Do the work of a command on one site; see `perform`.

    `paged` tells that the site gets a report of its own.
    """
    if command == "tile":
        return perform(tile_site, site, folder, progress)
    describe = partial(describe_site, config=site.config, paged=paged)
    return perform(run_site, site, folder, progress, describe)


def prepare(work: Work, sites: Sequence[Site], how: How, started: dt.datetime) -> None:
    """Keep what still holds of an interrupted or finished run, and note what is to be done."""
    named = {site.name: site for site in sites}
    kept = {
        name
        for name, state in work.done().items()
        if name in named and holds(how.command, named[name], state)
    }
    for name in work.done().keys() - kept:
        work.forget(name)
    work.begin({"command": how.command, "sites": list(named), "started_at": started.isoformat()})
    if how.resume:
        for name, state in work.finished().items():
            if name in named and name not in kept and holds(how.command, named[name], state):
                work.adopt(name)


def work_all(work: Work, sites: Sequence[Site], how: How, watch: Watch) -> dict[str, Failure]:
    """Do what is not done yet; return the failures by site."""
    done = work.done()
    pending = [site for site in sites if site.name not in done]
    failures: dict[str, Failure] = {}
    seen = {site.name: Seen.of(site) for site in pending}
    for site, attempt, ended in _ended(work, pending, how, watch, len(sites)):
        failure = ended if isinstance(ended, Failure) else None
        if isinstance(ended, Done):
            failure = _commit(work, how.command, site, seen[site.name], attempt, ended)
        if failure is not None:
            failures[site.name] = failure
            write_json(work.failed / f"{len(failures)}.json", failure.to_dict())
        watch.ended(site, failure)
    return failures


@contextmanager
def interruptible(work: Work, count: int) -> Iterator[None]:
    """Say what is left to a user who interrupts the work on so many sites.

    Raises
    ------
    Interrupted
        When there is something.
    """
    try:
        with plain_interrupts():
            yield
    except KeyboardInterrupt as error:
        if work.published:
            raise Interrupted(f"interrupted when {work.out} had been written") from error
        if work.worth_keeping:
            raise Interrupted(
                f"interrupted; {len(work.done())} of {count} sites are done, --resume goes on from "
                "there"
            ) from error
        raise


def _commit(
    work: Work, command: str, site: Site, seen: Seen, attempt: Path, done: Done
) -> Failure | None:
    try:
        work.commit(site.name, attempt, state_of(command, site, seen, done))
    except TwinPipelineError as error:
        return failure_of(site, error)
    return None


def _ended(
    work: Work, pending: Sequence[Site], how: How, watch: Watch, total: int
) -> Iterator[tuple[Site, Path, Done | Failure]]:
    """Yield each site when its work has ended; one that is the whole run may raise instead.

    `total` counts those that are done already too.
    """
    if not pending:
        return
    if total == 1 and not to_be_cut(pending[0], how.resources):
        (site,) = pending
        attempt = work.attempt(0)
        yield site, attempt, work_on(how.command, site, attempt, watch.of(site))
    else:
        do = partial(work_on, how.command, paged=is_paged(total))
        yield from on_cluster(do, pending, work, how.resources, watch)
