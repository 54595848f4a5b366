"""Geoid grids in GeoTIFF, of one or of several images.

Read whole, and interpolated like the other formats, as PROJ's own use of them gives a number beside
empty nodes, too, and takes a file for one of undulations whatever it holds.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.crs.grid import LARGEST_GRID, Grid, grid_of

# As PROJ's grids name them.
_NAMES = frozenset({"geoid_undulation", "vertical_offset", "hydroid_height"})
_METRES = frozenset({"", "metre", "meter", "metres", "meters", "m"})


def read_geotiff(path: Path) -> tuple[Grid, ...]:
    """Read undulations from every image of a GeoTIFF file.

    Raises
    ------
    ValueError
        When it is none, is in no longitude and latitude, or its bands are of something else.
    OSError
        When the file can't be opened.
    """
    import rasterio

    path.open("rb").close()
    with rasterio.env.Env(), warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        try:
            with rasterio.open(path, driver="GTiff") as file:
                names = file.subdatasets
                if not names:
                    return (_grid(file),)
            return tuple(_image(name) for name in names)
        except rasterio.errors.RasterioError as error:
            raise ValueError(str(error)) from error


def _image(name: str) -> Grid:
    import rasterio

    with rasterio.open(name) as file:
        return _grid(file)


def _grid(file: Any) -> Grid:  # noqa: ANN401 - rasterio ships no types
    at, crs = file.transform, file.crs
    if at.is_identity:
        raise ValueError("it has no coordinates")
    if crs is not None and not crs.is_geographic:
        raise ValueError("it counts in metres of a projection, not in longitude and latitude")
    if at.b or at.d or at.a <= 0:
        raise ValueError("its rows do not run from west to east")
    if file.width * file.height > LARGEST_GRID:
        raise ValueError(f"its {file.height} rows of {file.width} values are too many")
    band = _band(file)
    unit = (file.units[band - 1] or "").lower()
    if unit not in _METRES:
        raise ValueError(f"its undulations are in {unit}, not in metres")
    values = file.read(band, masked=True).astype(np.float32).filled(np.nan)
    scale, offset = file.scales[band - 1], file.offsets[band - 1]
    if (scale, offset) != (1.0, 0.0):
        values = values * np.float64(scale) + offset
    # Its origin is a corner; nodes lie in the middle of pixels.
    first_lat, west = at.f + at.e / 2, at.c + at.a / 2
    if at.e > 0:
        return grid_of(first_lat, west, (at.e, at.a), values)
    south = first_lat + at.e * (file.height - 1)
    return grid_of(south, west, (-at.e, at.a), values[::-1])


def _band(file: Any) -> int:  # noqa: ANN401
    """Return which band holds undulations."""
    named = [n for n, text in enumerate(file.descriptions, 1) if (text or "").lower() in _NAMES]
    if named:
        return named[0]
    if file.count != 1:
        raise ValueError(f"none of its {file.count} bands is called geoid_undulation")
    return 1
