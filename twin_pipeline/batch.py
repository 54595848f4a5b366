"""Sites to one complete output folder; a site that fails costs itself, never the others."""

import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from twin_pipeline.cluster import Resources, on_cluster
from twin_pipeline.config import Config, to_toml
from twin_pipeline.delivering import (
    describe_site,
    is_paged,
    load_further,
    outcomes_of,
    renew_exports,
    write_further,
    write_scanned,
    write_whole,
)
from twin_pipeline.durable.files import read_json, write_json
from twin_pipeline.durable.log import EventLog
from twin_pipeline.durable.work import Work, work_folder
from twin_pipeline.errors import AllFailedError, InputError, Interrupted, TwinPipelineError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.formats import require_formats
from twin_pipeline.export.further import EXPORT
from twin_pipeline.export.run_record import run_record, write_run_record
from twin_pipeline.growing import remaining, require_new, standing_config, standing_sites
from twin_pipeline.job import load_job_file
from twin_pipeline.layers import FOLDER as LAYERS
from twin_pipeline.layers import Layer, keep_layers, show_layers
from twin_pipeline.merging import facts_of
from twin_pipeline.output import RECORD
from twin_pipeline.performing import Done, Failure, failure_of, perform
from twin_pipeline.pipeline import catalogue_for, run_site
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site, require_scans, sites_of
from twin_pipeline.siting import require_targets
from twin_pipeline.states import Seen, holds, state_of
from twin_pipeline.tiles import write_root
from twin_pipeline.tiling import tile_site
from twin_pipeline.watching import Watch

LOG = "log.jsonl"
"""The run's log in the output folder."""


@dataclass(frozen=True, slots=True, eq=False)
class RunSummary:
    """A finished run."""

    out: Path | str
    """The folder, or the address of one in object storage."""
    record: Mapping[str, Any]
    """Content of run.json."""
    results: tuple[SiteResult, ...]

    @property
    def failed_gates(self) -> list[Mapping[str, Any]]:
        """Quality gates that were not passed, as run.json has them."""
        return [gate for gate in self.record["gates"] if not gate["passed"]]

    @property
    def failed_sites(self) -> list[Mapping[str, Any]]:
        """Sites that could not be done, as run.json has them."""
        return list(self.record["failed_sites"])


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
    how = _How("run", overwrite, resume, resources or Resources())
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
    how = _How("tile", overwrite, resume, resources or Resources())
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
    how = _How("tile", overwrite, resume, resources or Resources(), tuple(present))
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
    how = _How("run", overwrite=True, resume=False, resources=Resources(), standing=left)
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
    how = _How("tile", overwrite=True, resume=False, resources=Resources(), standing=tuple(left))
    return _batch([], out, standing_config(out), progress, how)


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


@dataclass(frozen=True, slots=True)
class _How:
    command: str
    overwrite: bool
    resume: bool
    resources: Resources
    standing: tuple[str, ...] = ()
    """Sites of the finished run at the place that stay as they are."""


def _batch(
    sites: Sequence[Site], out: Path, config: Config, progress: Progress, how: _How
) -> RunSummary:
    require_targets(len(sites), config)
    started = _now()
    if len(sites) == 1:
        require_scans(sites[0])
    scans = [scan for site in sites for scan in site.scans]
    with ExitStack() as stack:
        may_replace = how.overwrite or bool(how.standing)
        opened = work_folder(out, overwrite=may_replace, resume=how.resume, inputs=scans)
        work = stack.enter_context(opened)
        work.keep = len(sites) > 1
        if how.resume and not how.standing and _unchanged(work, sites, config, how):
            return _finished(work, out, sites, config)
        _prepare(work, sites, how)
        log = stack.enter_context(EventLog(work.log))
        log.write("run began", command=how.command, sites=len(sites), pid=os.getpid())
        watch = Watch(progress, log, work, total=len(sites), done=len(work.done()))
        failures = _work_all(work, sites, how, watch)
        return _publish(work, sites, failures, config, started, how, watch)


def _unchanged(work: Work, sites: Sequence[Site], config: Config, how: _How) -> bool:
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


def _prepare(work: Work, sites: Sequence[Site], how: _How) -> None:
    """Keep what still holds of an interrupted or finished run, and note what is to be done."""
    named = {site.name: site for site in sites}
    kept = {
        name
        for name, state in work.done().items()
        if name in named and holds(how.command, named[name], state)
    }
    for name in work.done().keys() - kept:
        work.forget(name)
    work.begin({"command": how.command, "sites": list(named), "started_at": _now().isoformat()})
    if how.resume:
        for name, state in work.finished().items():
            if name in named and name not in kept and holds(how.command, named[name], state):
                work.adopt(name)


