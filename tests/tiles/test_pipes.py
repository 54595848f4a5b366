import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from tests.factories import make_empty_survey, make_pipe, make_survey
from tests.tiles.earth import Earth
from tests.tiles.reading import read_glb, read_tiles, view_bytes
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.export.attributes import PIPES
from twin_pipeline.export.rows import pipe_values
from twin_pipeline.model import JobFacts
from twin_pipeline.tiles import validate_tiles, write_pipe_tiles, write_uncertainty_tiles
from twin_pipeline.tiles.solids import socket_radius_m

SURVEY = make_survey()
CATALOGUE = load_catalogue()


@pytest.fixture
def folder(tmp_path):
    out = tmp_path / "pipes" / "site"
    write_pipe_tiles(SURVEY, Earth(), out)
    return out


def _table(path):
    """Decode the property table by the text of EXT_structural_metadata."""
    data = path.read_bytes()
    document, _ = read_glb(path)
    binary = data[28 + int.from_bytes(data[12:16], "little") :]
    extension = document["extensions"]["EXT_structural_metadata"]
    (table,) = extension["propertyTables"]
    schema = extension["schema"]["classes"][table["class"]]["properties"]
    rows = {}
    for name, column in table["properties"].items():
        raw = view_bytes(document, binary, column["values"])
        if schema[name]["type"] == "STRING":
            ends = np.frombuffer(view_bytes(document, binary, column["stringOffsets"]), np.uint32)
            values = [raw[a:b].decode() for a, b in itertools.pairwise(ends)]
        else:
            dtype = {"FLOAT64": np.float64, "INT32": np.int32}[schema[name]["componentType"]]
            values = np.frombuffer(raw, dtype).tolist()
        missing = schema[name].get("noData", ...)
        rows[name] = [None if value == missing else value for value in values]
    assert all(len(values) == table["count"] for values in rows.values())
    return schema, rows


def test_table_holds_every_field_of_every_pipe(folder):
    _, rows = _table(folder / "pipes.glb")
    assert list(rows) == [field.name for field in PIPES.fields]
    assert rows.pop("site") == [SURVEY.site] * 3
    for name, values in rows.items():
        assert values == [pipe_values("", pipe)[name] for pipe in SURVEY.pipes]


def test_schema_states_units_and_what_stands_for_nothing(folder):
    schema, _ = _table(folder / "pipes.glb")
    for field in PIPES.fields:
        stated = schema[field.name]
        assert field.description in stated["description"]
        assert stated["description"].endswith(f"[{field.unit}]") or not field.unit
        if field.nullable:
            assert "noData" in stated


def test_unknown_numbers_are_no_data(tmp_path):
    job = JobFacts(construction_no="R7-1", route_name="区道1号", laid_fiscal_year=2025)
    pipe = make_pipe(job=job, with_ground=False, arc_deg=float("nan"), material=None)
    write_pipe_tiles(replace(SURVEY, pipes=(pipe,)), Earth(), tmp_path)
    _, rows = _table(tmp_path / "pipes.glb")
    empty = {name for name, (value,) in rows.items() if value is None}
    covers = {"cover_min_m", "cover_mean_m", "cover_max_m", "cover_std_m"}
    assert empty == covers | {"arc_deg", "material", "joint_type"}


def test_each_pipe_is_one_feature_on_its_centreline(folder):
    (tile,) = read_tiles(folder / "tileset.json")
    feature = tile.columns["_FEATURE_ID_0"][:, 0]
    assert set(feature) == {0, 1, 2}
    for number, pipe in enumerate(SURVEY.pipes):
        surface = tile.ecef[feature == number]
        along = [a + (b - a) * np.linspace(0, 1, 2_000)[:, None] for a, b in _segments(pipe)]
        line = Earth().to_ecef(np.concatenate(along))
        nearest = np.min([np.linalg.norm(line - vertex, axis=1).min() for vertex in surface])
        farthest = np.max([np.linalg.norm(line - vertex, axis=1).min() for vertex in surface])
        assert nearest == 0 or nearest < 0.003
        assert farthest < 0.002 + socket_radius_m(pipe, CATALOGUE)
        at_start = Earth().to_ecef(pipe.centreline[:1])
        distance = np.sort(np.linalg.norm(surface - at_start, axis=1))
        assert distance[0] < 0.001
        assert np.allclose(distance[1:97], pipe.outer_diameter_m / 2, atol=0.001)


def _segments(pipe):
    return itertools.pairwise(pipe.centreline)


def test_triangles_are_seen_from_outside_only(folder):
    document, columns = read_glb(folder / "pipes.glb")
    assert document["materials"][0]["doubleSided"] is False
    assert columns["indices"].dtype == np.uint32
    a, b, c = np.swapaxes(columns["POSITION"][columns["indices"].reshape(-1, 3)], 0, 1)
    normals = columns["NORMAL"][columns["indices"].reshape(-1, 3)[:, 0]]
    assert (np.einsum("ij,ij->i", np.cross(b - a, c - a), normals) > 0).all()


def test_pipes_of_several_sites_far_away_stay_exact(tmp_path):
    """Coordinates are small numbers around the pipes, however far those are from anything."""
    far = make_pipe(start=(80_000.0, -60_000.0, -1.0), end=(80_009.0, -60_001.0, -1.1))
    write_pipe_tiles(replace(SURVEY, pipes=(far,)), Earth(), tmp_path)
    (tile,) = read_tiles(tmp_path / "tileset.json")
    start = Earth().to_ecef(far.centreline[:1])
    assert np.linalg.norm(tile.ecef - start, axis=1).min() < 0.0005


