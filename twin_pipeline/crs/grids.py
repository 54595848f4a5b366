"""Geoid models given as a file of undulations at the nodes of a grid: GTX, ISG or GeoTIFF."""

import hashlib
import struct
from functools import lru_cache
from pathlib import Path

import numpy as np

from twin_pipeline.crs.geotiff import read_geotiff
from twin_pipeline.crs.grid import Grid, Undulation
from twin_pipeline.crs.gridfiles import read_gtx, read_isg
from twin_pipeline.errors import UsageError
from twin_pipeline.model import FloatArray


@lru_cache(maxsize=4)
def load_grid(path: Path) -> Undulation:
    """Return the model in a GTX, ISG or GeoTIFF file.

    Raises
    ------
    UsageError
        When the file can't be read, or holds no geoid undulations.
    """
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
