import json
import sys

import numpy as np
import pytest

from counts.roads import stamp, survey, write
from twin_pipeline.cli import main
from twin_pipeline.counts.clock import ClockState
from twin_pipeline.counts.compare import compare
from twin_pipeline.counts.options import CountsOptions
from twin_pipeline.errors import UsageError


def written(folder, sensor, manual):
    return write(folder / "sensor.csv", sensor), write(folder / "manual.csv", manual)


def compared(folder, sensor, manual, mapping=None, **options):
    return compare(*written(folder, sensor, manual), mapping, CountsOptions(**options))


def overall(comparison):
    return next(group for group in comparison.groups if group.level == "overall")


def test_each_site_has_its_own_clock(tmp_path):
    offsets = {"A": 0, "B": 20, "C": -15}
    found = compared(tmp_path, *survey(np.random.default_rng(1), offsets))
    states = {site: clock.state for site, clock in found.joined.clocks.items()}
    assert states == {
        "A": ClockState.RIGHT, "B": ClockState.CORRECTED, "C": ClockState.CORRECTED,
    }  # fmt: skip
    for site, ahead in offsets.items():
        assert abs(found.joined.clocks[site].applied_min - ahead) <= 2
    group = overall(found)
    assert group.metrics.wape_percent.value < 0.6 * group.as_labelled.wape_percent.value
    assert group.metrics.bias_percent.value == pytest.approx(-2, abs=1.5)
    assert found.passed


def test_a_finer_sheet_is_the_one_that_is_moved_and_no_bin_is_cut(tmp_path):
    sensor, manual = survey(np.random.default_rng(2), {"A": 10}, width=5, share=1.0)
    found = compared(tmp_path, sensor, manual)
    assert found.joined.clocks["A"].applied_min == 10
    assert all(float(s).is_integer() for s in found.joined.series[0].sensor)
    # the same the other way round: the sheet called manual is fine and behind
    turned = compared(tmp_path, manual, sensor)
    assert turned.joined.clocks["A"].applied_min == -10
    assert all(float(m).is_integer() for m in turned.joined.series[0].manual)
    assert overall(turned).metrics.bias_percent.value == pytest.approx(
        100 * (1 / (1 + overall(found).metrics.bias_percent.value / 100) - 1), abs=0.5
    )


def test_missing_bins_are_missing_and_not_zero(tmp_path):
    rng = np.random.default_rng(3)
    sensor, manual = survey(rng, {"A": 0}, keep=0.8, share=1.0)
    found = compared(tmp_path, sensor, manual)
    group = overall(found)
    assert group.metrics.bias_percent.value == pytest.approx(3, abs=2)  # what it sees twice
    assert group.sensor_missing == group.manual_bins - group.metrics.bins > 5
    blanks = [(*row[:4], "" if i % 3 == 0 else row[4]) for i, row in enumerate(manual)]
    fewer = compared(tmp_path, sensor, blanks)
    assert overall(fewer).manual_missing > 20
    assert overall(fewer).metrics.bias_percent.value == pytest.approx(3, abs=3)


def test_too_few_matched_bins_fail_whatever_the_rest(tmp_path):
    found = compared(tmp_path, *survey(np.random.default_rng(4), {"A": 0}, keep=0.5))
    failed = {criterion.name for criterion in found.criteria if not criterion.passed}
    assert "matched_share" in failed
    assert not found.passed


def test_classes_are_added_up_only_where_all_are_there(tmp_path):
    def rows(counts):
        return [
            ("A", "N", kind, stamp(15 * i), n)
            for kind, values in counts.items()
            for i, n in enumerate(values)
        ]

    sensor = rows({"small": [10, 11, "", 13] * 4, "large": [2, 3, 4, 5] * 4})
    manual = rows({"small": [10, 11, 12, 13] * 4, "large": [2, 3, 4, 5] * 4})
    found = compared(tmp_path, sensor, manual, max_offset_min=0)
    total = next(group for group in found.groups if group.level == "site_direction")
    assert (total.metrics.bins, total.manual_bins) == (12, 16)
    assert total.metrics.sensor_total == total.metrics.manual_total
    assert found.joined.clocks["A"].state is ClockState.NOT_LOOKED_FOR


def test_a_sum_in_the_sheet_is_not_added_to_its_parts(tmp_path):
    rows = [
        ("A", "N", kind, stamp(15 * i), n)
        for i in range(8)
        for kind, n in (("小型", 10), ("大型", 2), ("合計", 12))
    ]
    found = compared(tmp_path, rows, rows, max_offset_min=0)
    assert overall(found).metrics.manual_total == 8 * 12


def test_a_site_that_cant_tell_takes_the_clock_that_all_others_have(tmp_path):
    sensor, manual = survey(np.random.default_rng(5), {"A": 30, "B": 30})
    quiet = [("Q", "上り", "小型", stamp(15 * i), 2) for i in range(-4, 52)]
    clock = compared(tmp_path, sensor + quiet, manual + quiet).joined.clocks["Q"]
    assert (clock.state, clock.applied_min) == (ClockState.COMMON, 30)
    assert "all sites together" in clock.reason
    # where the others disagree, it stays as it is labelled
    sensor, manual = survey(np.random.default_rng(5), {"A": 30, "B": 0})
    clock = compared(tmp_path, sensor + quiet, manual + quiet).joined.clocks["Q"]
    assert (clock.state, clock.applied_min) == (ClockState.UNKNOWN, 0)


