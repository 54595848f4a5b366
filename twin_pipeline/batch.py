"""Sites to one complete output folder; a site that fails costs itself, never the others."""

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from twin_pipeline.cluster import Resources
from twin_pipeline.completing import How, RunSummary, complete
from twin_pipeline.conducting import interruptible, prepare, work_all
from twin_pipeline.config import Config
from twin_pipeline.delivering import outcomes_of
from twin_pipeline.durable.files import read_json
from twin_pipeline.durable.log import EventLog
from twin_pipeline.durable.scratch import sweep
from twin_pipeline.durable.work import Work, work_folder
from twin_pipeline.export.formats import require_formats
from twin_pipeline.growing import remaining, require_new, standing_config, standing_sites
from twin_pipeline.job import load_job_file
from twin_pipeline.materials import catalogue_for
from twin_pipeline.output import FULL, RECORD, unwritable
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site, require_scans, sites_of
from twin_pipeline.siting import require_targets
from twin_pipeline.states import holds
from twin_pipeline.watching import Watch

__all__ = ["RunSummary", "append_tiles", "grow_run", "remove_sites", "run_batch", "tile_batch"]


def run_batch(
    given: Sequence[Path | Site],
    out: Path,
    config: Config,
    progress: Progress,
    *,
    overwrite: bool = False,
    resume: bool = False,
    resources: Resources | None = None,
) -> RunSummary:
    """Run the pipeline on each site and write everything into one output folder.

    Parameters
    ----------
    given
        Sites; a path is a LAS or LAZ file that is a site alone, named after it.
    out
        The output folder; complete afterwards, or untouched if anything raises.
    config
        Options of all parts.
    progress
        Told what is going on.
    overwrite
        Whether `out` may replace a finished run, and an interrupted one may be forgotten.
    resume
        Whether to go on with an interrupted run, or with what has failed or changed since a
        finished one.
    resources
        What may be used for several sites; all of this machine if None.

    Raises
    ------
    UsageError
        When two sites have the same name, or a material is in no catalogue.
    InputError, GeoreferenceError
        When there is one site and it fails so; one of several is told in the summary.
    AllFailedError
        When there are several sites and all fail.
    OutputError
        When `out` can't be written or may not be replaced, or another run works on it.
    Interrupted
        When the user interrupts a run of which some sites are done.
    """
    sites = sites_of(given, config)
    for site in sites:
        catalogue_for(site.config)
    require_formats(config.export.formats, config.export)
    how = How("run", overwrite, resume, resources or Resources())
    return _batch(_with_job_file(sites, config), out, config, progress, how)


def tile_batch(
    given: Sequence[Path | Site],
    out: Path,
    config: Config,
    progress: Progress,
    *,
    overwrite: bool = False,
    resume: bool = False,
    resources: Resources | None = None,
) -> RunSummary:
    """Write the scans' points as 3D Tiles into one output folder; parameters as `run_batch`."""
    how = How("tile", overwrite, resume, resources or Resources())
    return _batch(sites_of(given, config), out, config, progress, how)


def _with_job_file(sites: Sequence[Site], config: Config) -> list[Site]:
    """Return the sites with what the job file states, which what a site has already goes before."""
    if config.job.file is None:
        return list(sites)
    job = load_job_file(config.job.file)
    job.require_any(site.name for site in sites)
    return [replace(site, job=site.job.over(job.of(site.name))) for site in sites]


def append_tiles(
    given: Sequence[Path | Site],
    out: Path,
    config: Config,
    progress: Progress,
    *,
    overwrite: bool = False,
    resume: bool = False,
    resources: Resources | None = None,
) -> RunSummary:
    """Add sites of points to a finished output folder; the others' tiles stay the same files.

    Parameters are those of `run_batch`; `overwrite` lets sites of the same names be replaced.

    Raises
    ------
    OutputError
        When `out` is no finished output folder.
    UsageError
        When a site of the name is there already.
    """
    sites = sites_of(given, config)
    present = standing_sites(out, "--append")
    if not (overwrite or resume):
        require_new([site.name for site in sites], present, out)
    how = How("tile", overwrite, resume, resources or Resources(), tuple(present))
    return _batch(sites, out, config, progress, how)


