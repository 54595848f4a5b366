"""Two scans of one place, before and after, parted by the curtain."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from browser.opened import View, pixels_around
from browser.site import write_two_scans
from twin_pipeline.view import serve

pytestmark = pytest.mark.browser

IN_THE_TRENCH = (775, 480)
"""The floor beside the pipe."""
RIGHT, LEFT = 900, 620


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
    page.keyboard.press("Escape")
    expect(curtain).to_have_count(0)
    _becomes(two, green=True)
    assert two.errors == []
