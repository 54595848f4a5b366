"""Without what a policy keeps back: results, viewer data and catalogues."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from twin_pipeline.export.attributes import JOB_FIELDS, SiteResult
from twin_pipeline.export.viewer_data import REASON_JA
from twin_pipeline.export.withheld import Withheld
from twin_pipeline.model import Pipe
from twin_pipeline.publishing.policy import Policy

_MAY_BE_UNKNOWN = (
    "material",
    "nominal_diameter_mm",
    "nominal_probability",
    "cover_min_m",
    "cover_mean_m",
    "cover_max_m",
    "cover_std_m",
)


def withheld_of(policy: Policy) -> Withheld:
    """Return what attribute files are not to hold."""
    return Withheld(policy.withheld, frozenset(policy.layers.attributes))


def reduce_result(result: SiteResult, withheld: Withheld) -> SiteResult:
    """Return a site whose pipes don't know what is kept back, as far as that can be unknown.

    So it is not in legends, colours and descriptions either. Files leave out the fields as well.
    """
    names = withheld.attributes.get("pipes", frozenset())
    pipes = tuple(_reduced(pipe, names) for pipe in result.survey.pipes)
    return replace(result, survey=replace(result.survey, pipes=pipes))


def _reduced(pipe: Pipe, names: frozenset[str]) -> Pipe:
    unknown = {name: None for name in _MAY_BE_UNKNOWN if name in names}
    facts = {name: None for name in JOB_FIELDS if name in names}
    changed: dict[str, Any] = dict(unknown)
    if facts:
        changed["job"] = replace(pipe.job, **facts)
    return replace(pipe, **changed) if changed else pipe


def reduce_index(index: dict[str, Any], withheld: Withheld) -> dict[str, Any]:
    """Return viewer.json without what is kept back."""
    names = withheld.attributes.get("pipes", frozenset())
    if "quality_reason" in names:
        names |= {REASON_JA}
    pipes = [{k: v for k, v in pipe.items() if k not in names} for pipe in index["pipes"]]
    sites = index["sites"]
    if "stations" in withheld.layers:
        # the viewer's tools stand on the stations
        sites = [site | {"details": None} for site in sites]
    return index | {"pipes": pipes, "sites": sites}


def reduce_details(details: dict[str, Any], withheld: Withheld) -> dict[str, Any]:
    """Return a site's viewer.json without what is kept back."""
    stations, fittings = details["stations"], details["fittings"]
    for name in withheld.attributes.get("stations", frozenset()):
        if name in stations:
            stations = stations | {name: [None] * len(stations[name])}
    names = withheld.attributes.get("fittings", frozenset())
    fittings = [{k: None if k in names else v for k, v in each.items()} for each in fittings]
    return details | {
        "stations": stations,
        "fittings": [] if "fittings" in withheld.layers else fittings,
        "trench": [] if "trench" in withheld.layers else details["trench"],
    }


def reduce_members(members: Sequence[Mapping[str, Any]], withheld: Withheld) -> list[Any]:
    """Return the members of a Terria catalogue without sliders on what is kept back."""
    names = withheld.attributes.get("pipes", frozenset())
    reduced = []
    for member in members:
        made = dict(member)
        if "members" in made:
            made["members"] = reduce_members(made["members"], withheld)
        if "filters" in made:
            made["filters"] = [f for f in made["filters"] if f["property"] not in names]
        reduced.append(made)
    return reduced
