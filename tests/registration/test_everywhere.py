"""A scan on control points with A.P. heights, in every file that a run and its exports write."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
import pyogrio
import pytest
import shapely
from pydantic import SecretStr

from tests.crs.known import tile_end
from tests.export import readers
from tests.postgis.conftest import cluster, dsn  # noqa: F401 - fixtures
from tests.registration.made import TARGETS, scanner_frame, write_targets
from tests.registration.test_scans import moved
from twin_pipeline import batch, exporting
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.progress import Progress
from twin_pipeline.registration import RegistrationOptions

ABOVE_TP_M = 1.1344
MILLIMETRE = 1e-3
FORMATS = (
    "gpkg", "geojson", "shapefile", "shapefile-cp932", "flatgeobuf", "geoparquet", "kml", "kmz",
    "dxf", "landxml", "sxf", "csv", "citygml", "ifc",
)  # fmt: skip


@dataclass(frozen=True)
class Finished:
    folder: Path
    result: SiteResult
    line: np.ndarray
    """(K, 3) the pipe's centreline, easting, northing, A.P."""

    def export(self, *names, **options):
        config = Config(export=ExportOptions(**options))
        exporting.export(self.folder, names, config, lambda _: None, overwrite=True)
        return self.folder / "export"


@pytest.fixture(scope="module")
def finished(tmp_path_factory, sample_scan):
    """Return a run of a scan in its scanner's frame, its control points in zone IX and A.P."""
    folder = tmp_path_factory.mktemp("everywhere")
    scan, _ = moved(folder / "own.laz", sample_scan)
    known = TARGETS + np.array([0.0, 0.0, ABOVE_TP_M])
    gcp = write_targets(folder / "gcp.csv", known, scanner_frame()(TARGETS))
    crs = CrsOptions(default_crs="EPSG:6677", vertical="ap", axis_order="en")
    config = Config(crs=crs, registration=RegistrationOptions(gcp=str(gcp)))
    summary = batch.run_batch([scan], folder / "out", config, Progress())
    (result,) = summary.results
    made = Finished(folder / "out", result, result.survey.pipes[0].centreline)
    made.export(*FORMATS)
    return made


def only(folder, pattern):
    found = [path for path in sorted(folder.rglob(pattern)) if "codelists" not in path.parts]
    return found[0]


def lonlat(finished):
    return finished.result.georeference.to_geographic(finished.line)


def same(found, line, tolerance=MILLIMETRE):
    assert found.shape == line.shape
    assert np.abs(found - line).max() < tolerance


def on_earth(found, finished, heights):
    """Hold longitude, latitude, height against the pipe: degrees to a millimetre on the ground."""
    wanted = np.column_stack((lonlat(finished)[:, :2], heights))
    same(found * [90e3, 111e3, 1.0], wanted * [90e3, 111e3, 1.0])


def test_the_run_lies_where_the_control_points_have_it(finished, sample_truth):
    (truth,) = sample_truth["pipes"]
    crowns = np.sort([finished.result.survey.pipes[0].crown_z_start_m,
                      finished.result.survey.pipes[0].crown_z_end_m])  # fmt: skip
    wanted = np.sort([truth["crown_z_m"][0], truth["crown_z_m"][-1]]) + ABOVE_TP_M
    assert np.abs(crowns - wanted).max() < 0.02
    record = json.loads((finished.folder / "run.json").read_text("utf-8"))
    assert record["crs"]["vertical"]["value"] == "ap"
    assert record["crs"]["elevation_above_geoid_m"] == ABOVE_TP_M


@pytest.mark.parametrize(
    "pattern", ["gpkg/*.gpkg", "shapefile/**/pipes*.shp", "shapefile-cp932/**/pipes*.shp",
                "flatgeobuf/**/pipes*.fgb"],
)  # fmt: skip
def test_files_of_gdal(finished, pattern):
    path = next(path for path in sorted((finished.folder / "export").glob(pattern)))
    layer = "pipes" if path.suffix == ".gpkg" else None
    same(readers.with_gdal(path, layer)[0][1], finished.line)
    assert "6677" in (pyogrio.read_info(path, layer=layer)["crs"] or "6677")


