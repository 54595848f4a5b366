"""`python -m benchmarks scaling`: time and memory of the extraction as scans grow.

A larger scan is a longer trench, as on site. Each size runs in a process of its own, whose peak of
memory is told without what Python and the compiled kernels take, but with the cloud's own 24 bytes
a point. For a cost that grows linearly the figures per point stay the same.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from benchmarks.efficient_ransac import Stopwatch
from benchmarks.rival import CONFIG
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import load_config
from twin_pipeline.extraction import extract
from twin_pipeline.model import FloatArray, PointCloud
from twin_pipeline.synthetic import presets, scan

SIZES = (1.0, 3.0, 10.0, 30.0)
"""Million points."""
POINTS_PER_M = 100_000
"""Along the trench."""
_PIECE_M = 10.0
_WARM_UP_M = 3.0
_POINT_BYTES = 24
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def main(arguments: Sequence[str]) -> int:
    """Print one line a size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks scaling", description=__doc__)
    parser.add_argument(
        "--sizes", type=float, nargs="+", default=SIZES, help="million points; default 1 3 10 30"
    )
    parser.add_argument("--piece", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.piece:
        print(json.dumps(_measured(np.load(given.piece), given.sizes[0])))
        return 0
    print("| million points | s | processor s | us a point | x first | bytes a point | found m |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        piece = Path(folder) / "piece.npy"
        np.save(piece, _piece())
        first = None
        for size in given.sizes:
            told = _in_a_process(piece, size)
            first = first or told["processor"] / told["points"]
            print(_row(told, first), flush=True)
    return 0


def _row(told: dict, first: float) -> str:
    each = told["processor"] / told["points"]
    return (
        f"| {told['points'] / 1e6:.1f} | {told['wall']:.1f} | {told['processor']:.1f} "
        f"| {1e6 * each:.2f} | {each / first:.2f} | {told['bytes'] / told['points']:.0f} "
        f"| {told['found_m']:.1f} in {told['pieces']} |"
    )


def _in_a_process(piece: Path, size: float) -> dict:
    command = [sys.executable, "-m", "benchmarks", "scaling", "--piece", piece, "--sizes", size]
    done = subprocess.run(map(str, command), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _piece() -> FloatArray:
    """Return points (N, 3) of the middle of a trench, which can be laid end to end."""
    length = 2.0 * _PIECE_M
    scene = presets.trench(
        "DIP", 150, length_m=length, points=round(length * POINTS_PER_M), grade=0
    )
    xyz = scan(scene).xyz
    middle = (xyz[:, 0] >= 0.5 * _PIECE_M) & (xyz[:, 0] < 1.5 * _PIECE_M)
    return np.ascontiguousarray(xyz[middle])


def _trench(piece: FloatArray, points: int) -> PointCloud:
    """Return a trench of so many points, made of pieces that follow each other."""
    xyz = np.empty((points, 3))
    for number, start in enumerate(range(0, points, len(piece))):
        part = xyz[start : start + len(piece)]
        part[:] = piece[: len(part)]
        part[:, 0] += number * _PIECE_M
    return PointCloud(xyz, np.zeros(3))


def _measured(piece: FloatArray, size: float) -> dict:
    config, catalogue = load_config(CONFIG), load_catalogue()
    # loads what is compiled; as dense as what is timed, so that nothing of it is left out
    small = PointCloud(piece[piece[:, 0] < piece[:, 0].min() + _WARM_UP_M], np.zeros(3))
    extract(small, config, catalogue, lambda _: nullcontext())
    cloud = _trench(piece, round(size * 1e6))
    before = _resident()
    watch = Stopwatch()
    found = extract(cloud, config, catalogue, lambda _: nullcontext())
    taken = watch.stop()
    peak = _peak()
    return {
        "points": len(cloud),
        "wall": taken.wall,
        "processor": taken.processor,
        "bytes": peak - before + _POINT_BYTES * len(cloud),
        "found_m": sum(pipe.length_m for pipe in found.pipes),
        "pieces": len(found.pipes),
    }


def _peak() -> int:
    """Return the most memory that the process has held.

    By its own account on Linux: what the system tells of resources counts what the process held
    from which this one was forked, before it was this program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT


def _resident() -> int:
    """Return the memory that the process holds now; its peak so far where that isn't told."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT
