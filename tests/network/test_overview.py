"""The network page: its figures against sums made by hand, its links, its files."""

import json
import re
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from benchmarks.overview import make_network
from twin_pipeline.errors import InputError, OutputError, UsageError
from twin_pipeline.exporting import read_results
from twin_pipeline.network import Wanted, overview
from twin_pipeline.network.measures import quantile
from twin_pipeline.progress import Progress

pytest.importorskip("duckdb", reason="pip install 'twin-pipeline[overview]'")

LIMITS = (0.6, 1.2)
SITES = 40


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    out = tmp_path_factory.mktemp("network") / "out"
    make_network(out, SITES, parquet=True)
    return out


@pytest.fixture
def look(tmp_path):
    def call(*outs, to="page", limits=LIMITS, url=None, overwrite=False):
        wanted = Wanted(limits, url)
        return overview(outs, tmp_path / to, wanted, Progress(), overwrite=overwrite)

    return call


def rows(network, layer):
    """The rows of an attribute file, read by another reader."""
    import pyarrow.parquet as pq

    return pq.read_table(network / "export" / "geoparquet" / f"{layer}.parquet").to_pylist()


def test_kilometres_add_up_by_every_kind(network, look):
    record = look(network).record
    pipes = rows(network, "pipes")
    total_km = sum(pipe["length_m"] for pipe in pipes) / 1000
    assert record["totals"]["length_km"] == pytest.approx(total_km)
    assert record["totals"]["pipes"] == len(pipes)
    assert record["totals"]["sites"] == SITES
    fields = {"size": "nominal_diameter_mm", "year": "laid_fiscal_year"}
    for kind, told in record["by"].items():
        assert sum(row["length_km"] for row in told) == pytest.approx(total_km), kind
        assert sum(row["share"] for row in told) == pytest.approx(1.0)
        for row in told:
            same = [pipe for pipe in pipes if pipe[fields.get(kind, kind)] == row["value"]]
            assert row["length_km"] == pytest.approx(sum(p["length_m"] for p in same) / 1000)
            assert row["pipes"] == len(same)
    years = [row["value"] for row in record["by"]["year"]]
    assert years[-1] is None
    assert years[:-1] == sorted(years[:-1])
    assert [row["value"] for row in record["by"]["quality"]] == ["good", "usable", "poor"]


def by_hand(network, limit_m, sigmas=0.0):
    """The length under a limit: each station stands for half the way to its neighbours."""
    lines = {}
    for row in rows(network, "stations"):
        lines.setdefault((row["site"], row["pipe_id"]), []).append(row)
    under = 0.0
    for line in lines.values():
        at = np.array([row["chainage_m"] for row in line])
        ends = np.concatenate(([at[0]], (at[:-1] + at[1:]) / 2, [at[-1]]))
        covers = np.array([row["cover_m"] + sigmas * row["cover_std_m"] for row in line])
        under += float(np.diff(ends)[covers <= limit_m].sum())
    return under / 1000


@pytest.mark.parametrize("limits", [LIMITS, (0.9, 1.0, 1.5)])
def test_share_under_each_threshold_is_by_length(network, look, limits):
    cover = look(network, limits=limits).record["cover"]
    total_km = by_hand(network, np.inf)
    assert cover["known_km"] == pytest.approx(total_km)
    assert [row["limit_m"] for row in cover["under"]] == list(limits)
    for row in cover["under"]:
        assert row["length_km"] == pytest.approx(by_hand(network, row["limit_m"]))
        assert row["share"] == pytest.approx(by_hand(network, row["limit_m"]) / total_km)
        sure, open_ = by_hand(network, row["limit_m"], 2.0), by_hand(network, row["limit_m"], -2.0)
        assert row["share_beyond_doubt"] == pytest.approx(sure / total_km)
        assert row["share_not_excluded"] == pytest.approx(open_ / total_km)
    assert sum(each["length_km"] for each in cover["bins"]) == pytest.approx(total_km)
    assert cover["least_m"] == min(row["cover_m"] for row in rows(network, "stations"))


def test_csv_and_geoparquet_tell_the_same(network, look, tmp_path):
    plain = tmp_path / "plain"
    make_network(plain, SITES, parquet=False)
    ours, theirs = look(network).record, look(plain, to="other").record
    assert theirs["totals"] == pytest.approx(ours["totals"], rel=1e-4)
    for kind in ours["by"]:
        assert [row["pipes"] for row in theirs["by"][kind]] == [
            row["pipes"] for row in ours["by"][kind]
        ]
    worst = [(place["site"], place["pipe_id"]) for place in ours["worst"]]
    assert [(place["site"], place["pipe_id"]) for place in theirs["worst"]] == worst


def test_worst_places_come_first_and_lead_into_the_viewer(network, look):
    record = look(network, limits=(1.0, 1.2), url="https://data.example.jp/pipes/").record
    places = record["worst"]
    order = ["cover_sure", "cover", "cover_possible", "quality", "hidden"]
    ranks = [order.index(place["reason"]) for place in places]
    assert ranks == sorted(ranks)
    assert set(order[:2]) | {"quality"} <= {place["reason"] for place in places}
    assert len({(place["site"], place["pipe_id"]) for place in places}) == len(places)
    stations = rows(network, "stations")
    for place in places:
        (own,) = [
            row
            for row in stations
            if (row["site"], row["pipe_id"]) == (place["site"], place["pipe_id"])
            and row["chainage_m"] == place["chainage_m"]
        ]
        if place["reason"] == "cover_sure":
            assert own["cover_m"] + 2 * own["cover_std_m"] <= 1.0
        link = urlsplit(place["link"])
        assert f"{link.scheme}://{link.netloc}{link.path}" == "https://data.example.jp/pipes/"
        view = parse_qs(link.fragment)
        assert view["site"] == [place["site"]]
        assert view["pipe"] == [place["pipe_id"]]
        lon, lat, height, *_ = map(float, view["camera"][0].split(","))
        assert (lon, lat) == pytest.approx((place["lon_deg"], place["lat_deg"]), abs=1e-7)
        assert 139.5 < lon < 140.0
        assert 35.5 < lat < 35.8
        assert 30 + 36 + 10 < height < 30 + 42 + 14  # ground, geoid, above it
    assert record["viewers"] == {}