def test_the_run_s_own_files(finished):
    same(readers.with_gdal(finished.folder / "pipes.gpkg", "pipes")[0][1], finished.line)
    on_earth(
        readers.geojson(finished.folder / "pipes.geojson")[0][1], finished, lonlat(finished)[:, 2]
    )
    with (finished.folder / "stations.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    names = ("easting_m", "northing_m", "centre_z_m")
    found = np.array([[float(row[name]) for name in names] for row in rows])
    same(found, finished.result.survey.pipes[0].stations.centre)


def test_parquet_and_geojson(finished):
    folder = finished.folder / "export"
    same(readers.with_duckdb(only(folder / "geoparquet", "pipes*.parquet"))[0][1], finished.line)
    found = readers.geojson(only(folder / "geojson", "pipes*.geojson"))[0][1]
    on_earth(found, finished, lonlat(finished)[:, 2])


def test_kml_is_above_the_sea(finished):
    for name in ("kml", "kmz"):
        path = only(finished.folder / "export" / name, f"*.{name}")
        found = readers.with_gdal(path, "管路 / pipes")[0][1]
        on_earth(found, finished, finished.line[:, 2] - ABOVE_TP_M)


def test_drawings(finished):
    folder = finished.folder / "export"
    same(readers.dxf(only(folder / "dxf", "*.dxf"), "pipes")[0][1], finished.line)


def test_sxf_is_the_plan(finished):
    pytest.importorskip("ezsxf")
    from tests.export.test_sxf import features, numbers

    plan = finished.line[:, :2]
    lines = [
        np.column_stack((numbers(feature[-2]), numbers(feature[-1]))) / 1000
        for feature in features(only(finished.folder / "export", "*.sfc"), "polyline_feature")
    ]
    near = [line for line in lines if line.shape == plan.shape]
    assert min(np.abs(line - plan).max() for line in near) < MILLIMETRE


def test_landxml(finished):
    path = only(finished.folder / "export" / "landxml", "*.xml")
    same(readers.landxml_alignments(path)[0][1], finished.line)


def test_citygml_is_above_tp(finished):
    from lxml import etree

    path = only(finished.folder / "export" / "citygml", "*.gml")
    shape = next(etree.parse(path).iter("{*}thematicShape"))
    found = np.array(next(shape.iter("{*}posList")).text.split(), dtype=float).reshape(-1, 3)
    same(found[:, [1, 0, 2]], finished.line - [0.0, 0.0, ABOVE_TP_M])


def test_ifc(finished):
    ifcopenshell = pytest.importorskip("ifcopenshell")
    from tests.export.test_ifc import axis_of, on_map

    file = ifcopenshell.open(str(only(finished.folder / "export" / "ifc", "*.ifc")))
    (crs,) = file.by_type("IfcProjectedCRS")
    assert "A.P." in crs.VerticalDatum
    (segment,) = file.by_type("IfcPipeSegment")
    same(on_map(file, axis_of(segment)), finished.line)


def test_tiles(finished):
    (tileset,) = (finished.folder / "tiles" / "pipes").rglob("tileset.json")
    end = tile_end(tileset.parent, finished.result)
    assert np.linalg.norm(end - finished.result.georeference.to_ecef(finished.line[:1])[0]) < 1e-3


def test_postgis(finished, dsn):  # noqa: F811 - the fixture
    finished.export("postgis", dsn=SecretStr(dsn))
    with psycopg.connect(dsn) as connection:
        ((shape, code),) = connection.execute(
            "SELECT ST_AsBinary(geom), ST_SRID(geom) FROM twin_pipeline.pipes"
        ).fetchall()
    assert code == 6677
    same(shapely.get_coordinates(shapely.from_wkb(bytes(shape)), include_z=True), finished.line)
