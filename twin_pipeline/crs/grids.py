"""Geoid models given as a file: GTX and ISG read here, GeoTIFF through PROJ."""

import hashlib
import re
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import Transformer
from pyproj.exceptions import ProjError

from twin_pipeline.errors import UsageError
from twin_pipeline.model import FloatArray, frozen

Undulation = Callable[[FloatArray, FloatArray], FloatArray]
"""(N,) longitudes and latitudes (deg) to (N,) metres; NaN where the model has no value."""

GRID_SUFFIXES = (".gtx", ".isg", ".tif", ".tiff")

# GTX has no field for it; the value stands in the format's description and in PROJ.
_GTX_EMPTY = -88.8888
_LARGEST_GRID = 500_000_000
_LARGEST_UNDULATION_M = 200.0
_FULL_CIRCLE_DEG = 360.0


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Undulations at the nodes of a regular grid."""

    south_deg: float
    west_deg: float
    step_lat_deg: float
    step_lon_deg: float
    values: FloatArray
    """(rows, columns) metres, rows from south to north; NaN where there is none."""

    def undulation_m(self, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        """Interpolate bilinearly, (N,) metres; NaN outside and beside empty nodes."""
        rows, columns = self.values.shape
        row = (np.asarray(lat_deg) - self.south_deg) / self.step_lat_deg
        # A world grid may begin at 0 or at -180 degrees.
        east = np.mod(np.asarray(lon_deg) - self.west_deg, _FULL_CIRCLE_DEG)
        column = east / self.step_lon_deg
        outside = ~((row >= 0) & (row <= rows - 1) & (column >= 0) & (column <= columns - 1))
        row, column = (np.where(outside, 0.0, index) for index in (row, column))
        i = np.minimum(row.astype(np.int64), rows - 2)
        j = np.minimum(column.astype(np.int64), columns - 2)
        up, right = row - i, column - j
        lower = self.values[i, j] * (1 - right) + self.values[i, j + 1] * right
        upper = self.values[i + 1, j] * (1 - right) + self.values[i + 1, j + 1] * right
        return np.where(outside, np.nan, lower * (1 - up) + upper * up)


@lru_cache(maxsize=4)
def load_grid(path: Path) -> Undulation:
    """Return the model in a GTX, ISG or GeoTIFF file.

    Raises
    ------
    UsageError
        When the file can't be read, or holds no geoid undulations.
    """
    try:
        if path.suffix.lower() in {".tif", ".tiff"}:
            return _through_proj(path)
        read = _read_isg if path.suffix.lower() == ".isg" else _read_gtx
        grid = read(path)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror or error}") from error
    except (ValueError, KeyError, struct.error, ProjError) as error:
        raise UsageError(
            f"{path}: is no geoid grid that can be read ({str(error).splitlines()[0][:100]}): give "
            "a GTX, ISG or GeoTIFF file of undulations in metres"
        ) from error
    largest = float(np.nanmax(np.abs(grid.values), initial=0.0))
    if not 0.0 < largest < _LARGEST_UNDULATION_M:
        raise UsageError(f"{path}: undulations of {largest:g} m are none of a geoid in metres")
    return grid.undulation_m


@lru_cache(maxsize=4)
def grid_sha256(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _grid(south: float, west: float, steps: tuple[float, float], values: FloatArray) -> Grid:
    usable = -90.0 <= south <= 90.0 and -_FULL_CIRCLE_DEG <= west <= _FULL_CIRCLE_DEG
    if not (usable and min(steps) > 0.0 and min(values.shape) >= 2):
        raise ValueError(f"its grid from {south}, {west} in steps of {steps} is none")
    return Grid(south, west, *steps, frozen(values))


def _read_gtx(path: Path) -> Grid:
    """Read NOAA's binary format: origin, steps and counts, then rows from the south."""
    data = path.read_bytes()
    south, west, step_lat, step_lon, rows, columns = struct.unpack_from(">4d2i", data)
    if not (0 < rows * columns < _LARGEST_GRID and len(data) == 40 + 4 * rows * columns):
        raise ValueError(f"{len(data)} bytes can't be {rows} rows of {columns} values")
    values = np.frombuffer(data, ">f4", offset=40).reshape(rows, columns).astype(np.float64)
    empty = np.abs(values - _GTX_EMPTY) < 1e-3
    return _grid(south, west, (step_lat, step_lon), np.where(empty, np.nan, values))


def _read_isg(path: Path) -> Grid:
    """Read the text format of the International Service for the Geoid, versions 1 and 2."""
    text = path.read_text(encoding="latin-1")
    head, separator, body = text.partition("end_of_head")
    if not separator:
        raise ValueError("it has no line end_of_head")
    fields = dict(re.findall(r"^([\w ]+?)\s*[:=]\s*(.+?)\s*$", head, flags=re.MULTILINE))
    if fields.get("data type", "geoid") == "quasi-geoid" or fields.get("data format") == "sparse":
        raise ValueError("it holds no grid of geoid undulations")
    if fields.get("data units", "meters").lower() not in {"meters", "metres", "m"}:
        raise ValueError(f"its undulations are in {fields['data units']}, not in metres")
    rows, columns = int(fields["nrows"]), int(fields["ncols"])
    numbers = body.partition("\n")[2].split()
    if len(numbers) != rows * columns:
        raise ValueError(f"{len(numbers)} values can't be {rows} rows of {columns}")
    values = np.array(numbers, dtype=np.float64).reshape(rows, columns)
    values[values == float(fields["nodata"])] = np.nan
    step_lat, step_lon = _angle(fields["delta lat"]), _angle(fields["delta lon"])
    south, west = _angle(fields["lat min"]), _angle(fields["lon min"])
    # Version 1, and some of version 2, give the outer edges of cells around the nodes.
    if abs(_angle(fields["lat max"]) - south - rows * step_lat) < 0.01 * step_lat:
        south, west = south + step_lat / 2, west + step_lon / 2
    return _grid(south, west, (step_lat, step_lon), values[::-1])


def _angle(text: str) -> float:
    """Return degrees of decimal degrees or of degrees, minutes and seconds."""
    parts = [float(part) for part in re.findall(r"[\d.]+", text)]
    if not parts or len(parts) > 3:
        raise ValueError(f"{text!r} is no angle")
    size = sum(part / 60**power for power, part in enumerate(parts))
    return -size if text.strip().startswith("-") else size


def _through_proj(path: Path) -> Undulation:
    path.open("rb").close()
    # PROJ takes a comma in a name for the end of it.
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "geoid.tif"
        plain.symlink_to(path)
        transformer = Transformer.from_pipeline(
            "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
            f'+step +proj=vgridshift +grids="{plain}" +multiplier=1'
        )
        # The file is opened by the first use.
        transformer.transform(0.0, 0.0, 0.0)

    def undulation_m(lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        transform: Any = transformer.transform
        _, _, value = transform(list(lon_deg), list(lat_deg), [0.0] * len(lon_deg))
        return np.where(np.isfinite(value), value, np.nan)

    return undulation_m
