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
from twin_pipeline.geometry import polyline
from twin_pipeline.model import Fitting, FittingKind, JobFacts
from twin_pipeline.tiles import validate_tiles, write_pipe_tiles, write_uncertainty_tiles
from twin_pipeline.tiles.options import Compression
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
    assert columns["indices"].dtype == np.uint16
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
    assert root.error > 16 * 0.25


def test_feature_names_the_same_pipe_in_every_tile(network):
    """What is drawn as a feature lies where the pipe of its row lies."""
    pipes = {pipe.pipe_id: pipe for pipe in _network(230)}
    for tile in read_tiles(network / "tileset.json"):
        names = _table(network / tile.uri)[1]["pipe_id"]
        parts = [(tile.columns, tile.ecef)]
        if tile.lines is not None:
            parts.append((tile.lines, tile.lines_ecef))
        features = [columns["_FEATURE_ID_0"][:, 0] for columns, _ in parts]
        assert set(np.concatenate(features)) == set(range(len(names)))
        for (_, places), feature in zip(parts, features, strict=True):
            for number in set(feature.astype(int)):
                ends = Earth().to_ecef(pipes[names[number]].centreline[[0, -1]])
                for end in ends:
                    assert np.linalg.norm(places[feature == number] - end, axis=1).min() < 0.001


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


BEND_M = 0.45


def _bent(**changes: object):
    """A pipe of 9 m with a bend of 90 degrees, as a scan gives its centreline, and two joints."""
    angles = np.radians(np.linspace(0, 90, 60))[:, None]
    turn = BEND_M * np.hstack((np.sin(angles), 1 - np.cos(angles), np.zeros_like(angles)))
    straight = np.linspace(0, 4, 80)[:, None]
    before = straight * (1.0, 0, 0)
    after = straight * (0, 1.0, 0)
    line = np.vstack((before, before[-1] + turn[1:], before[-1] + turn[-1] + after[1:]))
    fittings = tuple(
        Fitting(FittingKind.JOINT, at_m, (0.0, 0.0, 0.0)) for at_m in (1.5, 4 + BEND_M * 1.5708 + 2)
    )
    return replace(make_pipe(), centreline=line + ORIGIN, fittings=fittings, **changes)


ORIGIN = make_pipe().centreline[0]


def _from_start(ecef):
    """Metres east, north and up of the pipe's start."""
    axes = Earth().to_ecef(ORIGIN + np.vstack((np.zeros(3), np.eye(3))))
    axes = (axes[1:] - axes[0]) / np.linalg.norm(axes[1:] - axes[0], axis=1)[:, None]
    return (ecef - Earth().to_ecef(ORIGIN[None])) @ axes.T


def _rings(path):
    """Centres (R, 3) and radii (R, 48) of a tube's rings, in metres from the pipe's start."""
    (tile,) = read_tiles(path)
    sides = 48
    barrel = tile.ecef[: len(tile.ecef) - 2 * (sides + 1)].reshape(-1, sides, 3)
    barrel = _from_start(barrel)
    centres = barrel.mean(axis=1)
    return centres, np.linalg.norm(barrel - centres[:, None], axis=2)


@pytest.mark.parametrize(
    ("diameter_m", "nominal_mm"), [(0.0605, None), (0.169, 150), (0.220, 200), (0.6304, None)]
)
def test_solid_has_the_measured_radius_sockets_and_bend_to_a_millimetre(
    tmp_path, diameter_m, nominal_mm
):
    pipe = _bent(outer_diameter_m=diameter_m, nominal_diameter_mm=nominal_mm)
    survey = replace(SURVEY, pipes=(pipe,))
    write_pipe_tiles(survey, Earth(), tmp_path, compression=Compression.NONE)
    centres, radii = _rings(tmp_path / "tileset.json")
    at_m = np.array([fitting.chainage_m for fitting in pipe.fittings])
    joints = polyline.along(pipe.centreline, pipe.centreline, at_m)
    joints = _from_start(Earth().to_ecef(joints))
    curved = (centres[:, 0] > 4.001) & (centres[:, 1] < BEND_M - 0.001)
    away = np.linalg.norm(centres[:, None] - joints, axis=2)
    plain = ~curved & (away.min(axis=1) > 0.5 * diameter_m + 0.1)
    assert plain.any()
    assert np.abs(radii[plain] - diameter_m / 2).max() < 0.001
    wide_m = socket_radius_m(pipe, CATALOGUE)
    wide = np.abs(radii - wide_m).max(axis=1) < 0.001
    for number, joint in enumerate(joints):
        near = centres[wide & (away[:, number] < diameter_m + 0.1)]
        assert np.linalg.norm((near[0] + near[-1]) / 2 - joint) < 0.001
    assert np.count_nonzero(curved) > 5
    middle = _from_start(Earth().to_ecef(ORIGIN[None] + (4.0, BEND_M, 0.0)))[0]
    assert np.abs(np.linalg.norm(centres[curved] - middle, axis=1) - BEND_M).max() < 0.001
    # Between the rings the barrel is straight: it cuts the bend's corners by no more than that.
    chords = (centres[curved][1:] + centres[curved][:-1]) / 2
    assert np.abs(np.linalg.norm(chords - middle, axis=1) - BEND_M).max() < 0.001


