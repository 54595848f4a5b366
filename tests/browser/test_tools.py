"""The tools and their numbers: what is measured in the scene equals what the attributes say."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from browser.conftest import TIMEOUT_MS
from browser.opened import CENTRE, View
from browser.site import ALONG, ORIGIN, made_survey
from twin_pipeline.model import Pipe

pytestmark = pytest.mark.browser

MAIN: Pipe = made_survey().pipes[0]
ABOVE_CHART = (594, 251)
"""Amid what sidebar, panel and one chart leave free."""
ON_CROWN = (774, 485)
"""Nearer along the main pipe than CENTRE."""
TOLERANCE_M = 0.0015
"""A millimetre shown, half of one rounded."""


@pytest.fixture(autouse=True)
def _as_opened(view: View) -> None:
    view.as_opened()


@pytest.fixture
def page(view: View) -> Iterator[Page]:
    yield view.page
    assert view.errors == []


def rows_of(list_of_terms: Locator) -> dict[str, str]:
    """Return a definition list's values by term."""
    pairs = list_of_terms.evaluate_all(
        "rows => rows.map(row => [row.children[0].textContent, row.children[1].textContent])"
    )
    return dict(pairs)


def metres(text: str) -> float:
    """Return the first number of a text."""
    found = re.search(r"-?\d+(\.\d+)?", text)
    assert found is not None
    return float(found.group())


def station_value(name: str, chainage_m: float) -> float:
    """Return what the stations say at a chainage of the main pipe."""
    stations = MAIN.stations
    return float(np.interp(chainage_m, stations.chainage_m, getattr(stations, name)))


def card(page: Page) -> dict[str, str]:
    expect(page.locator("#card dl")).to_be_visible()
    return rows_of(page.locator("#card dl > div"))


def click_crown(view: View, at: tuple[int, int] = CENTRE) -> dict[str, str]:
    view.page.mouse.click(*at)
    return card(view.page)


@pytest.mark.usefixtures("page")
def test_measured_depth_is_the_cover(view: View) -> None:
    view.tool("計測")
    measured = click_crown(view)
    assert measured["吸着先"] == "管頂"
    chainage = metres(measured["追加距離"])
    assert 3 < chainage < 7
    cover = metres(measured["土被り（地表 → 管頂）"])
    assert cover == pytest.approx(station_value("cover_m", chainage), abs=TOLERANCE_M)
    assert "± 0.004 m" in measured["土被り（地表 → 管頂）"]


@pytest.mark.usefixtures("page")
def test_distance_along_a_straight_pipe_is_the_difference_of_chainage(view: View) -> None:
    view.tool("計測")
    chainages = []
    for at in (CENTRE, ON_CROWN):
        chainages.append(metres(click_crown(view, at)["追加距離"]))
        view.tool("計測")
        view.tool("計測")
    click_crown(view, CENTRE)
    measured = click_crown(view, ON_CROWN)
    apart = abs(chainages[1] - chainages[0])
    assert apart > 1
    assert metres(measured["水平距離"]) == pytest.approx(apart, abs=0.02)
    rise = station_value("crown_z_m", chainages[1]) - station_value("crown_z_m", chainages[0])
    assert metres(measured["高低差"]) == pytest.approx(rise, abs=TOLERANCE_M)


@pytest.mark.usefixtures("page")
def test_coordinates_are_those_of_the_scan(view: View) -> None:
    view.tool("座標")
    shown = click_crown(view)
    assert shown["座標系"] == "EPSG:6677"
    east, north = metres(shown["東方向 Y"]), metres(shown["北方向 X"])
    along_m, across_m = _in_trench(east, north)
    assert across_m == pytest.approx(0.05, abs=TOLERANCE_M)
    crown = station_value("crown_z_m", along_m + 5.0)
    assert metres(shown["標高 T.P."]) == pytest.approx(crown, abs=TOLERANCE_M)
    # The geoid lies 36.9 to 37.1 m above the ellipsoid here.
    geoid_m = metres(shown["楕円体高"]) - metres(shown["標高 T.P."])
    assert 36.5 < geoid_m < 37.5


def _in_trench(east: float, north: float) -> tuple[float, float]:
    offset = np.array([east, north]) - ORIGIN[:2]
    return float(offset @ ALONG), float(offset @ np.array([-ALONG[1], ALONG[0]]))


