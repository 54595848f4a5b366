"""Cross-sections show points, barrel, cover and levels where they are."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from factories import make_pipe

from report.complete import slice_of, with_sections
from twin_pipeline.model import CrossSection
from twin_pipeline.report.section import draw_section

STATION = 2


def drawn(pipe, number=0, offset_m=None):
    markup = draw_section(pipe, pipe.sections[number], offset_m)
    return ET.fromstring(str(markup))  # noqa: S314 - our own markup


def with_class(root, css):
    return [element for element in root.iter() if css in element.get("class", "").split()]


def places(element):
    moves = element.get("d").replace("M", " ").split("h0")
    return np.array([move.split() for move in moves if move.strip()], dtype=float)


def texts(root):
    return [element.text for element in root.iter() if element.tag.endswith("text")]


def at(pipe, station=STATION, points=None):
    section = CrossSection(
        float(pipe.stations.chainage_m[station]),
        slice_of(pipe, station) if points is None else points,
    )
    return replace(pipe, sections=(section,))


def test_the_barrel_is_to_the_scale_of_its_cover():
    pipe = at(make_pipe())
    root = drawn(pipe)
    radius = float(with_class(root, "fit")[0].get("r"))
    (line,) = with_class(root, "dimension")
    (_, top), (_, bottom) = (map(float, p.split(",")) for p in line.get("points").split())
    cover, half = pipe.stations.cover_m[STATION], pipe.outer_diameter_m / 2
    assert (bottom - top) / radius == pytest.approx(cover / half, rel=2e-3)
    assert f"{cover:.3f}" in texts(root)


def test_points_of_the_barrel_lie_on_it_and_all_are_drawn():
    pipe = at(make_pipe())
    root = drawn(pipe)
    circle = with_class(root, "fit")[0]
    centre = np.array([float(circle.get("cx")), float(circle.get("cy"))])
    radius = float(circle.get("r"))
    on, off = places(with_class(root, "point-pipe")[0]), places(with_class(root, "point-other")[0])
    away = np.linalg.norm(on - centre, axis=1)
    assert np.abs(away / radius - 1).max() < 0.01 / (pipe.outer_diameter_m / 2) + 0.01
    assert len(on) + len(off) == len(pipe.sections[0].points)
    # the upper half was seen
    assert (on[:, 1] < centre[1] + 1).all()


def test_right_is_right_and_up_is_up():
    centre = make_pipe().stations.centre[STATION, 2]
    root = drawn(at(make_pipe(), points=np.array([[0.5, centre], [0.0, centre + 0.5]])))
    circle = with_class(root, "fit")[0]
    right, above = places(with_class(root, "point-other")[0])
    assert right[0] > float(circle.get("cx"))
    assert above[1] < float(circle.get("cy"))
    assert right[1] == pytest.approx(float(circle.get("cy")), abs=0.1)


def test_levels_and_offset_are_written():
    pipe = at(make_pipe())
    words = " ".join(texts(drawn(pipe, offset_m=2.2517)))
    stations = pipe.stations
    for level in (
        stations.ground_z_m[STATION],
        stations.crown_z_m[STATION],
        stations.centre[STATION, 2],
        stations.centre[STATION, 2] - pipe.outer_diameter_m / 2,
    ):
        assert f"{level:.3f}" in words
    assert "offset 2.252 m" in words
    assert "offset" not in " ".join(texts(drawn(pipe)))


def test_sections_of_a_pipe_are_of_one_size():
    pipe = with_sections(make_pipe(end=(9.6, 2.4, -1.0)))
    boxes = {drawn(pipe, number).get("viewBox") for number in range(len(pipe.sections))}
    assert len(boxes) == 1


def test_without_points_or_ground_it_is_drawn_all_the_same():
    pipe = at(make_pipe(with_ground=False), points=np.empty((0, 2)))
    root = drawn(pipe)
    assert with_class(root, "point-pipe") == []
    assert with_class(root, "dimension") == []
    assert len(with_class(root, "fit")) >= 1


def test_a_hidden_station_says_so():
    pipe = at(make_pipe(hidden=(1.5, 2.5)))
    root = drawn(pipe)
    assert any("未観測" in text for text in texts(root))
    assert with_class(root, "fit-hidden")
