"""Two scans: of one place, before and after, parted by the curtain; and far from each other."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from browser.opened import CENTRE, View, pixels_around
from browser.site import write_sites_apart, write_two_scans
from twin_pipeline.view import serve

pytestmark = pytest.mark.browser

IN_THE_TRENCH = (775, 480)
"""The floor beside the pipe."""
RIGHT, LEFT = 900, 620

GREY = (127, 127, 127)
"""Of all points of the sites that lie apart."""

_DOTS = """async (png) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const dots = [];
    // The sidebar and the toolbar have this blue, too.
    for (let y = 70; y < image.height; y += 1) {
        for (let x = 320; x < image.width; x += 1) {
            const at = 4 * (y * image.width + x);
            if (data[at] !== 79 || data[at + 1] !== 179 || data[at + 2] !== 255) continue;
            if (dots.every(([a, b]) => Math.hypot(a - x, b - y) > 20)) dots.push([x, y + 2]);
        }
    }
    return dots;
}"""
"""The dots of sites that lie apart, pixels of their own blue."""


@pytest.fixture(scope="module")
def two(context: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    out = tmp_path_factory.mktemp("two")
    write_two_scans(out)
    with serve(out) as server:
        opened = View(context.new_page(), server.url, out)
        opened.open()
        yield opened
        opened.page.close()


def _green(view: View) -> bool:
    pixels = pixels_around(view.page, IN_THE_TRENCH, half=8)
    return sum(green > max(red, blue) + 25 for red, green, blue in pixels) > len(pixels) / 2


def _becomes(view: View, *, green: bool) -> None:
    for _ in range(60):
        if _green(view) == green:
            return
        view.page.wait_for_timeout(250)
    raise AssertionError(f"the floor of the trench is {'not ' if green else ''}green")


def test_curtain_parts_before_from_after(two: View) -> None:
    page = two.page
    for label in ("測点", "継手・曲管", "地表面", "管路"):
        page.get_by_label(label, exact=True).uncheck()
    # The backfill lies over the floor.
    _becomes(two, green=True)
    two.tool("比較")
    chosen = page.locator("#card select").evaluate_all("all => all.map(one => one.value)")
    assert chosen == ["点群 after", "点群 before"]
    curtain = page.get_by_role("slider", name="比較の境界")
    box = curtain.bounding_box()
    assert box is not None
    at = box["x"] + box["width"] / 2
    for aim, green in ((RIGHT, True), (LEFT, False), (RIGHT, True)):
        page.mouse.move(at, 360)
        page.mouse.down()
        page.mouse.move(aim, 360, steps=3)
        page.mouse.up()
        at = aim
        _becomes(two, green=green)
    page.get_by_label("左", exact=True).select_option("点群 before")
    page.get_by_label("右", exact=True).select_option("点群 after")
    _becomes(two, green=False)
    two.tool("共有")
    link = page.locator("#card input").input_value()
    page.keyboard.press("Escape")
    expect(curtain).to_have_count(0)
    _becomes(two, green=True)
    page.evaluate("link => { location.hash = new URL(link).hash + '&'; }", link)
    expect(curtain).to_have_count(1)
    chosen = page.locator("#card select").evaluate_all("all => all.map(one => one.value)")
    assert chosen == ["点群 before", "点群 after"]
    _becomes(two, green=False)
    page.keyboard.press("Escape")
    _becomes(two, green=True)
    assert two.errors == []


def test_sites_that_lie_apart_have_names_that_lead_there(
    context: BrowserContext, tmp_path: Path
) -> None:
    write_sites_apart(tmp_path)
    with serve(tmp_path) as server:
        view = View(context.new_page(), server.url, tmp_path)
        view.open()
        page = view.page
        for _ in range(60):
            picture = page.screenshot(animations="disabled")
            dots = page.evaluate(_DOTS, base64.b64encode(picture).decode())
            if len(dots) == 2:
                break
            page.wait_for_timeout(250)
        assert len(dots) == 2
        page.mouse.click(*dots[0])
        for _ in range(60):
            pixels = pixels_around(page, CENTRE, half=30)
            if GREY in pixels:
                break
            page.wait_for_timeout(250)
        assert GREY in pixels
        assert view.errors == []
        page.close()
