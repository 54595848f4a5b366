"""viewer.json and what belongs to one site: exact numbers, places to a tenth of a millimetre."""

import json
from dataclasses import replace

import numpy as np
import pytest
from factories import EASTING_M, GROUND_Z_M, LOCAL, NORTHING_M, make_pipe, make_result, make_survey

from twin_pipeline.crs import CrsOptions, CrsRecord, resolve
from twin_pipeline.export.ground_mesh import ground_mesh
from twin_pipeline.export.local_frame import fit_frame, terms
from twin_pipeline.export.viewer_data import site_details, write_viewer_data

ORIGIN = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])


def pavement(rng: np.random.Generator) -> np.ndarray:
    """A plane that falls by 2 %, but for a trench of 8 by 1 m in its middle."""
    xy = rng.uniform((-6, -4), (6, 4), (3_000, 2))
    xy = xy[(np.abs(xy[:, 0]) > 4) | (np.abs(xy[:, 1]) > 0.5)]
    return np.column_stack((xy, 0.02 * xy[:, 0])) + ORIGIN


def survey_with_ground():
    ring = np.array([(-4, -0.5), (4, -0.5), (4, 0.5), (-4, 0.5), (-4, -0.5)]) + ORIGIN[:2]
    found = pavement(np.random.default_rng(3))
    return replace(make_survey("a"), trench=(ring,), pavement=found)


def test_index_has_all_pipes_with_exact_attributes(tmp_path):
    pipe = make_pipe(outer_diameter_m=0.16891234567)
    result = make_result(make_survey("現場 1", pipes=(pipe,)))
    path = write_viewer_data([result], tmp_path, (0.6, 1.2))
    index = json.loads(path.read_text("utf-8"))
    (found,) = index["pipes"]
    assert found["outer_diameter_m"] == 0.16891234567
    assert found["site"] == "現場 1"
    assert index["cover_limits_m"] == [0.6, 1.2]
    assert (tmp_path / index["sites"][0]["details"]).is_file()


def test_reason_of_a_quality_is_there_in_japanese_too(tmp_path):
    known = make_pipe("P1", quality_reason="20 % of the length was hidden: uncover and rescan")
    unknown = make_pipe("P2", quality_reason="no rule has this")
    result = make_result(make_survey("a", pipes=(known, unknown)))
    path = write_viewer_data([result], tmp_path, (1.2,))
    first, second = json.loads(path.read_text("utf-8"))["pipes"]
    assert first["quality_reason_ja"].startswith("延長の")
    assert "quality_reason_ja" not in second


def test_line_keeps_its_shape_with_few_vertices(tmp_path):
    bent = np.linspace(0, np.pi / 2, 2_000)
    vertices = np.column_stack((10 * np.cos(bent), 10 * np.sin(bent), np.full(2_000, -1.3)))
    pipe = make_pipe(centreline=vertices + ORIGIN)
    path = write_viewer_data([make_result(make_survey("a", pipes=(pipe,)))], tmp_path, (1.2,))
    line = json.loads(path.read_text("utf-8"))["pipes"][0]["line"]
    assert 10 < len(line) < 60
    # A chord of an arc of 10 m radius that is nowhere 3 mm off spans half a metre at most.
    apart_deg = np.abs(np.diff(np.array(line)[:, 1]))
    assert apart_deg.max() * 111_000 < 0.6


def test_stations_are_those_of_the_tables():
    result = make_result(make_survey("a"))
    details = site_details(result)
    stations = result.survey.pipes[0].stations
    count = len(stations)
    columns = {name: values[:count] for name, values in details["stations"].items()}
    assert columns["cover_m"] == stations.cover_m.tolist()
    assert columns["crown_z_m"] == stations.crown_z_m.tolist()
    assert len(columns["lon_deg"]) == count


def test_ground_is_a_plane_over_pavement_and_trench():
    survey = survey_with_ground()
    mesh = ground_mesh(survey)
    assert mesh is not None
    local = mesh.vertices - ORIGIN
    assert np.abs(local[:, 2] - 0.02 * local[:, 0]).max() < 0.002
    area = _areas(local, mesh.triangles)
    assert area[mesh.over_trench].sum() == pytest.approx(8.0, abs=0.1)
    assert area.sum() == pytest.approx(12 * 8, rel=0.2)


def _areas(vertices, triangles):
    a, b, c = (vertices[triangles[:, i], :2] for i in range(3))
    first, second = b - a, c - a
    return np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2


@pytest.mark.parametrize("found", [None, np.zeros((0, 3)), np.ones((2, 3))])
def test_without_pavement_there_is_no_ground(found):
    assert ground_mesh(replace(make_survey("a"), pavement=found)) is None


@pytest.mark.parametrize(
    ("crs", "centre"),
    [
        ("EPSG:6677", (-12_800.0, -34_400.0, 32.0)),
        ("EPSG:6669", (20_000.0, -30_000.0, 5.0)),
        ("EPSG:32654", (380_000.0, 3_950_000.0, 40.0)),
    ],
)
def test_frame_keeps_to_a_tenth_of_a_millimetre(crs, centre):
    half = np.array([150.0, 100.0, 4.0])
    lower, upper = np.array(centre) - half, np.array(centre) + half
    options = CrsOptions(crs=crs, vertical="jgd2011", geoid="gsigeo2011", axis_order="en")
    georeference = resolve(CrsRecord(), options, lower, upper, "made")
    frame = fit_frame(georeference, lower, upper)
    assert frame.max_error_m < 1e-4
    xyz = np.random.default_rng(1).uniform(lower, upper, (200, 3))
    found = terms(georeference.to_geographic(xyz) - frame.origin) @ frame.coefficients.T
    assert np.abs(found - xyz).max() < 1e-4


def test_local_scan_says_so():
    details = site_details(make_result(make_survey("a"), georeference=LOCAL))
    assert details["crs"]["local"] is True
    assert details["crs"]["geoid"] is None


def test_site_without_anything_has_no_frame(tmp_path):
    empty = replace(make_survey("a"), pipes=(), trench=(), ground_z_m=None)
    details = site_details(make_result(empty))
    assert details["frame"] is None
    assert details["stations"]["chainage_m"] == []
    write_viewer_data([make_result(empty)], tmp_path, (1.2,))