def test_without_an_address_links_lead_to_this_machine(network, look, tmp_path):
    other = tmp_path / "a b"
    make_network(other, 3, parquet=False, seed=5)
    text = (other / "run.json").read_text("utf-8").replace("site-", "näher-")
    (other / "run.json").write_text(text, "utf-8")
    for name in ("pipes.csv", "stations.csv"):
        text = (other / name).read_text("utf-8-sig").replace("site-", "näher-")
        (other / name).write_text(text, "utf-8-sig")
    record = look(network, other, limits=(3.0,)).record
    assert record["totals"]["runs"] == 2
    assert set(record["viewers"]) == {"http://127.0.0.1:8801/", "http://127.0.0.1:8802/"}
    assert any(f"view '{other}' --port" in command for command in record["viewers"].values())


def test_page_is_whole_and_in_both_languages(network, look):
    done = look(network)
    page = done.page.read_text("utf-8")
    assert not re.findall(r'(?:src|href)="(?!http://127\.0\.0\.1:8801/#)', page)
    assert "default-src 'none'" in page
    for text in ("土被り", "Cover", "布設年度別", "By fiscal year", "注意を要する箇所", "Worst"):
        assert text in page
    assert page.count("<svg") == 3
    assert json.loads((done.page.parent / "overview.json").read_text("utf-8")) == done.record
    assert sorted(path.name for path in done.page.parent.iterdir()) == [
        "index.html",
        "overview.json",
    ]


def test_names_are_no_markup(look, tmp_path):
    out = tmp_path / "odd"
    make_network(out, 2, parquet=False)
    for name in ("run.json", "pipes.csv", "stations.csv"):
        text = (out / name).read_text("utf-8-sig").replace("site-00001", "=<b>&x</b>")
        text = text.replace("=<b>", "'=<b>") if name.endswith("csv") else text
        (out / name).write_text(text, "utf-8-sig" if name.endswith("csv") else "utf-8")
    page = look(out, limits=(3.0,)).page.read_text("utf-8")
    assert "<b>&x" not in page
    assert "=&lt;b&gt;&amp;x" in page


def test_a_run_of_three_pipes_and_one_of_none(look, make_scan, tmp_path, known_pipes):

    from twin_pipeline import batch
    from twin_pipeline.config import Config
    from twin_pipeline.crs import CrsOptions

    _ = known_pipes
    out = tmp_path / "three"
    config = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))
    batch.run_batch([make_scan("b.las")], out, config, Progress())
    record = look(out).record
    results = read_results(out)
    length = sum(pipe.length_m for result in results for pipe in result.survey.pipes)
    assert record["totals"]["length_km"] == pytest.approx(length / 1000, abs=1e-6)
    assert record["gates_failed"] == {}
    assert any(row["value"] is None for row in record["by"]["size"])
    for name in ("pipes.csv", "stations.csv"):
        head = (out / name).read_bytes().splitlines(keepends=True)[0]
        (out / name).write_bytes(head)
    text = json.loads((out / "run.json").read_text("utf-8"))
    text["counts"] |= {"pipes": 0, "stations": 0}
    (out / "run.json").write_text(json.dumps(text))
    record = look(out, to="empty").record
    assert record["totals"]["length_km"] == 0
    assert record["cover"]["least_m"] is None
    assert record["worst"] == []


def test_what_is_wrong_is_said_in_a_line(network, look, tmp_path):
    with pytest.raises(InputError, match=r"run\.json"):
        look(tmp_path / "absent")
    copy = tmp_path / "copy"
    make_network(copy, 3, parquet=False)
    with pytest.raises(UsageError, match="would count twice"):
        look(network, copy)
    lines = (copy / "stations.csv").read_bytes().splitlines(keepends=True)
    (copy / "stations.csv").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(InputError, match=r"stations\.csv: holds \d+ stations, but the run \d+"):
        look(copy)
    (copy / "stations.csv").write_text("site,nonsense\r\n1,2,3\r\n")
    with pytest.raises(InputError, match="can't be read"):
        look(copy)
    assert not (tmp_path / "page").exists()
    look(network)
    with pytest.raises(OutputError, match="--overwrite"):
        look(network)
    look(network, overwrite=True)


def test_command_prints_the_main_figures(network, tmp_path):
    command = [sys.executable, "-m", "twin_pipeline", "overview", network, "-o", tmp_path / "o"]
    done = subprocess.run(
        [*command, "--threshold", "1.0", "--threshold", "0.8"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{SITES} sites" in done.stdout
    assert [line.split()[-2] for line in done.stdout.splitlines()[1:3]] == ["0.8", "1"]
    bad = subprocess.run(
        [*command, "--viewer-url", "ftp://x", "--overwrite"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert bad.returncode == 2
    assert bad.stderr.count("\n") == 1


def test_quantiles_are_by_weight():
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 8.0, 1.0])
    assert quantile(values, weights, 0.5) == 1.0
    assert quantile(values, weights, 0.85) == 2.0
    assert quantile(values, weights, 1.0) == 3.0
    assert quantile(values, weights * 0, 0.5) is None
