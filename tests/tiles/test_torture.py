"""Runs of `tile` that are killed, interrupted, or have no room; the long form is
`python -m benchmarks.tiles.torture`."""

import subprocess

import pytest

from benchmarks.tiles.scan import write_scan
from benchmarks.tiles.torture import fill_disk, interrupt, torture

pytestmark = pytest.mark.slow
POINTS = 200_000


def test_a_few_kills_change_nothing_and_cost_nothing_that_was_finished(tmp_path):
    told = torture(tmp_path, kills=3, points=900_000, seed=3)
    assert told["kills"] == 3


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "scan.laz"
    write_scan(path, POINTS)
    return path


@pytest.mark.parametrize("share", [0.1, 0.8])
def test_disk_that_becomes_full_is_told_and_left_as_it_was(share, scan, tmp_path):
    try:
        told = fill_disk(tmp_path, scan, POINTS, share)
    except subprocess.CalledProcessError:
        pytest.skip("needs the right to mount a tmpfs")
    assert "MB are missing" in told


@pytest.mark.parametrize("delay_s", [0.6, 1.2])
def test_interrupted_run_leaves_no_process(delay_s, scan, tmp_path):
    assert interrupt(tmp_path, scan, delay_s) in (0, 130, -2)
