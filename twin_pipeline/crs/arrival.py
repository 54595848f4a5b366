"""Coordinates of other files brought into the frame of a scan."""

import re
from typing import Protocol

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from twin_pipeline.crs.compare import split
from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.heights import VERTICAL_DATUMS, WORK_DATUMS, HeightSystem
from twin_pipeline.crs.target import Placed
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray

_SHORT_NAMES = {"AP": "ap", "YP": "yp", "JGD2011": "jgd2011", "JGD2024": "jgd2024"}


class Reachable(Placed, Protocol):
    """A georeference that coordinates of others can be brought to."""

    def from_geographic(self, geographic: FloatArray, /) -> FloatArray:
        """(N, 3) longitude, latitude (deg), ellipsoidal m -> easting, northing, elevation."""


def plane_at(site: Reachable, plane: FloatArray, crs: str | None) -> FloatArray:
    """Return easting and northing (K, 2) in the scan frame.

    Parameters
    ----------
    site
        The scan's georeference.
    plane
        (K, 2) easting, northing in `crs`, metres; longitude, latitude (deg) where it is None.
    crs
        EPSG:code or WKT of a map projection.

    Raises
    ------
    GeoreferenceError
        When the CRS is unknown, no projection, or its datum can't be carried over.
    """
    if crs is None:
        return _arrived(site, plane)
    try:
        horizontal, _ = split(CRS.from_user_input(crs))
    except CRSError as error:
        raise GeoreferenceError(f"{crs!r} is no known CRS; give EPSG:code") from error
    if horizontal.to_epsg() is not None and horizontal.to_epsg() == site.horizontal_epsg:
        return np.asarray(plane, dtype=np.float64)
    if not horizontal.is_projected:
        return _arrived(site, plane)
    return _arrived(site, np.column_stack(Plane.of(horizontal).lonlat(plane)))


def elevations_at(
    site: Reachable, plane: FloatArray, levels: FloatArray, vertical: str
) -> FloatArray:
    """Return levels (K,) of another vertical datum as elevations of the scan.

    Parameters
    ----------
    site
        The scan's georeference.
    plane
        (K, 2) easting, northing in the scan frame.
    levels
        (K,) metres; NaN stays NaN.
    vertical
        Key of the datum that they count from. Work datums count from T.P. as the scan's
        elevations do, whichever geoid realises that.
    """
    datum = VERTICAL_DATUMS[vertical]
    if datum.name == site.vertical_name:
        return levels
    theirs, ours = _above_tp(datum.name), _above_tp(site.vertical_name)
    if theirs is not None and ours is not None and (theirs or ours):
        return levels - theirs + ours
    base = site.to_geographic(np.column_stack((plane, np.zeros(len(plane)))))
    offset = HeightSystem(datum, datum.geoid).ellipsoidal_offset_m(base[:, 0], base[:, 1])
    # the scan's own elevations differ from ellipsoidal heights by what zero becomes
    elevations: FloatArray = levels + offset - base[:, 2]
    return elevations


def vertical_of_name(site: Placed, name: str) -> str | None:
    """Return the key of the datum that a file names, "scan" where it is the scan's own.

    T.P. is the scan's own datum where this counts from T.P., in whichever of its realisations.
    None stands for what is not known, or not settled by the name.
    """
    if name == site.vertical_name:
        return "scan"
    plain = re.sub(r"[^A-Z0-9]", "", name.upper())
    above_sea = (VERTICAL_DATUMS[key].name for key in ("jgd2011", "jgd2024"))
    if plain == "TP":
        return "scan" if site.vertical_name in above_sea else None
    if plain in _SHORT_NAMES:
        return _SHORT_NAMES[plain]
    return next((datum.key for datum in VERTICAL_DATUMS.values() if datum.name == name), None)


def _above_tp(vertical_name: str) -> float | None:
    """Return what a datum that counts from T.P. reads there; None for any other."""
    return next(
        (
            VERTICAL_DATUMS[key].above_geoid_m
            for key in ("jgd2011", "jgd2024", *WORK_DATUMS)
            if VERTICAL_DATUMS[key].name == vertical_name
        ),
        None,
    )


def _arrived(site: Reachable, lonlat: FloatArray) -> FloatArray:
    geographic = np.column_stack((lonlat, np.zeros(len(lonlat))))
    return site.from_geographic(geographic)[:, :2]
