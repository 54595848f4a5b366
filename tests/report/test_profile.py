"""The profile shows ground, crown, invert and cover where they are."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from factories import make_pipe, make_stations

from twin_pipeline.geometry.deviation import deviations
from twin_pipeline.model import DesignLine, Fitting, FittingKind, LevelKind
from twin_pipeline.report.profile import draw_profile, fitting_name


def drawn(pipe):
    return ET.fromstring(str(draw_profile(pipe)))  # noqa: S314 - our own markup


def with_class(root, css):
    return [element for element in root.iter() if css in element.get("class", "").split()]


def points(element):
    return np.array([pair.split(",") for pair in element.get("points").split()], dtype=float)


def texts(root):
    return [element.text for element in root.iter() if element.tag.endswith("text")]


def test_cover_and_diameter_are_to_one_scale():
    pipe = make_pipe()
    root = drawn(pipe)
    ground, (crown, bottom) = with_class(root, "ground")[0], with_class(root, "edge")
    height = points(bottom)[0, 1] - points(crown)[0, 1]
    cover = points(crown)[0, 1] - points(ground)[0, 1]
    expected = pipe.stations.cover_m[0] / pipe.outer_diameter_m
    assert cover / height == pytest.approx(expected, rel=1e-3)


def test_least_and_greatest_cover_are_dimensioned():
    pipe = make_pipe()
    notes = [text for text in texts(drawn(pipe)) if text.startswith("土被り最")]
    least_m, most_m = pipe.stations.cover_m.min(), pipe.stations.cover_m.max()
    assert notes == [f"土被り最大 max {most_m:.3f} m", f"土被り最小 min {least_m:.3f} m"]


def test_what_was_hidden_is_dashed_and_hatched():
    pipe = make_pipe(hidden=(3.5, 5.5))
    root = drawn(pipe)
    (body,) = with_class(root, "body-hidden")
    assert len(with_class(root, "edge-hidden")) == 2
    assert len(with_class(root, "body")) == 2
    band = {float(e.text): float(e.get("x")) for e in with_class(root, "band-value")[:11]}
    assert points(body)[:, 0].min() == pytest.approx(band[3.0], abs=0.05)
    assert points(body)[:, 0].max() == pytest.approx(band[6.0], abs=0.05)


def test_the_band_repeats_the_stations():
    pipe = make_pipe()
    values = [e.text for e in with_class(drawn(pipe), "band-value")]
    per_row = len(pipe.stations)
    assert len(values) == 6 * per_row
    assert values[per_row : 2 * per_row] == [f"{z:.3f}" for z in pipe.stations.ground_z_m]
    invert = pipe.stations.centre[0, 2] - pipe.outer_diameter_m / 2
    assert values[4 * per_row] == f"{invert:.3f}"


def test_without_ground_there_is_no_cover_to_show():
    root = drawn(make_pipe(with_ground=False))
    assert with_class(root, "ground") == []
    assert with_class(root, "dimension") == []
    assert not any("nan" in text.lower() for text in texts(root))
    assert [e.text for e in with_class(root, "strong")] == ["–"] * 11


def test_ground_with_a_gap_is_not_bridged():
    pipe = make_pipe()
    ground = pipe.stations.ground_z_m.copy()
    ground[4:6] = np.nan
    stations = replace(pipe.stations, ground_z_m=ground, cover_m=ground - pipe.stations.crown_z_m)
    root = drawn(replace(pipe, stations=stations))
    left, right = (points(line)[:, 0] for line in with_class(root, "ground"))
    assert left.max() < right.min()


def test_a_short_pipe_is_not_stretched():
    root = drawn(make_pipe(end=(2.0, 0.0, -1.34)))
    assert "縦:横 V:H = 1.0:1" in texts(root)


def test_a_long_pipe_is_exaggerated_and_its_columns_stay_apart():
    root = drawn(make_pipe(end=(60.0, 5.0, -2.0)))
    ratio = next(text for text in texts(root) if text.startswith("縦:横"))
    assert float(ratio.split("=")[1].split(":")[0]) > 3
    xs = [float(e.get("x")) for e in with_class(root, "strong")]
    assert np.diff(xs).min() >= 58.0


def test_one_station_is_no_profile():
    vertices = make_pipe().centreline
    lone = make_stations(vertices, 0.2)
    fields = {name: getattr(lone, name)[:1] for name in lone.__dataclass_fields__}
    assert draw_profile(make_pipe(stations=type(lone)(**fields))) is None


@pytest.mark.parametrize(
    ("fitting", "name"),
    [
        (Fitting(FittingKind.JOINT, 1.0, (0, 0, 0)), "継手"),
        (Fitting(FittingKind.BEND, 1.0, (0, 0, 0), 44.62, 45.0), "曲管 45°"),
        (Fitting(FittingKind.BEND, 1.0, (0, 0, 0), 17.318), "曲管 17.3°"),
        (Fitting(FittingKind.TEE, 1.0, (0, 0, 0)), "T字管"),
    ],
)
def test_fittings_are_named(fitting, name):
    assert fitting_name(fitting) == name


def test_the_designed_level_is_drawn_where_it_is_known():
    pipe = make_pipe(end=(9.6, 0.0, -1.34))
    line = pipe.centreline[[0, 1]] + np.array([0.0, 0.0, 0.05])
    found = deviations(pipe, [DesignLine("D", line, LevelKind.CENTRE)])
    markup = str(draw_profile(pipe, found))
    root = ET.fromstring(markup)  # noqa: S314 - our own markup
    designed, centre = (points(with_class(root, c)[0]) for c in ("design", "centreline-dark"))
    crown, bottom = (points(edge) for edge in with_class(root, "edge"))
    units_per_m = (bottom[0, 1] - crown[0, 1]) / pipe.outer_diameter_m
    assert (centre - designed)[:, 1] / units_per_m == pytest.approx(0.05, abs=1e-3)
