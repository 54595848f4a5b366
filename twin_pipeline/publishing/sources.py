"""Finished runs as what is to be published of them."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from twin_pipeline.config import Config, load_config
from twin_pipeline.crs import Decision, Georeference
from twin_pipeline.durable.files import read_json
from twin_pipeline.durable.work import STATE
from twin_pipeline.errors import InputError, TwinPipelineError, UsageError
from twin_pipeline.export.attributes import SiteGeoreference, SiteResult
from twin_pipeline.export.run_record import InputFile, RunFacts
from twin_pipeline.exporting import read_results
from twin_pipeline.model import Pipe
from twin_pipeline.output import SITES, read_record
from twin_pipeline.performing import RESULT, outcome_at


@dataclass(frozen=True, slots=True, eq=False)
class SiteSource:
    """One site of a finished run."""

    out: Path
    """The run's output folder."""
    result: SiteResult
    config: Config
    """The run's."""

    @property
    def name(self) -> str:
        """The site's name."""
        return self.result.survey.site

    def tiles(self, layer: str) -> Path:
        """Return the tileset of a layer, whether it is there or not."""
        return self.out / "tiles" / layer / self.name / "tileset.json"


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """All that is to be published."""

    sites: tuple[SiteSource, ...]
    records: tuple[dict[str, Any], ...]
    """run.json of each run."""
    outs: tuple[Path, ...]

    @property
    def results(self) -> tuple[SiteResult, ...]:
        """The sites' results in their order."""
        return tuple(site.result for site in self.sites)

    @property
    def cover_limits_m(self) -> tuple[float, ...]:
        """Covers at which colours change: those of the first run."""
        cover = self.sites[0].config.cover
        return tuple(sorted({cover.least_m, cover.regular_m}))

    def facts(self) -> RunFacts:
        """Return what the report tells beside the sites; no path of this machine is in it."""
        names = {site.name for site in self.sites}
        records = self.records
        inputs = tuple(
            InputFile(scan["site"], file_name(scan["path"]), scan["sha256"], scan["points_read"])
            for record in records
            for scan in record["inputs"]
            if scan["site"] in names
        )
        return RunFacts(
            version=records[0]["version"],
            started_at=min(record["started_at"] for record in records),
            finished_at=self.finished_at,
            config=self.sites[0].config.model_dump(mode="json"),
            inputs=inputs,
            timings_s=_summed(record["timings_s"] for record in records),
        )

    @property
    def finished_at(self) -> str:
        """When the newest run has ended, ISO 8601."""
        ends = [record["finished_at"] for record in self.records]
        return max(ends, key=dt.datetime.fromisoformat)


def file_name(path: str) -> str:
    """Return the name of a file whose path was written on any system."""
    return PureWindowsPath(PurePosixPath(path).name).name


def read_runs(outs: Sequence[Path]) -> Runs:
    """Read finished runs.

    Raises
    ------
    InputError
        When a folder is no finished output of `run`, or has no site.
    UsageError
        When two runs have a site of the same name.
    """
    sites: dict[str, SiteSource] = {}
    records = []
    for out in outs:
        record = read_record(out)
        records.append(record)
        for source in _sites(out):
            before = sites.setdefault(source.name.casefold(), source)
            if before is not source:
                raise UsageError(
                    f"{out}: its site {source.name!r} is in {before.out} as well; name the sites "
                    "apart in a manifest, or leave one of the runs out"
                )
    if not sites:
        raise InputError(f"{outs[0]}: has no site, so there is nothing to publish")
    return Runs(tuple(sites.values()), tuple(records), tuple(outs))


def _sites(out: Path) -> Iterator[SiteSource]:
    config = load_config(out / "config.toml", environment={})
    for result in read_results(out):
        drawn = _with_drawings(out, result)
        yield SiteSource(out, replace(drawn, georeference=_without_paths(drawn)), config)


def _without_paths(result: SiteResult) -> SiteGeoreference:
    """Return the georeference with names in the place of this machine's paths."""
    found = result.georeference
    if not isinstance(found, Georeference):
        return found
    decisions = {
        name: Decision(made.value, file_name(made.source) if _is_path(made.source) else made.source)
        for name, made in found.decisions.items()
    }
    return replace(found, decisions=decisions)


def _is_path(source: str) -> bool:
    return source.endswith(".toml")


def _with_drawings(out: Path, result: SiteResult) -> SiteResult:
    """Return a site with what drawings need beyond the record: pavement and cross-sections."""
    name = result.survey.site
    state = read_json(out / SITES / name / STATE)
    if state is None or not (out / SITES / name / RESULT).is_file():
        return result
    try:
        drawn = outcome_at(out, name, state).result.survey
    except (TwinPipelineError, KeyError):
        return result  # of another version; the numbers are in the record
    sections = {pipe.pipe_id: pipe.sections for pipe in drawn.pipes}
    pipes = tuple(_with_sections(pipe, sections) for pipe in result.survey.pipes)
    survey = replace(
        result.survey,
        pipes=pipes,
        pavement=drawn.pavement,
        point_labels=drawn.point_labels,
    )
    return replace(result, survey=survey)


def _with_sections(pipe: Pipe, sections: dict[str, Any]) -> Pipe:
    return replace(pipe, sections=sections.get(pipe.pipe_id, ()))


def _summed(timings: Iterator[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in timings:
        for stage, seconds in part.items():
            total[stage] = total.get(stage, 0.0) + seconds
    return total