def grow_run(
    site: Site, out: Path, config: Config, progress: Progress, *, without: Sequence[str] = ()
) -> RunSummary:
    """Add a site to the finished run at `out`, or begin one; the others' files stay the same.

    Parameters
    ----------
    site
        The site; it takes the place of one of its name.
    without
        Sites that it makes superfluous.

    Raises
    ------
    InputError, GeoreferenceError, OutputError, UsageError
        As `run_batch`; then `out` is as it was.
    """
    catalogue_for(site.config)
    require_formats(config.export.formats, config.export)
    present = standing_sites(out, "watch") if (out / RECORD).exists() else []
    left = tuple(name for name in present if name not in without)
    how = How("run", overwrite=True, resume=False, resources=Resources(), standing=left)
    return _batch(_with_job_file([site], config), out, config, progress, how)


def remove_sites(names: Sequence[str], out: Path, progress: Progress) -> RunSummary:
    """Take sites out of a finished output folder; the others' files stay the same.

    Raises
    ------
    OutputError
        When `out` is no finished output folder.
    UsageError
        When it has no such site, or no other.
    """
    present = standing_sites(out, "--remove")
    left = remaining(present, names, out)
    how = How("tile", overwrite=True, resume=False, resources=Resources(), standing=tuple(left))
    return _batch([], out, standing_config(out), progress, how)


def _batch(
    sites: Sequence[Site], out: Path, config: Config, progress: Progress, how: How
) -> RunSummary:
    require_targets(len(sites), config)
    started = dt.datetime.now().astimezone()
    if len(sites) == 1:
        require_scans(sites[0])
    scans = [scan for site in sites for scan in site.scans]
    with _telling_of(out), ExitStack() as stack:
        may_replace = how.overwrite or bool(how.standing)
        opened = work_folder(out, overwrite=may_replace, resume=how.resume, inputs=scans)
        work = stack.enter_context(opened)
        sweep()
        work.keep = len(sites) > 1
        if how.resume and not how.standing and _unchanged(work, sites, config, how):
            return _finished(work, out, sites, config)
        prepare(work, sites, how, started)
        log = stack.enter_context(EventLog(work.log))
        log.write("run began", command=how.command, sites=len(sites), pid=os.getpid())
        watch = Watch(progress, log, work, total=len(sites), done=len(work.done()))
        with interruptible(work, len(sites)):
            failures = work_all(work, sites, how, watch)
            return complete(work, sites, failures, config, started, how, watch)


@contextmanager
def _telling_of(out: Path) -> Iterator[None]:
    """Name the output folder where the system doesn't say what it couldn't write."""
    try:
        yield
    except OSError as error:
        if error.filename is None or error.errno in FULL:
            raise unwritable(out, error) from error
        raise


def _unchanged(work: Work, sites: Sequence[Site], config: Config, how: How) -> bool:
    """Whether `out` holds already what this run would give."""
    record = read_json(work.place / RECORD)
    if work.plan or record is None or record.get("failed_sites"):
        return False
    states = work.finished()
    same = states.keys() == {site.name for site in sites}
    same = same and record.get("config") == config.model_dump(mode="json")
    return same and all(holds(how.command, site, states[site.name]) for site in sites)


def _finished(work: Work, out: Path, sites: Sequence[Site], config: Config) -> RunSummary:
    states = work.finished()
    names = [site.name for site in sites]
    outcomes = outcomes_of(work.place, states, names, config, described=False)
    record = read_json(work.place / RECORD) or {}
    return RunSummary(out, record, tuple(outcome.result for outcome in outcomes))
