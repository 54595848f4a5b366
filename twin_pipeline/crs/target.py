"""Coordinate systems that files are written in, and the way there from a site's own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from twin_pipeline.crs.codes import crs_from_text
from twin_pipeline.crs.compare import split
from twin_pipeline.crs.frames import Plane, ProjectedFrame
from twin_pipeline.crs.heights import VERTICAL_DATUMS, HeightSystem, datum_of
from twin_pipeline.crs.wkt import full_wkt
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray

Heights = Literal["scan", "ellipsoidal", "sea level"]
"""Elevations as the scan has them, above the ellipsoid, or above mean sea level (T.P.)."""

_LONLAT_EPSG = 4326
_LONLAT_NAMES: dict[Heights, str] = {
    "scan": "as in the scan",
    "ellipsoidal": "Ellipsoidal height",
    "sea level": "Height above mean sea level",
}
_SEA_LEVEL = VERTICAL_DATUMS["jgd2011"]


class Placed(Protocol):
    """What is asked of a site's georeference."""

    @property
    def epsg(self) -> int | None:
        """Code that files declare."""

    @property
    def horizontal_epsg(self) -> int | None:
        """Code of the horizontal system alone."""

    @property
    def wkt(self) -> str:
        """The system as WKT."""

    @property
    def is_local(self) -> bool:
        """Whether coordinates are metres around an origin rather than a map projection."""

    @property
    def vertical_name(self) -> str:
        """Name of the vertical datum."""

    @property
    def geoid(self) -> str | None:
        """Geoid model through which elevations reach the ellipsoid, None without one."""

    @property
    def above_geoid_m(self) -> float | None:
        """What an elevation reads on the geoid; None where elevations count from no geoid."""

    def to_geographic(self, xyz: FloatArray, /) -> FloatArray:
        """(N, 3) easting, northing, elevation -> longitude, latitude (deg), ellipsoidal m."""


@dataclass(frozen=True, slots=True)
class Target:
    """A coordinate system of files; two are equal where they are the same system.

    Coordinates are always in the order easting (or longitude), northing (or latitude), height,
    whatever the system declares.
    """

    name: str
    """EPSG:code, or the system's name."""
    epsg: int | None
    """Code that files declare; of the compound system where one was asked for."""
    horizontal_epsg: int | None
    wkt: str
    """WKT2:2019, with heights where they are part of the system."""
    is_geographic: bool
    """Whether coordinates are degrees."""
    is_local: bool
    """Whether coordinates are metres around an origin."""
    vertical_name: str
    keeps_elevations: bool
    """Whether heights stay in the scan's vertical datum."""
    convert: Callable[[Placed, FloatArray], FloatArray] = field(compare=False, repr=False)

    def place(self, site: Placed, xyz: FloatArray) -> FloatArray:
        """Convert (N, 3) coordinates of a site, scan frame, metres, to (N, 3) of this system.

        Raises
        ------
        GeoreferenceError
            Where a geoid has no value.
        """
        return self.convert(site, xyz)

    def projjson(self) -> dict[str, Any] | None:
        """Return the system as PROJJSON, None for a local one, which has no place on earth."""
        return None if self.is_local else CRS.from_wkt(self.wkt).to_json_dict()


def scan_target(site: Placed) -> Target:
    """Return the system of the scan itself: nothing is converted."""
    code = site.epsg
    return Target(
        name="local" if site.is_local else f"EPSG:{code}" if code else "the scan's own system",
        epsg=code,
        horizontal_epsg=site.horizontal_epsg,
        wkt=site.wkt,
        is_geographic=False,
        is_local=site.is_local,
        vertical_name=site.vertical_name,
        keeps_elevations=True,
        convert=lambda _, xyz: xyz,
    )


def lonlat_target(heights: Heights) -> Target:
    """Return WGS 84 longitude and latitude with the heights asked for."""
    return Target(
        name=f"EPSG:{_LONLAT_EPSG}",
        epsg=_LONLAT_EPSG,
        horizontal_epsg=_LONLAT_EPSG,
        wkt=CRS.from_epsg(_LONLAT_EPSG).to_wkt(),
        is_geographic=True,
        is_local=False,
        vertical_name=_LONLAT_NAMES[heights],
        keeps_elevations=heights == "scan",
        convert={
            "scan": _lonlat_as_scanned,
            "ellipsoidal": lambda site, xyz: site.to_geographic(xyz),
            "sea level": _lonlat_above_sea,
        }[heights],
    )


def projected_target(name: str, source: str) -> Target:
    """Return a map projection with or without heights of its own.

    Without, elevations stay in the scan's vertical datum.

    Parameters
    ----------
    name
        EPSG:code or WKT.
    source
        The setting that names it, for errors.

    Raises
    ------
    GeoreferenceError
        When it is no projection in metres, or its datum or heights can't be carried over.
    """
    try:
        declared = crs_from_text(name)
    except CRSError as error:
        raise GeoreferenceError(f"{source} = {name!r}: is no known CRS; give EPSG:code") from error
    horizontal, vertical = split(declared)
    if not horizontal.is_projected or any(
        a.unit_conversion_factor != 1 for a in horizontal.axis_info
    ):
        raise GeoreferenceError(
            f"{source} = {name!r}: is no map projection in metres; give one such as EPSG:6677"
        )
    plane = Plane.of(horizontal)
    code = declared.to_epsg()
    shown = f"EPSG:{code}" if code else declared.name
    if vertical is None:
        return _plane_target(shown, horizontal, plane)
    datum = datum_of(vertical)
    if datum.geoid is None and not datum.ellipsoidal:
        raise GeoreferenceError(
            f"{source} = {name!r}: heights of {vertical.name} are not known here; give the "
            "horizontal CRS alone, to keep the scan's elevations"
        )
    frame = ProjectedFrame(plane, HeightSystem(datum, datum.geoid))
    return Target(
        name=shown,
        epsg=code,
        horizontal_epsg=horizontal.to_epsg(),
        wkt=full_wkt(horizontal, datum),
        is_geographic=False,
        is_local=False,
        vertical_name=datum.name,
        keeps_elevations=False,
        convert=lambda site, xyz: frame.from_geographic(site.to_geographic(xyz)),
    )


def _plane_target(shown: str, horizontal: CRS, plane: Plane) -> Target:
    def convert(site: Placed, xyz: FloatArray) -> FloatArray:
        lon_deg, lat_deg, _ = site.to_geographic(xyz).T
        return np.column_stack((*plane.from_lonlat(lon_deg, lat_deg), xyz[:, 2]))

    code = horizontal.to_epsg()
    return Target(
        name=shown,
        epsg=code,
        horizontal_epsg=code,
        wkt=horizontal.to_wkt(),
        is_geographic=False,
        is_local=False,
        vertical_name=_LONLAT_NAMES["scan"],
        keeps_elevations=True,
        convert=convert,
    )


def _lonlat_as_scanned(site: Placed, xyz: FloatArray) -> FloatArray:
    return np.column_stack((site.to_geographic(xyz)[:, :2], xyz[:, 2]))


def _lonlat_above_sea(site: Placed, xyz: FloatArray) -> FloatArray:
    geographic = site.to_geographic(xyz)
    if site.above_geoid_m is not None:
        return np.column_stack((geographic[:, :2], xyz[:, 2] - site.above_geoid_m))
    undulation_m = HeightSystem(_SEA_LEVEL, _SEA_LEVEL.geoid).undulation_m(*geographic[:, :2].T)
    return np.column_stack((geographic[:, :2], geographic[:, 2] - undulation_m))
