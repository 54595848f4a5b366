"""Kill a batch at random moments, go on with --resume, and compare with an undisturbed run.

`python -m benchmarks.torture --kills 200` kills a random process of the run's (its own, a worker,
a decoder) with SIGKILL, as a power cut would, until that many kills are done: at any moment, and
while sites are tiled, merged and put in place. Each time the output folder must be absent or whole,
and in the end every byte that tells no time must be the same.
"""

import argparse
import json
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import laspy
import numpy as np
import psutil

from twin_pipeline.durable.files import entries, read_json
from twin_pipeline.durable.work import work_path
from twin_pipeline.warming import made_trench

PROGRAM = [sys.executable, "-m", "twin_pipeline"]
SETTINGS = [
    "-q",
    "--crs",
    "EPSG:6677",
    "--vertical",
    "jgd2011",
    "--axis-order",
    "en",
    "--material",
    "DIP",
]
TIMES = re.compile(
    r'"(started_at|finished_at)": "[^"]*"|"(timings_s|memory_mb)": \{[^}]*\}'
    r"|\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)|<p>read .* s</p>"
)


class DifferenceError(AssertionError):
    """Outputs are not what they must be."""


def make_scans(folder: Path, count: int, *, thin: int = 12) -> list[Path]:
    """Write small trenches, each a little different."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_make_scan(folder / f"site_{n:03d}.laz", n, thin) for n in range(count)]


def _make_scan(path: Path, number: int, thin: int) -> Path:
    row, column = divmod(number, 20)  # near each other: further away 37 m would be no ground
    place = np.array([-12_800.0 + 30 * column, -34_400.0 + 30 * row, 37.0])
    xyz = made_trench()[number % thin :: thin] + place
    header = laspy.LasHeader(point_format=3, version="1.2")
    header.scales, header.offsets = [0.001] * 3, [-12_800.0, -34_400.0, 0.0]
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz.T
    las.red = las.green = las.blue = np.full(len(xyz), 20_000 + number, np.uint16)
    las.write(path)
    return path


def run(scans: Sequence[Path], out: Path, *flags: str) -> "subprocess.Popen[bytes]":
    """Begin a run."""
    command = [*PROGRAM, "run", *scans, "-o", out, *SETTINGS, *flags]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(process: "subprocess.Popen[bytes]") -> int:
    """Wait for a run; its last words stand in the error if it fails unexpectedly.

    A site whose workers were killed often enough is given up, and is for --resume.
    """
    _, words = process.communicate()
    given_up = process.returncode == 1 and b"sites failed" in words
    if process.returncode not in (0, 3, -9) and not given_up:
        raise DifferenceError(
            f"exit {process.returncode}: {words.decode(errors='replace')[-2000:]}"
        )
    return process.returncode


MOMENTS = ("any", "cluster", "tiles", "merging", "publishing")
"""When to kill: at any time, while sites are worked on, tiled, merged, or put in place."""


def reached(moment: str, out: Path) -> bool:
    """Whether a run is where it is to be killed, as far as its files tell."""
    work = work_path(out)
    match moment:
        case "cluster":
            return any((work / "attempts").glob("*/*"))
        case "tiles":
            running = (read_json(path) for path in entries(work / "running"))
            return any(found is not None and found["stage"] == "tiles" for found in running)
        case "merging":
            return (work / "stage" / "config.toml").exists()
        case "publishing":
            return (work / "stage" / "run.json").exists()
    return True


def wait_for(moment: str, out: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a run is there, or has ended."""
    while process.poll() is None and not reached(moment, out):
        time.sleep(0.002)


def kill_one(process: "subprocess.Popen[bytes]", choice: random.Random, moment: str) -> bool:
    """Kill the run's process or one below it; return whether it was the run's own."""
    try:
        own = psutil.Process(process.pid)
        below = own.children(recursive=True)
        alone = moment in ("merging", "publishing") or not below
        victim = own if alone else choice.choice([own, *below, *below[-2:]])
        victim.kill()
    except psutil.NoSuchProcess:
        return False
    return victim.pid == process.pid


def told(out: Path) -> dict[str, bytes]:
    """Return the content of every file below an output folder, times masked."""
    return {
        str(path.relative_to(out)): _without_times(path)
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "log.jsonl"
    }


def _without_times(path: Path) -> bytes:
    if path.suffix in (".json", ".html"):
        return TIMES.sub("TIME", path.read_text("utf-8")).encode()
    return path.read_bytes()


def require_same(out: Path, reference: Path) -> int:
    """Compare two output folders; return the number of files."""
    mine, other = told(out), told(reference)
    odd = sorted(mine.keys() ^ other.keys()) + [k for k in mine if mine[k] != other.get(k)]
    if odd:
        raise DifferenceError(f"{out} differs from {reference}: {', '.join(dict.fromkeys(odd))}")
    return len(mine)


def require_whole_or_absent(out: Path) -> None:
    """Check what somebody sees who looks at the folder at this moment."""
    if out.exists():
        json.loads((out / "run.json").read_text("utf-8"))
        with sqlite3.connect(f"file:{out / 'pipes.gpkg'}?mode=ro", uri=True) as database:
            database.execute("SELECT count(*) FROM pipes").fetchone()
        if not (out / "tiles" / "tileset.json").exists():
            raise DifferenceError(f"{out}: has no tileset")


def torture(
    folder: Path,
    *,
    kills: int,
    sites: int,
    jobs: int,
    seed: int,
    moments: Sequence[str] = MOMENTS,
) -> tuple[int, int]:
    """Kill until enough kills are done; return runs that came to their end, and files compared."""
    killed: Counter[str] = Counter()
    choice = random.Random(seed)  # noqa: S311 - not a secret
    scans = make_scans(folder / "scans", sites)
    began = time.monotonic()
    finished(run(scans, folder / "reference", "--jobs", str(jobs)))
    whole_s = time.monotonic() - began
    ends, compared, done = 0, 0, 0
    while done < kills:
        out = folder / "out"
        while not out.exists():
            process = run(scans, out, "--resume", "--jobs", str(jobs))
            own = False
            while not own and process.poll() is None and done < kills:
                moment = choice.choice(moments)
                wait_for(moment, out, process)
                time.sleep(choice.uniform(0.0, 0.3 * whole_s) if moment == "any" else 0.0)
                if process.poll() is None:
                    own = kill_one(process, choice, moment)
                    done += 1
                    killed[f"{moment} {'command' if own else 'below'}"] += 1
            finished(process)
            require_whole_or_absent(out)
        finished(run(scans, out, "--resume", "--jobs", str(jobs)))
        compared += require_same(out, folder / "reference")
        ends += 1
        left = [path.name for path in folder.iterdir() if path.name.startswith(".")]
        if left:
            raise DifferenceError(f"left behind: {left}")
        shutil.rmtree(out)
        print(f"{done} kills, {ends} runs came to their end, the same each time", flush=True)
        print(", ".join(f"{many} {how}" for how, many in sorted(killed.items())), flush=True)
    return ends, compared


def main() -> None:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--sites", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moments", nargs="+", default=MOMENTS, choices=MOMENTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        torture(
            Path(folder),
            kills=given.kills,
            sites=given.sites,
            jobs=given.jobs,
            seed=given.seed,
            moments=given.moments,
        )


if __name__ == "__main__":
    main()
