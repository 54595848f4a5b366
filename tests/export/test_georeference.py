"""The formats with the package's own georeference instead of the tests' flat earth."""

import json

import numpy as np
import pyogrio
import pytest
from factories import EASTING_M, GROUND_Z_M, NORTHING_M, make_facts, make_result

from twin_pipeline.crs import CrsOptions, CrsRecord, resolve
from twin_pipeline.export.rows import provenance_of
from twin_pipeline.export.run_record import run_record, write_run_record
from twin_pipeline.export.write import write_attributes


def located(**options: object):
    place = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])
    lower, upper = (place - 10.0, place + 10.0)
    if options["crs"] == "local":
        lower, upper = np.full(3, -10.0), np.full(3, 10.0)
    return resolve(
        CrsRecord(), CrsOptions(**({"axis_order": "en"} | options)), lower, upper, "made by hand"
    )


@pytest.mark.parametrize("crs", ["EPSG:6677", "EPSG:10170"])
def test_tokyo(tmp_path, crs):
    result = make_result(georeference=located(crs=crs, vertical="jgd2011"))
    write_attributes([result], tmp_path)
    assert pyogrio.read_info(tmp_path / "pipes.gpkg", layer="pipes")["crs"] == crs
    collection = json.loads((tmp_path / "pipes.geojson").read_text("utf-8"))
    lon, lat, height = collection["features"][0]["geometry"]["coordinates"][0]
    assert (lon, lat) == pytest.approx((139.6919, 35.6899), abs=2e-4)
    assert height == pytest.approx(GROUND_Z_M - 1.34 + 37.0, abs=0.05)


def test_a_local_frame(tmp_path):
    georeference = located(crs="local", origin=(139.7, 35.7, 77.0))
    write_attributes([make_result(georeference=georeference)], tmp_path)
    info = pyogrio.read_info(tmp_path / "pipes.gpkg", layer="pipes")
    assert "Undefined Cartesian" in info["crs"]


def test_decisions_reach_provenance_and_run_record(tmp_path):
    result = make_result(georeference=located(crs="EPSG:6677", vertical="jgd2011"))
    stated = provenance_of(result)
    assert stated["georeference.crs"].startswith("EPSG:6677")
    assert stated["georeference.geoid"] == "gsigeo2011"
    path = write_run_record(run_record([result], make_facts()), tmp_path / "run.json")
    record = json.loads(path.read_text("utf-8"))
    assert record["crs"]["horizontal_epsg"] == 6677
    ground = record["sites"][0]["ground_ellipsoidal_height_m"]
    assert ground == pytest.approx(GROUND_Z_M + 37.0, abs=0.05)
