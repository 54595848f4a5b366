"""Whether elevations can be those of ground, with the geoid as the tell-tale.

A scan whose elevations are the geoid's height off reaches no ground at all where it lies: heights
above the ellipsoid that are called heights above the sea, or the reverse.
"""

from collections.abc import Iterator

import numpy as np

from twin_pipeline.crs.case import Case
from twin_pipeline.crs.frames import ProjectedFrame
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.crs.options import EMBEDDED_GEOIDS

# Polders lie at -7 m, pits of building sites deeper; Fuji is 3776 m high, Everest 8849 m.
_ANYWHERE_M = (-40.0, 9000.0)
_JAPAN_M = (-40.0, 3800.0)
_JAPAN_DEG = (122.0, 20.0, 154.0, 46.0)
# The 23 wards of Tokyo: the terrace falls from 58 m in the west to the lowlands by the bay.
_WARDS_DEG = (139.56, 35.53, 139.93, 35.82)
_LOWEST_IN_WARDS_M = -20.0
# Eastern limit of a strip (deg) and the highest ground in it, rounded up by some metres.
_HIGHEST_IN_STRIPS = (
    (139.60, 62.0),
    (139.65, 56.0),
    (139.69, 52.0),
    (139.72, 48.0),
    (139.745, 40.0),
    (139.765, 34.0),
    (139.785, 28.0),
    (139.93, 12.0),
)


def terrain_doubts(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield the doubt about a scan that reaches no ground where it lies."""
    lon_deg, lat_deg = frame.plane.lonlat(case.extent.centre[np.newaxis])
    limits = case.options.ground_range_m or _ground_range(float(lon_deg[0]), float(lat_deg[0]))
    undulation = _undulation(frame, lon_deg, lat_deg)
    ellipsoidal = frame.heights.datum.ellipsoidal
    above_sea = -undulation if ellipsoidal else -frame.heights.datum.above_geoid_m
    low, high = case.extent.lower[2] + above_sea, case.extent.upper[2] + above_sea
    if _meets(low, high, limits):
        return
    z = f"{case.extent.lower[2]:.1f} to {case.extent.upper[2]:.1f} m"
    called = frame.heights.datum.name
    where = f"ground near longitude {lon_deg[0]:.3f}, latitude {lat_deg[0]:.3f} lies between"
    text = (
        f"its elevations, {z}, are taken as {called!r}: {low:.1f} to {high:.1f} m above sea level, "
        f"but {where} {limits[0]:g} and {limits[1]:g} m; "
    )
    shift = undulation if ellipsoidal else -undulation
    if _meets(low + shift, high + shift, limits) and undulation != 0.0:
        likely = "above sea level" if ellipsoidal else "ellipsoidal"
        flag = "jgd2011" if ellipsoidal else "ellipsoidal"
        if case.options.vertical is None:
            # The record says so, and a setting alone can't contradict it.
            flag += " --force-crs"
        yield (
            f"{text}with the geoid's {undulation:.2f} m "
            f"{'added' if ellipsoidal else 'taken off'} they fit ({low + shift:.1f} to "
            f"{high + shift:.1f} m), so they are likely {likely}: give --vertical {flag} if so"
        )
    else:
        yield f"{text}check unit and datum, or set [crs] ground_range_m"


def _ground_range(lon_deg: float, lat_deg: float) -> tuple[float, float]:
    if _in_box(lon_deg, lat_deg, _WARDS_DEG):
        highest = next(high for east, high in _HIGHEST_IN_STRIPS if lon_deg <= east)
        return _LOWEST_IN_WARDS_M, highest
    return _JAPAN_M if _in_box(lon_deg, lat_deg, _JAPAN_DEG) else _ANYWHERE_M


def _in_box(lon_deg: float, lat_deg: float, box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = box
    return west <= lon_deg <= east and south <= lat_deg <= north


def _undulation(frame: ProjectedFrame, lon_deg: np.ndarray, lat_deg: np.ndarray) -> float:
    """Return the geoid's height, of a Japanese model for ellipsoidal heights; 0 where unknown."""
    geoid = frame.heights.geoid or EMBEDDED_GEOIDS[0]
    return float(np.nan_to_num(undulation_m(geoid, lon_deg, lat_deg))[0])


def _meets(low: float, high: float, limits: tuple[float, float]) -> bool:
    return low <= limits[1] and high >= limits[0]
