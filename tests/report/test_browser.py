"""The report as Chromium shows and prints it."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from factories import make_facts, make_pipe, make_result, make_survey
from playwright.sync_api import Page

from report.complete import complete_result, with_sections
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.model import JobFacts
from twin_pipeline.report.page import write_report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and os.environ.get("TWIN_PIPELINE_REQUIRE_BROWSER") == "1":
        pytest.fail("Chromium is required and not on the PATH")
    return found or pytest.skip("no Chromium on the PATH")


def long_result() -> SiteResult:
    """A site with long names and more cross-sections than a sheet holds."""
    job = JobFacts(
        "7水工第12345号 " * 3, "東京都市計画道路幹線街路放射第三十五号線 " * 3, 2025, "GX"
    )
    pipe = replace(with_sections(make_pipe("P1"), 11), job=job)
    return make_result(make_survey("新宿区西新宿二丁目八番一号地先" * 3, pipes=(pipe,)))


@pytest.fixture(scope="module")
def page(chromium, playwright, tmp_path_factory) -> Iterator[Page]:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report([complete_result(), long_result()], make_facts(), path)
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1180, "height": 900})
    page.requests, page.messages = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.messages.append(message.text))
    page.goto(path.as_uri())
    yield page
    browser.close()


def test_nothing_is_fetched_and_nothing_complained_of(page):
    assert [url for url in page.requests if not url.endswith("/report.html")] == []
    assert page.messages == []


def test_nothing_is_wider_than_the_page(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_labels_on_drawings_do_not_cover_each_other(page):
    overlaps = page.evaluate(
        """() => [...document.querySelectorAll('figure > svg')].flatMap(svg => {
             const texts = [...svg.querySelectorAll('text')];
             const boxes = texts.map(text => text.getBoundingClientRect());
             return boxes.flatMap((a, i) => boxes.slice(i + 1).flatMap((b, j) =>
               Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
               Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4
                 ? [[texts[i].textContent, texts[i + 1 + j].textContent]] : []));
           })"""
    )
    assert overlaps == []


def test_texts_stay_on_their_drawing(page):
    outside = page.evaluate(
        """() => [...document.querySelectorAll('figure > svg')].flatMap(svg => {
             const frame = svg.getBoundingClientRect();
             return [...svg.querySelectorAll('text')].filter(text => {
               const box = text.getBoundingClientRect();
               return box.left < frame.left || box.right > frame.right + 1
                   || box.top < frame.top || box.bottom > frame.bottom + 1;
             }).map(text => text.textContent);
           })"""
    )
    assert outside == []


def test_the_hidden_stretch_is_really_hatched(page):
    fill = "getComputedStyle(document.querySelector('.body-hidden')).fill"
    assert "#hidden" in page.evaluate(fill)


def test_it_prints_on_a4_without_cutting_columns(page):
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.wide')]
             .filter(box => box.scrollWidth > box.clientWidth + 1).length"""
    )
    page.emulate_media(media="screen")
    assert cut == 0


@pytest.mark.parametrize(("paper", "long_pt"), [("A4", 842), ("A3", 1191)])
def test_drawings_are_printed_landscape_one_a_page(page, paper, long_pt):
    page.emulate_media(media="print")
    pdf = page.pdf(format=paper, print_background=True)
    page.emulate_media(media="screen")
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf)
    landscape = [float(width) > float(height) for width, height in boxes]
    drawings = page.evaluate("document.querySelectorAll('.sheet').length")
    assert drawings == 9  # two plans, three profiles, four sheets of sections
    assert landscape.count(True) == drawings
    assert landscape.count(False) > 1
    assert max(float(width) for width, _ in boxes) == pytest.approx(long_pt, abs=2)


def test_every_page_has_its_number(page):
    rules = page.evaluate("[...document.styleSheets[0].cssRules].map(r => r.cssText).join()")
    assert "counter(page)" in rules
    assert "counter(pages)" in rules
