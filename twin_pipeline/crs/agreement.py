"""Whether scans that lie beside each other mean the same by their elevations."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from twin_pipeline.crs.frames import LocalFrame
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


def elevation_shift_m(source: Georeference, target: Georeference) -> float | None:
    """Return what turns elevations of one scan into those of another that lies beside it.

    Metres, at the middle of `source`; None where either is local.
    """
    if isinstance(source.frame, LocalFrame) or isinstance(target.frame, LocalFrame):
        return None
    place = source.to_geographic(np.array([source.middle]))
    lon_deg, lat_deg = place[:, 0], place[:, 1]
    own, other = (
        float(frame.heights.ellipsoidal_offset_m(lon_deg, lat_deg)[0])
        for frame in (source.frame, target.frame)
    )
    return own - other


def _heights(scan: Georeference) -> str:
    geoid = scan.decisions["geoid"].value
    return scan.vertical_name if geoid is None else f"{scan.vertical_name} ({geoid.upper()})"


def _height_difference_m(one: Georeference, other: Georeference) -> float | None:
    if _heights(one) == _heights(other):
        return None
    places = [scan.to_ecef(np.array([scan.middle])) for scan in (one, other)]
    if np.linalg.norm(places[0] - places[1]) > _ONE_SITE_M:
        return None
    shift_m = elevation_shift_m(one, other)
    return None if shift_m is None else abs(shift_m)
