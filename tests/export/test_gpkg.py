"""pipes.gpkg opens everywhere and says what the survey says."""

import re
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pyogrio
import pyogrio.raw
import pytest
import shapely
from factories import LOCAL, FakeGeoreference, make_empty_survey, make_result, make_survey
from lxml import etree

from twin_pipeline.errors import OutputError
from twin_pipeline.export.attributes import LAYERS, FieldKind
from twin_pipeline.export.gpkg import share_crs, write_gpkg
from twin_pipeline.export.rows import pipes_table, stations_table, trench_table

OGR_TYPES = {
    FieldKind.TEXT: ("OFTString", "OFSTNone"),
    FieldKind.INTEGER: ("OFTInteger64", "OFSTNone"),
    FieldKind.REAL: ("OFTReal", "OFSTNone"),
    FieldKind.BOOLEAN: ("OFTInteger", "OFSTBoolean"),
}


@pytest.fixture
def path(tmp_path, results):
    return write_gpkg(results, tmp_path / "pipes.gpkg")


def query(path, sql):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def geometries(path, layer):
    return shapely.from_wkb(pyogrio.raw.read(path, layer=layer)[2])


@pytest.mark.parametrize("make", [make_survey, make_empty_survey])
def test_layers_and_fields_are_the_schemas(tmp_path, make):
    path = write_gpkg([make_result(make())], tmp_path / "pipes.gpkg")
    names = [name for name, _ in pyogrio.list_layers(path)]
    extra = {"layer_styles", "pipes_stations", "pipes_fittings"}
    assert names[: len(LAYERS)] == [layer.name for layer in LAYERS]
    assert set(names[len(LAYERS) :]) == extra
    for layer in LAYERS:
        info = pyogrio.read_info(path, layer=layer.name)
        assert info["fields"].tolist() == [spec.name for spec in layer.fields]
        types = zip(info["ogr_types"], info["ogr_subtypes"], strict=True)
        assert list(types) == [OGR_TYPES[spec.kind] for spec in layer.fields]
        assert (info["geometry_type"] or "") == layer.geometry.value


def test_database_is_sound_and_a_geopackage(path):
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "PRAGMA foreign_key_check") == []
    assert query(path, "PRAGMA application_id") == [(int.from_bytes(b"GPKG"),)]
    tables = {name for (name,) in query(path, "SELECT table_name FROM gpkg_extensions")}
    assert {"gpkg_data_columns", "gpkg_data_column_constraints"} <= tables


def test_geometry_is_the_surveys_to_a_millimetre(path, results):
    for table in (pipes_table(results), stations_table(results), trench_table(results)):
        written = geometries(path, table.layer.name)
        assert len(written) == len(table.shapes) > 0
        for geometry, shape in zip(written, table.shapes, strict=True):
            coordinates = shapely.get_coordinates(geometry, include_z=shape.shape[-1] == 3)
            assert np.abs(coordinates - np.atleast_2d(shape)).max() < 0.001


def test_attributes_and_nulls_are_the_surveys(path, results):
    expected = pipes_table(results)
    names = ", ".join(f'"{spec.name}"' for spec in expected.layer.fields)
    rows = query(path, f"SELECT {names} FROM pipes ORDER BY fid")  # noqa: S608 - our own names
    assert rows == list(expected.rows)
    assert [row[6] for row in rows] == [200, 100, None]


def test_station_nulls_and_booleans(path):
    rows = query(path, "SELECT observed, outer_diameter_m IS NULL, offset_m FROM stations")
    assert {row[:2] for row in rows} == {(1, 0), (0, 1)}
    assert {row[2] for row in rows} == {None}


def test_crs_is_the_scans_with_easting_first(path, result):
    for layer in ("pipes", "stations", "fittings", "trench"):
        assert pyogrio.read_info(path, layer=layer)["crs"] == "EPSG:6677"
    easting, northing, _ = result.survey.pipes[0].centreline[0]
    west, south, *_ = pyogrio.read_info(path, layer="pipes")["total_bounds"]
    assert (west, south) == pytest.approx((easting, northing), abs=1e-6)


