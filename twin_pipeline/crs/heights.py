"""Elevations: which zero they count from, and the way to the ellipsoid.

Ellipsoidal height = elevation above T.P. + geoid undulation. The geoids are GSI's GSIGEO2011
(with JGD2011 heights) and JPGEO2024 (with JGD2024 heights, in force since 2025-04-01); in Tokyo
they differ by about 0.1 m, so that a mixture is refused.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import japan_geoid
import numpy as np
from pyproj import CRS

from twin_pipeline.crs.options import GeoidKey, VerticalKey
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray


@dataclass(frozen=True, slots=True)
class VerticalDatum:
    """A zero of elevations."""

    key: VerticalKey
    name: str
    epsg: int | None
    """EPSG code of the vertical CRS, whether or not the installed PROJ knows it."""
    above_tp_m: float
    """What an elevation reads where T.P. reads zero."""
    geoid: GeoidKey | None
    """The geoid model that realises this datum; None for ellipsoidal heights."""


VERTICAL_DATUMS: dict[VerticalKey, VerticalDatum] = {
    datum.key: datum
    for datum in (
        VerticalDatum("jgd2011", "JGD2011 (vertical) height", 6695, 0.0, "gsigeo2011"),
        VerticalDatum("jgd2024", "JGD2024 (vertical) height", 11317, 0.0, "jpgeo2024"),
        # A.P. zero lies at T.P. -1.1344 m, fixed since 1873 for the rivers and harbour of Tokyo.
        VerticalDatum("ap", "Arakawa Peil (A.P.) height", None, 1.1344, "gsigeo2011"),
        VerticalDatum("ellipsoidal", "Ellipsoidal height", None, 0.0, None),
    )
}

_NAMED_BY_KEY: tuple[VerticalKey, ...] = ("jgd2011", "jgd2024")


@lru_cache(maxsize=2)
def _geoid(key: GeoidKey) -> Any:  # noqa: ANN401 - japan_geoid ships no types
    if key == "jpgeo2024":
        return japan_geoid.load_embedded_jpgeo2024()
    return japan_geoid.load_embedded_gsigeo2011()


@dataclass(frozen=True, slots=True)
class HeightSystem:
    """A vertical datum together with the geoid in use."""

    datum: VerticalDatum
    geoid: GeoidKey | None

    def undulation_m(self, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        """Return the geoid's height above the ellipsoid, zeros for ellipsoidal elevations.

        Parameters
        ----------
        lon_deg, lat_deg
            (N,) degrees, JGD2011 or WGS 84.

        Raises
        ------
        GeoreferenceError
            Where the geoid model has no value.
        """
        if self.geoid is None:
            return np.zeros(len(lon_deg))
        model = _geoid(self.geoid)
        undulation = np.asarray(
            model.get_heights(np.ascontiguousarray(lon_deg), np.ascontiguousarray(lat_deg)),
            dtype=np.float64,
        )
        outside = np.isnan(undulation)
        if outside.any():
            first = int(np.argmax(outside))
            raise GeoreferenceError(
                f"geoid {self.geoid} has no value at longitude {lon_deg[first]:.6f}, latitude "
                f"{lat_deg[first]:.6f} ({np.count_nonzero(outside)} of {len(outside)} points): "
                "correct the CRS, or give --vertical ellipsoidal if elevations are ellipsoidal"
            )
        return undulation

    def ellipsoidal_offset_m(self, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        """Return ellipsoidal height minus elevation, (N,) metres."""
        return self.undulation_m(lon_deg, lat_deg) - self.datum.above_tp_m


def recognise(vertical: CRS) -> VerticalKey | None:
    """Return the key of a vertical CRS found in a scan or a CRS name, None if it isn't known."""
    code = vertical.to_epsg()
    for datum in VERTICAL_DATUMS.values():
        if code is not None and code == datum.epsg:
            return datum.key
    name = vertical.name.lower()
    if "ellipsoid" in name:
        return "ellipsoidal"
    if "height" not in name:
        return None
    return next((key for key in _NAMED_BY_KEY if name.startswith(key)), None)