def test_profile_follows_keys_and_the_pointer_in_the_scene(view: View, page: Page) -> None:
    page.get_by_role("button", name="P<1>").click()
    view.tool("縦断図")
    chart = page.locator(".profile .chart")
    chart.focus()
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("PageUp")
    readout = page.locator(".profile .readout")
    expect(readout).to_contain_text("追加距離 3.00 m")
    expect(readout).to_contain_text(f"土被り {station_value('cover_m', 3.0):.3f} ± 0.004 m")
    expect(readout).to_contain_text(f"管頂高 {station_value('crown_z_m', 3.0):.3f} m")
    page.get_by_role("button", name="全体表示").click()
    page.mouse.move(ABOVE_CHART[0] - 4, ABOVE_CHART[1] - 4)
    page.mouse.move(*ABOVE_CHART)
    expect(readout).not_to_contain_text("追加距離 3.00 m")
    assert 3 < metres(readout.inner_text()) < 7
    page.mouse.move(10, 10)


def test_section_shows_the_points_of_the_slice_and_the_circle(view: View, page: Page) -> None:
    page.get_by_role("button", name="P<1>").click()
    view.tool("横断図")
    chart = page.locator(".section .chart[data-state=ready]")
    expect(chart.locator("circle.fit")).to_be_visible()
    page.get_by_label("追加距離").fill("4")
    readout = page.locator(".section .readout")
    expect(readout).to_contain_text("追加距離 4.00 m")
    expect(chart.locator(".dimension .mark").last).to_have_text(
        f"{station_value('cover_m', 4.0):.3f} ± 0.004 m"
    )
    shown = readout.inner_text()
    count, rms_mm = (re.search(p, shown) for p in (r"([\d,]+) / 10 cm", r"残差\s*([\d.]+) mm"))
    assert count is not None
    assert rms_mm is not None
    # Of 20,000 points on 10 m of barrel 200 lie in 10 cm; pavement, walls and floor come to that.
    assert 600 < int(count.group(1).replace(",", "")) < 2_000
    # The made scan's noise is 2 mm.
    assert float(rms_mm.group(1)) == pytest.approx(2.0, abs=0.4)
    diameter_mm = 1000 * station_value("outer_diameter_m", 4.0)
    expect(chart.locator("text.mark").last).to_have_text(f"φ {diameter_mm:.1f} mm")


def test_station_shows_its_numbers(view: View, page: Page) -> None:
    page.get_by_label("測点", exact=True).check()
    page.get_by_label("点群", exact=True).uncheck()
    # The station at 5 m lies in the middle of the pipe.
    view.tool("真上")
    _click_marks(view)
    marked = page.locator("#panel .marked")
    expect(marked).to_be_visible()
    shown = rows_of(marked.locator("dl > div"))
    chainage = metres(shown["追加距離"])
    assert metres(shown["土被り"]) == pytest.approx(
        station_value("cover_m", chainage), abs=TOLERANCE_M
    )
    assert metres(shown["北方向 X"]) == pytest.approx(
        float(np.interp(chainage, MAIN.stations.chainage_m, MAIN.stations.centre[:, 1])), abs=0.001
    )


def test_tee_names_its_branch_and_joint_says_how_sure_its_place_is(view: View, page: Page) -> None:
    page.get_by_label("点群", exact=True).uncheck()
    page.get_by_label("継手・曲管", exact=True).check()
    expect(page.locator(".layers .legend").first).to_have_text("継手曲管T字管管端")
    view.tool("真上")
    tee = _marked_at(view, 3.0)
    assert (tee["種類"], tee["分岐管"], tee["分岐角"]) == ("T字管", "P2", "88.40°")
    joint = _marked_at(view, 4.0)
    assert joint["種類"] == "継手"
    assert joint["追加距離"] == "9.000 ± 0.006 m"
    page.get_by_role("button", name="English").click()
    english = rows_of(page.locator("#panel .marked dl > div"))
    assert english["Chainage"] == "9.000 ± 0.006 m"
    page.get_by_role("button", name="日本語").click()
    page.get_by_label("継手・曲管", exact=True).uncheck()
    expect(page.locator(".layers .legend")).to_have_count(0)


