"""KML and KMZ: pipes below the ground at their heights above sea level.

KML counts absolute altitudes from the sea level of EGM96. Elevations above T.P., as they are
written, differ from that by some decimetres; ellipsoidal heights would by 37 m in Tokyo. Viewers
with a terrain hide what lies below it, so the centrelines stand a second time on the surface.
"""

import html
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.export.attributes import Field, FieldKind, GeometryKind, Layer
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import staged
from twin_pipeline.export.rows import Row, Table, Value
from twin_pipeline.export.xml import Element, child, document, new_root, write_xml
from twin_pipeline.model import FloatArray

NAMESPACE = "http://www.opengis.net/kml/2.2"
_TYPES = {
    FieldKind.TEXT: "string",
    FieldKind.INTEGER: "int",
    FieldKind.REAL: "double",
    FieldKind.BOOLEAN: "bool",
}
_STYLES = {
    "pipes": "ffc5630b",
    "surface": "99c5630b",
    "stations": "ff3b3b3b",
    "fittings": "ff1f78e0",
    "trench": "66808080",
}
"""Colours as KML has them: opacity, blue, green, red."""
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def write_kml(dataset: Dataset, folder: Path) -> list[Path]:
    """Write pipes.kml into `folder`."""
    return [write_xml(folder / "pipes.kml", _kml(dataset))]


def write_kmz(dataset: Dataset, folder: Path) -> list[Path]:
    """Write pipes.kmz into `folder`; equal results give equal bytes."""
    path = folder / "pipes.kmz"
    with staged(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("doc.kml", _ZIP_DATE)
        archive.writestr(entry, document(_kml(dataset)), zipfile.ZIP_DEFLATED)
    return [path]


def _kml(dataset: Dataset) -> Element:
    root = new_root("kml", NAMESPACE)
    top = child(root, "Document")
    child(top, "name", "水道管路 / Surveyed water pipes")
    for name, colour in _STYLES.items():
        _style(top, name, colour)
    tables = [t for t in dataset.tables() if t.layer.geometry is not GeometryKind.NONE]
    for table in tables:
        _folder(top, table, table.layer.name, f"{table.layer.alias_ja} / {table.layer.name}")
    _folder(top, tables[0], "surface", "管路（地表に投影） / pipes on the surface")
    return root


def _style(parent: Element, name: str, colour: str) -> None:
    style = child(parent, "Style", attributes={"id": name})
    icon = child(style, "IconStyle")
    child(icon, "color", colour)
    child(icon, "scale", "0.5")
    line = child(style, "LineStyle")
    child(line, "color", colour)
    child(line, "width", "4")
    child(child(style, "PolyStyle"), "color", colour)
    # The default balloon would show names and values as HTML.
    child(child(style, "BalloonStyle"), "text", "$[description]")


def _schema(parent: Element, layer: Layer, name: str) -> None:
    schema = child(parent, "Schema", attributes={"name": name, "id": f"schema_{name}"})
    for spec in layer.fields:
        typed = {"name": spec.name, "type": _TYPES[spec.kind]}
        child(child(schema, "SimpleField", attributes=typed), "displayName", _title(spec))


def _title(spec: Field) -> str:
    return f"{spec.alias_ja} [{spec.unit}]" if spec.unit else spec.alias_ja


def _folder(parent: Element, table: Table, style: str, title: str) -> None:
    # A document of its own, as readers of KMZ look for the schema in the layer's own.
    folder = child(parent, "Document")
    child(folder, "name", title)
    _schema(folder, table.layer, style)
    for row, shape in zip(table.rows, table.shapes, strict=True):
        _placemark(folder, table.layer, row, shape, style)


def _placemark(parent: Element, layer: Layer, row: Row, shape: FloatArray, style: str) -> None:
    placemark = child(parent, "Placemark")
    child(placemark, "name", _name(layer, row))
    child(placemark, "description", _description(layer, row))
    child(placemark, "styleUrl", f"#{style}")
    data = child(child(placemark, "ExtendedData"), "SchemaData",
                 attributes={"schemaUrl": f"#schema_{style}"})  # fmt: skip
    for spec, value in zip(layer.fields, row, strict=True):
        if value is not None:
            child(data, "SimpleData", _text(value), {"name": spec.name})
    _geometry(placemark, layer.geometry, shape, on_surface=style == "surface")


def _name(layer: Layer, row: Row) -> str:
    """Return the name shown on the map: of a pipe its id, of a station its chainage too."""
    values = {spec.name: value for spec, value in zip(layer.fields, row, strict=True)}
    parts: list[Any] = [values.get("pipe_id", values["site"])]
    if "chainage_m" in values:
        parts.append(f"{values['chainage_m']:.2f} m")
    if "kind" in values:
        parts.append(values["kind"])
    return " ".join(map(str, parts))


def _description(layer: Layer, row: Row) -> str:
    """Return a table in HTML with every text escaped."""
    cells = "".join(
        f"<tr><th align='left'>{html.escape(_title(spec))}</th>"
        f"<td>{html.escape(_shown(spec, value))}</td></tr>"
        for spec, value in zip(layer.fields, row, strict=True)
        if value is not None
    )
    return f"<table>{cells}</table>"


def _shown(spec: Field, value: Value) -> str:
    return f"{value:.{spec.decimals}f}" if isinstance(value, float) else _text(value)


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _geometry(parent: Element, kind: GeometryKind, shape: FloatArray, *, on_surface: bool) -> None:
    if kind is GeometryKind.POLYGON:
        polygon = child(parent, "Polygon")
        child(polygon, "altitudeMode", "clampToGround")
        ring = child(child(polygon, "outerBoundaryIs"), "LinearRing")
        child(ring, "coordinates", _coordinates(shape))
        return
    geometry = child(parent, "LineString" if kind is GeometryKind.LINE else "Point")
    if on_surface:
        child(geometry, "tessellate", "1")
    child(geometry, "altitudeMode", "clampToGround" if on_surface else "absolute")
    child(geometry, "coordinates", _coordinates(shape[:, :2] if on_surface else shape))


def _coordinates(shape: FloatArray) -> str:
    """Return longitude,latitude[,height] to a tenth of a millimetre."""
    return " ".join(
        ",".join([f"{lon:.9f}", f"{lat:.9f}", *(f"{height:z.4f}" for height in heights)])
        for lon, lat, *heights in np.atleast_2d(shape).tolist()
    )
