"""Builds report.html from the surveys and the facts of the run."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import (
    Table,
    clean_text,
    fittings_table,
    provenance_of,
    stations_table,
    trench_table,
)
from twin_pipeline.export.run_record import RunFacts, run_record
from twin_pipeline.model import Pipe
from twin_pipeline.report.plan import draw_plan, pipe_label
from twin_pipeline.report.profile import FITTING_NAMES, draw_profile

NO_VALUE = "–"

ROLES = {"main": "本管", "branch": "分岐管", "crossing": "横断管", "unknown": "不明"}
QUALITIES = {"good": "良", "usable": "可", "poor": "不良"}


@dataclass(frozen=True, slots=True)
class _PipeSection:
    """One pipe's drawing and tables."""

    pipe: Pipe
    label: str
    profile: Markup | None
    stations: list[dict[str, Any]]
    fittings: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _SiteSection:
    """One site's drawing, pipes and provenance."""

    name: str
    record: Mapping[str, Any]
    plan: Markup | None
    has_boundary: bool
    trench_area_m2: float
    pipes: list[_PipeSection]
    provenance: dict[str, str]


def write_report(results: Sequence[SiteResult], facts: RunFacts, path: Path) -> Path:
    """Write the report of a run as one page that needs no other file, script or network.

    Raises
    ------
    OutputError
        When `path` can't be written.
    """
    record = run_record(results, facts)
    sites = [
        _site_section(result, site) for result, site in zip(results, record["sites"], strict=True)
    ]
    template = _environment().get_template("report.html.j2")
    return write_text(path, template.render(record=record, sites=sites))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_storable,
    )
    environment.filters |= _FILTERS
    environment.globals |= {
        "ROLES": ROLES,
        "QUALITIES": QUALITIES,
        "FITTING_NAMES": FITTING_NAMES,
    }
    return environment


def _site_section(result: SiteResult, record: Mapping[str, Any]) -> _SiteSection:
    stations = _by_pipe(stations_table([result]))
    fittings = _by_pipe(fittings_table([result]))
    pipes = [
        _PipeSection(
            pipe=pipe,
            label=pipe_label(pipe),
            profile=draw_profile(pipe),
            stations=stations.get(clean_text(pipe.pipe_id), []),
            fittings=fittings.get(clean_text(pipe.pipe_id), []),
        )
        for pipe in result.survey.pipes
    ]
    return _SiteSection(
        name=clean_text(result.survey.site),
        record=record,
        plan=draw_plan(result),
        has_boundary=result.boundary is not None,
        trench_area_m2=sum(float(row[1] or 0.0) for row in trench_table([result]).rows),
        pipes=pipes,
        provenance=provenance_of(result),
    )


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


def _percent(share: float | None) -> str:
    """Write a share as per cent, never rounding up to certainty."""
    if share is None or not math.isfinite(share):
        return NO_VALUE
    return f"{math.floor(1000 * share + 1e-9) / 10:.1f} %"


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
    "percent": _percent,
    "whole": _whole,
    "or_dash": _or_dash,
}
