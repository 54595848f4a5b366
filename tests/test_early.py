"""What happens before the program is loaded."""

import os
import signal
import subprocess
import sys

import pytest

from twin_pipeline.cli import early
from twin_pipeline.stages.read import ahead


@pytest.fixture
def begun(monkeypatch):
    """Return the scans that begin to be decoded."""
    scans = []
    monkeypatch.setattr(ahead, "begin", lambda path, *_: scans.append(path.name))
    return scans


def test_one_laz_begins_to_be_decoded(begun):
    early.decode_meanwhile(["tile", "-c", "tokyo.toml", "a.LAZ", "-o", "out"])
    assert begun == ["a.LAZ"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["run", "a.laz", "-o", "out"],
        ["tile", "a.las", "-o", "out"],
        ["tile", "a.laz", "b.laz", "-o", "out"],
        ["tile", "a.laz", "-o", "out", "--resume"],
        ["tile", "a.laz", "-o", "out", "--attributes=all"],
        ["tile", "--help", "a.laz"],
    ],
)
def test_nothing_is_decoded_that_may_not_be_wanted(arguments, begun):
    early.decode_meanwhile(arguments)
    assert begun == []


INTERRUPTED = """
import os, signal, sys
from twin_pipeline import cli
cli.decode_meanwhile = lambda _: os.kill(os.getpid(), signal.SIGINT)
sys.argv = ["twin-pipeline", "tile", "a.laz", "-o", "out"]
cli.main()
"""


def test_interrupt_while_the_program_is_loaded_is_told_in_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr == "twin-pipeline: interrupted; nothing was written\n"
    assert not list(tmp_path.iterdir())


def test_interrupts_that_are_ignored_stay_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with early.ending_at_once():
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
