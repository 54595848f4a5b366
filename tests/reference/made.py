"""The same line, along the pipe of the made site, in every format."""

import json
from itertools import pairwise

import ezdxf
import numpy as np
from factories import EASTING_M, GROUND_Z_M, NORTHING_M

from twin_pipeline.crs import CrsOptions, record_from_wkt, resolve

ORIGIN = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])
LINE = ORIGIN + np.array([[-1.0, -0.2, -1.31], [4.0, 1.05, -1.33], [11.0, 2.8, -1.36]])
"""Easting, northing, level of the centre."""


def shifted(east=0.0, north=0.0, up=0.0):
    return LINE + np.array([east, north, up])


def georeference(crs="EPSG:6677", vertical="jgd2011"):
    options = CrsOptions(crs=crs, vertical=vertical, axis_order="en")
    return resolve(record_from_wkt(""), options, ORIGIN - 20.0, ORIGIN + 20.0, "made")


def write_csv(path, line=LINE, header="easting,northing,centre_z_m", extra=None, encoding="utf-8"):
    rows = [",".join(f"{value:.4f}" for value in vertex) for vertex in line]
    if extra is not None:
        rows = [f"{row},{more}" for row, more in zip(rows, extra, strict=True)]
    path.write_bytes(("\r\n".join([header, *rows]) + "\r\n").encode(encoding))
    return path


def write_geojson(path, line=LINE, *, crs=None, name="設計 L1"):
    document = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": name},
                "geometry": {"type": "LineString", "coordinates": np.asarray(line).tolist()},
            }
        ],
    }
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def write_dxf(path, line=LINE, *, units=6, split=False, layer="DESIGN"):
    drawing = ezdxf.new("R2010")
    drawing.header["$INSUNITS"] = units
    scale = {6: 1.0, 4: 1000.0}.get(units, 1.0)
    space = drawing.modelspace()
    vertices = [tuple(vertex * scale) for vertex in np.asarray(line)]
    if split:
        space.add_line(vertices[2], vertices[1], dxfattribs={"layer": layer})
        space.add_line(vertices[0], vertices[1], dxfattribs={"layer": layer})
    else:
        space.add_polyline3d(vertices, dxfattribs={"layer": layer})
    space.add_text("a label", dxfattribs={"layer": layer})
    drawing.saveas(path)
    return path


def write_landxml(path, line=LINE, *, system='horizontalCoordinateSystemName="9(X,Y)"', extra=""):
    steps = np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1)
    stations = np.concatenate(([0.0], np.cumsum(steps)))
    lines = "".join(
        f"<Line><Start>{a[1]:.6f} {a[0]:.6f}</Start><End>{b[1]:.6f} {b[0]:.6f}</End></Line>"
        for a, b in pairwise(line)
    )
    levels = "".join(
        f"<PVI>{at:.6f} {vertex[2]:.6f}</PVI>" for at, vertex in zip(stations, line, strict=True)
    )
    path.write_text(
        f"""<?xml version="1.0" encoding="UTF-8"?>
<LandXML xmlns="http://www.landxml.org/schema/LandXML-1.2" version="1.2">
<Units><Metric linearUnit="meter" areaUnit="squareMeter" volumeUnit="cubicMeter"
 temperatureUnit="celsius" pressureUnit="HPA"/></Units>
<CoordinateSystem name="CRS1" {system} verticalDatum="T.P"/>
<Alignments><Alignment name="L1" length="12" staStart="0"><CoordGeom>{lines}</CoordGeom>
<Profile><ProfAlign name="P">{levels}</ProfAlign></Profile></Alignment></Alignments>{extra}
</LandXML>""",
        encoding="utf-8",
    )
    return path
