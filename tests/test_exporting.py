"""Further formats from a finished run."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report.complete import with_sections

from twin_pipeline import batch, conducting, exporting
from twin_pipeline.cli.options import FORMATS as OFFERED
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import GeoreferenceError, InputError, OutputError, UsageError
from twin_pipeline.export.formats import FORMATS
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.job import JobOptions
from twin_pipeline.progress import Progress

CONFIG = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))


pytestmark = pytest.mark.usefixtures("known_pipes")


@pytest.fixture
def out(make_scan, tmp_path):
    folder = tmp_path / "out"
    batch.run_batch([make_scan("b.las"), make_scan("a <1>.las")], folder, CONFIG, Progress())
    return folder


def export(out, *names, overwrite=False, job=None, **options):
    notes = []
    config = Config(export=ExportOptions(**options), job=JobOptions(file=job))
    places = exporting.export(out, names, config, notes.append, overwrite=overwrite)
    return [Path(place) for place in places], notes


def test_the_results_come_back_in_the_runs_order(out):
    results = exporting.read_results(out)
    assert [result.survey.site for result in results] == ["b", "a <1>"]
    lonlat = results[0].georeference.to_geographic(results[0].survey.pipes[0].centreline)
    feature = json.loads((out / "pipes.geojson").read_text("utf-8"))["features"][0]
    assert np.abs(lonlat - feature["geometry"]["coordinates"]).max() < 1e-4


def test_every_registered_format_can_be_loaded():
    for name, format_ in FORMATS.items():
        assert format_.name == name
        assert callable(format_.load())


def test_help_names_every_format():
    named = set(re.split(", | or ", OFFERED))
    assert named == {*FORMATS, "report"}


def test_each_format_stands_in_its_folder_beside_a_manifest(out):
    folders, _ = export(out, "csv", "geojson", "csv")
    assert folders == [out / "export" / "csv", out / "export" / "geojson"]
    assert (folders[0] / "pipes.csv").read_bytes() == (out / "pipes.csv").read_bytes()
    manifest = json.loads((folders[1] / "export.json").read_text("utf-8"))
    assert manifest["format"] == "geojson"
    assert manifest["systems"][0]["sites"] == ["b", "a <1>"]
    assert {entry["path"] for entry in manifest["files"]} == {
        f"{layer}.geojson" for layer in ("pipes", "stations", "fittings", "trench", "provenance")
    }


def test_the_report_comes_again_without_the_scans(make_scan, tmp_path, monkeypatch):
    run = conducting.run_site

    def with_cross_sections(site, staging, progress):
        outcome = run(site, staging, progress)
        survey = outcome.result.survey
        pipes = tuple(with_sections(pipe) for pipe in survey.pipes if pipe.cover_min_m)
        return replace(outcome, result=replace(outcome.result, survey=replace(survey, pipes=pipes)))

    monkeypatch.setattr(conducting, "run_site", with_cross_sections)
    out = tmp_path / "out"
    batch.run_batch([make_scan("b.las")], out, CONFIG, Progress())
    (folder,), notes = export(out, "report")
    assert notes == []
    again = (folder / "report.html").read_text("utf-8")
    assert again == (out / "report.html").read_text("utf-8")
    assert "横断面図 Cross-section" in again
    with pytest.raises(OutputError, match="finished export; give --overwrite"):
        export(out, "csv", "report")
    assert not (out / "export" / "csv").exists()


def test_the_report_takes_a_job_file_that_came_later(out, tmp_path):
    job = tmp_path / "job.csv"
    job.write_text("現場,工事番号\nb,7水工第123号\n", "utf-8")
    (folder,), _ = export(out, "report", job=str(job))
    assert "7水工第123号" in (folder / "report.html").read_text("utf-8")
    assert "7水工第123号" not in (out / "report.html").read_text("utf-8")


def test_a_report_without_cross_sections_says_so(out):
    (out / "sites" / "b" / "result.npz").write_bytes(b"PK damaged")
    (folder,), (note,) = export(out, "report")
    assert "no cross-sections" in note
    assert "縦断面図" in (folder / "report.html").read_text("utf-8")


def test_nothing_is_replaced_unless_asked_for(out):
    export(out, "csv")
    with pytest.raises(OutputError, match="finished export; give --overwrite"):
        export(out, "geojson", "csv")
    assert not (out / "export" / "geojson").exists()
    export(out, "csv", overwrite=True)
    (out / "export" / "csv" / "export.json").unlink()
    with pytest.raises(OutputError, match="is left alone"):
        export(out, "csv", overwrite=True)


def test_unknown_formats_and_systems_are_refused_before_anything_is_written(out):
    with pytest.raises(UsageError, match="dwg: is no format; there are gpkg, "):
        export(out, "csv", "dwg")
    for crs, reason in (("EPSG:1", "no known CRS"), ("EPSG:4326", "no map projection in metres")):
        with pytest.raises(GeoreferenceError, match=reason):
            export(out, "csv", crs=crs)
    assert not (out / "export").exists()


def test_sites_in_different_systems_get_a_folder_each(out):
    path = out / "sites" / "b" / "survey.json"
    record = json.loads(path.read_text("utf-8"))
    record["georeference"] |= {"declared_epsg": 10170}
    path.write_text(json.dumps(record), "utf-8")
    export(out, "csv")
    assert {p.name for p in (out / "export" / "csv").iterdir()} == {
        "EPSG_10170", "EPSG_6677", "export.json",
    }  # fmt: skip


def test_a_folder_without_records_is_refused(out, tmp_path):
    with pytest.raises(InputError, match="give the output folder of a finished run"):
        export(tmp_path, "csv")
    (out / "sites" / "b" / "survey.json").unlink()
    with pytest.raises(InputError, match=r"has no survey\.json of site b"):
        export(out, "csv")


def test_a_run_writes_the_formats_of_its_configuration(make_scan, tmp_path):
    config = Config(
        crs=CrsOptions(vertical="jgd2011", axis_order="en"), export=ExportOptions(formats=("csv",))
    )
    batch.run_batch([make_scan()], tmp_path / "out", config, Progress())
    again = json.loads((tmp_path / "out" / "export" / "csv" / "export.json").read_text("utf-8"))
    assert again["systems"][0]["sites"] == ["site"]


def test_a_run_refuses_unknown_formats_before_it_reads_anything(tmp_path):
    config = Config(export=ExportOptions(formats=("dwg",)))
    with pytest.raises(UsageError, match="is no format"):
        batch.run_batch([tmp_path / "absent.las"], tmp_path / "out", config, Progress())


def test_a_job_file_lands_in_the_export_and_leaves_the_run(out, tmp_path):
    before = (out / "pipes.csv").read_bytes()
    job = tmp_path / "job.csv"
    job.write_text("現場,管ID,工事番号,管種\nb,,R7-1,\nb,P3,,DIP\nb,P9,R7-2,\n", "cp932")
    _, notes = export(out, "csv", job=str(job))
    assert notes == [
        f"{job}: states facts of P9, but b has no such pipe",
        f"{job}: states nothing of site a <1>",
    ]
    with (out / "export" / "csv" / "pipes.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["construction_no"] for row in rows] == ["R7-1"] * 3 + [""] * 3
    assert rows[2]["material"] == "DIP"
    assert rows[2]["nominal_diameter_mm"] == "75"
    assert (out / "pipes.csv").read_bytes() == before


def test_a_job_file_of_other_sites_is_refused(out, tmp_path):
    (tmp_path / "job.csv").write_text("site,route_name\nc,x\n", "utf-8")
    with pytest.raises(UsageError, match=r"states nothing of b, a <1>; it has c"):
        export(out, "csv", job=str(tmp_path / "job.csv"))


def test_a_record_can_not_name_another_place(out):
    path = out / "sites" / "b" / "survey.json"
    path.write_text(path.read_text("utf-8").replace('"site": "b"', '"site": "../b"'), "utf-8")
    with pytest.raises(UsageError, match="can't be the name of a site"):
        export(out, "csv")


def test_a_failure_leaves_nothing(out, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(FORMATS, "csv", replace(FORMATS["csv"], writer="csv_tables:fail"))
    monkeypatch.setattr("twin_pipeline.export.csv_tables.fail", fail, raising=False)
    with pytest.raises(OSError, match="No space"):
        export(out, "csv")
    assert not (out / "export").exists()


def test_a_run_hands_each_site_what_the_job_file_states(make_scan, tmp_path, monkeypatch):
    stub, seen = conducting.run_site, {}

    def run_site(site, staging, progress):
        seen[site.name] = site.job
        return stub(site, staging, progress)

    monkeypatch.setattr(conducting, "run_site", run_site)
    job = tmp_path / "job.toml"
    job.write_text(
        "[sites.a]\nroute_name = '区道1号'\n[sites.a.pipes.P2]\njoint_type = 'K'\n", "utf-8"
    )
    config = Config(
        crs=CrsOptions(vertical="jgd2011", axis_order="en"), job=JobOptions(file=str(job))
    )
    scans = [make_scan("a.las"), make_scan("b.las")]
    batch.run_batch(scans, tmp_path / "out", config, Progress())
    assert seen["a"].shared.job.route_name == "区道1号"
    assert seen["a"].pipes["P2"].job.joint_type == "K"
    assert seen["b"].states_nothing()
    assert seen["b"].provenance()["job_file"] == "job.toml"
    job.write_text("[sites.c]\n", "utf-8")
    with pytest.raises(UsageError, match="states nothing of a, b"):
        batch.run_batch(scans, tmp_path / "new", config, Progress())
