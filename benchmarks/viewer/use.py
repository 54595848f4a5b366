"""How the page around a city answers: opening, search, filters, selection, profile."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

TIMES = 5
_PAINTED = """() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"""
_NUMBERED = """() => {
    const names = [...document.querySelectorAll("button.pipe strong")];
    return names.map((name) => name.textContent);
}"""


def opening(page: Page) -> str:
    """Return when the scene was in view and when all was ready, counted from the request on."""
    page.wait_for_selector("body[data-state=ready]", state="attached")
    marks = page.evaluate(
        "['in-view', 'ready'].map(n => performance.getEntriesByName(n)[0].startTime / 1000)"
    )
    return f"in view after {marks[0]:.1f} s, ready after {marks[1]:.1f} s"


def answers(page: Page, pictures: Path | None) -> None:
    """Print what each use of the page takes until it is on the screen.

    What the page's own thread spends on it is told, too: where others use the processor, only that
    means much.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(1000 * one["value"] for one in metrics if one["name"] == "TaskDuration")

    search = page.get_by_role("searchbox")
    page.evaluate("document.querySelector('details.filters').open = true")
    least = page.get_by_label("Length from", exact=True)
    middle = str(statistics.mean(float(least.get_attribute(end) or 0) for end in ("min", "max")))
    uses: dict[str, Callable[[int], None]] = {
        "search for one pipe": lambda n: search.fill(f"P0{n}23{n}"),
        "search for all again": lambda _: search.fill(""),
        "filter by length": lambda _: least.fill(middle),
        "all again": lambda _: page.get_by_role("button", name="Show all").click(),
        "choose a pipe": lambda n: page.locator("button.pipe").nth(n).click(),
        "its profile": lambda _: page.locator("#toolbar button").first.click(),
        "no profile": lambda _: page.locator("#toolbar button").first.click(),
        "colour by cover": lambda _: page.get_by_text("Cover", exact=True).first.click(),
        "colour by size": lambda _: page.get_by_text("Nominal size", exact=True).first.click(),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in uses}
    for number in range(TIMES):
        for name, use in uses.items():
            began, before = time.perf_counter(), spent()
            use(number)
            page.evaluate(_PAINTED)
            taken[name].append((1000 * (time.perf_counter() - began), spent() - before))
            if pictures is not None and number == 0:
                page.screenshot(path=pictures / f"page-{name.replace(' ', '-')}.png")
        assert page.locator("#dock").is_hidden()
    for name, pairs in taken.items():
        waited, worked = (statistics.median(each) for each in zip(*pairs, strict=True))
        print(f"{name:22} {waited:6.0f} ms, of these {worked:6.0f} ms of the page's own thread")
    search.fill("P01234")
    assert page.evaluate(_NUMBERED) == ["P01234"]
