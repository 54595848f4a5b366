"""One opened page of the viewer, and the colours on it."""

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, Response, ViewportSize, expect

Pixels = list[tuple[int, int, int]]

SIZE: ViewportSize = {"width": 1180, "height": 720}
CENTRE = (739, 360)
"""The first view has the middle of the pipes amid what the sidebar leaves free."""

BETWEEN = (594, 360)
"""The same amid what sidebar and panel leave free."""

_SHOWN = {
    "点群": True, "管路": True, "測点": False, "継手・曲管": False, "地表面": False,
    "周辺の地盤": False, "掘削部を開く": True,
}  # fmt: skip
"""Layers as the tests want them: marks and ground would cover what is measured."""

_OPEN = "#panel:visible, #card:visible, #dock:visible, dialog[open], #toolbar [aria-pressed=true]"
"""What lies over the scene, and tools that wait for a click."""
_MOST_CLOSINGS = 20
_CLOSE = re.compile("閉じる|Close")

# A picture twice: what waited for the first has been done when the second comes.
_DRAWN = """() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"""

_MEASURE = """async (png) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, image.width, image.height).data];
}"""


@dataclass
class View:
    """One opened page of the viewer."""

    page: Page
    url: str
    out: Path = Path()
    """The output folder that it shows."""
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Go there and wait until the first view is complete."""
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._console)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("response", self._response)
        self.page.goto(self.url)
        ended = "body[data-state=ready], body[data-state=error]"
        self.page.wait_for_selector(ended, state="attached")

    def as_opened(self) -> None:
        """Undo whatever a test has done: opening the page anew takes seconds."""
        page = self.page
        # Keys that are pressed while another page is in front are lost.
        page.bring_to_front()
        self.resize(SIZE)
        self._close_all()
        if page.evaluate("document.documentElement.lang") != "ja":
            page.get_by_role("button", name="日本語").click()
        if page.evaluate("document.documentElement.dataset.look") != "dark":
            page.get_by_role("button", name="暗い画面").click()
        page.get_by_role("searchbox").fill("")
        for label, shown in _SHOWN.items():
            page.get_by_label(label, exact=True).set_checked(shown)
        for choice in ("実色", "呼び径"):
            page.get_by_role("radio", name=choice).check(force=True)
        page.get_by_role("button", name="全体表示").click()
        self.settle()
        assert page.locator(_OPEN).count() == 0

    def _close_all(self) -> None:
        """Close tools, card, panel and charts, also those that a late click opens meanwhile."""
        page = self.page
        for _ in range(_MOST_CLOSINGS):
            self.settle()
            if page.locator(_OPEN).count() == 0:
                return
            pressed = page.locator("#toolbar [aria-pressed=true]")
            while pressed.count():
                pressed.first.click()
            if page.locator("#card").is_visible():
                page.locator("#card").get_by_role("button", name=_CLOSE).click()
            page.keyboard.press("Escape")
        raise AssertionError("what lies over the scene does not close")

    def settle(self) -> None:
        """Wait until what has been clicked or pressed has had its effect."""
        self.page.evaluate(_DRAWN)
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    def click(self, x: int, y: int) -> None:
        """Click the page and wait until it has told all of what lies there."""
        self.page.mouse.click(x, y)
        self.settle()

    def resize(self, size: ViewportSize) -> None:
        """Give the window a size and wait until the page has it."""
        self.page.set_viewport_size(size)
        self.page.wait_for_function(
            "([width, height]) => innerWidth === width && innerHeight === height",
            arg=[size["width"], size["height"]],
        )
        self.settle()

    def tool(self, name: str) -> None:
        """Press a button of the toolbar."""
        self.page.locator("#toolbar").get_by_role("button", name=name).click()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append(response.url)


def pixels_around(page: Page, place: tuple[int, int], half: int = 3) -> Pixels:
    """Return red, green, blue of a small square of the page."""
    clip = {"x": place[0] - half, "y": place[1] - half, "width": 2 * half, "height": 2 * half}
    png = page.screenshot(clip=clip, animations="disabled")
    flat = page.evaluate(_MEASURE, base64.b64encode(png).decode())
    return list(zip(flat[0::4], flat[1::4], flat[2::4], strict=True))
