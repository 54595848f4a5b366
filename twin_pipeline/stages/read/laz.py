"""Checks a LAZ file's own description of itself before the decoder believes it.

The decoder takes memory for chunks and layers on the word of the file, and kills the process
where there is none. Layout: LASzip specification of the LAZ record, chunk table and layers.
"""

import struct
from typing import BinaryIO

from twin_pipeline.errors import InputError
from twin_pipeline.stages.read.child import COPY_AGAIN, Chunks, LastChunk
from twin_pipeline.stages.read.header import ScanHeader

_LASZIP = ("laszip encoded", 22204)
_HEAD, _ITEM = struct.Struct("<HHBBHIIqqH"), struct.Struct("<HHH")
_CHUNKED, _LAYERED = 2, 3
_CHUNK_SIZE, _VARIABLE = 6, 0xFFFFFFFF
_LAYERS = {10: 9, 11: 1, 12: 2, 13: 1}
_LARGEST_CHECKED = 64 << 20
_EXTRA_BYTES_ITEM = 14  # one layer a byte


def laz_record(header: ScanHeader) -> bytes:
    """Return the LAZ record as the decoder wants it, once it fits to the header.

    Raises
    ------
    InputError
        If it contradicts the header, or the file has no room for a table of chunks.
    """
    found = header.find(*_LASZIP)
    if not found:
        raise InputError(f"{header.path}: is marked as LAZ, but has no LAZ record: {COPY_AGAIN}")
    record = found[0]
    _require_items(header, record, _items(record))
    return record


def require_table(header: ScanHeader, file: BinaryIO) -> None:
    """Raise InputError unless the table of chunks lies in the file."""
    if not _has_table(header, file):
        raise _cut_off(header)


def require_chunks(header: ScanHeader, file: BinaryIO, record: bytes, chunks: Chunks) -> None:
    """Raise InputError unless the chunks are consistent with header and file; moves its position.

    Points of a chunk are an upper limit where all chunks have as many.
    """
    if sum(size for _, size in chunks) > header.file_size - header.offset_to_points:
        raise _cut_off(header)
    held = sum(points for points, _ in chunks)
    variable = _HEAD.unpack_from(record)[_CHUNK_SIZE] == _VARIABLE
    if held < header.point_count or (held != header.point_count and variable):
        raise InputError(
            f"{header.path}: its LAZ chunks hold {held} points, its header claims "
            f"{header.point_count}: {COPY_AGAIN}"
        )
    if _HEAD.unpack_from(record)[0] == _LAYERED:
        _require_count(header, _require_layers(header, file, _items(record), chunks))
    elif chunks and held - chunks[-1][0] >= header.point_count:
        _require_count(header, held - chunks[-1][0] + 1, "at least ")


def countless_chunk(header: ScanHeader, record: bytes, chunks: Chunks) -> LastChunk | None:
    """Return the last chunk where nothing but the header tells how many points are in it."""
    compressor, *_, size = _HEAD.unpack_from(record)[: _CHUNK_SIZE + 1]
    if compressor == _LAYERED or size == _VARIABLE or not chunks:
        return None
    *before, (_, length) = chunks
    if length > _LARGEST_CHECKED:
        return None
    start = header.offset_to_points + 8 + sum(bytes_ for _, bytes_ in before)
    return start, length, header.point_count - sum(points for points, _ in before)


def require_no_more(header: ScanHeader, *, more: bool) -> None:
    """Refuse a file that is found to hold more points than its header knows of."""
    if more:
        raise InputError(
            f"{header.path}: its last LAZ chunk holds more points than the {header.point_count} "
            f"that its header claims: {COPY_AGAIN}"
        )


def _require_count(header: ScanHeader, held: int, about: str = "") -> None:
    """Refuse a header that knows of fewer points than there are: nobody would miss the rest."""
    if held > header.point_count:
        raise InputError(
            f"{header.path}: its LAZ chunks hold {about}{held} points, its header claims "
            f"{header.point_count}: {COPY_AGAIN}"
        )


def _items(record: bytes) -> list[tuple[int, int, int]]:
    """Return type, bytes and version of the parts of a point; empty if the record is cut off."""
    if len(record) < _HEAD.size:
        return []
    count: int = _HEAD.unpack_from(record)[-1]
    end = _HEAD.size + count * _ITEM.size
    if len(record) < end:
        return []
    return [_ITEM.unpack_from(record, at) for at in range(_HEAD.size, end, _ITEM.size)]


def _require_items(header: ScanHeader, record: bytes, items: list[tuple[int, int, int]]) -> None:
    length = sum(size for _, size, _ in items)
    if length != header.record_length:
        raise InputError(
            f"{header.path}: its LAZ record describes points of {length} bytes, its header of "
            f"{header.record_length}: it is damaged, {COPY_AGAIN}"
        )
    compressor, coder, *_ = _HEAD.unpack_from(record)
    if compressor not in (_CHUNKED, _LAYERED) or coder != 0:
        raise InputError(
            f"{header.path}: its LAZ compressor {compressor} with coder {coder} can't be read: "
            "write it anew with a current program"
        )


def _cut_off(header: ScanHeader) -> InputError:
    return InputError(
        f"{header.path}: its table of LAZ chunks is missing: it is cut off, {COPY_AGAIN}, or give "
        "--salvage to use what is there"
    )


def _has_table(header: ScanHeader, file: BinaryIO) -> bool:
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


def _require_layers(
    header: ScanHeader,
    file: BinaryIO,
    items: list[tuple[int, int, int]],
    chunks: Chunks,
) -> int:
    """Refuse chunks whose layers claim more bytes than the chunk has; return how many points.

    A chunk holds its first point, its count of points, the bytes of each layer, and the layers.
    """
    layers = sum(
        _LAYERS.get(kind, 0) if kind != _EXTRA_BYTES_ITEM else size for kind, size, _ in items
    )
    sizes = struct.Struct(f"<{layers}I")
    start, held = header.offset_to_points + 8, 0
    for _, chunk_bytes in chunks:
        file.seek(start + header.record_length)
        held += int.from_bytes(file.read(4), "little")
        raw = file.read(sizes.size)
        claimed = header.record_length + 4 + sizes.size
        if len(raw) == sizes.size:
            claimed += sum(sizes.unpack(raw))
        if claimed > chunk_bytes:
            raise InputError(f"{header.path}: a LAZ chunk at byte {start} is damaged: {COPY_AGAIN}")
        start += chunk_bytes
    return held
