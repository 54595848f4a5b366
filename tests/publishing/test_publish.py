"""What a publication holds, and how it changes under its readers."""

import errno
import json
import subprocess
import sys
from urllib.parse import unquote

import pystac
import pytest

from publishing.conftest import BASE, Reader, owner
from publishing.schemas import validate_all
from twin_pipeline.errors import InputError, OutputError, UsageError
from twin_pipeline.progress import Progress
from twin_pipeline.publishing import place, publish
from twin_pipeline.publishing.place import Folder


def urls(value):
    """Every address in a Terria catalogue."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "url":
                yield each
            else:
                yield from urls(each)
    elif isinstance(value, list):
        for each in value:
            yield from urls(each)


def tileset_uris(file):
    """All files that a tileset leads to."""
    found = [file]
    tiles = [json.loads(file.read_text("utf-8"))["root"]]
    while tiles:
        tile = tiles.pop()
        tiles += tile.get("children", [])
        for content in tile.get("contents", [tile["content"]] if "content" in tile else []):
            path = file.parent / unquote(content["uri"])
            found += tileset_uris(path) if path.suffix == ".json" else [path]
    return found


def test_every_address_leads_to_what_is_told_of_it(make_run, publish_to):
    reader, done = publish_to(make_run())
    assert reader.check() > 50
    assert done.sites == ("掘削 1", "b")
    assert done.warnings == ()
    for name in ("catalog.json", "catalog.tokyo.json", "reearth.json"):
        found = list(urls(reader.json(name)))
        assert len(found) >= 4
        for url in found:
            assert reader.file(url).is_file(), url


def test_catalogues_of_many_sites_lead_to_their_parts(make_run, publish_to, monkeypatch):
    monkeypatch.setattr("twin_pipeline.export.catalog.MOST_SITES", 1)
    run = make_run()
    reader, _ = publish_to(run)
    for name in ("catalog.json", "catalog.tokyo.json"):
        (group,) = reader.json(name)["catalog"]
        whole, *parts, _ = group["members"]
        assert tileset_uris(reader.file(whole["url"]))
        assert [part["type"] for part in parts] == ["terria-reference"] * 2
        for part in parts:
            document = json.loads(reader.file(part["url"]).read_text("utf-8"))
            assert part["path"] == [document["catalog"][0]["id"]]
            found = list(urls(document))
            assert len(found) >= 3
            assert all(reader.file(url).is_file() for url in found)
    monkeypatch.undo()
    reader, _ = publish_to(run)
    assert not list(reader.root.glob("catalog/*"))


def test_the_viewer_finds_its_data(make_run, publish_to):
    reader, _ = publish_to(make_run())
    page = (reader.root / "index.html").read_text("utf-8")
    base = reader.root / page.split('<base href="')[1].split('"')[0]
    data = (base / page.split('data-source="')[1].split('"')[0]).resolve()
    assert (base / page.split('src="./')[1].split('"')[0]).is_file()
    assert "水道管" in page.split("<title>")[1]
    found = tileset_uris(data / "tiles" / "tileset.json")
    assert all(path.is_file() for path in found)
    layers = {path.parts[-3] for path in found if path.name == "tileset.json"} - {data.name}
    assert layers >= {"points", "pipes", "uncertainty"}
    index = json.loads((data / "viewer.json").read_text("utf-8"))
    for site in index["sites"]:
        details = json.loads((data / site["details"]).read_text("utf-8"))
        assert details["site"] == site["name"]
    assert (data / index["report"]).is_file()


def test_stac_validates_without_a_network(make_run, publish_to):
    reader, _ = publish_to(make_run())
    assert validate_all(reader.root / "stac" / "catalog.json") == 4
    catalog = pystac.Catalog.from_file(str(reader.root / "stac" / "catalog.json"))
    assert {item.id for item in catalog.get_items(recursive=True)} > {"b"}
    links = {link["rel"]: link["href"] for link in reader.json("stac/catalog.json")["links"]}
    assert links["self"] == f"{BASE}stac/catalog.json"
    assert links["child"] == "./trench-pipes/collection.json"
    assert reader.json("stac/trench-pipes/collection.json")["license"] == "CC-BY-4.0"
    item = reader.json("stac/trench-pipes/b/b.json")
    told = item["properties"]
    assert told["proj:code"] == "EPSG:10170"
    assert "JGD2011 (vertical) height" in told["proj:wkt2"]
    assert told["vertical_datum"] == "JGD2011 (vertical) height"
    assert told["pc:count"] == 2000
    assert told["survey_date"] == "2026-04-30"
    assert told["datetime"] == "2026-04-29T15:00:00Z"
    assert told["accuracy"]["position_std_h_m"] == pytest.approx(0.0031)
    assert told["accuracy"]["pipes_poor"] == 1
    assert told["title_ja"] != told["title_en"]


def test_nothing_of_this_machine_is_told(make_run, publish_to, tmp_path):
    reader, _ = publish_to(make_run())
    for path in reader.root.rglob("*"):
        if path.is_file() and "viewer" not in path.relative_to(reader.root).parts:
            assert str(tmp_path).encode() not in path.read_bytes(), path


def test_dcat_has_both_languages_and_all_that_is_stated(make_run, publish_to):
    reader, _ = publish_to(make_run())
    catalog = reader.json("dcat.jsonld")
    whole, *sites = catalog["dcat:dataset"]
    assert {title["@language"] for title in whole["dct:title"]} == {"ja", "en"}
    assert {word["@language"] for word in whole["dcat:keyword"]} == {"ja", "en"}
    assert whole["dct:license"] == {"@id": "https://creativecommons.org/licenses/by/4.0/"}
    assert whole["dct:rights"]["skos:prefLabel"] == "出典: 水道局"
    assert whole["dct:conformsTo"][0]["@id"].endswith("/EPSG/0/10170")
    assert "JGD2011 (vertical) height" in whole["dct:conformsTo"][0]["skos:prefLabel"]
    assert len(sites) == 2
    assert sites[0]["dqv:hasQualityMeasurement"]
    assert isinstance(catalog["@context"], dict)


def test_publishing_again_changes_nothing(make_run, publish_to):
    out = make_run()
    reader, first = publish_to(out)
    before = reader.state()
    _, again = publish_to(out)
    after = reader.state()
    assert sorted(after) == sorted(before)
    assert after == before
    assert (again.written, again.removed) == (0, 0)
    assert again.kept == first.written


def test_only_what_changed_is_written(make_run, publish_to):
    reader, _ = publish_to(make_run("one", ["a.las"]), make_run("two", ["b.las"]))
    before = reader.state()
    publish_to(make_run("one", ["a.las"]), make_run("two", ["b.las"], points=1000))
    after = reader.state()
    same = {name for name in before if after.get(name) == before[name]}
    assert any("/points/a/" in name for name in same)
    assert not any("/points/b/" in name for name in same)
    assert not any("/points/b/" in name and name in before for name in after)
    assert {name for name in after if name.startswith("viewer/")} <= same
    assert reader.check()


def test_full_disk_is_told_of_the_publication_and_not_of_the_run(make_run, tmp_path, monkeypatch):
    def full(source, _target):
        raise OSError(errno.ENOSPC, "No space left on device", str(source))

    monkeypatch.setattr(place.shutil, "copyfile", full)
    with pytest.raises(OutputError, match=r"pub: the disk is full .*another folder with --to"):
        publish([make_run("one", ["a.las"])], tmp_path / "pub", owner(), Progress())


def test_a_site_that_is_gone_is_gone(make_run, publish_to):
    one, two = make_run("one", ["a.las"]), make_run("two", ["b.las"])
    reader, _ = publish_to(one, two)
    publish_to(one)
    assert not [name for name in reader.state() if "/b/" in name]
    assert len(reader.packages()) == 1
    assert reader.check()


class BrokenError(Exception):
    """The connection is lost."""


@pytest.mark.parametrize("allowed", [0, 2, 5, 8])
def test_readers_of_the_old_version_lose_nothing_half_way(
    make_run, publish_to, tmp_path, monkeypatch, allowed
):
    reader, _ = publish_to(make_run("one", ["a.las"]))
    new = make_run("one", ["a.las", "c.las"], points=700)
    left = [allowed]
    write = Folder.write

    def write_some(self, name, data):
        if left[0] == 0:
            raise BrokenError
        left[0] -= 1
        write(self, name, data)

    monkeypatch.setattr(Folder, "write", write_some)
    with pytest.raises(BrokenError):
        publish_to(new)
    assert reader.check()
    for name in ("catalog.json", "reearth.json"):
        assert all(reader.file(url).is_file() for url in urls(reader.json(name)))
    test_page = Reader(tmp_path / "pub")
    page = (test_page.root / "index.html").read_text("utf-8")
    base = reader.root / page.split('<base href="')[1].split('"')[0]
    data = (base / page.split('data-source="')[1].split('"')[0]).resolve()
    assert all(path.is_file() for path in tileset_uris(data / "tiles" / "tileset.json"))
    monkeypatch.undo()
    assert list(reader.root.rglob(".*")) == []
    publish([new], reader.root, owner(), Progress())
    assert reader.check()
    assert not [
        name
        for name in reader.state()
        if name.startswith("data/") and name not in reader.json("publication.json")["files"]
    ]


def test_a_first_publication_that_breaks_off_shows_nothing(make_run, publish_to, monkeypatch):
    out = make_run("one", ["a.las"])

    def broken(*_):
        raise BrokenError

    monkeypatch.setattr(Folder, "put", broken)
    with pytest.raises(BrokenError):
        publish_to(out)
    monkeypatch.undo()
    reader, _ = publish_to(out)
    assert reader.check()
    assert not list(reader.root.glob(".*"))


def test_files_of_others_are_left_alone(make_run, publish_to, tmp_path):
    out = make_run("one", ["a.las"])
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").write_text("x")
    with pytest.raises(OutputError, match="no publication of twin-pipeline"):
        publish_to(out, to="theirs")
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["thesis.txt"]
    reader, _ = publish_to(out)
    (reader.root / "robots.txt").write_text("mine")
    publish_to(make_run("one", ["b.las"]))
    assert (reader.root / "robots.txt").read_text() == "mine"


def test_what_is_wrong_is_said_in_a_line(make_run, publish_to, tmp_path):
    one, two = make_run("one", ["a.las"]), make_run("two", ["A.las"])
    with pytest.raises(UsageError, match=r"its site 'A' is in .*one as well"):
        publish_to(one, two)
    with pytest.raises(UsageError, match="lies in"):
        publish([one], one / "pub", owner(), Progress())
    with pytest.raises(InputError, match=r"run\.json"):
        publish_to(tmp_path / "absent")
    with pytest.raises(UsageError, match=r"publish\.licence = 'mine'"):
        publish_to(one, config=owner(licence="mine"))
    (one / "tiles" / "points" / "a" / "tileset.json").rename(tmp_path / "kept.json")
    damaged = json.loads((tmp_path / "kept.json").read_text("utf-8"))
    damaged["root"]["content"] = {"uri": "absent.glb"}
    (one / "tiles" / "points" / "a" / "tileset.json").write_text(json.dumps(damaged))
    with pytest.raises(InputError, match=r"absent\.glb: is missing"):
        publish_to(one)
    assert not (tmp_path / "pub" / "index.html").exists()


def test_an_own_licence_and_dates_of_sites(make_run, publish_to, tmp_path):
    dates = tmp_path / "dates.csv"
    dates.write_text("site,date\nb,2025-12-31\n", encoding="utf-8-sig")
    config = owner(
        licence="bureau terms", licence_url="https://example.jp/terms", survey_dates=str(dates)
    )
    reader, _ = publish_to(make_run(), config=config)
    assert reader.json("stac/trench-pipes/b/b.json")["properties"]["survey_date"] == "2025-12-31"
    collection = reader.json("stac/trench-pipes/collection.json")
    assert collection["license"] == "other"
    links = {link["rel"]: link["href"] for link in collection["links"]}
    assert links["license"] == "https://example.jp/terms"
    assert collection["extent"]["temporal"]["interval"] == [
        ["2025-12-30T15:00:00Z", "2026-04-29T15:00:00Z"]
    ]


def test_further_formats_come_along(make_run, publish_to):
    out = make_run("one", ["a.las"])
    from twin_pipeline.exporting import export

    export(out, ["flatgeobuf", "dxf"], owner(), lambda _: None)
    reader, _ = publish_to(out)
    formats = {each["format"] for each in reader.packages()[0]["resources"]}
    assert {"GPKG", "GeoJSON", "CSV", "3D Tiles", "HTML", "FlatGeobuf", "DXF"} <= formats
    assert reader.check()


def test_layers_of_others_come_along(make_run, publish_to, tmp_path):
    out = make_run("one", ["a.las"])
    reader, _ = publish_to(out)
    park = tmp_path / "公園.geojson"
    ring = [[139.6919, 35.6898], [139.692, 35.6898], [139.692, 35.6899], [139.6919, 35.6898]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": "x"}, "geometry": shape}
    park.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    command = [sys.executable, "-m", "twin_pipeline", "layers", "add", out, park, "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    publish_to(out)
    *_, group = reader.json("catalog.json")["catalog"]
    assert group["id"] == "twin-pipeline/layers"
    (url,) = urls(group)
    assert json.loads(reader.file(url).read_text("utf-8"))["features"]
    assert reader.file(list(urls(reader.json("reearth.json")))[-1]).is_file()
    (index,) = reader.root.glob("data/*/layers/layers.json")
    (layer,) = json.loads(index.read_text("utf-8"))["layers"]
    assert (index.parent.parent / layer["url"]).is_file()
    assert layer["sources"] == ["公園.geojson"]
    shown = json.loads((index.parent.parent / "catalog.json").read_text("utf-8"))
    assert shown["catalog"][-1]["id"] == "twin-pipeline/layers"
    assert reader.check()
