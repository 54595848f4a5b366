"""Whether the CRS puts the scan where it can be, and if not, what is likely wrong."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.crs.compare import epsg_name
from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.options import AxisOrder
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import BoolArray, FloatArray

NEAR_ZERO_M = 1000.0
# No trench is smaller than this in metres, no scan wider than this in degrees.
MAX_SPREAD_DEG = 0.5


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

    def corners(self) -> FloatArray:
        """(5, 3) the corners in plan and the middle, at middle elevation."""
        (west, south, _), (east, north, _) = self.lower, self.upper
        x, y, z = self.centre
        return np.array(
            [[west, south, z], [east, south, z], [west, north, z], [east, north, z], [x, y, z]]
        )

    def in_degrees(self) -> bool:
        """Whether the numbers are longitude and latitude in Japan, in either order."""
        small, large = sorted(self.centre[:2])
        spread = float((self.upper - self.lower)[:2].max())
        return 20 <= small <= 46 and 122 <= large <= 154 and spread < MAX_SPREAD_DEG

    def near_zero(self, limit_m: float = NEAR_ZERO_M) -> bool:
        """Whether the box comes within `limit_m` of easting 0, northing 0."""
        nearest = np.clip(0.0, self.lower[:2], self.upper[:2])
        return bool(np.hypot(*nearest) < limit_m)


def require_place(plane: Plane, extent: Extent, axis_order: AxisOrder, scan_name: str) -> None:
    """Raise GeoreferenceError unless the whole box lies in the CRS's area of use."""
    corners = extent.corners()
    if extent.in_degrees():
        raise GeoreferenceError(
            f"{scan_name}: its coordinates are degrees ({extent.centre[0]:.6f}, "
            f"{extent.centre[1]:.6f}): convert the scan to a plane CRS first, such as EPSG:6677"
        )
    if within_area(plane, corners):
        return
    lon_deg, lat_deg = plane.lonlat(corners[-1:])
    x, y = extent.centre[:2]
    raise GeoreferenceError(
        f"{scan_name}: {epsg_name(plane.crs)} can't hold its coordinates: easting {x:.1f}, "
        f"northing {y:.1f} would be at {_spot(lon_deg[0], lat_deg[0])}, {_area(plane)}. "
        f"{likely_truth(plane, extent, axis_order)}"
    )


def within_area(plane: Plane, xy: FloatArray) -> bool:
    """Whether all (N, 2+) points have a place on earth inside the CRS's area of use."""
    lon_deg, lat_deg = plane.lonlat(xy)
    if not (np.isfinite(lon_deg).all() and np.isfinite(lat_deg).all()):
        return False
    if _is_null_island(lon_deg, lat_deg):
        return False
    area = plane.crs.area_of_use
    if area is None:
        return True
    west, south, east, north = area.bounds
    return bool(
        (_between_longitudes(lon_deg, west, east) & (lat_deg >= south) & (lat_deg <= north)).all()
    )


def likely_truth(plane: Plane, extent: Extent, axis_order: AxisOrder) -> str:
    """Return a sentence with the most likely mistake and the flag that mends it."""
    x, y = extent.centre[:2]
    corners = extent.corners()
    if within_area(plane, corners[:, [1, 0, 2]]):
        other = "en" if axis_order == "ne" else "ne"
        return f"With its first two coordinates exchanged it fits: give --axis-order {other}"
    if extent.near_zero() or abs(y) < 10:
        return (
            "These look like the scanner's own coordinates: give --crs local "
            "--origin LON,LAT,HEIGHT"
        )
    if 166_000 < x < 834_000 and 2_200_000 < y < 5_100_000:
        return "These look like UTM: give --crs EPSG:6691 (JGD2011 / UTM zone 54N) or its neighbour"
    if min(abs(x), abs(y)) > 1e6 and within_area(plane, corners / 1000):
        return "These look like millimetres: convert the scan to metres first"
    return "Give the scan's true CRS with --crs EPSG:code (zone IX is EPSG:6677)"


def _between_longitudes(lon_deg: FloatArray, west: float, east: float) -> BoolArray:
    if west <= east:
        return np.logical_and(lon_deg >= west, lon_deg <= east)
    return np.logical_or(lon_deg >= west, lon_deg <= east)


def _is_null_island(lon_deg: FloatArray, lat_deg: FloatArray) -> bool:
    """Devices without a position write longitude 0, latitude 0 into whatever CRS they claim."""
    return bool(np.hypot(lon_deg, lat_deg).min() < 0.05)


def _spot(lon_deg: float, lat_deg: float) -> str:
    if not (np.isfinite(lon_deg) and np.isfinite(lat_deg)):
        return "no place on earth"
    return f"longitude {lon_deg:.4f}, latitude {lat_deg:.4f}"


def _area(plane: Plane) -> str:
    area = plane.crs.area_of_use
    if area is None:
        return "which is not plausible"
    west, south, east, north = area.bounds
    return f"outside its area of use ({west:g} to {east:g} E, {south:g} to {north:g} N)"
