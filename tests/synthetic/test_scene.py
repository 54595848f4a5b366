"""Scenes as files, the command that scans them, and the committed sample."""

import json
from pathlib import Path

import laspy
import numpy as np
import pytest

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.errors import UsageError
from twin_pipeline.synthetic import load_scene
from twin_pipeline.synthetic.__main__ import main
from twin_pipeline.synthetic.frame import to_scan, to_site
from twin_pipeline.synthetic.scene import Scene
from twin_pipeline.synthetic.world import build_world

SAMPLE = Path(__file__).parents[2] / "sample_data"
SCENE = """
name = "small"
[[trenches]]
vertices = [[0.0, 0.0], [3.0, 0.0]]
[[pipes]]
material = "DIP"
nominal_mm = 100
vertices = [[-0.3, 0.0, 1.0], [3.3, 0.0, 1.0]]
[[bodies]]
kind = "strut"
chainage_m = 1.5
[scanner]
points = 2000
"""


def write(tmp_path, text=SCENE):
    path = tmp_path / "scene.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_scene_is_read(tmp_path):
    scene = load_scene(write(tmp_path))
    assert scene.pipes[0].nominal_mm == 100
    assert scene.bodies[0].kind == "strut"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nominal_mm = 100", "nominal = 100", r"pipes\.0"),
        ('kind = "strut"', 'kind = "giraffe"', r"bodies\.0"),
        ("points = 2000", "points = 2000\ndensity_per_m2 = 10", r"scanner.*not both"),
        ("[scanner]", "[scanner", r"not valid TOML"),
    ],
)
def test_bad_scene_names_file_and_entry(tmp_path, old, new, message):
    with pytest.raises(UsageError, match=rf"scene\.toml: .*{message}"):
        load_scene(write(tmp_path, SCENE.replace(old, new)))


def test_missing_scene_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml: can't read"):
        load_scene(tmp_path / "none.toml")


def test_frames_are_inverse():
    scene = Scene(
        easting_m=-12800,
        northing_m=-34400,
        azimuth_deg=63,
        trenches=[{"vertices": [(0, 0), (1, 0)]}],
    )
    points = np.random.default_rng(1).normal(0, 9, (50, 3))
    np.testing.assert_allclose(to_site(scene, to_scan(scene, points)), points, atol=1e-9)
    east = to_scan(scene.model_copy(update={"azimuth_deg": 90.0}), np.array([[2.0, 0, 0]]))
    np.testing.assert_allclose(east, [[-12798.0, -34400.0, 0.0]], atol=1e-9)


def test_command_writes_scan_truth_and_labels(tmp_path):
    out = tmp_path / "out"
    assert main([str(write(tmp_path)), "-o", str(out), "--labels"]) == 0
    names = {"small.laz", "small.truth.json", "small.object_id.npy"}
    assert {p.name for p in out.iterdir()} == names
    truth = json.loads((out / "small.truth.json").read_text(encoding="utf-8"))
    labels = np.load(out / "small.object_id.npy")
    assert len(laspy.read(out / "small.laz").x) == len(labels) == 2000
    pipe = truth["pipes"][0]
    assert sum(pipe["visibility"]["points"]) == np.sum(labels == pipe["object_id"]) > 0
    np.testing.assert_allclose(pipe["cover_m"], 1.0, atol=1e-4)
    assert len(pipe["centreline"]) == len(pipe["chainage_m"]) == len(pipe["crown_z_m"])


def test_command_reports_a_bad_scene_in_one_line(tmp_path, capsys):
    path = write(tmp_path, SCENE.replace("nominal_mm = 100", "nominal_mm = 110"))
    assert main([str(path), "-o", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert "110" in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_sample_truth_belongs_to_the_sample_scene():
    scene = load_scene(SAMPLE / "trench_tokyo.toml")
    truth = json.loads((SAMPLE / "trench_tokyo.truth.json").read_text(encoding="utf-8"))
    assert Scene.model_validate(truth["scene"]) == scene
    pipe = build_world(scene, load_catalogue()).pipes[0]
    chainage = np.array(truth["pipes"][0]["chainage_m"])
    line = to_scan(scene, pipe.route.at(chainage)[0])
    np.testing.assert_allclose(truth["pipes"][0]["centreline"], line, atol=2e-4)


def test_sample_scan_shows_the_sample_pipe():
    las = laspy.read(SAMPLE / "trench_tokyo.laz")
    assert las.header.parse_crs().to_epsg() == 6677
    scene = load_scene(SAMPLE / "trench_tokyo.toml")
    assert len(las.x) == scene.scanner.points
    truth = json.loads((SAMPLE / "trench_tokyo.truth.json").read_text(encoding="utf-8"))
    pipe = build_world(scene, load_catalogue()).pipes[0]
    site = to_site(scene, np.array(las.xyz)[::20])
    chainage, away = pipe.route.project(site)
    off = away - pipe.radius_m
    joints = np.array([bell.middle_m for bell in pipe.bells])
    free = np.abs(chainage[:, None] - joints).min(axis=1) > 0.2
    above = site[:, 2] > pipe.route.at(chainage)[0][:, 2]
    barrel = free & above & (np.abs(off) < 0.02)
    assert 20 * barrel.sum() > 0.3 * sum(truth["pipes"][0]["visibility"]["points"])
    assert abs(np.median(off[barrel])) < 0.003
    assert off[barrel].std() < 0.006