def test_section_says_the_whole_cover_where_it_is_narrow(view: View, page: Page) -> None:
    page.get_by_role("button", name="P<1>").click()
    for name in ("縦断図", "横断図"):
        view.tool(name)
    for width in (1180, 768, 700):
        view.resize({"width": width, "height": 900})
        chart = page.locator(".section .chart[data-state=ready]")
        expect(chart).to_be_visible(timeout=TIMEOUT_MS)
        page.wait_for_function(_CHART_FITS)
        said = "".join(chart.locator(".dimension text").all_text_contents())
        assert re.fullmatch(r"土被り[\d.]+( m)? ?± [\d.]+ m", said)
        inside = chart.locator("text.mark").evaluate_all(
            """texts => texts.every(text => {
                const [own, all] = [text, text.ownerSVGElement].map(e => e.getBoundingClientRect());
                return own.left >= all.left && own.right <= all.right + 0.5;
            })"""
        )
        assert inside, f"cut off at {width} pixels"


_CHART_FITS = """() => {
    const chart = document.querySelector(".section .chart");
    const drawn = chart.querySelector("svg")?.width.baseVal.value;
    return Math.abs(drawn - chart.getBoundingClientRect().width) < 0.5;
}"""
"""The section has been drawn anew since the window has another size."""

PIXELS_PER_M = 62
"""Of the main pipe, seen from above."""


def _marked_at(view: View, from_middle_m: float) -> dict[str, str]:
    """Click the mark so far from the pipe's middle, on whichever side; return its rows."""
    page = view.page
    page.keyboard.press("Escape")
    away = round(PIXELS_PER_M * from_middle_m)
    for beside in (0, 6, -6, 12, -12, 18, -18):
        for x in (CENTRE[0] - away + beside, CENTRE[0] + away + beside):
            view.click(x, CENTRE[1])
            if page.locator("#panel .marked").count():
                return rows_of(page.locator("#panel .marked dl > div"))
    raise AssertionError(f"no mark {from_middle_m} m from the middle")


def test_panel_links_to_the_rows_of_the_report(view: View, page: Page) -> None:
    page.get_by_role("button", name="P<1>").click()
    page.get_by_label("測点", exact=True).check()
    page.get_by_label("点群", exact=True).uncheck()
    view.tool("真上")
    _click_marks(view)
    chainage = metres(rows_of(page.locator("#panel .marked dl > div"))["追加距離"])
    links = (
        page.locator("#panel")
        .get_by_role("link", name="報告書")
        .evaluate_all("links => links.map(link => link.href)")
    )
    assert len(links) == 2
    for link, wanted in zip(sorted(links, key=len), ("P<1>", f"{chainage:.3f}"), strict=True):
        report = page.context.new_page()
        report.goto(link)
        expect(report.locator("tr:target")).to_be_in_viewport()
        expect(report.locator("tr:target")).to_contain_text(wanted)
        report.close()


def _click_marks(view: View) -> None:
    """Click along the pipe until a mark has been hit."""
    for x in range(640, 860, 6):
        view.click(x, 360)
        if view.page.locator("#panel .marked").count():
            return
    raise AssertionError("no mark was hit")


def test_curtain_parts_points_from_pipes(view: View, page: Page) -> None:
    view.tool("比較")
    curtain = page.get_by_role("slider", name="比較の境界")
    expect(curtain).to_have_attribute("aria-valuenow", "63")
    curtain.focus()
    page.keyboard.press("ArrowRight")
    expect(curtain).to_have_attribute("aria-valuenow", "65")
    chosen = page.locator("#card select").evaluate_all("all => all.map(one => one.value)")
    assert chosen == ["点群 西新宿 2丁目", "管路"]
    page.keyboard.press("Escape")
    expect(curtain).to_have_count(0)


