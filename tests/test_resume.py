import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from twin_pipeline import batch, conducting, exporting
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.durable import exchange
from twin_pipeline.durable.lock import locked
from twin_pipeline.durable.log import masked
from twin_pipeline.durable.work import Work, work_path
from twin_pipeline.errors import Interrupted, OutputError
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.progress import Progress
from twin_pipeline.standing import standing_of

pytestmark = pytest.mark.usefixtures("known_pipes")

CONFIG = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))


@pytest.fixture
def scans(make_scan):
    return [make_scan(f"{name}.las", points=300) for name in "abc"]


@pytest.fixture
def worked(monkeypatch):
    """Return the list of sites that were worked on, in this order."""
    names = []
    run_site = conducting.run_site

    def noting(site, *rest):
        names.append(site.name)
        return run_site(site, *rest)

    monkeypatch.setattr(conducting, "run_site", noting)
    return names


def interrupted(monkeypatch, scans, out, after, **how):
    """Run, and interrupt the work on the scan named `after`."""
    with monkeypatch.context() as patch:
        run_site = conducting.run_site

        def stopping(site, *rest):
            if site.name == after:
                raise KeyboardInterrupt
            return run_site(site, *rest)

        patch.setattr(conducting, "run_site", stopping)
        with pytest.raises(KeyboardInterrupt) as raised:
            batch.run_batch(scans, out, CONFIG, Progress(), **how)
    return raised.value


def files(out):
    """Return the bytes of what does not tell times."""
    told = {"run.json", "report.html", "log.jsonl", "pipes.gpkg", "site.json"}
    paths = (path for path in out.rglob("*") if path.is_file() and path.name not in told)
    return {path.relative_to(out): path.read_bytes() for path in paths}


def test_interrupted_run_goes_on_and_gives_the_same(monkeypatch, scans, tmp_path, worked):
    batch.run_batch(scans, tmp_path / "whole", CONFIG, Progress())
    worked.clear()
    out = tmp_path / "out"
    error = interrupted(monkeypatch, scans, out, "c")
    assert isinstance(error, Interrupted)
    assert "2 of 3 sites are done" in str(error)
    assert not out.exists()
    standing = standing_of(out)
    assert (standing.state, standing.done, standing.total) == ("interrupted", ["a", "b"], 3)
    worked.clear()
    batch.run_batch(scans, out, CONFIG, Progress(), resume=True)
    assert worked == ["c"]
    assert files(out) == files(tmp_path / "whole")
    assert not work_path(out).exists()
    assert standing_of(out).state == "finished"


def test_interrupted_run_is_not_forgotten_unasked(monkeypatch, scans, tmp_path, worked):
    out = tmp_path / "out"
    interrupted(monkeypatch, scans, out, "c")
    with pytest.raises(OutputError, match="2 of 3 sites done; give --resume"):
        batch.run_batch(scans, out, CONFIG, Progress())
    worked.clear()
    batch.run_batch(scans, out, CONFIG, Progress(), overwrite=True)
    assert worked == ["a", "b", "c"]


def test_finished_run_is_left_untouched_where_nothing_changed(scans, tmp_path, worked):
    out = tmp_path / "out"
    first = batch.run_batch(scans, out, CONFIG, Progress())
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    worked.clear()
    again = batch.run_batch(scans, out, CONFIG, Progress(), resume=True)
    assert worked == []
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    assert again.record == first.record
    assert [r.survey.site for r in again.results] == ["a", "b", "c"]


def test_only_the_changed_scan_is_done_again(scans, make_scan, tmp_path, worked):
    out = tmp_path / "out"
    batch.run_batch(scans, out, CONFIG, Progress())
    worked.clear()
    make_scan("b.las", points=400)
    os.utime(scans[2])  # touched, but the same
    batch.run_batch(scans, out, CONFIG, Progress(), resume=True)
    assert worked == ["b"]
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["counts"]["points_in"] == 300 + 400 + 300


