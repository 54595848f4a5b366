"""Coordinate systems of other people's data, whose coordinates become longitudes and latitudes."""

from dataclasses import dataclass

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from twin_pipeline.crs.codes import crs_from_text
from twin_pipeline.crs.compare import epsg_name, has_ellipsoidal_height, split
from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.heights import VERTICAL_DATUMS, HeightSystem, datum_named, datum_of
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class MapSystem:
    """A system of plane coordinates: a map projection, or longitude and latitude."""

    name: str
    """EPSG:code, or the system's own name."""
    is_geographic: bool
    """Whether coordinates are degrees."""
    plane: Plane
    heights: HeightSystem | None
    """What heights count from; None where the system does not say."""

    def lonlat(self, xy: FloatArray) -> FloatArray:
        """Return (N, 2) longitude, latitude (deg, WGS 84) of (N, 2) coordinates, east first.

        Coordinates that mean no place become inf.
        """
        return np.column_stack(self.plane.lonlat(xy))

    def ellipsoidal_m(self, lonlat: FloatArray, height_m: FloatArray) -> FloatArray | None:
        """Return (N,) ellipsoidal heights; None where it is not known what heights count from.

        Raises
        ------
        GeoreferenceError
            Where the geoid has no value.
        """
        if self.heights is None:
            return None
        return height_m + self.heights.ellipsoidal_offset_m(lonlat[:, 0], lonlat[:, 1])


def map_system(text: str, source: str, vertical: str | None = None) -> MapSystem:
    """Return the system of an EPSG code, WKT or name.

    Parameters
    ----------
    text
        The system.
    source
        What names it, for errors.
    vertical
        Datum of the heights, over what the system says of them.

    Raises
    ------
    GeoreferenceError
        When it is no such system, or has no way to WGS 84 that is good enough.
    """
    try:
        declared = crs_from_text(text)
    except CRSError as error:
        raise GeoreferenceError(
            f"{source}: {text[:80]!r} is no known CRS; give --crs EPSG:code"
        ) from error
    horizontal, vertical_crs = split(declared)
    if not (horizontal.is_projected or horizontal.is_geographic):
        raise GeoreferenceError(
            f"{source}: {epsg_name(declared)} ({declared.name}) places nothing on the earth; give "
            "the true one with --crs EPSG:code"
        )
    try:
        plane = Plane.of(horizontal)
    except GeoreferenceError as error:
        raise GeoreferenceError(
            f"{source}: no way from {horizontal.name!r} to WGS 84 is known to be better than 2 m; "
            "convert the file to JGD2011 first (EPSG:6668, or 6669 to 6687), or give the true CRS "
            "with --crs"
        ) from error
    heights = _heights(declared, vertical_crs, vertical)
    return MapSystem(epsg_name(declared), horizontal.is_geographic, plane, heights)


def _heights(declared: CRS, vertical_crs: CRS | None, given: str | None) -> HeightSystem | None:
    if given is not None:
        datum = datum_named(given)
    elif vertical_crs is not None:
        datum = datum_of(vertical_crs)
    elif has_ellipsoidal_height(declared):
        datum = VERTICAL_DATUMS["ellipsoidal"]
    else:
        return None
    if datum.geoid is None and not datum.ellipsoidal:
        if given is None:
            return None
        raise GeoreferenceError(
            f"--vertical {given}: no geoid for it is built in; give jgd2011, jgd2024, ap, yp or "
            "ellipsoidal"
        )
    return HeightSystem(datum, datum.geoid)
