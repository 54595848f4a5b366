"""SXF: what stands in the file's own text, and what its reader makes of it."""

import re

import ezsxf
import numpy as np
import pytest

from tests.export.test_formats import located
from tests.factories import make_empty_survey, make_pipe, make_result, make_survey
from twin_pipeline.export.further import write_format
from twin_pipeline.export.options import ExportOptions

HOSTILE = "新宿区🚰 'SXF*/\\"


def written(result, folder, **options):
    notes = []
    write_format("sxf", [result], folder / "sxf", ExportOptions(**options), notes.append)
    return folder / "sxf" / f"{result.survey.site}"


def features(path, kind):
    """Return the arguments of each feature of a kind, read from the text itself."""
    text = path.read_bytes().decode("cp932")
    found = re.findall(rf"#\d+ = {kind}\((.*)\)\r?\n", text)
    return [re.findall(r"\\?'((?:\([^)]*\))|[^']*?)\\?'", arguments) for arguments in found]


def numbers(text):
    return np.array([float(number) for number in text.strip("()").split(",")])


@pytest.fixture(scope="module")
def result():
    return located("second site")


def test_lines_are_where_the_pipes_are_to_a_millimetre(result, tmp_path):
    stem = written(result, tmp_path)
    lines = [
        np.column_stack((numbers(f[-2]), numbers(f[-1])))
        for f in features(stem.with_suffix(".sfc"), "polyline_feature")
    ]
    for pipe in result.survey.pipes:
        plan = pipe.centreline[:, :2]
        near = [line for line in lines if line.shape == plan.shape]
        assert min(np.abs(line / 1000.0 - plan).max() for line in near) < 1e-6


def test_the_plan_lies_on_its_paper_at_a_usual_scale(result, tmp_path):
    stem = written(result, tmp_path)
    ((_, name, x, y, _, *scale),) = features(stem.with_suffix(".sfc"), "sfig_locate_feature")
    assert name == "平面図"
    assert scale == ["0.02", "0.02"]
    start = 1000.0 * result.survey.pipes[0].centreline[0, :2] * float(scale[0])
    on_paper = start + np.array([x, y], dtype=float)
    assert (on_paper > 20).all()
    assert (on_paper < [400, 277]).all()
    drawing = ezsxf.build_drawing(
        ezsxf.parse_sfc(stem.with_suffix(".sfc").read_bytes(), strict=True)
    )
    points = np.concatenate([np.array(path.points) for path in drawing.paths])
    assert (points.min(axis=0) > 19.9).all()
    assert (points.max(axis=0) < [400.1, 277.1]).all()
    assert "P1 配水管 DIP φ200 L=9.90 土被り1.23～1.27" in {t.text for t in drawing.texts}
    assert {"WATER_MAIN_DIP_DN200", "FITTING_BEND", "STATION"} <= {
        path.style.layer for path in drawing.paths
    }


def test_p21_holds_the_same(result, tmp_path):
    stem = written(result, tmp_path)
    sfc = ezsxf.parse_sfc(stem.with_suffix(".sfc").read_bytes(), strict=True)
    p21 = ezsxf.parse_p21(stem.with_suffix(".p21").read_bytes(), strict=True)
    assert sfc["warnings"] == p21["warnings"] == []
    text = stem.with_suffix(".p21").read_bytes()
    east, north = 1000.0 * result.survey.pipes[0].centreline[0, :2]
    assert f"({east:.1f},{north:.1f})".encode() in text.replace(b" ", b"")


def test_names_are_only_text_and_nothing_found_is_a_sheet_too(tmp_path):
    result = make_result(make_survey(HOSTILE.replace("/", "_")))
    stem = written(result, tmp_path)
    path = stem.with_name(stem.name + ".sfc")
    parsed = ezsxf.parse_sfc(path.read_bytes(), strict=True)
    title = next(t.text for t in ezsxf.build_drawing(parsed).texts if "1:" in t.text)
    assert "新宿区〓 ’SXF*_＼" in title
    empty = written(make_result(make_empty_survey()), tmp_path / "empty")
    assert features(empty.with_name(empty.name + ".sfc"), "polyline_feature") == []


def test_a_pipe_that_stands_upright_is_drawn(tmp_path):
    pipe = make_pipe("V1", (0.0, 0.0, -0.2), (0.0, 0.0, -2.2))
    result = make_result(make_survey("upright", pipes=(pipe,), trench=()))
    stem = written(result, tmp_path)
    assert ezsxf.parse_sfc(stem.with_suffix(".sfc").read_bytes(), strict=True)["warnings"] == []
