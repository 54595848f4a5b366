"""The public header block and the variable-length records of a LAS or LAZ file.

Read here rather than by laspy, which trusts the header's counts: a garbage count of records
would make it allocate without bound. Layout: ASPRS LAS 1.4 R15.
"""

import datetime as dt
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.read.layout import record_layout

_SMALLEST_HEADER = 227
_HEADER_1_3, _HEADER_1_4 = 235, 375
# Real files hold a few dozen records; a garbage count must not be walked to its end.
_MAX_RECORDS = 10_000
_MAX_RECORD_BYTES = 16 << 20
_YEARS = range(1990, 2200)
_POINT_FORMATS = range(11)
_COMPRESSED_BIT, _FORMAT_MASK = 0x80, 0x3F
_LARGEST_SCALE_M = 1000.0
_WRAPPERS = {
    b"PK\3\4": "ZIP", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "RAR", b"\x28\xb5\x2f\xfd": "zstd",
}  # fmt: skip
"""Archives, by what they start with."""
FAR_M = 1e12
"""No coordinate lies so far out; also what is not a number fails a comparison with it."""


@dataclass(frozen=True, slots=True)
class Record:
    """A variable-length record (VLR), or an extended one at the file's end (EVLR)."""

    user_id: str
    record_id: int
    data: bytes


@dataclass(frozen=True, slots=True, eq=False)
class ScanHeader:
    """What a LAS header says, with all its counts checked for sanity but not yet for truth."""

    path: Path
    file_size: int
    version: str
    point_format: int
    compressed: bool
    record_length: int
    """Bytes of one uncompressed point."""
    point_count: int
    offset_to_points: int
    scale: FloatArray
    """(3,) metres per count."""
    offset: FloatArray
    """(3,) metres."""
    lower: FloatArray
    """(3,) the corner that the header claims, file order."""
    upper: FloatArray
    """(3,) the corner that the header claims, file order."""
    system: str
    software: str
    creation_date: dt.date | None
    standard_gps_time: bool
    """Whether GPS times count from the GPS epoch, less a billion seconds, not from the week."""
    records: tuple[Record, ...]
    defects: tuple[str, ...]
    salvaged: bool = False
    """Whether `point_count` is what can be read rather than what the file claims."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Layout of one point record, extra bytes skipped."""
        standard = record_layout(self.point_format)
        fields: Mapping[str, Any] = standard.fields or {}
        places = [fields[name] for name in standard.names or ()]
        return np.dtype(
            {
                "names": list(standard.names or ()),
                "formats": [place[0] for place in places],
                "offsets": [place[1] for place in places],
                "itemsize": self.record_length,
            }
        )

    def find(self, user_id: str, record_id: int) -> list[bytes]:
        """Return the contents of all records of one kind, in file order."""
        return [
            record.data
            for record in self.records
            if record.user_id == user_id and record.record_id == record_id
        ]


def read_header(path: Path) -> ScanHeader:
    """Read and check a file's header.

    Raises
    ------
    InputError
        If the file can't be read, is not LAS or LAZ, or its header makes no sense.
    """
    try:
        with path.open("rb") as file:
            return _parse(file, path)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror or error}") from error


def _parse(file: BinaryIO, path: Path) -> ScanHeader:
    size = path.stat().st_size
    block = file.read(_HEADER_1_4)
    _require_las(block, path)
    major, minor = block[24], block[25]
    if major != 1 or minor > 4:
        raise InputError(f"{path}: LAS version {major}.{minor} is not known: convert it to 1.4")
    offset_to_points: int = struct.unpack_from("<I", block, 96)[0]
    if not _SMALLEST_HEADER <= offset_to_points <= size:
        raise InputError(
            f"{path}: its points should start at byte {offset_to_points}, but the file has "
            f"{size} bytes: it is damaged or cut off, copy it again from the source"
        )
    defects: list[str] = []
    numbers = np.frombuffer(block, dtype="<f8", count=12, offset=131).astype(np.float64)
    scale, offset, box = numbers[:3], numbers[3:6], numbers[6:]
    _require_scale(scale, offset, path)
    compressed, point_format, record_length = _point_layout(block, path)
    records = [*_records(file, block, size, defects), *_extended(file, block, size, defects)]
    count = _point_count(block, defects)
    if not compressed:
        points_end = offset_to_points + count * record_length
        defects += _more(_end_of_points(block, points_end, size) - points_end, record_length, count)
    return ScanHeader(
        path=path,
        file_size=size,
        version=f"{major}.{minor}",
        point_format=point_format,
        compressed=compressed,
        record_length=record_length,
        point_count=count,
        offset_to_points=offset_to_points,
        scale=scale,
        offset=offset,
        lower=box[1::2],
        upper=box[0::2],
        system=_text(block[26:58]),
        software=_text(block[58:90]),
        creation_date=_date(block),
        standard_gps_time=bool(block[6] & 1),
        records=tuple(records),
        defects=(*_naming(path, compressed), *defects),
    )


