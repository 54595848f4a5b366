"""pipes.gpkg: every layer of the schema in one GeoPackage, in the coordinate system of the scan."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio.errors
import pyogrio.raw
import shapely

from twin_pipeline.crs import Target, lonlat_target, scan_target
from twin_pipeline.errors import OutputError
from twin_pipeline.export.attributes import LAYERS, Field, FieldKind, GeometryKind, SiteResult
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import staged
from twin_pipeline.export.rows import Table

TIMESTAMP_KEY = "processed_at"
"""Provenance key (ISO 8601 with offset) that dates the file; equal provenance, equal bytes."""

_NOWHERE = (
    'ENGCRS["Undefined Cartesian SRS",EDATUM["Unknown engineering datum"],CS[Cartesian,2],'
    'AXIS["x",unspecified,ORDER[1]],AXIS["y",unspecified,ORDER[2]],LENGTHUNIT["metre",1]]'
)
"""How GDAL spells the undefined Cartesian system that the GeoPackage standard numbers -1."""

_SCHEMA_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"

_SCHEMA_TABLES = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
"""

_DTYPES: dict[FieldKind, npt.DTypeLike] = {
    FieldKind.TEXT: object,
    FieldKind.INTEGER: np.int64,
    FieldKind.REAL: np.float64,
    FieldKind.BOOLEAN: bool,
}


def write_gpkg(results: Sequence[SiteResult], path: Path) -> Path:
    """Write all sites to one GeoPackage; a layer without rows still has its fields.

    Geometry is in the coordinate system of the scans. A layer can hold only one: where the
    sites' systems differ (see `share_crs`), it is in longitude and latitude (EPSG:4326).
    Its third coordinate is always the elevation in the scan's vertical datum.

    Raises
    ------
    OutputError
        When the file can't be written.
    """
    scanned = [scan_target(result.georeference) for result in results]
    target = scanned[0] if scanned and share_crs(results) else lonlat_target("scan")
    return write_gpkg_file(Dataset(tuple(results), target), path)


def write_gpkg_folder(dataset: Dataset, folder: Path) -> list[Path]:
    """Write pipes.gpkg into `folder`."""
    return [write_gpkg_file(dataset, folder / "pipes.gpkg")]


def write_gpkg_file(dataset: Dataset, path: Path) -> Path:
    """Write a dataset to one GeoPackage.

    Raises
    ------
    OutputError
        When the file can't be written.
    """
    with staged(path) as beside:
        try:
            crs = _accepted_crs(dataset.target, beside.parent) if dataset.results else _NOWHERE
            for table in dataset.tables():
                _write_layer(beside, table, crs)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise OutputError(f"{path}: can't be written: {error}") from error
        _finish(beside, _timestamp(dataset.results))
    return path


def share_crs(results: Sequence[SiteResult]) -> bool:
    """Whether all sites' coordinates are in one system, whatever their vertical datums."""
    return len({_names(scan_target(result.georeference))[0] for result in results}) <= 1


def _names(target: Target) -> tuple[str, ...]:
    """Return names of the system, the preferred one first."""
    codes = (target.epsg, target.horizontal_epsg)
    named = tuple(f"EPSG:{code}" for code in codes if code is not None)
    return (*named, target.wkt)


def _accepted_crs(target: Target, folder: Path) -> str:
    """Return the first name of the system that GDAL knows; its database is its own."""
    if target.is_local:
        return _NOWHERE
    *preferred, last = _names(target)
    return next((crs for crs in preferred if _gdal_knows(crs, folder / "probe.gpkg")), last)


def _gdal_knows(crs: str, probe: Path) -> bool:
    nothing = np.array([], dtype=object)
    try:
        pyogrio.raw.write(
            probe, nothing, [], [], driver="GPKG", geometry_type=GeometryKind.POINT.value, crs=crs
        )
    except pyogrio.errors.CRSError:
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True


def _write_layer(path: Path, table: Table, crs: str) -> None:
    spatial = table.layer.geometry is not GeometryKind.NONE
    columns = [_column(spec, i, table) for i, spec in enumerate(table.layer.fields)]
    pyogrio.raw.write(
        path,
        _geometries(table) if spatial else None,
        [values for values, _ in columns],
        [spec.name for spec in table.layer.fields],
        field_mask=[missing for _, missing in columns],
        layer=table.layer.name,
        driver="GPKG",
        geometry_type=table.layer.geometry.value if spatial else None,
        crs=crs if spatial else None,
        append=path.exists(),
        layer_options={"DESCRIPTION": f"{table.layer.alias_ja}: {table.layer.description}"},
    )


def _column(
    spec: Field, index: int, table: Table
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Return a column's values and where they are null; text carries its nulls itself."""
    values = [row[index] for row in table.rows]
    if spec.kind is FieldKind.TEXT:
        return np.array(values, dtype=object), None
    missing = np.array([value is None for value in values], dtype=bool)
    filled = [0 if value is None else value for value in values]
    return np.array(filled, dtype=_DTYPES[spec.kind]), missing


def _geometries(table: Table) -> npt.NDArray[Any]:
    build = {
        GeometryKind.LINE: shapely.linestrings,
        GeometryKind.POINT: shapely.points,
        GeometryKind.POLYGON: shapely.polygons,
    }[table.layer.geometry]
    encoded = [shapely.to_wkb(build(shape), flavor="iso") for shape in table.shapes]
    return np.array(encoded, dtype=object)


def _timestamp(results: Sequence[SiteResult]) -> str | None:
    """Return the latest stated date as the standard writes it, or None where none is stated."""
    stated = [r.provenance[TIMESTAMP_KEY] for r in results if TIMESTAMP_KEY in r.provenance]
    if not stated:
        return None
    latest = max(datetime.fromisoformat(text).astimezone(UTC) for text in stated)
    return latest.strftime("%Y-%m-%dT%H:%M:%S.") + f"{latest.microsecond // 1000:03d}Z"


def _finish(path: Path, timestamp: str | None) -> None:
    """Give the columns their titles and descriptions, and the layers their date.

    pyogrio can't set them, so they are written as the standard's schema extension has them.
    """
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(_SCHEMA_TABLES)
        database.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description)"
            " VALUES (?, ?, ?, ?, ?)",
            [
                (layer.name, spec.name, spec.name, spec.alias_ja, _describe(spec))
                for layer in LAYERS
                for spec in layer.fields
            ],
        )
        database.executemany(
            "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
            [
                ("gpkg_data_columns", _SCHEMA_EXTENSION),
                ("gpkg_data_column_constraints", _SCHEMA_EXTENSION),
            ],
        )
        if timestamp is not None:
            database.execute("UPDATE gpkg_contents SET last_change = ?", (timestamp,))


def _describe(spec: Field) -> str:
    return f"{spec.description} [{spec.unit}]" if spec.unit else spec.description
