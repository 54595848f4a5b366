"""--clip publishes nothing of outside the trench, --reduce nothing that a policy names."""

import csv
import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest
import shapely
from factories import make_survey

from publishing.conftest import owner
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.exporting import read_results
from twin_pipeline.model import CrossSection
from twin_pipeline.publishing import Policy, load_policy
from twin_pipeline.publishing.clip import clip_result, trench_of
from twin_pipeline.tiles import TilesOptions, validate_tiles
from twin_pipeline.tiles.recover import recovered_points

POINTS = 20_000


def points_of(tileset):
    """All points of a tileset, scan frame, with what they carry, in a fixed order."""
    tiles = list(recovered_points(tileset))
    xyz = np.vstack([tile.xyz for tile in tiles]).round(6)
    columns = {
        name: np.concatenate([tile.attributes[name] for tile in tiles])
        for name in tiles[0].attributes
    }
    order = np.lexsort(xyz.T)
    return xyz[order], {name: values[order] for name, values in columns.items()}


@pytest.fixture
def out(make_run):
    return make_run("one", ["a.las"], points=POINTS)


def tileset_in(reader, layer):
    (found,) = reader.root.glob(f"data/*/{layer}/*/tileset.json")
    return found


@pytest.fixture
def trench(out):
    return trench_of(read_results(out)[0])


def test_points_inside_are_all_there_and_no_others(out, publish_to, trench):
    reader, _ = publish_to(out, clip=True)
    before, carried = points_of(out / "tiles" / "points" / "a" / "tileset.json")
    inside = shapely.contains_xy(trench, before[:, 0], before[:, 1])
    assert 1000 < inside.sum() < POINTS - 1000
    after, kept = points_of(tileset_in(reader, "points"))
    np.testing.assert_array_equal(after, before[inside])
    for name, values in carried.items():
        np.testing.assert_array_equal(kept[name], values[inside])
    assert validate_tiles(tileset_in(reader, "points"), int(inside.sum())) == []
    assert reader.check()
    told = reader.json("stac/trench-pipes/a/a.json")["properties"]
    assert told["pc:count"] == inside.sum()
    assert "掘削範囲の外は公開していない" in reader.json("stac/catalog.json")["description"]


@pytest.mark.parametrize(
    "options",
    [
        {"tiles_version": "1.0", "attributes": "all"},
        {"compression": "none", "attributes": "all", "points_per_tile": 1000},
    ],
)
def test_points_of_all_kinds_of_tiles_keep_all_they_carry(
    make_run, publish_to, monkeypatch, options
):
    from publishing import conftest

    tiles = TilesOptions.model_validate(options)
    monkeypatch.setattr(conftest, "RUN", conftest.RUN.model_copy(update={"tiles": tiles}))
    out = make_run("one", ["a.las"], points=POINTS)
    trench = trench_of(read_results(out)[0])
    reader, _ = publish_to(out, clip=True)
    before, carried = points_of(out / "tiles" / "points" / "a" / "tileset.json")
    assert {"gps_time", "return_number", "red", "intensity"} <= set(carried)
    inside = shapely.contains_xy(trench, before[:, 0], before[:, 1])
    after, kept = points_of(tileset_in(reader, "points"))
    np.testing.assert_array_equal(after, before[inside])
    for name, values in carried.items():
        np.testing.assert_array_equal(kept[name], values[inside])
    assert validate_tiles(tileset_in(reader, "points"), int(inside.sum())) == []
    kind = next(tileset_in(reader, "points").parent.rglob("*.*[bs]")).suffix
    assert kind == (".pnts" if tiles.tiles_version == "1.0" else ".glb")


def test_pipes_stations_and_fittings_end_at_the_boundary(out, publish_to, trench):
    reader, _ = publish_to(out, clip=True)
    near = trench.buffer(0.002)
    (table,) = reader.root.glob("data/*/stations.csv")
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 10
    for row in rows:
        place = shapely.Point(float(row["easting_m"]), float(row["northing_m"]))
        assert near.covers(place), row
    (gpkg,) = reader.root.glob("data/*/pipes.gpkg")
    import pyogrio

    for layer in ("pipes", "stations", "fittings"):
        _, _, geometry, _ = pyogrio.raw.read(gpkg, layer=layer)
        shapes = shapely.force_2d(shapely.from_wkb(geometry))
        assert near.covers(shapes).all(), layer
    lengths = {row["pipe_id"]: float(row["chainage_m"]) for row in rows}
    assert lengths["P1"] == pytest.approx(9.895, abs=0.01)
    assert lengths["P2"] < 1.0


def test_the_viewer_shows_no_pavement(out, publish_to):
    reader, _ = publish_to(out, clip=True)
    (details,) = reader.root.glob("data/*/sites/a/viewer.json")
    ground = json.loads(details.read_text("utf-8"))["ground"]
    assert ground is None or ground["pavement"] == []


def test_cross_sections_lose_what_lies_outside(out, trench):
    result = read_results(out)[0]
    pipe = result.survey.pipes[0]
    across = np.linspace(-2.0, 2.0, 401)
    section = CrossSection(5.0, np.column_stack((across, np.full(401, 31.0))))
    from dataclasses import replace

    pipes = (replace(pipe, sections=(section,)), *result.survey.pipes[1:])
    drawn = replace(result, survey=replace(result.survey, pipes=pipes))
    (left,) = clip_result(drawn, trench, 0.1).result.survey.pipes[0].sections
    reach = np.abs(left.points[:, 0]).max()
    assert 0.6 < reach <= 0.66  # the trench is 1.4 m wide, half a slice is taken off
    assert len(left.points) > 100


