"""`run` takes boundary and design, and tells what is wrong with them before the long work."""

import csv
import json

import numpy as np
import pytest
from factories import make_pipe
from typer.testing import CliRunner

from reference.made import ORIGIN, write_csv
from twin_pipeline import pipeline
from twin_pipeline.cli.app import app
from twin_pipeline.extraction import Extraction


@pytest.fixture
def one_pipe(monkeypatch):
    """Put one made pipe in the place of detection."""

    def extract(cloud, *_):
        labels = np.zeros(len(cloud), np.uint16)
        return Extraction((make_pipe("P1", (0, 0, -1.3), (10, 0, -1.3)),), None, labels, ())

    monkeypatch.setattr(pipeline, "extract", extract)


def run(scan, out, *more):
    settings = ["--vertical", "jgd2011", "--axis-order", "en", "-q", *map(str, more)]
    return CliRunner().invoke(app, ["run", str(scan), "-o", str(out), *settings])


@pytest.mark.usefixtures("one_pipe")
def test_offsets_and_deviations_reach_the_files_and_the_exit_code(make_scan, tmp_path):
    boundary, design = (
        write_csv(tmp_path / name, ORIGIN + np.array([[-1.0, n, -1.3], [11.0, n, -1.3]]))
        for name, n in (("b.csv", -2.0), ("d.csv", 0.2))
    )
    out = tmp_path / "out"
    done = run(make_scan(), out, "--boundary", boundary, "--design", design)
    assert done.exit_code == 3
    assert "gate design plan failed" in done.stderr
    rows = list(csv.DictReader((out / "stations.csv").read_text("utf-8-sig").splitlines()))
    assert {row["offset_m"] for row in rows} == {"2.0000"}
    assert {row["plan_deviation_m"] for row in rows} == {"0.2000"}
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert {"cover", "design plan", "design level", "design cover"} <= {
        gate["name"] for gate in record["gates"]
    }
    assert record["sites"][0]["provenance"]["design.file"] == "d.csv"


def test_a_wrong_file_is_told_before_the_work(make_scan, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "extract", pytest.fail)
    done = run(make_scan(), tmp_path / "out", "--design", tmp_path / "none.csv")
    assert done.exit_code == 1
    assert "none.csv: can't be read (No such file or directory)" in done.stderr
    assert not (tmp_path / "out").exists()
