"""Features on their way to the viewer: shapes in longitude and latitude, with attributes."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from twin_pipeline.crs import MapSystem
from twin_pipeline.errors import InputError
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import clean_text
from twin_pipeline.layers.legend import Scale, one_colour, scale_of
from twin_pipeline.layers.place import bounds_of, lonlat_checked, require_near
from twin_pipeline.layers.record import Bounds, Legend
from twin_pipeline.layers.text import require_plain_names
from twin_pipeline.layers.wanted import Context
from twin_pipeline.model import FloatArray

MOST_FEATURES = 100_000
MOST_VERTICES = 3_000_000
_DECIMALS, _HEIGHT_DECIMALS = 8, 3
_STYLE_KEYS = {"stroke", "stroke-width", "stroke-opacity", "fill", "fill-opacity", "marker-color",
               "marker-size", "marker-symbol"}  # fmt: skip
_LONGEST_VALUE = 10_000

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What was read from a file, in its own system."""

    shapes: Sequence[Any]
    """Shapely geometries, easting or longitude first; None where a feature has none."""
    properties: Sequence[Properties]
    system: MapSystem
    source: str
    """What errors call it."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Features on the earth."""

    shapes: list[Any]
    properties: list[Properties]
    bounds: Bounds
    heights: str | None
    """What heights count from; None where the features lie on the ground."""
    notes: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """Names of the attributes, in their order."""
        return list(dict.fromkeys(name for row in self.properties for name in row))


def placed(features: Features, context: Context) -> Placed:
    """Return the features in longitude, latitude and, where known, ellipsoidal height.

    Raises
    ------
    InputError
        When there is nothing to show, or too much.
    GeoreferenceError
        When they can't lie where they say.
    """
    source = features.source
    kept = [i for i, shape in enumerate(features.shapes) if _is_drawn(shape)]
    if not kept:
        raise InputError(f"{source}: has no feature with a geometry; nothing could be shown")
    notes = list(features.notes)
    if len(kept) < len(features.shapes):
        notes.append(f"{len(features.shapes) - len(kept)} features without a geometry left out")
    shapes = np.array([features.shapes[i] for i in kept], dtype=object)
    coordinates = shapely.get_coordinates(shapes, include_z=True)
    _require_bearable(len(shapes), len(coordinates), source)
    if not np.isfinite(coordinates[:, :2]).all():
        raise InputError(f"{source}: has coordinates that are no numbers; mend the file")
    lonlat = lonlat_checked(features.system, coordinates[:, :2], source)
    bounds = bounds_of(lonlat)
    require_near(
        bounds,
        context.sites,
        source,
        force=context.wanted.force,
        exchanged=lambda: _exchanged(features.system, coordinates),
    )
    heights, known, note = _heights(features.system, lonlat, coordinates[:, 2])
    if note:
        notes.append(note)
    new = lonlat if heights is None else np.column_stack((lonlat, heights))
    shapes = shapely.set_coordinates(shapely.force_2d(shapes), lonlat) if heights is None else (
        shapely.set_coordinates(shapely.force_3d(shapes), new)
    )  # fmt: skip
    properties = [_clean(features.properties[i]) for i in kept]
    result = Placed(list(shapes), properties, bounds, known, tuple(notes))
    require_plain_names(result.columns, source)
    return result


def styled(
    features: Placed, title: str, context: Context
) -> tuple[list[Properties], Legend, Scale | None]:
    """Return the attributes with colours in them, and the legend.

    The colours are those of the simplestyle convention, which our viewer, Terria and Re:Earth
    know.

    Raises
    ------
    InputError
        When the column of values is not there, or holds no numbers.
    """
    column = context.wanted.value
    if column is None:
        colour = context.colour
        rows = [_style(row, colour) for row in features.properties]
        return rows, one_colour(title, colour), None
    values, scale = values_and_scale(features.properties, column, features.columns, context)
    colours = scale.hex_colours(values)
    rows = [
        _style(row, "#8b939d" if math.isnan(value) else colour)
        for row, value, colour in zip(features.properties, values.tolist(), colours, strict=True)
    ]
    unit = context.wanted.unit
    name = column if unit is None else f"{column} ({unit})"
    return rows, scale.legend(name, unit), scale


