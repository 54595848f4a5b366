"""Reading points from CSV: which columns are the place, which the time."""

import csv
import datetime as dt
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from twin_pipeline.crs import map_system
from twin_pipeline.errors import GeoreferenceError, InputError, UsageError
from twin_pipeline.layers.features import MOST_FEATURES, Features, number
from twin_pipeline.layers.times import parse_time
from twin_pipeline.layers.wanted import Context

MOST_BYTES = 300 << 20
_LON = ("lon", "lng", "long", "longitude", "lon_deg", "longitude_deg", "経度")
_LAT = ("lat", "latitude", "lat_deg", "latitude_deg", "緯度")
_EAST = ("easting", "easting_m", "east")
_NORTH = ("northing", "northing_m", "north")
_TIME = ("time", "datetime", "timestamp", "date", "date_time", "観測日時", "計測日時", "日時",
         "時刻", "年月日", "日付")  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points of a CSV file."""

    features: Features
    times: tuple[dt.datetime, ...] | None
    """One a feature, UTC; None where there is no column of times."""
    time_column: str | None


def read_csv(path: Path, context: Context) -> Points:
    """Read a CSV file of points, UTF-8 or CP932.

    Raises
    ------
    InputError
        When it has no rows, or a place or time can't be read.
    GeoreferenceError
        When it is not said in which CRS the coordinates are.
    UsageError
        When a named column is not there.
    """
    head, rows = _table(path, context)
    x, y, is_lonlat = _place_columns(head, context)
    crs = context.wanted.crs or ("EPSG:4326" if is_lonlat else None)
    if crs is None:
        raise GeoreferenceError(
            f"{context.source}: columns {x} and {y} are in no CRS that it names; give it with "
            "--crs, such as EPSG:6677"
        )
    system = map_system(crs, context.source)
    notes = []
    if is_lonlat and context.wanted.crs is None:
        notes.append("longitude and latitude taken as WGS 84")
    places = np.array([[number(row[x]), number(row[y])] for row in rows], dtype=np.float64)
    _require_places(places, rows, (x, y), context)
    column = _time_column(head, context)
    times = None if column is None else tuple(_times(rows, column, context))
    kept = [{k: _typed(v) for k, v in row.items() if k not in (x, y)} for row in rows]
    shapes = list(shapely.points(places))
    return Points(
        Features(shapes, kept, system, context.source, tuple(notes)), times, column
    )  # fmt: skip


def _table(path: Path, context: Context) -> tuple[list[str], list[dict[str, str]]]:
    source = context.source
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{source}: is larger than {MOST_BYTES >> 20} MB; cut it first")
    text = _decoded(path.read_bytes(), context)
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        head, *lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise InputError(f"{source}: is no CSV ({error}); mend the file") from error
    except ValueError as error:
        raise InputError(f"{source}: has no lines; nothing could be shown") from error
    head = [name.strip() for name in head]
    if len(set(head)) != len(head):
        raise InputError(f"{source}: two columns have the same name; rename one")
    if not lines:
        raise InputError(f"{source}: has a head but no rows; nothing could be shown")
    if len(lines) > MOST_FEATURES:
        raise InputError(f"{source}: has {len(lines):,} rows, more than {MOST_FEATURES:,}; cut it")
    for i, line in enumerate(lines, start=2):
        if len(line) != len(head):
            raise InputError(
                f"{source}: line {i} has {len(line)} columns, the head {len(head)}; it may be cut "
                "off: mend the file"
            )
    return head, [dict(zip(head, line, strict=True)) for line in lines]


def _decoded(data: bytes, context: Context) -> str:
    given = context.wanted.encoding
    for name in (given,) if given else ("utf-8-sig", "cp932"):
        try:
            return data.decode(name)
        except LookupError as error:
            raise UsageError(f"--encoding {name}: is no known encoding") from error
        except UnicodeDecodeError:
            continue
    raise InputError(
        f"{context.source}: is not {given or 'UTF-8 or CP932'}; give its encoding with --encoding"
    )


def _place_columns(head: Sequence[str], context: Context) -> tuple[str, str, bool]:
    """Return the columns of east and north, and whether they are called degrees."""
    wanted = context.wanted
    if (wanted.x is None) != (wanted.y is None):
        raise UsageError("--x and --y belong together: give both")
    if wanted.x is not None and wanted.y is not None:
        for flag, name in (("--x", wanted.x), ("--y", wanted.y)):
            if name not in head:
                raise UsageError(
                    f"{flag} {name}: is no column of {context.source}; it has {', '.join(head)}"
                )
        return wanted.x, wanted.y, wanted.x.lower() in _LON and wanted.y.lower() in _LAT
    for east, north, is_lonlat in ((_LON, _LAT, True), (_EAST, _NORTH, False)):
        found = [next((n for n in head if n.lower() in names), None) for names in (east, north)]
        if found[0] is not None and found[1] is not None:
            return found[0], found[1], is_lonlat
    raise InputError(
        f"{context.source}: which columns are the place can't be told from {', '.join(head)[:200]};"
        " name them with --x (east or longitude) and --y (north or latitude)"
    )


def _require_places(
    places: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    rows: Sequence[dict[str, str]],
    columns: tuple[str, str],
    context: Context,
) -> None:
    bad = ~np.isfinite(places).all(axis=1)
    if bad.any():
        at = int(np.argmax(bad))
        given = ", ".join(f"{name} = {rows[at][name]!r}" for name in columns)
        raise InputError(
            f"{context.source}: {np.count_nonzero(bad)} of {len(rows)} rows have no place, the "
            f"first in line {at + 2} ({given}); fill it in or take them out"
        )


def _time_column(head: Sequence[str], context: Context) -> str | None:
    given = context.wanted.time
    if given is not None:
        if given not in head:
            raise UsageError(
                f"--time {given}: is no column of {context.source}; it has {', '.join(head)}"
            )
        return given
    return next((name for name in head if name.lower() in _TIME), None)


def _times(rows: Sequence[dict[str, str]], column: str, context: Context) -> list[dt.datetime]:
    found = []
    for i, row in enumerate(rows, start=2):
        moment = parse_time(row[column])
        if moment is None:
            raise InputError(
                f"{context.source}: line {i} has no time in {column} ({row[column]!r}); write it as"
                " 2024-08-01 12:00, or with a zone as 2024-08-01T12:00:00+09:00"
            )
        found.append(moment)
    return found


def _typed(text: str) -> str | float | int | None:
    stripped = text.strip()
    if not stripped:
        return None
    # Codes such as 01234 are no numbers.
    if stripped.lstrip("-").startswith("0") and stripped.lstrip("-")[1:2].isdigit():
        return stripped
    value = number(stripped) if "," not in stripped else math.nan
    if math.isnan(value):
        return stripped
    return (
        int(value) if value.is_integer() and "." not in stripped and abs(value) < 2**53 else value
    )
