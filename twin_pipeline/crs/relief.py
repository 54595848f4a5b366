"""Where the height of the ground is known closely enough to tell two readings of a scan apart.

Drawn inside the borders of plains and terraces, around all hills, and inside of mountains. The
limits are round figures of GSI's maps, with ten metres or more left for banks, bridges and valleys:
they are only held against the height of the geoid, 30 to 43 m, and against exchanged axes.
"""

from dataclasses import dataclass
from functools import cache

import shapely

# The lowest land in Japan, drained from lakes and the sea, is at -5 m.
LOWEST_STREET_M = -10.0


@dataclass(frozen=True, slots=True)
class Relief:
    """Ground between limits that are known."""

    name: str
    unreached_m: float
    """What no ground in it reaches, metres above T.P."""
    outline_deg: tuple[tuple[float, float], ...]
    """Longitude and latitude of its corners."""
    lowest_m: float = LOWEST_STREET_M
    """No street in it lies lower."""


def _box(west: float, south: float, east: float, north: float) -> tuple[tuple[float, float], ...]:
    return ((west, south), (east, south), (east, north), (west, north))


# The 23 wards of Tokyo between the rivers Tama and Edo, drawn inside their border: the hills beyond
# are higher.
_WARDS_DEG = (
    (139.60, 35.632), (139.633, 35.612), (139.672, 35.586), (139.705, 35.552), (139.79, 35.53),
    (139.88, 35.62), (139.885, 35.77), (139.86, 35.81), (139.78, 35.81), (139.70, 35.80),
    (139.65, 35.79), (139.60, 35.775), (139.575, 35.755), (139.575, 35.70), (139.585, 35.66),
)  # fmt: skip
# Eastern limit of a strip (deg) and what no ground in it reaches. The terrace falls from 58 m at
# the western border to the lowlands at 0 to 5 m.
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
# The valleys of Kanda, Myoshoji and Shakujii river have the lowest streets of the terrace between
# the Meguro river and the lowlands of the Arakawa.
_TERRACE_DEG = (35.667, 35.76)
_LOWEST_ON_TERRACE = ((139.62, 25.0), (139.66, 15.0), (139.70, 5.0))

# The lowlands and the terrace of Omiya (20 m) between Arakawa and Edo river, up to the Tone; the
# diluvial terrace of Konosu and Kitamoto (up to 30 m) is left out in the west.
_PLAINS = (
    Relief("eastern Saitama", 30.0, (
        (139.62, 35.83), (139.70, 35.82), (139.87, 35.81), (139.80, 36.02), (139.78, 36.12),
        (139.64, 36.17), (139.56, 36.17), (139.60, 36.05), (139.57, 35.93),
    )),
    Relief("Kawasaki's shore", 26.0, _box(139.70, 35.50, 139.78, 35.54)),
    Relief("western Osaka", 32.0, (
        (135.42, 34.64), (135.49, 34.64), (135.497, 34.70), (135.53, 34.73), (135.50, 34.75),
        (135.42, 34.72), (135.38, 34.70),
    )),
    Relief("eastern Osaka", 30.0, (
        (135.555, 34.65), (135.61, 34.65), (135.615, 34.73), (135.56, 34.74), (135.545, 34.70),
    )),
    Relief("the lowlands west of Nagoya", 28.0, (
        (136.68, 35.04), (136.86, 35.04), (136.87, 35.16), (136.84, 35.28), (136.74, 35.33),
        (136.68, 35.25), (136.66, 35.15),
    )),
    Relief("the inner plain of Niigata", 26.0, (
        (138.97, 37.76), (139.05, 37.72), (139.17, 37.80), (139.17, 37.88), (139.06, 37.88),
    )),
    Relief("the shore of Sendai", 30.0, (
        (140.90, 38.10), (140.95, 38.10), (141.00, 38.24), (140.97, 38.27), (140.91, 38.20),
    )),
    Relief("the plain of Saga", 20.0, (
        (130.20, 33.16), (130.36, 33.16), (130.44, 33.22), (130.42, 33.27), (130.25, 33.27),
    )),
    Relief("northern Sapporo", 21.0, (
        (141.34, 43.11), (141.43, 43.11), (141.44, 43.18), (141.36, 43.19),
    )),
    Relief("the plain of Shonai", 28.0, _box(139.84, 38.80, 139.90, 38.93)),
    Relief("the terrace of Musashino", 85.0, _box(139.53, 35.70, 139.575, 35.745), 38.0),
    Relief("the terrace of Musashino", 98.0, _box(139.46, 35.70, 139.53, 35.745), 42.0),
    Relief("the terrace of Musashino", 125.0, _box(139.40, 35.70, 139.46, 35.745), 62.0),
    # Valleys among mountains: Tama and Kamanashi leave them at 250 m and 600 m.
    Relief("the mountains of Okutama", 3800.0, _box(138.75, 35.72, 139.155, 35.95), 200.0),
    Relief("the highlands of Suwa", 3800.0, _box(138.00, 35.90, 138.40, 36.14), 500.0),
)  # fmt: skip


def relief_at(lon_deg: float, lat_deg: float) -> Relief | None:
    """Return what is known of the ground at a place, None where nothing is."""
    if shapely.contains_xy(shapely.Polygon(_WARDS_DEG), lon_deg, lat_deg):
        unreached = next(high for east, high in _UNREACHED_IN_STRIPS if lon_deg <= east)
        return Relief("the wards", unreached, _WARDS_DEG, _lowest_in_wards(lon_deg, lat_deg))
    found = (place for place in _PLAINS if shapely.contains_xy(_outline(place), lon_deg, lat_deg))
    return next(found, None)


def _lowest_in_wards(lon_deg: float, lat_deg: float) -> float:
    south, north = _TERRACE_DEG
    if not south <= lat_deg <= north:
        return LOWEST_STREET_M
    return next((low for east, low in _LOWEST_ON_TERRACE if lon_deg <= east), LOWEST_STREET_M)


@cache
def _outline(relief: Relief) -> shapely.Polygon:
    return shapely.Polygon(relief.outline_deg)
