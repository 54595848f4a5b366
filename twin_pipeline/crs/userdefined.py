"""Projections that GeoTIFF keys spell out instead of naming a code.

Followed only where nothing is left to interpretation: the datum must have an EPSG code, and the
projection be a code of its own (such as 17809, plane rectangular zone IX) or a transverse Mercator
with all its parameters, in metres. Key numbers: OGC 19-008r4.
"""

from collections.abc import Mapping

from pyproj import CRS
from pyproj.crs import CoordinateOperation, ProjectedCRS  # type: ignore[attr-defined]
from pyproj.crs.coordinate_operation import TransverseMercatorConversion
from pyproj.exceptions import CRSError

GeoKeys = Mapping[int, int | float | str]

USER_DEFINED = 32767
_GEOGRAPHIC, _PROJECTION, _METHOD, _LINEAR_UNIT = 2048, 3074, 3075, 3076
_LON, _LAT, _FALSE_EASTING, _FALSE_NORTHING, _SCALE = 3080, 3081, 3082, 3083, 3092
_TRANSVERSE_MERCATOR, _METRE = 1, 9001
_NAME = "projection spelled out in GeoTIFF keys"


def crs_from_parameters(keys: GeoKeys) -> CRS | None:
    """Return the projected CRS that the keys define completely, None where they don't."""
    geographic, projection = keys.get(_GEOGRAPHIC), keys.get(_PROJECTION)
    if not isinstance(geographic, int) or geographic == USER_DEFINED:
        return None
    if keys.get(_LINEAR_UNIT, _METRE) != _METRE:
        return None
    try:
        base = CRS.from_epsg(geographic)
        if isinstance(projection, int) and projection != USER_DEFINED:
            conversion = CoordinateOperation.from_epsg(projection)
        elif keys.get(_METHOD) == _TRANSVERSE_MERCATOR:
            conversion = _transverse_mercator(keys)
        else:
            return None
        return ProjectedCRS(conversion, name=_NAME, geodetic_crs=base)
    except (CRSError, KeyError, ValueError, TypeError):
        return None


def _transverse_mercator(keys: GeoKeys) -> TransverseMercatorConversion:
    lat, lon, easting, northing, scale = (
        float(keys[key]) for key in (_LAT, _LON, _FALSE_EASTING, _FALSE_NORTHING, _SCALE)
    )
    return TransverseMercatorConversion(lat, lon, easting, northing, scale)
