"""GeoJSON as RFC 7946 has it: longitude, latitude (deg), ellipsoidal height (m), WGS 84."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from twin_pipeline.crs import lonlat_target
from twin_pipeline.export.attributes import Field, FieldKind, GeometryKind, SiteResult
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import Row, Table, Value, pipes_table
from twin_pipeline.export.withheld import NOTHING, Withheld
from twin_pipeline.model import FloatArray

LONLAT_DECIMALS = 9
"""0.1 mm on the ground."""
HEIGHT_DECIMALS = 4


def write_geojson(results: Sequence[SiteResult], path: Path, withheld: Withheld = NOTHING) -> Path:
    """Write one feature a pipe."""
    dataset = Dataset(tuple(results), lonlat_target("ellipsoidal"), withheld=withheld)
    return write_text(path, _document(dataset.table(pipes_table)))


def write_geojson_folder(dataset: Dataset, folder: Path) -> list[Path]:
    """Write a file a layer; the provenance has features without geometry."""
    return [
        write_text(folder / f"{table.layer.name}.geojson", _document(table))
        for table in dataset.tables()
    ]


def _document(table: Table) -> str:
    collection: dict[str, Any] = {"type": "FeatureCollection", "name": table.layer.name}
    if table.shapes:
        collection["bbox"] = _bounds(table.shapes)
    shapes = table.shapes or (None,) * len(table.rows)
    collection["features"] = [
        {
            "type": "Feature",
            "geometry": None if shape is None else _geometry(table.layer.geometry, shape),
            "properties": _properties(table.layer.fields, row),
        }
        for row, shape in zip(table.rows, shapes, strict=True)
    ]
    return json.dumps(collection, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _geometry(kind: GeometryKind, shape: FloatArray) -> dict[str, Any]:
    if kind is GeometryKind.POINT:
        return {"type": "Point", "coordinates": _positions(shape)[0]}
    if kind is GeometryKind.POLYGON:
        # The standard wants the outer ring counter-clockwise.
        ring = shape if shapely.is_ccw(shapely.linearrings(shape)) else shape[::-1]
        return {"type": "Polygon", "coordinates": [_positions(ring)]}
    return {"type": "LineString", "coordinates": _positions(shape)}


def _positions(shape: FloatArray) -> list[list[float]]:
    return [
        [
            *(round(degrees, LONLAT_DECIMALS) for degrees in position[:2]),
            *(round(height_m, HEIGHT_DECIMALS) for height_m in position[2:]),
        ]
        for position in np.atleast_2d(shape).tolist()
    ]


def _properties(fields: Sequence[Field], row: Row) -> dict[str, Value]:
    return {spec.name: _rounded(spec, value) for spec, value in zip(fields, row, strict=True)}


def _rounded(spec: Field, value: Value) -> Value:
    if spec.kind is FieldKind.REAL and isinstance(value, float):
        return round(value, spec.decimals)
    return value


def _bounds(shapes: Sequence[FloatArray]) -> list[float]:
    """Return west, south, lowest, east, north, highest as far as there are heights."""
    positions = np.array([position for shape in shapes for position in _positions(shape)])
    return [*positions.min(axis=0).tolist(), *positions.max(axis=0).tolist()]
