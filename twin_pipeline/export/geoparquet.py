"""GeoParquet 1.1, a file a layer, with descriptions and units in the columns' metadata."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from twin_pipeline.export.attributes import Field, FieldKind, GeometryKind
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import staged
from twin_pipeline.export.ogr import geometries
from twin_pipeline.export.rows import Table

_VERSION = "1.1.0"
_GEOMETRY = "geometry"
_TYPES = {
    FieldKind.TEXT: pa.string(),
    FieldKind.INTEGER: pa.int64(),
    FieldKind.REAL: pa.float64(),
    FieldKind.BOOLEAN: pa.bool_(),
}


def write_geoparquet(dataset: Dataset, folder: Path) -> list[Path]:
    """Write a file a layer; the provenance is plain Parquet, as it has no geometry."""
    paths = []
    for table in dataset.tables():
        path = folder / f"{table.layer.name}.parquet"
        with staged(path) as beside:
            pq.write_table(_arrow(dataset, table), beside, compression="zstd")
        paths.append(path)
    return paths


def _arrow(dataset: Dataset, table: Table) -> pa.Table:
    fields = [_field(spec) for spec in table.layer.fields]
    columns = [
        pa.array([row[i] for row in table.rows], type=field.type) for i, field in enumerate(fields)
    ]
    metadata = {"description": f"{table.layer.alias_ja}: {table.layer.description}"}
    if table.layer.geometry is not GeometryKind.NONE:
        fields.append(pa.field(_GEOMETRY, pa.binary(), nullable=False))
        columns.append(pa.array(geometries(table).tolist(), type=pa.binary()))
        metadata["geo"] = json.dumps(_geo(dataset, table))
    return pa.table(columns, schema=pa.schema(fields, metadata=metadata))


def _field(spec: Field) -> pa.Field:
    described = {"title": spec.alias_ja, "description": spec.description, "unit": spec.unit}
    metadata = {key: value for key, value in described.items() if value}
    return pa.field(spec.name, _TYPES[spec.kind], nullable=spec.nullable, metadata=metadata)


def _geo(dataset: Dataset, table: Table) -> dict[str, Any]:
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [table.layer.geometry.value],
        "crs": dataset.target.projjson(),
    }
    if table.shapes:
        vertices = np.vstack([np.atleast_2d(shape) for shape in table.shapes])
        column["bbox"] = [*vertices.min(axis=0).tolist(), *vertices.max(axis=0).tolist()]
    return {"version": _VERSION, "primary_column": _GEOMETRY, "columns": {_GEOMETRY: column}}
