"""The schema is the contract's, and rows hold what the survey holds."""

from dataclasses import fields

import numpy as np
import pytest
from factories import EASTING_M, NORTHING_M, make_pipe, make_result, make_survey

from twin_pipeline.export.attributes import FITTINGS, LAYERS, PIPES, STATIONS, FieldKind
from twin_pipeline.export.rows import (
    cell,
    clean_text,
    fittings_table,
    pipes_table,
    provenance_of,
    stations_table,
    trench_table,
)
from twin_pipeline.model import JobFacts, Pipe, Survey

CONTRACT = {
    PIPES: "site pipe_id role material outer_diameter_m outer_diameter_std_m nominal_diameter_mm "
    "nominal_probability length_m cover_min_m cover_mean_m cover_max_m cover_std_m "
    "crown_z_start_m crown_z_end_m centre_z_start_m centre_z_end_m position_std_h_m "
    "position_std_v_m arc_deg fit_rms_m points observed_fraction quality quality_reason "
    "construction_no route_name laid_fiscal_year joint_type",
    STATIONS: "site pipe_id chainage_m easting_m northing_m ground_z_m crown_z_m centre_z_m "
    "cover_m cover_std_m outer_diameter_m observed offset_m "
    "plan_deviation_m level_deviation_m cover_deviation_m",
    FITTINGS: "site pipe_id kind chainage_m angle_deg catalogue_angle_deg radius_m "
    "chainage_std_m branch_id",
}


@pytest.mark.parametrize("layer", CONTRACT, ids=lambda layer: layer.name)
def test_fields_are_the_contracts_in_order(layer):
    assert [spec.name for spec in layer.fields] == CONTRACT[layer].split()


def test_every_layer_and_field_is_described_in_both_languages():
    for layer in LAYERS:
        for spec in (layer, *layer.fields):
            assert spec.description.isascii()
            assert not spec.alias_ja.isascii() or spec.name == "pipe_id"


def test_a_numeric_field_that_ends_in_a_unit_declares_it():
    for spec in (spec for layer in LAYERS for spec in layer.fields):
        suffix = spec.name.rsplit("_", 1)[-1]
        if suffix in {"m", "mm", "m2", "deg"}:
            assert spec.unit == suffix


def test_nullable_fields_are_those_the_model_may_leave_none():
    optional = {f.name for kind in (Pipe, JobFacts) for f in fields(kind) if "None" in str(f.type)}
    assert {spec.name for spec in PIPES.fields if spec.nullable} == optional


def test_pipe_rows_hold_the_survey(result):
    table = pipes_table([result])
    row = dict(zip([spec.name for spec in PIPES.fields], table.rows[2], strict=True))
    pipe = result.survey.pipes[2]
    assert row["site"] == result.survey.site
    assert row["role"] == "crossing"
    assert (row["material"], row["nominal_diameter_mm"]) == (None, None)
    assert row["outer_diameter_m"] == pipe.outer_diameter_m
    assert row["points"] == pipe.points
    assert table.shapes[2] is pipe.centreline


def test_stations_without_ground_have_null_cover():
    survey = make_survey(pipes=(make_pipe(with_ground=False, hidden=(2.0, 3.0)),))
    names = [spec.name for spec in STATIONS.fields]
    rows = [
        dict(zip(names, row, strict=True)) for row in stations_table([make_result(survey)]).rows
    ]
    assert {row["ground_z_m"] for row in rows} == {None}
    assert {row["cover_std_m"] for row in rows} == {None}
    assert [row["observed"] for row in rows[1:5]] == [True, False, False, True]
    assert [row["outer_diameter_m"] is None for row in rows[1:5]] == [False, True, True, False]


def test_stations_coordinates_are_the_points_own(result):
    table = stations_table([result])
    names = [spec.name for spec in STATIONS.fields]
    for row, shape in zip(table.rows, table.shapes, strict=True):
        values = dict(zip(names, row, strict=True))
        place = [values["easting_m"], values["northing_m"], values["centre_z_m"]]
        assert place == shape.tolist()


OFFSET = [spec.name for spec in STATIONS.fields].index("offset_m")


def test_offsets_are_horizontal_distances_to_the_boundary():
    boundary = np.array(
        [[EASTING_M - 50.0, NORTHING_M - 2.0], [EASTING_M + 50.0, NORTHING_M - 2.0]]
    )
    result = make_result(boundary=boundary)
    offsets = [row[OFFSET] for row in stations_table([result]).rows]
    northings = [row[4] for row in stations_table([result]).rows]
    assert offsets == pytest.approx([n - NORTHING_M + 2.0 for n in northings], abs=1e-9)


def test_beyond_the_ends_of_the_boundary_there_is_no_offset():
    boundary = np.array([[EASTING_M + 3.0, NORTHING_M - 2.0], [EASTING_M + 50.0, NORTHING_M - 2.0]])
    rows = stations_table([make_result(boundary=boundary)]).rows
    for row in rows:
        # a line counts for a decimetre beyond its end
        assert (row[OFFSET] is None) == (row[3] < EASTING_M + 2.9)


def test_without_boundary_the_offset_is_null(result):
    assert {row[OFFSET] for row in stations_table([result]).rows} == {None}


def test_fittings_and_trench(result):
    fittings = fittings_table([result])
    assert [row[2] for row in fittings.rows] == [
        "end",
        "joint",
        "end",
        "end",
        "bend",
        "joint",
        "end",
    ]
    assert fittings.rows[4][4:] == (44.62, 45.0, 0.51, None, None)
    trench = trench_table([result])
    assert trench.rows == ((result.survey.site, pytest.approx(16.24, abs=1e-6)),)


def test_provenance_is_flat_text_with_the_georeference(result):
    stated = provenance_of(result)
    assert stated["sha256"] == "9f" * 32
    assert stated["georeference.geoid"] == "gsigeo2011"
    assert stated["georeference.geoid.source"] == "config"
    assert stated["georeference.local"] == "false"
    assert "georeference.warnings" not in stated
    assert all(isinstance(value, str) for value in stated.values())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float64("nan"), None])
def test_what_is_no_number_is_null(value):
    spec = next(spec for spec in PIPES.fields if spec.kind is FieldKind.REAL)
    assert cell(spec, value) is None


def test_text_survives_as_utf8():
    assert clean_text("a\x00b\ud83d\x1b[1mc\n管\t") == "a\ufffdb\ufffd\ufffd[1mc\n管\t"
    clean_text(Survey.__doc__).encode("utf-8")