def test_tileset_is_sound_and_says_where_heights_come_from(folder):
    assert validate_tiles(folder) == []
    tileset = json.loads((folder / "tileset.json").read_text("utf-8"))
    stated = tileset["metadata"]["properties"]
    assert stated["site"] == SURVEY.site
    assert stated["crs"] == "EPSG:6677"
    assert stated["vertical"] == "JGD2011 (vertical) height"
    assert stated["geoid"] == "GSIGEO2011"
    assert tileset["asset"]["extras"]["georeference"] == Earth().describe()


def test_survey_without_pipes_writes_nothing(tmp_path):
    write_pipe_tiles(make_empty_survey(), Earth(), tmp_path / "pipes")
    assert not (tmp_path / "pipes").exists()


def _network(count: int) -> list:
    """Pipes all over a square kilometre, each of its own length."""
    rng = np.random.default_rng(count)
    corners = rng.uniform(-500, 500, (count, 2))
    return [
        make_pipe(
            f"P{n:04}",
            start=(float(east), float(north), -1.3),
            end=(float(east) + 4 + n % 7, float(north) + 2, -1.35),
            via=((float(east) + 2, float(north), -1.31),),
        )
        for n, (east, north) in enumerate(corners)
    ]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    out = tmp_path_factory.mktemp("network") / "pipes" / "site"
    write_pipe_tiles(replace(SURVEY, pipes=tuple(_network(230))), Earth(), out)
    return out


def test_many_pipes_are_a_tree_with_each_in_one_leaf(network):
    tiles = read_tiles(network / "tileset.json")
    leaves = [tile for tile in tiles if tile.error == 0]
    assert 1 < len(leaves) < len(tiles)
    names = [name for tile in leaves for name in _table(network / tile.uri)[1]["pipe_id"]]
    assert sorted(names) == [f"P{n:04}" for n in range(230)]
    assert max(len(_table(network / tile.uri)[1]["pipe_id"]) for tile in leaves) <= 10
    root = json.loads((network / "tileset.json").read_text("utf-8"))["root"]
    assert root["refine"] == "REPLACE"
    assert validate_tiles(network) == []


def test_tiles_above_show_every_pipe_below_with_fewer_triangles(network):
    tiles = read_tiles(network / "tileset.json")
    root = tiles[0]
    assert sorted(_table(network / root.uri)[1]["pipe_id"]) == [f"P{n:04}" for n in range(230)]
    fine = sum(len(tile.columns["indices"]) for tile in tiles if tile.error == 0)
    assert len(root.columns["indices"]) < fine / 50
    (primitive,) = root.document["meshes"][0]["primitives"]
    assert primitive["mode"] == 1
    assert "NORMAL" not in primitive["attributes"]
    assert root.error > 8 * 0.02


def test_feature_names_the_same_pipe_in_every_tile(network):
    """What is drawn as a feature lies where the pipe of its row lies."""
    pipes = {pipe.pipe_id: pipe for pipe in _network(230)}
    for tile in read_tiles(network / "tileset.json"):
        names = _table(network / tile.uri)[1]["pipe_id"]
        feature = tile.columns["_FEATURE_ID_0"][:, 0]
        assert set(feature) == set(range(len(names)))
        for number, name in enumerate(names):
            ends = Earth().to_ecef(pipes[name].centreline[[0, -1]])
            surface = tile.ecef[feature == number]
            for end in ends:
                assert np.linalg.norm(surface - end, axis=1).min() < 0.001


def test_shells_stand_two_sigma_outside_of_the_barrel(tmp_path):
    pipe = replace(
        make_pipe(),
        position_std_h_m=0.03,
        position_std_v_m=0.01,
        outer_diameter_std_m=0.008,
        fittings=(),
    )
    survey = replace(SURVEY, pipes=(pipe,))
    write_uncertainty_tiles(survey, Earth(), tmp_path / "uncertainty" / "site")
    (tile,) = read_tiles(tmp_path / "uncertainty" / "site" / "tileset.json")
    line = Earth().to_ecef(np.linspace(*pipe.centreline[[0, -1]], 3_000))
    away = np.array([np.linalg.norm(line - vertex, axis=1).min() for vertex in tile.ecef])
    radius = pipe.outer_diameter_m / 2
    assert away.max() == pytest.approx(radius + 2 * np.hypot(0.03, 0.004), abs=0.001)
    ring = away[away > radius]
    assert ring.min() == pytest.approx(radius + 2 * np.hypot(0.01, 0.004), abs=0.001)
    material = tile.document["materials"][0]
    assert material["alphaMode"] == "BLEND"
    _, rows = _table(tmp_path / "uncertainty" / "site" / "uncertainty.glb")
    assert rows["pipe_id"] == [pipe.pipe_id]
    assert validate_tiles(tmp_path / "uncertainty" / "site") == []


def test_shells_of_many_pipes_are_a_tree_as_the_pipes_are(tmp_path):
    pipes = tuple(
        make_pipe(f"P{n}", (20.0 * n, 0.0, -1.3), (20.0 * n, 9.0, -1.3)) for n in range(120)
    )
    survey = replace(make_survey(), pipes=pipes)
    write_uncertainty_tiles(survey, Earth(), tmp_path / "shells")
    root = json.loads((tmp_path / "shells" / "tileset.json").read_text("utf-8"))["root"]
    assert root["refine"] == "REPLACE"
    assert root["geometricError"] > 0
    tiles = read_tiles(tmp_path / "shells" / "tileset.json")
    for level in ([tiles[0]], [tile for tile in tiles if tile.error == 0]):
        held = [
            name for tile in level for name in _table(tmp_path / "shells" / tile.uri)[1]["pipe_id"]
        ]
        assert sorted(held) == sorted(pipe.pipe_id for pipe in pipes)
    assert validate_tiles(tmp_path / "shells") == []