def _work_all(work: Work, sites: Sequence[Site], how: _How, watch: Watch) -> dict[str, Failure]:
    """Do what is not done yet; return the failures by site."""
    done = work.done()
    pending = [site for site in sites if site.name not in done]
    failures: dict[str, Failure] = {}
    seen = {site.name: Seen.of(site) for site in pending}
    try:
        for site, attempt, ended in _ended(work, pending, how, watch, len(sites)):
            failure = ended if isinstance(ended, Failure) else None
            if isinstance(ended, Done):
                failure = _commit(work, how.command, site, seen[site.name], attempt, ended)
            if failure is not None:
                failures[site.name] = failure
                write_json(work.failed / f"{len(failures)}.json", failure.to_dict())
            watch.ended(site, failure)
    except KeyboardInterrupt as error:
        count = len(work.done())
        if work.worth_keeping:
            raise Interrupted(
                f"interrupted; {count} of {len(sites)} sites are done, --resume goes on from there"
            ) from error
        raise
    return failures


def _commit(
    work: Work, command: str, site: Site, seen: Seen, attempt: Path, done: Done
) -> Failure | None:
    try:
        work.commit(site.name, attempt, state_of(command, site, seen, done))
    except TwinPipelineError as error:
        return failure_of(site, error)
    return None


def _ended(
    work: Work, pending: Sequence[Site], how: _How, watch: Watch, total: int
) -> Iterator[tuple[Site, Path, Done | Failure]]:
    """Yield each site when its work has ended; one that is the whole run may raise instead.

    `total` counts those that are done already too.
    """
    if not pending:
        return
    if total == 1:
        (site,) = pending
        attempt = work.attempt(0)
        yield site, attempt, work_on(how.command, site, attempt, watch.of(site))
    else:
        do = partial(work_on, how.command, paged=is_paged(total))
        yield from on_cluster(do, pending, work, how.resources, watch)


def _publish(
    work: Work,
    sites: Sequence[Site],
    failures: Mapping[str, Failure],
    config: Config,
    started: dt.datetime,
    how: _How,
    watch: Watch,
) -> RunSummary:
    watch.progress.stage("export")
    done = [site.name for site in sites if site.name not in failures]
    done = [*_adopted(work, how, done), *done]
    exported = how.command == "run" or (how.standing and (work.place / "pipes.gpkg").exists())
    made = outcomes_of(work.stage, work.done(), done, config, described=bool(exported))
    outcomes = list(made)
    facts = facts_of(outcomes, list(failures.values()), config, started)
    results = [outcome.result for outcome in outcomes]
    record = run_record(results, facts)
    if not outcomes:
        raise AllFailedError(record, [failure.exit_code for failure in failures.values()])
    write_root(work.stage / "tiles", [result.survey.site for result in results])
    layers = _keep_layers(work, how, watch.progress)
    (work.stage / "config.toml").write_text(to_toml(config), encoding="utf-8")
    if exported:
        write_whole(results, facts, config, work.stage)
        write_further(results, config, work.stage, watch.progress.note)
    else:
        write_scanned(results, config, work.stage)
    if layers:
        show_layers(layers, work.stage)
    watch.log.write("run ended", done=len(done), failed=len(failures))
    (work.stage / LOG).write_bytes(work.log.read_bytes())
    record["files"] = [*sorted({path.name for path in work.stage.iterdir()} - {LAYERS}), RECORD]
    write_run_record(record, work.stage / RECORD)
    if how.resume or how.standing:
        _carry_over(work, results, config, how, watch)
    work.publish(replace=how.overwrite or how.resume or bool(how.standing))
    if how.command == "run":
        load_further(results, config, work.out, watch.progress.note)
    return RunSummary(work.out, record, tuple(results))


def _keep_layers(work: Work, how: _How, progress: Progress) -> tuple[Layer, ...]:
    """Take over the layers that somebody has added to what stands at the place."""
    if how.resume or how.standing:
        try:
            return keep_layers(work.place, work.stage)
        except InputError as error:
            progress.note(f"warning: the layers of {work.out} are kept but not shown: {error}")
            return ()
    if (work.place / LAYERS).is_dir():
        progress.note(
            f"warning: --overwrite also replaces the layers that were added to {work.out}; --resume"
            " would have kept them"
        )
    return ()


def _carry_over(
    work: Work, results: Sequence[SiteResult], config: Config, how: _How, watch: Watch
) -> None:
    """Take over what other commands and the user have put into the output folder since."""
    former = read_json(work.place / RECORD)
    if former is None:
        return
    if (work.stage / "pipes.gpkg").exists():
        renew_exports(results, config, work.place, work.stage, watch.progress.note)
    # What the former run has written itself and this one hasn't is out of date.
    made = () if how.standing else former.get("files")
    if made is not None:
        work.adopt_others({EXPORT, *made})


def _adopted(work: Work, how: _How, done: Sequence[str]) -> list[str]:
    """Take over the sites that stay; return their names in their order."""
    names = [name for name in how.standing if name not in done]
    for name in names:
        work.adopt(name)
    return names


def _now() -> dt.datetime:
    return dt.datetime.now().astimezone()
