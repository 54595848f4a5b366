"""Builds report.html from the surveys and the facts of the run."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment
from markupsafe import Markup

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.digits import sigma
from twin_pipeline.errors import UsageError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.files import write_text
from twin_pipeline.export.japanese import in_japanese
from twin_pipeline.export.rows import (
    Table,
    clean_text,
    fittings_table,
    provenance_of,
    station_offsets,
    stations_table,
    trench_table,
)
from twin_pipeline.export.run_record import RunFacts, run_record
from twin_pipeline.geometry.deviation import Deviations, deviations
from twin_pipeline.model import CrossSection, FloatArray, JobFacts, Pipe
from twin_pipeline.report.anchors import anchor
from twin_pipeline.report.plan import Plan, draw_plan, pipe_label
from twin_pipeline.report.profile import FITTING_NAMES, draw_profile
from twin_pipeline.report.section import draw_section
from twin_pipeline.templates import templates_beside

NO_VALUE = "–"

SECTIONS_A_SHEET = 9
MOST_SECTIONS = 360
"""Cross-sections of a report, about 10 kB each; of many pipes each gets fewer, but one."""

ROLES = {"main": "本管", "branch": "分岐管", "crossing": "横断管", "unknown": "不明"}
LEVELS = {"centre": "管中心", "crown": "管頂", "invert": "管底"}
GATES = {
    "pipe found": "管路の検出",
    "no pipe found": "管路の検出",
    "cover": "土被りの基準",
    "design": "設計との照合",
    "design plan": "設計 平面較差",
    "design level": "設計 高さ較差",
    "design cover": "設計 土被り較差",
    "control points": "基準点の残差",
    "control point geometry": "基準点の配置",
}
"""Japanese names of gates; a gate without one has its own name only."""
JOB_NAMES = {
    "construction_no": "工事番号 Job number",
    "route_name": "路線名 Route",
    "laid_fiscal_year": "布設年度 Fiscal year laid",
    "joint_type": "継手形式 Joint type",
}
QUALITIES = {"good": "良", "usable": "可", "poor": "不良"}


@dataclass(frozen=True, slots=True)
class _PipeSection:
    """One pipe's drawings and tables."""

    pipe: Pipe
    label: str
    profile: Markup | None
    sections: list["_SectionSheet"]
    standard_diameter_m: float | None
    """Of the nominal size that was decided."""
    stations: list[dict[str, Any]]
    fittings: list[dict[str, Any]]
    design: Deviations | None
    largest: dict[str, float | None]
    """Of the deviations in plan, level and cover, metres."""
    profile_number: int
    """Of the drawings' sheets in the whole report."""


@dataclass(frozen=True, slots=True)
class _SectionSheet:
    """Cross-sections that share a sheet."""

    number: int
    """Of the drawings' sheets in the whole report."""
    drawings: tuple[Markup, ...]

    @property
    def layout(self) -> str:
        """How the drawings are laid out: the fewer they are, the larger."""
        if len(self.drawings) > 6:
            return "many"
        return "some" if len(self.drawings) > 4 else "few"


@dataclass(frozen=True, slots=True)
class _SiteSection:
    """One site's drawing, pipes and provenance."""

    name: str
    record: Mapping[str, Any]
    plan: Plan | None
    plan_number: int
    job: dict[str, str]
    """What the job's papers say, by field of `JobFacts`."""
    has_boundary: bool
    has_design: bool
    trench_area_m2: float
    pipes: list[_PipeSection]
    provenance: dict[str, str]


