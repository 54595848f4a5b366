"""One opened page of the viewer, and the colours on it."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, Response, ViewportSize

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
        page.set_viewport_size(SIZE)
        page.wait_for_function("width => innerWidth === width", arg=SIZE["width"])
        pressed = page.locator("#toolbar [aria-pressed=true]")
        while pressed.count():
            pressed.first.click()
        if page.locator("#card").is_visible():
            page.locator("#card").get_by_role("button", name="閉じる").click()
        page.keyboard.press("Escape")
        for label, shown in _SHOWN.items():
            page.get_by_label(label, exact=True).set_checked(shown)
        for choice in ("実色", "呼び径"):
            page.get_by_role("radio", name=choice).check(force=True)
        page.get_by_role("button", name="全体表示").click()

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
