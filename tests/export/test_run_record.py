"""run.json says what was run, on what, and how it went."""

import json

import numpy as np
import pytest
from factories import (
    LOCAL,
    SITE,
    FakeGeoreference,
    make_empty_survey,
    make_facts,
    make_result,
    make_survey,
)

from tests.crs.places import place
from twin_pipeline.export.run_record import InputFile, run_record, write_run_record
from twin_pipeline.model import Gate

TOKYO = {"crs": "EPSG:6677", "vertical": "jgd2011", "axis_order": "en"}
KEYS = ["version", "started_at", "finished_at", "passed", "crs", "counts", "gates", "warnings"]
KEYS += ["sites", "failed_sites", "inputs", "timings_s", "memory_mb", "config"]


def test_keys_are_always_the_same(results):
    assert list(run_record(results, make_facts())) == KEYS
    assert list(run_record([], make_facts(inputs=(), counts={}))) == KEYS


def test_counts(results):
    counts = run_record(results, make_facts())["counts"]
    pipes = results[0].survey.pipes
    assert counts == {
        "inputs": 1,
        "points_in": 1000,
        "points_labelled": 2000,
        "points_on_pipes": sum(pipe.points for pipe in pipes),
        "sites": 2,
        "sites_failed": 0,
        "pipes": 3,
        "stations": sum(len(pipe.stations) for pipe in pipes),
        "fittings": 7,
        "trench_outlines": 1,
        "points_in_tiles": 1000,
    }


def test_a_site_lies_at_the_middle_of_its_trench_at_the_ground(result):
    (site,) = run_record([result], make_facts())["sites"]
    assert (site["name"], site["pipes"]) == (SITE, 3)
    assert site["ground_ellipsoidal_height_m"] == pytest.approx(69.0)
    corners = result.survey.trench[0]
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    assert site["centre_lon_deg"] == pytest.approx(139.6919 + (middle[0] + 12_800) / 90_450)
    assert site["centre_lat_deg"] == pytest.approx(35.6898 + (middle[1] + 34_400) / 110_950)


def test_without_ground_the_height_is_null():
    (site,) = run_record([make_result(make_survey(ground_z_m=None))], make_facts())["sites"]
    assert site["ground_ellipsoidal_height_m"] is None
    assert site["centre_lon_deg"] is not None


def test_a_site_with_nothing_found_has_no_centre():
    (site,) = run_record([make_result(make_empty_survey())], make_facts())["sites"]
    assert (site["pipes"], site["centre_lon_deg"], site["centre_lat_deg"]) == (0, None, None)


def test_a_system_is_shared_wherever_the_sites_lie():
    at = (np.array([-12800.0, -34400.0, 37.0]), np.array([-30000.0, -40000.0, 90.0]))
    results = [
        make_result(make_survey(f"s{number}"), georeference=place(at=spot, **TOKYO))
        for number, spot in enumerate(at)
    ]
    record = run_record(results, make_facts())
    assert record["crs"]["crs"]["value"] == "EPSG:6677"
    assert record["crs"]["geoid"] == {"value": "gsigeo2011", "source": "belongs to jgd2011"}
    assert record["crs"]["axis_order"]["source"] == "differs by site"
    assert "middle" not in record["crs"]
    assert record["sites"][1]["crs"]["middle"] == [-30000.0, -40000.0, 90.0]
    other = place(at=at[1], crs=6677, vertical="jgd2024", axis_order="en")
    results[1] = make_result(make_survey("s1"), georeference=other)
    assert run_record(results, make_facts())["crs"] is None


def test_crs_is_shared_only_where_it_is(result):
    other = make_result(make_survey("b"), georeference=FakeGeoreference(6676, 6676))
    assert run_record([result, result], make_facts())["crs"]["geoid"]["value"] == "gsigeo2011"
    assert run_record([result, other], make_facts())["crs"] is None
    assert run_record([make_result(georeference=LOCAL)], make_facts())["crs"]["local"] is True


def test_gates_and_warnings_name_their_site(results):
    gate = Gate("disk", passed=True, detail="12 GB free")
    record = run_record(results, make_facts(gates=(gate,), warnings=("slow disk",)))
    assert [(g["site"], g["name"], g["passed"]) for g in record["gates"]] == [
        (None, "disk", True),
        (SITE, "pipe_found", True),
        (SITE, "coverage", False),
        ("no_pipe", "pipe_found", False),
    ]
    assert [w["site"] for w in record["warnings"]] == [None, SITE]
    assert record["passed"] is False


def test_a_run_whose_gates_all_hold_passed():
    survey = make_survey(gates=(Gate("pipe_found", passed=True, detail=""),))
    assert run_record([make_result(survey)], make_facts())["passed"] is True


def test_it_is_written_as_plain_json(tmp_path, results):
    scan = InputFile(SITE, "scans/\udcffbad.laz", "00" * 32, 5)
    record = run_record(results, make_facts(inputs=(scan,)))
    path = write_run_record(record, tmp_path / "run.json")
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read["inputs"] == [
        {"site": SITE, "path": "scans/\ufffdbad.laz", "sha256": "00" * 32, "points_read": 5}
    ]
    assert read["timings_s"] == {"read": 1.235, "detect": 12.5}
    assert list(read) == KEYS
    assert list(tmp_path.iterdir()) == [path]


def test_numbers_that_json_has_not_are_refused(tmp_path, results):
    record = run_record(results, make_facts(config={"x": float("nan")}))
    with pytest.raises(ValueError, match="JSON compliant"):
        write_run_record(record, tmp_path / "run.json")
    assert list(tmp_path.iterdir()) == []