def values_and_scale(
    rows: Sequence[Mapping[str, Any]], column: str, columns: Sequence[str], context: Context
) -> tuple[FloatArray, Scale]:
    """Return (N,) values of a column, NaN where a row has none, and their scale."""
    source = context.source
    if column not in columns:
        raise InputError(
            f"{source}: has no column {column!r} (--value); it has {', '.join(columns) or 'none'}"
        )
    values = np.array([number(row.get(column)) for row in rows], dtype=np.float64)
    if not np.isfinite(values).any():
        raise InputError(f"{source}: column {column!r} (--value) holds no numbers; give another")
    return values, scale_of(values[np.isfinite(values)], context.wanted.value_range)


def number(value: object) -> float:
    """Return a value as a number, NaN where it is none."""
    if isinstance(value, bool) or value is None:
        return math.nan
    try:
        found = float(str(value).replace(",", ""))
    except ValueError:
        return math.nan
    return found if math.isfinite(found) else math.nan


def write_geojson(features: Placed, rows: Sequence[Properties], path: Path) -> None:
    """Write RFC 7946: longitude, latitude and, where known, ellipsoidal height."""
    decimals = np.array([_DECIMALS, _DECIMALS, _HEIGHT_DECIMALS])

    def rounded(coordinates: FloatArray) -> FloatArray:
        places = decimals[: coordinates.shape[1]]
        scale = 10.0**places
        return np.round(coordinates * scale) / scale

    has_z = features.heights is not None
    shapes = shapely.transform(np.array(features.shapes, dtype=object), rounded, include_z=has_z)
    parts = [
        json.dumps(
            {"type": "Feature", "properties": row, "geometry": json.loads(shapely.to_geojson(g))},
            ensure_ascii=False,
            allow_nan=False,
        )
        for row, g in zip(rows, shapes, strict=True)
    ]
    write_text(path, '{"type":"FeatureCollection","features":[\n' + ",\n".join(parts) + "\n]}\n")


def _is_drawn(shape: Any) -> bool:  # noqa: ANN401 - a shapely geometry or None
    return shape is not None and not shape.is_empty


def _require_bearable(features: int, vertices: int, source: str) -> None:
    if features > MOST_FEATURES or vertices > MOST_VERTICES:
        raise InputError(
            f"{source}: has {features:,} features with {vertices:,} vertices, more than a browser "
            f"bears ({MOST_FEATURES:,} and {MOST_VERTICES:,}); cut it to the area of the sites "
            "first, e.g. with `ogr2ogr -clipsrc`"
        )


def _exchanged(system: MapSystem, coordinates: FloatArray) -> Bounds | None:
    lonlat = system.lonlat(coordinates[:, [1, 0]])
    return bounds_of(lonlat) if np.isfinite(lonlat).all() else None


def _heights(
    system: MapSystem, lonlat: FloatArray, z: FloatArray
) -> tuple[FloatArray | None, str | None, str]:
    """Return (N,) ellipsoidal heights, what they were, and what there is to say of them."""
    if np.isnan(z).all():
        return None, None, ""
    if np.isnan(z).any():
        return None, None, "only some vertices have a height: all are laid on the ground"
    if not z.any():
        return None, None, "all heights are 0: laid on the ground"
    ellipsoidal = system.ellipsoidal_m(lonlat, z)
    if ellipsoidal is None or system.heights is None:
        return None, None, (
            f"has heights ({z.min():.2f} to {z.max():.2f} m), but not what they count from: laid "
            "on the ground; --vertical jgd2011 (T.P.) or ellipsoidal shows them at their height"
        )  # fmt: skip
    return ellipsoidal, system.heights.datum.key, ""


def _clean(row: Mapping[str, Any]) -> Properties:
    return {clean_text(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:  # noqa: ANN401 - as JSON or GDAL gives it
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return clean_text(value)[:_LONGEST_VALUE]
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean_text(json.dumps(value, ensure_ascii=False, default=str))[:_LONGEST_VALUE]


def _style(row: Properties, colour: str) -> Properties:
    """Return a row with its colours; a symbol would be a picture that no viewer here has."""
    own = {name: value for name, value in row.items() if name not in _STYLE_KEYS}
    return own | {
        "stroke": colour,
        "stroke-width": 3,
        "fill": colour,
        "fill-opacity": 0.35,
        "marker-color": colour,
    }
