"""A site's record gives back the site, number for number."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from tests.factories import FakeGeoreference, make_empty_survey, make_pipe, make_result, make_survey
from twin_pipeline.crs import CrsOptions, CrsRecord, resolve, restore
from twin_pipeline.errors import InputError
from twin_pipeline.export.rows import (
    fittings_table,
    pipes_table,
    provenance_table,
    stations_table,
    trench_table,
)
from twin_pipeline.export.site_record import read_site_record, write_site_record
from twin_pipeline.model import JobFacts, Pipe, Stations, Survey

TABLES = (pipes_table, stations_table, fittings_table, trench_table, provenance_table)


def read_back(result, tmp_path):
    path = write_site_record(result, tmp_path / "survey.json")
    return read_site_record(path, lambda _: FakeGeoreference())


def georeference(**options):
    place = np.array([-12_800.0, -34_400.0, 32.0]) if options["crs"] != "local" else np.zeros(3)
    return resolve(
        CrsRecord(),
        CrsOptions(**({"axis_order": "en"} | options)),
        place - 9,
        place + 9,
        "made by hand",
    )


@pytest.mark.parametrize("survey", [make_survey("a\ud800<b>"), make_empty_survey()])
def test_all_rows_and_shapes_are_the_same(tmp_path, survey):
    boundary = np.array([[-12_850.0, -34_402.0], [-12_750.0, -34_402.1]])
    result = make_result(survey, boundary=boundary)
    again = read_back(result, tmp_path)
    for build in TABLES:
        assert build([again]).rows == build([result]).rows
        for mine, theirs in zip(build([again]).shapes, build([result]).shapes, strict=True):
            assert np.array_equal(mine, theirs)
    assert again.boundary.tolist() == boundary.tolist()


def test_nothing_of_the_survey_is_forgotten(tmp_path):
    job = JobFacts("R7-<1>", "区道\"1'号", 2025, "GX")
    pipe = make_pipe(hidden=(2.0, 4.0), with_ground=False, fit_rms_m=float("nan"), job=job)
    survey = make_survey(pipes=(pipe,), trench=(), ground_z_m=None)
    again = read_back(make_result(survey), tmp_path).survey
    for kind, mine, theirs in (
        (Survey, again, survey),
        (Pipe, again.pipes[0], pipe),
        (Stations, again.pipes[0].stations, pipe.stations),
    ):
        for name in {spec.name for spec in fields(kind)} - {"pipes", "stations", "point_labels"}:
            np.testing.assert_equal(getattr(mine, name), getattr(theirs, name))


@pytest.mark.parametrize(
    "options",
    [
        {"crs": "EPSG:6677", "vertical": "ap"},
        {"crs": "EPSG:10170"},
        {"crs": "EPSG:6677", "vertical": "jgd2024"},
        {"crs": "EPSG:6677", "vertical": "ellipsoidal", "ground_range_m": (-50, 90)},
        {"crs": "local", "origin": (139.7, 35.7, 77.0)},
    ],
)
def test_the_georeference_comes_back(options):
    before = georeference(**options)
    described = json.loads(json.dumps(before.describe()))
    after = restore(described)
    assert after.describe() == before.describe()
    assert after.epsg == before.epsg
    xyz = np.array([[-12_801.5, -34_399.25, 31.0], [-12_795.0, -34_401.0, 30.0]])
    if before.is_local:
        xyz = xyz - xyz[0]
    assert np.array_equal(after.to_geographic(xyz), before.to_geographic(xyz))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "survey": []}'])
def test_what_is_no_record_is_refused(tmp_path, text):
    (tmp_path / "survey.json").write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"survey\.json: is no record of a site"):
        read_site_record(tmp_path / "survey.json", lambda _: FakeGeoreference())


def test_a_georeference_of_another_version_is_refused(tmp_path):
    described = georeference(crs="EPSG:6677", vertical="ap").describe()
    result = replace(make_result(), georeference=Described(described | {"vertical": None}))
    path = write_site_record(result, tmp_path / "survey.json")
    with pytest.raises(InputError, match=r"survey\.json: the coordinate system is not as"):
        read_site_record(path, restore)


class Described(FakeGeoreference):
    def __init__(self, described):
        object.__setattr__(self, "_described", described)

    def describe(self):
        return self._described
