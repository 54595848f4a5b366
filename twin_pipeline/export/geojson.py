"""pipes.geojson: the centrelines as RFC 7946 has them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin_pipeline.export.attributes import Field, FieldKind, SiteResult
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import Row, Value, pipes_table
from twin_pipeline.model import FloatArray

LONLAT_DECIMALS = 9
"""0.1 mm on the ground."""
HEIGHT_DECIMALS = 4


def write_geojson(results: Sequence[SiteResult], path: Path) -> Path:
    """Write one feature a pipe: longitude, latitude (deg), ellipsoidal height (m), WGS 84."""
    collection: dict[str, Any] = {"type": "FeatureCollection", "name": "pipes"}
    features = [feature for result in results for feature in _features(result)]
    bounds = _bounds([feature["geometry"] for feature in features])
    if bounds is not None:
        collection["bbox"] = bounds
    collection["features"] = features
    text = json.dumps(collection, ensure_ascii=False, allow_nan=False, indent=1)
    return write_text(path, text + "\n")


def _features(result: SiteResult) -> list[dict[str, Any]]:
    table = pipes_table([result])
    return [
        {
            "type": "Feature",
            "geometry": _geometry(result, shape),
            "properties": _properties(table.layer.fields, row),
        }
        for row, shape in zip(table.rows, table.shapes, strict=True)
    ]


def _geometry(result: SiteResult, centreline: FloatArray) -> dict[str, Any]:
    coordinates = [
        [round(lon, LONLAT_DECIMALS), round(lat, LONLAT_DECIMALS), round(height, HEIGHT_DECIMALS)]
        for lon, lat, height in result.georeference.to_geographic(centreline).tolist()
    ]
    return {"type": "LineString", "coordinates": coordinates}


def _properties(fields: Sequence[Field], row: Row) -> dict[str, Value]:
    return {spec.name: _rounded(spec, value) for spec, value in zip(fields, row, strict=True)}


def _rounded(spec: Field, value: Value) -> Value:
    if spec.kind is FieldKind.REAL and isinstance(value, float):
        return round(value, spec.decimals)
    return value


def _bounds(geometries: Sequence[Mapping[str, Any]]) -> list[float] | None:
    """Return west, south, lowest, east, north, highest, or None without geometry."""
    positions = [position for geometry in geometries for position in geometry["coordinates"]]
    if not positions:
        return None
    axes = list(zip(*positions, strict=True))
    return [min(axis) for axis in axes] + [max(axis) for axis in axes]