def _require_las(block: bytes, path: Path) -> None:
    if not block:
        raise InputError(f"{path}: is empty")
    if block.lower().startswith(b"~v"):
        raise InputError(
            f"{path}: is a well log (the other LAS format), not a point cloud: give the scan"
        )
    if block.startswith(b"version https://git-lfs"):
        raise InputError(
            f"{path}: is a git-LFS pointer to the scan, not the scan: fetch it with `git lfs pull`"
        )
    if (wrapper := _wrapper(block)) is not None:
        raise InputError(
            f"{path}: is a {wrapper} archive, not a scan: unpack it and give the scan that is in it"
        )
    if block[:4] != b"LASF":
        raise InputError(
            f"{path}: is not a LAS or LAZ file (starts with {block[:8]!r}): convert the scan to LAZ"
        )
    if len(block) < _SMALLEST_HEADER:
        raise InputError(
            f"{path}: is cut off inside its header ({len(block)} bytes): copy it again"
        )


def _wrapper(block: bytes) -> str | None:
    """Return what a file was packed with; None where it was not."""
    if block[257:262] == b"ustar":
        return "tar"
    return next((kind for magic, kind in _WRAPPERS.items() if block.startswith(magic)), None)


def _require_scale(scale: FloatArray, offset: FloatArray, path: Path) -> None:
    if not ((scale > 0) & (scale <= _LARGEST_SCALE_M)).all():
        raise InputError(f"{path}: its scale {scale.tolist()} is impossible: write it anew")
    if not (np.abs(offset) < FAR_M).all():
        raise InputError(f"{path}: its offset {offset.tolist()} is impossible: write it anew")


def _point_layout(block: bytes, path: Path) -> tuple[bool, int, int]:
    compressed = bool(block[104] & _COMPRESSED_BIT)
    point_format = block[104] & _FORMAT_MASK
    record_length: int = struct.unpack_from("<H", block, 105)[0]
    if point_format not in _POINT_FORMATS:
        raise InputError(f"{path}: point format {point_format} is not known: write it as 0 to 10")
    needed = record_layout(point_format).itemsize
    if record_length < needed:
        raise InputError(
            f"{path}: its points are {record_length} bytes long, but format {point_format} needs "
            f"{needed}: the header is damaged"
        )
    return compressed, point_format, record_length


def _point_count(block: bytes, defects: list[str]) -> int:
    legacy: int = struct.unpack_from("<I", block, 107)[0]
    if not _has(block, 4, _HEADER_1_4):
        return legacy
    count: int = struct.unpack_from("<Q", block, 247)[0]
    if legacy and count and legacy != count:
        defects.append(f"two point counts disagree: {count} and, for old readers, {legacy}")
    return count or legacy


def _end_of_points(block: bytes, least: int, size: int) -> int:
    """Return where what follows the points begins: waveforms, extended records, the file's end."""
    starts = [size]
    for minor, length, at in ((3, _HEADER_1_3, 227), (4, _HEADER_1_4, 235)):
        if _has(block, minor, length):
            (start,) = struct.unpack_from("<Q", block, at)
            starts.append(start if least <= start else size)
    return min(starts)


def _more(left_bytes: int, record_length: int, count: int) -> Iterator[str]:
    """Say where there is room for points that the header doesn't know of."""
    if count and left_bytes >= record_length:
        yield (
            f"{left_bytes:,} bytes follow the {count:,} points that its header claims: room for "
            f"{left_bytes // record_length:,} more, which are not read"
        )


def _has(block: bytes, minor: int, length: int) -> bool:
    header_size: int = struct.unpack_from("<H", block, 94)[0]
    return block[25] >= minor and header_size >= length and len(block) >= length


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("utf-8", errors="replace").strip()


def _date(block: bytes) -> dt.date | None:
    day, year = struct.unpack_from("<HH", block, 90)
    if not (1 <= day <= 366 and year in _YEARS):
        return None
    return dt.date(year, 1, 1) + dt.timedelta(days=day - 1)


def _naming(path: Path, compressed: bool) -> Iterator[str]:  # noqa: FBT001 - one of two facts
    if compressed and path.suffix.lower() == ".las":
        yield "named .las, but compressed (LAZ)"
    if not compressed and path.suffix.lower() == ".laz":
        yield "named .laz, but not compressed (LAS)"


def _records(file: BinaryIO, block: bytes, size: int, defects: list[str]) -> Iterator[Record]:
    header_size, end, count = struct.unpack_from("<HII", block, 94)
    yield from _walk(file, "<16sHH32x", header_size, min(end, size), count, defects)


def _extended(file: BinaryIO, block: bytes, size: int, defects: list[str]) -> Iterator[Record]:
    if not _has(block, 4, _HEADER_1_4):
        return
    start, count = struct.unpack_from("<QI", block, 235)
    yield from _walk(file, "<16sHQ32x", start, size, count, defects)


def _walk(
    file: BinaryIO, layout: str, start: int, end: int, count: int, defects: list[str]
) -> Iterator[Record]:
    """Yield `count` records from `start`, stopping with a defect where one passes `end`."""
    head, position = struct.Struct(f"<2x{layout[1:]}"), start
    for index in range(count):
        data_at = position + head.size
        if index == _MAX_RECORDS or data_at > end:
            defects.append(f"only {index} of {count} records could be read")
            return
        file.seek(position)
        user_id, record_id, length = head.unpack(file.read(head.size))
        if data_at + length > end:
            defects.append(f"record {index + 1} of {count} is cut off")
            return
        if length <= _MAX_RECORD_BYTES:
            yield Record(_text(user_id), record_id, file.read(length))
        position = data_at + length
