"""What a user of the viewer sees and can do, in Chromium."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from browser.conftest import TIMEOUT_MS
from browser.opened import BETWEEN, CENTRE, Pixels, View, pixels_around
from browser.site import HOSTILE, SITE
from twin_pipeline.view import serve

pytestmark = pytest.mark.browser

ALONG_PIPE = (801, 580)
PAVEMENT = (600, 400)
BESIDE = (1150, 90)
"""Where no scan is."""

Wait = Callable[..., Pixels]


@pytest.fixture(autouse=True)
def _as_opened(view: View) -> None:
    view.as_opened()


def typical(pixels: Pixels) -> tuple[float, ...]:
    """Return the median by channel: between points the background shows."""
    return tuple(median(channel) for channel in zip(*pixels, strict=True))


def is_blue(pixels: Pixels) -> bool:
    red, _, blue = typical(pixels)
    return blue > red + 60


def is_yellow(pixels: Pixels) -> bool:
    red, green, blue = typical(pixels)
    return min(red, green) > blue + 50


def is_brown(pixels: Pixels) -> bool:
    red, _, blue = typical(pixels)
    return blue + 20 < red < 200


def is_pavement(pixels: Pixels) -> bool:
    return len(set(pixels)) > 50 and all(60 < channel < 140 for channel in typical(pixels))


def is_background(pixels: Pixels) -> bool:
    return set(pixels) == {(18, 22, 28)}


def test_opens_without_failures(view: View) -> None:
    body = view.page.locator("body")
    expect(body).to_have_attribute("data-state", "ready")
    expect(body).to_have_attribute("data-tiles-failed", "0")
    expect(view.page.locator("#message")).to_be_empty()
    assert view.errors == []
    assert view.refused == []


def test_asks_no_other_host(view: View) -> None:
    own = urlsplit(view.url).netloc
    others = [url for url in view.requests if urlsplit(url).scheme in ("http", "https")]
    assert len(others) > 10
    assert {urlsplit(url).netloc for url in others} == {own}


def test_shows_pipe_pavement_and_nothing_beside(view: View, pixels_when: Wait) -> None:
    pixels_when(CENTRE, is_blue)
    pixels_when(PAVEMENT, is_pavement, half=20)
    assert is_background(pixels_around(view.page, BESIDE))


def test_names_site_and_language(view: View) -> None:
    assert view.page.title() == f"{SITE} — 管路ビューア"
    assert view.page.evaluate("document.documentElement.lang") == "ja"


def test_click_on_a_pipe_shows_its_numbers(view: View, pixels_when: Wait) -> None:
    view.page.mouse.click(*CENTRE)
    panel = view.page.locator("#panel")
    expect(panel.get_by_role("heading", level=2)).to_have_text("P<1>")
    rows = dict(
        panel.locator("dl > div").evaluate_all(
            "rows => rows.map(row => [row.children[0].textContent, row.children[1].textContent])"
        )
    )
    assert rows["外径"] == "168.9 ± 0.3 mm"
    assert rows["呼び径"] == "150 mm (確率 99.8 %)"
    assert rows["管種"] == "ダクタイル鋳鉄管 (DIP)"
    assert rows["延長"] == "10.000 m"
    # 1.03949: GeoJSON has 1.0395, which would be rounded once more, to 1.040.
    assert rows["最小"] == "1.039 ± 0.004 m"
    assert rows["平均"] == "1.181 ± 0.004 m"
    assert rows["最大"] == "1.196 ± 0.004 m"
    assert rows["管中心高"] == "30.750 → 30.720 m"
    assert rows["水平"] == "± 3.1 mm"
    assert rows["鉛直"] == "± 2.7 mm"
    assert rows["使用点数"] == "48,213"
    pixels_when(CENTRE, is_yellow)
    expect(view.page.get_by_role("button", name="P<1>")).to_have_attribute("aria-current", "true")


def test_escape_closes(view: View, pixels_when: Wait) -> None:
    view.page.mouse.click(*CENTRE)
    expect(view.page.locator("#panel")).to_be_visible()
    view.page.keyboard.press("Escape")
    expect(view.page.locator("#panel")).to_be_hidden()
    pixels_when(CENTRE, is_blue)


def test_click_beside_all_pipes_closes(view: View) -> None:
    view.page.mouse.click(*CENTRE)
    expect(view.page.locator("#panel")).to_be_visible()
    view.page.mouse.click(*PAVEMENT)
    expect(view.page.locator("#panel")).to_be_hidden()


def test_text_from_data_is_never_html(view: View) -> None:
    view.page.mouse.click(*CENTRE)
    expect(view.page.locator("#panel .quality")).to_contain_text(HOSTILE)
    assert view.page.locator("#panel img, #sidebar img").count() == 0
    assert view.page.evaluate("document.body.dataset.hacked") is None


def test_keyboard_reaches_each_pipe(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.get_by_role("searchbox").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="P<1>")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_have_text("P2")
    expect(page.get_by_role("button", name="P2")).to_be_focused()
    expect(page.locator("#panel dd").nth(1)).to_have_text("判定不能")
    expect(page.locator("#panel dd").nth(4)).to_have_text("—")
    page.get_by_role("button", name="P<1>").click()
    expect(page.locator("#panel dd").nth(4)).to_have_text("1.039 ± 0.004 m")
    page.get_by_role("button", name="P2").click()
    # It has flown there: the selected pipe is in the middle of what is free.
    pixels_when(BETWEEN, is_yellow)


def test_wheel_never_passes_what_it_points_at(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.mouse.move(*CENTRE)
    for _ in range(12):
        page.mouse.wheel(0, -400)
    # The pipe fills the middle: from 9 pixels to well over 40.
    for aside in (-20, 20):
        pixels_when((CENTRE[0] + aside, CENTRE[1]), is_blue)
    page.get_by_role("button", name="全体表示").click()
    pixels_when((CENTRE[0] + 20, CENTRE[1]), is_brown)


def test_drag_and_arrow_keys_turn_about_what_they_hold(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.get_by_label("点群", exact=True).uncheck()
    pixels_when(ALONG_PIPE, is_blue)
    page.mouse.move(*CENTRE)
    page.mouse.down()
    page.mouse.move(CENTRE[0] - 150, CENTRE[1], steps=3)
    page.mouse.up()
    pixels_when(ALONG_PIPE, is_background)
    pixels_when(CENTRE, is_blue)
    expect(page.locator("#panel")).to_be_hidden()
    page.get_by_role("button", name="全体表示").click()
    pixels_when(ALONG_PIPE, is_blue)
    page.locator("canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    pixels_when(ALONG_PIPE, is_background)
    pixels_when(CENTRE, is_blue)


def test_layers_can_be_hidden(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.get_by_label("点群", exact=True).uncheck()
    pixels_when(PAVEMENT, is_background)
    pixels_when(CENTRE, is_blue)
    page.get_by_label("管路", exact=True).uncheck()
    pixels_when(CENTRE, is_background)
    page.get_by_label("点群", exact=True).check()
    # Without the solid its own points show: blue as scanned.
    pixels_when(CENTRE, is_blue)


def test_points_by_class(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.get_by_text("分類").click()
    expect(page.locator("#sidebar .legend").first).to_have_text(
        "地表掘削面管その他除外指定点（計測に不使用）"
    )
    ground = (143, 152, 166)
    pixels_when(PAVEMENT, lambda pixels: _near(ground, typical(pixels)))


def test_points_by_height(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.get_by_text("高さ", exact=True).click()
    expect(page.locator(".scale")).to_contain_text("地表からの高さ")
    # Ground level is five sixths up a scale from -2.5 to +0.5 m: a third from green to yellow.
    at_zero = (182, 212, 88)
    pixels_when(PAVEMENT, lambda pixels: _near(at_zero, typical(pixels), 12))


def test_pipes_by_quality(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.locator("#sidebar").get_by_text("品質", exact=True).click()
    expect(page.locator("#sidebar .legend").last).to_have_text("良不良")
    pixels_when(CENTRE, lambda pixels: typical(pixels)[1] > typical(pixels)[0] + 60)


def test_ground_neither_buries_the_trench_nor_stays_away(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.get_by_label("周辺の地盤", exact=True).check()
    pixels_when(BESIDE, lambda pixels: not is_background(pixels))
    pixels_when(CENTRE, is_blue)


def test_language_can_be_switched(view: View) -> None:
    page = view.page
    page.mouse.click(*CENTRE)
    page.get_by_role("button", name="English").click()
    expect(page.locator("#panel section dt").first).to_have_text("Outer diameter")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_role("button", name="日本語").click()
    expect(page.locator("#panel section dt").first).to_have_text("外径")


def test_nothing_is_cut_off_on_a_tablet(view: View) -> None:
    page = view.page
    page.mouse.click(*CENTRE)
    expect(page.locator("#panel")).to_be_visible()
    view.resize({"width": 768, "height": 600})
    for part in ("#sidebar", "#panel"):
        assert page.locator(part).evaluate("box => box.scrollWidth <= box.clientWidth")
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 768
    page.get_by_role("button", name="メニュー").click()
    expect(page.locator("#sidebar nav")).to_be_hidden()
    page.get_by_role("button", name="メニュー").click()


def test_points_alone_with_missing_tiles(
    context: BrowserContext, site: Path, tmp_path: Path
) -> None:
    """What `tile` writes: no pipes, no run.json; and the finest tiles have been lost."""
    shutil.copytree(site / "tiles", tmp_path / "tiles")
    shutil.rmtree(tmp_path / "tiles" / "pipes")
    _forget_pipes(tmp_path / "tiles" / "tileset.json")
    for leaf in (tmp_path / "tiles" / "points").rglob("*leaf.glb"):
        leaf.unlink()
    with serve(tmp_path) as server:
        opened = View(context.new_page(), server.url)
        opened.open()
        body = opened.page.locator("body")
        expect(body).to_have_attribute("data-state", "ready")
        # The finest tiles are asked for from near by.
        opened.page.mouse.move(*CENTRE)
        opened.page.mouse.wheel(0, -400)
        expect(body).not_to_have_attribute("data-tiles-failed", "0", timeout=TIMEOUT_MS)
        expect(opened.page.locator("#message")).to_contain_text("読み込めないタイルがあります")
        expect(opened.page.locator("nav")).to_contain_text("管路はありません")
        middle = pixels_around(opened.page, CENTRE, half=40)
        assert len(set(middle)) > 50
        opened.page.close()


def _forget_pipes(tileset: Path) -> None:
    root = json.loads(tileset.read_text("utf-8"))
    root["root"]["children"] = [
        child for child in root["root"]["children"] if child["content"]["uri"].startswith("points/")
    ]
    tileset.write_text(json.dumps(root), encoding="utf-8")


def _near(wanted: tuple[int, ...], got: tuple[float, ...], tolerance: float = 4) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(wanted, got, strict=True))
