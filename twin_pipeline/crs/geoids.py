"""Geoid models by name or file."""

from functools import lru_cache
from pathlib import Path

import japan_geoid
import numpy as np

from twin_pipeline.crs.grid import Undulation
from twin_pipeline.crs.grids import load_grid
from twin_pipeline.crs.options import EMBEDDED_GEOIDS
from twin_pipeline.model import FloatArray


def undulation_m(geoid: str, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
    """Return (N,) the geoid's height above the ellipsoid, metres; NaN where it has no value.

    Parameters
    ----------
    geoid
        One of `EMBEDDED_GEOIDS`, or the path of a grid file.
    lon_deg, lat_deg
        (N,) degrees.

    Raises
    ------
    UsageError
        When the file can't be read.
    """
    model = _embedded(geoid) if geoid in EMBEDDED_GEOIDS else load_grid(Path(geoid))
    return model(lon_deg, lat_deg)


@lru_cache(maxsize=2)
def _embedded(key: str) -> Undulation:
    if key == "jpgeo2024":
        # With GSI's correction for islands that have a sea level of their own: 0.4 m on Hachijo.
        model = japan_geoid.load_embedded_jpgeo2024_hrefconv2024()
    else:
        model = japan_geoid.load_embedded_gsigeo2011()

    def values(lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        lon, lat = (np.ascontiguousarray(column, dtype=np.float64) for column in (lon_deg, lat_deg))
        return np.asarray(model.get_heights(lon, lat), dtype=np.float64)

    return values
