"""The map of an overview: a dot a site, in the colour of its least cover; no map below it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from twin_pipeline.report.scales import round_step
from twin_pipeline.report.svg import Drawing, Point

WIDTH = 1000.0
_MARGIN = 26.0
_LEAST_HEIGHT, _MOST_HEIGHT = 340.0, 760.0
_LEAST_M = 60.0
"""Sites that lie nearer together are drawn as if they were so far apart."""
_M_PER_DEG = 111_320.0
_BAR = 170.0
_NAMED = 14
"""Up to so many sites are named."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A site."""

    name: str
    lon_deg: float
    lat_deg: float
    above: int | None
    """How many of the thresholds its least cover exceeds; None where no cover is known."""


def map_of(dots: Sequence[Dot], limits_m: Sequence[float]) -> Markup | None:
    """Return the map as an SVG element, None where no site has a place."""
    if not dots:
        return None
    sheet = _Sheet(dots)
    drawing = Drawing(WIDTH, sheet.height, "現場の位置 Map of the sites")
    drawing.rectangle((0, 0), WIDTH, sheet.height, "map-frame")
    radius = 7.0 if len(dots) < 100 else 4.5 if len(dots) < 1000 else 2.6
    # the shallow ones last, on top of the others
    for above in (None, *range(len(limits_m), -1, -1)):
        places = [sheet.at(dot) for dot in dots if dot.above == above]
        drawing.dots(places, f"site {class_of(above)}", 2 * radius)
    if len(dots) <= _NAMED:
        for dot in dots:
            x, y = sheet.at(dot)
            end = x > 0.75 * WIDTH
            place = (x - radius - 5, y + 5) if end else (x + radius + 5, y + 5)
            drawing.text(place, dot.name[:40], "site-name end" if end else "site-name")
    _draw_bar(drawing, sheet)
    drawing.text((WIDTH - 30, 40), "N", "north middle")
    drawing.polygon([(WIDTH - 30, 46), (WIDTH - 23, 66), (WIDTH - 30, 61), (WIDTH - 37, 66)], "bar")
    return drawing.markup()


def class_of(above: int | None) -> str:
    """Return the style of a class of cover."""
    return "unknown" if above is None else f"cover-{min(above, 3)}"


class _Sheet:
    """Longitudes and latitudes on paper, true to scale in the middle."""

    def __init__(self, dots: Sequence[Dot]) -> None:
        lons, lats = [dot.lon_deg for dot in dots], [dot.lat_deg for dot in dots]
        self._lon, self._lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
        self._m_per_lon = _M_PER_DEG * math.cos(math.radians(self._lat))
        width_m = max((max(lons) - min(lons)) * self._m_per_lon, _LEAST_M)
        height_m = max((max(lats) - min(lats)) * _M_PER_DEG, _LEAST_M / 3)
        room = WIDTH - 2 * _MARGIN
        self.units_per_m = min(room / width_m, (_MOST_HEIGHT - 2 * _MARGIN) / height_m)
        self.height = max(height_m * self.units_per_m + 2 * _MARGIN, _LEAST_HEIGHT)

    def at(self, dot: Dot) -> Point:
        east_m = (dot.lon_deg - self._lon) * self._m_per_lon
        north_m = (dot.lat_deg - self._lat) * _M_PER_DEG
        return (
            WIDTH / 2 + east_m * self.units_per_m,
            self.height / 2 - north_m * self.units_per_m,
        )


def _draw_bar(drawing: Drawing, sheet: _Sheet) -> None:
    length_m = round_step(_BAR / sheet.units_per_m / 2)
    length = length_m * sheet.units_per_m
    left, y = 24.0, sheet.height - 20.0
    drawing.rectangle((left - 8, y - 26), length + 76, 36, "paper")
    drawing.rectangle((left, y - 6), length, 5, "bar")
    told = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    drawing.text((left, y - 11), told, "tick")
