import subprocess
import sys
from itertools import count
from pathlib import Path

import laspy

from twin_pipeline.pipeline import run_site
from twin_pipeline.progress import Progress
from twin_pipeline.stages.read import inspect_scan, read_chunks

BIN = Path(sys.executable).parent
CONFIG = Path(__file__).parent.parent / "configs" / "tokyo.toml"
ROUNDS = {"rounds": 3, "warmup_rounds": 1}


def test_decode(benchmark, scan):
    """The physical limit: every point decoded once, and dropped."""

    def decode():
        for _ in read_chunks(scan, dimensions=()):
            pass

    benchmark.extra_info["points"] = inspect_scan(scan, full=False).point_count
    benchmark.pedantic(decode, **ROUNDS)


def test_run(benchmark, scan, config, tmp_path):
    """One site in this process; its stages come with it."""
    numbers = count()

    def new_folder():
        staging = tmp_path / str(next(numbers))
        staging.mkdir()
        return (scan, config, staging, Progress()), {}

    outcome = benchmark.pedantic(run_site, setup=new_folder, **ROUNDS)
    benchmark.extra_info["timings_s"] = dict(outcome.timings)


def test_run_command(benchmark, scan, tmp_path):
    """Everything included, from the start of Python to the report; kernels are compiled."""
    command = [BIN / "twin-pipeline", "run", scan, "-c", CONFIG, "-o", tmp_path / "out", "-q"]
    benchmark.pedantic(_call, args=([*command, "--overwrite"],), **ROUNDS)


def test_tile_command(benchmark, scan, tmp_path):
    command = [BIN / "twin-pipeline", "tile", scan, "-c", CONFIG, "-o", tmp_path / "out", "-q"]
    benchmark.pedantic(_call, args=([*command, "--overwrite"],), **ROUNDS)


def test_tile_command_of_py3dtiles(benchmark, scan, tmp_path):
    """The rival; where lazrs is installed it hangs on LAZ, so it is given LAS."""
    las = tmp_path / "scan.las"
    laspy.read(scan).write(las)
    options = "--srs_in 6677 --srs_out 4978 --pyproj-always-xy --spec-version 1.1 --overwrite"
    fields = "--extra-fields intensity --extra-fields classification"
    command = [BIN / "py3dtiles", "convert", las, "--out", tmp_path / "out"]
    benchmark.pedantic(_call, args=([*command, *options.split(), *fields.split()],), **ROUNDS)


def _call(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
