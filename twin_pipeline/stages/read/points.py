"""Points of a scan in the scan frame, chunk by chunk or as one cloud."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.crs.options import AxisOrder
from twin_pipeline.errors import InputError
from twin_pipeline.kernels.records import coordinates
from twin_pipeline.model import FloatArray, PointChunk, PointCloud
from twin_pipeline.shelves import Shelf
from twin_pipeline.stages.read.decode import Records, iter_records, salvaged
from twin_pipeline.stages.read.header import ScanHeader, read_header
from twin_pipeline.stages.read.layout import FIRST_EXTENDED
from twin_pipeline.stages.read.withheld import (
    FLAG,
    Sieve,
    Withheld,
    all_withheld,
    flags_of,
    without,
)

DIMENSIONS = (
    "red", "green", "blue", "intensity", "classification", "return_number", "gps_time", FLAG,
)  # fmt: skip
"""The attributes that `read_chunks` knows."""

CHUNK_POINTS = 1_000_000
_OF_CLOUD = ("gps_time", FLAG)


@dataclass(frozen=True, slots=True, eq=False)
class ScanPoints:
    """All points of a scan."""

    cloud: PointCloud
    """Those to find and measure by, in file order."""
    withheld: Withheld
    """The others."""


def read_chunks(
    path: Path,
    *,
    axis_order: AxisOrder | None = None,
    dimensions: Sequence[str] = DIMENSIONS,
    chunk_points: int = CHUNK_POINTS,
    salvage: bool = False,
) -> Iterator[PointChunk]:
    """Yield all points of a scan in file order.

    Parameters
    ----------
    path
        LAS or LAZ file.
    axis_order
        "ne" if the file stores northing first; anything else means easting first.
    dimensions
        Attributes wanted, out of `DIMENSIONS`; those that the point format lacks are left out.
    chunk_points
        Most points a chunk.
    salvage
        Whether a file that is cut off or damaged gives the points before that place.

    Raises
    ------
    InputError
        If the file is not LAS or LAZ, damaged, cut off, or without points.
    """
    header = read_header(Path(path))
    if salvage:
        header = salvaged(header)
    yield from _chunks(header, axis_order, dimensions, chunk_points)


def _chunks(
    header: ScanHeader, axis_order: AxisOrder | None, dimensions: Sequence[str], chunk_points: int
) -> Iterator[PointChunk]:
    start = 0
    for records in iter_records(header, chunk_points, dimensions):
        attributes = {
            name: values
            for name in dimensions
            if (values := _attribute(records, header, name)) is not None
        }
        yield PointChunk(
            start=start,
            xyz=_coordinates(records, header, axis_order),
            attributes=MappingProxyType(attributes),
        )
        start += len(records)


def read_used_chunks(path: Path, *, axis_order: AxisOrder | None = None) -> Iterator[PointChunk]:
    """Yield the points of a scan that are not flagged withheld, in file order.

    Raises
    ------
    InputError
        As `read_chunks`.
    """
    for chunk in read_chunks(path, axis_order=axis_order, dimensions=(FLAG,)):
        flagged = chunk.attributes[FLAG] != 0
        yield without(chunk, flagged) if flagged.any() else chunk


def read_cloud(
    path: Path, *, axis_order: AxisOrder | None = None, salvage: bool = False
) -> PointCloud:
    """Return the cloud that `read_points` reads."""
    return read_points(path, axis_order=axis_order, salvage=salvage).cloud


def read_points(
    path: Path,
    *,
    axis_order: AxisOrder | None = None,
    salvage: bool = False,
    told: Callable[[int, int], None] | None = None,
    shelf: Shelf | None = None,
) -> ScanPoints:
    """Read all points of a scan, in file order, into one cloud, but for those flagged withheld.

    The origin is the middle of the first points, in whole metres. Peak memory is the cloud's own
    24 bytes a point, 8 more where the file tells times, and one chunk; with a shelf, where the
    cloud is then, only the chunk. `told` is given the points read so far and those that there are.

    Raises
    ------
    InputError
        As `read_chunks`; also if memory does not suffice, or all points are withheld.
    """
    path = Path(path)
    header = read_header(path)
    if salvage:
        header = salvaged(header)
    sieve = Sieve(shelf)
    chunks = sieve.used(
        _told(_chunks(header, axis_order, _OF_CLOUD, CHUNK_POINTS), told, header.point_count)
    )
    cloud = _in_memory(header, chunks) if shelf is None else _shelved(chunks, shelf)
    withheld = sieve.withheld()
    if not len(cloud):
        raise all_withheld(path, withheld.total)
    return ScanPoints(cloud, withheld)


def _told(
    chunks: Iterator[PointChunk], told: Callable[[int, int], None] | None, total: int
) -> Iterator[PointChunk]:
    """Pass chunks on, and tell how many points there were so far."""
    for chunk in chunks:
        yield chunk
        if told is not None:
            told(chunk.start + len(chunk.xyz), total)


def _in_memory(header: ScanHeader, chunks: Iterator[PointChunk]) -> PointCloud:
    xyz = np.empty((0, 3))
    origin = np.zeros(3)
    times, end = [], 0
    try:
        for chunk in chunks:
            if not len(chunk.xyz):
                continue
            if end == 0:
                origin = np.round(np.median(chunk.xyz, axis=0))
                xyz = np.empty((min(header.point_count, _trusted_count(header)), 3))
            start, end = end, end + len(chunk.xyz)
            if end > len(xyz):
                xyz = _grown(xyz, min(header.point_count, 2 * end))
            np.subtract(chunk.xyz, origin, out=xyz[start:end])
            times += [chunk.attributes[name] for name in chunk.attributes if name == "gps_time"]
        time_s = np.concatenate(times) if times else None
    except MemoryError as error:
        raise InputError(
            f"{header.path}: the {header.point_count * 24 / 1e6:,.0f} MB of memory that its points "
            "need at least could not be had: cut or thin the scan, or allow more"
        ) from error
    return PointCloud(xyz=xyz[:end], origin=origin, time_s=time_s)


def _shelved(chunks: Iterator[PointChunk], shelf: Shelf) -> PointCloud:
    xyz, times = shelf.roll(np.float64, 3), shelf.roll(np.float64)
    origin, begun, timed = np.zeros(3), False, False
    for chunk in chunks:
        if not len(chunk.xyz):
            continue
        if not begun:
            origin, begun = np.round(np.median(chunk.xyz, axis=0)), True
        xyz.append(chunk.xyz - origin)
        if "gps_time" in chunk.attributes:
            times.append(chunk.attributes["gps_time"])
            timed = True
    time_s = times.finish()
    return PointCloud(xyz=xyz.finish(), origin=origin, time_s=time_s if timed else None)


def point_count(path: Path) -> int:
    """Return how many points a scan has by its header, no more than its size makes likely.

    Raises
    ------
    InputError
        If the header can't be read.
    """
    header = read_header(Path(path))
    return min(header.point_count, _trusted_count(header))


def _grown(xyz: FloatArray, length: int) -> FloatArray:
    longer = np.empty((length, 3))
    longer[: len(xyz)] = xyz
    return longer


def _trusted_count(header: ScanHeader) -> int:
    """Points for which memory is taken on the header's word: a byte each, and a chunk.

    LAZ can pack more into a byte only where points repeat each other.
    """
    return max(header.file_size, CHUNK_POINTS)


def _coordinates(records: Records, header: ScanHeader, axis_order: AxisOrder | None) -> FloatArray:
    raw = records.view(np.uint8).reshape(len(records), -1)
    order = np.array((1, 0, 2) if axis_order == "ne" else (0, 1, 2))
    return coordinates(raw, header.scale, header.offset, order)


def _attribute(records: Records, header: ScanHeader, name: str) -> npt.NDArray[Any] | None:
    extended = header.point_format >= FIRST_EXTENDED
    if name == "return_number":
        return records["bit_fields"] & np.uint8(0x0F if extended else 0x07)
    if name == FLAG:
        return flags_of(records, header.point_format)
    if name == "classification" and not extended:
        return records["raw_classification"] & np.uint8(0x1F)
    if name not in (records.dtype.names or ()):
        return None
    return np.ascontiguousarray(records[name])
