"""The CSV tables read back as the survey, and do no harm in a spreadsheet."""

import csv
import io

import pytest
from factories import make_empty_survey, make_pipe, make_result, make_survey

from twin_pipeline.export.attributes import FITTINGS, PIPES, STATIONS
from twin_pipeline.export.csv_tables import write_csv_tables


def read(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_files_and_headers(tmp_path, results):
    paths = write_csv_tables(results, tmp_path)
    assert [path.name for path in paths] == ["pipes.csv", "stations.csv", "fittings.csv"]
    for path, layer in zip(paths, (PIPES, STATIONS, FITTINGS), strict=True):
        assert read(path)[0] == [spec.name for spec in layer.fields]


def test_bytes_are_bom_utf8_crlf(tmp_path, results):
    for path in write_csv_tables(results, tmp_path):
        content = path.read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\r\n") == content.count(b"\n")
        assert content.endswith(b"\r\n")


def test_values_are_the_surveys(tmp_path, result):
    pipes, stations, fittings = (
        list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
        for path in write_csv_tables([result], tmp_path)
    )
    assert pipes[0]["site"] == result.survey.site
    assert (pipes[0]["outer_diameter_m"], pipes[0]["arc_deg"]) == ("0.2200", "171.40")
    assert (pipes[2]["nominal_diameter_mm"], pipes[2]["material"]) == ("", "")
    assert pipes[0]["nominal_diameter_mm"] == "200"
    assert float(stations[3]["northing_m"]) == pytest.approx(
        result.survey.pipes[0].stations.centre[3, 1], abs=5e-5
    )
    assert {row["observed"] for row in stations} == {"true", "false"}
    assert fittings[4]["catalogue_angle_deg"] == "45.00"


def test_no_pipe_leaves_the_headers(tmp_path):
    for path in write_csv_tables([make_result(make_empty_survey())], tmp_path):
        assert len(read(path)) == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_text_is_never_a_formula(tmp_path, start):
    name = f'{start}cmd|"/c calc"!A0, x'
    survey = make_survey(name, pipes=(make_pipe(pipe_id="P-1", quality_reason=name),))
    pipes, *_ = write_csv_tables([make_result(survey)], tmp_path)
    row = read(pipes)[1]
    assert (row[0], row[1], row[24]) == (f"'{name}", "P-1", f"'{name}")


def test_negative_numbers_stay_numbers_and_zero_has_no_sign(tmp_path):
    survey = make_survey(pipes=(make_pipe(crown_z_start_m=-1.23456, crown_z_end_m=-0.00001),))
    pipes, *_ = write_csv_tables([make_result(survey)], tmp_path)
    header, row = read(pipes)
    cells = dict(zip(header, row, strict=True))
    assert (cells["crown_z_start_m"], cells["crown_z_end_m"]) == ("-1.2346", "0.0000")
