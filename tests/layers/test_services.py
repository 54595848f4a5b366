import json

import pytest

from tests.layers.conftest import members_of, state_of
from tests.layers.made import LAT, LON, feature, wmts, write_geojson
from twin_pipeline.errors import InputError, TwinPipelineError, UsageError
from twin_pipeline.layers import remove_layers
from twin_pipeline.view.layer_hosts import layer_hosts


def test_map_tiles_and_which_levels_there_are(add, out, host):
    layer = add(host.url + "/xyz/{z}/{x}/{y}.png", attribution="国土地理院")
    assert (layer.kind, layer.min_level, layer.max_level) == ("xyz", 5, 18)
    assert layer.origins == (host.url,)
    assert layer_hosts(out) == (host.url,)
    (member,) = members_of(out)
    assert member["url"] == host.url + "/xyz/{z}/{x}/{y}.png"
    assert (member["minimumLevel"], member["maximumLevel"]) == (5, 18)
    assert member["attribution"] == "国土地理院"


def test_wms_takes_title_owner_and_terms_from_its_capabilities(add, out, host):
    address = f"{host.url}/wms?service=WMS&request=GetCapabilities"
    with pytest.raises(UsageError, match="2 layers; give --layer with one of flood, broken"):
        add(address)
    layer = add(address, layer="flood")
    assert (layer.url, layer.wms_layers, layer.image_format) == (
        f"{host.url}/wms",
        "flood",
        "image/png",
    )
    assert (layer.title, layer.attribution, layer.licence) == ("浸水想定", "東京都", "CC BY 4.0")
    (member,) = members_of(out)
    assert (member["type"], member["layers"]) == ("wms", "flood")
    layers = json.loads((out / "reearth.json").read_text("utf-8"))
    assert layers[-1]["data"] == {"type": "wms", "url": f"{host.url}/wms", "layers": ["flood"]}
    with pytest.raises(InputError, match=r"gives no picture .*no such table"):
        add(address, layer="broken")
    with pytest.raises(InputError, match="no layer 'x'; it has flood, broken"):
        add(address, layer="x")


@pytest.mark.parametrize("prefix", ["", "EPSG:3857:"])
def test_wmts_becomes_map_tiles(add, out, host, prefix):
    host.files["/capabilities.xml"] = wmts(prefix, get_tile=f"{host.url}/wmts?")
    layer = add(f"{host.url}/capabilities.xml", kind="wmts")
    assert layer.kind == "wmts"
    assert (layer.min_level, layer.max_level) == (0, 18)
    assert f"tilematrix={prefix}{{z}}&tilerow={{y}}&tilecol={{x}}" in layer.url
    assert members_of(out)[0]["type"] == "url-template-imagery"


def test_wmts_with_addresses_of_another_host_is_refused(add, host):
    there = "https://b.example/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png"
    resource = f'<ResourceURL resourceType="tile" format="image/png" template="{there}"/>'
    host.files["/capabilities.xml"] = wmts(resource=resource)
    with pytest.raises(InputError, match=r"https://b\.example, which nobody has named"):
        add(f"{host.url}/capabilities.xml", kind="wmts")
    own = resource.replace("https://b.example", f"{host.url}/xyz")
    own = own.replace("{TileMatrixSet}/", "")
    host.files["/capabilities.xml"] = wmts(resource=own)
    layer = add(f"{host.url}/capabilities.xml", kind="wmts", levels=(5, 18))
    assert layer.url == f"{host.url}/xyz/{{z}}/{{y}}/{{x}}.png"


def test_tileset(add, out, host):
    layer = add(f"{host.url}/tileset.json", title="建物")
    assert (layer.kind, layer.origins) == ("3d-tiles", (host.url,))
    assert layer.bounds == pytest.approx((LON - 1e-4, LAT - 1e-4, LON + 1e-4, LAT + 1e-4))
    assert members_of(out)[0] | {"rectangle": 0} == {
        "type": "3d-tiles",
        "id": "twin-pipeline/layers/建物",
        "name": "建物",
        "url": f"{host.url}/tileset.json",
        "rectangle": 0,
    }
    assert layer.notes == ()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("{url}/page/tileset.json", "an HTML page: 'Login'"),
        ("{url}/other/tileset.json", "no tileset of 3D Tiles"),
        ("{url}/none/tileset.json", "HTTP 404"),
        ("{url}/moved/tileset.json", "sends on to http://localhost:1"),
        ("{url}/none/{{z}}/{{x}}/{{y}}.png", "no picture at the sites"),
        ("{url}/xyz/1/2", "give --kind"),
        ("{url}/tileset.json/wms", "no WMS|HTTP 404"),
        ("ftp://a.example/x.tif", "http://"),
        ("https://me:secret@a.example/{{z}}/{{x}}/{{y}}.png", "password"),
        ("https://a.example;x/{{z}}/{{x}}/{{y}}.png", "no address"),
    ],
)
def test_addresses_that_give_something_else_are_refused(add, out, host, address, reason):
    before = state_of(out)
    with pytest.raises(TwinPipelineError, match=reason) as raised:
        add(address.format(url=host.url))
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert state_of(out) == before


def test_nobody_is_asked_unless_named(add, host, tmp_path):
    add(write_geojson(tmp_path / "a.geojson", feature("Point", [LON, LAT], url=host.url)))
    layer = add(host.url + "/xyz/{z}/{x}/{y}.png", ask=False, levels=(0, 9))
    assert (layer.min_level, layer.max_level) == (0, 9)
    assert host.asked == []


def test_service_that_is_away_is_added_unchecked(add):
    layer = add("http://127.0.0.1:9/{z}/{x}/{y}.png")
    assert "could not be asked" in layer.notes[0]
    with pytest.raises(UsageError, match="--layer"):
        add("http://127.0.0.1:9/wms?service=WMS")
    with pytest.raises(InputError, match="could not be asked"):
        add("http://127.0.0.1:9/wmts?service=WMTS")


def test_subdomains_are_hosts_one_by_one(add, out):
    layer = add("https://{s}.tile.example/{z}/{x}/{y}.png", ask=False)
    hosts = [f"https://{name}.tile.example" for name in "abc"]
    assert list(layer_hosts(out)) == list(layer.origins) == hosts
    assert members_of(out)[0]["subdomains"] == ["a", "b", "c"]
    remove_layers([layer.id], out)
    assert layer_hosts(out) == ()


def test_file_at_an_address_is_brought_here(add, out, host, tmp_path):
    path = write_geojson(tmp_path / "a.geojson", feature("Point", [LON, LAT]))
    host.files["/data/area.geojson"] = path.read_bytes()
    layer = add(f"{host.url}/data/area.geojson")
    assert layer.origins == ()
    assert (out / layer.url).is_file()
    with pytest.raises(InputError, match="can't be fetched"):
        add("http://127.0.0.1:9/a.geojson")
