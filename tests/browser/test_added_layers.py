"""What `layers add` brings, in the viewer: it loads, says whose it is, and asks nobody else."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from browser.opened import View
from browser.site import SITE
from tests.layers import made
from tests.layers.made import Services, services
from twin_pipeline.layers.add import add_layer
from twin_pipeline.layers.wanted import Wanted
from twin_pipeline.output import read_record
from twin_pipeline.progress import Progress
from twin_pipeline.view import serve

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=document.body.dataset.hacked=1>"
LOADED_MS = 60_000


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[Services]:
    with services() as server:
        tiles = site / "tiles" / "pipes" / SITE
        for path in tiles.rglob("*"):
            if path.is_file():
                server.files[f"/buildings/{path.relative_to(tiles)}"] = path.read_bytes()
        yield server


@pytest.fixture(scope="module")
def shown(
    context: BrowserContext, site: Path, host: Services, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[View]:
    """Return the page with a layer of each kind."""
    folder = tmp_path_factory.mktemp("added")
    out = folder / "out"
    shutil.copytree(site, out)
    place = read_record(out)["sites"][0]
    lon, lat = place["centre_lon_deg"], place["centre_lat_deg"]
    east, north = made.to_plane(lon, lat)

    def add(*sources: object, **flags: object) -> None:
        add_layer(Wanted(tuple(map(str, sources)), **flags), out, Progress())

    corner = made.write_tif(
        folder / "surface.tif", made.temperatures(), transform=made.around(east, north, 64)
    )
    add(corner, title="地表面温度", unit="℃", attribution="宇宙機関", licence="CC BY 4.0")
    days = [
        made.write_tif(
            folder / f"air_2024080{day}.tif",
            made.temperatures() + day,
            transform=made.around(east, north, 64),
        )
        for day in (1, 2)
    ]
    add(*days, title="気温")
    area = made.feature("Polygon", made.square(lon, lat), 名称=HOSTILE)
    add(made.write_geojson(folder / "area.geojson", area), title="工事区域")
    rows = [["S", lon, lat, f"2024-08-01 {hour:02d}:00", hour] for hour in range(3)]
    add(made.write_csv(folder / "c.csv", ["site", "lon", "lat", "time", "n"], *rows), title="台数")
    add(host.url + "/xyz/{z}/{x}/{y}.png", title="地図")
    add(f"{host.url}/wms?service=WMS", layer="flood")
    add(f"{host.url}/wmts?service=WMTS", title="写真", hidden=True)
    add(f"{host.url}/buildings/tileset.json", title="建物")
    host.asked.clear()
    with serve(out) as server:
        view = View(context.new_page(), server.url, out)
        view.open()
        yield view
        view.page.close()


def asked_for(view: View, host: Services, pattern: str) -> None:
    """Wait until something was asked for."""
    for _ in range(LOADED_MS // 250):
        if any(re.search(pattern, url) for url in [*view.requests, *host.asked]):
            return
        view.page.wait_for_timeout(250)
    raise AssertionError(f"nothing like {pattern} was asked for")


def test_each_kind_loads_without_complaint(shown: View, host: Services) -> None:
    page = shown.page
    for name in ("地表面温度", "気温", "工事区域", "台数", "地図", "浸水想定", "建物"):
        expect(page.get_by_label(name, exact=True)).to_be_checked(timeout=LOADED_MS)
    expect(page.get_by_label("写真", exact=True)).to_have_count(0)
    assert page.locator("body").get_attribute("data-state") == "ready"
    for pattern in (
        r"/data/layers/.*/tiles/\d+/\d+/\d+\.png",
        r"/data/layers/.*/data\.geojson",
        r"/data/layers/.*/data\.czml",
        r"^/xyz/\d+/\d+/\d+\.png",
        r"^/wms\?.*GetMap",
        r"^/buildings/.*\.glb",
    ):
        asked_for(shown, host, pattern)
    assert not any(url.startswith("/wmts") for url in host.asked)
    assert shown.errors == []
    assert shown.refused == []
    assert page.locator("body").get_attribute("data-tiles-failed") == "0"


def test_only_the_hosts_of_the_layers_are_asked_and_allowed(shown: View, host: Services) -> None:
    origins = {
        "{0.scheme}://{0.netloc}".format(urlsplit(url))
        for url in shown.requests
        if url.startswith("http")
    }
    assert origins == {shown.url.rstrip("/"), host.url}
    answer = shown.page.request.get(shown.url)
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    for name in ("img-src", "connect-src"):
        assert [s for s in policy[name].split() if "//" in s or "*" in s] == [host.url]
    assert host.url not in policy["script-src"] + policy["default-src"]


def test_source_licence_and_legend_are_shown(shown: View) -> None:
    row = shown.page.locator("li.extra").filter(has_text="地表面温度").first
    expect(row).to_contain_text("地表面温度 (℃)")
    expect(row).to_contain_text("40 ℃")
    expect(row).to_contain_text("出典: 宇宙機関")
    expect(row).to_contain_text("利用条件: CC BY 4.0")
    wms = shown.page.locator("li.extra").filter(has_text="浸水想定")
    expect(wms).to_contain_text("出典: 東京都")
    assert shown.page.locator("body").get_attribute("data-hacked") is None


def test_clock_shows_the_other_date(shown: View, host: Services) -> None:
    page = shown.page
    clock = page.locator("#clock")
    expect(clock).to_contain_text("2024/08/01 00:00 JST")
    assert not any("/1/tiles/" in url for url in shown.requests)
    clock.get_by_role("slider").fill("1000")
    expect(clock).to_contain_text("2024/08/02 00:00 JST")
    asked_for(shown, host, r"/data/layers/.*/1/tiles/")
    clock.get_by_role("button", name="再生").click()
    expect(clock.get_by_role("button", name="一時停止")).to_be_visible()
    clock.get_by_role("button", name="一時停止").click()
    assert shown.errors == []


def test_layers_can_be_taken_away_and_offered_again(shown: View) -> None:
    page = shown.page
    for name in ("気温", "台数"):
        page.get_by_role("button", name=f"{name} 取り除く").click()
    expect(page.locator("#clock")).to_be_hidden()
    page.get_by_text("レイヤを追加").click()
    expect(page.get_by_role("button", name="+ 写真")).to_be_visible()
    page.get_by_role("button", name="+ 気温").click()
    expect(page.locator("#clock")).to_be_visible()
    assert shown.errors == []
