"""Whether a file that is being copied has all of its bytes, from what its format says of them."""

import os
import struct
from pathlib import Path
from typing import BinaryIO

_TAIL = 4096
"""Bytes at the end that are not all zero in any scan; copying may reserve a file's full size."""

_LEAST_HEADER = 227
_COMPRESSED = 0xC0


def what_lacks(path: Path) -> str | None:
    """Return what a scan lacks of what its header promises; None if nothing is known to lack.

    Raises
    ------
    OSError
        When the file can't be read.
    """
    size = path.stat().st_size
    if not size:
        return "is empty"
    with path.open("rb") as file:
        start = file.read(400)
        told = None
        if b"LASF".startswith(start[:4]):
            told = _of_las(file, start, size)
        elif start[:8] == b"ASTM-E57" and len(start) >= 24:
            told = _short(struct.unpack_from("<Q", start, 16)[0], size)
        if told is None and size > 16 * _TAIL:
            file.seek(-_TAIL, os.SEEK_END)
            if not any(file.read(_TAIL)):
                return f"has {size:,} bytes reserved, of which the last are still empty"
    return told


def _of_las(file: BinaryIO, start: bytes, size: int) -> str | None:
    if size < _LEAST_HEADER:
        return f"ends within its header, after {size} bytes"
    offset, layout, length, count = struct.unpack_from("<I4xBHI", start, 96)
    if start[25] >= 4 and len(start) >= 255:
        evlrs_at, evlrs, count_long = struct.unpack_from("<QIQ", start, 235)
        count = count_long or count
        if evlrs and evlrs_at >= size:
            return _short(evlrs_at + 60 * evlrs, size)
    if not layout & _COMPRESSED:
        return _short(offset + count * length, size, f" for {count:,} points")
    file.seek(offset)
    raw = file.read(8)
    if len(raw) < 8:
        return f"ends before its points, after {size:,} bytes"
    table_at = struct.unpack("<q", raw)[0]
    if table_at == -1:  # written without going back: the place of the table stands at the end
        return None
    return _short(table_at + 8, size) if table_at > 0 else "has no table of its points yet"


def _short(needed: int, size: int, what: str = "") -> str | None:
    if size >= needed:
        return None
    return f"has {size:,} of the {needed:,} bytes that its header tells of{what}"
