"""Views as the viewer's links have them."""

import math
from dataclasses import dataclass

LAYERS = ("points", "pipes", "shells", "stations", "joints", "ground", "globe")
M_PER_DEG = 111_000.0


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the ellipsoid."""

    lon_deg: float
    lat_deg: float
    height_m: float

    def moved(self, east_m: float, north_m: float) -> "Place":
        """Return a place some metres away."""
        per_deg = M_PER_DEG * math.cos(math.radians(self.lat_deg))
        lon, lat = self.lon_deg + east_m / per_deg, self.lat_deg + north_m / M_PER_DEG
        return Place(lon, lat, self.height_m)


def looking_at(place: Place, distance_m: float, layers: str) -> str:
    """Return a link's fragment: from the south at 45 degrees, with some layers, by comma.

    HEADING stands for the heading in degrees.
    """
    aside = distance_m * math.sqrt(0.5)
    eye = place.moved(0.0, -aside)
    camera = f"{eye.lon_deg:.8f},{eye.lat_deg:.8f},{place.height_m + aside:.3f},HEADING,-45,0"
    wanted = layers.split(",")
    shown = ",".join(f"{'' if name in wanted else '-'}{name}:100" for name in LAYERS)
    return f"camera={camera}&layers={shown}"