def test_labels_follow_the_pipes_that_are_left(out, trench):
    clipped = clip_result(read_results(out)[0], trench, 0.1)
    assert [pipe.pipe_id for pipe in clipped.result.survey.pipes] == ["P1", "P2", "P3"]
    assert clipped.labels[16:].tolist() == [16, 17, 18]


def test_sites_without_a_boundary_are_left_out(make_run, publish_to, monkeypatch):
    from twin_pipeline.publishing import site as sites

    out = make_run("one", ["a.las", "b.las"])
    real = sites.trench_of
    monkeypatch.setattr(
        sites, "trench_of", lambda result: None if result.survey.site == "b" else real(result)
    )
    reader, done = publish_to(out, clip=True)
    assert (done.sites, done.left_out) == (("a",), ("b",))
    assert not [name for name in reader.state() if "/b/" in name]
    monkeypatch.setattr(sites, "trench_of", lambda _: None)
    with pytest.raises(InputError, match="no site has a trench boundary"):
        publish_to(out, clip=True)
    assert reader.check()


def policy_file(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_attributes_of_a_policy_are_in_no_file(out, publish_to, tmp_path):
    policy = load_policy(
        policy_file(
            tmp_path,
            '[attributes]\npipes = ["construction_no", "material", "fit_rms_m", "cover_min_m"]\n'
            'stations = ["offset_m"]\npoints = ["intensity", "rgb"]\n'
            '[layers]\ntiles = ["uncertainty"]\nattributes = ["fittings", "provenance"]\n',
        )
    )
    reader, done = publish_to(out, policy=policy)
    named = ("construction_no", "material", "fit_rms_m", "cover_min_m")
    (gpkg,) = reader.root.glob("data/*/pipes.gpkg")
    with closing(sqlite3.connect(gpkg)) as database:
        tables = {name for (name,) in database.execute("SELECT table_name FROM gpkg_contents")}
        columns = {
            name for (name,) in database.execute("SELECT name FROM pragma_table_info('pipes')")
        }
        told = database.execute("SELECT column_name FROM gpkg_data_columns").fetchall()
    assert tables >= {"pipes", "stations", "trench"}
    assert not tables & {"fittings", "provenance"}
    assert not columns & set(named)
    assert not {name for (name,) in told} & {*named, "offset_m"}
    (geojson,) = reader.root.glob("data/*/pipes.geojson")
    for feature in json.loads(geojson.read_text("utf-8"))["features"]:
        assert not set(feature["properties"]) & set(named)
    assert not list(reader.root.glob("data/*/fittings.csv"))
    assert not list(reader.root.glob("data/*/report.html"))
    assert not list(reader.root.glob("data/*/uncertainty"))
    glb = next(tileset_in(reader, "pipes").parent.glob("*.glb")).read_bytes()
    assert b"outer_diameter_m" in glb
    assert not any(name.encode() in glb for name in ("construction_no", "fit_rms_m", "cover_min_m"))
    _, kept = points_of(tileset_in(reader, "points"))
    assert set(kept) == {"classification"}
    (index,) = reader.root.glob("data/*/viewer.json")
    assert not any(set(named) & set(pipe) for pipe in json.loads(index.read_text("utf-8"))["pipes"])
    filters = [
        each["property"]
        for member in reader.json("catalog.json")["catalog"][0]["members"]
        for each in member.get("filters", [])
    ]
    assert "cover_min_m" not in filters
    assert any("report" in warning for warning in done.warnings)
    assert reader.check()


def test_levels_of_a_policy_are_dropped(make_run, publish_to, monkeypatch):
    from publishing import conftest

    monkeypatch.setattr(
        conftest,
        "RUN",
        conftest.RUN.model_copy(update={"tiles": TilesOptions(points_per_tile=1000)}),
    )
    out = make_run("one", ["a.las"], points=POINTS)
    source = out / "tiles" / "points" / "a" / "tileset.json"
    levels = {}
    for tile in recovered_points(source):
        levels[tile.level] = levels.get(tile.level, 0) + len(tile.xyz)
    assert len(levels) >= 3
    policy = Policy.model_validate({"levels": {"points": [1, 2]}})
    reader, _ = publish_to(out, policy=policy)
    xyz, _ = points_of(tileset_in(reader, "points"))
    assert len(xyz) == sum(count for level, count in levels.items() if level not in (1, 2))
    assert validate_tiles(tileset_in(reader, "points"), len(xyz)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[attributes]\npipes = ["colour"]', "'colour' is no attribute of pipes; there are role"),
        ('[attributes]\npipes = ["pipe_id"]', "pipe_id tells the rows of pipes apart"),
        ('[layers]\ntiles = ["lines"]', "tiles 'lines' is none of points, pipes, uncertainty"),
        ("[levels]\npoints = [-1]", "levels.points.0"),
        ("[colours]\nx = 1", "colours"),
        ("", "names nothing to drop"),
        ("[", "is no TOML"),
    ],
)
def test_a_policy_that_names_nothing_known_is_refused(tmp_path, text, said):
    with pytest.raises(UsageError, match=said.replace("[", r"\[")):
        load_policy(policy_file(tmp_path, text))


def test_damaged_tiles_are_not_clipped_in_silence(out, publish_to):
    (tile,) = (out / "tiles" / "points" / "a").rglob("*.glb")
    data = bytearray(tile.read_bytes())
    data[len(data) // 2] ^= 0xFF
    tile.write_bytes(bytes(data))
    with pytest.raises(InputError):
        publish_to(out, clip=True, config=owner())


def test_the_made_survey_sticks_out():
    area = shapely.Polygon(make_survey().trench[0])
    lines = [shapely.LineString(pipe.centreline[:, :2]) for pipe in make_survey().pipes]
    assert [area.covers(line) for line in lines] == [True, False, False]
