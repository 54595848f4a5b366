"""Whether elevations can be those of ground, with the geoid as the tell-tale.

A scan whose elevations are the geoid's height off reaches no ground at all where it lies: heights
above the ellipsoid that are called heights above the sea, or the reverse. Where ground of both
heights may be, the elevations tell nothing, and that is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin_pipeline.crs.case import Case
from twin_pipeline.crs.frames import ProjectedFrame
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.crs.mistakes import IN_METRES, UNITS_M
from twin_pipeline.crs.options import EMBEDDED_GEOIDS
from twin_pipeline.crs.place import Extent
from twin_pipeline.crs.relief import LOWEST_STREET_M, relief_at

Limits = tuple[float, float]

# What the earth allows: open pits in Japan reach 170 m below the sea, the Dead Sea's shore lies at
# -440 m; Fuji is 3776 m high, Everest 8849 m.
_ANYWHERE_M = (-500.0, 9000.0)
_JAPAN_M = (-200.0, 3800.0)
_JAPAN_DEG = (122.0, 20.0, 154.0, 46.0)
# Below it no ground lies in Japan, but for pits.
_USUALLY_LOWEST_M = -40.0
# No scan of a trench is flatter.
_FLATTEST_M = 0.05
# Trenches and shafts that show no street are hardly deeper than this.
_DEEPEST_M = 20.0


@dataclass(frozen=True, slots=True)
class _Ground:
    """A scan's elevations beside what ground can be where it lies."""

    low: float
    """Metres above sea level, as declared."""
    high: float
    usual: Limits
    """What ground usually has there, or what was said of it."""
    streets: Limits
    """The same for a scan that shows the street."""
    possible: Limits
    shift: float
    """What is added to the elevations where the vertical datum was mistaken for the other."""
    place: tuple[float, float]
    """Longitude and latitude, degrees."""

    @property
    def fits(self) -> bool:
        """Whether ground is usual at these elevations."""
        return _meets(self.low, self.high, self.usual)

    @property
    def shifted(self) -> Limits:
        """The elevations without the mistake."""
        return self.low + self.shift, self.high + self.shift

    @property
    def shifted_fits(self) -> bool:
        """Whether ground is usual at the elevations without the mistake."""
        return self.shift != 0.0 and _meets(*self.shifted, self.streets)


