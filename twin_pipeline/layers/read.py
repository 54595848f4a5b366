"""Files of each format, made into what viewers show."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.layers.csv_file import read_csv
from twin_pipeline.layers.czml import read_czml, timed_points, write_czml
from twin_pipeline.layers.features import Features, Placed, placed, styled, write_geojson
from twin_pipeline.layers.geojson_file import read_geojson
from twin_pipeline.layers.legend import Scale, scale_of
from twin_pipeline.layers.palette import palette_legend
from twin_pipeline.layers.pyramid import suffix_of, write_cog, write_tiles
from twin_pipeline.layers.raster_file import Raster, read_raster
from twin_pipeline.layers.record import Bounds
from twin_pipeline.layers.sniff import Form
from twin_pipeline.layers.text import plain
from twin_pipeline.layers.times import date_in_name, iso, parse_time
from twin_pipeline.layers.vector_file import read_vector
from twin_pipeline.layers.wanted import Context


@dataclass(frozen=True, slots=True)
class Made:
    """A layer's files, in its own folder."""

    url: str
    """Relative to the folder."""
    facts: dict[str, Any]
    """Fields of the layer."""
    frames: tuple[tuple[str, str], ...] = ()
    """Time and address of each date."""
    rasters: tuple[str, ...] = field(default_factory=tuple)


def read_file(path: Path, form: Form, folder: Path, context: Context, title: str) -> Made:
    """Read one file of features; parameters and errors as `add_layer` has them."""
    context.progress.stage("read")
    if form is Form.CZML:
        return _czml(path, folder, context)
    if form is Form.CSV:
        points = read_csv(path, context)
        features = placed(points.features, context)
        if points.times is not None:
            return _timed(features, points.times, points.features, folder, context, title)
        return _geojson(features, points.features, form, folder, context, title)
    read = read_geojson(path, context) if form is Form.GEOJSON else read_vector(path, form, context)
    return _geojson(placed(read, context), read, form, folder, context, title)


def _geojson(
    features: Placed, read: Features, form: Form, folder: Path, context: Context, title: str
) -> Made:
    rows, legend, scale = styled(features, title, context)
    write_geojson(features, rows, folder / "data.geojson")
    facts: dict[str, Any] = {
        "kind": "geojson",
        "format": form.value,
        "crs": read.system.name,
        "heights": features.heights,
        "on_ground": features.heights is None,
        "legend": legend,
        "colour": context.colour if scale is None else None,
        "bounds": features.bounds,
        "features": len(features.shapes),
        "columns": tuple(features.columns),
        "notes": features.notes,
    }
    return Made("data.geojson", facts)


def _timed(
    features: Placed,
    times: Sequence[dt.datetime],
    read: Features,
    folder: Path,
    context: Context,
    title: str,
) -> Made:
    rows, legend, scale = styled(features, title, context)
    packets, period = timed_points(features, times, rows, title)
    write_czml(packets, folder / "data.czml")
    facts: dict[str, Any] = {
        "kind": "czml",
        "format": Form.CSV.value,
        "crs": read.system.name,
        "legend": legend,
        "colour": context.colour if scale is None else None,
        "bounds": features.bounds,
        "on_ground": True,
        "features": len(packets) - 1,
        "columns": tuple(features.columns),
        "period": period,
        "notes": features.notes,
    }
    return Made("data.czml", facts)


def _czml(path: Path, folder: Path, context: Context) -> Made:
    czml = read_czml(path, context)
    write_czml(czml.packets, folder / "data.czml")
    facts = {
        "kind": "czml",
        "format": Form.CZML.value,
        "crs": "EPSG:4979",
        "bounds": czml.bounds,
        "features": len(czml.packets) - 1,
        "period": czml.period,
        "notes": czml.notes,
    }
    return Made("data.czml", facts)


