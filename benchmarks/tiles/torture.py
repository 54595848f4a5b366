"""Kill `tile` at random moments, fill its disk, interrupt it, and look at what is left.

`python -m benchmarks.tiles.torture --kills 40` kills the whole run, or its decoder alone, with
SIGKILL, and goes on with --resume until a run comes to its end. Each time the output must be absent
or whole, what was finished must not be done anew, and in the end every byte of the tiles must be
that of an undisturbed run. Then, where tmpfs may be mounted, the disk becomes full at several
moments; and the run is interrupted as by Ctrl-C.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil

from benchmarks.tiles.scan import write_scan
from benchmarks.torture import DifferenceError

CONFIG = Path(__file__).parents[2] / "configs" / "tokyo.toml"
PARTIAL = Path("partial", "scan")
SITE = Path("tiles", "points", "scan")
PATIENCE_S = 600.0
INTERRUPTED = 130
STARTING = "Python runtime state"
"""What the interpreter says where it is interrupted before it is ready."""
EVERY_S = 0.002


def begin(scan: Path, out: Path, *flags: str) -> "subprocess.Popen[str]":
    """Begin to tile, in a session of its own."""
    program = [sys.executable, "-m", "twin_pipeline", "tile", scan, "-c", CONFIG, "-q"]
    return subprocess.Popen(
        [*map(str, program), "-o", str(out), *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for the run; return its exit code and what it said."""
    _, words = process.communicate(timeout=PATIENCE_S)
    return process.returncode, words


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of the tiles."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def require(condition: object, told: str) -> None:
    """Raise DifferenceError unless something holds."""
    if not condition:
        raise DifferenceError(told)


def finished_work(out: Path) -> dict[str, int]:
    """Return the files that a run has finished, and their inodes: those must not be made anew."""
    kept = out.with_name(f".{out.name}.work") / PARTIAL
    found: dict[str, int] = {}
    with suppress(OSError, ValueError, KeyError):
        if (kept / "sorted.npz").exists():
            found["points"] = (kept / "points").stat().st_ino
        for note in (kept / "built").glob("*.npz"):
            with np.load(note) as held:
                said = json.loads(held["said"].tobytes())
            for uri in _uris([node for part in said["parts"] for node in part["below"]]):
                found[uri] = (kept / "tiles" / uri).stat().st_ino
    return found


def _sorted(out: Path) -> bool:
    return (out.with_name(f".{out.name}.work") / PARTIAL / "sorted.npz").exists()


def _uris(nodes: Sequence[dict[str, object]]) -> Iterator[str]:
    for node in nodes:
        yield str(node["uri"])
        yield from _uris(node["children"])  # type: ignore[arg-type]


def require_kept(before: dict[str, int], out: Path) -> None:
    """Check that what was finished is still the same files, here or in the finished output."""
    now = finished_work(out)
    with suppress(FileNotFoundError):
        now |= {uri: (out / SITE / uri).stat().st_ino for uri in before if uri != "points"}
    anew = [name for name, inode in before.items() if now.get(name, inode) != inode]
    require(not anew, f"made anew: {anew}")


def require_no_process(folder: Path) -> None:
    """Check that soon nothing runs any more that works in a folder."""
    until = time.monotonic() + 10.0
    while alive := [one for one in psutil.process_iter() if str(folder) in " ".join(_words(one))]:
        require(time.monotonic() < until, f"still running: {alive}")
        time.sleep(0.05)


