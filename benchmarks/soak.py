"""Run many small sites and look for what grows or stays: `python -m benchmarks.soak --sites 200`.

The memory of the whole process tree is taken every half second; its peak in the last quarter must
not exceed that in the second by more than a tenth. No process, file or temporary folder may stay.
"""

import argparse
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.torture import finished, make_scans, run


def soak(folder: Path, *, sites: int, jobs: int) -> dict[str, float]:
    """Run the sites; return seconds, and peak memory in MB of each quarter of the time."""
    scans = make_scans(folder / "scans", sites)
    before = {path.name for path in Path(tempfile.gettempdir()).iterdir()}
    began = time.monotonic()
    process = run(scans, folder / "out", "--jobs", str(jobs))
    seen: list[float] = []
    below: set[psutil.Process] = set()
    while process.poll() is None:
        memory, tree = _memory(process.pid)
        seen.append(memory)
        below |= tree
        time.sleep(0.5)
    seconds = time.monotonic() - began
    finished(process)
    quarter = max(1, len(seen) // 4)
    peaks = [max(seen[n * quarter : (n + 1) * quarter]) for n in range(4)]
    alive = [found for found in below if _alive(found)]
    left = {path.name for path in Path(tempfile.gettempdir()).iterdir()} - before
    strange = [name for name in left if name.startswith(("twin-pipeline", "dask", ".tiles"))]
    hidden = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    if alive or strange or hidden:
        raise SystemExit(f"left behind: {alive} {strange} {hidden}")
    if peaks[3] > 1.1 * peaks[1]:
        raise SystemExit(f"memory grows: {peaks} MB")
    return {"seconds": seconds, **{f"quarter {n + 1}": peak for n, peak in enumerate(peaks)}}


def _alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that only waits to be counted by its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _memory(pid: int) -> tuple[float, set[psutil.Process]]:
    try:
        own = psutil.Process(pid)
        tree = {own, *own.children(recursive=True)}
    except psutil.NoSuchProcess:
        return 0.0, set()
    total = 0
    for process in tree:
        try:
            total += process.memory_full_info().uss
        except psutil.Error:
            continue
    return total / 1e6, tree


def main() -> None:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        for name, value in soak(Path(folder), sites=given.sites, jobs=given.jobs).items():
            print(f"{name}: {value:.0f}")


if __name__ == "__main__":
    main()
