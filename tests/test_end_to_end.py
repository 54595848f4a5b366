"""The sample scan from the command line to its files, held against what it was made from."""

import csv
import json

import numpy as np
import pyogrio
import pytest
import shapely

from twin_pipeline.validation import validate_output

DIAMETER_TOLERANCE_M = 0.003
POSITION_TOLERANCE_M = 0.010
COVER_TOLERANCE_M = 0.010


@pytest.fixture(scope="module")
def out(sample_run):
    assert sample_run.exit_code == 0, sample_run.stderr
    return sample_run.out


@pytest.fixture(scope="module")
def record(out):
    return json.loads((out / "run.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def pipes(out):
    return _rows(out / "pipes.csv")


@pytest.fixture(scope="module")
def stations(out):
    return _rows(out / "stations.csv")


@pytest.fixture(scope="module")
def true_pipe(sample_truth):
    (pipe,) = sample_truth["pipes"]
    return pipe


def test_output_is_complete_and_consistent(out):
    assert {path.name for path in out.iterdir()} == {
        "run.json", "config.toml", "pipes.gpkg", "pipes.geojson", "pipes.csv", "stations.csv",
        "fittings.csv", "tiles", "sites", "catalog.json", "catalog.tokyo.json", "reearth.json",
        "style.json", "style_cover.json", "viewer.json", "report.html", "log.jsonl",
    }  # fmt: skip
    assert validate_output(out) == []


def test_pipe_is_one_main_and_nothing_else_is_reported(pipes):
    """Struts, cable and plank are in the scan, too."""
    assert [pipe["role"] for pipe in pipes] == ["main"]


def test_pipe_is_whole(pipes, true_pipe):
    """Its ends are hidden in the trench's end walls."""
    seen = true_pipe["visibility"]
    first, *_, last = np.flatnonzero(seen["arc_deg"])
    visible_m = (last + 1 - first) * seen["bin_m"]
    assert float(pipes[0]["length_m"]) == pytest.approx(visible_m, abs=0.3)


def test_diameter_is_right_and_its_sigma_honest(pipes, true_pipe):
    (pipe,) = pipes
    error_m = float(pipe["outer_diameter_m"]) - true_pipe["outer_diameter_m"]
    assert abs(error_m) < DIAMETER_TOLERANCE_M
    assert abs(error_m) < 3 * float(pipe["outer_diameter_std_m"])
    assert int(pipe["nominal_diameter_mm"]) == true_pipe["nominal_diameter_mm"]
    assert pipe["material"] == "DIP"


def test_every_station_lies_on_the_true_axis(stations, true_pipe):
    line = np.array(true_pipe["centreline"])
    found = _columns(stations, "easting_m", "northing_m", "centre_z_m")
    assert np.abs(_across(line, found)).max() < POSITION_TOLERANCE_M
    assert np.abs(found[:, 2] - _at(line, line[:, 2], found)).max() < POSITION_TOLERANCE_M


def test_every_station_has_the_true_cover(stations, true_pipe):
    line = np.array(true_pipe["centreline"])
    found = _columns(stations, "easting_m", "northing_m", "cover_m")
    true_cover = _at(line, np.array(true_pipe["cover_m"]), found)
    assert np.abs(found[:, 2] - true_cover).max() < COVER_TOLERANCE_M


def test_bend_is_found_with_its_standard_angle(out, true_pipe):
    bends = [row for row in _rows(out / "fittings.csv") if row["kind"] == "bend"]
    (true_bend,) = true_pipe["bends"]
    (bend,) = bends
    assert float(bend["angle_deg"]) == pytest.approx(true_bend["angle_deg"], abs=1.0)
    assert float(bend["catalogue_angle_deg"]) == 22.5


def test_points_are_counted_from_file_to_tiles(record, sample_truth):
    counts = record["counts"]
    points = sample_truth["scene"]["scanner"]["points"]
    assert counts["points_in"] == counts["points_labelled"] == points


def test_geopackage_lies_in_tokyo(out):
    info = pyogrio.read_info(out / "pipes.gpkg", layer="pipes")
    assert info["crs"] == "EPSG:6677"
    assert info["features"] == 1


def test_geojson_has_ellipsoidal_heights(out, true_pipe):
    """The geoid is 36.7 m above the ellipsoid here; without it the pipe would hang in the air."""
    (feature,) = json.loads((out / "pipes.geojson").read_text("utf-8"))["features"]
    lon_deg, lat_deg, height_m = feature["geometry"]["coordinates"][0]
    assert (lon_deg, lat_deg) == pytest.approx((139.692, 35.69), abs=0.01)
    mean_z_m = np.mean(true_pipe["centreline"], axis=0)[2]
    assert height_m - mean_z_m == pytest.approx(36.8, abs=0.5)


def test_table_on_stdout_is_that_of_the_files(sample_run, pipes):
    head, row, *_ = sample_run.stdout.splitlines()
    assert head.startswith("pipe")
    assert f"{1000 * float(pipes[0]['outer_diameter_m']):.1f} ±" in row
    assert "DIP 150" in row
    assert f"-m twin_pipeline view {sample_run.out}" in sample_run.stdout


def _rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _columns(rows, *names):
    return np.array([[float(row[name]) for name in names] for row in rows])


def _along(line, points):
    return shapely.line_locate_point(shapely.LineString(line[:, :2]), shapely.points(points[:, :2]))


def _across(line, points):
    return shapely.distance(shapely.LineString(line[:, :2]), shapely.points(points[:, :2]))


def _at(line, values, points):
    """Interpolate values given at the vertices of a line to the places of points on it."""
    steps = np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1)
    return np.interp(_along(line, points), np.concatenate(([0.0], np.cumsum(steps))), values)
