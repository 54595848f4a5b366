import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import numpy as np
import pytest
import referencing

from tests.factories import make_pipe, make_survey
from tests.tiles.earth import Earth, scan_of, trench
from tests.tiles.reading import read_tiles
from twin_pipeline.errors import OutputError
from twin_pipeline.tiles import point_tileset, root, validate_tiles, write_pipe_tiles, write_root

SCHEMAS = Path(__file__).parents[3] / "shared" / "data" / "3dtiles_schema"


def _schema_errors(document: dict[str, Any]) -> list[str]:
    def schema_of(uri: str) -> referencing.Resource:
        path = next(SCHEMAS.rglob(uri.rsplit("/", 1)[-1]))
        return _resource(path)

    def _resource(path: Path) -> referencing.Resource:
        made = json.loads(path.read_text("utf-8"))
        specification = referencing.jsonschema.DRAFT202012
        return referencing.Resource(made, specification)

    registry = referencing.Registry(retrieve=schema_of)
    schema = json.loads((SCHEMAS / "tileset.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema, registry=registry)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


@pytest.fixture
def project(tmp_path, write):
    """Two sites, one with a name that needs care in a URI; the second has no pipes."""
    for name, scan in (("西新宿 2丁目#1", trench(9_000)), ("b", trench(5_000))):
        write(scan_of(scan), name=name)
    survey = replace(make_survey(), site="西新宿 2丁目#1")
    write_pipe_tiles(survey, Earth(), tmp_path / "pipes" / survey.site)
    write_root(tmp_path, ["西新宿 2丁目#1", "b"])
    return tmp_path


def test_root_leads_to_all_sites(project):
    root = _read(project / "tileset.json")
    groups = [group["properties"]["layer"] for group in root["groups"]]
    contents = [child["content"] for child in root["root"]["children"]]
    assert [groups[content["group"]] for content in contents] == ["points", "pipes", "points"]
    assert all("#" not in content["uri"] and " " not in content["uri"] for content in contents)
    assert validate_tiles(project, 14_000) == []


def test_pipes_of_several_sites_have_a_root_of_their_own(project):
    pipes = _read(project / "pipes.json")
    (child,) = pipes["root"]["children"]
    assert (project / unquote(child["content"]["uri"])).is_file()
    assert child["content"]["uri"].startswith("pipes/")
    assert validate_tiles(project / "pipes.json") == []
    write_root(project, ["b"])
    assert not (project / "pipes.json").exists()


@pytest.mark.parametrize("length_m", [50.0, 6_000.0])
def test_boxes_hold_what_is_below_them_however_long_a_site_is(tmp_path, write, length_m):
    """The slope of the geoid skews frames: over kilometres by decimetres."""
    write(scan_of(trench(9_000, length_m)), name="a")
    write_root(tmp_path, ["a"])
    assert validate_tiles(tmp_path, 9_000) == []
    axes = np.reshape(
        _read(tmp_path / "tileset.json")["root"]["children"][0]["boundingVolume"]["box"][3:], (3, 3)
    )
    lengths = np.linalg.norm(axes, axis=1)
    assert np.abs(axes @ axes.T - np.diag(lengths**2)).max() < 1e-9 * lengths.max() ** 2


def test_root_box_holds_every_point_of_every_site(project):
    root = _read(project / "tileset.json")["root"]
    box = np.array(root["boundingVolume"]["box"])
    half = np.abs(box[3:].reshape(3, 3)).sum(axis=0)
    for folder in (project / "points").iterdir():
        for tile in read_tiles(folder / "tileset.json"):
            assert (np.abs(tile.ecef - box[:3]) <= half).all()


def test_reference_boxes_are_those_of_the_sites_turned_to_the_earth(project):
    child = _read(project / "tileset.json")["root"]["children"][2]
    box = np.array(child["boundingVolume"]["box"])
    axes = box[3:].reshape(3, 3)
    for tile in read_tiles(project / "points" / "b" / "tileset.json"):
        along = np.linalg.solve(axes.T, (tile.ecef - box[:3]).T)
        assert np.abs(along).max() <= 1.0


def test_root_of_no_known_site_is_refused(tmp_path):
    with pytest.raises(OutputError, match="neither points nor pipes"):
        write_root(tmp_path, ["a"])


def test_root_of_no_sites_is_refused(tmp_path):
    with pytest.raises(OutputError, match="no sites"):
        write_root(tmp_path, [])


def test_site_s_tileset_states_schema_statistics_and_datum(write):
    scan = scan_of(trench(5_000))
    out, _ = write(scan)
    tileset = _read(out / "tileset.json")
    assert set(tileset["schema"]["classes"]["point"]["properties"]) == {
        "intensity",
        "classification",
        "label",
        "return_number",
        "gps_time",
        "gps_time_rest",
    }
    stated = tileset["statistics"]["classes"]["point"]
    assert stated["count"] == 5_000
    assert stated["properties"]["intensity"] == {"min": 0, "max": 4_999}
    classes = scan.attributes["classification"]
    held = stated["properties"]["classification"]
    assert (held["min"], held["max"]) == (classes.min(), classes.max())
    assert held["extras"]["classes"] == {str(c): int((classes == c).sum()) for c in set(classes)}
    assert stated["properties"]["return_number"] == {"min": 1, "max": 5}
    assert tileset["metadata"]["properties"]["geoid"] == "GSIGEO2011"
    assert tileset["asset"]["extras"]["georeference"] == Earth().describe()


def test_root_of_a_site_is_a_local_frame(write):
    """East, north and up of the scan, at the site, earth-centred."""
    scan = scan_of(trench(5_000))
    out, _ = write(scan)
    matrix = np.reshape(_read(out / "tileset.json")["root"]["transform"], (4, 4)).T
    middle = scan.xyz.mean(axis=0)[None]
    there = Earth().to_ecef(middle)[0]
    assert np.linalg.norm(matrix[:3, 3] - there) < 70
    for axis, step in enumerate(np.eye(3)):
        along = Earth().to_ecef(middle + step)[0] - there
        assert np.allclose(matrix[:3, axis], along, atol=1e-4)
    assert np.allclose(matrix[:3, :3].T @ matrix[:3, :3], np.eye(3), atol=1e-3)


def test_large_tilesets_are_divided(write, monkeypatch):
    scan = scan_of(trench(60_000))
    whole, _ = write(scan, name="whole")
    monkeypatch.setattr(point_tileset, "TILES_PER_FILE", 12)
    divided, summary = write(scan, name="divided")
    assert len(list(divided.glob("*.json"))) > 3
    assert validate_tiles(divided, 60_000) == []
    one, other = (read_tiles(folder / "tileset.json") for folder in (whole, divided))
    assert len(other) == summary.tiles
    assert {tile.uri for tile in one} == {tile.uri for tile in other}
    places = {tile.uri: tile.to_ecef for tile in one}
    assert all(np.allclose(tile.to_ecef, places[tile.uri], atol=1e-6) for tile in other)


def test_whole_tileset_does_not_vanish_before_it_is_a_dot(write):
    scan = scan_of(trench(5_000))
    out, _ = write(scan)
    diagonal = np.linalg.norm(np.ptp(scan.xyz, axis=0))
    assert _read(out / "tileset.json")["geometricError"] > 10 * diagonal


@pytest.mark.skipif(not SCHEMAS.exists(), reason=f"needs the 3D Tiles schemas in {SCHEMAS.name}/")
def test_every_tileset_follows_the_3d_tiles_schema(project, monkeypatch, write):
    monkeypatch.setattr(point_tileset, "TILES_PER_FILE", 12)
    write(scan_of(trench(60_000)), name="divided")
    paths = list(project.rglob("*.json"))
    assert len(paths) > 6
    for path in paths:
        assert _schema_errors(_read(path)) == []


@pytest.mark.skipif(not SCHEMAS.exists(), reason=f"needs the 3D Tiles schemas in {SCHEMAS.name}/")
def test_schema_check_would_notice(project):
    tileset = _read(project / "tileset.json")
    del tileset["root"]["geometricError"]
    assert _schema_errors(tileset)


def test_py3dtiles_reads_the_tilesets(project):
    from py3dtiles.tileset import TileSet

    tileset = TileSet.from_file(project / "points" / "b" / "tileset.json")
    tileset.root_uri = project / "points" / "b"
    count, waiting = 0, [tileset.root_tile]
    while waiting:
        tile = waiting.pop()
        waiting += tile.children
        gltf = tile.get_or_fetch_content(tileset.root_uri)._gltf
        count += gltf.accessors[gltf.meshes[0].primitives[0].attributes.POSITION].count
    assert count == 5_000


def test_many_sites_are_grouped_by_where_they_lie(tmp_path):
    """150 sites along a road of 15 km; no file names more than a few dozens."""
    names = [f"site{n:03}" for n in range(150)]
    for n, name in enumerate(names):
        far = make_pipe(start=(0.0, 100.0 * n, -1.0), end=(3.0, 100.0 * n + 9, -1.1))
        survey = replace(make_survey(name), pipes=(far,))
        write_pipe_tiles(survey, Earth(), tmp_path / "pipes" / name)
    write_root(tmp_path, names)
    assert validate_tiles(tmp_path) == []
    groups = sorted(tmp_path.glob("group-*.json"))
    assert len(groups) >= 5
    seen = []
    for path in groups:
        tileset = _read(path)
        assert tileset["groups"][1]["properties"] == {"layer": "pipes"}
        here = [child["content"]["uri"] for child in tileset["root"]["children"]]
        assert len(here) <= 32
        numbers = sorted(int(uri[10:13]) for uri in here)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        seen += here
        half = max(abs(v) for v in tileset["root"]["boundingVolume"]["box"][3:])
        assert half < 3_000
    assert sorted(seen) == [f"pipes/{name}/tileset.json" for name in names]
    assert len(list(tmp_path.glob("pipes-*.json"))) == len(groups)
    assert validate_tiles(tmp_path / "pipes.json") == []
    assert _read(tmp_path / "tileset.json")["geometricError"] > 15_000


@pytest.mark.skipif(not SCHEMAS.exists(), reason=f"needs the 3D Tiles schemas in {SCHEMAS.name}/")
def test_groups_follow_the_schema(tmp_path, monkeypatch, write):
    monkeypatch.setattr(root, "FLAT", 1)
    monkeypatch.setattr(root, "IN_A_GROUP", 1)
    for name in ("a", "b", "c"):
        write(scan_of(trench(2_000)), name=name)
    write_root(tmp_path, ["a", "b", "c"])
    assert len(list(tmp_path.glob("group-*.json"))) == 3
    for path in tmp_path.glob("*.json"):
        assert _schema_errors(_read(path)) == []
    assert validate_tiles(tmp_path, 6_000) == []
