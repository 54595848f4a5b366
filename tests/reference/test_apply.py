"""Boundary and design beside a survey: offsets, deviations, gates, and what they came from."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from factories import make_pipe, make_result, make_survey

from reference.made import LINE, ORIGIN, georeference, write_csv, write_dxf, write_landxml
from twin_pipeline.export.attributes import STATIONS
from twin_pipeline.export.rows import stations_table
from twin_pipeline.export.site_record import read_site_record, write_site_record
from twin_pipeline.model import Role
from twin_pipeline.reference import (
    BoundaryOptions,
    CoverOptions,
    DesignOptions,
    References,
    with_references,
)

START, END = (0.0, 0.0, -1.3), (10.0, 0.0, -1.3)


def compared(result, *, boundary=None, design=None, cover=None):
    options = References(
        boundary or BoundaryOptions(), design or DesignOptions(), cover or CoverOptions()
    )
    options.require_files()
    return with_references(result, georeference(), options)


def site(*pipes, **changes):
    survey = make_survey(pipes=pipes, gates=(), warnings=(), **changes)
    return make_result(survey, georeference=georeference())


def gates(result):
    return {gate.name: gate for gate in result.survey.gates}


def rows(result):
    names = [spec.name for spec in STATIONS.fields]
    return [dict(zip(names, row, strict=True)) for row in stations_table([result]).rows]


def straight(path, north=0.0, level=-1.3, **more):
    line = ORIGIN + np.array([[-1.0, north, level], [11.0, north, level]])
    return write_csv(path, line, **more)


def test_offsets_are_taken_from_the_line(tmp_path):
    path = straight(tmp_path / "b.csv", north=-2.5)
    result = compared(site(make_pipe("P1", START, END)), boundary=BoundaryOptions(file=path))
    assert [row["offset_m"] for row in rows(result)] == pytest.approx([2.5] * 11, abs=1e-3)
    assert result.provenance["boundary.file"] == "b.csv"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert result.provenance["boundary.sha256"] == digest
    assert result.survey.warnings == ()


def test_of_both_sides_of_the_road_the_nearer_one_counts_and_that_is_told(tmp_path):
    near, far = (ORIGIN + np.array([[-1.0, n, 0.0], [11.0, n, 0.0]]) for n in (-1.5, 4.0))
    path = write_csv(
        tmp_path / "b.csv", np.concatenate((far, near)), "easting,northing,z,name",
        ["north", "north", "south", "south"],
    )  # fmt: skip
    pipe = make_pipe("P1", START, END)
    result = compared(site(pipe), boundary=BoundaryOptions(file=path))
    assert rows(result)[3]["offset_m"] == pytest.approx(1.5, abs=1e-3)
    assert "south nearest" in result.survey.warnings[0]
    result = compared(site(pipe), boundary=BoundaryOptions(file=path, line="north"))
    assert rows(result)[3]["offset_m"] == pytest.approx(4.0, abs=1e-3)
    assert result.survey.warnings == ()


def test_deviations_are_in_the_stations_and_judged(tmp_path):
    path = straight(tmp_path / "d.csv", north=0.03, level=-1.32)
    result = compared(site(make_pipe("P1", START, END)), design=DesignOptions(file=path))
    first = rows(result)[0]
    assert first["plan_deviation_m"] == pytest.approx(0.03, abs=1e-3)
    assert first["level_deviation_m"] == pytest.approx(0.02, abs=1e-3)
    assert first["cover_deviation_m"] == pytest.approx(-0.02, abs=1e-3)
    judged = gates(result)
    assert all(judged[f"design {what}"].passed for what in ("plan", "level", "cover"))
    strict = DesignOptions(file=path, plan_tolerance_m=0.02, level_tolerance_m=0.01)
    judged = gates(compared(site(make_pipe("P1", START, END)), design=strict))
    assert not judged["design plan"].passed
    assert not judged["design level"].passed
    assert judged["design cover"].passed
    assert "+0.030 m" in judged["design plan"].detail
    assert "11 of 11 stations outside" in judged["design plan"].detail


def test_levels_of_the_crown_are_compared_with_the_crown(tmp_path):
    path = straight(tmp_path / "d.csv", level=-1.19, header="easting,northing,管頂高")
    result = compared(site(make_pipe("P1", START, END)), design=DesignOptions(file=path))
    assert rows(result)[0]["level_deviation_m"] == pytest.approx(0.0, abs=1e-3)
    path = straight(tmp_path / "d.csv", level=-1.41, header="easting,northing,z")
    options = DesignOptions(file=path, level="invert")
    result = compared(site(make_pipe("P1", START, END)), design=options)
    assert rows(result)[0]["level_deviation_m"] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("write", [write_csv, write_dxf, write_landxml])
def test_all_formats_give_the_same_deviations(tmp_path, write):
    suffix = {write_csv: "csv", write_dxf: "dxf", write_landxml: "xml"}[write]
    path = write(tmp_path / f"d.{suffix}", LINE)
    result = compared(site(make_pipe("P1")), design=DesignOptions(file=path))
    wanted = compared(
        site(make_pipe("P1")), design=DesignOptions(file=write_csv(tmp_path / "w.csv", LINE))
    )
    for name in ("plan_deviation_m", "level_deviation_m"):
        column = [row[name] for row in rows(result)]
        assert column == pytest.approx([row[name] for row in rows(wanted)], abs=1e-3)


def test_a_main_without_a_designed_line_fails_a_crossing_does_not(tmp_path):
    path = straight(tmp_path / "d.csv")
    away = make_pipe("P2", (0.0, 8.0, -1.3), (10.0, 8.0, -1.3))
    result = compared(site(make_pipe("P1", START, END), away), design=DesignOptions(file=path))
    assert not gates(result)["design"].passed
    assert "P2" in gates(result)["design"].detail
    crossing = replace(away, role=Role.CROSSING)
    result = compared(site(make_pipe("P1", START, END), crossing), design=DesignOptions(file=path))
    assert "design" not in gates(result)


def test_a_designed_line_through_the_trench_without_a_pipe_fails(tmp_path):
    lines = [ORIGIN + np.array([[-1.0, n, -1.3], [11.0, n, -1.3]]) for n in (0.0, 4.0)]
    path = write_csv(
        tmp_path / "d.csv", np.concatenate(lines), "easting,northing,z,name", ["A", "A", "B", "B"]
    )
    pipe = make_pipe("P1", START, END)
    ring = ORIGIN[:2] + np.array([[-1, -1], [11, -1], [11, 5], [-1, 5], [-1, -1]])
    result = compared(site(pipe, trench=(ring,)), design=DesignOptions(file=path))
    assert "along the designed line 'B'" in gates(result)["design"].detail
    narrow = ORIGIN[:2] + np.array([[-1, -1], [11, -1], [11, 1], [-1, 1], [-1, -1]])
    result = compared(site(pipe, trench=(narrow,)), design=DesignOptions(file=path))
    assert "design" not in gates(result)


@pytest.mark.parametrize(
    ("centre_z", "passed", "words"),
    [
        (-1.40, True, "more than 1.2 m"),
        (-1.00, True, "allowed where it can't be helped"),
        (-0.60, False, "not more than 0.6 m"),
        (-0.726, True, "too close to the limit to be sure"),
    ],
)
def test_covers_are_judged_by_the_rules(centre_z, passed, words):
    pipe = make_pipe("P1", (0.0, 0.0, centre_z), (10.0, 0.0, centre_z))
    gate = gates(compared(site(pipe)))["cover"]
    assert gate.passed == passed
    assert words in gate.detail


def test_the_limits_of_cover_can_be_set():
    pipe = make_pipe("P1", START, END)
    gate = gates(compared(site(pipe), cover=CoverOptions(least_m=1.5, regular_m=2.0)))["cover"]
    assert not gate.passed
    assert "1.5 m" in gate.detail


def test_only_mains_with_ground_are_judged_by_cover():
    crossing = make_pipe("P1", (0, 0, -0.3), (9, 0, -0.3), role=Role.CROSSING)
    groundless = make_pipe("P2", START, END, with_ground=False)
    assert gates(compared(site(crossing, groundless))) == {}


def test_the_record_of_a_site_keeps_them(tmp_path):
    boundary = BoundaryOptions(file=straight(tmp_path / "b.csv", north=-2.0))
    design = DesignOptions(file=straight(tmp_path / "d.csv", north=0.01))
    result = compared(site(make_pipe("P1", START, END)), boundary=boundary, design=design)
    path = write_site_record(result, tmp_path / "survey.json")
    again = read_site_record(path, lambda _: result.georeference)
    assert rows(again) == rows(result)
    assert again.design[0].level == result.design[0].level


def test_a_site_without_pipes_is_compared_with_nothing(tmp_path):
    result = site()
    path = straight(tmp_path / "d.csv")
    assert compared(result, design=DesignOptions(file=path)).survey.gates == ()
