"""The plan is to scale, north up, and shows all there is."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from factories import EASTING_M, NORTHING_M, make_empty_survey, make_pipe, make_result, make_survey

from twin_pipeline.model import DesignLine, Fitting, FittingKind, LevelKind
from twin_pipeline.report.plan import draw_plan, pipe_label


def drawn(result):
    return ET.fromstring(str(draw_plan(result).drawing))  # noqa: S314 - our own markup


def with_class(root, css):
    return [element for element in root.iter() if css in element.get("class", "").split()]


def points(element):
    return np.array([pair.split(",") for pair in element.get("points").split()], dtype=float)


def width(element):
    return float(element.get("style").removeprefix("stroke-width:"))


def test_pipes_are_as_wide_as_they_are_long():
    pipe = make_pipe(start=(0, 0, -1), end=(10, 0, -1), outer_diameter_m=0.5)
    root = drawn(make_result(make_survey(pipes=(pipe,), trench=())))
    (body,) = with_class(root, "main")[:1]
    (start, end) = points(body)
    assert end[1] == start[1]
    assert width(body) / (end[0] - start[0]) == pytest.approx(0.5 / 10.0, rel=1e-3)


def test_north_is_up_and_east_is_right():
    pipe = make_pipe(start=(0, 0, -1), end=(3, 4, -1))
    start, end = points(with_class(drawn(make_result(make_survey(pipes=(pipe,)))), "pipe")[0])
    assert end[0] - start[0] == pytest.approx((start[1] - end[1]) * 3 / 4, abs=0.05)
    assert end[0] > start[0]


def test_the_scale_bar_is_right():
    pipe = make_pipe(start=(0, 0, -1), end=(10, 0, -1))
    root = drawn(make_result(make_survey(pipes=(pipe,), trench=())))
    start, end = points(with_class(root, "pipe")[0])
    bars = with_class(root, "bar-dark") + with_class(root, "bar-light")
    left, right = (bar for bar in bars if bar.get("width"))
    length = float(left.get("width")) + float(right.get("width"))
    (text,) = [e.text for e in with_class(root, "tick") if (e.text or "").endswith(" m")]
    assert length / (end[0] - start[0]) == pytest.approx(float(text.split()[0]) / 10.0, abs=1e-3)


def test_grid_lines_carry_their_coordinates():
    root = drawn(make_result())
    labels = [e for e in with_class(root, "tick") if (e.text or "").startswith("-12")]
    assert len(labels) >= 3
    start = points(with_class(root, "pipe")[0])[0]
    at_zero = next(e for e in labels if float(e.text) == EASTING_M)
    assert float(at_zero.get("x")) == pytest.approx(start[0], abs=0.05)
    assert any(float(e.text) == NORTHING_M for e in with_class(root, "end") if e.text[0] == "-")


def test_everything_is_shown_once():
    root = drawn(make_result())
    assert len(with_class(root, "trench")) == 1
    assert len(with_class(root, "pipe")) == 3
    assert len(with_class(root, "pipe-hidden")) == 1
    assert len(with_class(root, "fitting-end")) == 4
    assert len(with_class(root, "joint")) == 2
    assert [e.text for e in with_class(root, "pipe-name")] == [
        "P1 DIP φ200",
        "P2 DIP φ100",
        "P3 外径89",
    ]
    assert with_class(root, "boundary") == []


def test_a_tee_is_drawn():
    tee = Fitting(FittingKind.TEE, 1.0, (EASTING_M + 1.0, NORTHING_M, 31.0))
    pipe = make_pipe(fittings=(tee,))
    root = drawn(make_result(make_survey(pipes=(pipe,), trench=())))
    assert len(points(with_class(root, "fitting")[0])) == 3


def test_the_boundary_is_cut_at_the_frame():
    line = np.array([[EASTING_M - 500, NORTHING_M - 3.0], [EASTING_M + 500, NORTHING_M + 3.0]])
    root = drawn(make_result(boundary=line))
    (frame,) = with_class(root, "frame")
    xs = points(with_class(root, "boundary")[0])[:, 0]
    left = float(frame.get("x"))
    assert xs.min() >= left - 0.01
    assert xs.max() <= left + float(frame.get("width")) + 0.01


def test_offsets_are_dimensions_to_the_boundary():
    line = np.array([[EASTING_M - 50, NORTHING_M - 3.0], [EASTING_M + 50, NORTHING_M - 3.0]])
    result = make_result(
        make_survey(pipes=(make_pipe("P1", end=(9.6, 0.0, -1.37)),)), boundary=line
    )
    root = drawn(result)
    lines = [points(element) for element in with_class(root, "offset")]
    assert len(lines) >= 2
    for ends in lines:
        assert ends[0, 0] == pytest.approx(ends[1, 0], abs=0.1)
    assert {element.text for element in with_class(root, "offset-name")} == {"3.00"}
    far = np.array([[EASTING_M - 50, NORTHING_M - 30.0], [EASTING_M + 50, NORTHING_M - 30.0]])
    assert with_class(drawn(make_result(boundary=far)), "offset") == []


def test_the_scale_is_a_usual_one_and_true_on_a3():
    plan = draw_plan(make_result())
    assert plan.scale in (20, 25, 50, 100, 200)
    root = ET.fromstring(str(plan.drawing))  # noqa: S314 - our own markup
    pipe = make_result().survey.pipes[0]
    path = points(with_class(root, "centreline")[0])
    units_per_m = np.linalg.norm(path[-1] - path[0]) / np.linalg.norm(
        pipe.centreline[-1, :2] - pipe.centreline[0, :2]
    )
    # 1000 units are 394 mm on paper
    assert units_per_m * 0.394 == pytest.approx(1000 / plan.scale, rel=1e-3)


def test_the_design_is_drawn():
    line = np.array([[-1.0, 0.0, -1.3], [11.0, 2.9, -1.4]])
    design = DesignLine("D", line + [EASTING_M, NORTHING_M, 32.0], LevelKind.CENTRE)  # noqa: RUF005
    assert len(with_class(drawn(make_result(design=(design,))), "design")) == 1


def test_nothing_to_draw_is_no_drawing():
    assert draw_plan(make_result(make_empty_survey())) is None


def test_a_trench_alone_is_drawn():
    root = drawn(make_result(make_survey(pipes=())))
    assert len(with_class(root, "trench")) == 1


def test_labels_lie_in_the_frame():
    root = drawn(make_result())
    (frame,) = with_class(root, "frame")
    low, high = float(frame.get("x")), float(frame.get("x")) + float(frame.get("width"))
    for label in with_class(root, "pipe-name") + with_class(root, "station-name"):
        assert low < float(label.get("x")) < high


def test_an_undecided_pipe_is_named_by_its_measure():
    pipe = make_pipe(material=None, nominal_diameter_mm=None, outer_diameter_m=0.0893)
    assert pipe_label(pipe) == "P1 外径89"
