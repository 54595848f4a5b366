"""Damage scans at random and read them: each must give points or be refused in one line.

`python -m benchmarks.fuzz --minutes 60 SEED...` goes on for an hour from the given files (or from
../shared/data/hostile_las and made ones). What breaks the rule is kept in `fuzz-findings/`; move it
to tests/data/regressions once it is mended. The suite does the same for a few seconds.
"""

import argparse
import random
import struct
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.torture import make_scans
from twin_pipeline.errors import TwinPipelineError
from twin_pipeline.stages.read import (
    ReadOptions,
    convert,
    inspect_scan,
    needs_conversion,
    read_points,
)

SLOWEST_S = 60.0
_EXTREMES = (0, 1, 127, 255, 256, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
_SHARED = Path(__file__).parents[2] / "shared" / "data"


class FindingError(AssertionError):
    """A damaged file was neither read nor refused in one line."""


def seeds(folder: Path) -> list[Path]:
    """Return files to begin with: real ones that are there, and made ones."""
    made = make_scans(folder, 2, thin=100)
    found = sorted(_SHARED.glob("hostile_las/**/*.la[sz]"))
    return [*made, *(path for path in found if path.stat().st_size < 100_000)]


def damaged(data: bytes, choice: random.Random) -> bytes:
    """Return bytes with a few faults, more of them in the header."""
    made = bytearray(data)
    for _ in range(choice.randint(1, 5)):
        if not made:
            break
        near = len(made) if choice.random() < 0.5 else min(len(made), 600)
        at = choice.randrange(near)
        match choice.randrange(5):
            case 0:
                made[at] ^= 1 << choice.randrange(8)
            case 1:
                kind = choice.choice(["<B", "<H", "<I", "<Q"])
                value = choice.choice(_EXTREMES) & (256 ** struct.calcsize(kind) - 1)
                made[at : at + struct.calcsize(kind)] = struct.pack(kind, value)
            case 2:
                del made[at:]
            case 3:
                length = choice.randint(1, 200)
                made[at:at] = made[choice.randrange(len(made)) :][:length]
            case _:
                made[at : at + 8] = struct.pack("<d", choice.choice([np.nan, np.inf, 1e300, -0.0]))
    return bytes(made)


def require_told(path: Path, *, salvage: bool) -> bool:
    """Read a file; return whether it gave points.

    Raises
    ------
    FindingError
        When it was neither read nor refused as it must be.
    """
    began = time.monotonic()
    try:
        gave = _read(path, ReadOptions(salvage=salvage))
    except TwinPipelineError as error:
        gave = False
        if "\n" in str(error) or str(path) not in str(error):
            raise FindingError(f"{path}: refused as {error!r}") from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise FindingError(f"{path}: {error!r}") from error
    if time.monotonic() - began > SLOWEST_S:
        raise FindingError(f"{path}: took {time.monotonic() - began:.0f} s")
    return gave


def _read(path: Path, options: ReadOptions) -> bool:
    if needs_conversion(path, options):
        readable = path.with_name("rewritten.las")
        convert(path, readable, options)
        path = readable
    info = inspect_scan(path)
    read = read_points(path)
    given = len(read.cloud) + len(read.withheld.places)
    if not np.isfinite(read.cloud.xyz).all() or given != info.point_count:
        raise FindingError(f"{path}: gave {given} of {info.point_count} points")
    return True


def fuzz(
    files: Sequence[Path], folder: Path, *, seconds: float, seed: int, most: int | None = None
) -> Iterator[Path]:
    """Damage and read until the time is over; yield what breaks the rule."""
    choice = random.Random(seed)  # noqa: S311 - not a secret
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end and (most is None or done < most):
        origin = choice.choice(list(files))
        path = folder / f"{seed}-{done}{origin.suffix}"
        path.write_bytes(damaged(origin.read_bytes(), choice))
        try:
            require_told(path, salvage=choice.random() < 0.3)
        except FindingError as error:
            print(error, flush=True)
            yield path
        else:
            path.unlink()
        done += 1
    print(f"{done} damaged files read", flush=True)


def main() -> None:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    found = 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        files = given.files or seeds(folder / "made")
        for path in fuzz(files, folder, seconds=60 * given.minutes, seed=given.seed):
            kept = Path("fuzz-findings")
            kept.mkdir(exist_ok=True)
            path.rename(kept / path.name)
            found += 1
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
