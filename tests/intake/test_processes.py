"""The command itself, in processes of its own: killed, stopped, beside files that are growing."""

import json
import os
import signal
import subprocess
import sys
import time

import laspy
import numpy as np
import pytest
from conftest import ROOT

from twin_pipeline.validation import validate_output

SETTINGS = ["-c", str(ROOT / "configs" / "tokyo.toml"), "--material", "DIP"]


class Watching:
    """Watches a folder by the command, as often as it is started."""

    def __init__(self, folder):
        self.inbox, self.out = folder / "inbox", folder / "out"
        self.inbox.mkdir()
        self.log = folder / "log.txt"
        waits = {"SETTLE_S": "0.6", "INTERVAL_S": "0.2", "GIVE_UP_S": "3600"}
        settings = {f"TWIN_PIPELINE_WATCH__{key}": value for key, value in waits.items()}
        self.environment = os.environ | settings | {"XDG_STATE_HOME": str(folder / "state")}
        self.running = []
        self.said = 0

    def start(self, *arguments):
        command = [sys.executable, "-m", "twin_pipeline", "watch", self.inbox, "-o", self.out]
        self.said = len(self.log.read_text()) if self.log.exists() else 0
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [*map(str, command), *SETTINGS, *arguments],
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.running.append(process)
        return process

    def answer(self, name):
        """Return the result, which must be whole whenever it is there."""
        try:
            return json.loads((self.inbox / f"{name}.result.json").read_bytes())
        except FileNotFoundError:
            return None

    def wait_for(self, *names, within_s=240.0):
        end = time.monotonic() + within_s
        while not all(map(self.answer, names)):
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def wait_until_it_says(self, words, within_s=120.0):
        """Wait for a line since the last start."""
        end = time.monotonic() + within_s
        while words not in self.log.read_text()[self.said :]:
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def drops(self):
        folder = self.out.with_name(".out.watch") / "drops"
        found = [json.loads(path.read_bytes()) for path in folder.glob("[!.]*.json")]
        return {drop["name"]: drop for drop in found}


@pytest.fixture
def watching(tmp_path):
    made = Watching(tmp_path)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
        process.wait(30)


@pytest.fixture(scope="module")
def trench(sample_scan, tmp_path_factory):
    """Return the sample scan with every tenth point."""
    path = tmp_path_factory.mktemp("thin") / "trench.laz"
    las = laspy.read(sample_scan)
    las[np.arange(0, len(las.points), 10)].write(path)
    return path


def place(watching, name, content):
    """Bring a file into the folder as careful senders do."""
    beside = watching.inbox / f"{name}.part"
    beside.write_bytes(content)
    beside.rename(watching.inbox / name)


def test_killed_at_any_moment_it_loses_nothing_and_does_nothing_twice(watching, trench, make_scan):
    chance = np.random.default_rng(4)
    place(watching, "pavement.las", make_scan().read_bytes())
    place(watching, "trench.laz", trench.read_bytes())
    place(watching, "same.laz", trench.read_bytes())
    for _ in range(4):
        process = watching.start()
        end = time.monotonic() + chance.uniform(1.0, 8.0)
        while time.monotonic() < end:
            watching.answer("trench.laz")  # must be whole, if there
            time.sleep(0.05)
        process.kill()
        process.wait(30)
    process = watching.start()
    names = "pavement.las", "trench.laz", "same.laz"
    watching.wait_for(*names)
    assert watching.answer("pavement.las")["verdict"] == "rescan"
    verdicts = {watching.answer(name)["verdict"] for name in names[1:]}
    assert verdicts == {"rescan", "duplicate"}
    assert validate_output(watching.out) == []
    record = json.loads((watching.out / "run.json").read_bytes())
    assert len(record["sites"]) == 1
    (site,) = record["sites"]
    before = {path: path.stat().st_mtime_ns for path in watching.inbox.glob("*.result.*")}
    standing = (watching.out / "run.json").stat().st_mtime_ns
    watching.wait_until_it_says("watching")  # those killed may have answered everything
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    again = watching.start("--once")
    assert again.wait(120) == 0  # nothing new that is not accepted
    assert before == {path: path.stat().st_mtime_ns for path in watching.inbox.glob("*.result.*")}
    assert (watching.out / "run.json").stat().st_mtime_ns == standing
    done = f"{site['name']}.laz"
    assert watching.answer(done)["pipes"][0]["quality"] in {"good", "usable"}
    assert watching.answer(done)["rescan"][0]["from_m"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_of_work_it_ends_in_order(watching, trench, number):
    place(watching, "trench.laz", trench.read_bytes())
    process = watching.start()
    watching.wait_until_it_says("checking and processing")
    time.sleep(1.5)
    process.send_signal(number)
    assert process.wait(60) == 0
    assert "stopped" in watching.log.read_text()
    assert watching.answer("trench.laz") is None
    assert watching.drops()["trench.laz"]["stage"] == "working"
    assert watching.drops()["trench.laz"]["deaths"] == 0


def test_a_file_that_grows_is_left_alone_until_it_is_whole(watching, make_scan):
    whole = make_scan(points=20_000).read_bytes()
    process = watching.start()
    with (watching.inbox / "slow.las").open("wb") as file:
        for start in range(0, len(whole), len(whole) // 6 + 1):
            file.write(whole[start : start + len(whole) // 6 + 1])
            file.flush()
            time.sleep(1.0)  # longer than it takes to settle: what the header promises still lacks
            assert watching.answer("slow.las") is None
    watching.wait_for("slow.las")
    assert watching.answer("slow.las")["verdict"] == "rescan"
    assert watching.log.read_text().count("checking and processing") == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def test_once_answers_what_is_there_and_says_by_its_exit_code_whether_all_is_well(
    watching, make_scan
):
    assert watching.start("--once").wait(120) == 0
    place(watching, "no crs.las", make_scan("b.las", crs=None).read_bytes())
    place(watching, "broken.laz", b"LASF" + b"\1" * 500)
    os.utime(watching.inbox / "broken.laz", (1, 1))
    assert watching.start("--once").wait(120) == 3
    assert watching.answer("broken.laz")["verdict"] == "refused"
    assert watching.answer("no crs.las")["verdict"] in {"refused", "rescan"}
    assert watching.start("--once").wait(120) == 0
