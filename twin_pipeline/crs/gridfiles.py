"""Readers of geoid grids that are simple enough to be read here: GTX and ISG."""

import re
import struct
from pathlib import Path

import numpy as np

from twin_pipeline.crs.grid import LARGEST_GRID, Grid, grid_of

# GTX has no field for it; the value stands in the format's description and in PROJ.
_GTX_EMPTY = -88.8888
_FIELD = re.compile(r"^([\w ]+?)\s*[:=]\s*(.+?)\s*$", re.MULTILINE)
_METRES = frozenset({"meters", "metres", "meter", "metre", "m"})
# Of a cell: versions of ISG differ in whether limits are those of nodes or of cells around them.
_SAME_LIMIT = 0.1


def read_gtx(path: Path) -> tuple[Grid, ...]:
    """Read NOAA's binary format: origin, steps and counts, then rows from the south.

    Raises
    ------
    ValueError, struct.error
        When it is none.
    """
    data = path.read_bytes()
    south, west, step_lat, step_lon, rows, columns = struct.unpack_from(">4d2i", data)
    if not (0 < rows * columns < LARGEST_GRID and len(data) == 40 + 4 * rows * columns):
        raise ValueError(f"{len(data)} bytes can't be {rows} rows of {columns} values")
    values = np.frombuffer(data, ">f4", offset=40).reshape(rows, columns).astype(np.float32)
    values[np.abs(values - _GTX_EMPTY) < 1e-3] = np.nan
    return (grid_of(south, west, (step_lat, step_lon), values),)


def read_isg(path: Path) -> tuple[Grid, ...]:
    """Read the text format of the International Service for the Geoid, versions 1 and 2.

    Quasi-geoids are read, too: they are to normal heights what a geoid is to orthometric ones.

    Raises
    ------
    ValueError, KeyError
        When it is none.
    """
    text = path.read_text(encoding="latin-1")
    head, separator, body = text.partition("end_of_head")
    if not separator:
        raise ValueError("it has no line end_of_head")
    fields: dict[str, str] = dict(
        re.findall(r"^([\w ]+?)\s*[:=]\s*(.+?)\s*$", head, flags=re.MULTILINE)
    )
    if fields.get("data format", "grid") != "grid":
        raise ValueError(f"it holds no grid, but {fields['data format']} data")
    unit = fields.get("data units", fields.get("units", "meters"))
    if unit.lower() not in _METRES:
        raise ValueError(f"its undulations are in {unit}, not in metres")
    rows, columns = int(fields["nrows"]), int(fields["ncols"])
    numbers = body.partition("\n")[2].split()
    if not 0 < rows * columns == len(numbers):
        raise ValueError(f"{len(numbers)} values can't be {rows} rows of {columns}")
    values = np.array(numbers, dtype=np.float64).reshape(rows, columns)
    if re.fullmatch(r"[-+.\dEe]+", empty := fields.get("nodata", "---")) and empty.strip("-"):
        values[values == float(empty)] = np.nan
    south, step_lat = _axis(fields, "lat", rows)
    west, step_lon = _axis(fields, "lon", columns)
    ordered = _from_south_west(values, fields.get("data ordering", "N-to-S, W-to-E"))
    return (grid_of(south, west, (step_lat, step_lon), ordered),)


def _from_south_west(values: np.ndarray, ordering: str) -> np.ndarray:
    parts = [part.strip().upper() for part in ordering.split(",")]
    if (
        len(parts) != 2
        or parts[0] not in {"N-TO-S", "S-TO-N"}
        or parts[1][1:]
        not in {
            "-TO-E",
            "-TO-W",
        }
    ):
        raise ValueError(f"its values are ordered {ordering!r}, not in rows as 'N-to-S, W-to-E'")
    if parts[0] == "N-TO-S":
        values = values[::-1]
    return values[:, ::-1] if parts[1] == "E-TO-W" else values


def _axis(fields: dict[str, str], name: str, count: int) -> tuple[float, float]:
    """Return the first node and the step of an axis, both in degrees.

    Steps are written with a few digits, which add up over a grid, so that limits tell them better.
    """
    step, first = _angle(fields[f"delta {name}"]), _angle(fields[f"{name} min"])
    if f"{name} max" not in fields:
        return first, step
    last = _angle(fields[f"{name} max"])
    if name == "lon" and last < first:
        last += 360.0
    cells = (last - first) / step
    if abs(cells - (count - 1)) < _SAME_LIMIT:
        return first, (last - first) / (count - 1)
    if abs(cells - count) < _SAME_LIMIT:
        return first + (last - first) / count / 2, (last - first) / count
    raise ValueError(f"{count} steps of {step} degrees don't lead from {first} to {last}")


def _angle(text: str) -> float:
    """Return degrees of decimal degrees or of degrees, minutes and seconds."""
    try:
        return float(text)
    except ValueError:
        parts = [float(part) for part in re.findall(r"\d+\.?\d*|\.\d+", text)]
    if not parts or len(parts) > 3:
        raise ValueError(f"{text!r} is no angle")
    size = sum(part / 60**power for power, part in enumerate(parts))
    return -size if text.strip().startswith("-") else size
