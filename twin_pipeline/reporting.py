"""The report of a finished run once more, without its scans: with job facts that came later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from twin_pipeline.codec import unpack
from twin_pipeline.crs import scan_target
from twin_pipeline.errors import InputError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.dataset import grouped
from twin_pipeline.export.further import format_folder
from twin_pipeline.export.names import EXPORT
from twin_pipeline.export.run_record import InputFile, RunFacts
from twin_pipeline.model import CrossSection, Gate
from twin_pipeline.output import SITES, read_record
from twin_pipeline.performing import RESULT
from twin_pipeline.report.names import REPORT as PAGE
from twin_pipeline.report.names import is_paged
from twin_pipeline.report.page import write_report

REPORT = "report"


def report_again(
    out: Path,
    results: Sequence[SiteResult],
    warn: Callable[[str], None],
    *,
    overwrite: bool = False,
    job: str | None = None,
) -> Path:
    """Write the report of a finished run into `out`/export/report and return its folder.

    Of many sites each has a page of its own there, as the run has given them.

    Parameters
    ----------
    out
        Output folder of the run.
    results
        Its sites, with what has become known of them since.
    warn
        Takes what the report lacks.
    overwrite
        Whether an earlier one may be replaced.
    job
        File whose facts the results hold; noted, so that the report can be made anew.

    Raises
    ------
    InputError
        When run.json can't be read.
    OutputError
        When the folder can't be written or may not be replaced.
    """
    facts = _facts(out, read_record(out))
    groups = grouped(results, lambda result: scan_target(result.georeference))
    folder, paged = out / EXPORT / REPORT, is_paged(len(results))
    with format_folder(REPORT, groups, folder, {"job": job}, overwrite=overwrite) as staging:
        drawn = (_with_sections(result, out, warn) for result in results)
        if paged:
            for result in drawn:
                _write_page(result, facts, staging / SITES / result.survey.site)
        write_report(results if paged else list(drawn), facts, staging / PAGE, paged=paged)
    return folder


def _write_page(result: SiteResult, facts: RunFacts, folder: Path) -> None:
    """Write the report of one site, as the run wrote it into the site's folder."""
    folder.mkdir(parents=True)
    site = result.survey.site
    known = facts.site_facts.get(site, {})
    inputs = tuple(scan for scan in facts.inputs if scan.site == site)
    named = [Path(scan.path).name for scan in inputs]
    alone = replace(
        facts,
        inputs=inputs,
        timings_s=known.get("timings_s", {}),
        memory_mb=known.get("memory_mb", {}),
        failed_sites=(),
        gates=(),
        warnings=tuple(w for w in facts.warnings if any(name in w for name in named)),
    )
    write_report([result], alone, folder / PAGE)


def _facts(out: Path, record: Mapping[str, Any]) -> RunFacts:
    try:
        return RunFacts(
            version=record["version"],
            started_at=record["started_at"],
            finished_at=record["finished_at"],
            config=record["config"],
            inputs=tuple(InputFile(**scan) for scan in record["inputs"]),
            timings_s=record["timings_s"],
            counts=record["counts"],
            memory_mb=record["memory_mb"],
            site_facts={site["name"]: site for site in record["sites"]},
            failed_sites=tuple(record["failed_sites"]),
            gates=tuple(
                Gate(gate["name"], gate["passed"], gate["detail"])
                for gate in record["gates"]
                if gate["site"] is None
            ),
            warnings=tuple(w["message"] for w in record["warnings"] if w["site"] is None),
        )
    except (LookupError, TypeError) as error:
        raise InputError(
            f"{out / 'run.json'}: is not as this version writes it ({error!r}); run the scans again"
        ) from error


def _with_sections(result: SiteResult, out: Path, warn: Callable[[str], None]) -> SiteResult:
    """Return a site with its cross-sections, which only the run's own file has."""
    path = out / SITES / result.survey.site / RESULT
    try:
        cut = _sections(path)
    except (InputError, OSError) as error:
        warn(f"{path}: can't be read, so the report has no cross-sections ({error})")
        return result
    pipes = tuple(replace(pipe, sections=cut.get(pipe.pipe_id, ())) for pipe in result.survey.pipes)
    return replace(result, survey=replace(result.survey, pipes=pipes))


def _sections(path: Path) -> dict[str, tuple[CrossSection, ...]]:
    outcome = unpack(path.read_bytes(), path)
    return {pipe.pipe_id: pipe.sections for pipe in outcome.result.survey.pipes}