def test_changed_settings_are_noticed(scans, tmp_path, worked):
    out = tmp_path / "out"
    batch.run_batch(scans, out, CONFIG, Progress())
    worked.clear()
    other = CONFIG.model_copy(
        update={"nominal": CONFIG.nominal.model_copy(update={"material": "SP"})}
    )
    batch.run_batch(scans, out, other, Progress(), resume=True)
    assert worked == ["a", "b", "c"]


def test_what_other_commands_and_users_added_stays_and_exports_are_made_anew(
    scans, make_scan, tmp_path
):
    out, notes = tmp_path / "out", []
    batch.run_batch(scans, out, CONFIG, Progress())
    exporting.export(out, ["csv"], Config(export=ExportOptions(crs="EPSG:6677")), notes.append)
    exporting.export(out, ["kml", "report"], Config(), notes.append)
    (out / "layers" / "roads").mkdir(parents=True)
    (out / "layers" / "roads" / "a.geojson").write_text("{}")
    (out / "export" / "readme.txt").write_text("ours")
    (out / "メモ.txt").write_text("ours")
    stale = out / "export" / "kml" / "export.json"
    stale.write_text(json.dumps(json.loads(stale.read_text("utf-8")) | {"options": {"odd": 1}}))
    make_scan("b.las", points=400)
    told = Noting()
    batch.run_batch(scans[:2], out, CONFIG, told, resume=True)
    assert (out / "layers" / "roads" / "a.geojson").read_text() == "{}"
    assert (out / "export" / "readme.txt").read_text() == (out / "メモ.txt").read_text() == "ours"
    made = json.loads((out / "export" / "csv" / "export.json").read_text("utf-8"))
    assert made["systems"][0]["sites"] == ["a", "b"]
    assert made["options"]["crs"] == "EPSG:6677"
    rows = (out / "export" / "csv" / "pipes.csv").read_text("utf-8-sig").splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {"a", "b"}
    report = (out / "export" / "report" / "report.html").read_text("utf-8")
    assert "<h2>" in report
    assert ">c<" not in report
    assert not (out / "export" / "kml").exists()
    (note,) = [note for note in told.notes if "export/kml" in note]
    assert "give `export -f kml` again" in note


def test_files_of_a_former_run_that_this_one_does_not_write_are_not_taken_for_others(
    scans, tmp_path
):
    out = tmp_path / "out"
    batch.run_batch(scans, out, CONFIG, Progress())
    (out / "notes.txt").write_text("ours")
    batch.tile_batch(scans, out, CONFIG, Progress(), resume=True)
    assert {path.name for path in out.iterdir()} == {
        "run.json", "config.toml", "tiles", "log.jsonl", "sites", "notes.txt",
        "viewer.json", "catalog.json", "catalog.tokyo.json", "reearth.json",
    }  # fmt: skip


class Noting(Progress):
    """Keeps the notes."""

    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def test_failed_site_is_tried_again_and_the_others_are_kept(scans, tmp_path, worked):
    out = tmp_path / "out"
    good = scans[1].read_bytes()
    scans[1].write_bytes(good[:-100])
    assert len(batch.run_batch(scans, out, CONFIG, Progress()).failed_sites) == 1
    scans[1].write_bytes(good)
    worked.clear()
    summary = batch.run_batch(scans, out, CONFIG, Progress(), resume=True)
    assert worked == ["b"]
    assert summary.failed_sites == []
    batch.run_batch(scans, tmp_path / "whole", CONFIG, Progress())
    assert files(out) == files(tmp_path / "whole")


def test_removed_site_disappears(scans, tmp_path):
    out = tmp_path / "out"
    batch.run_batch(scans, out, CONFIG, Progress())
    batch.run_batch(scans[:2], out, CONFIG, Progress(), resume=True)
    assert {path.name for path in (out / "tiles" / "points").iterdir()} == {"a", "b"}
    assert {path.name for path in (out / "sites").iterdir()} == {"a", "b"}


def test_scan_that_changes_while_it_is_read_is_refused(scans, tmp_path, monkeypatch):
    run_site = conducting.run_site

    def meanwhile(site, *rest):
        outcome = run_site(site, *rest)
        if site.name == "b":
            with site.scan.open("ab") as file:
                file.write(b"more")
        return outcome

    monkeypatch.setattr(conducting, "run_site", meanwhile)
    summary = batch.run_batch(scans, tmp_path / "out", CONFIG, Progress())
    (failed,) = summary.failed_sites
    assert "changed while it was read" in failed["reason"]


