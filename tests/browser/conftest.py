"""The viewer in Chromium on the CPU, with everything that it asks for and complains of."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect

from browser.opened import SIZE, Pixels, View, pixels_around
from browser.site import write_site
from twin_pipeline.view import serve
from twin_pipeline.view.server import STATIC_FOLDER

# On the processor, as continuous integration has no graphics card.
FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
COMMANDS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
TIMEOUT_MS = 240_000
"""Minutes where others use the processor, too; nothing waits so long that goes well."""
# A picture takes seconds where many processes share the processor.
expect.set_options(timeout=30_000)


def _absent(what: str, remedy: str) -> None:
    text = f"{what}: {remedy}"
    if os.environ.get("TWIN_PIPELINE_REQUIRE_BROWSER") == "1":
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    if not (STATIC_FOLDER / "index.html").is_file():
        _absent("the viewer has not been built", "call `make viewer` (needs Node.js 20 or newer)")
    command = next(filter(None, map(shutil.which, COMMANDS)), None)
    if command is None:
        _absent(
            "no Chromium on the PATH",
            "`apt-get install chromium`, or your system's package of Chromium or Chrome",
        )
    browser = playwright.chromium.launch(executable_path=command, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the made site's output folder; not to be changed."""
    out = tmp_path_factory.mktemp("viewer") / "out"
    out.mkdir()
    write_site(out)
    return out


@pytest.fixture(scope="session")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    made = chromium.new_context(viewport=SIZE, locale="ja-JP", reduced_motion="reduce")
    made.set_default_timeout(TIMEOUT_MS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def view(context: BrowserContext, site: Path) -> Iterator[View]:
    """Return the page with the made site, opened once for all tests."""
    with serve(site) as server:
        opened = View(context.new_page(), server.url, site)
        opened.open()
        yield opened
        opened.page.close()


@pytest.fixture
def pixels_when(view: View) -> Callable[..., Pixels]:
    """Return a function that waits until the pixels around a place are as they should be."""

    def wait(place: tuple[int, int], accepted: Callable[[Pixels], bool], half: int = 3) -> Pixels:
        for _ in range(60):
            pixels = pixels_around(view.page, place, half)
            if accepted(pixels):
                return pixels
            view.page.wait_for_timeout(250)
        raise AssertionError(f"the pixels around {place} stay {pixels[:3]} ...")

    return wait
