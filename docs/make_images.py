"""`make images`: takes the README's pictures from a finished run."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from twin_pipeline.view import serve

IMAGES = Path(__file__).parent / "images"
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
WAIT_MS = 120_000


def main(out: Path) -> None:
    """Photograph the points alone, then the pipe with its attributes."""
    command = shutil.which("chromium") or shutil.which("google-chrome")
    with serve(out) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=FLAGS)
        size = {"width": 960, "height": 640}
        page = browser.new_page(viewport=size, locale="en-GB", reduced_motion="reduce")
        page.set_default_timeout(WAIT_MS)
        page.goto(server.url)
        page.wait_for_selector("body[data-state=ready]", state="attached")
        page.get_by_role("checkbox", name="Pipes").uncheck()
        _shoot(page, "scan.png")
        page.get_by_role("checkbox", name="Pipes").check()
        page.get_by_role("navigation", name="Pipes").get_by_role("button").first.click()
        _shoot(page, "pipes.png")
        browser.close()


def _shoot(page: Page, name: str) -> None:
    page.wait_for_timeout(5000)  # the last tiles and frames
    page.screenshot(path=IMAGES / name, animations="disabled")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
