"""From the bytes of a scan to point records, plain or LAZ, never trusting a count."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import InputError
from twin_pipeline.stages.read import ahead
from twin_pipeline.stages.read.child import COPY_AGAIN, LazChild
from twin_pipeline.stages.read.header import ScanHeader
from twin_pipeline.stages.read.laz import laz_record, require_chunks, require_table

Records = npt.NDArray[np.void]

_CHECK_POINTS = 1_000_000


def require_points(header: ScanHeader) -> None:
    """Raise InputError unless the file can hold the points that its header claims.

    Decodes nothing: for LAS the size is compared, for LAZ the table of chunks.
    """
    if header.point_count == 0:
        raise InputError(f"{header.path}: holds no points: scan or export it again")
    if header.compressed:
        if ahead.checked(header.path):
            return
        with _explained(header), header.path.open("rb") as file:
            record = laz_record(header)
            require_table(header, file)
            with LazChild(header, record, "table") as child:
                require_chunks(header, file, record, child.table())
        return
    held = points_in_file(header)
    if held < header.point_count:
        raise InputError(
            f"{header.path}: holds {held} of the {header.point_count} points that its header "
            f"claims: it is cut off, {COPY_AGAIN}, or give --salvage to use what is there"
        )


def points_in_file(header: ScanHeader) -> int:
    """Return how many uncompressed points the file has room for."""
    return max(0, (header.file_size - header.offset_to_points) // header.record_length)


def iter_records(
    header: ScanHeader, chunk_points: int, dimensions: Sequence[str] | None = None
) -> Iterator[Records]:
    """Yield all points in file order as structured arrays of at most `chunk_points`.

    Where `dimensions` are given, only they and the coordinates are sure to be decoded: LAZ of
    point formats 6 to 10 keeps each in a layer of its own.

    Raises
    ------
    InputError
        If the file is shorter than its header claims or its compressed data are damaged.
    """
    if not header.compressed or header.point_count == 0:
        require_points(header)
    with _explained(header), header.path.open("rb") as file:
        if header.compressed:
            buffers = _laz_buffers(header, file, chunk_points, ahead.laz_parts(dimensions))
        else:
            buffers = _las_buffers(header, file, chunk_points)
        for buffer in buffers:
            yield np.frombuffer(buffer, dtype=header.dtype)


def salvaged(header: ScanHeader) -> ScanHeader:
    """Return a header that claims only the points that can be read, and says how many are missing.

    Raises
    ------
    InputError
        When not one point can be read.
    """
    with _explained(header):
        found = _readable(header)
    if not found:
        raise InputError(f"{header.path}: not one point can be salvaged: {COPY_AGAIN}")
    missing = header.point_count - found
    if not missing:
        return header
    told = f"salvaged: {missing:,} of {header.point_count:,} points are missing"
    return replace(header, point_count=found, salvaged=True, defects=(*header.defects, told))


def _readable(header: ScanHeader) -> int:
    if not header.compressed:
        return min(points_in_file(header), header.point_count)
    with suppress(InputError):
        require_points(header)
        for _ in iter_records(header, _CHECK_POINTS):
            pass
        return header.point_count
    with suppress(InputError), LazChild(header, laz_record(header), "count") as child:
        return child.count()
    return 0


def _las_buffers(header: ScanHeader, file: BinaryIO, chunk_points: int) -> Iterator[bytearray]:
    file.seek(header.offset_to_points)
    for _, buffer in _buffers(header, chunk_points):
        if file.readinto(buffer) != len(buffer):  # type: ignore[attr-defined]
            raise InputError(f"{header.path}: became shorter while it was read")
        yield buffer


def _laz_buffers(
    header: ScanHeader, file: BinaryIO, chunk_points: int, parts: Sequence[str] | None
) -> Iterator[bytearray]:
    begun = ahead.taken(header, chunk_points, parts)
    with begun or _decoder(header, file, chunk_points, parts) as child:
        for start, buffer in _buffers(header, chunk_points):
            child.fill(buffer, start)
            yield buffer


def _decoder(
    header: ScanHeader, file: BinaryIO, chunk_points: int, parts: Sequence[str] | None
) -> LazChild:
    """Return a process from which the points come."""
    if header.salvaged:
        record = laz_record(header)
        return LazChild(header, record, "salvage", chunk_points=chunk_points, parts=parts)
    return ahead.decoder(header, file, chunk_points, parts)


def _buffers(header: ScanHeader, chunk_points: int) -> Iterator[tuple[int, bytearray]]:
    for start in range(0, header.point_count, chunk_points):
        count = min(chunk_points, header.point_count - start)
        yield start, bytearray(count * header.record_length)


@contextmanager
def _explained(header: ScanHeader) -> Iterator[None]:
    """Turn what goes wrong while reading into one line."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{header.path}: can't be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise InputError(f"{header.path}: not enough memory to read it") from error
