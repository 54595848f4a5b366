"""Clicks on the pipes of a city, from near and far: each tells the pipe that is there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from benchmarks.viewer.city import write_city
from benchmarks.viewer.views import Place, looking_at
from browser.opened import View
from twin_pipeline.view import serve

pytestmark = pytest.mark.browser

PIPES = 90
"""Enough for tiles of three levels, and lines above them."""


@pytest.fixture(scope="module")
def city(context: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    out = tmp_path_factory.mktemp("city")
    write_city(out, PIPES)
    with serve(out) as server:
        opened = View(context.new_page(), server.url, out)
        opened.url += "#" + looking_at(_middle(out, "P00040"), 6, "pipes").replace("HEADING", "0")
        opened.open()
        yield opened
        opened.page.close()


def _middle(out: Path, pipe_id: str) -> Place:
    """Return the middle of the first straight stretch of a pipe."""
    pipes = json.loads((out / "viewer.json").read_text("utf-8"))["pipes"]
    (line,) = (pipe["line"] for pipe in pipes if pipe["pipe_id"] == pipe_id)
    return Place(*((a + b) / 2 for a, b in zip(line[0], line[1], strict=True)))


@pytest.mark.parametrize(
    ("pipe_id", "distance_m"),
    [
        ("P00040", 6),
        ("P00040", 25),
        ("P00051", 80),
        ("P00051", 250),
        ("P00040", 800),
        ("P00040", 3_000),
    ],
)
def test_click_tells_the_pipe_that_is_there(city: View, pipe_id: str, distance_m: float) -> None:
    page = city.page
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    view = looking_at(_middle(city.out, pipe_id), distance_m, "pipes").replace("HEADING", "0")
    page.evaluate("view => { location.hash = view; }", view)
    box = page.locator("#scene canvas").bounding_box()
    assert box is not None
    title = page.locator("#panel h2")
    for _ in range(20):
        page.wait_for_timeout(500)
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        if title.is_visible():
            break
    expect(title).to_have_text(pipe_id)
    assert page.evaluate("document.body.dataset.tilesFailed") in {"0", None}
