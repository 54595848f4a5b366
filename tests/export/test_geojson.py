"""pipes.geojson is RFC 7946 and carries the pipes layer."""

import json
import re

import pyogrio
import pytest
from factories import LOCAL, make_empty_survey, make_pipe, make_result, make_survey

from twin_pipeline.export.attributes import PIPES
from twin_pipeline.export.geojson import write_geojson


def written(path, results):
    return json.loads(write_geojson(results, path / "pipes.geojson").read_text(encoding="utf-8"))


def test_features_are_the_pipes(tmp_path, results):
    collection = written(tmp_path, results)
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection
    assert [f["properties"]["pipe_id"] for f in collection["features"]] == ["P1", "P2", "P3"]
    for feature in collection["features"]:
        assert list(feature["properties"]) == [spec.name for spec in PIPES.fields]
    assert collection["features"][2]["properties"]["nominal_diameter_mm"] is None
    assert collection["features"][0]["properties"]["outer_diameter_m"] == 0.22


def test_positions_are_longitude_latitude_ellipsoidal_height(tmp_path, result):
    geometry = written(tmp_path, [result])["features"][1]["geometry"]
    expected = result.georeference.to_geographic(result.survey.pipes[1].centreline)
    assert geometry["type"] == "LineString"
    assert geometry["coordinates"] == [pytest.approx(row, abs=1e-4) for row in expected.tolist()]
    lon, lat, height = geometry["coordinates"][0]
    assert (139 < lon < 140, 35 < lat < 36, 60 < height < 75) == (True, True, True)
    assert (lon, lat, height) == (round(lon, 9), round(lat, 9), round(height, 4))


def test_bbox_holds_all_positions(tmp_path, results):
    collection = written(tmp_path, results)
    positions = [p for f in collection["features"] for p in f["geometry"]["coordinates"]]
    columns = list(zip(*positions, strict=True))
    assert collection["bbox"] == [*map(min, columns), *map(max, columns)]


def test_no_pipe_is_an_empty_collection(tmp_path):
    collection = written(tmp_path, [make_result(make_empty_survey())])
    assert (collection["features"], "bbox" in collection) == ([], False)


def test_local_scans_lie_at_their_origin(tmp_path):
    collection = written(tmp_path, [make_result(georeference=LOCAL)])
    assert collection["features"][0]["geometry"]["coordinates"][0][0] == pytest.approx(139.6919)


def test_missing_numbers_are_null_not_nan(tmp_path):
    survey = make_survey(pipes=(make_pipe(fit_rms_m=float("nan"), with_ground=False),))
    text = write_geojson([make_result(survey)], tmp_path / "p.geojson").read_text(encoding="utf-8")
    assert not re.search("nan|infinity", text, re.IGNORECASE)
    properties = json.loads(text)["features"][0]["properties"]
    assert (properties["fit_rms_m"], properties["cover_min_m"]) == (None, None)


def test_gdal_reads_it(tmp_path, results):
    path = write_geojson(results, tmp_path / "pipes.geojson")
    info = pyogrio.read_info(path)
    assert (info["features"], info["geometry_type"]) == (3, "LineString Z")
