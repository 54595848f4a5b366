"""One known point, as the real outputs of a run have it."""

import csv
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
from lxml import etree

from tests.export import readers
from tests.factories import make_pipe, make_result, make_survey
from twin_pipeline.crs import CrsOptions, CrsRecord, resolve
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.further import write_format
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.write import write_attributes
from twin_pipeline.tiles import write_pipe_tiles

POINT = np.array([-12818.761, -34428.095, 40.0])
FURTHER = ("shapefile", "flatgeobuf", "kml", "dxf", "landxml", "citygml")


def result(**options) -> SiteResult:
    given = CrsOptions(
        **({"crs": "EPSG:6677", "vertical": "jgd2011", "axis_order": "en"} | options)
    )
    georeference = resolve(CrsRecord(), given, POINT - 5, POINT + 5, "known point")
    pipe = make_pipe("P1")
    shift = POINT - pipe.centreline[0]
    stations = replace(pipe.stations, centre=pipe.stations.centre + shift)
    moved = replace(pipe, centreline=pipe.centreline + shift, stations=stations, fittings=())
    survey = make_survey("known", pipes=(moved,), trench=())
    return make_result(survey, georeference=georeference)


def outputs(folder: Path, **options) -> dict[str, np.ndarray]:
    """Return, by output, the first point of the pipe as it stands in the file."""
    made = result(**options)
    write_attributes([made], folder)
    write_pipe_tiles(made.survey, made.georeference, folder / "tiles")
    for name in FURTHER:
        write_format(name, [made], folder / name, ExportOptions(), lambda _: None)
    return {
        "pipes.gpkg": readers.with_gdal(folder / "pipes.gpkg", "pipes")[0][1][0],
        "pipes.geojson": readers.geojson(folder / "pipes.geojson")[0][1][0],
        "stations.csv": _station(folder / "stations.csv"),
        "tiles": tile_end(folder / "tiles", made),
        "shapefile": readers.with_gdal(_only(folder / "shapefile", "pipes*.shp"))[0][1][0],
        "flatgeobuf": readers.with_gdal(_only(folder / "flatgeobuf", "pipes*.fgb"))[0][1][0],
        "kml": readers.with_gdal(_only(folder / "kml", "*.kml"), "管路 / pipes")[0][1][0],
        "dxf": readers.dxf(_only(folder / "dxf", "*.dxf"), "pipes")[0][1][0],
        "landxml": _landxml(_only(folder / "landxml", "*.xml")),
        "citygml": _citygml(_only(folder / "citygml", "*.gml")),
    }


def _only(folder: Path, pattern: str) -> Path:
    return next(path for path in sorted(folder.rglob(pattern)) if "codelists" not in path.parts)


def _station(path: Path) -> np.ndarray:
    with path.open(encoding="utf-8-sig") as file:
        row = next(csv.DictReader(file))
    return np.array([float(row[name]) for name in ("easting_m", "northing_m", "centre_z_m")])


def _landxml(path: Path) -> np.ndarray:
    """Return northing, easting, elevation: the standard's order."""
    start = next(etree.parse(path).iter(f"{readers.LANDXML}Start"))
    elevation = readers.landxml_alignments(path)[0][1][0, 2]
    return np.array([*map(float, start.text.split()[:2]), elevation])


def _citygml(path: Path) -> np.ndarray:
    """Return X = north, Y = east, H: the order of EPSG:10170."""
    shape = next(etree.parse(path).iter("{*}thematicShape"))
    text = next(shape.iter("{*}posList")).text
    return np.array(text.split()[:3], dtype=float)


def tile_end(folder: Path, made: SiteResult) -> np.ndarray:
    """Return the middle of the pipe's end in the solid, earth-centred."""
    tileset = json.loads((folder / "tileset.json").read_text("utf-8"))
    matrix = np.array(tileset["root"]["transform"]).reshape(4, 4).T
    there = _moved(matrix, _vertices(folder / tileset["root"]["content"]["uri"]))
    (pipe,) = made.survey.pipes
    end = made.georeference.to_ecef(pipe.centreline[:1])[0]
    rim = there[np.linalg.norm(there - end, axis=1) < pipe.outer_diameter_m * 0.51]
    return np.unique(np.round(rim, 6), axis=0).mean(axis=0)


def _moved(matrix: np.ndarray, xyz: np.ndarray) -> np.ndarray:
    return (matrix @ np.column_stack((xyz, np.ones(len(xyz)))).T).T[:, :3]


def _vertices(path: Path) -> np.ndarray:
    """Return the solid's vertices in the tile's frame: glTF counts y upwards, tiles z."""
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    made = json.loads(data[20 : 20 + length])
    accessor = made["accessors"][made["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    view = made["bufferViews"][accessor["bufferView"]]
    start = 20 + length + 8 + view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    count, stride = accessor["count"], view.get("byteStride", 12)
    raw = np.frombuffer(data, np.uint8, count * stride, start).reshape(count, stride)
    own = raw[:, :12].copy().view("<f4").astype(float)
    own = own * made["nodes"][0].get("scale", [1, 1, 1]) + made["nodes"][0]["translation"]
    return np.column_stack((own[:, 0], -own[:, 2], own[:, 1]))
