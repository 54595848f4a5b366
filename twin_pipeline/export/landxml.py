"""LandXML 1.2: each pipe as an alignment with its profiles, and all as pipe networks.

Coordinates are northing, easting, elevation, as the standard has them. An alignment keeps every
vertex of the centreline; its stations are horizontal distances, while the schema's chainage runs
along the pipe in space. A network has a node at each fitting, and wherever the centreline leaves
the straight line between nodes by more than half a millimetre. Diameters are the outer ones, and
inverts the underside of the barrel's outside: a scan doesn't see the wall.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from twin_pipeline import __version__
from twin_pipeline.export.attributes import PIPES, Layer, SiteResult
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.landxml_network import append_network
from twin_pipeline.export.rows import (
    Row,
    clean_text,
    fittings_table,
    pipes_table,
    provenance_of,
    stations_table,
)
from twin_pipeline.export.xml import Element, child, new_root, write_xml
from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.crown import crown_rise
from twin_pipeline.model import FloatArray, Pipe

NAMESPACE = "http://www.landxml.org/schema/LandXML-1.2"
_SCHEMA = "http://www.landxml.org/schema/LandXML-1.2/LandXML-1.2.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_FLAT_M = 0.001
"""A pipe shorter than this in plan has no alignment."""


def write_landxml(dataset: Dataset, folder: Path) -> list[Path]:
    """Write pipes.xml into `folder`."""
    root = new_root("LandXML", NAMESPACE, {"xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{NAMESPACE} {_SCHEMA}")
    now = datetime.now(UTC)
    root.set("version", "1.2")
    root.set("date", f"{now:%Y-%m-%d}")
    root.set("time", f"{now:%H:%M:%S}")
    root.set("language", "English")
    _units(root)
    _system(root, dataset)
    _project(root, dataset)
    application = {"name": "twin_pipeline", "version": __version__}
    child(root, "Application", attributes=application)
    alignments = child(root, "Alignments", attributes={"name": "pipes"})
    for result in dataset.results:
        _alignments(alignments, dataset, result)
    points = child(root, "CgPoints", attributes={"name": "stations and fittings"})
    _points(points, dataset)
    networks = child(root, "PipeNetworks", attributes={"name": "water"})
    for result in dataset.results:
        append_network(networks, dataset, result)
    for empty in (alignments, points, networks):
        if len(empty) == 0:
            root.remove(empty)
    return [write_xml(folder / "pipes.xml", root)]


def _units(root: Element) -> None:
    units = {
        "areaUnit": "squareMeter", "linearUnit": "meter", "volumeUnit": "cubicMeter",
        "temperatureUnit": "celsius", "pressureUnit": "HPA", "diameterUnit": "meter",
        "angularUnit": "decimal degrees", "directionUnit": "decimal degrees",
    }  # fmt: skip
    child(child(root, "Units"), "Metric", attributes=units)


def _system(root: Element, dataset: Dataset) -> None:
    target = dataset.target
    stated = {
        "desc": target.name,
        "name": target.name,
        "epsgCode": str(target.horizontal_epsg or ""),
        "ogcWktCode": target.wkt,
        "verticalDatum": target.vertical_name,
    }
    child(root, "CoordinateSystem", attributes={k: clean_text(v) for k, v in stated.items() if v})


def _project(root: Element, dataset: Dataset) -> None:
    sites = ", ".join(clean_text(result.survey.site) for result in dataset.results)
    project = child(root, "Project", attributes={"name": sites or "no site"})
    for result in dataset.results:
        feature = child(project, "Feature", attributes={"code": "provenance"})
        stated = {"site": clean_text(result.survey.site), **provenance_of(result)}
        for label, value in stated.items():
            child(feature, "Property", attributes={"label": label, "value": value})


def _alignments(parent: Element, dataset: Dataset, result: SiteResult) -> None:
    site = clean_text(result.survey.site)
    table = pipes_table([result])
    for pipe, row in zip(result.survey.pipes, table.rows, strict=True):
        line = dataset.place(result, pipe.centreline)
        station = _plan_stations(line)
        if station[-1] < _FLAT_M:
            dataset.warn(
                f"pipes.xml: {pipe.pipe_id} of {site} is vertical and has no alignment; it is in "
                "the pipe network"
            )
            continue
        named = {
            "name": f"{site} {pipe.pipe_id}",
            "desc": pipe.role.value,
            "length": _number(station[-1]),
            "staStart": "0",
        }
        alignment = child(parent, "Alignment", attributes=named)
        _geometry(alignment, line)
        _profile(alignment, pipe, line, dataset.ground(result, pipe), station)
        append_feature(alignment, PIPES, row)


def _geometry(alignment: Element, line: FloatArray) -> None:
    geometry = child(alignment, "CoordGeom")
    for start, end in pairwise(line):
        length = {"length": _number(float(np.hypot(*(end - start)[:2])))}
        piece = child(geometry, "Line", attributes=length)
        child(piece, "Start", northing_first(start))
        child(piece, "End", northing_first(end))


def _profile(
    alignment: Element, pipe: Pipe, line: FloatArray, ground_z_m: FloatArray, station: FloatArray
) -> None:
    profile = child(alignment, "Profile", attributes={"name": alignment.get("name")})
    at = _plan_station_of(pipe, station)
    grounded = np.isfinite(ground_z_m)
    if grounded.sum() > 1:
        ground = child(profile, "ProfSurf", attributes={"name": "ground"})
        child(ground, "PntList2D", _pairs(at[grounded], ground_z_m[grounded]))
    rise_m = crown_rise(line, pipe.outer_diameter_m / 2, polyline.chainage(line))
    for name, off_m in (("centre", 0.0 * rise_m), ("crown", rise_m), ("invert", -rise_m)):
        course = child(profile, "ProfAlign", attributes={"name": name})
        for along, elevation in zip(station, line[:, 2] + off_m, strict=True):
            child(course, "PVI", f"{_number(along)} {_number(elevation)}")


def _plan_stations(line: FloatArray) -> FloatArray:
    """Return the horizontal distance of each vertex from the first, (K,) metres."""
    steps = np.hypot(*np.diff(line[:, :2], axis=0).T)
    return np.concatenate(([0.0], np.cumsum(steps)))


def _plan_station_of(pipe: Pipe, station: FloatArray) -> FloatArray:
    """Return the horizontal distance of each of the pipe's stations, (S,) metres."""
    return np.interp(pipe.stations.chainage_m, polyline.chainage(pipe.centreline), station)


