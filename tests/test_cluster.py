import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from benchmarks.torture import PROGRAM, SETTINGS, make_scans, require_same, told
from twin_pipeline import cluster
from twin_pipeline.cluster import default_jobs
from twin_pipeline.config import Config
from twin_pipeline.site import site_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    return make_scans(tmp_path_factory.mktemp("scans"), 3)


@pytest.fixture(scope="module")
def parallel(scans, tmp_path_factory):
    """Return the output of a run on a cluster of this machine's own."""
    out = tmp_path_factory.mktemp("parallel") / "out"
    done = run(scans, out, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    return out


def run(scans, out, *flags):
    command = [*PROGRAM, "run", *scans, "-o", out, *SETTINGS, *flags]
    return subprocess.run(command, capture_output=True, check=False, text=True, timeout=300)


@contextmanager
def scheduler(tmp_path, workers):
    """Start a scheduler and workers as an administrator would; yield address and processes."""
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen(
            [*dask, "--port", "0", "--no-dashboard", "--scheduler-file", file], **quiet
        )
    ]
    try:
        while not file.exists():
            time.sleep(0.05)
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", file]
        options = ["--nthreads", "1", "--no-dashboard", "--local-directory", tmp_path / "dask"]
        started += [subprocess.Popen([*worker, *options], **quiet) for _ in range(workers)]
        yield json.loads(file.read_text())["address"], started[1:]
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)


def test_sites_alone_and_together_give_the_same(scans, parallel, tmp_path):
    done = run(scans[:1], tmp_path / "alone")
    assert done.returncode == 0, done.stderr
    alone, together = told(tmp_path / "alone"), told(parallel)
    own = [name for name in alone if f"/{scans[0].stem}/" in name and "site.json" not in name]
    assert len(own) > 4
    assert all(alone[name] == together[name] for name in own)


def test_cluster_that_runs_elsewhere_gives_the_same_though_workers_die(scans, parallel, tmp_path):
    out = tmp_path / "out"
    with scheduler(tmp_path, workers=2) as (address, workers):
        command = [*PROGRAM, "run", *scans, "-o", out, *SETTINGS, "--scheduler", address]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
            while running.poll() is None and not list(out.parent.glob(".out.work/running/*")):
                time.sleep(0.05)
            (victim, *_) = psutil.Process(workers[0].pid).children(recursive=True)
            victim.kill()
            _, words = running.communicate(timeout=300)
        assert running.returncode == 0, words
    assert require_same(out, parallel) > 20


def test_address_without_scheduler_is_one_line(scans, tmp_path):
    done = run(scans, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 1
    assert "no scheduler answers" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_interrupted_batch_says_how_to_go_on_and_leaves_no_process(scans, parallel, tmp_path):
    out = tmp_path / "out"
    command = [*PROGRAM, "run", *scans, "-o", out, *SETTINGS, "--jobs", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    while process.poll() is None and not list(out.parent.glob(".out.work/stage/sites/*/site.json")):
        time.sleep(0.02)
    below = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"sites are done, --resume goes on from there" in words
    assert words.count(b"\n") == 1
    _, alive = psutil.wait_procs(below, timeout=20)
    assert alive == []
    assert run(scans, out, "--resume").returncode == 0
    assert require_same(out, parallel) > 20


def test_default_count_follows_cores_and_memory(scans, monkeypatch):
    sites = [site_of(scan, Config()) for scan in scans]
    monkeypatch.setattr(cluster.os, "cpu_count", lambda: 64)
    monkeypatch.setattr(cluster, "_BASE_BYTES", 0.8 * psutil.virtual_memory().total)
    assert default_jobs(sites) == 1
    monkeypatch.setattr(cluster, "_BASE_BYTES", 1.0)
    monkeypatch.setattr(cluster, "_BYTES_PER_BYTE", {})
    assert default_jobs(sites) == 64
