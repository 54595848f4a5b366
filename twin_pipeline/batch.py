"""One or more scans to one complete output folder."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import twin_pipeline
from twin_pipeline.config import Config, to_toml
from twin_pipeline.crs import Georeference, height_disagreements
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.catalog import write_catalog
from twin_pipeline.export.formats import require_formats
from twin_pipeline.export.further import EXPORT, write_format
from twin_pipeline.export.run_record import RunFacts, run_record, write_run_record
from twin_pipeline.export.site_record import NAME as SITE_RECORD
from twin_pipeline.export.site_record import write_site_record
from twin_pipeline.export.write import write_attributes
from twin_pipeline.output import RECORD, SITES, output_folder, require_site_name
from twin_pipeline.pipeline import SiteOutcome, run_site
from twin_pipeline.progress import Progress
from twin_pipeline.report.page import write_report
from twin_pipeline.tiles import write_root
from twin_pipeline.tiling import tile_site

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True, eq=False)
class RunSummary:
    """A finished run."""

    out: Path
    record: Mapping[str, Any]
    """Content of run.json."""
    results: tuple[SiteResult, ...]

    @property
    def failed_gates(self) -> list[Mapping[str, Any]]:
        """Quality gates that were not passed, as run.json has them."""
        return [gate for gate in self.record["gates"] if not gate["passed"]]


def run_batch(
    scans: Sequence[Path],
    out: Path,
    config: Config,
    progress: Progress,
    *,
    overwrite: bool = False,
) -> RunSummary:
    """Run the pipeline on each scan and write everything into one output folder.

    Parameters
    ----------
    scans
        LAS or LAZ files; each is a site, named after its file.
    out
        The output folder; complete afterwards, or untouched if anything raises.
    config
        Options of all parts.
    progress
        Told what is going on.
    overwrite
        Whether `out` may replace a finished run.

    Raises
    ------
    UsageError
        When two scans have the same name.
    InputError
        When a scan can't be read.
    GeoreferenceError
        When a scan's coordinates or heights can't be established.
    OutputError
        When `out` can't be written or may not be replaced.
    """
    require_formats(config.export.formats, config.export)

    def export(results: Sequence[SiteResult], facts: RunFacts, staging: Path) -> None:
        _export(results, facts, staging)
        for name in dict.fromkeys(config.export.formats):
            folder = staging / EXPORT / name
            write_format(name, results, folder, config.export, progress.note)

    return _batch(_Work(run_site, export), scans, out, config, progress, overwrite=overwrite)


def tile_batch(
    scans: Sequence[Path],
    out: Path,
    config: Config,
    progress: Progress,
    *,
    overwrite: bool = False,
) -> RunSummary:
    """Write the scans' points as 3D Tiles into one output folder; parameters as `run_batch`."""
    return _batch(_Work(tile_site, _no_export), scans, out, config, progress, overwrite=overwrite)


def require_sites(scans: Sequence[Path]) -> None:
    """Raise unless every scan is a file and its name can stand for a site of its own."""
    for scan in scans:
        if not scan.is_file():
            reason = "is a folder" if scan.is_dir() else "does not exist"
            raise InputError(f"{scan}: {reason}; give LAS or LAZ files")
        require_site_name(scan.stem, scan)
    # Names that differ only in case share a folder on some systems.
    names = Counter(scan.stem.casefold() for scan in scans)
    for scan in scans:
        if names[scan.stem.casefold()] > 1:
            raise UsageError(
                f"{scan}: another scan of this run has the name {scan.stem!r} too; a site is named "
                "after its file, so rename one of them"
            )


@dataclass(frozen=True, slots=True)
class _Work:
    """What a command does with each scan, and then with all results and the facts of the run."""

    site: Callable[[Path, Config, Path, Progress], SiteOutcome]
    export: Callable[[Sequence[SiteResult], RunFacts, Path], None]


def _batch(
    work: _Work,
    scans: Sequence[Path],
    out: Path,
    config: Config,
    progress: Progress,
    *,
    overwrite: bool,
) -> RunSummary:
    require_sites(scans)
    started = _now()
    with output_folder(out, overwrite=overwrite, inputs=scans) as staging:
        outcomes = []
        for number, scan in enumerate(scans, start=1):
            progress.site(scan.stem, number, len(scans))
            outcomes.append(work.site(scan, config, staging, progress))
        progress.stage("export")
        results = [outcome.result for outcome in outcomes]
        write_root(staging / "tiles", [result.survey.site for result in results])
        (staging / "config.toml").write_text(to_toml(config), encoding="utf-8")
        facts = _facts(outcomes, config, started)
        work.export(results, facts, staging)
        record = run_record(results, facts)
        write_run_record(record, staging / RECORD)
    return RunSummary(out, record, tuple(results))


def _export(results: Sequence[SiteResult], facts: RunFacts, staging: Path) -> None:
    write_attributes(results, staging)
    for result in results:
        folder = staging / SITES / result.survey.site
        folder.mkdir(parents=True, exist_ok=True)
        write_site_record(result, folder / SITE_RECORD)
    write_catalog(results, staging / "catalog.json")
    write_report(results, facts, staging / "report.html")


def _no_export(results: Sequence[SiteResult], facts: RunFacts, staging: Path) -> None:
    """Leave it at the tiles."""


def _facts(
    outcomes: Sequence[SiteOutcome],
    config: Config,
    started: dt.datetime,
) -> RunFacts:
    return RunFacts(
        version=twin_pipeline.__version__,
        started_at=started.isoformat(timespec="seconds"),
        finished_at=_now().isoformat(timespec="seconds"),
        config=config.model_dump(mode="json"),
        inputs=tuple(scan for outcome in outcomes for scan in outcome.inputs),
        timings_s=_summed(outcome.timings for outcome in outcomes),
        counts=_summed(outcome.counts for outcome in outcomes),
        warnings=(
            *(warning for outcome in outcomes for warning in outcome.warnings),
            *_disagreements(outcomes),
        ),
    )


def _disagreements(outcomes: Sequence[SiteOutcome]) -> tuple[str, ...]:
    results = [outcome.result for outcome in outcomes]
    placed = {
        result.survey.site: result.georeference
        for result in results
        if isinstance(result.georeference, Georeference)
    }
    return height_disagreements(placed)


def _summed(parts: Iterable[Mapping[str, _Number]]) -> dict[str, _Number]:
    total: dict[str, _Number] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total[name] + value if name in total else value
    return total


def _now() -> dt.datetime:
    return dt.datetime.now().astimezone()
