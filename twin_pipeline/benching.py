"""Decides whether a site's points fit into the memory, and else where they are kept."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from twin_pipeline.config import Config
from twin_pipeline.durable.files import remove
from twin_pipeline.errors import InputError, OutputError
from twin_pipeline.geometry.piecewise import Bench
from twin_pipeline.memory import free_bytes
from twin_pipeline.progress import Progress
from twin_pipeline.shelves import Shelf, kept_small, spread_of_now
from twin_pipeline.stages.read import point_count
from twin_pipeline.tiles.room import FULL, gigabytes

BASE_BYTES = 500e6
"""What Python, the compiled kernels and the tiler take, whatever the scan."""

POINT_BYTES = 300.0
"""What a point takes in a scan that is worked on as a whole; measured, see docs/scaling.md."""

_SHARE = 0.6
"""Of the free memory that a site takes, if not told otherwise."""

_PIECE_POINT_BYTES = 400.0
_MOST_PIECE_POINTS = 2_000_000
_DISK_POINT_BYTES = 130.0
_FOLDER = ".points"


@contextmanager
def benched(
    scans: Sequence[Path], folder: Path, config: Config, progress: Progress
) -> Iterator[Bench | None]:
    """Yield where the points of scans are kept and worked on if not in memory, None if they are.

    Parameters
    ----------
    scans
        Sound LAS or LAZ files.
    folder
        In which a temporary one is made.

    Raises
    ------
    OutputError
        When the disk has not enough room.
    """
    points = sum(map(_points, scans))
    memory, largest = memory_bytes(config), config.pieces.points
    if need_bytes(points) <= memory and points <= (largest or points):
        yield None
        return
    need = int(_DISK_POINT_BYTES * points)
    _require_room(folder, need)
    progress.note(
        f"{points:,} points are worked on in pieces, in {gigabytes(int(memory))} of memory and "
        f"with up to {gigabytes(need)} of temporary files"
    )
    place = folder / _FOLDER
    remove(place)
    spare = max(memory - BASE_BYTES, 0.2 * memory)
    largest = largest or int(min(spare / 3 / _PIECE_POINT_BYTES, _MOST_PIECE_POINTS))
    try:
        with kept_small(int(spare / 4)):
            radius_m = config.detect.max_diameter_m / 2.0
            yield Bench(Shelf(place), spread_of_now(), largest, radius_m)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise _too_little(folder, need) from error
    finally:
        remove(place)


def need_bytes(points: int) -> float:
    """Return the memory that a site of so many points takes if it is worked on as a whole."""
    return BASE_BYTES + POINT_BYTES * points


def memory_bytes(config: Config) -> float:
    """Return the memory that a site may take."""
    told = config.pieces.memory_mb
    return _SHARE * free_bytes() if told is None else 1e6 * told


def _points(scan: Path) -> int:
    """Return how many points a scan says to have; 0 where it can't be read, as its reader tells."""
    with suppress(InputError):
        return point_count(scan)
    return 0


def _require_room(folder: Path, need: int) -> None:
    if shutil.disk_usage(folder).free < need:
        raise _too_little(folder, need)


def _too_little(folder: Path, need: int) -> OutputError:
    free = shutil.disk_usage(folder).free
    return OutputError(
        f"{folder}: the disk is full: a scan larger than the memory takes about {gigabytes(need)} "
        f"of temporary files, {gigabytes(free)} are free; make room, give another folder with -o, "
        "or more memory with pieces.memory_mb"
    )
