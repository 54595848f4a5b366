"""Layers of another host: asked for only when the user has said so, and then they show."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from browser.conftest import TIMEOUT_MS
from browser.foreign import GREEN, RED, OtherHost, other_host
from browser.opened import View, pixels_around
from twin_pipeline.view import serve

pytestmark = pytest.mark.browser

SMALL: ViewportSize = {"width": 740, "height": 330}
"""A CPU draws maps pixel by pixel; this is the least with the sidebar beside the scene."""
GROUND = (345, 130)
"""Beside the scan, where the globe is."""

_DROP_ADDRESS = """(address) => {
    const transfer = new DataTransfer();
    transfer.setData("text/uri-list", address);
    document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
}"""
_DROP_FILE = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
}"""
_CZML = [
    {"id": "document", "version": "1.0"},
    {"id": "a", "position": {"cartographicDegrees": [139.69, 35.69, 70]}, "point": {}},
]


@pytest.fixture(scope="module")
def other(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherHost]:
    folder = tmp_path_factory.mktemp("other")
    (folder / "tiles").symlink_to(site / "tiles")
    (folder / "lines.geojson").symlink_to(site / "pipes.geojson")
    (folder / "marks.czml").write_text(json.dumps(_CZML), encoding="utf-8")
    with other_host(folder) as host:
        yield host


@pytest.fixture(scope="module")
def opened(chromium: Browser, site: Path) -> Iterator[View]:
    """Return a page of its own: what is allowed here is not allowed elsewhere."""
    context = chromium.new_context(viewport=SMALL, locale="ja-JP", reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_MS)
    with serve(site) as server:
        view = View(context.new_page(), server.url, site)
        view.open()
        # What the site itself has is not in question here, and takes as long to draw.
        view.page.get_by_label("点群", exact=True).uncheck()
        yield view
    context.close()


def _add(view: View, address: str, kind: str | None = None, layers: str | None = None) -> None:
    page = view.page
    details = page.locator("details.add")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    page.get_by_label("アドレス (URL)").fill(address)
    if kind is not None:
        page.get_by_label("種類", exact=True).select_option(kind)
    if layers is not None:
        page.get_by_label("WMS のレイヤ名").fill(layers)
    page.get_by_role("button", name="追加", exact=True).click()


def _name(other: OtherHost, path: str) -> str:
    return f"{urlsplit(other.url).netloc}/{path}"


def _shows(view: View, wanted: tuple[int, int, int]) -> None:
    for _ in range(80):
        pixels = pixels_around(view.page, GROUND)
        if all(abs(got - want) < 90 for got, want in zip(pixels[0], _faint(wanted), strict=True)):
            return
        view.page.wait_for_timeout(250)
    raise AssertionError(f"{pixels[0]} is not like {wanted}")


def _faint(colour: tuple[int, int, int]) -> tuple[int, ...]:
    """Return what a translucent globe leaves of a colour."""
    return tuple(round(0.55 * channel + 10) for channel in colour)


def test_host_is_asked_only_after_the_user_has_allowed_it(opened: View, other: OtherHost) -> None:
    page = opened.page
    name = "残す.geojson"
    page.evaluate(_DROP_FILE, [name, (opened.out / "pipes.geojson").read_text("utf-8")])
    expect(page.get_by_label(name, exact=True)).to_be_checked()
    page.get_by_role("button", name="P2").click()
    _add(opened, f"{other.url}/xyz/{{z}}/{{x}}/{{y}}.png")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text(other.url)
    question.get_by_role("button", name="やめる").click()
    expect(question).to_be_hidden()
    assert other.paths == []

    _add(opened, f"{other.url}/xyz/{{z}}/{{x}}/{{y}}.png")
    with page.expect_navigation():
        question.get_by_role("button", name="許可して開く").click()
    page.wait_for_selector("body[data-state=ready]", state="attached")
    expect(page.get_by_label(_name(other, "xyz"), exact=True)).to_be_checked()
    # Nothing that the user had is lost.
    expect(page.get_by_label(name, exact=True)).to_be_checked()
    expect(page.locator("#panel h2")).to_have_text("P2")
    page.get_by_role("button", name="全体表示").click()
    _shows(opened, GREEN)
    assert any(path.startswith("/xyz/") for path in other.paths)


def test_layers_of_every_kind_load_from_the_allowed_host(opened: View, other: OtherHost) -> None:
    page = opened.page
    _add(
        opened,
        f"{other.url}/wms?service=WMS&request=GetCapabilities",
        kind="wms",
        layers="std,relief",
    )
    _shows(opened, RED)
    asked = other.queries("/wms")[-1]
    assert (asked["request"], asked["layers"]) == ("GetMap", "std,relief")
    # To draw maps takes a CPU long, and the rest shows without them.
    page.get_by_label("周辺の地盤", exact=True).uncheck()
    _add(opened, f"{other.url}/tiles/tileset.json")
    expect(page.get_by_label("tiles/tileset.json", exact=True)).to_be_checked()
    _add(opened, f"{other.url}/lines.geojson")
    page.evaluate(_DROP_ADDRESS, f"{other.url}/marks.czml")
    for label in ("lines.geojson", "marks.czml"):
        expect(page.get_by_label(_name(other, label), exact=True)).to_be_checked()
    for _ in range(80):
        if any(path.endswith(".glb") for path in other.paths):
            break
        page.wait_for_timeout(250)
    assert any(path.endswith(".glb") for path in other.paths)
    assert opened.errors == []
    hosts = {urlsplit(url).netloc for url in opened.requests if url.startswith("http")}
    assert hosts == {urlsplit(opened.url).netloc, urlsplit(other.url).netloc}


def test_order_of_maps_and_what_is_missing(opened: View, other: OtherHost) -> None:
    page = opened.page
    page.get_by_label("周辺の地盤", exact=True).check()
    tiles, wms = _name(other, "xyz"), _name(other, "wms")
    names = page.locator("li.extra .toggle")
    while names.all_inner_texts().index(tiles) > names.all_inner_texts().index(wms):
        page.get_by_role("button", name=f"{tiles} 上へ").click()
    _shows(opened, GREEN)
    page.get_by_label(tiles, exact=True).uncheck()
    _shows(opened, RED)
    _add(opened, f"{other.url}/nowhere.geojson")
    expect(page.locator("#message")).to_contain_text("nowhere.geojson")