def write_report(
    results: Sequence[SiteResult], facts: RunFacts, path: Path, *, paged: bool = False
) -> Path:
    """Write the report of a run as one page that needs no other file, script or network.

    If `paged`, the sites are only named, with links to the reports in their own folders.

    Raises
    ------
    OutputError
        When `path` can't be written.
    """
    record = run_record(results, facts)
    numbers = itertools.count(1)
    pipes = sum(len(result.survey.pipes) for result in results)
    most_sections = max(MOST_SECTIONS // max(pipes, 1), 1)
    sites = [
        _site_summary(result, site)
        if paged
        else _site_section(result, site, numbers, most_sections)
        for result, site in zip(results, record["sites"], strict=True)
    ]
    template = _environment().get_template("report.html.j2")
    page = template.render(record=record, sites=sites, sheets=next(numbers) - 1, paged=paged)
    return write_text(path, page)


def _environment() -> Environment:
    environment = templates_beside(__file__, _storable)
    environment.filters |= _FILTERS
    environment.globals |= {
        "ROLES": ROLES,
        "LEVELS": LEVELS,
        "GATES": GATES,
        "running": _running,
        "JOB_NAMES": JOB_NAMES,
        "QUALITIES": QUALITIES,
        "FITTING_NAMES": FITTING_NAMES,
        "anchor": anchor,
    }
    return environment


def _site_section(
    result: SiteResult, record: Mapping[str, Any], numbers: Iterator[int], most_sections: int
) -> _SiteSection:
    stations = _by_pipe(stations_table([result]))
    fittings = _by_pipe(fittings_table([result]))
    plan = draw_plan(result)
    plan_number = next(numbers) if plan is not None else 0
    return _SiteSection(
        name=clean_text(result.survey.site),
        record=record,
        plan=plan,
        plan_number=plan_number,
        job=_job(result.survey.pipes),
        pipes=[
            _pipe_section(result, pipe, stations, fittings, numbers, most_sections)
            for pipe in result.survey.pipes
        ],
        has_boundary=result.boundary is not None,
        has_design=bool(result.design),
        trench_area_m2=sum(float(row[1] or 0.0) for row in trench_table([result]).rows),
        provenance=provenance_of(result),
    )


def _site_summary(result: SiteResult, record: Mapping[str, Any]) -> _SiteSection:
    """Return what the tables over all sites tell of one."""
    return _SiteSection(
        name=clean_text(result.survey.site),
        record=record,
        plan=None,
        plan_number=0,
        job={},
        pipes=[_pipe_summary(result, pipe) for pipe in result.survey.pipes],
        has_boundary=False,
        has_design=bool(result.design),
        trench_area_m2=0.0,
        provenance={},
    )


def _pipe_summary(result: SiteResult, pipe: Pipe) -> _PipeSection:
    found = deviations(pipe, result.design)
    return _PipeSection(
        pipe=pipe,
        label=pipe_label(pipe),
        profile=None,
        sections=[],
        standard_diameter_m=None,
        stations=[],
        fittings=[],
        design=found,
        largest=_largest_of_all(found),
        profile_number=0,
    )


def _pipe_section(
    result: SiteResult,
    pipe: Pipe,
    stations: Mapping[str, list[dict[str, Any]]],
    fittings: Mapping[str, list[dict[str, Any]]],
    numbers: Iterator[int],
    most_sections: int,
) -> _PipeSection:
    key = clean_text(pipe.pipe_id)
    found = deviations(pipe, result.design)
    profile = draw_profile(pipe, found)
    profile_number = next(numbers) if profile is not None else 0
    offsets = station_offsets(result, pipe)
    sections = [
        draw_section(pipe, section, _offset_at(pipe, section, offsets))
        for section in pipe.sections[:: max(1, -(-len(pipe.sections) // most_sections))]
    ]
    return _PipeSection(
        pipe=pipe,
        label=pipe_label(pipe),
        profile=profile,
        sections=[
            _SectionSheet(next(numbers), tuple(drawings))
            for drawings in _batched(sections, SECTIONS_A_SHEET)
        ],
        standard_diameter_m=_standard_diameter_m(pipe),
        stations=stations.get(key, []),
        fittings=fittings.get(key, []),
        design=found,
        largest=_largest_of_all(found),
        profile_number=profile_number,
    )


def _batched(drawings: Sequence[Markup], size: int) -> Iterator[Sequence[Markup]]:
    return (drawings[start : start + size] for start in range(0, len(drawings), size))


def _largest_of_all(found: Deviations | None) -> dict[str, float | None]:
    return {name: _largest(found, name) for name in ("plan", "level", "cover")}


def _largest(found: Deviations | None, name: str) -> float | None:
    """Return the deviation furthest from zero; None where there is none."""
    if found is None:
        return None
    values = getattr(found, f"{name}_deviation_m")
    known = values[np.isfinite(values)]
    return float(known[np.abs(known).argmax()]) if len(known) else None


def _offset_at(pipe: Pipe, section: CrossSection, offsets: FloatArray | None) -> float | None:
    if offsets is None:
        return None
    return float(offsets[np.abs(pipe.stations.chainage_m - section.chainage_m).argmin()])


def _standard_diameter_m(pipe: Pipe) -> float | None:
    """Return the standard's outer diameter of the size that was decided."""
    if pipe.material is None or pipe.nominal_diameter_mm is None:
        return None
    try:
        return load_catalogue().size(pipe.material, pipe.nominal_diameter_mm).outer_diameter_m
    except UsageError:
        return None  # decided with a catalogue of one's own


def _job(pipes: Sequence[Pipe]) -> dict[str, str]:
    """Return each fact of the job, once where the pipes agree; absent where none has it."""
    facts: dict[str, str] = {}
    for name in JobFacts.__dataclass_fields__:
        values = [getattr(pipe.job, name) for pipe in pipes]
        stated = dict.fromkeys(clean_text(value) for value in values if value is not None)
        if stated:
            facts[name] = ", ".join(stated)
    return facts


def _by_pipe(table: Table) -> dict[str, list[dict[str, Any]]]:
    names = [spec.name for spec in table.layer.fields]
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in table.rows:
        values = dict(zip(names, row, strict=True))
        grouped.setdefault(str(values["pipe_id"]), []).append(values)
    return grouped


def _metres(value_m: float | None, digits: int = 3) -> str:
    """Write metres, or a dash where there is no number."""
    if value_m is None or not math.isfinite(value_m):
        return NO_VALUE
    return f"{value_m:z.{digits}f}"


def _millimetres(value_m: float | None, digits: int = 1) -> str:
    """Write metres as millimetres."""
    return _metres(None if value_m is None else 1000 * value_m, digits)


def _sigma(std_m: float | None, digits: int = 3) -> str:
    """Write a standard deviation in metres."""
    if std_m is None or not math.isfinite(std_m):
        return NO_VALUE
    return sigma(std_m, digits)


def _sigma_mm(std_m: float | None) -> str:
    """Write a standard deviation as millimetres."""
    return _sigma(None if std_m is None else 1000 * std_m, 1)


def _percent(share: float | None) -> str:
    """Write a share as per cent, never rounding up to certainty."""
    if share is None or not math.isfinite(share):
        return NO_VALUE
    return f"{math.floor(1000 * share + 1e-9) / 10:.1f} %"


def _signed(value_m: float | None) -> str:
    """Write metres as millimetres with a sign."""
    if value_m is None or not math.isfinite(value_m):
        return NO_VALUE
    return f"{1000 * value_m:+z.0f}"


def _css_text(value: object) -> Markup:
    """Return text as a CSS string: everything but letters and digits by its number."""
    escaped = (c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in clean_text(value))
    return Markup('"' + "".join(escaped) + '"')  # noqa: S704 - nothing else is left in it


def _running(site: _SiteSection | None) -> str:
    """Return what stands at the foot of each page of a site: whose it is, in a line or two."""
    if site is None:
        return ""
    stated = [("工事番号", site.job.get("construction_no")), ("路線名", site.job.get("route_name"))]
    parts = [f"{name} {_shortened(value)}" for name, value in stated if value]
    return "　".join([*parts, f"現場 {_shortened(site.name)}"])


def _shortened(text: str, most: int = 36) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _storable(value: object) -> object:
    """Return what a template expression gives as text that UTF-8 can hold."""
    return clean_text(value) if type(value) is str else value


def _whole(value: int) -> str:
    return f"{value:,}"


def _or_dash(value: object) -> object:
    return NO_VALUE if value is None else value


_FILTERS: dict[str, Callable[..., Any]] = {
    "metres": _metres,
    "millimetres": _millimetres,
    "sigma": _sigma,
    "sigma_mm": _sigma_mm,
    "percent": _percent,
    "whole": _whole,
    "signed": _signed,
    "css_text": _css_text,
    "or_dash": _or_dash,
    "japanese": in_japanese,
}
