"""One known point, as the real outputs of a run have it."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
from lxml import etree

from tests.export import readers
from tests.factories import make_pipe, make_result, make_survey
from tests.tiles.reading import read_tiles
from twin_pipeline.crs import CrsOptions, CrsRecord, resolve
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.further import write_format
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.write import write_attributes
from twin_pipeline.tiles import write_pipe_tiles

POINT = np.array([-12818.761, -34428.095, 40.0])
FURTHER = ("shapefile", "flatgeobuf", "kml", "dxf", "landxml", "citygml")


def result(point=POINT, **options) -> SiteResult:
    given = CrsOptions(
        **({"crs": "EPSG:6677", "vertical": "jgd2011", "axis_order": "en"} | options)
    )
    georeference = resolve(CrsRecord(), given, point - 5, point + 5, "known point")
    pipe = make_pipe("P1")
    shift = point - pipe.centreline[0]
    stations = replace(pipe.stations, centre=pipe.stations.centre + shift)
    moved = replace(pipe, centreline=pipe.centreline + shift, stations=stations, fittings=())
    survey = make_survey("known", pipes=(moved,), trench=())
    return make_result(survey, georeference=georeference)


def outputs(folder: Path, **options) -> dict[str, np.ndarray]:
    """Return, by output, the first point of the pipe as it stands in the file."""
    return written(result(**options), folder)


def written(made: SiteResult, folder: Path, further=FURTHER) -> dict[str, np.ndarray]:
    """Return the same of a result, in the run's own outputs and in `further` formats."""
    write_attributes([made], folder)
    write_pipe_tiles(made.survey, made.georeference, folder / "tiles")
    for name in further:
        write_format(name, [made], folder / name, ExportOptions(), lambda _: None)
    return {name: read(folder, made) for name, read in _READ.items() if _made(name, further)}


def _made(name: str, further) -> bool:
    return name not in FURTHER or name in further


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
    there = read_tiles(folder / "tileset.json")[0].ecef
    (pipe,) = made.survey.pipes
    end = made.georeference.to_ecef(pipe.centreline[:1])[0]
    rim = there[np.linalg.norm(there - end, axis=1) < pipe.outer_diameter_m * 0.51]
    return np.unique(np.round(rim, 6), axis=0).mean(axis=0)


_READ = {
    "pipes.gpkg": lambda at, _: readers.with_gdal(at / "pipes.gpkg", "pipes")[0][1][0],
    "pipes.geojson": lambda at, _: readers.geojson(at / "pipes.geojson")[0][1][0],
    "stations.csv": lambda at, _: _station(at / "stations.csv"),
    "tiles": lambda at, made: tile_end(at / "tiles", made),
    "shapefile": lambda at, _: readers.with_gdal(_only(at / "shapefile", "pipes*.shp"))[0][1][0],
    "flatgeobuf": lambda at, _: readers.with_gdal(_only(at / "flatgeobuf", "pipes*.fgb"))[0][1][0],
    "kml": lambda at, _: readers.with_gdal(_only(at / "kml", "*.kml"), "管路 / pipes")[0][1][0],
    "dxf": lambda at, _: readers.dxf(_only(at / "dxf", "*.dxf"), "pipes")[0][1][0],
    "landxml": lambda at, _: _landxml(_only(at / "landxml", "*.xml")),
    "citygml": lambda at, _: _citygml(_only(at / "citygml", "*.gml")),
}
