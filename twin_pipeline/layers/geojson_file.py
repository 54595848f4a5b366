"""Reading GeoJSON: RFC 7946, and its older form with a `crs` of its own."""

import json
from pathlib import Path
from typing import Any

import shapely
import shapely.geometry

from twin_pipeline.crs import map_system
from twin_pipeline.errors import InputError
from twin_pipeline.layers.features import Features
from twin_pipeline.layers.wanted import Context

MOST_BYTES = 300 << 20
_RFC7946 = "EPSG:4979"
"""WGS 84 with heights above the ellipsoid, as RFC 7946 has them."""


def read_geojson(path: Path, context: Context) -> Features:
    """Read a GeoJSON file.

    Raises
    ------
    InputError
        When it is cut off or no GeoJSON.
    GeoreferenceError
        When it names a CRS that is not known.
    """
    source = context.source
    content = load_json(path, source)
    found = _features(content, source)
    named = _crs(content)
    crs = context.wanted.crs or named or _RFC7946
    notes = []
    if context.wanted.crs is not None and named is not None:
        notes.append(f"its own CRS {named} is overridden by --crs {context.wanted.crs}")
    system = map_system(crs, source, context.wanted.vertical)
    shapes = [_shape(feature.get("geometry"), i, source) for i, feature in enumerate(found)]
    rows = [_properties(feature) for feature in found]
    return Features(shapes, rows, system, source, tuple(notes))


def load_json(path: Path, source: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return the content of a JSON file.

    Raises
    ------
    InputError
        When it is too large, cut off, or no JSON.
    """
    if path.stat().st_size > MOST_BYTES:
        raise InputError(
            f"{source}: is larger than {MOST_BYTES >> 20} MB, more than a browser bears; cut it to "
            "the area of the sites first"
        )
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: is not UTF-8, as JSON must be ({error.reason})") from error
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{source}: is no complete JSON ({reason}); it may be cut off: get it again"
        ) from error


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")


def _features(content: Any, source: str) -> list[dict[str, Any]]:  # noqa: ANN401
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "FeatureCollection":
        found = content.get("features")
        if isinstance(found, list) and all(isinstance(feature, dict) for feature in found):
            return found
        raise InputError(f"{source}: its `features` are no list of features; mend the file")
    if kind == "Feature":
        return [content]
    if isinstance(content, dict) and "coordinates" in content:
        return [{"type": "Feature", "geometry": content, "properties": {}}]
    if isinstance(content, dict) and "asset" in content and "root" in content:
        raise InputError(
            f"{source}: is a tileset of 3D Tiles; serve its folder and give the address of it"
        )
    hint = "; convert it with `ogr2ogr`" if kind == "Topology" else ""
    raise InputError(f"{source}: is JSON, but no GeoJSON (type {kind!r}){hint}")


def _crs(content: Any) -> str | None:  # noqa: ANN401
    member = content.get("crs")
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or "CRS84" in name:
        return None
    return f"EPSG:{name.rpartition(':')[2]}" if "EPSG" in name.upper() else name


def _shape(geometry: Any, number: int, source: str) -> Any:  # noqa: ANN401
    if geometry is None:
        return None
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:100]
        raise InputError(
            f"{source}: the geometry of feature {number + 1} can't be read ({reason})"
        ) from error
    return shape


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties")
    return properties if isinstance(properties, dict) else {}
