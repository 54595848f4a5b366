"""report.html holds the numbers, stands alone, and is safe to open."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from factories import (
    EASTING_M,
    LOCAL,
    NORTHING_M,
    SITE,
    FakeGeoreference,
    make_empty_survey,
    make_facts,
    make_pipe,
    make_result,
    make_survey,
)

from report.complete import complete_result, with_sections
from twin_pipeline.errors import OutputError
from twin_pipeline.export.attributes import STATIONS, SiteResult
from twin_pipeline.export.rows import stations_table
from twin_pipeline.export.run_record import InputFile
from twin_pipeline.model import Gate, Role
from twin_pipeline.report.page import write_report

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """The page's tags, attributes and text; fails where tags don't match."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text, self._open = [], [], [], []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data) -> None:
        if self._open and self._open[-1] != "style":
            self.text.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.text))


@pytest.fixture
def report(tmp_path):
    def write(*results: SiteResult, **changes: object) -> Page:
        path = write_report(results or (make_result(),), make_facts(**changes), tmp_path / "r.html")
        return Page(path.read_text(encoding="utf-8"))

    return write


def test_the_summary_has_measured_numbers_with_sigma(report):
    words = report().words
    assert "220.0 ± 1.1" in words
    pipe = make_result().survey.pipes[0]
    cover = f"{pipe.cover_min_m:.3f} / {pipe.cover_mean_m:.3f} / {pipe.cover_max_m:.3f} ± 0.004"
    assert cover in words
    assert "only 64 deg of the barrel seen: DIP 75 and VP 75 both fit" in words
    assert "未定 open" in words
    assert "99.8 %" in words


def test_gates_warnings_and_verdict(report):
    words = report().words
    assert "1 quality gate failed" in words
    assert "P3: 64 deg of 90 deg wanted" in words
    assert "12 points without a finite coordinate were left out" in words
    good = make_survey(gates=(Gate("pipe_found", passed=True, detail="3"),), warnings=())
    assert "All quality gates passed" in report(make_result(good)).words


def test_provenance_and_accuracy(report):
    words = report().words
    for stated in (
        "9f" * 32,
        f"scans/{SITE}.laz",
        "EPSG:6677",
        "GSIGEO2011",
        "twin_pipeline 0.1.0",
    ):
        assert stated in words
    assert "one standard deviation" in words
    assert "標準偏差" in words


def test_every_station_and_fitting_is_in_its_table(report):
    page = report()
    pipe = make_result().survey.pipes[0]
    for chainage_m, easting_m in zip(
        pipe.stations.chainage_m, pipe.stations.centre[:, 0], strict=True
    ):
        assert f"{chainage_m:.3f}{easting_m:.3f}" in "".join(page.text)
    assert "曲管 bend0.87344.6245.000.510" in re.sub(r"(?<=\d)\s+|\s+(?=\d)", "", page.words)


def test_a_run_without_pipe_says_so_first(report):
    page = report(make_result(make_empty_survey()))
    assert "管路は検出されませんでした" in page.words
    assert "No pipe was found in this run." in page.words
    assert "no cylinder of 20 to 1600 mm in the trench" in page.words
    assert page.words.index("No pipe was found") < page.words.index("Quality gates")


def test_an_empty_site_among_others_says_so(report):
    words = report(make_result(), make_result(make_empty_survey("empty"))).words
    assert "empty – 管路なし no pipe found" in words
    assert "No pipe was found in this run." not in words
    assert "この現場では管路は検出されませんでした" in words


def test_no_sites_at_all(tmp_path):
    path = write_report([], make_facts(inputs=()), tmp_path / "r.html")
    assert "0 現場 · 0 管路" in Page(path.read_text(encoding="utf-8")).words


def test_the_page_stands_alone(report):
    page = report()
    assert not {"script", "link", "img", "iframe", "object", "form", "a"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"src", "href"}
    assert not [v for n, v in page.attributes if n != "xmlns" and v and "://" in v]


def test_names_from_files_are_only_text(report):
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}\x00\ud800'
    pipe = make_pipe(pipe_id=hostile, quality_reason=hostile, material=None)
    survey = make_survey(
        hostile,
        pipes=(pipe,),
        gates=(Gate("g", passed=False, detail=hostile),),
        warnings=(hostile,),
    )
    result = make_result(survey, provenance={hostile: hostile})
    scan = InputFile(hostile, hostile, "00", 1)
    page = report(result, inputs=(scan,))
    assert not {"script", "img"} & set(page.tags)
    assert "{{ 7*7 }}" in page.words
    assert "<script>alert(1)</script>" in page.words


def test_missing_numbers_are_dashes(report):
    pipe = make_pipe(with_ground=False, fit_rms_m=float("nan"), nominal_probability=None)
    words = report(make_result(make_survey(pipes=(pipe,), ground_z_m=None))).words
    assert not re.search(r"\b(nan|none|inf)\b", words.replace("None", "", 1), re.IGNORECASE)
    assert "地盤なし no ground" in words


def test_offsets_are_shown_where_a_boundary_was_given(report):
    boundary = np.array([[EASTING_M - 9, NORTHING_M - 2], [EASTING_M + 9, NORTHING_M - 2]])
    assert "Offset" not in report().words
    assert "Offset" in report(make_result(boundary=boundary)).words


def test_sites_in_different_systems_name_their_own(report):
    other = make_result(make_survey("b"), georeference=FakeGeoreference(6676, 6676))
    words = report(make_result(), other).words
    assert "differs by site" in words
    assert "EPSG:6676" in words


def test_a_local_scan_is_reported(report):
    assert "local up" in report(make_result(georeference=LOCAL)).words


def test_certainty_is_never_rounded_up(report):
    pipe = make_pipe(nominal_probability=0.99999)
    words = report(make_result(make_survey(pipes=(pipe,)))).words
    assert "99.9 %" in words


