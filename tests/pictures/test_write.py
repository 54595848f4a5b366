"""The pictures of a small excavation with a mound over its pipe, and struts."""

import re
import xml.etree.ElementTree as ET
from contextlib import nullcontext

import numpy as np
import pytest

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.extraction import extract
from twin_pipeline.model import PointCloud
from twin_pipeline.pictures import Record, write_pictures
from twin_pipeline.pictures.folder import INDEX
from twin_pipeline.pictures.subject import (
    CLASSES,
    across,
    classes,
    fit_chainage,
    hidden_stretches,
    joints_of,
    of_pipe,
    telling_chainages,
)
from twin_pipeline.synthetic import presets, scan
from twin_pipeline.synthetic.bodies import Strut

SVG = "{http://www.w3.org/2000/svg}"
SITE = 'a "site" <& more'
STAGES = ("1-ground", "2-seeds", "3-runs", "4-pipes")
FAR = np.array([-12_818.761, -34_428.095, 31.4])


def record_of(xyz):
    """What extraction tells of a cloud that lies far from zero."""
    config = Config()
    record = Record(FAR, config.measure, config.trace.min_strength_rad)
    extract(PointCloud(xyz, FAR), config, load_catalogue(), lambda _: nullcontext(), record)
    return record


@pytest.fixture(scope="module")
def record():
    struts = (Strut(chainage_m=1.5), Strut(chainage_m=4.0))
    return record_of(
        scan(
            presets.trench(
                "DIP", 150, length_m=5.0, mounds=((3.0, 0.7),), bodies=struts, points=200_000
            )
        ).xyz
    )


@pytest.fixture(scope="module")
def folder(record, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures") / "site"
    write_pictures(record, SITE, folder)
    return folder


@pytest.fixture(scope="module")
def main(record):
    return of_pipe(record, *record.pipes[0])


def drawn(path):
    """Each class with the points drawn in it, and the texts of a picture."""
    root = ET.parse(path).getroot()  # noqa: S314 - written by ourselves
    dots = {
        element.get("class"): len(re.findall("M", element.get("d")))
        for element in root.iter(f"{SVG}path")
    }
    return root, dots, [element.text for element in root.iter(f"{SVG}text")]


def test_there_is_a_picture_a_stage_and_two_a_pipe_and_the_page_shows_them_all(folder):
    names = {path.stem for path in folder.glob("*.svg")}
    assert {*STAGES, "P01-sections", "P01-lengthwise"} <= names
    page = (folder / INDEX).read_text("utf-8")
    assert set(re.findall(r'src="([^"]+)\.svg"', page)) == names
    assert "<title>a &quot;site&quot; &lt;&amp; more: how its pipes were found" in page


def test_every_picture_stands_on_its_own(folder):
    for path in folder.glob("*.svg"):
        root, _, _ = drawn(path)
        style = root.find(f"{SVG}style").text
        used = {
            name for element in root.iter() for name in (element.get("class") or "").split()
        } - {"text", "middle", "end", "point", "cell", "run", "tube", "seed", "ring"}
        assert all(f".{name}" in style for name in used), path.name
        assert "nan" not in path.read_text("utf-8")
        assert path.stat().st_size < 1_000_000


def test_the_plans_are_in_the_scan_s_coordinates(folder):
    _, _, texts = drawn(folder / "1-ground.svg")
    assert any(text.startswith("-128") for text in texts)
    assert any(text.startswith("-344") for text in texts)


def test_every_rejected_run_stands_on_the_page_with_its_reason(record, folder):
    page = (folder / INDEX).read_text("utf-8")
    rejected = [one for one in record.tries if one.against is not None]
    assert rejected
    for one in rejected:
        number = re.compile(rf'[^>]*>\s*<td class="n">{one.number}<')
        row = next(r for r in page.split("<tr") if number.match(r))
        assert one.against in row


def test_a_strut_is_drawn_with_the_reason_it_was_left_out(folder):
    _, _, texts = drawn(folder / "4-pipes.svg")
    assert "left out: shoring strut" in texts
    _, _, texts = drawn(folder / "left-out-1-sections.svg")
    assert "left out: shoring strut" in texts


def test_a_strut_is_no_run_that_was_rejected(record):
    tube, _ = record.out[0]
    assert record.try_of(tube).against is None


def test_sections_are_cut_evenly_and_at_the_joint_and_in_the_hidden_stretch(main):
    at = np.array(telling_chainages(main))
    first, last = max(hidden_stretches(main), key=lambda h: h[1] - h[0])
    assert np.all(np.diff(at) > 0.0)
    assert len(at) == 6
    assert np.any((at > first) & (at < last))
    assert joints_of(main)[0] in at


def test_a_section_shows_what_was_used_and_what_was_dropped(folder):
    _, dots, texts = drawn(folder / "P01-sections.svg")
    for name in ("used", "dropped", "off", "context"):
        assert dots[f"point {name}"] > 20
    assert any("hidden" in text for text in texts if text.startswith("at "))
    assert any("joint" in text for text in texts if text.startswith("at "))


def test_a_heading_says_what_the_pipe_was_measured_as(record, folder):
    pipe = record.pipes[0][1]
    _, _, texts = drawn(folder / "P01-lengthwise.svg")
    assert (
        f"{1000 * pipe.outer_diameter_m:.1f} ± {1000 * pipe.outer_diameter_std_m:.1f}" in texts[0]
    )
    assert texts[1] == f"{pipe.quality}: {pipe.quality_reason}"


def test_used_points_are_those_of_the_fit(main):
    kind = classes(main.fit)
    assert np.array_equal(kind == len(CLASSES) - 1, main.fit.used)
    assert not np.any(main.fit.kept[kind == 1])
    assert np.all(main.fit.hidden[main.fit.node[kind == 2]])


def test_chainages_of_tube_and_fit_differ_by_what_the_fit_is_longer(main):
    start, end = (fit_chainage(main.fit, main.nodes[k]) for k in (0, -1))
    assert start > 0.0
    assert end - start == pytest.approx(main.length_m, abs=0.01)


def test_seen_along_the_pipe_right_is_right_and_up_is_up():
    right, up = across(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    assert np.allclose(right[:2], [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    assert np.allclose(up[:2], [0.0, 0.0, 1.0])
    assert np.allclose(np.linalg.norm(right, axis=1), 1.0)


def test_an_excavation_without_pipe_or_pavement_is_drawn_too(tmp_path):
    rng = np.random.default_rng(1)
    floor = np.column_stack([rng.uniform(0, 2, (20_000, 2)), rng.normal(0.0, 0.003, 20_000)])
    write_pictures(record_of(floor), "empty", tmp_path / "empty")
    assert {path.stem for path in (tmp_path / "empty").glob("*.svg")} >= set(STAGES)