def read_rasters(files: Sequence[Path], folder: Path, context: Context, title: str) -> Made:
    """Read one GeoTIFF, or several as the dates of one layer, into COGs and map tiles.

    Raises
    ------
    UsageError
        When several have no dates, or two the same.
    """
    times = _dates(context) if len(files) > 1 or context.wanted.dates else []
    order = sorted(range(len(files)), key=lambda i: times[i]) if times else [0]
    context.progress.stage("read")
    sources = context.wanted.sources
    rasters = [read_raster(files[i], replace(context, source=sources[i])) for i in order]
    _require_alike(rasters)
    scale = None
    if not rasters[0].is_picture and rasters[0].palette is None:
        values = np.concatenate([raster.sample for raster in rasters])
        scale = scale_of(values, context.wanted.value_range)
    urls, cogs, levels, count = [], [], [], 0
    for number, raster in enumerate(rasters):
        part = folder if len(rasters) == 1 else folder / str(number)
        part.mkdir(exist_ok=True)
        cog = part / "values.tif"
        write_cog(raster, cog)
        context.progress.stage("tiles")
        first, last, tiles = write_tiles(cog, part / "tiles", raster, scale, context.progress)
        base = "" if len(rasters) == 1 else f"{number}/"
        urls.append(f"{base}tiles/{{z}}/{{x}}/{{y}}.{suffix_of(raster)}")
        cogs.append(f"{base}values.tif")
        levels.append((first, last))
        count += tiles
    facts = _raster_facts(rasters, scale, levels, title)
    moments = [iso(times[i]) for i in order] if times else []
    if len(moments) > 1:
        facts["period"] = (moments[0], moments[-1])
    frames = tuple(zip(moments, urls, strict=True)) if moments else ()
    return Made(urls[0], facts, frames, tuple(cogs))


def _raster_facts(
    rasters: Sequence[Raster],
    scale: Scale | None,
    levels: Sequence[tuple[int, int]],
    title: str,
) -> dict[str, Any]:
    first = rasters[0]
    unit = None if first.unit is None else plain(first.unit, first.source, "give --unit")
    legend = None
    if scale is not None:
        legend = scale.legend(title if unit is None else f"{title} ({unit})", unit)
    elif first.palette is not None:
        legend = palette_legend(first, title)
    return {
        "kind": "xyz",
        "format": Form.GEOTIFF.value,
        "crs": first.system.name,
        "unit": unit,
        "nodata": first.nodata if first.nodata is not None and np.isfinite(first.nodata) else None,
        "legend": legend,
        "bounds": _union([raster.bounds for raster in rasters]),
        # On levels that one date lacks nothing may be asked for.
        "min_level": max(low for low, _ in levels),
        "max_level": min(high for _, high in levels),
        "notes": tuple(dict.fromkeys(note for raster in rasters for note in raster.notes)),
    }


def _union(bounds: Sequence[Bounds]) -> Bounds:
    west, south, east, north = zip(*bounds, strict=True)
    return min(west), min(south), max(east), max(north)


def _require_alike(rasters: Sequence[Raster]) -> None:
    first = rasters[0]
    for other in rasters[1:]:
        size = max(first.bounds[2] - first.bounds[0], 1e-9)
        apart = np.abs(np.subtract(first.bounds, other.bounds)).max() > 0.01 * size
        kinds = (first.is_picture, first.palette is None), (other.is_picture, other.palette is None)
        if apart or kinds[0] != kinds[1]:
            raise InputError(
                f"{other.source}: covers another area, or holds another kind of values, than "
                f"{first.source}; dates of one layer must be alike: add them as layers of their own"
            )


def _dates(context: Context) -> list[dt.datetime]:
    wanted = context.wanted
    if wanted.dates and len(wanted.dates) != len(wanted.sources):
        raise UsageError(
            f"--date: {len(wanted.dates)} dates for {len(wanted.sources)} files; give one for each,"
            " in the same order"
        )
    found = []
    for i, source in enumerate(wanted.sources):
        given = wanted.dates[i] if wanted.dates else None
        moment = date_in_name(source) if given is None else parse_time(given)
        if moment is None:
            what = f"--date {given}: is no date" if given else f"{source}: has no date in its name"
            raise UsageError(
                f"{what}; give --date 2024-08-01 once for each file, in their order, or add the "
                "files as layers of their own"
            )
        found.append(moment)
    if len(set(found)) != len(found):
        raise UsageError("two files have the same date; give --date for each, in their order")
    return found
