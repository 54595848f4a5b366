"""catalog.json is what TerriaJS 8 loads, catalog.tokyo.json what Tokyo's fork reads beyond it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from factories import make_empty_survey, make_pipe, make_result, make_survey

from twin_pipeline.export.catalog import MOST_SITES, PLAIN, TOKYO, write_catalogs
from twin_pipeline.export.catalog_members import ALL_PIPES, CatalogOptions
from twin_pipeline.export.geojson import write_geojson
from twin_pipeline.export.reearth import write_reearth
from twin_pipeline.export.tile_styles import COVERS, UNKNOWN, by_cover, by_size, write_styles

MEMBER_KEYS = {
    "3d-tiles": {
        "type", "id", "name", "description", "url", "style", "colorBlendMode",
        "featureIdProperties", "filters", "featureInfoTemplate", "legends", "options", "rectangle",
    },
    "geojson": {
        "type", "id", "name", "description", "url", "clampToGround", "forceCesiumPrimitives",
        "style", "perPropertyStyles", "featureInfoTemplate", "legends", "rectangle",
    },
    "group": {"type", "id", "name", "description", "isOpen", "members"},
    "terria-reference": {"type", "id", "name", "description", "url", "isGroup", "path"},
}  # fmt: skip
"""Traits of TerriaJS 8 (lib/Traits/TraitsClasses) that are used."""


def written(path: Path, results, name: str = PLAIN, **options: Any) -> dict[str, Any]:
    write_catalogs(results, path, CatalogOptions(**options))
    return json.loads((path / name).read_text("utf-8"))


def members(catalogue: dict[str, Any]) -> list[dict[str, Any]]:
    (group,) = catalogue["catalog"]
    return group["members"]


def test_one_open_group_with_pipes_points_and_centrelines(tmp_path, results):
    catalogue = written(tmp_path, results[:1])
    (group,) = catalogue["catalog"]
    assert (group["type"], group["isOpen"]) == ("group", True)
    assert [m["type"] for m in group["members"]] == ["3d-tiles", "3d-tiles", "3d-tiles", "geojson"]
    site = results[0].survey.site
    assert [unquote(m["url"]) for m in group["members"]] == [
        f"tiles/pipes/{site}/tileset.json",
        f"tiles/uncertainty/{site}/tileset.json",
        f"tiles/points/{site}/tileset.json",
        "pipes.geojson",
    ]


def test_every_member_says_in_both_languages_what_it_is(tmp_path, results):
    catalogue = written(tmp_path, results)
    for member in (catalogue["catalog"][0], *members(catalogue)):
        for key in ("name", "description"):
            site = results[0].survey.site if key == "name" else ""
            japanese, english = member[key].replace(site, "").split(" / ")
            assert english.isascii()
            assert not japanese.isascii()


def test_only_traits_that_terria_knows(tmp_path, results):
    for member in members(written(tmp_path, results)):
        assert set(member) <= MEMBER_KEYS[member["type"]]
        assert all(url_part.isascii() for url_part in member["url"])


def test_rectangle_holds_the_pipes(tmp_path, results):
    bbox = json.loads(write_geojson(results, tmp_path / "p.geojson").read_text("utf-8"))["bbox"]
    catalogue = written(tmp_path, results)
    rectangle = members(catalogue)[-1]["rectangle"]
    assert rectangle["west"] < bbox[0] < bbox[3] < rectangle["east"]
    assert rectangle["south"] < bbox[1] < bbox[4] < rectangle["north"]
    assert rectangle["east"] - rectangle["west"] < 0.01
    assert catalogue["homeCamera"] == catalogue["initialCamera"] == rectangle


def test_workbench_names_existing_and_unique_members(tmp_path, results):
    catalogue = written(tmp_path, results)
    ids = [member["id"] for member in members(catalogue)]
    assert len(set(ids)) == len(ids)
    assert catalogue["workbench"]
    assert set(catalogue["workbench"]) < set(ids)


def test_ids_differ_between_runs(tmp_path, results):
    other = [make_result(make_survey("other"))]
    first, second = (written(tmp_path, sites)["workbench"] for sites in (results, other))
    assert not set(first) & set(second)


def test_filters_on_cover_and_diameter_span_all_values(tmp_path):
    pipes = (make_pipe(), make_pipe("P2", outer_diameter_m=0.118))
    result = make_result(make_survey("a", pipes=pipes))
    filters = {f["property"]: f for f in members(written(tmp_path, [result]))[0]["filters"]}
    assert set(filters) == {"cover_min_m", "outer_diameter_m"}
    for pipe in pipes:
        for name, limits in filters.items():
            assert limits["minimumShown"] <= getattr(pipe, name) <= limits["maximumShown"]
            assert limits["minimumValue"] == limits["minimumShown"]


def test_no_filter_hides_a_pipe_without_a_value_before_it_is_moved(tmp_path):
    """Terria asks for the value only where what is shown is narrower than what there is."""
    pipes = (make_pipe(), make_pipe("P2", with_ground=False))
    result = make_result(make_survey("a", pipes=pipes))
    filters = members(written(tmp_path, [result]))[0]["filters"]
    assert [f["property"] for f in filters] == ["cover_min_m", "outer_diameter_m"]
    for each in filters:
        assert each["minimumShown"] == each["minimumValue"] < each["maximumValue"]
        assert each["maximumShown"] == each["maximumValue"]
    bare = make_result(make_survey("b", pipes=(make_pipe(with_ground=False),)))
    filters = members(written(tmp_path, [bare]))[0]["filters"]
    assert [f["property"] for f in filters] == ["outer_diameter_m"]


def test_style_and_legend_agree(tmp_path, results):
    pipes = members(written(tmp_path, results[:1]))[0]
    colours = [rule[1] for rule in pipes["style"]["color"]["conditions"]]
    assert colours == [f"color('{item['color']}')" for item in pipes["legends"][0]["items"]]
    assert pipes["style"]["color"]["conditions"][-1][0] == "true"


def test_feature_info_escapes_and_names_units(tmp_path, results):
    template = members(written(tmp_path, results))[0]["featureInfoTemplate"]["template"]
    assert "{{{pipe_id}}}" not in template.replace("{{#", "").replace("{{/", "")
    assert "{{cover_min_m}} m" in template
    assert "土被り" in template
    assert "cover min" in template


def test_buried_lines_are_not_laid_on_the_ground(tmp_path, results):
    pipes = members(written(tmp_path, results))[-1]
    assert (pipes["clampToGround"], pipes["forceCesiumPrimitives"]) == (False, True)


def test_without_pipes_there_is_no_rectangle(tmp_path):
    catalogue = written(tmp_path, [make_result(make_empty_survey())])
    assert "homeCamera" not in catalogue
    assert all("rectangle" not in member for member in members(catalogue))


def test_public_url_makes_addresses_absolute(tmp_path, results):
    catalogue = written(tmp_path, results, base_url="https://gis.example/d/")
    assert all(m["url"].startswith("https://gis.example/d/") for m in members(catalogue))


def test_of_several_sites_the_pipes_are_one_item_to_be_filtered(tmp_path):
    results = [make_result(make_survey(f"s{n}")) for n in range(3)]
    catalogue = written(tmp_path, results)
    first = members(catalogue)[0]
    assert first["url"] == ALL_PIPES
    assert {"style", "filters", "featureInfoTemplate", "legends", "rectangle"} <= set(first)
    shown = {m["id"]: m["url"] for m in members(catalogue)}
    assert [shown[id_] for id_ in catalogue["workbench"]] == [
        ALL_PIPES,
        *(f"tiles/points/s{n}/tileset.json" for n in range(3)),
    ]


def test_sites_have_their_names_where_those_stay_plain_text(tmp_path):
    names = ["西新宿 2-1（北）", "a*b*", "<b>x", "[x](http://x)", "`c`", "\u202eevil", "&amp;", " "]
    found = members(written(tmp_path, [make_result(make_survey(name)) for name in names]))
    points = [m["name"] for m in found if "/points/" in m["url"]]
    assert points[0] == "点群 西新宿 2-1（北） / Point cloud 西新宿 2-1（北）"
    assert points[1:] == [f"点群 {n} / Point cloud {n}" for n in range(2, len(names) + 1)]


@pytest.mark.parametrize("name", [PLAIN, TOKYO])
def test_of_many_sites_each_has_its_items_in_a_part_that_is_loaded_when_opened(tmp_path, name):
    results = [make_result(make_survey(f"site-{n:03}")) for n in range(2 * MOST_SITES + 1)]
    catalogue = written(tmp_path, results, name, base_url="https://gis.example/d/")
    whole, *references, lines = members(catalogue)
    assert [whole["url"], lines["url"]] == [
        f"https://gis.example/d/{path}" for path in (ALL_PIPES, "pipes.geojson")
    ]
    assert catalogue["workbench"] == [whole["id"]]
    assert [r["name"].split(" / ")[1] for r in references] == [
        "Sites 1–40 (site-000 … site-039)",
        "Sites 41–80 (site-040 … site-079)",
        "Sites 81–81 (site-080 … site-080)",
    ]
    sites, ids = [], [m["id"] for m in members(catalogue)]
    for reference in references:
        assert set(reference) == MEMBER_KEYS["terria-reference"]
        path = tmp_path / reference["url"].removeprefix("https://gis.example/d/")
        (group,) = json.loads(path.read_text("utf-8"))["catalog"]
        assert reference["path"] == [group["id"]]
        assert reference["name"] == group["name"]
        for site in group["members"]:
            pipes, _, points = site["members"]
            assert {"style", "filters", "featureInfoTemplate", "legends", "rectangle"} <= set(pipes)
            assert ("customProperties" in pipes) == (name == TOKYO)
            assert points["url"].endswith(f"/{site['name']}/tileset.json")
            sites.append(site["name"])
            ids += [site["id"], *(m["id"] for m in site["members"])]
    assert sites == [result.survey.site for result in results]
    assert len(set(ids)) == len(ids)


def test_many_sites_without_pipes_are_shown_as_one(tmp_path):
    results = [make_result(make_empty_survey(f"s{n}")) for n in range(MOST_SITES + 1)]
    catalogue = written(tmp_path, results)
    first, *references = members(catalogue)
    assert first["url"] == "tiles/tileset.json"
    assert catalogue["workbench"] == [first["id"]]
    assert [r["type"] for r in references] == ["terria-reference"] * 2


def test_tokyo_gets_what_its_fork_reads(tmp_path, results):
    pipes = members(written(tmp_path, results[:1], TOKYO))[0]
    own = pipes["customProperties"]
    assert [entry["name"] for entry in own["switchableUrls"]] == ["管路", "点群"]
    assert own["initialCamera"] == pipes["rectangle"]


def test_no_name_from_a_file_reaches_terrias_html(tmp_path):
    name = "<img src=x onerror=alert(1)>"
    results = [make_result(make_survey(f"{name}{n}")) for n in range(MOST_SITES + 1)]
    for path in [
        *write_catalogs(results[:2], tmp_path, CatalogOptions()),
        *write_catalogs(results, tmp_path, CatalogOptions()),
    ]:
        text = path.read_text("utf-8")
        assert "onerror=" not in text
        assert "<img" not in text


def test_reearth_layers(tmp_path, results):
    layers = json.loads(
        write_reearth(results, tmp_path / "r.json", "https://x/").read_text("utf-8")
    )
    # The second site has no pipes, and so no tiles of them.
    assert [layer["data"]["url"].split("/")[-3] for layer in layers] == [
        "pipes",
        "points",
        "points",
    ]
    for layer in layers:
        assert (layer["type"], layer["data"]["type"]) == ("simple", "3dtiles")
        assert layer["data"]["url"].startswith("https://x/tiles/")
    assert layers[0]["3dtiles"]["color"]["expression"]["conditions"]


def test_styles_decide_on_what_is_absent_first(tmp_path):
    entries = by_cover((0.6, 1.2))
    assert entries[0].condition == "${cover_min_m} === undefined"
    assert [entry.colour for entry in entries] == [UNKNOWN, *COVERS[:3]]
    size, cover = (
        json.loads(path.read_text("utf-8"))
        for path in write_styles([make_pipe()], (0.6, 1.2), tmp_path)
    )
    assert size["color"]["conditions"][0] == ["${nominal_diameter_mm} === 200", "color('#6f8cff')"]
    assert [rule[0] for rule in cover["color"]["conditions"]][-1] == "true"


@pytest.mark.parametrize("size", [None, 200, 999])
def test_each_size_has_an_entry(size):
    entries = by_size([make_pipe(nominal_diameter_mm=size)])
    assert [e.name for e in entries] == ([f"φ{size}"] if size else []) + ["判定不能 / undecided"]
