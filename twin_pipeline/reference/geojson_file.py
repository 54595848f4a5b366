"""Lines out of GeoJSON: longitude and latitude (RFC 7946), or a projection named in `crs`."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.errors import InputError
from twin_pipeline.reference.lines import FileLine, FileLines

_NAMES = ("name", "名称", "layer", "pipe_id", "id")
_LONLAT = {None, "OGC:CRS84", "EPSG:4326", "EPSG:6668"}


def read_geojson_lines(path: Path) -> FileLines:
    """Read every LineString and MultiLineString.

    Raises
    ------
    InputError
        When the file is no GeoJSON.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        crs = _crs(document)
        lines = tuple(
            FileLine(name, np.array(vertices, dtype=np.float64))
            for name, vertices in _lines(document, "")
            if len(vertices) > 1
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: is no GeoJSON with lines ({error})") from error
    if crs in _LONLAT:
        return FileLines(lines, order="en", is_lonlat=True)
    return FileLines(lines, crs=crs, order="en")


def _crs(document: Mapping[str, Any]) -> str | None:
    """Return the code of the old `crs` member; None for RFC 7946."""
    named = (document.get("crs") or {}).get("properties", {}).get("name")
    if named is None:
        return None
    code = re.search(r"(EPSG|OGC)(?::[\d.]*|/[\d.]+)?[:/](\w+)$", str(named))
    if code is None:
        raise ValueError(f"its crs {named!r} is not known")
    return f"{code[1]}:{code[2]}"


def _lines(node: Mapping[str, Any], name: str) -> Iterator[tuple[str, list[list[float]]]]:
    kind = node.get("type")
    if kind == "FeatureCollection":
        for feature in node["features"]:
            yield from _lines(feature, name)
    elif kind == "Feature" and node["geometry"] is not None:
        properties = node.get("properties") or {}
        own = next((str(properties[key]) for key in _NAMES if properties.get(key)), name)
        yield from _lines(node["geometry"], own)
    elif kind == "GeometryCollection":
        for geometry in node["geometries"]:
            yield from _lines(geometry, name)
    elif kind == "LineString":
        yield name, _level(node["coordinates"])
    elif kind == "MultiLineString":
        yield from ((name, _level(line)) for line in node["coordinates"])


def _level(line: list[list[float]]) -> list[list[float]]:
    """Return all vertices with as many coordinates as every one has, at most three."""
    size = min(3, *(len(vertex) for vertex in line))
    return [vertex[:size] for vertex in line]
