"""Brings lines of a file into the frame of a scan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from twin_pipeline.crs.arrival import Reachable, elevations_at, plane_at, vertical_of_name
from twin_pipeline.crs.options import AxisOrder
from twin_pipeline.errors import GeoreferenceError, InputError
from twin_pipeline.model import FloatArray
from twin_pipeline.reference.csv_file import read_csv_lines
from twin_pipeline.reference.dxf_file import read_dxf_lines
from twin_pipeline.reference.geojson_file import read_geojson_lines
from twin_pipeline.reference.landxml_file import read_landxml_lines
from twin_pipeline.reference.lines import FileLine, FileLines
from twin_pipeline.reference.options import LevelDatum

_READERS = {
    ".geojson": read_geojson_lines,
    ".json": read_geojson_lines,
    ".csv": read_csv_lines,
    ".dxf": read_dxf_lines,
    ".xml": read_landxml_lines,
    ".landxml": read_landxml_lines,
}
_AT_SITE_M = 300.0
"""How far from the site's pipes a line may pass to belong to it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A file, and what the user says of it."""

    section: str
    """boundary or design: names the settings in errors."""
    file: Path
    line: str | None
    crs: str | None
    axis_order: AxisOrder | None
    vertical: LevelDatum | None = None
    """What levels count from: scan, a key of a vertical datum, or None where nothing is said."""
    needs_levels: bool = False


def read_lines(request: Request) -> FileLines:
    """Read a file by its ending and keep the lines that were asked for.

    Raises
    ------
    InputError
        When the file can't be read or has no such line.
    """
    path = request.file
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: {request.section} must be one of {', '.join(_READERS)}")
    try:
        found = reader(path)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    wanted = request.line
    kept = tuple(line for line in found.lines if wanted is None or fnmatchcase(line.name, wanted))
    if not kept:
        names = ", ".join(sorted({line.name or "(no name)" for line in found.lines})) or "none"
        named = "" if wanted is None else f" {wanted!r}"
        raise InputError(f"{path}: has no line{named}; its lines: {names}")
    for line in kept:
        if not np.isfinite(line.vertices[:, :2]).all():
            raise InputError(f"{path}: line {line.name!r} has a coordinate that is no number")
    return replace(found, lines=kept)


def placed(
    request: Request, found: FileLines, reference: Reachable, site: FloatArray
) -> list[tuple[FileLine, FloatArray]]:
    """Return each line with its vertices (K, 3) in the scan frame; a level is NaN without one.

    Parameters
    ----------
    request
        What the user says of the file.
    found
        What the file holds.
    reference
        The scan's georeference.
    site
        (N, 3) places of the pipes, scan frame.

    Raises
    ------
    GeoreferenceError
        When it can't be established where the lines lie.
    """
    crs = request.crs or found.crs
    if crs is not None and request.crs is None and reference.is_local:
        raise GeoreferenceError(f"{request.file}: is in {crs}, but the scan is local")
    for scale in found.scales:
        scaled = _in_metres(found, scale)
        ways = {
            order: [_in_plane(line, order, crs, scaled, reference) for line in scaled.lines]
            for order in _orders(request, found)
        }
        near = {order: lines for order, lines in ways.items() if _reaches(lines, site)}
        if near:
            break
    if len(near) != 1:
        raise GeoreferenceError(_where(request, ways, len(near), site))
    (lines,) = near.values()
    return [
        (line, _with_levels(request, scaled, line, plane, reference))
        for line, plane in zip(scaled.lines, lines, strict=True)
    ]


def _in_metres(found: FileLines, scale: float) -> FileLines:
    lines = (replace(line, vertices=scale * line.vertices) for line in found.lines)
    return replace(found, lines=tuple(lines))


def _orders(request: Request, found: FileLines) -> Sequence[AxisOrder]:
    if request.axis_order is not None:
        return (request.axis_order,)
    return {"en": ("en",), "ne": ("ne",)}.get(found.order or "", ("en", "ne"))  # type: ignore[return-value]


def _in_plane(
    line: FileLine, order: AxisOrder, crs: str | None, found: FileLines, reference: Reachable
) -> FloatArray:
    """Return easting and northing (K, 2) in the scan frame."""
    plane = line.vertices[:, :2] if order == "en" else line.vertices[:, 1::-1]
    if found.is_lonlat:
        return plane_at(reference, plane, None)
    if crs is None:
        return np.asarray(plane)
    return plane_at(reference, plane, crs)


def _reaches(lines: Sequence[FloatArray], site: FloatArray) -> bool:
    return _away_m(lines, site) <= _AT_SITE_M


def _away_m(lines: Sequence[FloatArray], site: FloatArray) -> float:
    """Return the distance between the site and the nearest box round a line."""
    low, high = site[:, :2].min(axis=0), site[:, :2].max(axis=0)
    gaps = [
        np.maximum(np.maximum(low - line.max(axis=0), line.min(axis=0) - high), 0.0)
        for line in lines
    ]
    return min(
        (float(np.linalg.norm(gap)) for gap in gaps if np.isfinite(gap).all()), default=np.inf
    )


def _where(
    request: Request, ways: dict[AxisOrder, list[FloatArray]], near: int, site: FloatArray
) -> str:
    setting = f"{request.section}.axis_order"
    if near > 1:
        return (
            f"{request.file}: lies at the site whichever coordinate is taken for the easting: say "
            f"{setting} = 'en' or 'ne'"
        )
    distances = ", ".join(
        f"{_away_m(lines, site) / 1000:.1f} km ({order})" for order, lines in ways.items()
    )
    return (
        f"{request.file}: lies {distances} from the pipes: correct {request.section}.crs or "
        f"{setting}, or give the file of this site"
    )


def _with_levels(
    request: Request, found: FileLines, line: FileLine, plane: FloatArray, reference: Reachable
) -> FloatArray:
    if not line.has_levels:
        return np.column_stack((plane, np.full(len(plane), np.nan)))
    levels = line.vertices[:, 2]
    if not request.needs_levels:
        return np.column_stack((plane, levels))
    vertical: str | None = request.vertical
    if vertical is None and found.is_lonlat:
        raise GeoreferenceError(
            f"{request.file}: GeoJSON does not say what its heights count from: say "
            f"{request.section}.vertical = 'scan' where they are elevations as in the scan, "
            "'ellipsoidal' where they are as RFC 7946 has them"
        )
    if vertical is None and found.vertical is not None:
        vertical = vertical_of_name(reference, found.vertical)
        if vertical is None:
            raise GeoreferenceError(
                f"{request.file}: its levels count from {found.vertical!r}, the scan's elevations "
                f"from {reference.vertical_name}: say {request.section}.vertical"
            )
    if vertical is None or vertical == "scan":
        return np.column_stack((plane, levels))
    return np.column_stack((plane, elevations_at(reference, plane, levels, vertical)))
