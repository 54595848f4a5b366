"""One opened page of the viewer, and the colours on it."""

import base64
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page, Response

Pixels = list[tuple[int, int, int]]

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