def _points(parent: Element, dataset: Dataset) -> None:
    """Append stations and fittings; a point holds no feature, but names the one that is its."""
    owned = []
    for table in (dataset.table(stations_table), dataset.table(fittings_table)):
        for number, (row, at) in enumerate(zip(table.rows, table.shapes, strict=True), start=1):
            name = f"{table.layer.name}-{number}"
            named = {
                "name": name,
                "code": table.layer.name,
                "desc": f"{row[0]} {row[1]}",
                "featureRef": name,
            }
            child(parent, "CgPoint", northing_first(at), named)
            owned.append((name, table.layer, row))
    for name, layer, row in owned:
        append_feature(parent, layer, row, name)


def append_feature(parent: Element, layer: Layer, row: Row, name: str | None = None) -> None:
    """Append a row of the schema as a feature with a property a field; nothing for no value."""
    named = {} if name is None else {"name": name}
    feature = child(parent, "Feature", attributes={**named, "code": layer.name})
    for spec, value in zip(layer.fields, row, strict=True):
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            child(feature, "Property", attributes={"label": spec.name, "value": text})


def northing_first(at: FloatArray) -> str:
    """Return northing, easting, elevation to a tenth of a millimetre."""
    easting, northing, *elevation = at.tolist()
    return " ".join(_number(value) for value in (northing, easting, *elevation))


def _pairs(along: Sequence[float] | FloatArray, elevation: FloatArray) -> str:
    return " ".join(f"{_number(s)} {_number(z)}" for s, z in zip(along, elevation, strict=True))


def _number(value: float) -> str:
    return f"{value:z.4f}"
