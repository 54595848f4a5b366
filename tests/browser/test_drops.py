"""Files and folders that a mouse drops on the page, as the system's file manager gives them."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.opened import CENTRE, View
from browser.site import SITE

pytestmark = pytest.mark.browser

HINT = "ここに落とすとレイヤに追加します"


@pytest.fixture(autouse=True)
def _as_opened(view: View) -> None:
    view.as_opened()


def drag(view: View, *paths: Path, drop: bool = True) -> None:
    """Bring files of the disk over the scene, through the browser's own way for drags."""
    session = view.page.context.new_cdp_session(view.page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    kinds = ["dragEnter", "dragOver", *(["drop"] if drop else [])]
    for kind in kinds:
        place = {"x": CENTRE[0], "y": CENTRE[1]}
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})


def test_files_and_a_folder_are_dropped_by_a_mouse(view: View, tmp_path: Path) -> None:
    page = view.page
    asked = len(view.requests)
    line = json.loads((view.out / "pipes.geojson").read_text("utf-8"))
    plan, broken = tmp_path / "計画 A.geojson", tmp_path / "notes.geojson"
    plan.write_text(json.dumps(line), encoding="utf-8")
    broken.write_text("{", encoding="utf-8")
    folder = tmp_path / "建物 2025"
    shutil.copytree(view.out / "tiles" / "pipes" / SITE, folder / "lod2")
    (folder / "読んでください.txt").write_text("x", encoding="utf-8")
    drag(view, plan, drop=False)
    expect(page.get_by_text(HINT)).to_be_visible()
    # Given up: nothing more comes, and no word of it.
    expect(page.get_by_text(HINT)).to_be_hidden()
    drag(view, plan, broken, folder)
    expect(page.get_by_text(HINT)).to_be_hidden()
    expect(page.get_by_label("計画 A.geojson", exact=True)).to_be_checked()
    expect(page.get_by_label("建物 2025", exact=True)).to_be_checked()
    expect(page.locator("#message")).to_contain_text("notes.geojson")
    expect(page.locator("#sidebar .extra")).to_have_count(2)
    view.tool("共有")
    card = page.locator("#card")
    expect(card).to_contain_text("リンクに含まれません")
    assert sorted(card.locator("li").all_inner_texts()) == ["建物 2025", "計画 A.geojson"]
    assert "geojson" not in card.locator("input").input_value()
    card.get_by_role("button", name="閉じる").click()
    # The folder's tiles are read from the disk: what is clicked has their attributes.
    for label in ("点群", "管路", "計画 A.geojson"):
        page.get_by_label(label, exact=True).uncheck()
    for _ in range(40):
        page.mouse.click(*CENTRE)
        if page.locator("#panel").is_visible():
            break
        page.wait_for_timeout(250)
    expect(page.locator("#panel header p")).to_have_text("建物 2025")
    for name in ("計画 A.geojson", "建物 2025"):
        page.get_by_role("button", name=f"{name} 取り除く").click()
    own = [url for url in view.requests[asked:] if url.startswith(("http:", "https:"))]
    assert [url for url in own if not url.startswith(view.url)] == []
    assert view.errors == []
