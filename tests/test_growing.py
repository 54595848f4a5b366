import json
from pathlib import Path

import laspy
import numpy as np
import pyproj
import pytest

from tests.tiles.reading import read_tiles
from twin_pipeline import batch
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import InputError, OutputError, UsageError
from twin_pipeline.output import read_record
from twin_pipeline.progress import Progress
from twin_pipeline.site import site_of
from twin_pipeline.validation import validate_output

CONFIG = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en", geoid="gsigeo2011"))


@pytest.fixture
def out(make_scan, tmp_path) -> Path:
    """An output folder with the sites a and b."""
    folder = tmp_path / "out"
    batch.tile_batch([make_scan("a.las")], folder, CONFIG, Progress())
    batch.append_tiles([make_scan("b.las", points=1500)], folder, CONFIG, Progress())
    return folder


def _files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Inode and content of each file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): (p.stat().st_ino, p.read_bytes()) for p in files}


def _sites(folder: Path) -> list[str]:
    tileset = json.loads((folder / "tiles" / "tileset.json").read_text("utf-8"))
    record = json.loads((folder / "run.json").read_text("utf-8"))
    uris = [child["content"]["uri"] for child in tileset["root"]["children"]]
    assert uris == [f"points/{site['name']}/tileset.json" for site in record["sites"]]
    return [site["name"] for site in record["sites"]]


def test_sites_are_added_and_taken_out_without_touching_the_others(out, make_scan):
    kept = _files(out / "tiles" / "points" / "b")
    batch.append_tiles([make_scan("c.las", points=900)], out, CONFIG, Progress())
    assert _sites(out) == ["a", "b", "c"]
    assert validate_output(out) == []
    batch.remove_sites(["a"], out, Progress())
    assert _sites(out) == ["b", "c"]
    assert validate_output(out) == []
    assert _files(out / "tiles" / "points" / "b") == kept
    assert not (out / "tiles" / "points" / "a").exists()
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["counts"]["points_in"] == record["counts"]["points_in_tiles"] == 2400


def test_viewers_find_all_that_they_ask_for_of_points_alone(out):
    index = json.loads((out / "viewer.json").read_text("utf-8"))
    assert [site["name"] for site in index["sites"]] == ["a", "b"]
    assert index["pipes"] == []
    for site in index["sites"]:
        details = json.loads((out / site["details"]).read_text("utf-8"))
        assert details["frame"]["max_error_m"] < 0.001
    document = json.loads((out / "catalog.json").read_text("utf-8"))
    (group,) = document["catalog"]
    assert [member["type"] for member in group["members"]] == ["3d-tiles", "3d-tiles"]
    assert document["workbench"] == [member["id"] for member in group["members"]]
    for member in group["members"]:
        assert (out / member["url"]).is_file()
        assert member["rectangle"]["west"] < index["sites"][0]["lon_deg"]
    for layer in json.loads((out / "reearth.json").read_text("utf-8")):
        assert (out / layer["data"]["url"]).is_file()


def test_site_that_is_there_is_replaced_only_on_request(out, make_scan):
    before = _files(out)
    other = make_scan("A.las", points=700)
    with pytest.raises(UsageError, match="--overwrite"):
        batch.append_tiles([other], out, CONFIG, Progress())
    with pytest.raises(UsageError, match="--overwrite"):
        batch.append_tiles([make_scan("b.las", points=300)], out, CONFIG, Progress())
    assert _files(out) == before
    scan = make_scan("b.las", points=300)
    batch.append_tiles([scan], out, CONFIG, Progress(), overwrite=True)
    assert _sites(out) == ["a", "b"]
    assert validate_output(out) == []


def test_bad_scan_leaves_what_stands_as_it_is(out, tmp_path):
    before = _files(out)
    (tmp_path / "bad.las").write_bytes(b"LASF")
    with pytest.raises(InputError, match=r"bad\.las"):
        batch.append_tiles([tmp_path / "bad.las"], out, CONFIG, Progress())
    assert _files(out) == before
    assert not list(tmp_path.glob(".out*"))


def test_what_is_no_site_is_kept(out, make_scan):
    (out / "notes.txt").write_text("ours")
    (out / "layers").mkdir()
    (out / "layers" / "list.json").write_text("{}")
    batch.append_tiles([make_scan("c.las")], out, CONFIG, Progress())
    assert (out / "notes.txt").read_text() == "ours"
    assert (out / "layers" / "list.json").read_text() == "{}"


def test_added_again_after_a_death_is_done_once(out, make_scan):
    """Killed after it was put in its place, the command is given once more."""
    before = _files(out / "tiles")
    scan = make_scan("b.las", points=1500)
    batch.append_tiles([scan], out, CONFIG, Progress(), resume=True)
    assert _sites(out) == ["a", "b"]
    assert {name: data for name, (_, data) in _files(out / "tiles").items()} == {
        name: data for name, (_, data) in before.items()
    }


@pytest.mark.parametrize(
    ("names", "message"), [(["x"], "no site 'x'; there are a, b"), (["a", "b"], "no site would")]
)
def test_sites_that_can_t_be_taken_out_are_named(names, message, out):
    before = _files(out)
    with pytest.raises(UsageError, match=message):
        batch.remove_sites(names, out, Progress())
    assert _files(out) == before


