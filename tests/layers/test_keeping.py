"""Layers in the folder: added twice, replaced, removed, kept by runs, found out if damaged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layers.conftest import members_of, state_of
from tests.layers.made import LAT, LON, feature, temperatures, write_geojson, write_tif
from twin_pipeline import batch
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.durable.lock import locked
from twin_pipeline.durable.work import work_path
from twin_pipeline.errors import InputError, OutputError, UsageError
from twin_pipeline.exporting import export
from twin_pipeline.layers import layer_problems, read_layers, remove_layers
from twin_pipeline.layers.add import add_layer
from twin_pipeline.layers.wanted import Wanted
from twin_pipeline.progress import Progress
from twin_pipeline.validation import validate_output

CONFIG = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))


@pytest.fixture
def area(tmp_path):
    return write_geojson(tmp_path / "area.geojson", feature("Point", [LON, LAT], a=1))


def test_adding_twice_changes_nothing_and_other_content_replaces(add, out, area):
    layer = add(area)
    before = state_of(out)
    assert add(area) == layer
    assert state_of(out) == before
    write_geojson(area, feature("Point", [LON, LAT], a=2))
    newer = add(area)
    assert newer.id == layer.id
    assert not (out / layer.folder).exists()
    assert [found.id for found in read_layers(out)] == [layer.id]
    assert [member["name"] for member in members_of(out)] == ["area"]
    assert list(layer_problems(out)) == []


def test_files_of_one_name_are_layers_of_their_own(add, out, area, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    second = write_geojson(other / "area.geojson", feature("Point", [LON, LAT]))
    assert [add(area, title="A").id, add(second, title="A").id] == ["a", "a-2"]
    with pytest.raises(UsageError, match=r"several layers .*; give one of a, a-2"):
        remove_layers(["A"], out)
    assert [layer.id for layer in remove_layers(["a-2"], out)] == ["a-2"]
    assert [layer.id for layer in read_layers(out)] == ["a"]


def test_removing_gives_back_the_folder_as_it_was(add, out, area, tmp_path):
    before = state_of(out)
    add(area)
    add(write_tif(tmp_path / "b.tif", temperatures()), title="温度")
    with pytest.raises(UsageError, match=r"no layer of .* it has area, 温度"):
        remove_layers(["area", "c"], out)
    assert [layer.id for layer in remove_layers([str(area), "温度"], out)] == ["area", "温度"]
    assert state_of(out) == before


def test_what_others_wrote_into_the_catalogue_stays(add, out, area):
    path = out / "catalog.json"
    content = json.loads(path.read_text("utf-8"))
    content["catalog"].append({"type": "geojson", "id": "mine", "name": "x", "url": "x.geojson"})
    path.write_text(json.dumps(content), encoding="utf-8")
    add(area, hidden=True)
    changed = json.loads(path.read_text("utf-8"))
    assert "mine" in [member["id"] for member in changed["catalog"]]
    assert changed["workbench"] == content["workbench"]
    remove_layers(["area"], out)
    assert json.loads(path.read_text("utf-8")) == content


def test_tokyo_and_reearth_have_them_with_addresses_of_the_public_place(add, out, area):
    record = json.loads((out / "run.json").read_text("utf-8"))
    record["config"] = {"view": {"public_url": "https://data.example/pipes"}}
    (out / "run.json").write_text(json.dumps(record), encoding="utf-8")
    layer = add(area)
    url = f"https://data.example/pipes/{layer.url}"
    for name in ("catalog.json", "catalog.tokyo.json"):
        assert members_of(out, name)[0]["url"] == url
    shown = json.loads((out / "reearth.json").read_text("utf-8"))[-1]
    assert shown["data"] == {"type": "geojson", "url": url}


def test_damage_is_found(add, out, area):
    layer = add(area)
    path = out / layer.url
    text = path.read_text("utf-8")
    path.write_text(text.replace('"a": 1', '"a": 7'), encoding="utf-8")
    assert "are not those that were added" in next(iter(layer_problems(out)))
    path.write_text(text, encoding="utf-8")
    assert list(layer_problems(out)) == []
    index = out / "layers" / "layers.json"
    index.write_text('{"format": 1, "layers": [{}]}', encoding="utf-8")
    assert "is no list of layers" in next(iter(layer_problems(out)))
    with pytest.raises(InputError, match="is no list of layers"):
        add(area)


def test_a_run_that_works_there_is_waited_for(add, out, area):
    work_path(out).mkdir()
    with locked(work_path(out) / "lock"), pytest.raises(OutputError, match="is working on it"):
        add(area)
    assert add(area).id == "area"
    assert not work_path(out).exists()


@pytest.mark.usefixtures("known_pipes")
def test_layers_outlive_resume_and_export_but_not_overwrite(make_scan, tmp_path, area):
    scans, out = [make_scan("a.las", points=300)], tmp_path / "run"
    batch.run_batch(scans, out, CONFIG, Progress())
    layer, _ = add_layer(Wanted((str(area),)), out, Progress())
    files = state_of(out / "layers")
    export(out, ["csv"], CONFIG, lambda _: None)
    scans.append(make_scan("b.las", points=400))
    batch.run_batch(scans, out, CONFIG, Progress(), resume=True)
    assert state_of(out / "layers") == files
    assert [member["name"] for member in members_of(out)] == ["area"]
    assert read_layers(out) == (layer,)
    assert validate_output(out) == []
    noted = _Noted()
    batch.run_batch(scans, out, CONFIG, noted, overwrite=True)
    assert any("also replaces the layers" in note for note in noted.notes)
    assert read_layers(out) == ()


class _Noted(Progress):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def test_layers_of_a_folder_of_tiles(make_scan, tmp_path, area):
    out = tmp_path / "tiles"
    batch.tile_batch([make_scan("a.las", points=300)], out, CONFIG, Progress())
    before = state_of(out)
    add_layer(Wanted((str(area),)), out, Progress())
    assert [member["name"] for member in members_of(out)] == ["area"]
    batch.append_tiles([make_scan("b.las", points=300)], out, CONFIG, Progress())
    assert [member["name"] for member in members_of(out)] == ["area"]
    assert validate_output(out) == []
    batch.remove_sites(["b"], out, Progress())
    remove_layers(["area"], out)
    assert state_of(out).keys() == before.keys()


def test_a_lost_process_leaves_what_was_there(out, area, monkeypatch, add):
    add(area)
    before = read_layers(out)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("twin_pipeline.layers.add.write_layers", die)
    write_geojson(area, feature("Point", [LON, LAT], a=3))
    with pytest.raises(KeyboardInterrupt):
        add(area)
    assert read_layers(out) == before
    assert list(layer_problems(out)) == []


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    given = [sys.executable, "-m", "twin_pipeline", "layers", *map(str, arguments)]
    return subprocess.run(given, capture_output=True, check=False, encoding="utf-8")


def test_commands(out: Path, area: Path, tmp_path: Path) -> None:
    done = command("add", out, area, "--title", "工事区域", "--licence", "CC BY 4.0", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["id"] == "工事区域"
    listed = command("list", out)
    assert "工事区域" in listed.stdout
    assert "CC BY 4.0" in listed.stdout
    assert [layer["id"] for layer in json.loads(command("list", out, "--json").stdout)] == [
        "工事区域"
    ]
    broken = command("add", out, write_tif(tmp_path / "a.tif", temperatures(), crs=None))
    assert broken.returncode == 4
    assert broken.stderr.count("\n") == 1
    assert "--crs" in broken.stderr
    assert command("remove", out, "工事区域").stdout == "removed  工事区域\n"
    assert command("remove", out, "工事区域").returncode == 2
    assert command("list", tmp_path / "none").returncode == 1
