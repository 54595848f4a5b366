"""How much disk the tiles of a scan take, before and while they are made."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin_pipeline.errors import OutputError
from twin_pipeline.output import FULL
from twin_pipeline.tiles.options import Compression, TilesOptions, TilesVersion
from twin_pipeline.tiles.pointset import attribute_dtype
from twin_pipeline.tiles.spill import record_dtype

KEPT_SHARE = 0.3
"""Share of the points that stands in the parts kept for joining, beside the sorted scan."""

PACKED_SHARE = 0.5
"""Of its bytes a vertex keeps after compression; clean scans 0.31, noisy ones more."""

FIXED_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that making tiles takes."""

    temporary: int
    tiles: int

    @property
    def total(self) -> int:
        """Both together; they are there at the same time."""
        return self.temporary + self.tiles

    @classmethod
    def of(cls, points: int, attributes: tuple[str, ...], options: TilesOptions) -> "Need":
        """Estimate what the tiles of so many points with these attributes take."""
        record = attribute_dtype(list(attributes))
        kept = KEPT_SHARE * (record.itemsize + 12)
        temporary = points * (record_dtype(record).itemsize + kept)
        return cls(
            int(temporary) + FIXED_BYTES, int(points * _vertex(record, options)) + FIXED_BYTES
        )


def _vertex(record: np.dtype[np.void], options: TilesOptions) -> float:
    """Return the bytes that a point takes in a tile."""
    if options.tiles_version is TilesVersion.PNTS:
        return 9.0 + record.itemsize
    scalars = [name for name in record.names or () if name not in ("red", "green", "blue")]
    coloured = "red" in (record.names or ())
    whole = 8 + 8 * coloured + sum(12 if name == "gps_time" else 4 for name in scalars)
    return whole * (PACKED_SHARE if options.compression is Compression.MESHOPT else 1.0)


def require_room(folder: Path, need: Need) -> int:
    """Return how many bytes are free in a folder's file system.

    Raises
    ------
    OutputError
        When they are too few.
    """
    free = shutil.disk_usage(folder).free
    if free < need.total:
        raise _too_little(folder, need, free, need.total - free)
    return free


@contextmanager
def full_disk_told(folder: Path, need: Need, *used: Path) -> Iterator[None]:
    """Say how much is missing when the disk becomes full while `used` are written."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        free = shutil.disk_usage(folder).free
        missing = need.total - free - sum(_size(path) for path in used)
        # The estimate was too low: at least a part of what it was.
        missing = max(missing, need.total // 10)
        raise _too_little(folder, need, free, missing) from error


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _too_little(folder: Path, need: Need, free: int, missing: int) -> OutputError:
    return OutputError(
        f"{_shown(folder)}: the disk is full: the tiles take about {gigabytes(need.tiles)} and "
        f"their temporary files {gigabytes(need.temporary)}, {gigabytes(free)} are free: "
        f"{gigabytes(missing)} are missing; make room, or give another folder with -o"
    )


def _shown(folder: Path) -> Path:
    """Return the folder that the user knows: above the hidden ones that a run works in."""
    hidden = [path for path in (folder, *folder.parents) if path.name.startswith(".")]
    return hidden[-1].parent if hidden else folder


def gigabytes(size: int) -> str:
    """Return a size for people, rounded up."""
    return f"{np.ceil(size / 1e6):,.0f} MB" if size < 1e9 else f"{np.ceil(size / 1e8) / 10:,.1f} GB"
