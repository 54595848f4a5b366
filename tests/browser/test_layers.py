"""Layers, styles and filters, those of the run and those that somebody adds."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browser.opened import CENTRE, Pixels, View, pixels_around
from twin_pipeline.export.tile_styles import COVERS

pytestmark = pytest.mark.browser

Wait = Callable[..., Pixels]

_DROP = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
}"""


@pytest.fixture(autouse=True)
def _as_opened(view: View) -> None:
    view.as_opened()


def near(pixels: Pixels, css: str, tolerance: int = 30) -> bool:
    """Return whether most pixels have a colour's hue; light falls on pipes from one side."""
    wanted = tuple(int(css[at : at + 2], 16) for at in (1, 3, 5))
    brightest = max(pixels, key=sum)
    scale = max(wanted) / max(*brightest, 1)
    return all(
        abs(scale * got - want) < tolerance for got, want in zip(brightest, wanted, strict=True)
    )


def test_pipes_by_cover_with_the_limits_of_the_run(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.locator("#sidebar").get_by_text("土被り", exact=True).click()
    legend = page.locator("#sidebar .legend").last
    expect(legend).to_have_text("< 0.60 m< 1.20 m≥ 1.20 m地表なし")
    # 1.04 m: between the limits.
    pixels_when(CENTRE, lambda pixels: near(pixels, COVERS[1]))


@pytest.mark.parametrize(
    ("by", "names"), [("区分", "本管横断管"), ("管種", "ダクタイル鋳鉄管 (DIP)判定不能")]
)
def test_pipes_by_role_and_material(view: View, by: str, names: str) -> None:
    view.page.locator("#sidebar").get_by_text(by, exact=True).click()
    expect(view.page.locator("#sidebar .legend").last).to_have_text(names)


def test_points_by_distance_from_the_fit(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.get_by_label("管路", exact=True).uncheck()
    page.get_by_text("管との差").click()
    expect(page.locator(".scale")).to_contain_text("当てはめた管面からの距離")
    # The made points lie on the barrel: the middle of the scale, white.
    pixels_when(CENTRE, lambda pixels: min(max(pixels, key=sum)) > 200)


def test_opacity_lets_the_background_through(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.get_by_label("点群", exact=True).uncheck()
    before = sum(max(pixels_when(CENTRE, lambda pixels: max(pixels[0]) > 120), key=sum))
    slider = page.get_by_label("管路 不透明度")
    slider.fill("30")
    pixels_when(CENTRE, lambda pixels: sum(max(pixels, key=sum)) < 0.7 * before)
    slider.fill("100")


def test_ground_closes_and_opens_over_the_trench(view: View, pixels_when: Wait) -> None:
    page = view.page
    for label in ("点群", "管路"):
        page.get_by_label(label, exact=True).uncheck()
    page.get_by_label("地表面", exact=True).check()
    background = (18, 22, 28)
    pixels_when(CENTRE, lambda pixels: set(pixels) == {background})
    page.get_by_label("掘削部を開く").uncheck()
    pixels_when(CENTRE, lambda pixels: background not in pixels)
    slider = page.get_by_label("地表面 不透明度")
    faint = max(pixels_around(page, CENTRE), key=sum)
    slider.fill("90")
    pixels_when(CENTRE, lambda pixels: sum(max(pixels, key=sum)) > 1.5 * sum(faint))
    slider.fill("35")


def test_shells_are_loaded_when_they_are_asked_for(view: View, pixels_when: Wait) -> None:
    page = view.page
    for label in ("点群", "管路"):
        page.get_by_label(label, exact=True).uncheck()
    background = (18, 22, 28)
    pixels_when(CENTRE, lambda pixels: set(pixels) == {background})
    page.get_by_label("位置の不確かさ (95 %)", exact=True).check()
    # Translucent amber.
    pixels_when(CENTRE, lambda pixels: max(pixels, key=sum)[0] > max(pixels, key=sum)[2] + 30)
    assert any(url.endswith("/uncertainty.glb") for url in view.requests)
    page.mouse.click(*CENTRE)
    expect(page.locator("#panel")).to_be_hidden()
    page.get_by_label("位置の不確かさ (95 %)", exact=True).uncheck()
    pixels_when(CENTRE, lambda pixels: set(pixels) == {background})
    assert view.errors == []


def test_search_and_filters_leave_what_was_asked_for(view: View, pixels_when: Wait) -> None:
    page = view.page
    search = page.get_by_role("searchbox")
    search.fill("p2")
    expect(page.locator("button.pipe")).to_have_count(1)
    search.fill("")
    expect(page.locator("button.pipe")).to_have_count(2)
    page.get_by_label("点群", exact=True).uncheck()
    page.get_by_text("絞り込み").click()
    page.get_by_label("外径 上限").fill("120")
    expect(page.locator("button.pipe")).to_have_count(1)
    expect(page.locator("button.pipe")).to_contain_text("P2")
    pixels_when(CENTRE, lambda pixels: set(pixels) == {(18, 22, 28)})
    page.get_by_role("button", name="すべて表示").click()
    expect(page.locator("button.pipe")).to_have_count(2)
    page.get_by_text("絞り込み").click()


def test_dropped_geojson_becomes_a_layer(view: View, pixels_when: Wait) -> None:
    page = view.page
    page.get_by_label("点群", exact=True).uncheck()
    page.get_by_label("管路", exact=True).uncheck()
    line = json.loads((view.out / "pipes.geojson").read_text("utf-8"))
    name = "<b>境界</b>.geojson"
    page.evaluate(_DROP, [name, json.dumps(line)])
    expect(page.get_by_label(name, exact=True)).to_be_checked()
    pixels_when(CENTRE, lambda pixels: any(p[0] > 180 and p[1] < 150 for p in pixels))
    page.get_by_role("button", name=f"{name} 取り除く").click()
    pixels_when(CENTRE, lambda pixels: set(pixels) == {(18, 22, 28)})


def test_layer_of_the_catalogue_can_be_added(view: View, pixels_when: Wait) -> None:
    page = view.page
    for label in ("点群", "管路"):
        page.get_by_label(label, exact=True).uncheck()
    page.get_by_text("レイヤを追加").click()
    page.get_by_role("button", name="+ 中心線").click()
    expect(page.get_by_label("中心線", exact=True)).to_be_checked()
    pixels_when(CENTRE, lambda pixels: any(p[0] > 180 and p[1] < 150 for p in pixels))
    page.get_by_role("button", name="中心線 取り除く").click()
    expect(page.get_by_role("button", name="+ 中心線")).to_be_visible()
    page.get_by_text("レイヤを追加").click()


def test_dropped_czml_and_what_is_neither(view: View) -> None:
    page = view.page
    czml = [
        {"id": "document", "version": "1.0"},
        {"id": "a", "position": {"cartographicDegrees": [139.69, 35.69, 70]}, "point": {}},
    ]
    page.evaluate(_DROP, ["marks.json", json.dumps(czml)])
    page.get_by_role("button", name="marks.json 取り除く").click()
    page.evaluate(_DROP, ["photo.jpg", "no JSON"])
    expect(page.locator("#message")).to_contain_text("photo.jpg: GeoJSON でも CZML でもありません")


def test_layer_of_another_host_is_named_but_not_asked_for(view: View) -> None:
    page = view.page
    page.get_by_text("レイヤを追加").click()
    page.get_by_label("アドレス (URL)").fill("https://tiles.example/{z}/{x}/{y}.png")
    page.get_by_role("button", name="追加", exact=True).click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("https://tiles.example")
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    assert not any("tiles.example" in url for url in view.requests)
    assert view.errors == []
