"""Labels, scales and paths that the drawings rest on."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from factories import make_pipe
from hypothesis import given
from hypothesis import strategies as st

from twin_pipeline.report.labels import Box, LabelPlacer, text_width
from twin_pipeline.report.path import (
    direction_at,
    hidden_stretches,
    positions_at,
    stretch,
    stretches_of,
)
from twin_pipeline.report.scales import Axis, decimals_of, round_step, spread_out
from twin_pipeline.report.svg import Drawing


@given(st.floats(1e-6, 1e6))
def test_a_round_step_is_the_next_of_one_two_five(least):
    step = round_step(least)
    mantissa = float(f"{step:e}".partition("e")[0])
    assert mantissa in (1.0, 2.0, 5.0)
    assert least * (1 - 1e-8) <= step <= 2.6 * least


@pytest.mark.parametrize(
    ("step", "digits"), [(0.05, 2), (0.1, 1), (0.5, 1), (1.0, 0), (20.0, 0), (0.002, 3)]
)
def test_decimals_tell_multiples_apart(step, digits):
    assert decimals_of(step) == digits


def test_an_axis_may_run_upwards_on_paper():
    axis = Axis(30.0, 32.0, 300.0, 100.0)
    assert (axis(30.0), axis(31.0), axis(32.0)) == (300.0, 200.0, 100.0)
    assert axis.units_per_m == 100.0
    assert axis.multiples(0.5) == [30.0, 30.5, 31.0, 31.5, 32.0]


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=60).map(sorted), st.floats(0.1, 200))
def test_chosen_positions_keep_their_distance_and_the_ends(positions, gap):
    chosen = spread_out(positions, gap)
    assert (chosen[0], chosen[-1]) == (0, len(positions) - 1)
    places = [positions[i] for i in chosen]
    inner = np.diff(places)
    assert (len(chosen) == 2) or bool((inner >= gap).all())


def test_one_or_no_position_is_kept():
    assert (spread_out([], 1.0), spread_out([3.0], 1.0)) == ([], [0])


def test_a_label_avoids_what_is_drawn_and_the_edge():
    placer = LabelPlacer(Box(0, 0, 200, 100))
    placer.block(Box(80, 40, 120, 60))
    first = placer.place("P1", 12, [(100, 50), (199, 20), (50, 20), (150, 80)])
    assert first == (50, 20)
    assert placer.place("P2", 12, [(50, 20), (150, 80)]) == (150, 80)


def test_japanese_is_wider_than_latin():
    assert text_width("本管", 10) == 20
    assert text_width("ab", 10) < 20


def test_stretches_need_both_ends():
    flags = [True, True, False, True, True]
    assert stretches_of(flags) == [(0, 1, True), (1, 3, False), (3, 4, True)]
    assert stretches_of([True]) == []


def test_hidden_stretches_reach_to_the_nearest_seen_stations():
    assert hidden_stretches(make_pipe(hidden=(3.5, 5.5))) == [(3.0, 6.0)]
    assert hidden_stretches(make_pipe()) == []


def test_a_stretch_keeps_the_bends_between():
    pipe = make_pipe(start=(0, 0, -1), via=((4, 0, -1),), end=(4, 3, -1))
    part = stretch(pipe, 2.0, 5.0) - pipe.centreline[0]
    assert part == pytest.approx(np.array([[2.0, 0, 0], [4, 0, 0], [4, 1, 0]]))
    assert positions_at(pipe.centreline, np.array([7.0]))[0] == pytest.approx(pipe.centreline[-1])


def test_directions_follow_the_pipe_and_a_riser_has_one_too():
    pipe = make_pipe(start=(0, 0, -1), via=((4, 0, -1),), end=(4, 3, -1))
    assert direction_at(pipe, 1.0) == pytest.approx([1, 0])
    assert direction_at(pipe, 6.0) == pytest.approx([0, 1])
    riser = make_pipe(start=(0, 0, -1), end=(0, 0, -0.5))
    assert np.linalg.norm(direction_at(riser, 0.2)) == 1.0


def test_svg_escapes_text_and_attributes():
    drawing = Drawing(10, 10, '<script>"&')
    drawing.text((1, 2), '</text><script>alert("x")</script>', 'a" onload="x', turn_deg=90)
    root = ET.fromstring(str(drawing.markup()))  # noqa: S314 - our own markup
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags == {"svg", "title", "text"}
    (text,) = [element for element in root.iter() if element.tag.endswith("text")]
    assert "onload" not in text.attrib
    assert text.attrib["transform"] == "rotate(90 1 2)"


def test_svg_numbers_are_short_and_never_minus_zero():
    drawing = Drawing(10, 10, "t")
    drawing.polyline([(-0.0001, 1.0), (2.345678, 100.0)], "x", width=2.5)
    assert 'points="0,1 2.35,100"' in drawing.markup()
    assert 'style="stroke-width:2.5"' in drawing.markup()


def test_labels_take_the_first_free_place_and_else_the_least_covered():
    placer = LabelPlacer(Box(0, 0, 1000, 1000))
    for _ in range(300):
        placer.block(Box(0, 0, 400, 400))
    assert placer.place("abc", 10.0, [(200, 200), (600, 600), (700, 700)]) == (600.0, 600.0)
    assert placer.place("abc", 10.0, [(200, 200), (400, 400)]) == (400.0, 400.0)
    with pytest.raises(ValueError, match="no place"):
        placer.place("abc", 10.0, [])
