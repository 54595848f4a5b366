"""What a click on a feature of an added layer shows, and folders of 3D Tiles that are given."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.opened import CENTRE, Pixels, View
from browser.site import HOSTILE, SITE

pytestmark = pytest.mark.browser

Wait = Callable[..., Pixels]

BACKGROUND = (18, 22, 28)
MARKED, PLAIN = (255, 225, 77), (255, 107, 214)
"""Of what is selected, and of features of added layers without a colour of their own."""
_DROP = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
}"""


@pytest.fixture(autouse=True)
def _as_opened(view: View) -> None:
    view.as_opened()


def near(pixel: tuple[int, int, int], colour: tuple[int, int, int]) -> bool:
    """Whether a pixel has a colour, but for what fading and smoothing change."""
    return all(abs(one - other) <= 12 for one, other in zip(pixel, colour, strict=True))


def shows(pixels: Pixels, this: tuple[int, int, int], not_that: tuple[int, int, int]) -> bool:
    """Whether one colour is among pixels, and another is not."""
    return any(near(pixel, this) for pixel in pixels) and not any(
        near(pixel, not_that) for pixel in pixels
    )


def middle(view: View) -> list[float]:
    """Return longitude, latitude and height half a metre above the middle of the main pipe."""
    lines = json.loads((view.out / "pipes.geojson").read_text("utf-8"))
    ends = lines["features"][0]["geometry"]["coordinates"]
    lon, lat, height = (sum(values) / 2 for values in zip(ends[0], ends[-1], strict=True))
    return [lon, lat, height + 0.5]


def click_added(view: View, pixels_when: Wait, name: str, content: object) -> None:
    """Drop a layer whose only feature lies over the main pipe, and click it from above."""
    page = view.page
    for label in ("点群", "管路"):
        page.get_by_label(label, exact=True).uncheck()
    view.tool("真上")
    page.evaluate(_DROP, [name, json.dumps(content)])
    expect(page.get_by_label(name, exact=True)).to_be_checked()
    pixels_when(CENTRE, lambda pixels: set(pixels) != {BACKGROUND})
    page.mouse.click(*CENTRE)


def test_attributes_of_a_feature_are_shown_as_text(view: View, pixels_when: Wait) -> None:
    page = view.page
    properties = {"名称": "消火栓 12", HOSTILE: HOSTILE, "深さ": 1.25, "parts": {"a": [1, 2]}}
    point = {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": middle(view)},
    }
    click_added(view, pixels_when, "設備.geojson", point)
    panel = page.locator("#panel")
    expect(panel.locator("h2")).to_have_text("消火栓 12")
    expect(panel.locator("header p")).to_have_text("設備.geojson")
    rows = panel.locator("dl > div").evaluate_all(
        "rows => rows.map(row => [row.children[0].textContent, row.children[1].textContent])"
    )
    assert dict(rows) == {
        "名称": "消火栓 12",
        HOSTILE: HOSTILE,
        "深さ": "1.25",
        "parts": '{"a":[1,2]}',
    }
    assert panel.locator("img").count() == 0
    assert page.locator("#sidebar img").count() == 0
    # Marked as long as it is the one that is told of, also when the layer is faded.
    pixels_when(CENTRE, lambda pixels: shows(pixels, MARKED, PLAIN), half=8)
    page.get_by_label("設備.geojson 不透明度", exact=True).fill("99")
    page.wait_for_timeout(400)
    pixels_when(CENTRE, lambda pixels: shows(pixels, MARKED, PLAIN), half=8)
    page.keyboard.press("Escape")
    pixels_when(CENTRE, lambda pixels: shows(pixels, PLAIN, MARKED), half=8)
    page.mouse.click(*CENTRE)
    expect(panel.locator("h2")).to_have_text("消火栓 12")
    page.get_by_role("button", name="設備.geojson 取り除く").click()
    expect(panel).to_be_hidden()
    page.evaluate(_DROP, ["設備.geojson", json.dumps(point)])
    pixels_when(CENTRE, lambda pixels: set(pixels) != {BACKGROUND})
    page.mouse.click(*CENTRE)
    expect(panel.locator("h2")).to_have_text("消火栓 12")
    page.get_by_role("button", name="P2").click()
    expect(panel.locator("h2")).to_have_text("P2")
    page.get_by_role("button", name="設備.geojson 取り除く").click()
    assert page.evaluate("document.body.dataset.hacked") is None
    assert view.errors == []


def test_description_of_czml_is_read_as_text(view: View, pixels_when: Wait) -> None:
    page = view.page
    script = "<script>document.body.dataset.hacked = 1</script>"
    html = f"<b>深い</b>管 &amp; 弁{script}{HOSTILE}<iframe src=/>"
    mark = {
        "id": "a",
        "name": "<i>弁</i>",
        "description": html,
        "position": {"cartographicDegrees": middle(view)},
        "point": {"pixelSize": 14, "color": {"rgba": [255, 0, 255, 255]}},
    }
    click_added(view, pixels_when, "弁.czml", [{"id": "document", "version": "1.0"}, mark])
    expect(page.locator("#panel h2")).to_have_text("<i>弁</i>")
    expect(page.locator("#panel .text")).to_have_text("深い 管 & 弁")
    assert page.locator("#panel img, #panel script, iframe").count() == 0
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    page.get_by_role("button", name="弁.czml 取り除く").click()
    assert page.evaluate("document.body.dataset.hacked") is None
    assert view.errors == []


def test_folder_of_tiles_is_shown_without_a_server(
    view: View, pixels_when: Wait, tmp_path: Path
) -> None:
    page = view.page
    asked = len(view.requests)
    folder = tmp_path / "建物 2024"
    shutil.copytree(view.out / "tiles" / "pipes" / SITE, folder / "data")
    for label in ("点群", "管路"):
        page.get_by_label(label, exact=True).uncheck()
    pixels_when(CENTRE, lambda pixels: set(pixels) == {BACKGROUND})
    page.locator("input[webkitdirectory]").set_input_files(folder)
    expect(page.get_by_label("建物 2024", exact=True)).to_be_checked()
    pixels_when(CENTRE, lambda pixels: BACKGROUND not in pixels)
    page.mouse.click(*CENTRE)
    expect(page.locator("#panel header p")).to_have_text("建物 2024")
    expect(page.locator("#panel dl")).to_contain_text("outer_diameter_m")
    # The mark takes the place of the pipe's own blue.
    pixels_when(CENTRE, lambda pixels: all(min(r, g) > b + 60 for r, g, b in pixels))
    page.keyboard.press("Escape")
    pixels_when(CENTRE, lambda pixels: all(blue > green for _, green, blue in pixels))
    page.get_by_role("button", name="建物 2024 取り除く").click()
    pixels_when(CENTRE, lambda pixels: set(pixels) == {BACKGROUND})
    assert [url for url in view.requests[asked:] if not url.startswith(view.url)] == []
    assert view.errors == []


def test_tileset_without_its_folder_is_refused_with_the_way_to_give_it(
    view: View, tmp_path: Path
) -> None:
    page = view.page
    tileset = (view.out / "tiles" / "tileset.json").read_text("utf-8")
    page.evaluate(_DROP, ["tileset.json", tileset])
    expect(page.locator("#message")).to_contain_text("フォルダごと落としてください")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.json").write_text("{}", encoding="utf-8")
    page.locator("input[webkitdirectory]").set_input_files(tmp_path / "photos")
    expect(page.locator("#message")).to_contain_text("tileset.json がありません")
