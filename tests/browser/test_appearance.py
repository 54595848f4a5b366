"""How the viewer looks: against reference pictures, and for people with assistive devices."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from browser.opened import CENTRE, SIZE, Pixels, View

pytestmark = pytest.mark.browser

REFERENCES = Path(__file__).parent / "references"
AXE = Path(__file__).parents[2] / "viewer" / "node_modules" / "axe-core" / "axe.min.js"
CLIP = {"x": 320, "y": 80, "width": 860, "height": 600}
MOST_MEAN_DIFFERENCE = 5.0
"""Of 255, over all channels: drivers smooth edges in their own way."""
MOST_FAR_PIXELS = 0.02
"""Share of pixels that may differ by more than 40 of 255: edges that have moved by one pixel."""

MOST_PICTURES = 20
"""Taken until one is like the reference: a busy processor draws late."""

_COMPARE = """async ([first, second]) => {
    const read = async (png) => {
        const image = new Image();
        image.src = `data:image/png;base64,${png}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width / 4, image.height / 4);
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        return context.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    const [a, b] = [await read(first), await read(second)];
    let [sum, far] = [0, 0];
    for (let i = 0; i < a.length; i += 4) {
        const apart = [0, 1, 2].map((channel) => Math.abs(a[i + channel] - b[i + channel]));
        sum += apart[0] + apart[1] + apart[2];
        far += Math.max(...apart) > 40 ? 1 : 0;
    }
    return a.length === b.length ? [sum / (0.75 * a.length), far / (a.length / 4)] : [255, 1];
}"""


@pytest.fixture(autouse=True)
def _as_opened(view: View) -> None:
    view.as_opened()


def matches(view: View, name: str) -> None:
    """Compare the scene with its reference; TWIN_PIPELINE_NEW_REFERENCES=1 makes it anew."""
    path = REFERENCES / f"{name}.png"
    if os.environ.get("TWIN_PIPELINE_NEW_REFERENCES") == "1":
        view.page.wait_for_timeout(5_000)
        path.write_bytes(view.page.screenshot(clip=CLIP, animations="disabled"))
    for _ in range(MOST_PICTURES):
        view.page.wait_for_timeout(1_000)
        picture = view.page.screenshot(clip=CLIP, animations="disabled")
        both = [base64.b64encode(png).decode() for png in (path.read_bytes(), picture)]
        mean, far = view.page.evaluate(_COMPARE, both)
        if mean < MOST_MEAN_DIFFERENCE and far < MOST_FAR_PIXELS:
            return
    assert mean < MOST_MEAN_DIFFERENCE, f"{name}: mean difference {mean:.1f} of 255"
    assert far < MOST_FAR_PIXELS, f"{name}: {far:.1%} of the pixels differ"


def test_solids_in_the_open_trench_look_as_before(view: View) -> None:
    page = view.page
    page.get_by_label("点群", exact=True).uncheck()
    page.get_by_label("地表面", exact=True).check()
    page.get_by_label("継手・曲管", exact=True).check()
    matches(view, "solids")


def test_points_by_class_look_as_before(view: View) -> None:
    view.page.get_by_text("分類", exact=True).click()
    matches(view, "classes")


def serious_faults(view: View) -> list[dict[str, Any]]:
    if not AXE.is_file():
        pytest.skip("axe-core is missing: call `npm ci` in viewer/")
    view.page.evaluate(AXE.read_text("utf-8"))
    found = view.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        {"rule": fault["id"], "where": [node["target"] for node in fault["nodes"]]}
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


_DROP = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
}"""


def test_panel_of_a_feature_and_clock_have_no_serious_fault(
    view: View, pixels_when: Callable[..., Pixels]
) -> None:
    page = view.page
    lines = json.loads((view.out / "pipes.geojson").read_text("utf-8"))
    ends = lines["features"][0]["geometry"]["coordinates"]
    lon, lat, height = (sum(values) / 2 for values in zip(ends[0], ends[-1], strict=True))
    day = "2026-02-14T09:00:00Z/2026-02-14T17:00:00Z"
    mark = {
        "id": "a",
        "name": "仮設弁",
        "availability": day,
        "description": "深さ 1.2 m",
        "properties": {"工事番号": "R7-12", "depth": 1.2},
        "position": {"cartographicDegrees": [lon, lat, height + 0.5]},
        "point": {"pixelSize": 16, "color": {"rgba": [255, 0, 255, 255]}},
    }
    document = {"id": "document", "version": "1.0", "clock": {"interval": day}}
    for label in ("点群", "管路"):
        page.get_by_label(label, exact=True).uncheck()
    view.tool("真上")
    page.evaluate(_DROP, ["弁.czml", json.dumps([document, mark])])
    expect(page.locator("#clock")).to_be_visible()
    pixels_when(CENTRE, lambda pixels: set(pixels) != {(18, 22, 28)})
    page.mouse.click(*CENTRE)
    expect(page.locator("#panel h2")).to_have_text("仮設弁")
    try:
        assert serious_faults(view) == []
        view.resize({"width": 768, "height": 1024})
        assert serious_faults(view) == []
    finally:
        view.resize(SIZE)
        page.get_by_role("button", name="弁.czml 取り除く").click()


def test_light_look_has_no_serious_fault_and_stays(view: View) -> None:
    page = view.page
    page.get_by_role("button", name="明るい画面").click()
    page.get_by_role("button", name="P<1>").click()
    for name in ("縦断図", "横断図", "計測"):
        view.tool(name)
    expect(page.locator(".section .chart[data-state=ready]")).to_be_visible()
    # White would blind nobody who looks at a dark scene, but text has to stand out from it.
    assert sum(background_of(view, "#sidebar")) > 3 * 220
    assert serious_faults(view) == []
    other = page.context.new_page()
    other.goto(view.url)
    expect(other.locator("html")).to_have_attribute("data-look", "light")
    other.close()
    page.bring_to_front()
    page.get_by_role("button", name="暗い画面").click()
    assert sum(background_of(view, "#sidebar")) < 3 * 60


def background_of(view: View, part: str) -> list[int]:
    """Return red, green and blue of what a part of the page is painted on."""
    return view.page.locator(part).evaluate(
        "node => getComputedStyle(node).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )


@pytest.mark.parametrize("language", ["日本語", "English"])
def test_no_serious_accessibility_fault(view: View, language: str) -> None:
    page = view.page
    page.get_by_role("button", name="P<1>").click()
    for name in ("縦断図", "横断図", "計測"):
        view.tool(name)
    page.get_by_text("絞り込み").click()
    page.get_by_text("レイヤを追加").click()
    expect(page.locator(".section .chart[data-state=ready]")).to_be_visible()
    if language == "English":
        page.get_by_role("button", name="English").click()
        expect(page.locator(".section .chart[data-state=ready]")).to_be_visible()
    try:
        assert serious_faults(view) == []
        for card in (3, 4, 6):
            page.locator("#toolbar button").nth(card).click()
            expect(page.locator("#card")).to_be_visible()
            assert serious_faults(view) == []
    finally:
        if language == "English":
            page.get_by_role("button", name="日本語").click()
    page.get_by_text("絞り込み").click()
    page.get_by_text("レイヤを追加").click()