def terrain_doubts(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield the doubt about a scan that reaches no ground where it lies.

    Elevations that are unusual, but possible, and that the geoid does not explain, are none.
    """
    ground = _ground(case, frame)
    if ground.fits:
        return
    if not ground.shifted_fits and (units := _units(case, frame, ground)):
        yield f"{_text(case, frame, ground)}; {units}: {IN_METRES}"
    elif ground.shifted_fits:
        yield f"{_text(case, frame, ground)}; {_explanation(case, ground)}"
    elif case.options.ground_range_m or not _meets(ground.low, ground.high, ground.possible):
        yield (f"{_text(case, frame, ground)}; check unit and datum, or set [crs] ground_range_m")


def terrain_warnings(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield that elevations are unusual, but possible, or that they may be of either kind."""
    ground = _ground(case, frame)
    if not ground.fits:
        if not ground.shifted_fits:
            yield f"{case.scan_name}: {_text(case, frame, ground)}: check unit and datum"
    elif _open(case, ground):
        yield f"{case.scan_name}: {_either(frame, ground)}"


def height_doubt(case: Case, frame: ProjectedFrame, source: str) -> str | None:
    """Return what to say beside every height that only a general statement vouches for.

    Parameters
    ----------
    case, frame
        The scan, and where it lies.
    source
        Who stated what elevations are.
    """
    ground = _ground(case, frame)
    if not (ground.fits and _open(case, ground)):
        return None
    other = "above sea level" if frame.heights.datum.ellipsoidal else "ellipsoidal"
    way = "low" if ground.shift > 0 else "high"
    return (
        f"that elevations are {frame.heights.datum.name} is stated by {source}, and ground may be "
        f"at either height here: if they are {other}, all heights are {abs(ground.shift):.2f} m "
        f"too {way}"
    )


def _open(case: Case, ground: _Ground) -> bool:
    """Whether ground may be at the elevations of both kinds, and nothing but a habit tells which.

    Elsewhere than in Japan too little is known of ground and geoid.
    """
    said = case.decided("vertical") or case.held or case.options.force_crs
    return ground.possible == _JAPAN_M and ground.shifted_fits and not said


def on_ground(frame: ProjectedFrame, extent: Extent, given: Limits | None = None) -> bool:
    """Whether elevations meet those `given`, or else those usual where the box lies."""
    lon_deg, lat_deg = frame.plane.lonlat(extent.centre[np.newaxis])
    low, high = _above_sea(frame, extent, _undulation(frame, lon_deg, lat_deg))
    return _meets(low, high, given or _usual(float(lon_deg[0]), float(lat_deg[0])))


def _above_sea(frame: ProjectedFrame, extent: Extent, undulation: float) -> Limits:
    datum = frame.heights.datum
    above_sea = -undulation if datum.ellipsoidal else -datum.above_geoid_m
    return float(extent.lower[2] + above_sea), float(extent.upper[2] + above_sea)


def _ground(case: Case, frame: ProjectedFrame) -> _Ground:
    lon_deg, lat_deg = frame.plane.lonlat(case.extent.centre[np.newaxis])
    place = float(lon_deg[0]), float(lat_deg[0])
    undulation = _undulation(frame, lon_deg, lat_deg)
    ellipsoidal, given = frame.heights.datum.ellipsoidal, case.options.ground_range_m
    streets = given or _streets(*place)
    return _Ground(
        *_above_sea(frame, case.extent, undulation),
        usual=streets if ellipsoidal else given or _usual(*place),
        streets=streets,
        possible=_possible(*place),
        shift=undulation if ellipsoidal else -undulation,
        place=place,
    )


def _text(case: Case, frame: ProjectedFrame, ground: _Ground) -> str:
    z = f"{case.extent.lower[2]:.1f} to {case.extent.upper[2]:.1f} m"
    lon_deg, lat_deg = ground.place
    known = relief_at(lon_deg, lat_deg)
    return (
        f"its elevations, {z}, are taken as {frame.heights.datum.name!r}: {ground.low:.1f} to "
        f"{ground.high:.1f} m above sea level, but ground near longitude {lon_deg:.3f}, latitude "
        f"{lat_deg:.3f}{f' ({known.name})' if known else ''} lies between {ground.usual[0]:g} and "
        f"{ground.usual[1]:g} m"
    )


def _units(case: Case, frame: ProjectedFrame, ground: _Ground) -> str:
    """Return in words in which units elevations above all ground would be on it.

    Below the ground a pit explains them as well.
    """
    if ground.low <= ground.usual[1]:
        return ""
    lon_deg, lat_deg = np.array([ground.place[0]]), np.array([ground.place[1]])
    undulation = _undulation(frame, lon_deg, lat_deg)
    readings = []
    for unit, size_m in UNITS_M.items():
        low, high = _above_sea(frame, case.extent.scaled(size_m), undulation)
        if high - low > _FLATTEST_M and _meets(low, high, ground.streets):
            readings.append(f"taken as {unit} they fit ({low:.1f} to {high:.1f} m)")
    return "; or ".join(readings)


def _explanation(case: Case, ground: _Ground) -> str:
    added = ground.shift > 0
    flag = "jgd2011" if added else "ellipsoidal"
    if case.options.vertical is None:
        # The record says so, and a setting alone can't contradict it.
        flag += " --force-crs"
    low, high = ground.shifted
    return (
        f"with the geoid's {abs(ground.shift):.2f} m {'added' if added else 'taken off'} they fit "
        f"({low:.1f} to {high:.1f} m), so they are likely "
        f"{'above sea level' if added else 'ellipsoidal'}: give --vertical {flag} if so"
    )


def _either(frame: ProjectedFrame, ground: _Ground) -> str:
    """Return in words that both kinds of elevations are plausible."""
    datum, (low, high) = frame.heights.datum, ground.shifted
    other, key = ("ellipsoidal", datum.key)
    if datum.ellipsoidal:
        other, key = ("above sea level", "ellipsoidal")
    return (
        f"nothing tells here whether its elevations are {datum.name!r}, as taken ({ground.low:.1f} "
        f"to {ground.high:.1f} m above sea level), or {other} ({low:.1f} to {high:.1f} m): ground "
        f"may be at both; compare one with a benchmark or a map, and give --vertical {key}, or the "
        "elevations that ground has there (config: [crs] ground_range_m)"
    )


def _usual(lon_deg: float, lat_deg: float) -> Limits:
    known = relief_at(lon_deg, lat_deg)
    if known is not None:
        return known.lowest_m - _DEEPEST_M, known.unreached_m
    lowest, highest = _possible(lon_deg, lat_deg)
    return (_USUALLY_LOWEST_M if highest == _JAPAN_M[1] else lowest), highest


def _streets(lon_deg: float, lat_deg: float) -> Limits:
    known = relief_at(lon_deg, lat_deg)
    if known is not None:
        return known.lowest_m, known.unreached_m
    lowest, highest = _possible(lon_deg, lat_deg)
    return (LOWEST_STREET_M if highest == _JAPAN_M[1] else lowest), highest


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
