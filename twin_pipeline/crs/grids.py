"""Geoid models given as a file of undulations at the nodes of a grid: GTX, ISG or GeoTIFF."""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import UsageError
from twin_pipeline.model import FloatArray, frozen

Undulation = Callable[[FloatArray, FloatArray], FloatArray]
"""(N,) longitudes and latitudes (deg) to (N,) metres; NaN where the model has no value."""

LARGEST_GRID = 500_000_000
_LARGEST_UNDULATION_M = 200.0
_FULL_CIRCLE_DEG = 360.0
# Of a cell: origins and steps are written with some digits only.
_SLACK = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Undulations at the nodes of a regular grid."""

    south_deg: float
    west_deg: float
    step_lat_deg: float
    step_lon_deg: float
    values: npt.NDArray[np.floating]
    """(rows, columns) metres, rows from south to north; NaN where there is none."""

    def undulation_m(self, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        """Interpolate bilinearly, (N,) metres; NaN outside and beside empty nodes."""
        rows, columns = self.values.shape
        row = (np.asarray(lat_deg) - self.south_deg) / self.step_lat_deg
        # A world grid may begin at 0 or at -180 degrees, and end a step before it comes round.
        slack = _SLACK * self.step_lon_deg
        east = np.mod(np.asarray(lon_deg) - self.west_deg + slack, _FULL_CIRCLE_DEG) - slack
        column = east / self.step_lon_deg
        last = columns if self._comes_round() else columns - 1
        outside = ~((row >= -_SLACK) & (row <= rows - 1 + _SLACK) & (column <= last + _SLACK))
        row, column = (np.where(outside, 0.0, index) for index in (row, column))
        row, column = np.clip(row, 0, rows - 1), np.clip(column, 0, last)
        i = np.minimum(row.astype(np.int64), rows - 2)
        j = np.minimum(column.astype(np.int64), last - 1)
        up, right, after = row - i, column - j, (j + 1) % columns
        values = self.values
        lower = values[i, j] * (1 - right) + values[i, after] * right
        upper = values[i + 1, j] * (1 - right) + values[i + 1, after] * right
        return np.where(outside, np.nan, lower * (1 - up) + upper * up)

    def _comes_round(self) -> bool:
        columns = self.values.shape[1]
        return abs(columns * self.step_lon_deg - _FULL_CIRCLE_DEG) < _SLACK * self.step_lon_deg


def grid_of(
    south_deg: float, west_deg: float, steps_deg: tuple[float, float], values: npt.ArrayLike
) -> Grid:
    """Return a grid from its south-western node, steps (latitude, longitude) and (rows, columns).

    Raises
    ------
    ValueError
        When that is none on earth, or its values are none of a geoid in metres.
    """
    nodes = frozen(values, np.float32)
    on_earth = (
        min(steps_deg) > 0.0
        and min(nodes.shape) >= 2
        and -90.0 - steps_deg[0] <= south_deg
        and south_deg + (nodes.shape[0] - 1) * steps_deg[0] <= 90.0 + steps_deg[0]
        and abs(west_deg) <= _FULL_CIRCLE_DEG
        and (nodes.shape[1] - 2) * steps_deg[1] <= _FULL_CIRCLE_DEG
    )
    if not on_earth:
        raise ValueError(f"its grid from {south_deg}, {west_deg} in steps of {steps_deg} is none")
    largest = float(np.nanmax(np.abs(nodes), initial=0.0))
    if not 0.0 < largest < _LARGEST_UNDULATION_M:
        raise ValueError(f"undulations of {largest:g} m are none of a geoid in metres")
    return Grid(south_deg, west_deg, *steps_deg, nodes)


@lru_cache(maxsize=4)
def load_grid(path: Path) -> Undulation:
    """Return the model in a GTX, ISG or GeoTIFF file.

    Raises
    ------
    UsageError
        When the file can't be read, or holds no geoid undulations.
    """
    from twin_pipeline.crs.geotiff import read_geotiff
    from twin_pipeline.crs.gridfiles import read_gtx, read_isg

    read = {".tif": read_geotiff, ".tiff": read_geotiff, ".isg": read_isg}
    try:
        grids = read.get(path.suffix.lower(), read_gtx)(path)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror or error}") from error
    except (ValueError, KeyError, struct.error) as error:
        raise UsageError(
            f"{path}: is no geoid grid that can be read ({_told(error)}): give a GTX, ISG or "
            "GeoTIFF file of undulations in metres"
        ) from error
    return _nested(grids)


def _told(error: Exception) -> str:
    text = (str(error).splitlines() or [""])[0][:160]
    return f"it lacks {text}" if isinstance(error, KeyError) else text


def _nested(grids: tuple[Grid, ...]) -> Undulation:
    """Return the values of several grids, those of the finest first."""
    finest_first = sorted(grids, key=lambda grid: grid.step_lat_deg)

    def undulation_m(lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        found = finest_first[0].undulation_m(lon_deg, lat_deg)
        for grid in finest_first[1:]:
            found = np.where(np.isnan(found), grid.undulation_m(lon_deg, lat_deg), found)
        return found

    return undulation_m


@lru_cache(maxsize=4)
def grid_sha256(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