def test_times_in_utc_are_named_and_not_corrected(tmp_path):
    rng = np.random.default_rng(6)
    sensor, manual = survey(rng, {"A": -540}, hours=23)
    found = compared(tmp_path, sensor, manual)
    assert found.joined.clocks["A"].applied_min == 0
    assert any("UTC" in warning for warning in found.warnings)
    zoned = [(*row[:3], row[3].replace(" ", "T") + "Z", row[4]) for row in sensor]
    assert compared(tmp_path, zoned, manual).joined.clocks["A"].state is ClockState.RIGHT


def test_names_that_dont_meet(tmp_path):
    sensor, manual = survey(np.random.default_rng(7), {"A": 0}, hours=4)
    renamed = [("Z", *row[1:]) for row in sensor]
    with pytest.raises(UsageError, match=r"has no series that .*Z / 上り / 小型.*A / 上り / 小型"):
        compared(tmp_path, renamed, manual)
    write(tmp_path / "sensor.csv", [row[1:] for row in sensor], ("方向", "車種", "日時", "台数"))
    with pytest.raises(UsageError, match="has no column site, which"):
        compare(tmp_path / "sensor.csv", tmp_path / "manual.csv", None, CountsOptions())
    extra = [("B", *row[1:]) for row in sensor if row[1] == "上り"]
    found = compared(tmp_path, sensor + extra, manual)
    assert any("B / 上り / 小型 are not in manual.csv" in told for told in found.warnings)


@pytest.fixture
def call(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["twin-pipeline", "compare-counts", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return call


def places(folder):
    head = ("地点", "経度", "緯度")
    return write(folder / "sites.csv", [("A", 139.7436, 35.6758)], head, encoding="cp932")


def test_command_writes_all_files_and_replaces_them_only_if_told(call, tmp_path):
    files = written(tmp_path, *survey(np.random.default_rng(8), {"A": 15}))
    out = tmp_path / "out"
    code, text, messages = call(*files, "--sites", places(tmp_path), "-o", out)
    assert (code, messages) == (0, "")
    assert "+15" not in text.split("clock")[0]
    names = {path.name for path in out.iterdir()}
    assert names == {"report.html", "counts.json", "bins.csv", "counts.czml"}
    record = json.loads((out / "counts.json").read_text(encoding="utf-8"))
    assert record["passed"] is True
    assert record["clocks"][0]["applied_minutes"] == 15
    assert len((out / "bins.csv").read_text(encoding="utf-8-sig").splitlines()) == 1 + 2 * 48
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "交通量照合報告書" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    code, _, messages = call(*files, "-o", out)
    assert code == 1
    assert "--overwrite" in messages
    assert call(*files, "-o", out, "--overwrite")[0] == 0
    assert not (out / "counts.czml").exists()


def test_command_exits_with_3_where_a_threshold_is_not_met(call, tmp_path):
    config = tmp_path / "strict.toml"
    config.write_text("[counts]\nbias_percent_max = 1.0\n", encoding="utf-8")
    files = written(tmp_path, *survey(np.random.default_rng(9), {"A": 0}, share=0.7))
    code, text, messages = call(*files, "-c", config, "--json")
    assert code == 3
    assert "size of the bias (%) 2" in messages
    record = json.loads(text)
    failed = [c for c in record["criteria"] if not c["passed"]]
    assert any(c["name"] == "bias_percent" and c["certain"] for c in failed)


def test_command_names_the_line_of_what_is_wrong(call, tmp_path):
    sensor, manual = survey(np.random.default_rng(9), {"A": 0}, hours=2)
    files = written(tmp_path, [*sensor, ("A", "上り", "小型", stamp(300), "-4")], manual)
    code, _, messages = call(*files)
    assert code == 1
    assert messages.count("\n") == 1
    assert f"line {len(sensor) + 2}: '-4' is negative" in messages


def test_layer_tells_times_of_japan_and_leaves_gaps(call, tmp_path):
    sensor, manual = survey(np.random.default_rng(10), {"A": 0}, hours=3)
    sensor = [row for row in sensor if row[3] != stamp(30)]
    out = tmp_path / "out"
    call(*written(tmp_path, sensor, manual), "--sites", places(tmp_path), "-o", out)
    document, packet = json.loads((out / "counts.czml").read_text(encoding="utf-8"))
    assert document["clock"]["interval"] == "2026-01-13T07:00+09:00/2026-01-13T10:00+09:00"
    assert packet["position"]["cartographicDegrees"][:2] == [139.7436, 35.6758]
    texts = {part["interval"][:16]: part["string"] for part in packet["label"]["text"]}
    assert "センサー 欠測" in texts["2026-01-13T07:30"]
    colours = {part["interval"][:16]: part["rgba"] for part in packet["point"]["color"]}
    assert colours["2026-01-13T07:00"] == [138, 148, 158, 255]  # the hour is not whole
    assert colours["2026-01-13T08:00"] == [22, 119, 74, 255]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("A", 35.67, 139.74), "exchanged"),
        (("A", -12818.7, -34428.1), "degrees, not metres"),
        (("A", "x", 35.6), "no position"),
    ],
)
def test_places_that_are_none(call, tmp_path, row, told):
    files = written(tmp_path, *survey(np.random.default_rng(9), {"A": 0}, hours=2))
    sites = write(tmp_path / "sites.csv", [row], ("site", "longitude", "latitude"))
    code, _, messages = call(*files, "--sites", sites, "-o", tmp_path / "out")
    assert code == 1
    assert told in messages
