import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

import twin_pipeline
from twin_pipeline import batch
from twin_pipeline.config import Config, load_config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import (
    AllFailedError,
    GeoreferenceError,
    InputError,
    OutputError,
    UsageError,
)
from twin_pipeline.exporting import export
from twin_pipeline.progress import Progress
from twin_pipeline.report import names
from twin_pipeline.validation import validate_output

CONFIG = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))


pytestmark = pytest.mark.usefixtures("known_pipes")


def test_every_promised_file_is_there(make_scan, tmp_path):
    out = tmp_path / "out"
    batch.run_batch([make_scan()], out, CONFIG, Progress())
    assert {path.name for path in out.iterdir()} == {
        "run.json", "config.toml", "pipes.gpkg", "pipes.geojson", "pipes.csv", "stations.csv",
        "fittings.csv", "tiles", "catalog.json", "catalog.tokyo.json", "reearth.json", "style.json",
        "style_cover.json", "viewer.json", "report.html", "log.jsonl", "sites",
    }  # fmt: skip
    assert validate_output(out) == []


def test_summary_and_record_say_what_was_done(make_scan, tmp_path):
    scan = make_scan()
    summary = batch.run_batch([scan], tmp_path / "out", CONFIG, Progress())
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert summary.record == record
    assert record["version"] == twin_pipeline.__version__
    assert record["inputs"][0]["path"] == str(scan)
    assert record["counts"]["points_in"] == record["counts"]["points_in_tiles"] == 2000
    assert record["counts"]["pipes"] == 3
    assert record["config"]["crs"]["vertical"] == "jgd2011"
    assert "tiles" in record["timings_s"]


def test_effective_configuration_stands_beside_the_results(make_scan, tmp_path):
    batch.run_batch([make_scan()], tmp_path / "out", CONFIG, Progress())
    again = load_config(tmp_path / "out" / "config.toml", environment={})
    assert again.model_dump() == CONFIG.model_dump()


def test_several_scans_are_several_sites_in_the_same_files(make_scan, tmp_path):
    scans = [make_scan("掘削 1.las"), make_scan("b.las", points=500)]
    out = tmp_path / "out"
    summary = batch.run_batch(scans, out, CONFIG, Progress())
    assert [result.survey.site for result in summary.results] == ["掘削 1", "b"]
    assert summary.record["counts"]["points_in"] == 2500
    table = (out / "pipes.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in table] == ["site", *3 * ["掘削 1"], *3 * ["b"]]
    assert validate_output(out) == []


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["absent.las"], InputError, r"absent\.las: does not exist"),
        (["."], InputError, "is a folder"),
        (["a/x.las", "b/X.las"], UsageError, "has the name"),
        (["a/...las"], UsageError, "can't be the name of a site"),
    ],
)
def test_scans_that_can_not_be_sites_are_refused_before_any_work(tmp_path, names, error, message):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.las").touch()
        (tmp_path / folder / "...las").touch()
        (tmp_path / folder / "X.las").touch()
    out = tmp_path / "out"
    with pytest.raises(error, match=message):
        batch.run_batch([tmp_path / name for name in names], out, CONFIG, Progress())
    assert not out.exists()


def test_one_bad_scan_costs_one_site(make_scan, tmp_path):
    scans = [make_scan("good.las"), make_scan("bad.las", crs=None), tmp_path / "absent.las"]
    out = tmp_path / "out"
    summary = batch.run_batch(scans, out, CONFIG, Progress())
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert [site["name"] for site in record["sites"]] == ["good"]
    bad, absent = record["failed_sites"]
    assert (bad["site"], bad["kind"], bad["exit_code"]) == ("bad", "GeoreferenceError", 4)
    assert "--crs" in bad["reason"]
    assert "--resume" in bad["remedy"]
    assert absent["reason"] == f"{tmp_path / 'absent.las'}: does not exist; give LAS or LAZ files"
    assert record["passed"] is False
    assert record["counts"]["sites_failed"] == len(summary.failed_sites) == 2
    assert any("bad failed" in warning["message"] for warning in record["warnings"])
    assert validate_output(out) == []


def test_nothing_is_written_where_all_sites_fail(make_scan, tmp_path):
    scans = [make_scan("a.las", crs=None), make_scan("b.las", crs=None)]
    with pytest.raises(AllFailedError, match="all 2 sites") as raised:
        batch.run_batch(scans, tmp_path / "out", CONFIG, Progress())
    assert raised.value.exit_code == 4
    assert len(raised.value.record["failed_sites"]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.las", "b.las"]


def test_the_only_scan_fails_as_itself_and_leaves_nothing(make_scan, tmp_path):
    with pytest.raises(GeoreferenceError, match=r"bad\.las"):
        batch.run_batch([make_scan("bad.las", crs=None)], tmp_path / "out", CONFIG, Progress())
    assert [path.name for path in tmp_path.iterdir()] == ["bad.las"]


def test_finished_run_is_kept_without_overwrite(make_scan, tmp_path):
    scan, out = make_scan(), tmp_path / "out"
    batch.run_batch([scan], out, CONFIG, Progress())
    with pytest.raises(OutputError, match="--overwrite"):
        batch.run_batch([scan], out, CONFIG, Progress())
    batch.run_batch([scan], out, CONFIG, Progress(), overwrite=True)


def test_tiles_alone_can_be_validated(make_scan, tmp_path):
    out = tmp_path / "out"
    summary = batch.tile_batch([make_scan()], out, CONFIG, Progress())
    assert {path.name for path in out.iterdir()} == {
        "run.json",
        "config.toml",
        "tiles",
        "log.jsonl",
        "sites",
        "viewer.json",
        "catalog.json",
        "catalog.tokyo.json",
        "reearth.json",
    }
    assert summary.record["counts"]["points_in_tiles"] == 2000
    assert validate_output(out) == []


def test_of_many_sites_each_has_a_report_that_the_first_one_leads_to(
    make_scan, tmp_path, monkeypatch
):
    monkeypatch.setattr(names, "MOST_SITES", 2)
    scans = [make_scan(f"{name}.las", points=200) for name in ("掘削 1", "b", "c")]
    out = tmp_path / "out"
    batch.run_batch(scans, out, CONFIG, Progress())
    whole = (out / "report.html").read_text("utf-8")
    links = re.findall(r'<a href="([^"]*)"', whole)
    assert [unquote(link) for link in links] == [f"sites/{s.stem}/report.html" for s in scans]
    pages = [(out / unquote(link)).read_text("utf-8") for link in links]
    assert all(page.count("<svg") > 1 for page in pages)
    assert whole.count("<svg") == 1  # but for patterns, no drawing
    assert validate_output(out) == []
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["counts"]["stations"] == len((out / "stations.csv").read_text().splitlines()) - 1
    (again,) = map(Path, export(out, ["report"], CONFIG, print))
    for link in map(unquote, links):
        drawn = (again / link).read_text("utf-8")
        assert drawn.count("<svg") == (out / link).read_text("utf-8").count("<svg")
        assert drawn.count(".las") == (out / link).read_text("utf-8").count(".las")
    assert (again / "report.html").read_text("utf-8").count("<svg") == 1
    batch.run_batch(scans[:2], out, CONFIG, Progress(), resume=True)
    assert list(out.glob("sites/*/report.html")) == []
    assert not (again / "sites").exists()
    assert (out / "report.html").read_text("utf-8").count("<svg") > 1
