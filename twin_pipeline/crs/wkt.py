"""Writing the CRS down for other programs: codes and WKT."""

from pyproj import CRS
from pyproj.crs import CompoundCRS
from pyproj.enums import WktVersion
from pyproj.exceptions import CRSError

from twin_pipeline.crs.codes import (
    COMPOUND_BASE,
    ZONE_BASE,
    ZONES,
    crs_from_code,
    vertical_crs,
)
from twin_pipeline.crs.heights import VerticalDatum


def compound_epsg(horizontal: CRS, datum: VerticalDatum) -> int | None:
    """Return the code of CRS and heights together, None where there is none."""
    code = horizontal.to_epsg()
    base = COMPOUND_BASE.get(datum.key)
    if code is None or base is None or code - ZONE_BASE not in ZONES:
        return None
    candidate = base + code - ZONE_BASE
    try:
        compound = crs_from_code(candidate)
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
        return crs_from_code(code)
    if datum.ellipsoidal:
        return horizontal
    vertical = vertical_crs(datum.name, datum.epsg)
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
