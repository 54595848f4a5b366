"""Writing the CRS down for other programs: codes and WKT."""

from typing import Any

from pyproj import CRS
from pyproj.crs import CompoundCRS
from pyproj.enums import WktVersion
from pyproj.exceptions import CRSError

from twin_pipeline.crs.heights import VerticalDatum

# JGD2011 plane rectangular zone n is EPSG:6668+n; with JGD2011 heights 10161+n, with JGD2024
# heights 11318+n.
_ZONE_BASE, _ZONES = 6668, range(1, 20)
_COMPOUND_BASE = {"jgd2011": 10161, "jgd2024": 11318}


def compound_epsg(horizontal: CRS, datum: VerticalDatum) -> int | None:
    """Return the code of CRS and heights together, None unless the installed PROJ knows it."""
    code = horizontal.to_epsg()
    base = _COMPOUND_BASE.get(datum.key)
    if code is None or base is None or code - _ZONE_BASE not in _ZONES:
        return None
    candidate = base + code - _ZONE_BASE
    try:
        compound = CRS.from_epsg(candidate)
    except CRSError:
        return None
    # Codes past the last zone that has a compound belong to something else altogether.
    parts = compound.sub_crs_list
    return candidate if parts and parts[0].to_epsg() == code else None


def full_wkt(horizontal: CRS, datum: VerticalDatum) -> str:
    """Return WKT2:2019 of horizontal CRS and heights, the horizontal one for ellipsoidal."""
    return _full_crs(horizontal, datum).to_wkt(WktVersion.WKT2_2019)


def _full_crs(horizontal: CRS, datum: VerticalDatum) -> CRS:
    code = compound_epsg(horizontal, datum)
    if code is not None:
        return CRS.from_epsg(code)
    if datum.geoid is None:
        return horizontal
    vertical = CRS.from_json_dict(_vertical_json(datum))
    try:
        return CompoundCRS(f"{horizontal.name} + {datum.name}", [horizontal, vertical])
    except CRSError:
        # A record with slips that PROJ forgives alone, but not as part of a compound.
        return horizontal


def local_wkt(origin: tuple[float, float, float]) -> str:
    """Return WKT2:2019 of an engineering CRS: east, north, up in metres around the origin."""
    lon_deg, lat_deg, height_m = origin
    name = f"Local east, north, up at {lon_deg:.9f}, {lat_deg:.9f}, {height_m:.4f} m"
    axes = (("East", "E", "east"), ("North", "N", "north"), ("Up", "U", "up"))
    return CRS.from_json_dict(
        {
            "type": "EngineeringCRS",
            "name": name,
            "datum": {"type": "EngineeringDatum", "name": name},
            "coordinate_system": {
                "subtype": "Cartesian",
                "axis": [
                    {"name": axis, "abbreviation": short, "direction": way, "unit": "metre"}
                    for axis, short, way in axes
                ],
            },
        }
    ).to_wkt(WktVersion.WKT2_2019)


def _vertical_json(datum: VerticalDatum) -> dict[str, Any]:
    identity = {"id": {"authority": "EPSG", "code": datum.epsg}} if datum.epsg else {}
    return {
        "type": "VerticalCRS",
        "name": datum.name,
        "datum": {"type": "VerticalReferenceFrame", "name": datum.name.removesuffix(" height")},
        "coordinate_system": {
            "subtype": "vertical",
            "axis": [
                {
                    "name": "Gravity-related height",
                    "abbreviation": "H",
                    "direction": "up",
                    "unit": "metre",
                }
            ],
        },
        **identity,
    }
