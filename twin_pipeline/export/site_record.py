"""sites/NAME/survey.json: all that is known of a site, so that a finished run can be used further.

Numbers are written with all their digits: what is read equals what was written. Only the labels of
the points and the cross-sections are left out, which belong to the scan.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.errors import InputError
from twin_pipeline.export.attributes import SiteGeoreference, SiteResult
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import clean_text
from twin_pipeline.model import (
    DesignLine,
    Fitting,
    FittingKind,
    Gate,
    JobFacts,
    LevelKind,
    Pipe,
    Quality,
    Role,
    Stations,
    Survey,
)

NAME = "survey.json"
_VERSION = 1
_NOT_KEPT = frozenset({"sections", "rescans"})
"""Of a pipe: what only serves while its scan is at hand."""

Restore = Callable[[Mapping[str, Any]], SiteGeoreference]


def write_site_record(result: SiteResult, path: Path) -> Path:
    """Write one site, complete or not at all; the folder of `path` must be there."""
    record = {
        "format": _VERSION,
        "survey": _survey(result.survey),
        "georeference": dict(result.georeference.describe()),
        "provenance": {clean_text(k): clean_text(v) for k, v in result.provenance.items()},
        "boundary": None if result.boundary is None else result.boundary.tolist(),
        "design": [_design(line) for line in result.design],
        "extent": None if result.extent is None else result.extent.tolist(),
        "registration": [dict(moved) for moved in result.registration],
    }
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1)
    return write_text(path, text + "\n")


def read_site_record(path: Path, restore: Restore) -> SiteResult:
    """Read what `write_site_record` wrote.

    Parameters
    ----------
    path
        The file.
    restore
        Turns the description of a georeference into a georeference.

    Raises
    ------
    InputError
        When the file can't be read or is not as this version writes it.
    """
    try:
        record = _of_this_version(json.loads(path.read_text(encoding="utf-8")))
        boundary, extent = record["boundary"], record.get("extent")
        return SiteResult(
            survey=_read_survey(record["survey"]),
            georeference=restore(record["georeference"]),
            provenance=record["provenance"],
            boundary=None if boundary is None else np.array(boundary, dtype=np.float64),
            design=tuple(_read_design(line) for line in record.get("design", ())),
            registration=tuple(record["registration"]),
            extent=None if extent is None else np.array(extent, dtype=np.float64),
        )
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); run the scan again") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: is no record of a site as this version writes it ({error!r}); "
            "run the scan again"
        ) from error


def _of_this_version(record: dict[str, Any]) -> dict[str, Any]:
    if record["format"] != _VERSION:
        raise ValueError(f"format {record['format']} instead of {_VERSION}")
    return record


def _survey(survey: Survey) -> dict[str, Any]:
    return {
        "site": clean_text(survey.site),
        "pipes": [_pipe(pipe) for pipe in survey.pipes],
        "trench": [ring.tolist() for ring in survey.trench],
        "ground_z_m": survey.ground_z_m,
        "gates": [asdict(gate) | {"detail": clean_text(gate.detail)} for gate in survey.gates],
        "warnings": [clean_text(warning) for warning in survey.warnings],
    }


def _read_survey(record: Mapping[str, Any]) -> Survey:
    return Survey(
        site=record["site"],
        pipes=tuple(_read_pipe(pipe) for pipe in record["pipes"]),
        point_labels=np.empty(0, dtype=np.uint16),
        trench=tuple(np.array(ring, dtype=np.float64) for ring in record["trench"]),
        ground_z_m=record["ground_z_m"],
        gates=tuple(Gate(**gate) for gate in record["gates"]),
        warnings=tuple(record["warnings"]),
    )


def _pipe(pipe: Pipe) -> dict[str, Any]:
    kept = [spec.name for spec in fields(Pipe) if spec.name not in _NOT_KEPT]
    values = {name: _finite(getattr(pipe, name)) for name in kept}
    return values | {
        "centreline": pipe.centreline.tolist(),
        "stations": _stations(pipe.stations),
        "fittings": [asdict(fitting) for fitting in pipe.fittings],
        "job": asdict(pipe.job),
    }


def _read_pipe(record: Mapping[str, Any]) -> Pipe:
    missing = {s.name: math.nan for s in fields(Pipe) if s.type is float and record[s.name] is None}
    return Pipe(
        **dict(record)
        | missing
        | {
            "role": Role(record["role"]),
            "quality": Quality(record["quality"]),
            "centreline": np.array(record["centreline"], dtype=np.float64),
            "stations": _read_stations(record["stations"]),
            "fittings": tuple(_read_fitting(fitting) for fitting in record["fittings"]),
            "job": JobFacts(**record["job"]),
        }
    )


def _design(line: DesignLine) -> dict[str, Any]:
    return {
        "name": clean_text(line.name),
        "level": line.level,
        "vertices": [[_finite(value) for value in row] for row in line.vertices.tolist()],
        "cover_m": None
        if line.cover_m is None
        else [_finite(value) for value in line.cover_m.tolist()],
    }


def _read_design(record: Mapping[str, Any]) -> DesignLine:
    cover = record["cover_m"]
    return DesignLine(
        record["name"],
        np.array(record["vertices"], dtype=np.float64),
        LevelKind(record["level"]),
        None if cover is None else np.array(cover, dtype=np.float64),
    )


def _stations(stations: Stations) -> dict[str, Any]:
    """Return the columns, with null where there is no number."""
    columns = {spec.name: getattr(stations, spec.name) for spec in fields(Stations)}
    return {name: [_finite(v) for v in column.ravel().tolist()] for name, column in columns.items()}


def _finite(value: Any) -> Any:  # noqa: ANN401 - values of any field
    """Return None for a number that JSON doesn't have."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _read_stations(record: Mapping[str, Any]) -> Stations:
    columns: dict[str, Any] = {name: np.array(column, float) for name, column in record.items()}
    columns["centre"] = columns["centre"].reshape(-1, 3)
    return Stations(**columns)


def _read_fitting(record: Mapping[str, Any]) -> Fitting:
    changed = {"kind": FittingKind(record["kind"]), "position": tuple(record["position"])}
    return Fitting(**dict(record) | changed)
