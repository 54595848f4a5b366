"""The two ways in which a scan's coordinates lie on the earth."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from pyproj import CRS, Transformer
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from twin_pipeline.crs.heights import HeightSystem
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray

# Beyond this a change of datum is no longer negligible against a survey's accuracy; the null
# transformations JGD2011 or ETRS89 to WGS 84 are rated 1 m.
MAX_DATUM_ACCURACY_M = 2.0

_ARM_M = 10.0
_GEOGRAPHIC_3D = "EPSG:4979"
_GEOCENTRIC = "EPSG:4978"


@lru_cache(maxsize=2)
def _cartesian(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def _transform(
    transformer: Transformer, *columns: FloatArray, inverse: bool = False
) -> list[FloatArray]:
    """Transform (N,) columns; pyproj takes arrays of one point for scalars, with a warning."""
    direction = TransformDirection.INVERSE if inverse else TransformDirection.FORWARD
    points = [column.tolist() if len(column) == 1 else column for column in columns]
    # The overloads of `transform` don't provide for columns in a list.
    transform: Any = transformer.transform
    transformed = transform(*points, direction=direction)
    return [np.asarray(column, dtype=np.float64) for column in transformed]


def geographic_to_ecef(geographic: FloatArray) -> FloatArray:
    """Convert (N, 3) lon_deg, lat_deg, ellipsoidal height_m to WGS 84 earth-centred metres."""
    transformer = _cartesian(_GEOGRAPHIC_3D, _GEOCENTRIC)
    return np.column_stack(_transform(transformer, *geographic.T))


def ecef_to_geographic(ecef: FloatArray) -> FloatArray:
    """Convert (N, 3) WGS 84 earth-centred metres to lon_deg, lat_deg, ellipsoidal height_m."""
    transformer = _cartesian(_GEOCENTRIC, _GEOGRAPHIC_3D)
    return np.column_stack(_transform(transformer, *ecef.T))


def _usable(horizontal: CRS) -> list[Transformer]:
    try:
        group = TransformerGroup(horizontal, "EPSG:4326", always_xy=True, allow_ballpark=False)
    except (CRSError, ProjError, IndexError):  # pyproj 3.7: IndexError where there is none at all
        return []
    return [t for t in group.transformers if 0 <= t.accuracy <= MAX_DATUM_ACCURACY_M]


def _to_wgs84(horizontal: CRS) -> Transformer:
    with warnings.catch_warnings():
        # Which grids are missing does not matter where an operation without grids is good enough.
        warnings.simplefilter("ignore")
        usable = _usable(horizontal)
    if not usable:
        raise GeoreferenceError(
            f"no transformation from {horizontal.name!r} to WGS 84 is known to be better than "
            f"{MAX_DATUM_ACCURACY_M:g} m: convert the scan to JGD2011 first (EPSG:6669 to 6687)"
        )
    return usable[0]


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The horizontal part of a map projection."""

    crs: CRS
    transformer: Transformer
    """Easting, northing to longitude, latitude (WGS 84)."""

    def __reduce__(self) -> tuple[Callable[[str], "Plane"], tuple[str]]:
        # Transformers out of a group can't be pickled.
        return Plane.named, (self.crs.srs,)

    @classmethod
    def named(cls, crs: str) -> "Plane":
        """Build it from a code or WKT."""
        return cls.of(CRS.from_user_input(crs))

    @classmethod
    def of(cls, crs: CRS) -> "Plane":
        """Build it; raises GeoreferenceError where the datum can't be carried over."""
        return cls(crs, _to_wgs84(crs))

    def scale(self, at: FloatArray) -> float:
        """Return how long a metre on the ground is drawn at (2+,) easting, northing."""
        arms = np.array([[0.0, 0.0], [_ARM_M, 0.0], [0.0, _ARM_M]])
        lon_deg, lat_deg = self.lonlat(at[:2] + arms)
        ecef = geographic_to_ecef(np.column_stack((lon_deg, lat_deg, np.zeros(3))))
        return float(2 * _ARM_M / np.linalg.norm(ecef[1:] - ecef[0], axis=1).sum())

    def lonlat(self, xy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude (deg) of (N, 2+) scan coordinates, inf where undefined."""
        lon_deg, lat_deg = _transform(self.transformer, xy[:, 0], xy[:, 1])
        return lon_deg, lat_deg

    def from_lonlat(self, lon_deg: FloatArray, lat_deg: FloatArray) -> list[FloatArray]:
        """Return easting and northing (m) of (N,) longitudes and latitudes (deg)."""
        return _transform(self.transformer, lon_deg, lat_deg, inverse=True)


@dataclass(frozen=True, slots=True, eq=False)
class ProjectedFrame:
    """Easting, northing of a map projection, and elevation."""

    plane: Plane
    heights: HeightSystem

    def to_geographic(self, xyz: FloatArray) -> FloatArray:
        """Return (N, 3) lon_deg, lat_deg, ellipsoidal height_m."""
        lon_deg, lat_deg = self.plane.lonlat(xyz)
        offset_m = self.heights.ellipsoidal_offset_m(lon_deg, lat_deg)
        return np.column_stack((lon_deg, lat_deg, xyz[:, 2] + offset_m))

    def from_geographic(self, geographic: FloatArray) -> FloatArray:
        """Return (N, 3) scan coordinates of lon_deg, lat_deg, ellipsoidal height_m."""
        lon_deg, lat_deg, height_m = geographic.T
        easting, northing = self.plane.from_lonlat(lon_deg, lat_deg)
        offset_m = self.heights.ellipsoidal_offset_m(lon_deg, lat_deg)
        return np.column_stack((easting, northing, height_m - offset_m))

    def to_ecef(self, xyz: FloatArray) -> FloatArray:
        """Return (N, 3) WGS 84 earth-centred metres."""
        return geographic_to_ecef(self.to_geographic(xyz))

    def undulation_m(self, xyz: FloatArray) -> FloatArray:
        """Return (N,) the geoid's height above the ellipsoid."""
        return self.heights.undulation_m(*self.plane.lonlat(xyz))


@dataclass(frozen=True, slots=True, eq=False)
class LocalFrame:
    """East, north, up on the tangent plane of the ellipsoid at an origin."""

    origin: tuple[float, float, float]
    """Longitude (deg), latitude (deg), ellipsoidal height (m)."""

    def _axes(self) -> FloatArray:
        """Return (3, 3): the east, north and up unit vectors as rows, earth-centred."""
        lon, lat = np.radians(self.origin[0]), np.radians(self.origin[1])
        return np.array(
            [
                [-np.sin(lon), np.cos(lon), 0.0],
                [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)],
                [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)],
            ]
        )

    def _centre(self) -> FloatArray:
        return geographic_to_ecef(np.array([self.origin])).reshape(3)

    def to_ecef(self, xyz: FloatArray) -> FloatArray:
        """Return (N, 3) WGS 84 earth-centred metres."""
        return np.asarray(self._centre() + xyz @ self._axes(), dtype=np.float64)

    def to_geographic(self, xyz: FloatArray) -> FloatArray:
        """Return (N, 3) lon_deg, lat_deg, ellipsoidal height_m."""
        return ecef_to_geographic(self.to_ecef(xyz))

    def from_geographic(self, geographic: FloatArray) -> FloatArray:
        """Return (N, 3) east, north, up of lon_deg, lat_deg, ellipsoidal height_m."""
        from_centre = geographic_to_ecef(geographic) - self._centre()
        return np.asarray(from_centre @ self._axes().T, dtype=np.float64)

    def undulation_m(self, xyz: FloatArray) -> FloatArray:
        """Return (N,) zeros: no geoid takes part."""
        return np.zeros(len(xyz))