@pytest.mark.parametrize(
    ("epsg", "horizontal", "wanted"),
    [(10170, 6677, "EPSG:10170"), (99999, 6677, "EPSG:6677")],
)
def test_a_code_unknown_to_gdal_gives_way_to_the_horizontal_one(tmp_path, epsg, horizontal, wanted):
    result = make_result(georeference=FakeGeoreference(epsg, horizontal))
    path = write_gpkg([result], tmp_path / "pipes.gpkg")
    assert pyogrio.read_info(path, layer="pipes")["crs"] == wanted


def test_an_unregistered_system_is_written_as_wkt(tmp_path):
    wkt = (
        'PROJCS["own",GEOGCS["JGD2011",DATUM["Japanese_Geodetic_Datum_2011",'
        'SPHEROID["GRS 1980",6378137,298.257222101]],PRIMEM["Greenwich",0],'
        'UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["latitude_of_origin",35.5],PARAMETER["central_meridian",139.5],'
        'PARAMETER["scale_factor",1],PARAMETER["false_easting",0],'
        'PARAMETER["false_northing",0],UNIT["metre",1]]'
    )
    result = make_result(georeference=FakeGeoreference(None, None, wkt))
    path = write_gpkg([result], tmp_path / "pipes.gpkg")
    assert 'PROJCS["own"' in pyogrio.read_info(path, layer="pipes")["crs"]


def test_local_scans_are_in_the_undefined_cartesian_system(tmp_path):
    path = write_gpkg([make_result(georeference=LOCAL)], tmp_path / "pipes.gpkg")
    assert query(path, "SELECT DISTINCT srs_id FROM gpkg_geometry_columns") == [(-1,)]


def test_sites_in_different_systems_meet_in_longitude_and_latitude(tmp_path):
    first, second = (
        make_result(make_survey("a")),
        make_result(make_survey("b"), georeference=FakeGeoreference(6676, 6676)),
    )
    assert not share_crs([first, second])
    path = write_gpkg([first, second], tmp_path / "pipes.gpkg")
    assert pyogrio.read_info(path, layer="trench")["crs"] == "EPSG:4326"
    pipe = first.survey.pipes[0]
    expected = first.georeference.to_geographic(pipe.centreline)
    written = shapely.get_coordinates(geometries(path, "pipes")[0], include_z=True)
    assert written[:, :2] == pytest.approx(expected[:, :2], abs=1e-9)
    assert written[:, 2] == pytest.approx(pipe.centreline[:, 2], abs=1e-9)
    eastings = query(path, "SELECT easting_m FROM stations WHERE site = 'a'")
    assert eastings[0][0] == pipe.stations.centre[0, 0]


def test_columns_have_titles_and_units(path):
    rows = query(
        path, "SELECT title, description FROM gpkg_data_columns WHERE column_name='cover_m'"
    )
    assert rows == [("土被り", "ground minus crown [m]")]
    assert len(query(path, "SELECT * FROM gpkg_data_columns")) == sum(len(x.fields) for x in LAYERS)


def test_relations_lead_from_a_pipe_to_its_stations_and_fittings(path, results):
    relations = query(
        path,
        "SELECT base_table_name, related_table_name, relation_name, mapping_table_name"
        " FROM gpkgext_relations",
    )
    assert relations == [
        ("pipes", "stations", "features", "pipes_stations"),
        ("pipes", "fittings", "features", "pipes_fittings"),
    ]
    registered = query(
        path, "SELECT table_name FROM gpkg_extensions WHERE extension_name='gpkg_related_tables'"
    )
    assert set(registered) == {("gpkgext_relations",), ("pipes_stations",), ("pipes_fittings",)}
    for pipe in results[0].survey.pipes:
        for table, wanted in (("stations", len(pipe.stations)), ("fittings", len(pipe.fittings))):
            rows = query(
                path,
                f"SELECT r.pipe_id, r.site FROM pipes JOIN pipes_{table} ON base_id = pipes.fid"  # noqa: S608
                f" JOIN {table} AS r ON related_id = r.fid WHERE pipes.pipe_id = '{pipe.pipe_id}'",
            )
            assert rows == [(pipe.pipe_id, results[0].survey.site)] * wanted


