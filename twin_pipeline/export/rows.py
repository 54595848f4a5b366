"""Turns surveys into the rows of the shared schema; the formats only write them down."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from twin_pipeline.export.attributes import (
    FITTINGS,
    JOB_FIELDS,
    PIPES,
    PROVENANCE,
    STATIONS,
    TRENCH,
    Field,
    FieldKind,
    Layer,
    SiteResult,
)
from twin_pipeline.geometry.deviation import deviations, feet
from twin_pipeline.model import Fitting, FloatArray, Pipe

Value = str | int | float | bool | None
Row = tuple[Value, ...]

_DEVIATIONS = ("plan_deviation_m", "level_deviation_m", "cover_deviation_m")

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All rows of one layer over all sites."""

    layer: Layer
    rows: tuple[Row, ...]
    shapes: tuple[FloatArray, ...]
    """One a row, metres, scan frame: (K, 3) for lines, (3,) for points, (K, 2) closed for
    polygons; empty for a layer without geometry."""


def clean_text(value: object) -> str:
    """Return `value` as text that UTF-8, XML and SQLite can all hold.

    File names may carry bytes that are no UTF-8, and names and reasons may carry control
    characters; each becomes U+FFFD.
    """
    return _UNPRINTABLE.sub("\ufffd", str(value))


def cell(spec: Field, value: Any) -> Value:  # noqa: ANN401 - model attributes of any kind
    """Return `value` as the field's type; None stays None and a non-finite number becomes None."""
    if value is None:
        return None
    match spec.kind:
        case FieldKind.TEXT:
            return clean_text(value)
        case FieldKind.BOOLEAN:
            return bool(value)
        case FieldKind.INTEGER:
            return int(value)
        case FieldKind.REAL:
            number = float(value)
            return number if math.isfinite(number) else None


def pipes_table(results: Sequence[SiteResult]) -> Table:
    """Return one row a pipe, with its centreline."""
    pairs = [(result, pipe) for result in results for pipe in result.survey.pipes]
    rows = (_row(PIPES, pipe_values(result.survey.site, pipe)) for result, pipe in pairs)
    return Table(PIPES, tuple(rows), tuple(pipe.centreline for _, pipe in pairs))


def stations_table(results: Sequence[SiteResult]) -> Table:
    """Return one row a station, with its point on the centreline."""
    pairs = [(result, pipe) for result in results for pipe in result.survey.pipes]
    rows = (
        _row(STATIONS, values) for result, pipe in pairs for values in _station_values(result, pipe)
    )
    shapes = (point for _, pipe in pairs for point in pipe.stations.centre)
    return Table(STATIONS, tuple(rows), tuple(shapes))


def fittings_table(results: Sequence[SiteResult]) -> Table:
    """Return one row a fitting, with its point on the centreline."""
    triples = [
        (result, pipe, fitting)
        for result in results
        for pipe in result.survey.pipes
        for fitting in pipe.fittings
    ]
    rows = (_row(FITTINGS, _fitting_values(*triple)) for triple in triples)
    shapes = (np.asarray(fitting.position, dtype=np.float64) for _, _, fitting in triples)
    return Table(FITTINGS, tuple(rows), tuple(shapes))


def trench_table(results: Sequence[SiteResult]) -> Table:
    """Return one row an outline of an excavation."""
    pairs = [(result, ring) for result in results for ring in result.survey.trench]
    rows = (
        _row(TRENCH, {"site": result.survey.site, "area_m2": shapely.Polygon(ring).area})
        for result, ring in pairs
    )
    return Table(TRENCH, tuple(rows), tuple(ring for _, ring in pairs))


def provenance_table(results: Sequence[SiteResult]) -> Table:
    """Return one row a statement, with the georeference's own statements last."""
    rows = (
        _row(PROVENANCE, {"site": result.survey.site, "key": key, "value": value})
        for result in results
        for key, value in provenance_of(result).items()
    )
    return Table(PROVENANCE, tuple(rows), ())


def provenance_of(result: SiteResult) -> dict[str, str]:
    """Return the site's provenance, then its georeference, all as clean text.

    Nested statements get dotted keys; where one has a `value`, that goes under the short key:
    `georeference.geoid` beside `georeference.geoid.source`.
    """
    stated = {clean_text(key): clean_text(value) for key, value in result.provenance.items()}
    return stated | dict(_flat("georeference", result.georeference.describe()))


def station_offsets(result: SiteResult, pipe: Pipe) -> FloatArray | None:
    """Return the horizontal distance of each station to the boundary line, (S,) metres.

    NaN for stations that lie beyond its ends, where a distance would be to a corner of the line
    and no offset.
    """
    if result.boundary is None:
        return None
    found = feet(np.asarray(result.boundary, dtype=np.float64)[:, :2], pipe.stations.centre)
    return np.where(found.beside, np.abs(found.right_m), np.nan)


def _row(layer: Layer, values: Mapping[str, Any]) -> Row:
    return tuple(cell(spec, values[spec.name]) for spec in layer.fields)


def pipe_values(site: str, pipe: Pipe) -> dict[str, Any]:
    """Return what a pipe's fields hold, by name, as the model has it."""
    told = {name: getattr(pipe.job, name) for name in JOB_FIELDS}
    measured = {s.name: getattr(pipe, s.name) for s in PIPES.fields[1:] if s.name not in told}
    return {"site": site, **measured, **told}


def _station_values(result: SiteResult, pipe: Pipe) -> Iterator[dict[str, Any]]:
    stations = pipe.stations
    offsets = station_offsets(result, pipe)
    columns = {
        "chainage_m": stations.chainage_m,
        "easting_m": stations.centre[:, 0],
        "northing_m": stations.centre[:, 1],
        "ground_z_m": stations.ground_z_m,
        "crown_z_m": stations.crown_z_m,
        "centre_z_m": stations.centre[:, 2],
        "cover_m": stations.cover_m,
        "cover_std_m": stations.cover_std_m,
        "outer_diameter_m": stations.outer_diameter_m,
        "observed": stations.observed,
        "offset_m": [None] * len(stations) if offsets is None else offsets,
        **_deviation_columns(result, pipe),
    }
    shared = {"site": result.survey.site, "pipe_id": pipe.pipe_id}
    for i in range(len(stations)):
        yield shared | {name: column[i] for name, column in columns.items()}


def _deviation_columns(result: SiteResult, pipe: Pipe) -> dict[str, Any]:
    found = deviations(pipe, result.design)
    if found is None:
        return dict.fromkeys(_DEVIATIONS, [None] * len(pipe.stations))
    return {name: getattr(found, name) for name in _DEVIATIONS}


def _fitting_values(result: SiteResult, pipe: Pipe, fitting: Fitting) -> dict[str, Any]:
    return {
        "site": result.survey.site,
        "pipe_id": pipe.pipe_id,
        "kind": fitting.kind,
        "chainage_m": fitting.chainage_m,
        "angle_deg": fitting.angle_deg,
        "catalogue_angle_deg": fitting.catalogue_angle_deg,
        "radius_m": fitting.radius_m,
        "chainage_std_m": fitting.chainage_std_m,
        "branch_id": fitting.branch_id,
    }


def _flat(key: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested statements; nothing for those that state nothing."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(key if name == "value" else f"{key}.{clean_text(name)}", inner)
    elif isinstance(value, list | tuple):
        if value:
            yield key, "; ".join(clean_text(item) for item in value)
    elif value is not None:
        yield key, clean_text(value).lower() if isinstance(value, bool) else clean_text(value)
