"""catalog.json is what TerriaJS 8 loads."""

import json

from factories import make_empty_survey, make_result, make_survey

from twin_pipeline.export.catalog import TilesetLink, write_catalog
from twin_pipeline.export.geojson import write_geojson


def written(path, results, **options: object):
    return json.loads(write_catalog(results, path / "catalog.json", **options).read_text("utf-8"))


def test_one_open_group_with_tiles_and_pipes(tmp_path, results):
    (group,) = written(tmp_path, results)["catalog"]
    assert (group["type"], group["isOpen"]) == ("group", True)
    assert [m["type"] for m in group["members"]] == ["3d-tiles", "geojson"]
    assert [m["url"] for m in group["members"]] == ["tiles/tileset.json", "pipes.geojson"]
    for member in (group, *group["members"]):
        japanese, english = member["name"].split(" / ")
        assert english.isascii()
        assert not japanese.isascii()


def test_rectangle_holds_the_pipes(tmp_path, results):
    bbox = json.loads(write_geojson(results, tmp_path / "p.geojson").read_text("utf-8"))["bbox"]
    catalogue = written(tmp_path, results)
    rectangle = catalogue["catalog"][0]["members"][0]["rectangle"]
    assert rectangle["west"] < bbox[0] < bbox[3] < rectangle["east"]
    assert rectangle["south"] < bbox[1] < bbox[4] < rectangle["north"]
    assert rectangle["east"] - rectangle["west"] < 0.01
    assert catalogue["homeCamera"] == rectangle


def test_workbench_names_existing_and_unique_members(tmp_path, results):
    catalogue = written(tmp_path, results)
    (group,) = catalogue["catalog"]
    ids = [member["id"] for member in group["members"]]
    assert catalogue["workbench"] == ids
    assert len({group["id"], *ids}) == 3


def test_ids_differ_between_runs(tmp_path, results):
    other = [make_result(make_survey("other"))]
    first, second = (written(tmp_path, sites)["workbench"] for sites in (results, other))
    assert not set(first) & set(second)


def test_buried_lines_are_not_laid_on_the_ground(tmp_path, results):
    pipes = written(tmp_path, results)["catalog"][0]["members"][-1]
    assert (pipes["clampToGround"], pipes["forceCesiumPrimitives"]) == (False, True)


def test_without_pipes_there_is_no_rectangle(tmp_path):
    catalogue = written(tmp_path, [make_result(make_empty_survey())])
    assert "homeCamera" not in catalogue
    assert all("rectangle" not in member for member in catalogue["catalog"][0]["members"])


def test_tilesets_and_base_url_are_the_callers(tmp_path, results):
    links = [TilesetLink(f"tiles/{name}/tileset.json", "点群", name) for name in ("a", "b")]
    catalogue = written(tmp_path, results, tilesets=links, base_url="https://gis.example/d/")
    assert [member["url"] for member in catalogue["catalog"][0]["members"]] == [
        "https://gis.example/d/tiles/a/tileset.json",
        "https://gis.example/d/tiles/b/tileset.json",
        "https://gis.example/d/pipes.geojson",
    ]


def test_no_name_from_a_file_reaches_terrias_html(tmp_path):
    result = make_result(make_survey("<img src=x onerror=alert(1)>"))
    path = write_catalog([result], tmp_path / "catalog.json")
    assert "onerror" not in path.read_text("utf-8")
