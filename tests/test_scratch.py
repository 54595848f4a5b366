import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from twin_pipeline.durable import scratch as module
from twin_pipeline.durable.scratch import scratch, sweep
from twin_pipeline.export.files import write_text

HOLDER = """
import sys, time
from twin_pipeline.durable.scratch import scratch
with scratch() as folder:
    (folder / "some.las").write_bytes(b"LASF")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield tmp_path
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def holder(place):
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE)
    name = process.stdout.readline().decode().strip()
    yield process, place / Path(name).name
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_folder_is_gone_after_the_block(place):
    with scratch() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
    assert list(place.iterdir()) == []


def test_what_a_killed_process_leaves_the_next_one_removes(place, holder):
    process, left = holder
    sweep()
    assert (left / "some.las").exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert left.exists()
    with scratch() as folder:
        assert list(place.iterdir()) == [folder]


def test_what_is_not_surely_left_stays(place, monkeypatch):
    with scratch() as mine:
        others = [
            mine.name.replace("twin-pipeline-", "twin-pipeline-other-", 1),  # another host's
            "twin-pipeline-young_01",
            "twin-pipeline-notes",
            "twin-pipeline-layer-abcdefgh.txt",
        ]
        for name in others:
            (place / name).mkdir()
        goal = place / "goal"
        goal.mkdir()
        (place / f"{mine.name[:-8]}abcdefgh").symlink_to(goal)
        (place / f"{mine.name[:-8]}aaaabbbb").write_bytes(b"")
        before = sorted(place.iterdir())
        sweep()
        assert sorted(place.iterdir()) == before
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        (place / f"{mine.name[:-8]}not_mine").mkdir()
        sweep()
        assert (place / f"{mine.name[:-8]}not_mine").exists()


@pytest.mark.parametrize(
    ("hours", "filled", "stays"),
    [(0.9, False, True), (1.1, False, False), (1.1, True, True), (25, True, False)],
)
def test_folders_of_earlier_versions_go_once_they_are_old(place, monkeypatch, hours, filled, stays):
    left = place / "twin-pipeline-27b48q2v"
    left.mkdir()
    if filled:
        (left / "some.las").touch()
    now = time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + 3600 * hours)
    sweep()
    assert left.exists() == stays


def test_nobody_takes_a_folder_from_another(place):
    lost, stop = [], threading.Event()

    def use():
        for _ in range(60):
            with scratch() as folder:
                (folder / "file").touch()
                if not (folder / "file").exists():
                    lost.append(folder)

    def clear():
        while not stop.is_set():
            sweep()

    users = [threading.Thread(target=use) for _ in range(4)]
    clearer = threading.Thread(target=clear)
    for thread in (*users, clearer):
        thread.start()
    for thread in users:
        thread.join()
    stop.set()
    clearer.join()
    assert lost == []
    assert list(place.iterdir()) == []


def test_a_folder_elsewhere(tmp_path):
    with scratch(tmp_path, ".publishing-") as folder:
        assert folder.parent == tmp_path
        assert folder.name.startswith(".publishing-")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_leaves_the_next_one_removes(tmp_path):
    with scratch(tmp_path, ".writing-") as mine:
        left = tmp_path / f"{mine.name[:-8]}abcdefgh"
    left.mkdir()
    (left / "pipes.csv").touch()
    assert write_text(tmp_path / "pipes.csv", "管\n").read_text("utf-8") == "管\n"
    assert [path.name for path in tmp_path.iterdir()] == ["pipes.csv"]
