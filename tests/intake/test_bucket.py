"""Intake from object storage."""

import json
import subprocess
import sys

import fsspec
import pytest
from conftest import ROOT

from benchmarks.object_store import object_store

SETTINGS = ["-c", str(ROOT / "configs" / "tokyo.toml"), "--material", "DIP"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Start an S3-compatible server; return the environment of its users."""
    with object_store(tmp_path_factory.mktemp("state")) as made:
        yield made


@pytest.fixture
def bucket(environment, monkeypatch):
    for name in environment:
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, environment[name])
    files = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    files.mkdir("inbox")
    return files


def test_objects_are_answered_beside_them_once(environment, bucket, make_scan, tmp_path):
    def watch():
        command = [sys.executable, "-m", "twin_pipeline", "watch", "s3://inbox/2026", "--once"]
        return subprocess.run(
            [*command, "-o", str(tmp_path / "out"), *SETTINGS],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def answer(name):
        return json.loads(bucket.cat_file(f"inbox/2026/{name}.result.json"))

    scan = make_scan().read_bytes()
    bucket.pipe_file("inbox/2026/pavement.las", scan)
    bucket.pipe_file("inbox/2026/cut.las", scan[:5000])
    bucket.pipe_file("inbox/2026/site.toml", b'[[site]]\nsite = "S"\nscans = ["left.las"]\n')
    bucket.pipe_file("inbox/2026/left.las", make_scan("left.las", points=3000).read_bytes())
    bucket.pipe_file("inbox/other/not ours.las", scan)
    done = watch()
    assert done.returncode == 3, done.stderr
    assert answer("pavement.las")["verdict"] == "rescan"
    assert answer("cut.las")["reason"]["kind"] == "InputError"
    assert str(tmp_path) not in answer("cut.las")["reason"]["en"]
    assert answer("site.toml")["site"] == "S"
    assert not bucket.exists("inbox/2026/left.las.result.json")
    assert not bucket.exists("inbox/other/not ours.las.result.json")
    assert not list((tmp_path / ".out.watch" / "spool").rglob("*.las"))
    again = watch()
    assert (again.returncode, again.stdout) == (0, ""), again.stderr


def test_a_bucket_that_is_not_there_is_one_line(environment, tmp_path):
    command = [sys.executable, "-m", "twin_pipeline", "watch", "s3://nowhere/x", "--once", "-o"]
    done = subprocess.run(
        [*command, str(tmp_path / "out")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "can't be looked at" in done.stderr.splitlines()[-1]
