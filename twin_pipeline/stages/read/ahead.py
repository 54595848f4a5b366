"""Decoders of LAZ, begun when the points are wanted, or while the program is still being loaded.

Of a small scan all is decoded by the time that the program is there.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import BinaryIO

from twin_pipeline.stages.read.child import PARALLEL_BYTES, Chunks, LazChild
from twin_pipeline.stages.read.header import ScanHeader, read_header
from twin_pipeline.stages.read.laz import (
    countless_chunk,
    laz_record,
    require_chunks,
    require_no_more,
    require_table,
)

_LAZ_PARTS = {
    "red": "RGB",
    "green": "RGB",
    "blue": "RGB",
    "intensity": "INTENSITY",
    "classification": "CLASSIFICATION",
    "gps_time": "GPS_TIME",
    "withheld": "FLAGS",
}
"""The parts of a compressed point in which dimensions stand, other than those always decoded."""


_STEP_POINTS = 1_000_000
"""So many are decoded at a time: the decoder's threads wait for each other after each step."""


def laz_parts(dimensions: Sequence[str] | None) -> list[str] | None:
    """Return the parts of points that are to be decoded; None for all of them."""
    if dimensions is None:
        return None
    return sorted({_LAZ_PARTS[name] for name in dimensions if name in _LAZ_PARTS})


def decoder(
    header: ScanHeader, file: BinaryIO, chunk_points: int, parts: Sequence[str] | None
) -> LazChild:
    """Return a process that decodes a file, once what the file says of itself is consistent.

    Raises
    ------
    InputError
        Where it is not.
    """
    record = laz_record(header)
    require_table(header, file)
    step = max(chunk_points, _STEP_POINTS)
    child = LazChild(header, record, "points", chunk_points=step, parts=parts)
    try:
        chunks = child.table()
        require_chunks(header, file, record, chunks)
        last = countless_chunk(header, record, chunks)
        more = child.go(parallel=_fit_for_threads(header, chunks), last=last)
        require_no_more(header, more=more)
    except BaseException:
        child.close()
        raise
    return child


def _fit_for_threads(header: ScanHeader, chunks: Chunks) -> bool:
    """Whether the threads of a parallel decoder, which hold whole chunks, find enough memory."""
    largest = max((points for points, _ in chunks), default=0) * header.record_length
    return 2 * largest * (os.cpu_count() or 1) <= PARALLEL_BYTES


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a decoder gives."""

    file: tuple[int, int, int, int]
    """Device, number, size and time of change: a file that is replaced meanwhile is another."""
    chunk_points: int
    parts: tuple[str, ...] | None

    @classmethod
    def of(cls, path: Path, chunk_points: int, parts: Sequence[str] | None) -> "_Wanted":
        return cls(_identity(path), chunk_points, None if parts is None else tuple(parts))


def _identity(path: Path) -> tuple[int, int, int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


_begun: dict[_Wanted, Future[LazChild]] = {}
_lock = Lock()


def begin(path: Path, dimensions: Sequence[str], chunk_points: int) -> None:
    """Begin to decode a file for whoever wants its points soon, and return at once.

    What is wrong with the file is told when its points are wanted.
    """
    with suppress(Exception):
        if not path.is_file():  # to look into a pipe would take away what is in it
            return
        wanted = _Wanted.of(path, chunk_points, laz_parts(dimensions))
        future: Future[LazChild] = Future()
        with _lock:
            _begun[wanted] = future
        Thread(target=_start, args=(path, wanted, future), daemon=True).start()


def _start(path: Path, wanted: _Wanted, future: "Future[LazChild]") -> None:
    try:
        header = read_header(path)
        with path.open("rb") as file:
            future.set_result(decoder(header, file, wanted.chunk_points, wanted.parts))
    except BaseException as error:  # noqa: BLE001 - whoever wants the points begins anew
        future.set_exception(error)


def checked(path: Path) -> bool:
    """Whether a decoder was begun for a file and has found what it says of itself consistent."""
    with suppress(Exception):
        file = _identity(path)
        return any(key.file == file and future.result() for key, future in [*_begun.items()])
    return False


def taken(header: ScanHeader, chunk_points: int, parts: Sequence[str] | None) -> LazChild | None:
    """Return the decoder that was begun for this, if there is one; the others are ended."""
    if not _begun:
        return None
    wanted = _Wanted.of(header.path, chunk_points, parts)
    with _lock:
        begun = dict(_begun)
        _begun.clear()
    found: LazChild | None = None
    for key, future in begun.items():
        with suppress(Exception):
            child = future.result()
            if key == wanted and not header.salvaged:
                found = child
            else:
                child.close()
    return found
