"""From the bytes of a scan to point records, plain or LAZ, never trusting a count."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import lazrs
import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import InputError
from twin_pipeline.stages.read.header import ScanHeader
from twin_pipeline.stages.read.laz import COPY_AGAIN, laz_layout

Records = npt.NDArray[np.void]

_MAX_PARALLEL_CHUNK = 5_000_000


def require_points(header: ScanHeader) -> None:
    """Raise InputError unless the file can hold the points that its header claims.

    Decodes nothing: for LAS the size is compared, for LAZ the table of chunks.
    """
    if header.point_count == 0:
        raise InputError(f"{header.path}: holds no points: scan or export it again")
    if header.compressed:
        with _explained(header, 0), header.path.open("rb") as file:
            laz_layout(header, file)
        return
    held = (header.file_size - header.offset_to_points) // header.record_length
    if held < header.point_count:
        raise InputError(
            f"{header.path}: holds {held} of the {header.point_count} points that its header "
            f"claims: it is cut off, {COPY_AGAIN}"
        )


def iter_records(header: ScanHeader, chunk_points: int) -> Iterator[Records]:
    """Yield all points in file order as structured arrays of at most `chunk_points`.

    Raises
    ------
    InputError
        If the file is shorter than its header claims or its compressed data are damaged.
    """
    require_points(header)
    with _explained(header, 0), header.path.open("rb") as file:
        decoder = _laz_decoder(header, file) if header.compressed else None
        if decoder is None:
            file.seek(header.offset_to_points)
        for start in range(0, header.point_count, chunk_points):
            count = min(chunk_points, header.point_count - start)
            buffer = bytearray(count * header.record_length)
            with _explained(header, start):
                if decoder is None:
                    _fill(file, buffer, header)
                else:
                    decoder.decompress_many(buffer)
            yield np.frombuffer(buffer, dtype=header.dtype)


def _fill(file: BinaryIO, buffer: bytearray, header: ScanHeader) -> None:
    if file.readinto(buffer) != len(buffer):  # type: ignore[attr-defined]
        raise InputError(f"{header.path}: became shorter while it was read")


@contextmanager
def _explained(header: ScanHeader, start: int) -> Iterator[None]:
    """Turn what goes wrong while decoding into one line; lazrs panics are BaseExceptions."""
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{header.path}: can't be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise InputError(f"{header.path}: not enough memory to read it") from error
    except BaseException as error:
        if not (isinstance(error, lazrs.LazrsError) or _is_panic(error)):
            raise
        raise InputError(
            f"{header.path}: its compressed data are damaged after point {start} "
            f"({str(error)[:120]}): {COPY_AGAIN}"
        ) from error


def _is_panic(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"


def _laz_decoder(header: ScanHeader, file: BinaryIO) -> Any:  # noqa: ANN401 - lazrs has no types
    layout = laz_layout(header, file)
    file.seek(header.offset_to_points)
    # Threads of a parallel decoder would be missing in a process forked afterwards, and worker
    # processes have their cores busy anyway. It also holds whole chunks in memory.
    if multiprocessing.parent_process() is None and layout.largest_chunk <= _MAX_PARALLEL_CHUNK:
        return lazrs.ParLasZipDecompressor(file, layout.record)
    return lazrs.LasZipDecompressor(file, layout.record)
