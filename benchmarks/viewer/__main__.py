"""`python -m benchmarks.viewer`: the built viewer with 10,000 pipes and with 100 million points.

pipes    a made city: what a frame takes from 20 m to 20 km, with the pipes hidden, shown, and shown
         with their shells, beside each other in one run; only the ratio to the empty scene means
         much on a machine that others use too
points   a tileset of points, repeated side by side: what a tour holds in memory and asks for, and
         what its frames take beside those of the empty scene
page     the page around a made city: how long it takes to open, and what search, filters, a
         selection and the profile take until they are on the screen

Chromium draws on the CPU; each frame is read back, so that it counts until its last pixel.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, Request, sync_playwright
from pyproj import Transformer

from benchmarks.made_pipes import georeference
from benchmarks.viewer.city import MIDDLE, write_city
from benchmarks.viewer.use import answers, opening
from benchmarks.viewer.views import Place, looking_at
from twin_pipeline.view import serve

FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--enable-precise-memory-info",
]
SIZE = {"width": 1280, "height": 720}
DISTANCES_M = (20, 60, 150, 300, 600, 1_500, 5_000, 20_000)
STOPS = ((300, 0.0), (60, 0.0), (15, -0.6), (15, -0.2), (5, 0.2), (5, 0.6))
"""Of a tour of points: how far off, and where along a copy, from -1 to 1."""
SETTLE_MS = 1_500
READY_MS = 600_000
SCRIPT = Path(__file__).parent / "page.js"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewer", description=__doc__)
    parser.add_argument("what", choices=["pipes", "points", "page"])
    parser.add_argument("--pipes", type=int, default=10_000)
    parser.add_argument("--sites", type=int, default=1, help="that they are divided into")
    parser.add_argument("--frames", type=int, default=9, help="of each view")
    parser.add_argument("--tiles", type=Path, help="output folder of `tile`, for points")
    parser.add_argument("--copies", type=int, default=4, help="of these points, side by side")
    parser.add_argument(
        "--card", action="store_true", help="as much detail as where a graphics card draws"
    )
    parser.add_argument("--out", type=Path, help="keep the city here, or take it from here")
    parser.add_argument("--pictures", type=Path, help="folder for what was seen")
    given = parser.parse_args()
    if given.pictures is not None:
        given.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        out = given.out or Path(folder) / "out"
        if given.what == "points":
            if given.tiles is None:
                parser.error("points need --tiles: the output folder of `twin-pipeline tile`")
            places = repeat(given.tiles, Path(folder) / "out", given.copies)
            tour(Path(folder) / "out", places, given)
            return
        if not (out / "viewer.json").exists():
            length_km = write_city(out, given.pipes, given.sites) / 1000
            print(f"{given.pipes:,} pipes, {length_km:.0f} km, in {given.sites} sites")
        if given.what == "page":
            use(out, given.pictures)
        else:
            frames(out, given.frames, given.pictures)


@contextmanager
def opened(
    out: Path, first: str, *, card: bool = False, ready: bool = True
) -> Iterator[tuple[Page, "Requests"]]:
    """Open the viewer at a view and wait until it is ready."""
    with sync_playwright() as playwright, serve(out) as server:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_context(viewport=SIZE, locale="en-GB").new_page()
        page.set_default_timeout(READY_MS)
        page.add_init_script(path=SCRIPT)
        requests = Requests(page)
        page.goto(f"{server.url}{'?card=card' if card else ''}#{first}")
        if ready:
            page.wait_for_selector("body[data-state=ready]", state="attached")
        yield page, requests
        browser.close()


class Requests:
    """Counts what a page asks for."""

    def __init__(self, page: Page) -> None:
        """Follow a page from now on."""
        self.tiles = self.open = self.most = self.failed = 0
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", lambda request: self._ended(request, failed=True))

    def _began(self, request: Request) -> None:
        if ".glb" in request.url:
            self.tiles += 1
            self.open += 1
            self.most = max(self.most, self.open)

    def _ended(self, request: Request, *, failed: bool = False) -> None:
        if ".glb" in request.url:
            self.open -= 1
            self.failed += failed


def frames(out: Path, count: int, pictures: Path | None) -> None:
    """Print what frames take at each distance."""
    lon, lat, height = georeference().to_geographic(MIDDLE[None])[0].tolist()
    place = Place(lon, lat, height)
    shown = {"empty": "", "pipes": "pipes", "pipes and shells": "pipes,shells"}
    print(f"{'from':>8} {'scene':18} {'ms':>6} {'x empty':>8} {'calls':>6} {'vertices':>9}")
    with opened(out, looking_at(place, 300, "pipes")) as (page, _):
        for distance in DISTANCES_M:
            empty = 0.0
            for name, layers in shown.items():
                view = looking_at(place, distance, layers)
                settled(page, view)
                taken = page.evaluate("([v, n]) => framesAt(v, n)", [view, count])
                ms = statistics.median(frame["ms"] for frame in taken)
                empty = empty or ms
                last = taken[-1]
                print(
                    f"{distance:6,} m {name:18} {ms:6.0f} {ms / empty:8.1f} "
                    f"{last['calls']:6} {last['vertices']:9,}",
                    flush=True,
                )
                if pictures is not None and layers:
                    page.screenshot(path=pictures / f"{distance}-{name.replace(' ', '-')}.png")
        print(held(page))
        print(picked(page, place))


def use(out: Path, pictures: Path | None) -> None:
    """Print how the page opens and answers."""
    lon, lat, height = georeference().to_geographic(MIDDLE[None])[0].tolist()
    first = looking_at(Place(lon, lat, height), 300, "pipes,stations,joints")
    with opened(out, first, ready=False) as (page, _):
        print(opening(page))
        answers(page, pictures)
        print(held(page))


def settled(page: Page, view: str) -> None:
    """Go to a view and wait until it has all its tiles."""
    before = -1
    while before != (now := page.evaluate("told.buffers")):
        before = now
        page.evaluate("([v, n]) => framesAt(v, n)", [view, 3])
        page.wait_for_timeout(SETTLE_MS)


def held(page: Page) -> str:
    """Return what the page holds in memory."""
    buffers, textures, heap = page.evaluate(
        "[told.buffers, told.textures, performance.memory.usedJSHeapSize].map(n => n / 1e6)"
    )
    failed = page.evaluate("document.body.dataset.tilesFailed")
    return (
        f"buffers {buffers:.0f} MB, textures {textures:.0f} MB, page {heap:.0f} MB, "
        f"tiles failed: {failed}"
    )


def picked(page: Page, place: Place) -> str:
    """Click a pipe in the finest view, and return what is told of it."""
    page.evaluate("([v, n]) => framesAt(v, n)", [looking_at(place, 8, "pipes"), 2])
    page.wait_for_timeout(2 * SETTLE_MS)
    for aside in range(0, 300, 6):
        for x in (800 + aside, 800 - aside):
            page.mouse.click(x, 360)
            if page.locator("#panel h2").is_visible():
                name = page.locator("#panel h2").text_content()
                return f"a click from 8 m tells {name}: {page.locator('#panel dd').count()} values"
    return "no pipe was hit"


def repeat(tiles: Path, out: Path, copies: int) -> list[list[Place]]:
    """Write an output folder that shows the same points several times, side by side.

    Each copy has addresses of its own, so that nothing of it is at hand from another. Returns
    the places of each copy where the tour stops.
    """
    shutil.copytree(tiles / "tiles", out / "tiles", copy_function=os.link)
    path = out / "tiles" / "tileset.json"
    root = json.loads(path.read_text("utf-8"))
    (own,) = (tile for tile in root["root"]["children"] if tile["content"]["uri"][:6] == "points")
    box = np.array(own["boundingVolume"]["box"])
    axes = box[3:].reshape(3, 3)
    along = axes[np.linalg.norm(axes, axis=1).argmax()]
    apart = 2.2 * along
    children = []
    for number in range(copies):
        moved = np.eye(4)
        moved[:3, 3] = number * apart
        content = {**own["content"], "uri": f"{own['content']['uri']}?copy={number}"}
        children.append({**own, "content": content, "transform": moved.T.ravel().tolist()})
    path.unlink()
    path.write_text(json.dumps({**root, "root": {**root["root"], "children": children}}), "utf-8")
    to_geographic = Transformer.from_crs(4978, 4979, always_xy=True)
    return [
        [
            Place(*to_geographic.transform(*(box[:3] + number * apart + share * along).tolist()))
            for _, share in STOPS
        ]
        for number in range(copies)
    ]


def tour(out: Path, copies: list[list[Place]], given: argparse.Namespace) -> None:
    """Print what a tour over all copies, from near and far, holds, asks for and takes."""
    first = looking_at(copies[0][0], 60, "points")
    with opened(out, first, card=given.card) as (page, requests):
        print(f"{'copy':>4} {'from':>6} {'tiles':>6} {'MB':>6} {'at once':>7} {'x empty':>8}  held")
        heaps = []
        for number, places in enumerate(copies):
            for (distance, _), place in zip(STOPS, places, strict=True):
                settled(page, looking_at(place, distance, "points"))
                both = [looking_at(place, distance, layers) for layers in ("", "points")]
                empty, full = (taken_by(page, view, given.frames) for view in both)
                heaps.append(page.evaluate("performance.memory.usedJSHeapSize / 1e6"))
                print(
                    f"{number:4} {distance:4} m {requests.tiles:6,} "
                    f"{page.evaluate('told.tileBytes') / 1e6:6.0f} {requests.most:7} "
                    f"{full / empty:8.1f}  {held(page)}",
                    flush=True,
                )
            if given.pictures is not None:
                page.screenshot(path=given.pictures / f"points-{number}.png")
        print(
            f"at most: buffers {page.evaluate('told.mostBuffers') / 1e6:.0f} MB, "
            f"page {max(heaps):.0f} MB; requests that failed: {requests.failed}"
        )


def taken_by(page: Page, view: str, count: int) -> float:
    """Return the milliseconds that frames of a view take, in the middle."""
    taken = page.evaluate("([v, n]) => framesAt(v, n)", [view, count])
    return statistics.median(frame["ms"] for frame in taken)


if __name__ == "__main__":
    sys.exit(main())