def test_nothing_is_added_to_what_is_no_output(tmp_path, make_scan):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x")
    with pytest.raises(OutputError, match="--append needs"):
        batch.append_tiles([make_scan()], tmp_path / "mine", CONFIG, Progress())
    with pytest.raises(OutputError, match="--remove needs"):
        batch.remove_sites(["x"], tmp_path / "mine", Progress())


@pytest.mark.usefixtures("known_pipes")
def test_points_can_join_a_run_with_its_pipes(make_scan, tmp_path):
    out = tmp_path / "out"
    batch.run_batch([make_scan("a.las")], out, CONFIG, Progress())
    pipes = _files(out / "tiles" / "pipes")
    batch.append_tiles([make_scan("b.las")], out, CONFIG, Progress())
    assert _files(out / "tiles" / "pipes") == pipes
    assert validate_output(out) == []
    batch.remove_sites(["b"], out, Progress())
    assert validate_output(out) == []


def test_sites_of_other_systems_and_formats_stand_where_they_belong(out, tmp_path):
    """The same corner of Tokyo in UTM zone 54, LAS 1.4, format 7, 16-bit colours."""
    to_utm = pyproj.Transformer.from_crs(6677, 6691, always_xy=True)
    east, north = to_utm.transform(np.linspace(-12_800, -12_790, 500), np.full(500, -34_398.0))
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.scales, header.offsets = [0.001] * 3, [380_000.0, 3_950_000.0, 0.0]
    header.add_crs(pyproj.CRS.from_epsg(6691))
    las = laspy.LasData(header)
    las.x, las.y, las.z = east, north, np.full(500, 32.0)
    las.red = las.green = las.blue = np.arange(500).astype(np.uint16) * 131
    las.write(tmp_path / "utm.las")
    batch.append_tiles([tmp_path / "utm.las"], out, CONFIG, Progress())
    assert validate_output(out) == []
    there = {
        name: np.concatenate(
            [t.ecef for t in read_tiles(out / "tiles" / "points" / name / "tileset.json")]
        )
        for name in ("a", "utm")
    }
    spread = np.linalg.norm(there["a"] - there["a"].mean(axis=0), axis=1).max()
    apart = np.linalg.norm(there["utm"].mean(axis=0) - there["a"].mean(axis=0))
    assert apart < spread < 7


def test_killed_tiling_goes_on_with_what_was_built(make_scan, tmp_path, monkeypatch, capsys):
    from twin_pipeline.cli import main
    from twin_pipeline.tiles import points

    scan, out = make_scan(), tmp_path / "out"
    command = [
        "twin-pipeline",
        "tile",
        str(scan),
        "-o",
        str(out),
        "--vertical",
        "jgd2011",
        "--axis-order",
        "en",
        "-q",
    ]

    def call(*more: str) -> int:
        monkeypatch.setattr("sys.argv", [*command, *more])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(points, "finish", interrupted)
        assert call() == 130
    assert "--resume goes on" in capsys.readouterr().err
    assert not out.exists()
    with monkeypatch.context() as patched:
        patched.setattr(points, "build", interrupted)
        assert call("--resume") == 0
    assert validate_output(out) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "site.las"]


def _grow(folder: Path, scan: Path, without: tuple[str, ...] = ()) -> dict[str, object]:
    site = site_of(scan, CONFIG)
    summary = batch.grow_run(site, folder, CONFIG, Progress(), without=without)
    return dict(summary.record)


@pytest.mark.usefixtures("known_pipes")
def test_a_run_grows_from_nothing_site_by_site(make_scan, tmp_path):
    folder = tmp_path / "run"
    _grow(folder, make_scan("a.las"))
    kept = _files(folder / "tiles" / "points" / "a") | _files(folder / "sites" / "a")
    _grow(folder, make_scan("b.las", points=1500))
    assert [site["name"] for site in read_record(folder)["sites"]] == ["a", "b"]
    assert validate_output(folder) == []
    assert (folder / "pipes.csv").read_text("utf-8-sig").count("\n") == 1 + 2 * 3
    now = _files(folder / "tiles" / "points" / "a") | _files(folder / "sites" / "a")
    same = {name for name in kept if now[name] == kept[name]}
    assert kept.keys() - same <= {"survey.json", "viewer.json"}  # they are written anew for all
    # a new scan of a site takes the place of the old one, and of the sites it is made of
    _grow(folder, make_scan("a.las", points=900))
    assert read_record(folder)["counts"]["points_in"] == 2400
    _grow(folder, make_scan("c.las", points=800), without=("a", "b"))
    assert [site["name"] for site in read_record(folder)["sites"]] == ["c"]
    assert validate_output(folder) == []


@pytest.mark.usefixtures("known_pipes")
def test_a_site_that_fails_leaves_a_growing_run_as_it_was(make_scan, tmp_path):
    folder = tmp_path / "run"
    _grow(folder, make_scan("a.las"))
    before = _files(folder)
    broken = tmp_path / "b.las"
    broken.write_bytes(b"LASF")
    with pytest.raises(InputError):
        _grow(folder, broken)
    assert _files(folder) == before
    assert [path.name for path in tmp_path.glob(".*")] == []
