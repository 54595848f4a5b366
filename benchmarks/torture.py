"""Kill a batch at random moments, go on with --resume, and compare with an undisturbed run.

`python -m benchmarks.torture --kills 200` kills a random process of the run's (its own, a worker,
a decoder) with SIGKILL, as a power cut would, until that many kills are done: at any moment, and
while sites are tiled, merged and put in place. Each time the output folder must be absent or whole,
and in the end every byte that tells no time must be the same. With `--store` the output goes into
object storage, and uploads are killed too. With `--ask` the run is asked to end, as by Ctrl+C. With
`--fork` it begins in a process that has loaded all modules already, so that more of the kills fall
into the work.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import laspy
import numpy as np
import psutil

from benchmarks.places import DifferenceError, LocalPlace, place_in
from twin_pipeline.cli import main as main_of_program
from twin_pipeline.durable.files import entries, read_json
from twin_pipeline.durable.work import work_path
from twin_pipeline.remote import address_of
from twin_pipeline.warming import made_trench

PROGRAM = [sys.executable, "-m", "twin_pipeline"]
PLACE = ["--crs", "EPSG:6677", "--vertical", "jgd2011", "--axis-order", "en"]
SETTINGS = ["-q", *PLACE, "--material", "DIP"]


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


def _spelled(out: Path) -> str:
    """Return a place as it is typed; a path has lost a slash of an address."""
    return address_of(out) or str(out)


def run(scans: Sequence[Path], out: Path, *flags: str) -> "subprocess.Popen[bytes]":
    """Begin a run."""
    command = [*PROGRAM, "run", *scans, "-o", _spelled(out), *SETTINGS, *flags]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Forked:
    """A run in a fork of this process, told as `subprocess` tells."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.returncode: int | None = None
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
        self.pid = os.fork()
        if self.pid == 0:
            self._call(arguments)

    def _call(self, arguments: Sequence[str]) -> None:
        code = 99
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(self._words.fileno(), 2)
            sys.argv = ["twin-pipeline", *arguments]
            main_of_program()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(bool(error.code))
        finally:
            sys.stderr.flush()
            os._exit(code)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        while (code := self.poll()) is None:
            time.sleep(0.01)
        return code

    def communicate(self) -> tuple[None, bytes]:
        self.wait()
        self._words.seek(0)
        with self._words:
            return None, self._words.read()


Process = subprocess.Popen[bytes] | Forked


def fork(scans: Sequence[Path], out: Path, *flags: str) -> Forked:
    """Begin a run in a process that has loaded all modules already."""
    return Forked(["run", *map(str, scans), "-o", _spelled(out), *SETTINGS, *flags])


def finished(process: Process) -> int:
    """Wait for a run; its last words stand in the error if it fails unexpectedly.

    A site whose workers were killed often enough, or whose decoder was, is given up, and is for
    --resume.
    """
    _, words = process.communicate()
    given_up = process.returncode == 1 and (b"sites failed" in words or b"signal 9" in words)
    if process.returncode not in (0, 3, -9) and not given_up:
        raise DifferenceError(
            f"exit {process.returncode}: {words.decode(errors='replace')[-2000:]}"
        )
    return process.returncode


MOMENTS = ("any", "cluster", "workers", "tiles", "merging", "publishing")
"""When to kill: at any time, while sites are worked on, tiled, merged, or put in place.

At "workers" those are killed that the cluster has, or what is below them, and never the command.
"""


_LONGEST = {"any": 0.3, "workers": 0.1}
"""Share of a whole run's time that is waited at most when a moment is there."""

UPLOAD = "upload"
"""When to kill besides, where the output goes into object storage: on the way there."""


def reached(moment: str, out: Path) -> bool:
    """Whether a run is where it is to be killed, as far as its files tell."""
    work = work_path(out)
    match moment:
        case "cluster" | "workers":
            return any((work / "attempts").glob("*/*"))
        case "tiles":
            running = (read_json(path) for path in entries(work / "running"))
            return any(found is not None and found["stage"] == "tiles" for found in running)
        case "merging":
            return (work / "stage" / "config.toml").exists()
        case "publishing":
            return (work / "stage" / "run.json").exists()
        case "upload":
            return (out / "run.json").exists()
    return True