def test_two_runs_exclude_each_other(scans, tmp_path):
    out = tmp_path / "out"
    work_path(out).mkdir()
    with locked(work_path(out) / "lock"):
        with pytest.raises(OutputError, match=f"another run .process {os.getpid()} on "):
            batch.run_batch(scans, out, CONFIG, Progress())
        assert standing_of(out).state == "running"
    batch.run_batch(scans, out, CONFIG, Progress())


@pytest.mark.parametrize("replaced", [False, True])
def test_run_that_died_while_it_published_is_finished(scans, tmp_path, replaced):
    out = tmp_path / "out"
    batch.run_batch(scans, out, CONFIG, Progress())
    work = work_path(out)
    work.mkdir()
    (work / "batch.json").write_text('{"sites": ["a", "b", "c"]}')
    if replaced:  # killed between the two renames
        shutil.copytree(out, work / "replaced")
        out.rename(work / "stage")
    summary = batch.run_batch(scans, out, CONFIG, Progress(), resume=True)
    assert len(summary.results) == 3
    assert not work.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="exchanges folders by a call of Linux")
def test_run_that_died_while_it_exchanged_leaves_the_new_one(scans, tmp_path, monkeypatch):
    """Killed when stage and output have taken each other's place and nothing more was done."""
    out = tmp_path / "out"
    batch.run_batch(scans[:2], out, CONFIG, Progress())
    rename = Path.rename

    def dies(path, target):
        if Path(target).name == "replaced":
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as dying:
        dying.setattr(Path, "rename", dies)
        dying.setattr(Work, "leave", lambda _: None)
        with pytest.raises(KeyboardInterrupt):
            batch.run_batch(scans, out, CONFIG, Progress(), overwrite=True)
    assert len(json.loads((out / "run.json").read_bytes())["sites"]) == 3
    assert (work_path(out) / "stage" / "run.json").exists()
    summary = batch.run_batch(scans, out, CONFIG, Progress(), resume=True)
    assert len(summary.results) == 3
    assert not work_path(out).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="exchanges folders by a call of Linux")
def test_readers_always_find_an_output(scans, tmp_path):
    out = tmp_path / "out"
    batch.run_batch(scans[:1], out, CONFIG, Progress())
    done, missed, read = threading.Event(), [], []

    def reads():
        while not done.is_set():
            try:
                read.append((out / "run.json").stat().st_ino)
            except FileNotFoundError as error:
                missed.append(error)

    reader = threading.Thread(target=reads)
    reader.start()
    try:
        for _ in range(5):
            batch.run_batch(scans[:1], out, CONFIG, Progress(), overwrite=True)
    finally:
        done.set()
        reader.join()
    assert len(set(read)) > 1
    assert missed == []


def test_where_folders_cant_be_exchanged_they_are_moved(scans, tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "exchange", lambda *_: False)
    out = tmp_path / "out"
    batch.run_batch(scans[:1], out, CONFIG, Progress())
    batch.run_batch(scans[:2], out, CONFIG, Progress(), overwrite=True)
    assert len(json.loads((out / "run.json").read_bytes())["sites"]) == 2
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_site_names_are_no_traps(make_scan, tmp_path):
    scans = [make_scan(f"{name}.las", points=200) for name in ("points", "tiles", "sites")]
    out = tmp_path / "out"
    batch.run_batch(scans, out, CONFIG, Progress())
    assert len(list((out / "tiles" / "points").iterdir())) == 3


def test_status_of_nothing_is_one_line(tmp_path):
    command = [sys.executable, "-m", "twin_pipeline", "status", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no run is there" in done.stderr


def test_log_is_lines_of_json_without_passwords(scans, tmp_path):
    out = tmp_path / "out"
    batch.run_batch(scans, out, CONFIG, Progress())
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "run began"
    assert events.count("site done") == 3
    assert masked("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"
    assert "hidden" not in masked("host=x password=hidden")
