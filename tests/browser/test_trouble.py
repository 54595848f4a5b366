"""What the viewer says when something is missing or damaged: which file, why, and it goes on."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from browser.opened import View
from browser.site import SITE
from twin_pipeline.view import serve
from twin_pipeline.view.server import STATIC_FOLDER

pytestmark = pytest.mark.browser


@pytest.fixture
def copied(site: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(site, tmp_path / "out"))


@contextmanager
def opened(context: BrowserContext, out: Path) -> Iterator[View]:
    with serve(out) as server:
        view = View(context.new_page(), server.url, out)
        view.open()
        yield view
        view.page.close()


def test_damaged_files_and_missing_tiles_are_named_and_the_rest_is_shown(
    context: BrowserContext, copied: Path
) -> None:
    (copied / "catalog.json").write_text('{"catalog": [', encoding="utf-8")
    (copied / "sites" / SITE / "viewer.json").write_text("{}", encoding="utf-8")
    glb = next((copied / "tiles" / "points" / SITE).rglob("*.glb"))
    glb.unlink()
    with opened(context, copied) as view:
        page = view.page
        expect(page.locator("body")).to_have_attribute("data-state", "ready")
        message = page.locator("#message")
        expect(message).to_contain_text("読み込めない")
        expect(message).to_contain_text("catalog.json: ファイルが壊れています")
        expect(message).to_contain_text("ほか")
        assert int(page.locator("body").get_attribute("data-tiles-failed") or 0) >= 3
        page.get_by_role("button", name="P<1>").click()
        expect(page.locator("#panel h2")).to_have_text("P<1>")
        view.tool("縦断図")
        expect(page.locator("#dock")).to_contain_text("測点がありません")
        assert [each for each in view.errors if "404" not in each] == []


def test_index_that_is_damaged_is_replaced_by_the_attributes(
    context: BrowserContext, copied: Path
) -> None:
    (copied / "viewer.json").write_text("nonsense", encoding="utf-8")
    # JSON, but no catalogue.
    catalogue = '{"catalog": [null, {"members": 1}]}'
    (copied / "catalog.json").write_text(catalogue, encoding="utf-8")
    with opened(context, copied) as view:
        message = view.page.locator("#message")
        expect(message).to_contain_text("ファイルが壊れています")
        expect(message).to_contain_text("ほか 1")
        expect(view.page.get_by_role("button", name="P<1>")).to_be_visible()
        assert view.errors == []


def test_tilesets_that_are_gone_are_named(context: BrowserContext, copied: Path) -> None:
    (copied / "tiles" / "tileset.json").write_text("{", encoding="utf-8")
    with opened(context, copied) as view:
        expect(view.page.locator("body")).to_have_attribute("data-state", "error")
        expect(view.page.locator("#message")).to_contain_text(
            "tiles/tileset.json: ファイルが壊れて"
        )


def test_without_webgl_the_page_says_what_to_do(context: BrowserContext, site: Path) -> None:
    with serve(site) as server:
        page = context.new_page()
        page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        page.goto(server.url)
        page.wait_for_selector("body[data-state=error]", state="attached")
        expect(page.locator("#message")).to_contain_text("WebGL 2 を有効にしてください")
        page.close()


def test_as_a_file_the_page_says_how_to_open_it(chromium: Browser) -> None:
    page: Page = chromium.new_page()
    page.goto((STATIC_FOLDER / "index.html").as_uri())
    expect(page.locator("body")).to_have_attribute("data-state", "error")
    expect(page.locator("#message")).to_contain_text("twin-pipeline view")
    page.close()


def test_layers_of_hosts_that_do_not_answer_are_named(view: View) -> None:
    """A port where nobody listens; the page has asked for leave beforehand."""
    view.as_opened()
    page = view.page
    page.get_by_text("レイヤを追加").click()
    page.get_by_label("アドレス (URL)").fill("data/nothing.geojson")
    page.get_by_role("button", name="追加", exact=True).click()
    expect(page.locator("#message")).to_contain_text("data/nothing.geojson: HTTP 404")
    view.refused.clear()
    view.errors[:] = [each for each in view.errors if "404" not in each]
    assert view.errors == []


def test_hosts_that_hang_do_not_hold_up_others(context: BrowserContext, copied: Path) -> None:
    """A server that takes the request and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        catalogue = (
            '{"workbench": ["a"], "catalog": [{"type": "geojson", "id": "a", "name": "遅い",'
            f' "url": "http://127.0.0.1:{port}/x.geojson"}}]}}'
        )
        (copied / "catalog.json").write_text(catalogue, encoding="utf-8")
        with serve(copied) as server:
            page = context.new_page()
            page.goto(server.url)
            page.wait_for_selector("body[data-state=ready]", state="attached")
            expect(page.locator("#message")).to_contain_text("レイヤを読み込み中： 遅い")
            page.get_by_role("button", name="P<1>").click()
            expect(page.locator("#panel h2")).to_have_text("P<1>")
            page.close()
