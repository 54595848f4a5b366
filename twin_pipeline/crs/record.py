"""What a scan file says about its coordinate reference system, and whether that can be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyproj import CRS
from pyproj.crs import BoundCRS, CompoundCRS
from pyproj.exceptions import CRSError

from twin_pipeline.crs.codes import crs_from_code
from twin_pipeline.crs.compare import has_ellipsoidal_height, same_crs, split
from twin_pipeline.crs.userdefined import USER_DEFINED, GeoKeys, crs_from_parameters

# GeoTIFF key numbers, OGC 19-008r4
_MODEL_TYPE, _CITATION = 1024, 1026
_GEOGRAPHIC, _PROJECTED, _PROJECTED_CITATION, _LINEAR_UNIT = 2048, 3072, 3073, 3076
_VERTICAL, _VERTICAL_UNIT = 4096, 4099
_UNIT_METRE, _UNITS = 9001, {9001: "metre", 9002: "foot", 9003: "US survey foot"}
_VERTICAL_TYPE = "Vertical CRS"
_EPSG_CODES = range(1024, 32767)
_ELLIPSOIDS = range(5001, 5100)
"""Codes of heights above an ellipsoid, GeoTIFF 1.0 section 6.3.4.1."""


@dataclass(frozen=True, slots=True)
class CrsRecord:
    """The CRS as recorded in a scan file."""

    wkt: str | None = None
    """WKT of the usable part; None where there is no record or none that can be used."""
    source: str = "none"
    """Where it was found, such as 'WKT record' or 'GeoTIFF keys'."""
    problem: str | None = None
    """What is wrong with the record, for people; None if nothing."""

    @property
    def present(self) -> bool:
        """Whether the file carries a record at all, usable or not."""
        return self.wkt is not None or self.problem is not None

    def crs(self) -> CRS | None:
        """Return the usable part as a pyproj CRS."""
        return None if self.wkt is None else CRS.from_wkt(self.wkt)

    def to_dict(self) -> dict[str, Any]:
        """Return the record, JSON-ready, with the CRS's name and code beside its WKT."""
        crs = self.crs()
        known = crs if crs is None or crs.is_compound else split(crs)[0]
        return {
            "name": None if known is None else known.name,
            "epsg": None if known is None else known.to_epsg(),
            "wkt": self.wkt,
            "source": self.source,
            "problem": self.problem,
        }


def record_from_wkt(text: str, source: str = "WKT record") -> CrsRecord:
    """Read a WKT record; a broken one comes back with its problem instead of an exception."""
    stripped = text.strip("\0 \t\r\n")
    if not stripped:
        return CrsRecord(None, source, "the WKT record is empty")
    try:
        # TOWGS84 turns the CRS into a bound one; the datum's own transformation is better.
        crs = _unbound(CRS.from_wkt(stripped))
    except CRSError as error:
        return CrsRecord(None, source, f"the WKT can't be read ({_first_line(error)})")
    return CrsRecord(crs.to_wkt(), source)


def record_from_geokeys(keys: GeoKeys, source: str = "GeoTIFF keys") -> CrsRecord:
    """Read GeoTIFF keys given by number, with text and floating-point values resolved.

    EPSG codes are followed, and projections spelled out completely over a datum with a code;
    anything else leaves its datum to interpretation, and is reported as a problem.
    """
    code = keys.get(_PROJECTED) or keys.get(_GEOGRAPHIC)
    if code == USER_DEFINED and (defined := crs_from_parameters(keys)) is not None:
        return _with_vertical(split(defined)[0], keys, source)
    if not isinstance(code, int) or code not in _EPSG_CODES:
        return CrsRecord(None, source, _without_code(keys, code))
    horizontal = _from_epsg(code)
    known = horizontal is not None and (
        horizontal.is_projected or horizontal.is_geographic or horizontal.is_geocentric
    )
    if horizontal is None or not known:
        return CrsRecord(None, source, f"EPSG:{code} is not known as a horizontal CRS")
    if (unit := _contradicting_unit(keys.get(_LINEAR_UNIT), horizontal)) is not None:
        return CrsRecord(None, source, f"EPSG:{code} is not in {unit}, as the keys claim")
    return _with_vertical(horizontal, keys, source)