def test_styles_are_where_qgis_looks_and_name_every_field(path):
    rows = query(
        path,
        "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        " WHERE f_table_catalog = '' AND f_table_schema = ''",
    )
    spatial = [layer for layer in LAYERS if layer.geometry.value]
    assert [table for table, _, default, _ in rows if default] == [x.name for x in spatial]
    assert {geometry for _, geometry, _, _ in rows} == {"geom"}
    fields = {layer.name: [spec.name for spec in layer.fields] for layer in spatial}
    for table, _, _, qml in rows:
        root = etree.fromstring(qml)
        assert [alias.get("field") for alias in root.iter("alias")] == fields[table]
        names = {alias.get("field"): alias.get("name") for alias in root.iter("alias")}
        assert names["site"] == "現場"
        symbols = {symbol.get("name") for symbol in root.iter("symbol")}
        assert symbols == {rule.get("symbol") for rule in root.iter("rule")} - {None}
        used = set(re.findall(r'"(\w+)"', " ".join(r.get("filter") for r in root.iter("rule"))))
        assert used <= set(fields[table])
    aliases = etree.fromstring(rows[0][3]).iter("alias")
    assert {a.get("name") for a in aliases} >= {"管種", "呼び径 [mm]", "土被り最小 [m]", "布設年度"}


def test_equal_results_give_equal_bytes(tmp_path, results):
    first = write_gpkg(results, tmp_path / "a.gpkg").read_bytes()
    second = write_gpkg(results, tmp_path / "b.gpkg").read_bytes()
    assert first.replace(b"a.gpkg", b"b.gpkg") == second
    dates = query(tmp_path / "a.gpkg", "SELECT DISTINCT last_change FROM gpkg_contents")
    assert dates == [("2026-02-14T01:22:05.000Z",)]


def test_names_from_files_stay_text(tmp_path):
    name = "x'); DROP TABLE pipes;--\"<b>\ud800"
    survey = make_survey(name)
    path = write_gpkg([make_result(survey)], tmp_path / "pipes.gpkg")
    assert query(path, "SELECT DISTINCT site FROM stations") == [(name[:-1] + "\ufffd",)]


def test_no_sites_at_all(tmp_path):
    path = write_gpkg([], tmp_path / "pipes.gpkg")
    names = [name for name, _ in pyogrio.list_layers(path)]
    extra = {"layer_styles", "pipes_stations", "pipes_fittings"}
    assert names[: len(LAYERS)] == [layer.name for layer in LAYERS]
    assert set(names[len(LAYERS) :]) == extra


def test_a_missing_folder_is_an_output_error_and_leaves_nothing(tmp_path, result):
    with pytest.raises(OutputError, match="can't be written"):
        write_gpkg([result], tmp_path / "none" / "pipes.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_file(tmp_path, result):
    path = write_gpkg([result], tmp_path / "pipes.gpkg")
    before = path.read_bytes()
    broken = replace(result, georeference=FakeGeoreference(None, None, "no system"))
    with pytest.raises(OutputError):
        write_gpkg([broken], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_how_often_the_file_was_changed_does_not_show(tmp_path, result):
    path = write_gpkg([result], tmp_path / "pipes.gpkg")
    header = path.read_bytes()[:100]
    assert (header[24:28], header[92:96]) == (b"\x00\x00\x00\x01",) * 2
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
