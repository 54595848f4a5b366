"""From sites that are done to the whole output folder, put in its place."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_pipeline.cluster import Resources
from twin_pipeline.config import Config, to_toml
from twin_pipeline.delivering import (
    load_further,
    outcomes_of,
    renew_exports,
    write_further,
    write_scanned,
    write_whole,
)
from twin_pipeline.durable.files import read_json
from twin_pipeline.durable.work import Work
from twin_pipeline.errors import AllFailedError, InputError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.names import EXPORT
from twin_pipeline.export.run_record import run_record, write_run_record
from twin_pipeline.layers import FOLDER as LAYERS
from twin_pipeline.layers import Layer, keep_layers, show_layers
from twin_pipeline.merging import facts_of
from twin_pipeline.output import RECORD
from twin_pipeline.performing import Failure
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site
from twin_pipeline.tiles import write_root
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


@dataclass(frozen=True, slots=True)
class How:
    """Which command works, and what it may replace and use."""

    command: str
    overwrite: bool
    resume: bool
    resources: Resources
    standing: tuple[str, ...] = ()
    """Sites of the finished run at the place that stay as they are."""


def complete(
    work: Work,
    sites: Sequence[Site],
    failures: Mapping[str, Failure],
    config: Config,
    started: dt.datetime,
    how: How,
    watch: Watch,
) -> RunSummary:
    """Write the files that hold all sites, and put the output folder in its place.

    Raises
    ------
    AllFailedError
        When no site is done.
    OutputError
        When the folder can't be put in its place, or a database can't be loaded.
    """
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


def _keep_layers(work: Work, how: How, progress: Progress) -> tuple[Layer, ...]:
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
    work: Work, results: Sequence[SiteResult], config: Config, how: How, watch: Watch
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


def _adopted(work: Work, how: How, done: Sequence[str]) -> list[str]:
    """Take over the sites that stay; return their names in their order."""
    names = [name for name in how.standing if name not in done]
    for name in names:
        work.adopt(name)
    return names
