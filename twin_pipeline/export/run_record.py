"""run.json: what was run, on what, with what outcome."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.extent import site_centre
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import clean_text
from twin_pipeline.model import Gate

_OF_A_SITE = ("middle", "where", "warnings")


@dataclass(frozen=True, slots=True)
class InputFile:
    """One scan that was read."""

    site: str
    path: str
    sha256: str
    points_read: int


@dataclass(frozen=True, slots=True, eq=False)
class RunFacts:
    """What a run knows besides its sites' results."""

    version: str
    """Of twin_pipeline."""
    started_at: str
    """ISO 8601 with offset."""
    finished_at: str
    """ISO 8601 with offset."""
    config: Mapping[str, Any]
    """The effective configuration as JSON has it."""
    inputs: tuple[InputFile, ...]
    timings_s: Mapping[str, float]
    """Wall-clock seconds by stage, in the order of the stages, summed over the sites."""
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Further counts beside those that the surveys give, e.g. points in tiles."""
    memory_mb: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Peak memory of a process by stage, in 10^6 bytes; the greatest of all sites."""
    site_facts: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """By site, more that its record holds."""
    failed_sites: tuple[Mapping[str, Any], ...] = ()
    """Sites that could not be done: site, scans, kind, reason, remedy, exit_code."""
    gates: tuple[Gate, ...] = ()
    """Of the whole run; those of a site are in its survey."""
    warnings: tuple[str, ...] = ()
    """Of the whole run; those of a site are in its survey."""


def run_record(results: Sequence[SiteResult], facts: RunFacts) -> dict[str, Any]:
    """Return the content of run.json; keys are always the same and in the same order.

    `crs` is the system that all sites share, or null where they differ; each site has its own, with
    its place and how it was decided.
    """
    sites = [
        _site(result) | dict(facts.site_facts.get(result.survey.site, {})) for result in results
    ]
    shared = _shared([site["crs"] for site in sites])
    gates = _gates(results, facts)
    return {
        "version": clean_text(facts.version),
        "started_at": facts.started_at,
        "finished_at": facts.finished_at,
        "passed": not facts.failed_sites and all(gate["passed"] for gate in gates),
        "crs": shared,
        "counts": _counts(results, facts),
        "gates": gates,
        "warnings": _warnings(results, facts),
        "sites": sites,
        "failed_sites": [_failed(failed) for failed in facts.failed_sites],
        "inputs": [_input(scan) for scan in facts.inputs],
        "timings_s": {stage: round(float(s), 3) for stage, s in facts.timings_s.items()},
        "memory_mb": {stage: round(float(mb), 1) for stage, mb in facts.memory_mb.items()},
        "config": facts.config,
    }


def _shared(systems: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the one system of all sites, without what each site has of its own."""
    if len(systems) < 2:
        return dict(systems[0]) if systems else None
    first, *others = [
        {key: value for key, value in system.items() if key not in _OF_A_SITE} for system in systems
    ]
    if any(_decided(other) != _decided(first) for other in others):
        return None
    return {
        key: value if all(other[key] == value for other in others) else _by_site(value)
        for key, value in first.items()
    }


def _decided(system: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a system is, whatever the reasons."""
    return {
        key: value["value"] if isinstance(value, Mapping) and "value" in value else value
        for key, value in system.items()
    }


def _by_site(decision: Mapping[str, Any]) -> dict[str, Any]:
    return dict(decision) | {"source": "differs by site"}


def write_run_record(record: Mapping[str, Any], path: Path) -> Path:
    """Write run.json, complete or not at all."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2)
    return write_text(path, text + "\n")


def _site(result: SiteResult) -> dict[str, Any]:
    survey = result.survey
    centre = site_centre(result)
    height_m = centre.ground_ellipsoidal_height_m if centre else None
    return {
        "name": clean_text(survey.site),
        "pipes": len(survey.pipes),
        "centre_lon_deg": round(centre.lon_deg, 9) if centre else None,
        "centre_lat_deg": round(centre.lat_deg, 9) if centre else None,
        "ground_z_m": None if survey.ground_z_m is None else round(survey.ground_z_m, 4),
        "ground_ellipsoidal_height_m": None if height_m is None else round(height_m, 4),
        "crs": dict(result.georeference.describe()),
        "registration": [dict(moved) for moved in result.registration],
        "provenance": {clean_text(k): clean_text(v) for k, v in result.provenance.items()},
    }


def _failed(failed: Mapping[str, Any]) -> dict[str, Any]:
    texts = {key: clean_text(v) for key, v in failed.items() if isinstance(v, str)}
    return dict(failed) | texts | {"scans": [clean_text(scan) for scan in failed["scans"]]}


def _counts(results: Sequence[SiteResult], facts: RunFacts) -> dict[str, int]:
    pipes = [pipe for result in results for pipe in result.survey.pipes]
    counted = {
        "inputs": len(facts.inputs),
        "points_in": sum(scan.points_read for scan in facts.inputs),
        "points_labelled": sum(len(result.survey.point_labels) for result in results),
        "points_on_pipes": sum(pipe.points for pipe in pipes),
        "sites": len(results),
        "sites_failed": len(facts.failed_sites),
        "pipes": len(pipes),
        "stations": sum(len(pipe.stations) for pipe in pipes),
        "fittings": sum(len(pipe.fittings) for pipe in pipes),
        "trench_outlines": sum(len(result.survey.trench) for result in results),
    }
    return counted | dict(facts.counts)


def _gates(results: Sequence[SiteResult], facts: RunFacts) -> list[dict[str, Any]]:
    owned: list[tuple[str | None, Gate]] = [(None, gate) for gate in facts.gates]
    owned += [(clean_text(r.survey.site), gate) for r in results for gate in r.survey.gates]
    return [
        {"site": site, "name": gate.name, "passed": gate.passed, "detail": clean_text(gate.detail)}
        for site, gate in owned
    ]


def _warnings(results: Sequence[SiteResult], facts: RunFacts) -> list[dict[str, Any]]:
    owned: list[tuple[str | None, str]] = [(None, text) for text in facts.warnings]
    owned += [(clean_text(r.survey.site), text) for r in results for text in r.survey.warnings]
    return [{"site": site, "message": clean_text(text)} for site, text in owned]


def _input(scan: InputFile) -> dict[str, Any]:
    return {
        "site": clean_text(scan.site),
        "path": clean_text(scan.path),
        "sha256": scan.sha256,
        "points_read": scan.points_read,
    }
