"""CRSs by EPSG code, with those of JGD2024 heights that the installed PROJ may not know yet.

PROJ 9.5 lacks them: 11317 for JGD2024 heights, 11318 with longitude and latitude, 11318 + n with
plane rectangular zone n (EPSG dataset 12.029, 2025).
"""

import re
from typing import Any

from pyproj import CRS
from pyproj.crs import CompoundCRS
from pyproj.exceptions import CRSError

ZONE_BASE, ZONES = 6668, range(1, 20)
"""JGD2011 plane rectangular zone n is EPSG:6668+n."""
COMPOUND_BASE = {"jgd2011": 10161, "jgd2024": 11318}
"""With heights in the datum, zone n is this + n."""
JGD2024_HEIGHT = 11317
_JGD2024_GEOGRAPHIC, _GEOGRAPHIC = 11318, 6668

_CODE = re.compile(r"\s*(?:EPSG\s*:{1,2}\s*)?(\d+)\s*", re.IGNORECASE)


def crs_from_text(text: str) -> CRS:
    """Return the CRS of an EPSG code, WKT or name; raises CRSError."""
    code = _CODE.fullmatch(text)
    return crs_from_code(int(code[1])) if code else CRS.from_user_input(text)


def crs_from_code(code: int) -> CRS:
    """Return the CRS of an EPSG code; raises CRSError where there is none."""
    try:
        return CRS.from_epsg(code)
    except CRSError:
        made = _jgd2024(code)
        if made is None:
            raise
        return made


def vertical_crs(name: str, epsg: int | None) -> CRS:
    """Return a vertical CRS of heights in metres upwards, EPSG's own where PROJ knows it."""
    if epsg is not None:
        try:
            return CRS.from_epsg(epsg)
        except CRSError:
            pass
    identity = {"id": {"authority": "EPSG", "code": epsg}} if epsg is not None else {}
    axis = {"abbreviation": "H", "direction": "up", "unit": "metre"}
    return CRS.from_json_dict(
        {
            "type": "VerticalCRS",
            "name": name,
            "datum": {"type": "VerticalReferenceFrame", "name": name.removesuffix(" height")},
            "coordinate_system": {
                "subtype": "vertical",
                "axis": [{"name": "Gravity-related height", **axis}],
            },
            **identity,
        }
    )


def _jgd2024(code: int) -> CRS | None:
    height = vertical_crs("JGD2024 (vertical) height", None)
    if code == JGD2024_HEIGHT:
        return _identified(height, code)
    zone = code - COMPOUND_BASE["jgd2024"]
    if code != _JGD2024_GEOGRAPHIC and zone not in ZONES:
        return None
    base = _GEOGRAPHIC if code == _JGD2024_GEOGRAPHIC else ZONE_BASE + zone
    horizontal = CRS.from_epsg(base)
    vertical = _identified(height, JGD2024_HEIGHT)
    name = f"{horizontal.name} + {vertical.name}"
    return _identified(CompoundCRS(name, [horizontal, vertical]), code)


def _identified(crs: CRS, code: int) -> CRS:
    described: dict[str, Any] = crs.to_json_dict()
    described.pop("ids", None)
    return CRS.from_json_dict(described | {"id": {"authority": "EPSG", "code": code}})
