"""Whether the CRS can hold the scan."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.crs.frames import Plane
from twin_pipeline.model import BoolArray, FloatArray

NEAR_ZERO_M = 1000.0
# No trench is smaller than this in metres, no scan wider than this in degrees.
MAX_SPREAD_DEG = 0.5
_SMALLEST_SCAN_M = 0.05
# The largest cranes are below it, and no device sees that far up.
MAX_HEIGHT_M = 500.0


@dataclass(frozen=True, slots=True)
class Extent:
    """The scan's bounding box in the scan frame."""

    lower: FloatArray
    """(3,) metres."""
    upper: FloatArray
    """(3,) metres."""

    @property
    def centre(self) -> FloatArray:
        """(3,) the middle of the box."""
        middle: FloatArray = (self.lower + self.upper) / 2
        return middle

    @property
    def middle(self) -> tuple[float, float, float]:
        """The middle of the box as plain numbers."""
        x, y, z = self.centre.tolist()
        return x, y, z

    def exchanged(self) -> "Extent":
        """Return the box with its first two coordinates exchanged."""
        return Extent(self.lower[[1, 0, 2]], self.upper[[1, 0, 2]])

    def scaled(self, factor: float) -> "Extent":
        """Return the box in another unit."""
        return Extent(self.lower * factor, self.upper * factor)

    def shifted(self, shift: tuple[float, float, float]) -> "Extent":
        """Return the box moved by (3,) metres."""
        return Extent(self.lower + shift, self.upper + shift)

    def corners(self) -> FloatArray:
        """(5, 3) the corners in plan and the middle, at middle elevation."""
        (west, south, _), (east, north, _) = self.lower, self.upper
        x, y, z = self.centre
        return np.array(
            [[west, south, z], [east, south, z], [west, north, z], [east, north, z], [x, y, z]]
        )

    def in_degrees(self) -> bool:
        """Whether the numbers are longitude and latitude, in either order."""
        small, large = sorted(np.abs(self.centre[:2]))
        spread = float((self.upper - self.lower)[:2].max())
        in_japan = 20 <= small <= 46 and 122 <= large <= 154 and spread < MAX_SPREAD_DEG
        return in_japan or (small <= 90 and large <= 180 and 0 < spread < _SMALLEST_SCAN_M)

    def near_zero(self, limit_m: float = NEAR_ZERO_M) -> bool:
        """Whether the box comes within `limit_m` of easting 0, northing 0."""
        nearest = np.clip(0.0, self.lower[:2], self.upper[:2])
        return bool(np.hypot(*nearest) < limit_m)


def within_area(plane: Plane, xy: FloatArray) -> bool:
    """Whether all (N, 2+) points have a place on earth inside the CRS's area of use."""
    lon_deg, lat_deg = plane.lonlat(xy)
    if not (np.isfinite(lon_deg).all() and np.isfinite(lat_deg).all()):
        return False
    if null_island(plane, xy):
        return False
    area = plane.crs.area_of_use
    if area is None:
        return True
    west, south, east, north = area.bounds
    return bool(
        (_between_longitudes(lon_deg, west, east) & (lat_deg >= south) & (lat_deg <= north)).all()
    )


def _between_longitudes(lon_deg: FloatArray, west: float, east: float) -> BoolArray:
    if west <= east:
        return np.logical_and(lon_deg >= west, lon_deg <= east)
    return np.logical_or(lon_deg >= west, lon_deg <= east)


def null_island(plane: Plane, xy: FloatArray) -> bool:
    """Whether (N, 2+) points come near longitude 0, latitude 0.

    Devices without a position write that into whatever CRS they claim.
    """
    lon_deg, lat_deg = plane.lonlat(xy)
    return bool(np.hypot(lon_deg, lat_deg).min() < 0.05)
