"""From the bytes of a scan to point records, plain or LAZ, never trusting a count."""

import multiprocessing
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import lazrs
import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import InputError
from twin_pipeline.stages.read.header import ScanHeader

Records = npt.NDArray[np.void]

_LASZIP = ("laszip encoded", 22204)
_LASZIP_HEAD = struct.Struct("<HHBBHIIqqH")
_LASZIP_ITEM = struct.Struct("<HHH")
_CHUNKED = (2, 3)
_AGAIN = "copy the file again from its source"


def require_points(header: ScanHeader) -> None:
    """Raise InputError unless the file can hold the points that its header claims.

    Decodes nothing: for LAS the size is compared, for LAZ the table of chunks.
    """
    if header.point_count == 0:
        raise InputError(f"{header.path}: holds no points")
    if header.compressed:
        _require_laz(header)
        return
    held = (header.file_size - header.offset_to_points) // header.record_length
    if held < header.point_count:
        raise InputError(
            f"{header.path}: holds {held} of the {header.point_count} points that its header "
            f"claims: it is cut off, {_AGAIN}"
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
        file.seek(header.offset_to_points)
        decoder = _laz_decoder(header, file) if header.compressed else None
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
            f"({str(error)[:120]}): {_AGAIN}"
        ) from error


def _is_panic(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"


def _laz_decoder(header: ScanHeader, file: BinaryIO) -> Any:  # noqa: ANN401 - lazrs has no types
    # Threads of a parallel decoder would be missing in a process forked afterwards; worker
    # processes have their cores busy anyway.
    if multiprocessing.parent_process() is None:
        try:
            return lazrs.ParLasZipDecompressor(file, _laszip_record(header))
        except lazrs.LazrsError:
            file.seek(header.offset_to_points)
    return lazrs.LasZipDecompressor(file, _laszip_record(header))


def _laszip_record(header: ScanHeader) -> bytes:
    found = header.find(*_LASZIP)
    if not found:
        raise InputError(f"{header.path}: is marked as LAZ, but has no LAZ record: {_AGAIN}")
    return found[0]


def _require_laz(header: ScanHeader) -> None:
    record = _laszip_record(header)
    length = _item_bytes(record)
    if length != header.record_length:
        raise InputError(
            f"{header.path}: its LAZ record describes points of {length} bytes, its header of "
            f"{header.record_length}: it is damaged, {_AGAIN}"
        )
    compressor, coder, *_ = _LASZIP_HEAD.unpack_from(record)
    if compressor not in _CHUNKED or coder != 0:
        raise InputError(
            f"{header.path}: its LAZ compressor {compressor} with coder {coder} can't be read: "
            "write it anew with a current program"
        )
    _require_chunks(header, record)


def _item_bytes(record: bytes) -> int:
    """Return the length of a point by its LAZ record, 0 where the record is cut off."""
    if len(record) < _LASZIP_HEAD.size:
        return 0
    items: int = _LASZIP_HEAD.unpack_from(record)[-1]
    end = _LASZIP_HEAD.size + items * _LASZIP_ITEM.size
    if len(record) < end:
        return 0
    return sum(size for _, size, _ in _LASZIP_ITEM.iter_unpack(record[_LASZIP_HEAD.size : end]))


def _require_chunks(header: ScanHeader, record: bytes) -> None:
    cut_off = f"{header.path}: its table of LAZ chunks is missing: it is cut off, {_AGAIN}"
    with _explained(header, 0), header.path.open("rb") as file:
        if not _plausible_table(header, file):
            raise InputError(cut_off)
        file.seek(header.offset_to_points)
        table = lazrs.read_chunk_table(file, lazrs.LazVlr(record))
    if sum(size for _, size in table) > header.file_size:
        raise InputError(cut_off)
    held = sum(points for points, _ in table)
    if held < header.point_count:
        raise InputError(
            f"{header.path}: holds at most {held} of the {header.point_count} points that its "
            f"header claims: {_AGAIN}"
        )


def _plausible_table(header: ScanHeader, file: BinaryIO) -> bool:
    """Whether the table lies in the file with no more chunks than could be there."""
    file.seek(header.offset_to_points)
    raw = file.read(8)
    if len(raw) < 8:
        return False
    (position,) = struct.unpack("<q", raw)
    if position == -1:  # written by a stream: the offset stands at the very end
        file.seek(header.file_size - 8)
        (position,) = struct.unpack("<q", file.read(8))
    if not header.offset_to_points < position <= header.file_size - 8:
        return False
    file.seek(position)
    _version, chunks = struct.unpack("<II", file.read(8))
    # The first point of every chunk is stored in full.
    return bool(chunks <= (header.file_size - header.offset_to_points) // header.record_length)
