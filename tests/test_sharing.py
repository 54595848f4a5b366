"""One large site worked on by several processes: each piece once, the same result, whoever dies."""

import os
import re
import subprocess
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from test_cluster import PATIENCE_S, scheduler, wait_until

from benchmarks.places import require_same
from benchmarks.torture import PROGRAM, SETTINGS, make_scans
from twin_pipeline import sharing
from twin_pipeline.sharing import SharedSpread, Table

POINTS = {"TWIN_PIPELINE_PIECES__POINTS": "4000"}
PATIENT = Path(__file__).with_name("patient_worker.py")
DONE_BY = re.compile(r"(\d+) pieces of work were done by (\d+) workers")


def double(number):
    return {"twice": np.array([2 * number]), "row": np.full((number, 2), number)}


def test_pieces_come_in_their_order_and_nothing_is_left(tmp_path):
    spread = SharedSpread(tmp_path, lambda _: nullcontext(), hands=1)
    results = list(spread.map(double, [(n,) for n in range(7)]))
    assert [int(parts["twice"][0]) for parts in results] == [0, 2, 4, 6, 8, 10, 12]
    assert [parts["row"].shape for parts in results] == [(n, 2) for n in range(7)]
    assert spread.done_by.total() == 7
    assert list(tmp_path.iterdir()) == []


def test_helpers_do_each_piece_once(tmp_path):
    begun = []

    def slow(number):
        begun.append(number)
        time.sleep(0.02)
        return double(number)

    def help_with(folder):
        table = Table(folder)
        with suppress(OSError):
            while (number := table.claim()) is not None:
                table.do(number)

    @contextmanager
    def helped(folder):
        others = [threading.Thread(target=help_with, args=(folder,)) for _ in range(3)]
        for other in others:
            other.start()
        yield
        for other in others:
            other.join()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "packed", lambda work: str(work[1][0]).encode())
        patch.setattr(sharing, "unpacked", lambda work: (slow, (int(work),)))
        spread = SharedSpread(tmp_path, helped, hands=4)
        results = list(spread.map(slow, [(n,) for n in range(20)]))
    assert [int(parts["twice"][0]) for parts in results] == list(range(0, 40, 2))
    assert sorted(begun) == list(range(20))


def test_a_piece_whose_helper_died_is_done_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "_LEAST_PATIENCE_S", 0.2)

    @contextmanager
    def helped(folder):
        assert Table(folder).claim() == 0  # and never does it
        yield

    spread = SharedSpread(tmp_path, helped, hands=2)
    results = list(spread.map(double, [(n,) for n in range(3)]))
    assert [int(parts["twice"][0]) for parts in results] == [0, 2, 4]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return a scan and its output when one process works on its pieces."""
    folder = tmp_path_factory.mktemp("large")
    (scan,) = make_scans(folder / "scans", 1, thin=4)
    command = [*PROGRAM, "run", scan, "-o", folder / "out", *SETTINGS]
    subprocess.run(command, check=True, env=os.environ | POINTS, timeout=PATIENCE_S)
    return scan, folder / "out"


@pytest.mark.slow
def test_workers_of_a_cluster_share_the_pieces_of_one_scan(large, tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", str(PATIENT))
    scan, alone = large
    command = [*PROGRAM, "run", scan, "-o", tmp_path / "out", *SETTINGS[1:]]
    with scheduler(tmp_path, workers=2) as (address, _):
        done = subprocess.run(
            [*command, "--scheduler", address],
            capture_output=True, check=False, text=True, timeout=PATIENCE_S,
            env=os.environ | POINTS,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pieces, workers = map(int, DONE_BY.search(done.stderr).groups())
    assert pieces > 10
    assert workers == 2
    assert require_same(tmp_path / "out", alone) > 10
    assert not (tmp_path / ".out.work").exists()


@pytest.mark.slow
def test_workers_that_die_while_they_share_a_scan_change_nothing(large, tmp_path):
    scan, alone = large
    out = tmp_path / "out"
    with scheduler(tmp_path, workers=2) as (address, (_, *workers)):
        command = [*PROGRAM, "run", scan, "-o", out, *SETTINGS, "--scheduler", address]
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | POINTS
        ) as running:
            for worker in workers:
                wait_for_claims(out, running)
                kill_child(worker)
            _, words = running.communicate(timeout=PATIENCE_S)
        assert running.returncode == 0, words
    assert require_same(out, alone) > 10


def wait_for_claims(out, running):
    """Wait until a piece is claimed that nobody had claimed before."""
    pattern = f".{out.name}.work/attempts/*/*.pieces/*/*.claim"
    before = set(out.parent.glob(pattern))
    wait_until(lambda: set(out.parent.glob(pattern)) - before, running)


def kill_child(worker):
    children = psutil.Process(worker.pid).children(recursive=True)
    (victim, *_) = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    victim.kill()
