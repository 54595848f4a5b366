"""From what the scan declares and what the user says to a georeference, or a clear refusal."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from pyproj import CRS

from twin_pipeline.crs.case import Case
from twin_pipeline.crs.choose import choose_crs, overrule, require_projected_metres
from twin_pipeline.crs.compare import epsg_name
from twin_pipeline.crs.elevations import choose_heights
from twin_pipeline.crs.epoch import epoch_warnings
from twin_pipeline.crs.frames import LocalFrame, Plane, ProjectedFrame
from twin_pipeline.crs.georeference import Decision, Georeference
from twin_pipeline.crs.options import LOCAL, CrsOptions
from twin_pipeline.crs.orders import axis_order, order_doubts, order_warnings
from twin_pipeline.crs.place import Extent
from twin_pipeline.crs.record import CrsRecord
from twin_pipeline.crs.suspicion import (
    place_doubts,
    place_warnings,
    require_metres,
    size_doubts,
)
from twin_pipeline.crs.terrain import height_doubt, terrain_doubts, terrain_warnings
from twin_pipeline.crs.wkt import compound_epsg, full_wkt, local_wkt
from twin_pipeline.errors import GeoreferenceError


def resolve(
    record: CrsRecord,
    options: CrsOptions,
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    scan_name: str,
    setting_sources: Mapping[str, str] = MappingProxyType({}),
    written: dt.date | None = None,
    *,
    held: bool = False,
) -> Georeference:
    """Establish where a scan lies and what its elevations mean.

    Parameters
    ----------
    record
        What the file declares.
    options
        What the user says.
    lower, upper
        (3,) corners of the scan's bounding box, metres, scan frame (after `axis_order`).
    scan_name
        Named in errors.
    setting_sources
        By field of `options`, where its value came from ("--crs", "configs/tokyo.toml"), as it
        shall stand in run.json.
    written
        The day that the file claims for itself, None if unknown.
    held
        Whether control points hold the scan where it is.

    Raises
    ------
    GeoreferenceError
        If anything is missing, contradictory or impossible; the message names the remedy.
    UsageError
        When a geoid file can't be read.
    """
    extent = Extent(np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64))
    case = Case(record, options, extent, scan_name, setting_sources, written, held)
    if options.crs == LOCAL:
        return _resolve_local(case)
    declared = choose_crs(case)
    require_projected_metres(case, declared)
    plane, insisted = _placed(case, declared.horizontal)
    heights, decisions = choose_heights(case, declared, plane)
    frame = ProjectedFrame(plane, heights)
    _require_geoid(case, frame)
    insisted += case.settle(terrain_doubts(case, frame))
    insisted += case.settle(order_doubts(case, frame), unsaid=True)
    return Georeference(
        frame=frame,
        wkt=full_wkt(declared.horizontal, heights.datum),
        horizontal_epsg=declared.horizontal.to_epsg(),
        compound_epsg=compound_epsg(declared.horizontal, heights.datum),
        declared_epsg=declared.epsg,
        vertical_name=heights.datum.name,
        decisions={
            "crs": Decision(epsg_name(declared.horizontal), declared.source),
            **decisions,
            "axis_order": axis_order(case, frame),
        },
        middle=case.extent.middle,
        warnings=(
            *declared.warnings,
            *insisted,
            *place_warnings(case, plane),
            *order_warnings(case, frame),
            *(() if insisted else terrain_warnings(case, frame)),
            *epoch_warnings(case, frame),
        ),
        height_doubt=height_doubt(case, frame, decisions["vertical"].source),
    )


def _placed(case: Case, horizontal: CRS) -> tuple[Plane, tuple[str, ...]]:
    """Return the plane, before heights: a false CRS makes any question about them pointless."""
    try:
        plane = Plane.of(horizontal)
    except GeoreferenceError as error:
        raise case.refuse(str(error)) from error
    require_metres(case)
    return plane, case.settle(place_doubts(case, plane))


def _require_geoid(case: Case, frame: ProjectedFrame) -> None:
    try:
        frame.undulation_m(case.extent.centre[np.newaxis])
    except GeoreferenceError as error:
        raise case.refuse(str(error)) from error


def _resolve_local(case: Case) -> Georeference:
    if case.options.origin is None:
        raise case.refuse(
            "local coordinates need a place on earth: give --origin LON,LAT,HEIGHT "
            "(degrees, ellipsoidal metres; config: [crs] origin = [139.69, 35.68, 77.0])",
            unsaid=True,
        )
    warnings = (*overrule(case, None), *case.settle(size_doubts(case.extent)))
    return Georeference(
        frame=LocalFrame(case.options.origin),
        wkt=local_wkt(case.options.origin),
        horizontal_epsg=None,
        compound_epsg=None,
        declared_epsg=None,
        vertical_name="Up from the local origin",
        decisions={
            "crs": Decision(LOCAL, case.setting("crs")),
            "vertical": Decision(LOCAL, "follows from crs = local"),
            "geoid": Decision(None, "not needed: the origin's height is ellipsoidal"),
            "axis_order": _local_order(case),
        },
        middle=case.extent.middle,
        warnings=warnings,
    )


def _local_order(case: Case) -> Decision:
    if case.options.axis_order is None:
        return Decision("en", "default: LAS stores easting first")
    return Decision(case.options.axis_order, case.setting("axis_order"))
