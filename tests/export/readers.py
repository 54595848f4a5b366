"""Independent readers: each returns the rows and shapes of a layer as a format has them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import ezdxf
import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from lxml import etree

Features = list[tuple[dict[str, Any], Any]]
"""Values by field, nulls left out, and (K, 2 or 3) coordinates, None without geometry."""

LANDXML = "{http://www.landxml.org/schema/LandXML-1.2}"


def with_gdal(path: Path, layer: str | None = None) -> Features:
    """Read with GDAL."""
    meta, _, encoded, columns = pyogrio.raw.read(path, layer=layer)
    shapes = [None if g is None else coordinates(g) for g in _none(encoded, columns)]
    return list(zip(_rows(meta["fields"], columns), shapes, strict=True))


def coordinates(wkb: bytes) -> Any:
    geometry = shapely.from_wkb(wkb)
    return shapely.get_coordinates(geometry, include_z=bool(shapely.has_z(geometry)))


def with_duckdb(path: Path) -> Features:
    """Read Parquet with DuckDB."""
    table = duckdb.sql(f"SELECT * FROM read_parquet('{path}')")  # noqa: S608 - a path of the test
    features = []
    for row in table.fetchall():
        values = dict(zip(table.columns, row, strict=True))
        encoded = values.pop("geometry", None)
        shape = None if encoded is None else coordinates(bytes(encoded))
        features.append(({k: v for k, v in values.items() if v is not None}, shape))
    return features


def geojson(path: Path) -> Features:
    """Read with the standard library."""
    features = []
    for feature in json.loads(path.read_text("utf-8"))["features"]:
        values = {k: v for k, v in feature["properties"].items() if v is not None}
        features.append((values, _positions(feature["geometry"])))
    return features


def dxf(path: Path, layer: str) -> Features:
    """Read entities that carry extended data of a layer."""
    found = []
    for entity in ezdxf.readfile(path).modelspace():
        if not entity.has_xdata("TWIN_PIPELINE"):
            continue
        tags = entity.get_xdata("TWIN_PIPELINE")
        if tags[0].value == layer:
            found.append((_groups(tags[1:]), _vertices(entity)))
    return found


def landxml_alignments(path: Path) -> Features:
    """Read pipes as alignments: plan from the lines, elevations from the centre's profile."""
    found = []
    for alignment in etree.parse(path).iter(f"{LANDXML}Alignment"):
        lines = alignment.findall(f"{LANDXML}CoordGeom/{LANDXML}Line")
        ends = [
            _numbers(line.find(f"{LANDXML}{end}")) for line in lines for end in ("Start", "End")
        ]
        plan = np.array([ends[0], *ends[1::2]])
        courses = {c.get("name"): c for c in alignment.iter(f"{LANDXML}ProfAlign")}
        profile = np.array([_numbers(p) for p in courses["centre"].iter(f"{LANDXML}PVI")])
        shape = np.column_stack((plan[:, 1], plan[:, 0], profile[:, 1]))
        found.append((_properties(alignment), shape))
    return found


def landxml_points(path: Path, layer: str) -> Features:
    """Read stations or fittings, each with the feature that it names."""
    root = etree.parse(path)
    features = {f.get("name"): f for f in root.iter(f"{LANDXML}Feature")}
    return [
        (_values(features[p.get("featureRef")]), np.array(_numbers(p))[None, [1, 0, 2]])
        for p in root.iter(f"{LANDXML}CgPoint")
        if p.get("code") == layer
    ]


def _properties(element: Any) -> dict[str, str]:
    return _values(element.find(f"{LANDXML}Feature"))


def _values(feature: Any) -> dict[str, str]:
    return {p.get("label"): p.get("value") for p in feature.iter(f"{LANDXML}Property")}


def _numbers(element: Any) -> list[float]:
    return [float(number) for number in element.text.split()]


def _none(encoded: Any, columns: Any) -> Any:
    return [None] * len(columns[0]) if encoded is None else encoded


def _rows(names: Any, columns: Any) -> Iterator[dict[str, Any]]:
    for values in zip(*columns, strict=True):
        yield {
            str(name): value.item() if isinstance(value, np.generic) else value
            for name, value in zip(names, values, strict=True)
            if value is not None and value == value  # noqa: PLR0124 - not a number
        }


def _positions(geometry: Any) -> Any:
    if geometry is None:
        return None
    nested = {"Point": lambda c: [c], "Polygon": lambda c: c[0]}
    unwrap: Callable[[Any], Any] = nested.get(geometry["type"], lambda c: c)
    return np.array(unwrap(geometry["coordinates"]))


def _groups(tags: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    inside: list[Any] = []
    for code, value in tags:
        if (code, value) == (1002, "{"):
            inside = []
        elif (code, value) == (1002, "}"):
            name, *parts = inside
            text = all(isinstance(part, str) for part in parts)
            values[name] = "".join(parts) if text else parts[0]
        else:
            inside.append(value)
    return values


def _vertices(entity: Any) -> Any:
    match entity.dxftype():
        case "POINT":
            return np.array([entity.dxf.location])
        case "LWPOLYLINE":
            ring = np.array(list(entity.vertices()))
            return np.vstack((ring, ring[:1]))
        case _:
            return np.array([tuple(v.dxf.location) for v in entity.vertices])
