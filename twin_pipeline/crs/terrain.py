"""Whether elevations can be those of ground, with the geoid as the tell-tale.

A scan whose elevations are the geoid's height off reaches no ground at all where it lies: heights
above the ellipsoid that are called heights above the sea, or the reverse.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from twin_pipeline.crs.case import Case
from twin_pipeline.crs.frames import ProjectedFrame
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.crs.options import EMBEDDED_GEOIDS
from twin_pipeline.crs.place import Extent

Limits = tuple[float, float]

# What the earth allows: open pits in Japan reach 170 m below the sea, the Dead Sea's shore lies at
# -440 m; Fuji is 3776 m high, Everest 8849 m.
_ANYWHERE_M = (-500.0, 9000.0)
_JAPAN_M = (-200.0, 3800.0)
_JAPAN_DEG = (122.0, 20.0, 154.0, 46.0)
# Below it no ground lies in Japan, but for pits.
_USUALLY_LOWEST_M = -40.0
# The 23 wards of Tokyo between the rivers Tama and Edo, drawn inside their border: the hills beyond
# are higher.
_WARDS_DEG = (
    (139.60, 35.632), (139.633, 35.612), (139.672, 35.586), (139.705, 35.552), (139.79, 35.53),
    (139.88, 35.62), (139.885, 35.77), (139.86, 35.81), (139.78, 35.81), (139.70, 35.80),
    (139.65, 35.79), (139.60, 35.775), (139.575, 35.755), (139.575, 35.70), (139.585, 35.66),
)  # fmt: skip
# The lowest ground is at -4 m (Koto); trenches that show no ground are hardly deeper than this.
_LOWEST_IN_WARDS_M = -30.0
# Eastern limit of a strip (deg) and what no ground in it reaches. The terrace falls from 58 m at
# the western border to the lowlands at 0 to 5 m; some 10 m are left for banks and bridges. It is
# only held against the height of the geoid, 36 to 38 m.
_UNREACHED_IN_STRIPS = (
    (139.60, 75.0),
    (139.65, 66.0),
    (139.69, 60.0),
    (139.72, 56.0),
    (139.745, 46.0),
    (139.765, 36.0),
    (139.785, 32.0),
    (139.93, 25.0),
)


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a scan's elevations are found to be."""

    text: str
    """What doesn't fit, to be followed by what may be."""
    likely: str | None
    """The mistake in the vertical datum that explains it; None where none does."""
    possible: bool
    """Whether ground can be there at all."""


def terrain_doubts(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield the doubt about a scan that reaches no ground where it lies.

    Elevations that are unusual, but possible, and that the geoid does not explain, are none.
    """
    found = _finding(case, frame)
    if found is None:
        return
    if found.likely is not None:
        yield f"{found.text}; {found.likely}"
    elif not found.possible:
        yield f"{found.text}; check unit and datum, or set [crs] ground_range_m"


def terrain_warnings(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield that a scan's elevations are unusual, but possible, where it lies."""
    found = _finding(case, frame)
    if found is not None and found.likely is None and found.possible:
        yield f"{case.scan_name}: {found.text}: check unit and datum"


def on_ground(frame: ProjectedFrame, extent: Extent, given: Limits | None = None) -> bool:
    """Whether elevations meet those `given`, or else those usual where the box lies."""
    lon_deg, lat_deg = frame.plane.lonlat(extent.centre[np.newaxis])
    low, high = _above_sea(frame, extent, _undulation(frame, lon_deg, lat_deg))
    return _meets(low, high, given or _usual(float(lon_deg[0]), float(lat_deg[0])))


def _above_sea(frame: ProjectedFrame, extent: Extent, undulation: float) -> Limits:
    datum = frame.heights.datum
    above_sea = -undulation if datum.ellipsoidal else -datum.above_geoid_m
    return float(extent.lower[2] + above_sea), float(extent.upper[2] + above_sea)


def _finding(case: Case, frame: ProjectedFrame) -> _Finding | None:
    lon_deg, lat_deg = frame.plane.lonlat(case.extent.centre[np.newaxis])
    place = float(lon_deg[0]), float(lat_deg[0])
    given = case.options.ground_range_m
    usual = given or _usual(*place)
    undulation = _undulation(frame, lon_deg, lat_deg)
    low, high = _above_sea(frame, case.extent, undulation)
    if _meets(low, high, usual):
        return None
    z = f"{case.extent.lower[2]:.1f} to {case.extent.upper[2]:.1f} m"
    text = (
        f"its elevations, {z}, are taken as {frame.heights.datum.name!r}: {low:.1f} to "
        f"{high:.1f} m above sea level, but ground near longitude {place[0]:.3f}, latitude "
        f"{place[1]:.3f} lies between {usual[0]:g} and {usual[1]:g} m"
    )
    shift = undulation if frame.heights.datum.ellipsoidal else -undulation
    explained = _meets(low + shift, high + shift, usual) and undulation != 0.0
    likely = _explanation(case, shift, low, high) if explained else None
    return _Finding(text, likely, given is None and _meets(low, high, _possible(*place)))


def _explanation(case: Case, shift: float, low: float, high: float) -> str:
    added = shift > 0
    flag = "jgd2011" if added else "ellipsoidal"
    if case.options.vertical is None:
        # The record says so, and a setting alone can't contradict it.
        flag += " --force-crs"
    return (
        f"with the geoid's {abs(shift):.2f} m {'added' if added else 'taken off'} they fit "
        f"({low + shift:.1f} to {high + shift:.1f} m), so they are likely "
        f"{'above sea level' if added else 'ellipsoidal'}: give --vertical {flag} if so"
    )


def _usual(lon_deg: float, lat_deg: float) -> Limits:
    if shapely.contains_xy(shapely.Polygon(_WARDS_DEG), lon_deg, lat_deg):
        unreached = next(high for east, high in _UNREACHED_IN_STRIPS if lon_deg <= east)
        return _LOWEST_IN_WARDS_M, unreached
    lowest, highest = _possible(lon_deg, lat_deg)
    return (_USUALLY_LOWEST_M if highest == _JAPAN_M[1] else lowest), highest


def _possible(lon_deg: float, lat_deg: float) -> Limits:
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