def test_keys_alone_measure_and_choose(page: Page) -> None:
    page.locator("#toolbar").get_by_role("button", name="計測").focus()
    page.keyboard.press("Enter")
    # The scene has the keyboard, and a cross shows where Enter will click: on the pipe.
    expect(page.locator("#scene canvas")).to_be_focused()
    expect(page.locator("#aim")).to_be_visible()
    page.keyboard.press("Enter")
    measured = card(page)
    chainage = metres(measured["追加距離"])
    cover = metres(measured["土被り（地表 → 管頂）"])
    assert cover == pytest.approx(station_value("cover_m", chainage), abs=TOLERANCE_M)
    page.keyboard.press("Escape")
    expect(page.locator("#card")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_have_text("P<1>")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()


def test_below_looks_from_under_the_street(view: View, page: Page) -> None:
    view.tool("地下")
    view.tool("共有")
    link = page.locator("#card input").input_value()
    shared = parse_qs(urlsplit(link).fragment)
    _, _, height, _, pitch, _ = map(float, shared["camera"][0].split(","))
    # Ground is at 32 m T.P., 69 m above the ellipsoid.
    assert height < 66
    assert pitch > 0


def test_link_restores_all_that_was_chosen(view: View, page: Page) -> None:
    page.get_by_label("点群", exact=True).uncheck()
    page.get_by_label("掘削部を開く", exact=True).uncheck()
    page.get_by_label("周辺の地盤", exact=True).check()
    page.get_by_label("周辺の地盤 不透明度", exact=True).fill("31")
    page.locator("#sidebar").get_by_text("土被り", exact=True).click()
    page.get_by_text("絞り込み").click()
    page.get_by_role("slider", name="延長 下限").fill("2.5")
    page.get_by_role("searchbox").fill("p<")
    page.get_by_role("button", name="P<1>").click()
    view.tool("側面")
    view.tool("計測")
    view.tool("共有")
    link = page.locator("#card input").input_value() + "&mark=station:5.000"
    second = View(page.context.new_page(), link)
    second.open()
    other = second.page
    expect(other.locator("#panel h2")).to_have_text("P<1>")
    expect(other.locator("#panel .marked h3")).to_have_text("測点")
    expect(other.locator("#panel .marked")).to_contain_text("5.000 m")
    expect(other.get_by_label("点群", exact=True)).not_to_be_checked()
    expect(other.get_by_label("掘削部を開く", exact=True)).not_to_be_checked()
    expect(other.get_by_label("周辺の地盤", exact=True)).to_be_checked()
    expect(other.get_by_role("radio", name="土被り")).to_be_checked()
    expect(other.get_by_role("searchbox")).to_have_value("p<")
    expect(other.locator("#sidebar nav .pipe")).to_have_count(1)
    assert other.get_by_label("延長 下限", exact=True).input_value() == "2.5"
    expect(other.locator("#card h2")).to_have_text("計測")
    second.tool("共有")
    again = other.locator("#card input").input_value()
    assert _camera(again) == pytest.approx(_camera(link), abs=1e-3)
    ours, theirs = (parse_qs(urlsplit(each).fragment) for each in (link, again))
    assert {name for name in ours if ours[name] != theirs.get(name)} <= {"camera"}
    assert ours["filter"] == ["length_m:2.5:10.1"]
    assert "globe:31" in ours["layers"][0]
    # Pasted into the open page it puts back what has been changed since, and takes away the new.
    other.get_by_text("絞り込み").click()
    other.get_by_role("button", name="すべて表示").click()
    other.get_by_role("searchbox").fill("")
    other.keyboard.press("Escape")
    other.evaluate("link => { location.hash = new URL(link).hash + '&'; }", link)
    expect(other.locator("#sidebar nav .pipe")).to_have_count(1)
    expect(other.get_by_role("searchbox")).to_have_value("p<")
    bare = "&".join(part for part in urlsplit(link).fragment.split("&") if part[:5] != "pipe=")
    other.evaluate("hash => { location.hash = hash; }", bare)
    expect(other.locator("#panel")).to_be_hidden()
    assert second.errors == []
    other.close()
    page.get_by_role("button", name="すべて表示").click()
    page.get_by_role("searchbox").fill("")
    page.get_by_label("周辺の地盤 不透明度", exact=True).fill("55")


def _camera(link: str) -> list[float]:
    return [float(number) for number in parse_qs(urlsplit(link).fragment)["camera"][0].split(",")]


def test_screenshot_is_a_picture_with_a_caption(view: View, page: Page) -> None:
    with page.expect_download() as waiting:
        view.tool("画像保存")
    path = waiting.value.path()
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
    assert (width, height) == (1180, 720 + 44)
    assert waiting.value.suggested_filename.startswith("西新宿_2丁目")
