"""Whether scans that lie beside each other mean the same by their elevations."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from twin_pipeline.crs.frames import LocalFrame, ecef_to_geographic
from twin_pipeline.crs.georeference import Georeference

_ONE_SITE_M = 500.0


def height_disagreements(scans: Mapping[str, Georeference]) -> tuple[str, ...]:
    """Return a warning for each pair of scans of one place with different heights.

    Parameters
    ----------
    scans
        By name; scans whose middles are within 500 m count as scans of one place.
    """
    found = []
    for (first, one), (second, other) in combinations(scans.items(), 2):
        apart = _height_difference_m(one, other)
        if apart is not None:
            found.append(
                f"{first} and {second} lie beside each other, but their elevations count from "
                f"different surfaces: {_heights(one)} and {_heights(other)}, {apart:.3f} m apart "
                "here; check, and give one --vertical and --geoid for both"
            )
    return tuple(found)


def _heights(scan: Georeference) -> str:
    geoid = scan.decisions["geoid"].value
    return scan.vertical_name if geoid is None else f"{scan.vertical_name} ({geoid.upper()})"


def _height_difference_m(one: Georeference, other: Georeference) -> float | None:
    if isinstance(one.frame, LocalFrame) or isinstance(other.frame, LocalFrame):
        return None
    if _heights(one) == _heights(other):
        return None
    middles = [np.array([scan.middle]) for scan in (one, other)]
    places = [scan.to_ecef(middle) for scan, middle in zip((one, other), middles, strict=True)]
    if np.linalg.norm(places[0] - places[1]) > _ONE_SITE_M:
        return None
    lon_deg, lat_deg, _ = ecef_to_geographic(places[0]).T
    first, second = (
        float(scan.frame.heights.ellipsoidal_offset_m(lon_deg, lat_deg)[0])
        for scan in (one, other)
        if not isinstance(scan.frame, LocalFrame)
    )
    return abs(first - second)