def merge_records(records: Sequence[CrsRecord]) -> CrsRecord:
    """Return the one thing that all records of a file say, or their disagreement as a problem."""
    present = [record for record in records if record.present]
    usable = [(record, crs) for record in present if (crs := record.crs()) is not None]
    if not usable:
        return present[0] if present else CrsRecord()
    best, best_crs = max(usable, key=lambda pair: len(pair[1].axis_info))
    for other, crs in usable:
        if not same_crs(best_crs, crs):
            problem = (
                f"its CRS records disagree: {best_crs.name} ({best.source}) and "
                f"{crs.name} ({other.source})"
            )
            return CrsRecord(None, "several records", problem)
    problems = [record.problem for record in present if record.problem is not None]
    return CrsRecord(best.wkt, best.source, problems[0] if problems else None)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:120]


def _unbound(crs: CRS) -> CRS:
    if isinstance(crs, BoundCRS) or crs.is_bound:
        return crs.source_crs or crs
    if crs.is_compound and any(part.is_bound for part in crs.sub_crs_list):
        return CompoundCRS(crs.name, [_unbound(part) for part in crs.sub_crs_list])
    return crs


def _from_epsg(code: int) -> CRS | None:
    try:
        return crs_from_code(code)
    except CRSError:
        return None


def _without_code(keys: GeoKeys, code: object) -> str:
    citation = keys.get(_PROJECTED_CITATION) or keys.get(_CITATION)
    named = f" ({str(citation).strip(' |')!r})" if citation else ""
    if code == USER_DEFINED:
        return f"the GeoTIFF keys define a projection of their own{named}, without an EPSG code"
    if code is None:
        return f"the GeoTIFF keys name no CRS{named}"
    return f"the GeoTIFF keys hold the impossible EPSG code {code}{named}"


def _contradicting_unit(unit: object, crs: CRS) -> str | None:
    if not isinstance(unit, int) or unit not in _UNITS or not crs.is_projected:
        return None
    return _UNITS[unit] if (unit == _UNIT_METRE) != _in_metres(crs) else None


def _in_metres(crs: CRS) -> bool:
    return all(axis.unit_conversion_factor == 1 for axis in crs.axis_info)


def _is_three_dimensional(code: int) -> bool:
    """Whether heights are named by a whole system such as 4979: ellipsoidal, by GeoTIFF 1.1."""
    crs = _from_epsg(code)
    return crs is not None and has_ellipsoidal_height(crs)


def _with_vertical(horizontal: CRS, keys: GeoKeys, source: str) -> CrsRecord:
    code = keys.get(_VERTICAL)
    unit = keys.get(_VERTICAL_UNIT, _UNIT_METRE)
    if unit != _UNIT_METRE:
        name = _UNITS.get(unit, f"unit {unit}") if isinstance(unit, int) else f"unit {unit}"
        return CrsRecord(
            None,
            source,
            f"its elevations are in {name}, not in metres: convert them first, if that is true",
        )
    if horizontal.is_compound or not isinstance(code, int) or code not in _EPSG_CODES:
        return CrsRecord(horizontal.to_wkt(), source)
    if code in _ELLIPSOIDS or _is_three_dimensional(code):
        return CrsRecord(horizontal.to_3d().to_wkt(), source)
    vertical = _from_epsg(code)
    if vertical is None or vertical.type_name != _VERTICAL_TYPE:
        return CrsRecord(
            horizontal.to_wkt(), source, f"EPSG:{code} in its keys is not a vertical CRS"
        )
    try:
        compound = CompoundCRS(f"{horizontal.name} + {vertical.name}", [horizontal, vertical])
    except CRSError:
        problem = f"{horizontal.name} can't be combined with {vertical.name}"
        return CrsRecord(None, source, problem)
    return CrsRecord(compound.to_wkt(), source)
