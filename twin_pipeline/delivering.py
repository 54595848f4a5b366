"""From the outcomes of the sites to the files of the whole run, and those of each site beside them.

What belongs to one site is written where the site is worked on, so that the run's own process has
little to do for each of thousands.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.durable.files import entries, link_file, link_tree, read_json
from twin_pipeline.errors import OutputError, TwinPipelineError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.names import EXPORT, MANIFEST
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.run_record import RunFacts
from twin_pipeline.job import load_job_file, with_job
from twin_pipeline.merging import facts_of
from twin_pipeline.outcome import SiteOutcome
from twin_pipeline.output import SITES
from twin_pipeline.performing import outcome_at
from twin_pipeline.report.names import REPORT, is_paged
from twin_pipeline.stages.nominal import NominalOptions

Tell = Callable[[str], None]


def describe_site(outcome: SiteOutcome, folder: Path, config: Config, *, paged: bool) -> None:
    """Write what is told of one site alone into its folder, but for what is there already."""
    from twin_pipeline.export.site_record import NAME as SITE_RECORD
    from twin_pipeline.export.site_record import write_site_record
    from twin_pipeline.export.viewer_data import NAME as VIEWER_DATA
    from twin_pipeline.export.viewer_data import write_site_details
    from twin_pipeline.report.page import write_report

    result = outcome.result
    if not (folder / SITE_RECORD).exists():
        write_site_record(result, folder / SITE_RECORD)
    if not (folder / VIEWER_DATA).exists():
        write_site_details(result, folder)
    page = folder / REPORT
    if not paged:
        page.unlink(missing_ok=True)
    elif not page.exists():
        write_report(
            [result], facts_of([outcome], [], config, dt.datetime.now().astimezone()), page
        )


def outcomes_of(
    root: Path,
    states: Mapping[str, Mapping[str, Any]],
    names: Sequence[str],
    config: Config,
    *,
    described: bool,
) -> Iterator[SiteOutcome]:
    """Yield the outcome of each site whose state and result lie below `root`.

    Where there are many, it comes without what only a site's own files need: all are in memory at
    once.
    """
    paged = is_paged(len(names))
    for name in names:
        outcome = outcome_at(root, name, states[name])
        if described:
            describe_site(outcome, root / SITES / name, config, paged=paged)
        yield _light(outcome) if paged else outcome


def _light(outcome: SiteOutcome) -> SiteOutcome:
    survey = outcome.result.survey
    pipes = tuple(replace(pipe, sections=()) for pipe in survey.pipes)
    survey = replace(survey, pipes=pipes, pavement=None)
    return replace(outcome, result=replace(outcome.result, survey=survey))


def write_whole(
    results: Sequence[SiteResult], facts: RunFacts, config: Config, staging: Path
) -> None:
    """Write the files that hold all sites."""
    from twin_pipeline.export.viewers import write_for_viewers
    from twin_pipeline.export.write import write_attributes
    from twin_pipeline.report.page import write_report

    write_attributes(results, staging)
    write_for_viewers(results, staging, _limits_m(config), config.view.base_url)
    write_report(results, facts, staging / REPORT, paged=is_paged(len(results)))


def write_scanned(results: Sequence[SiteResult], config: Config, staging: Path) -> None:
    """Write what viewers need where nothing but points is there."""
    from twin_pipeline.export.viewer_data import NAME as VIEWER_DATA
    from twin_pipeline.export.viewer_data import write_site_details
    from twin_pipeline.export.viewers import write_for_points

    for result in results:
        folder = staging / SITES / result.survey.site
        if not (folder / VIEWER_DATA).exists():
            write_site_details(result, folder)
    write_for_points(results, staging, _limits_m(config), config.view.base_url)


def _limits_m(config: Config) -> list[float]:
    return sorted({config.cover.least_m, config.cover.regular_m})


def write_further(results: Sequence[SiteResult], config: Config, staging: Path, tell: Tell) -> None:
    """Write the further formats that the configuration names."""
    from twin_pipeline.export.further import deliver, is_loaded

    for name in dict.fromkeys(config.export.formats):
        if not is_loaded(name):
            deliver(name, results, staging / EXPORT, config.export, tell)


def load_further(results: Sequence[SiteResult], config: Config, out: Path, tell: Tell) -> None:
    """Load into databases, once the output folder is complete: that stays if a load fails."""
    from twin_pipeline.export.further import deliver, is_loaded

    for name in filter(is_loaded, dict.fromkeys(config.export.formats)):
        try:
            tell(deliver(name, results, out / EXPORT, config.export, tell))
        except OutputError as error:
            raise OutputError(
                f"{out} is complete, but {error}; try `export {out} -f {name}` again"
            ) from error


def renew_exports(
    results: Sequence[SiteResult], config: Config, former: Path, staging: Path, tell: Tell
) -> None:
    """Write anew what `export` had written into a former output folder, with its options.

    `staging` has the run's record already.

    What can't be is left out and told: its numbers would contradict those of the run.
    """
    for place in entries(former / EXPORT):
        target = staging / EXPORT / place.name
        if target.exists():
            continue
        target.parent.mkdir(exist_ok=True)
        manifest = read_json(place / MANIFEST)
        if manifest is None:
            (link_tree if place.is_dir() else link_file)(place, target)
            continue
        try:
            _renew(manifest, results, config, staging, tell)
        except (TwinPipelineError, LookupError, TypeError, ValueError) as error:
            tell(
                f"{EXPORT}/{place.name} is left out: it was made from the former results, and "
                f"can't be made anew ({error}); give `export -f {manifest.get('format')}` again"
            )


def _renew(
    manifest: Mapping[str, Any],
    results: Sequence[SiteResult],
    config: Config,
    staging: Path,
    tell: Tell,
) -> None:
    from twin_pipeline.export.further import deliver
    from twin_pipeline.reporting import REPORT as AGAIN
    from twin_pipeline.reporting import report_again

    job = manifest["job"]
    stated = with_job_file(results, job, config.nominal, tell)
    if manifest["format"] == AGAIN:
        report_again(staging, stated, tell, job=job)
    else:
        options = ExportOptions.model_validate(manifest["options"])
        deliver(manifest["format"], stated, staging / EXPORT, options, tell, job=job)


def with_job_file(
    results: Sequence[SiteResult], file: str | None, nominal: NominalOptions, tell: Tell
) -> tuple[SiteResult, ...]:
    """Return the sites with the facts of a job file given now; the run's own stay beside them.

    Raises
    ------
    InputError
        When the file can't be read.
    UsageError
        When it names no site of the run.
    """
    if file is None:
        return tuple(results)
    job = load_job_file(file)
    job.require_any(result.survey.site for result in results)
    updated = []
    for result in results:
        facts = job.of(result.survey.site)
        survey = with_job(result.survey, facts, load_catalogue(), nominal)
        for warning in survey.warnings[len(result.survey.warnings) :]:
            tell(warning)
        provenance = {**result.provenance, **facts.provenance()}
        updated.append(replace(result, survey=survey, provenance=provenance))
    return tuple(updated)
