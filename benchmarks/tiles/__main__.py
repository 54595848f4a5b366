"""`python -m benchmarks.tiles`: tiles scans of several sizes and prints one table.

Each size is decoded alone, tiled by this program, and tiled by py3dtiles in its best configuration
(from LAS, 3D Tiles 1.1; from LAZ it hangs), one after the other. The best of the rounds counts. The
columns `decoding` have what decoding alone takes over what this takes, by the wall clock and by
processor time; on a machine that others use too only the latter means much.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.tiles.measured import Measured, measured
from benchmarks.tiles.scan import write_scan

CONFIG = Path(__file__).parents[2] / "configs" / "tokyo.toml"
BIN = Path(sys.executable).parent

DECODE = """
import sys
import laspy
with laspy.open(sys.argv[1], laz_backend=laspy.LazBackend.LazrsParallel) as scan:
    for _ in scan.chunk_iterator(1_000_000):
        pass
"""
HEAD = (
    f"| {'points':>11} | {'what':34} | {'wall s':>7} | {'CPU s':>6} | {'M points/s':>10} "
    f"| {'decoding: wall':>14} | {'CPU':>5} | {'peak MB':>7} | {'bytes a point':>13} |"
)
RIVAL = "py3dtiles 12, from LAS, 1.1"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tiles")
    parser.add_argument("--millions", type=float, nargs="+", default=[3.0, 10.0, 30.0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rival-up-to", type=float, default=10.0, metavar="MILLIONS")
    given = parser.parse_args()
    print(HEAD)
    print("|" + "|".join("-" * len(part) for part in HEAD.split("|")[1:-1]) + "|")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        _warm(Path(folder))
        for millions in given.millions:
            points = int(millions * 1e6)
            rival = millions <= given.rival_up_to
            for line in _size(Path(folder), points, given.rounds, rival=rival):
                print(line, flush=True)


def _warm(folder: Path) -> None:
    """Have all kernels compiled before anything is measured."""
    laz = folder / "warm.laz"
    write_scan(laz, 500_000)
    measured(_ours(laz, folder / "warm"))


def _ours(laz: Path, out: Path) -> list[object]:
    program = [sys.executable, "-m", "twin_pipeline"]
    return [*program, "tile", laz, "-c", CONFIG, "-o", out, "-q", "--overwrite"]


def _size(folder: Path, points: int, rounds: int, *, rival: bool) -> Iterator[str]:
    laz, las = folder / "scan.laz", folder / "scan.las"
    write_scan(laz, points)
    out, theirs = folder / "out", folder / "theirs"
    works: dict[str, Callable[[], Measured]] = {
        "decoding the LAZ alone": lambda: measured([sys.executable, "-c", DECODE, laz]),
        "tile": lambda: measured(_ours(laz, out)),
    }
    if rival:
        write_scan(las, points)
        convert = [BIN / "py3dtiles", "convert", las, "--out", theirs, "--overwrite"]
        options = "--srs_in 6677 --srs_out 4978 --pyproj-always-xy --spec-version 1.1"
        works[RIVAL] = lambda: measured([*convert, *options.split()])
    best: dict[str, Measured] = {}
    for _ in range(rounds):
        for name, work in works.items():
            new = work()
            best[name] = min(best.get(name, new), new, key=lambda done: done.wall_s)
    limit = best["decoding the LAZ alone"]
    sizes = {"tile": _bytes(out / "tiles"), RIVAL: _bytes(theirs)}
    for name, done in best.items():
        yield _row(points, name, done, limit, sizes.get(name, 0))
    for path in (laz, las):
        path.unlink(missing_ok=True)


def _row(points: int, name: str, done: Measured, limit: Measured, size: int) -> str:
    each = f"{size / points:.2f}" if size else ""
    rate = points / done.wall_s / 1e6
    wall, cpu = limit.wall_s / done.wall_s, limit.cpu_s / done.cpu_s
    return (
        f"| {points:11,} | {name:34} | {done.wall_s:7.1f} | {done.cpu_s:6.1f} | {rate:10.2f} "
        f"| {wall:14.2f} | {cpu:5.2f} | {done.memory_mb:7.0f} | {each:>13} |"
    )


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