def test_equal_runs_give_equal_pages_and_nothing_else(tmp_path):
    results = [make_result()]
    first = write_report(results, make_facts(), tmp_path / "report.html").read_bytes()
    assert write_report(results, make_facts(), tmp_path / "report.html").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match=r"report\.html"):
        write_report([make_result()], make_facts(), tmp_path / "none" / "report.html")


def test_everything_is_drawn_and_numbered(report):
    page = report(complete_result())
    assert page.tags.count("svg") > 8
    for number in range(1, 6):
        assert f"{number} / 5" in page.words
    for part in ("平面図", "縦断面図", "横断面図", "水-2025-031", "西新宿本線", "1:50 (A3)"):
        assert part in page.words


def test_deviations_stand_beside_the_stations(report):
    page = report(complete_result())
    assert "較差 平面 / 高さ / 土被り" in page.words
    station = stations_table([complete_result()]).rows[0]
    names = [spec.name for spec in STATIONS.fields]
    row = dict(zip(names, station, strict=True))
    parts = [row[f"{what}_deviation_m"] for what in ("plan", "level", "cover")]
    assert None not in parts
    assert " / ".join(f"{1000 * part:+.0f}" for part in parts) in page.words
    assert "設計 L1" in page.words


def test_the_standard_diameter_is_beside_the_measured_one(report):
    words = report(complete_result()).words
    assert re.search(r"220\.0 ± 1\.1\s*220\.0\s*0\.0", words)


def test_a_scan_without_control_points_says_what_sigma_leaves_out(report):
    assert "基準点による検証は行われていない" in report().words


def test_names_in_the_page_margin_can_not_leave_their_string(tmp_path):
    name = '"} </style><script>alert(1)</script> \\'
    survey = make_survey(name)
    path = write_report([make_result(survey)], make_facts(), tmp_path / "r.html")
    source = path.read_text(encoding="utf-8")
    assert source.count("</style>") == 1
    assert "<script" not in source
    contents = re.findall(r'@bottom-center \{ content: "([0-9A-Za-z\\ ]*)";', source)
    assert source.count("@bottom-center") == len(contents) == 2
    assert r"\3c \2f style\3e " in contents[0]


def test_many_pipes_share_the_cross_sections_that_a_page_can_hold(report, monkeypatch):
    from twin_pipeline.report import page

    pipes = tuple(replace(with_sections(make_pipe(), 6), pipe_id=f"P{n}") for n in range(3))
    result = make_result(make_survey(pipes=pipes))
    titles = "横断面図 Cross-section: "
    assert report(result).words.count(titles) == 3 * 6
    monkeypatch.setattr(page, "MOST_SECTIONS", 7)
    assert report(result).words.count(titles) == 3 * 2
    monkeypatch.setattr(page, "MOST_SECTIONS", 1)
    assert report(result).words.count(titles) == 3


def test_each_sheet_of_cross_sections_has_its_title_block(report):
    result = make_result(make_survey(pipes=(with_sections(make_pipe(with_ground=True), 11),)))
    page = report(result)
    classes = [value for name, value in page.attributes if name == "class"]
    assert classes.count("sheet") == classes.count("title-block") == 4
    assert classes.count("sections many") == 1
    assert classes.count("sections few") == 1
    for number in range(1, 5):
        assert f"{number} / 4" in page.words


def test_messages_are_there_in_japanese(report):
    gate = Gate(
        "cover", passed=False, detail="P1: least cover 0.512 m ± 0.004 m: not more than 0.6 m"
    )
    pipe = make_pipe(quality_reason="20 % of the length was hidden: uncover and rescan")
    warning = "left out a tube of 55 mm at 1.00, 2.00, 3.00: shoring strut"
    survey = make_survey(pipes=(pipe,), gates=(gate,), warnings=(warning,))
    words = report(make_result(survey)).words
    assert words.count("最小土被り 0.512 m ± 0.004 m：0.6 m 以下") == 2
    assert "延長の 20 % が隠れていた：露出させて再計測すること" in words
    assert "土留めの切梁" in words
    for english in (gate.detail, pipe.quality_reason, warning):
        assert english in words


LIMITS = {
    "cover": {"regular_m": 1.2, "least_m": 0.6},
    "design": {"plan_tolerance_m": 0.005, "level_tolerance_m": 0.03, "cover_tolerance_m": 0.03},
}


def test_covers_and_deviations_are_judged_in_a_table(report):
    words = report(complete_result(), config=LIMITS).words
    assert "原則 1.2 m、やむを得ない場合 0.6 m" in words
    table = words[words.index("土被りと設計の判定") : words.index("注意 Warnings")]
    # the main has 1.23 m of cover; its plan is 9.7 mm off
    assert table.count("適 yes") == 2
    assert "地盤なし no ground" in table
    assert table.count("不合格 fail") == 1
    assert "（許容 5.0）" in table


def test_a_shallow_pipe_is_never_hidden(report):
    pipe = make_pipe("P9", (0, 0, -0.5), (9, 0, -0.5), role=Role.BRANCH)
    words = report(make_result(make_survey(pipes=(pipe,))), config=LIMITS).words
    table = words[words.index("土被りと設計の判定") : words.index("注意 Warnings")]
    assert table.count("否 no") == 2
    assert "平面較差" not in table


def test_rows_have_names_of_their_own(tmp_path):
    page = Page(write_report([complete_result()], make_facts(), tmp_path / "r.html").read_text())
    named = [value for name, value in page.attributes if name == "id"]
    assert len(set(named)) == len(named)
    rows = [name for name in named if name.startswith("pipe/")]
    assert len(rows) > 2
    assert not any(character in name for name in rows for character in " <>")