def test_few_pipes_are_seen_as_lines_too_from_where_they_are_dots(folder):
    """A site of a few pipes has one tile, which is seen from any distance."""
    (tile,) = read_tiles(folder / "tileset.json")
    assert tile.lines is not None
    assert set(tile.lines["_FEATURE_ID_0"][:, 0]) == {0, 1, 2}
    for number, pipe in enumerate(SURVEY.pipes):
        drawn = tile.lines_ecef[tile.lines["_FEATURE_ID_0"][:, 0] == number]
        ends = Earth().to_ecef(pipe.centreline[[0, -1]])
        assert np.linalg.norm(drawn[[0, -1]] - ends, axis=1).max() < 0.001


def test_lines_too_are_checked(folder):
    path = folder / "pipes.glb"
    data = bytearray(path.read_bytes())
    document, columns = read_glb(path, -1)
    accessor = document["accessors"][document["meshes"][0]["primitives"][-1]["indices"]]
    view = document["bufferViews"][accessor["bufferView"]]
    start = 28 + int.from_bytes(data[12:16], "little") + view["byteOffset"]
    data[start : start + 2] = (60_000).to_bytes(2, "little")
    path.write_bytes(data)
    assert columns["indices"].dtype == np.uint16
    assert any("index 60000 is beyond" in str(problem) for problem in validate_tiles(folder))


@pytest.fixture(scope="module", params=["few", "many"])
def both_ways(request, tmp_path_factory):
    """The same pipes not packed and packed, with their shells."""
    pipes = (_bent(), *SURVEY.pipes) if request.param == "few" else tuple(_network(60))
    folder = tmp_path_factory.mktemp("both")
    for compression in Compression:
        for write in (write_pipe_tiles, write_uncertainty_tiles):
            out = folder / compression / write.__name__
            write(replace(SURVEY, pipes=pipes), Earth(), out, compression=compression)
            assert validate_tiles(out) == []
    return folder


@pytest.mark.parametrize("name", ["write_pipe_tiles", "write_uncertainty_tiles"])
def test_packed_tiles_hold_the_same_shapes_and_attributes(both_ways, name):
    folders = [both_ways / way / name for way in ("none", "meshopt")]
    plain, packed = (read_tiles(folder / "tileset.json") for folder in folders)
    assert [tile.uri for tile in packed] == [tile.uri for tile in plain]
    for before, after in zip(plain, packed, strict=True):
        most_m = 0.0002
        assert np.abs(_middles(after, after.ecef) - _middles(before, before.ecef)).max() < most_m
        features = [_middles(tile, tile.columns["_FEATURE_ID_0"]) for tile in (before, after)]
        assert np.array_equal(*features)
        if "NORMAL" in before.columns:
            looks = _middles(before, before.columns["NORMAL"])
            assert np.abs(_middles(after, after.columns["NORMAL"] / 127) - looks).max() < 0.005
        if before.lines is not None:
            places = [tile.lines_ecef[tile.lines["indices"]] for tile in (before, after)]
            assert np.abs(places[1] - places[0]).max() < most_m
        tables = [_table(folder / before.uri)[1] for folder in folders]
        assert tables[0] == tables[1]


def _middles(tile, values):
    """The mean of what the corners of each triangle or line have; where it begins is no matter."""
    size = 2 if tile.document["meshes"][0]["primitives"][0]["mode"] == 1 else 3
    return values[tile.columns["indices"].reshape(-1, size)].mean(axis=1)


def test_finest_tiles_are_packed_to_a_quarter(both_ways):
    def size(way):
        return sum(
            (both_ways / way / tile.uri).stat().st_size - 13_000
            for tile in read_tiles(both_ways / way / "tileset.json")
            if tile.error == 0
        )

    pipes = "write_pipe_tiles"
    assert size(f"meshopt/{pipes}") < 0.25 * size(f"none/{pipes}")