def _words(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        if process.pid != os.getpid():
            return process.cmdline()
    return []


def kill(process: "subprocess.Popen[str]", choice: random.Random) -> str:
    """Kill the run with all its processes, its own alone, or one below it; return which."""
    what = choice.choice(("all", "all", "own", "below"))
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        below = psutil.Process(process.pid).children(recursive=True)
        if what == "all":
            os.killpg(process.pid, signal.SIGKILL)
        elif what == "below" and below:
            choice.choice(below).kill()
        else:
            what = "own"
            process.kill()
    return what


def undisturbed(folder: Path, scan: Path) -> dict[str, bytes]:
    """Return the tiles of a run that nobody disturbs."""
    out = folder / "reference"
    if not out.exists():
        require(ended(begin(scan, out))[0] == 0, "the undisturbed run failed")
    return contents(out / "tiles")


def torture(folder: Path, *, kills: int, points: int, seed: int) -> Counter[str]:
    """Kill until enough kills are done; return how often what was killed, and runs that ended."""
    choice = random.Random(seed)  # noqa: S311 - not a secret
    scan, out = folder / "scan.laz", folder / "out"
    write_scan(scan, points)
    began = time.monotonic()
    reference = undisturbed(folder, scan)
    whole_s = time.monotonic() - began
    told: Counter[str] = Counter()
    while told["kills"] < kills:
        before = finished_work(out)
        began = time.monotonic()
        process = begin(scan, out, "--resume")
        building = choice.random() < 0.5
        while building and process.poll() is None and not _sorted(out):
            time.sleep(EVERY_S)
        with suppress(subprocess.TimeoutExpired):
            process.wait(choice.uniform(0.0, 0.4 if building else 1.05) * whole_s)
        if process.poll() is None:
            told[f"killed {kill(process, choice)}"] += 1
            told["kills"] += 1
        code, words = ended(process)
        require(code in (0, 1, -signal.SIGKILL), f"exit {code}: {words}")
        require(code != 1 or "its decoder was killed (signal 9)" in words, words)
        require_no_process(folder)
        if code != 1:  # an error leaves nothing to go on from
            require_kept(before, out)
        told["with work to go on from"] += bool(before)
        if code == 0:
            told["came to its end"] += 1
            if not before:
                whole_s = min(whole_s, time.monotonic() - began)
            require(contents(out / "tiles") == reference, "the tiles are not the same bytes")
            left = [path.name for path in folder.iterdir() if path.name.startswith(".")]
            require(not left, f"left behind: {left}")
            shutil.rmtree(out)
        elif out.exists():  # it appears in one step, and the kill may come right after
            require(contents(out / "tiles") == reference, "an unfinished output is there")
    if not told["came to its end"]:
        require(ended(begin(scan, out, "--resume"))[0] == 0, "the last run failed")
        require(contents(out / "tiles") == reference, "the tiles are not the same bytes")
    return told


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of some size; raises CalledProcessError where that is not allowed."""
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    subprocess.run(["mount", *options], check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def fill_disk(folder: Path, scan: Path, points: int, share: float) -> str:
    """Let the disk become full when a share of what a run writes is written; return its words.

    Nothing may be left of the run, or all of it be there.
    """
    reference = undisturbed(folder, scan)
    size = 60 * points // 1_000_000 + 60
    with small_disk(folder / "disk", size) as disk:
        process = begin(scan, disk / "out")
        limit = share * 26e6 * points / 1_000_000
        while process.poll() is None and _used(disk) < limit:
            time.sleep(EVERY_S)
        # unbuffered: what did not fit would be written again when the file is closed
        with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while process.poll() is None:
                filler.write(bytes(1 << 16))
        code, words = ended(process)
        left = sorted(path.name for path in disk.iterdir())
        require(code in (0, 1), f"exit {code}: {words}")
        if code == 1:
            require("missing" in words and words.count("\n") == 1, words)
            require(left == ["filler"], f"left behind: {left}")
        else:
            require(contents(disk / "out" / "tiles") == reference, "the tiles are not the same")
        require_no_process(disk)
    return f"exit {code}: {words.strip()}"


def _used(folder: Path) -> int:
    room = os.statvfs(folder)
    return (room.f_blocks - room.f_bfree) * room.f_frsize


def interrupt(folder: Path, scan: Path, delay_s: float) -> int:
    """Press Ctrl-C after a while; return the exit code.

    The output is absent or whole: it appears in one step, and the interrupt may come right after.
    """
    reference = undisturbed(folder, scan)
    out = folder / "interrupted"
    process = begin(scan, out)
    time.sleep(delay_s)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    code, words = ended(process)
    if STARTING in words:  # the interpreter had not come to the program yet
        code = -signal.SIGINT
    require(code in (0, INTERRUPTED, -signal.SIGINT), f"exit {code}: {words}")
    require_no_process(folder)
    if code == 0 or out.exists():
        require(contents(out / "tiles") == reference, "an unfinished output is there")
    shutil.rmtree(out, ignore_errors=True)
    return code


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--points", type=int, default=1_500_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    # A shell's background ignores interrupts, and so would all that is started from there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="tiles-torture-") as name:
        folder = Path(name)
        told = torture(folder, kills=given.kills, points=given.points, seed=given.seed)
        print(", ".join(f"{what}: {many}" for what, many in sorted(told.items())), flush=True)
        scan = folder / "scan.laz"
        with suppress(subprocess.CalledProcessError):
            for share in (0.02, 0.3, 0.7, 0.9, 1.1, 1.3):
                print(f"full at {share}:", fill_disk(folder, scan, given.points, share), flush=True)
                (folder / "disk").rmdir()
        began = time.monotonic()
        require(ended(begin(scan, folder / "timed"))[0] == 0, "the undisturbed run failed")
        step_s = (time.monotonic() - began) / 15
        codes = [interrupt(folder, scan, step_s * number) for number in range(1, 16)]
        print("interrupted:", codes)


if __name__ == "__main__":
    main()
