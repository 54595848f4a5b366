"""Which CRS holds: the file's record, a setting, or the default."""

from dataclasses import replace

from pyproj import CRS
from pyproj.exceptions import CRSError

from twin_pipeline.crs.ashore import can_lie
from twin_pipeline.crs.case import GIVE_CRS, INSIST, SAY_CRS, Case, Declared
from twin_pipeline.crs.codes import crs_from_text
from twin_pipeline.crs.compare import (
    epsg_name,
    has_ellipsoidal_height,
    same_horizontal,
    split,
)
from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.place import Extent
from twin_pipeline.crs.record import CrsRecord
from twin_pipeline.errors import GeoreferenceError


def choose_crs(case: Case) -> Declared:
    """Return the CRS to use; raises GeoreferenceError if there is none or it is contradicted."""
    record, options = case.record, case.options
    if options.crs is not None:
        return _from_setting(case, options.crs)
    recorded = record.crs()
    if recorded is not None:
        declared = _declared(recorded, f"file ({record.source})")
        return declared if record.problem is None else replace(declared, warnings=_in_part(case))
    if record.problem is not None:
        raise case.refuse(f"its CRS record can't be used: {record.problem}; {SAY_CRS}", unsaid=True)
    if options.default_crs is None:
        raise case.refuse(f"carries no CRS record; {GIVE_CRS}", unsaid=True)
    crs = _parse(case, options.default_crs)
    source = f"{case.setting('default_crs')}, as the scan carries no CRS record"
    return _declared(crs, source)


def _in_part(case: Case) -> tuple[str, ...]:
    return (f"{case.scan_name}: its CRS record is used but for a part: {case.record.problem}",)


def _from_setting(case: Case, text: str) -> Declared:
    crs = _parse(case, text)
    declared = _declared(crs, case.setting("crs"))
    warnings = overrule(case, declared.horizontal)
    recorded = case.record.crs()
    inherits = declared.vertical is None and not declared.ellipsoidal and not warnings
    if inherits and recorded is not None:
        ellipsoidal = has_ellipsoidal_height(recorded)
        declared = replace(declared, vertical=split(recorded)[1], ellipsoidal=ellipsoidal)
    return replace(declared, warnings=warnings)


def _declared(crs: CRS, source: str) -> Declared:
    horizontal, vertical = split(crs)
    # PROJ finds the code of a three-dimensional CRS by that of its plane.
    code = horizontal.to_epsg() if has_ellipsoidal_height(crs) else crs.to_epsg()
    return Declared(horizontal, vertical, has_ellipsoidal_height(crs), code, source)


def _parse(case: Case, text: str) -> CRS:
    try:
        return crs_from_text(text)
    except CRSError as error:
        raise case.refuse(
            f"{text[:60]!r} is not a known CRS: give an EPSG code such as EPSG:6677, or local"
        ) from error


def _contradicted(record: CrsRecord, horizontal: CRS | None) -> CRS | None:
    """Return the record's horizontal CRS where it means another place than `horizontal`."""
    crs = record.crs()
    if crs is None:
        return None
    recorded, _ = split(crs)
    if not recorded.is_projected:
        return None
    if horizontal is not None and same_horizontal(recorded, horizontal):
        return None
    return recorded


def overrule(case: Case, horizontal: CRS | None) -> tuple[str, ...]:
    """Let a setting win over the record with a warning, but not over one that could be true.

    A `horizontal` of None stands for local coordinates.
    """
    recorded = _contradicted(case.record, horizontal)
    if recorded is None:
        return ()
    if not case.options.force_crs and _could_be_true(recorded, case.extent):
        raise case.refuse(
            f"its record ({case.record.source}) says {epsg_name(recorded)}, but crs is set to "
            f"{case.options.crs}: leave --crs out, or {INSIST}"
        )
    return (
        f"{case.scan_name}: its record {epsg_name(recorded)} ({case.record.source}) was overruled",
    )


def _could_be_true(recorded: CRS, extent: Extent) -> bool:
    try:
        plane = Plane.of(recorded)
    except GeoreferenceError:
        return True
    return can_lie(plane, extent)


def require_projected_metres(case: Case, declared: Declared) -> None:
    """Raise GeoreferenceError for degrees, feet, and CRSs without a place on earth."""
    crs = declared.horizontal
    if crs.is_geographic and not case.extent.in_degrees():
        x, y = case.extent.centre[:2]
        raise case.refuse(
            f"{epsg_name(crs)} counts in degrees, but its coordinates, {x:.1f} and {y:.1f}, are "
            f"none: {SAY_CRS} if they are metres of a projection"
        )
    if crs.is_geographic:
        raise case.refuse(
            f"{epsg_name(crs)} counts in degrees: convert the scan to a plane CRS in metres "
            "first, such as EPSG:6677"
        )
    if crs.is_geocentric:
        raise case.refuse(
            f"{epsg_name(crs)} counts in metres from the earth's centre: convert the scan to a "
            "plane CRS first, such as EPSG:6677"
        )
    if not crs.is_projected:
        raise case.refuse(f"{crs.name!r} has no place on earth; {SAY_CRS}")
    parts = [*crs.axis_info, *(declared.vertical.axis_info if declared.vertical else [])]
    for axis in parts:
        if axis.direction in {"south", "west"} and not case.options.force_crs:
            raise case.refuse(
                f"{axis.name} of {epsg_name(crs)} ({declared.source}) counts {axis.direction}wards,"
                f" but coordinates are taken as easting and northing: {SAY_CRS} if that is false, "
                "else convert the scan to a system that counts eastwards and northwards"
            )
        if axis.direction == "down":
            raise case.refuse(f"{axis.name} of {epsg_name(crs)} counts downwards: turn it upwards")
        if axis.unit_conversion_factor != 1:
            raise case.refuse(
                f"the {axis.name.lower()} of {epsg_name(crs)} counts in {axis.unit_name}: "
                "convert the scan to metres first"
            )
