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
from twin_pipeline.output import FULL
from twin_pipeline.progress import Progress
from twin_pipeline.shelves import Shelf, kept_small, spread_of_now
from twin_pipeline.stages.read import point_count
from twin_pipeline.tiles.room import gigabytes

BASE_BYTES = 500e6
"""What Python, the compiled kernels and the tiler take, whatever the scan."""

POINT_BYTES = 300.0
"""What a point takes in a scan that is worked on as a whole; measured, see docs/scaling.md."""

_SHARE = 0.6
"""Of the free memory that a site takes, if not told otherwise."""

_PIECE_POINT_BYTES = 400.0
_MOST_PIECE_POINTS = 2_000_000
_DISK_POINT_BYTES = 130.0
FOLDER = ".points"
"""In which the points are, below the given folder."""

_WORTH_SHARING = 10_000_000
"""From so many points on a site is cut so that the workers of a cluster share it."""

_PIECES_A_HAND = 4
_LEAST_FAIR = 250_000


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
    points = points_of(scans)
    memory, spread = memory_bytes(config), spread_of_now()
    if not (need_bytes(points) > memory or to_be_shared(points, config, spread.hands)):
        yield None
        return
    need = int(_DISK_POINT_BYTES * points)
    _require_room(folder, need)
    progress.note(
        f"{points:,} points are worked on in pieces, in {gigabytes(int(memory))} of memory and "
        f"with up to {gigabytes(need)} of temporary files"
    )
    place = folder / FOLDER
    remove(place)
    spare = max(memory - BASE_BYTES, 0.2 * memory)
    largest = config.pieces.points or _piece_points(points, spare, spread.hands)
    try:
        with kept_small(int(spare / 4)):
            radius_m = config.detect.max_diameter_m / 2.0
            yield Bench(Shelf(place), spread, largest, radius_m)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise _too_little(folder, need) from error
    finally:
        remove(place)


def to_be_shared(points: int, config: Config, hands: int) -> bool:
    """Tell whether a scan is cut though it fits into the memory, so that processes share it."""
    if config.pieces.points is not None:
        return points > config.pieces.points
    return hands > 1 and points > _WORTH_SHARING


def points_of(scans: Sequence[Path]) -> int:
    """Return how many points scans say to have; of one that can't be read its reader tells."""
    return sum(map(_points, scans))


def _piece_points(points: int, spare: float, hands: int) -> int:
    """Return how many points a piece has: what the memory allows, and some pieces a hand."""
    fair = points / (_PIECES_A_HAND * hands) if hands > 1 else points
    return int(min(spare / 3 / _PIECE_POINT_BYTES, _MOST_PIECE_POINTS, max(fair, _LEAST_FAIR)))


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
