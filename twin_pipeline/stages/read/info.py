"""What a scan file is: header, coordinate reference system, content and defects."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.crs import CrsRecord
from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.read.content import Content, scan_content
from twin_pipeline.stages.read.coordinates import crs_record
from twin_pipeline.stages.read.decode import require_points, salvaged
from twin_pipeline.stages.read.header import FAR_M, ScanHeader, read_header
from twin_pipeline.stages.read.layout import dimension_names
from twin_pipeline.stages.read.survey_date import survey_date

Triple = tuple[float, float, float]

_EXTRA_BYTES = ("LASF_Spec", 4)
_EXTRA_BYTES_ENTRY = 192


@dataclass(frozen=True, slots=True)
class Box:
    """Corners of a bounding box, metres, in the file's own order of coordinates."""

    lower: Triple
    upper: Triple

    @property
    def size_m(self) -> Triple:
        """Extent along the three axes."""
        return _triple(np.subtract(self.upper, self.lower))


@dataclass(frozen=True, slots=True)
class ScanInfo:
    """Everything worth knowing about a scan before it is processed."""

    path: Path
    file_size: int
    sha256: str | None
    """None where only the header was read, as for all that only a full pass tells."""
    version: str
    point_format: int
    compressed: bool
    point_count: int
    scale: Triple
    offset: Triple
    system: str
    software: str
    creation_date: dt.date | None
    survey_date: dt.date | None
    """By the first point's GPS time where that tells the day, else the creation date."""
    crs: CrsRecord
    dimensions: tuple[str, ...]
    header_box: Box | None
    """As the header claims; None where it claims no numbers."""
    actual_box: Box | None
    """As the points are."""
    density_per_m2: float | None
    """Mean over the occupied plan cells of side `density_cell_m`; walls count into their cell."""
    density_cell_m: float | None
    withheld_count: int | None
    """Points that are flagged withheld, by which nothing is found or measured."""
    duplicate_fraction: float | None
    """Share of points with coordinates that another point has already; 0 below 1 %."""
    defects: tuple[str, ...]
    unreadable: str | None
    """Why the points can't be used: the message of the error that reading them raises."""

    @property
    def box(self) -> Box | None:
        """The true box where it is known, else the header's."""
        return self.actual_box or self.header_box

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return fields | {
            "path": str(self.path),
            "creation_date": self.creation_date.isoformat() if self.creation_date else None,
            "survey_date": self.survey_date.isoformat() if self.survey_date else None,
            "crs": self.crs.to_dict(),
            "header_box": _box_dict(self.header_box),
            "actual_box": _box_dict(self.actual_box),
        }


def inspect_scan(path: Path, *, full: bool = True, salvage: bool = False) -> ScanInfo:
    """Look into a scan file, going over all its points where `full`, in bounded memory.

    A file whose points can't be read still yields what its header says, with `unreadable` set.

    Raises
    ------
    InputError
        If the file is not LAS or LAZ, or its header is damaged.
    """
    header = read_header(Path(path))
    if salvage:
        header = salvaged(header)
    content, unreadable = _content(header, full=full)
    return ScanInfo(
        path=header.path,
        file_size=header.file_size,
        sha256=sha256_of(header.path) if full else None,
        version=header.version,
        point_format=header.point_format,
        compressed=header.compressed,
        point_count=header.point_count,
        scale=_triple(header.scale),
        offset=_triple(header.offset),
        system=header.system,
        software=header.software,
        creation_date=header.creation_date,
        survey_date=survey_date(header) if unreadable is None else header.creation_date,
        crs=crs_record(header),
        dimensions=(*dimension_names(header.point_format), *_extra(header)),
        header_box=_box(header.lower, header.upper),
        actual_box=_box(content.lower, content.upper) if content else None,
        density_per_m2=content.density_per_m2 if content else None,
        density_cell_m=content.density_cell_m if content else None,
        withheld_count=content.withheld if content else None,
        duplicate_fraction=content.duplicate_fraction if content else None,
        defects=(*header.defects, *_defects(header, content)),
        unreadable=unreadable,
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises
    ------
    InputError
        If the file can't be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror or error}") from error


def _content(header: ScanHeader, *, full: bool) -> tuple[Content | None, str | None]:
    try:
        if full:
            return scan_content(header), None
        if not header.salvaged:
            require_points(header)
    except InputError as error:
        return None, str(error)
    return None, None


def _triple(values: FloatArray) -> Triple:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _box(lower: FloatArray, upper: FloatArray) -> Box | None:
    if not ((np.abs(lower) < FAR_M) & (np.abs(upper) < FAR_M)).all():
        return None
    return Box(_triple(lower), _triple(upper))


def _box_dict(box: Box | None) -> dict[str, Triple] | None:
    if box is None:
        return None
    return {"lower": box.lower, "upper": box.upper, "size_m": box.size_m}


def _extra(header: ScanHeader) -> Iterator[str]:
    """Names of extra dimensions; each is described by 192 bytes, its name from byte 4 on."""
    for data in header.find(*_EXTRA_BYTES):
        for start in range(0, len(data) - _EXTRA_BYTES_ENTRY + 1, _EXTRA_BYTES_ENTRY):
            name = data[start + 4 : start + 36].split(b"\0")[0]
            yield name.decode("utf-8", errors="replace")


def _defects(header: ScanHeader, content: Content | None) -> Iterator[str]:
    if _box(header.lower, header.upper) is None:
        yield "the header's bounding box is no place"
    if content is None:
        return
    stray = np.maximum(np.abs(content.lower - header.lower), np.abs(content.upper - header.upper))
    # Writers round the box, so that a count of the scale is no error.
    if (stray > 2 * header.scale).any():
        yield f"the header's bounding box is wrong by up to {np.nanmax(stray):,.3f} m"
    if content.duplicate_fraction > 0:
        yield f"about {content.duplicate_fraction:.0%} of the points repeat another one exactly"