def wait_for(moment: str, out: Path, process: Process) -> None:
    """Wait until a run is there, or has ended."""
    while process.poll() is None:
        with suppress(FileNotFoundError, psutil.NoSuchProcess):  # folders come and go
            if reached(moment, out) and (moment != "workers" or _below(process)):
                break
        time.sleep(0.002)


def _below(process: Process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def kill_one(process: Process, choice: random.Random, moment: str) -> bool:
    """Kill the run's process or one below it; return whether it was the run's own."""
    try:
        own = psutil.Process(process.pid)
        below = own.children(recursive=True)
        alone = moment in ("merging", "publishing", UPLOAD) or not below
        own_too = [] if moment == "workers" else [own]
        victim = own if alone else choice.choice([*own_too, *below, *below[-2:]])
        victim.kill()
    except psutil.NoSuchProcess:
        return False
    return victim.pid == process.pid


def ask_to_end(process: Process, choice: random.Random, _moment: str) -> bool:
    """Ask the run to end, as users, shells and systems do; it must obey at once, in one line."""
    number = choice.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        below = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, number)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False
    _, alive = psutil.wait_procs(below, timeout=120)
    code, words = process.wait(), process.communicate()[1]
    # one that has hardly begun has nothing to clear up, and dies of the signal itself
    obeyed = code in (0, 3, -number) or (code == 128 + number and words.count(b"\n") == 1)
    if alive or not obeyed:
        raise DifferenceError(f"signal {number}: exit {code}, {words!r}, still there: {alive}")
    return True


def torture(
    place: LocalPlace,
    scans: Sequence[Path],
    *,
    kills: int,
    jobs: int,
    seed: int,
    moments: Sequence[str] = MOMENTS,
    begin: Callable[..., Process] = run,
    kill: Callable[..., bool] = kill_one,
) -> tuple[int, int]:
    """Kill until enough kills are done; return runs that came to their end, and files compared."""
    choice = random.Random(seed)  # noqa: S311 - not a secret
    began = time.monotonic()
    flags = ("--resume", "--jobs", str(jobs))
    finished(begin(scans, place.reference, *flags))
    whole_s = time.monotonic() - began
    killed: Counter[str] = Counter()
    ends, compared = 0, 0
    while killed.total() < kills:
        while not place.exists():
            process = begin(scans, place.out, *flags)
            own = False
            while not own and process.poll() is None and killed.total() < kills:
                moment = choice.choice(moments)
                wait_for(moment, place.local, process)
                time.sleep(choice.uniform(0.0, _LONGEST.get(moment, 0.0) * whole_s))
                if process.poll() is None:
                    own = kill(process, choice, moment)
                    killed[f"{moment} {'command' if own else 'below'}"] += 1
            if not own or kill is kill_one:
                finished(process)
            place.require_whole_or_absent()
        finished(begin(scans, place.out, *flags))
        compared += place.require_same()
        ends += 1
        place.clear()
        print(f"{killed.total()} kills, {ends} runs came to their end, the same each time")
        print(", ".join(f"{many} {how}" for how, many in sorted(killed.items())), flush=True)
    return ends, compared


def main() -> None:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--sites", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--fork", action="store_true")
    parser.add_argument("--ask", action="store_true", help="Ask to end instead: Ctrl+C and alike.")
    parser.add_argument("--moments", nargs="+", choices=(*MOMENTS, UPLOAD))
    given = parser.parse_args()
    usual = (*MOMENTS, UPLOAD) if given.store else MOMENTS
    with (
        tempfile.TemporaryDirectory(prefix="torture-") as name,
        place_in(Path(name), store=given.store) as place,
    ):
        torture(
            place,
            make_scans(Path(name) / "scans", given.sites),
            kills=given.kills,
            jobs=given.jobs,
            seed=given.seed,
            moments=given.moments or usual,
            begin=fork if given.fork else run,
            kill=ask_to_end if given.ask else kill_one,
        )


if __name__ == "__main__":
    main()
