"""From a site's result to what catalogues tell of it."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.polygon import orient

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.extent import footprint_of
from twin_pipeline.export.rows import clean_text
from twin_pipeline.model import FloatArray, Pipe
from twin_pipeline.publication.options import PublishOptions
from twin_pipeline.publication.told import (
    Accuracy,
    Asset,
    Box,
    Points,
    SiteTold,
    System,
    Text,
)

_OGC = "http://www.opengis.net/def/crs/EPSG/0"
_TYPES = {
    "position": (12, "signed"),
    "rgb": (6, "unsigned"),
    "intensity": (2, "unsigned"),
    "classification": (1, "unsigned"),
    "return_number": (1, "unsigned"),
    "withheld": (1, "unsigned"),
    "gps_time": (8, "floating"),
    "label": (2, "unsigned"),
}
"""Bytes and kind of what a point carries, by its name in the tilesets."""


def survey_dates(options: PublishOptions) -> dict[str, dt.date]:
    """Return the days of surveys that the options' file states, by site.

    Raises
    ------
    InputError
        When the file can't be read.
    UsageError
        When a column is missing or a date is none.
    """
    if options.survey_dates is None:
        return {}
    path = Path(options.survey_dates)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: can't be read ({error}); see publish.survey_dates") from error
    if not rows or not {"site", "date"} <= rows[0].keys():
        raise UsageError(f"{path}: needs the columns site,date and a row a site")
    return {row["site"].strip(): _date(row["date"], f"{path}: {row['site']}") for row in rows}


def _date(text: str | None, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat((text or "").strip())
    except ValueError as error:
        raise UsageError(f"{where}: date {text!r} is none; write it as 2026-04-30") from error


def site_told(
    result: SiteResult,
    *,
    options: PublishOptions,
    dates: Mapping[str, dt.date],
    finished: dt.datetime,
    points: Mapping[str, Any] | None,
    clipped: bool,
    withheld: frozenset[str],
    assets: Sequence[Asset],
) -> SiteTold:
    """Return what is told of a site.

    Parameters
    ----------
    result
        The site as it is published.
    options
        Section `publish`.
    dates
        Days of surveys by site, which go before all others.
    finished
        When the run has ended; the survey's day where nothing else is known.
    points
        The site's point tileset.json, None where its points are not published.
    clipped
        Whether there are points only in the trench.
    withheld
        Fields of the pipes that are kept back.
    assets
        Its files.
    """
    survey = result.survey
    name = clean_text(survey.site)
    date, source = _survey_date(result, options, dates, finished)
    vertices = footprint_of(survey)
    system = _system(result)
    length_m = sum(pipe.length_m for pipe in survey.pipes)
    covers = [pipe.cover_min_m for pipe in survey.pipes if pipe.cover_min_m is not None]
    return SiteTold(
        name=name,
        title=Text(f"{options.title_ja}: {name}", f"{options.title_en}: {name}"),
        description=Text(
            f"{options.description_ja}管路{len(survey.pipes)}本。"
            f"座標系 {system.name}、標高の基準 {system.vertical}。計測日 {date}（{source[0]}）。",
            f"{options.description_en} Pipes: {len(survey.pipes)}. "
            f"CRS {system.name}, heights {system.vertical}. Surveyed {date} ({source[1]}).",
        ),
        date=date,
        date_source=source[1],
        bounds=_bounds(result.georeference.to_geographic(vertices)) if len(vertices) else None,
        outline=_outline(result, vertices),
        projected=_bounds(vertices) if len(vertices) else None,
        system=system,
        accuracy=_accuracy(survey.pipes, withheld),
        points=None if points is None else _points(points, survey.trench if clipped else ()),
        pipes=len(survey.pipes),
        length_m=None if "length_m" in withheld else length_m,
        cover_min_m=min(covers, default=None),
        sha256=result.provenance.get("sha256"),
        assets=tuple(assets),
    )


def _survey_date(
    result: SiteResult,
    options: PublishOptions,
    dates: Mapping[str, dt.date],
    finished: dt.datetime,
) -> tuple[dt.date, tuple[str, str]]:
    """Return the day and, in both languages, what tells it."""
    if (stated := dates.get(result.survey.site, options.survey_date)) is not None:
        return stated, ("提供者による", "stated by the publisher")
    if "survey_date" in result.provenance:
        told = dt.date.fromisoformat(result.provenance["survey_date"])
        return told, ("点群ファイルの記録による", "as the scan records it")
    if "scan_modified_at" in result.provenance:
        written = dt.datetime.fromisoformat(result.provenance["scan_modified_at"])
        return written.date(), ("点群ファイルの更新日", "the scan file's date, for want of another")
    return finished.date(), ("処理日", "day of processing, for want of another")


def _system(result: SiteResult) -> System:
    described = result.georeference.describe()
    horizontal, compound = described.get("horizontal_epsg"), described.get("compound_epsg")
    code = compound or horizontal
    stated = described.get("crs")
    name = stated.get("value") if isinstance(stated, Mapping) else None
    geoid = described.get("geoid")
    model = geoid.get("value") if isinstance(geoid, Mapping) else None
    return System(
        code=f"EPSG:{code}" if code else None,
        name=f"EPSG:{code}" if code else clean_text(name or "local"),
        wkt=result.georeference.wkt,
        vertical=clean_text(result.georeference.vertical_name),
        # a grid's place on this machine is nobody's business
        geoid=None if model is None else Path(clean_text(model)).name,
        uris=tuple(f"{_OGC}/{epsg}" for epsg in dict.fromkeys((compound, horizontal)) if epsg),
    )


def _bounds(vertices: FloatArray) -> Box:
    low, high = vertices.min(axis=0).tolist(), vertices.max(axis=0).tolist()
    west, south, lowest = (round(float(v), 9) for v in low)
    east, north, highest = (round(float(v), 9) for v in high)
    return west, south, lowest, east, north, highest


def _outline(result: SiteResult, vertices: FloatArray) -> tuple[tuple[float, float], ...]:
    """Return the hull of all that was measured, counter-clockwise; at least some millimetres."""
    if len(vertices) == 0:
        return ()
    hull = shapely.MultiPoint(vertices[:, :2]).convex_hull
    if hull.geom_type != "Polygon":
        hull = hull.buffer(0.05, quad_segs=2)
    ring = shapely.get_coordinates(orient(hull.simplify(0.01)).exterior)
    level = np.full(len(ring), vertices[:, 2].mean())
    placed = result.georeference.to_geographic(np.column_stack((ring, level)))
    return tuple((round(lon, 9), round(lat, 9)) for lon, lat in placed[:, :2].tolist())


def _accuracy(pipes: Sequence[Pipe], withheld: frozenset[str]) -> Accuracy | None:
    if not pipes:
        return None

    def known(name: str) -> float | None:
        values = [getattr(pipe, name) for pipe in pipes]
        stated = [value for value in values if value is not None]
        return None if name in withheld else max(stated, default=None)

    length_m = sum(pipe.length_m for pipe in pipes)
    seen_m = sum(pipe.length_m * pipe.observed_fraction for pipe in pipes)
    counted = Counter(str(pipe.quality) for pipe in pipes)
    return Accuracy(
        position_std_h_m=known("position_std_h_m"),
        position_std_v_m=known("position_std_v_m"),
        cover_std_m=known("cover_std_m"),
        outer_diameter_std_m=known("outer_diameter_std_m"),
        quality={} if "quality" in withheld else dict(sorted(counted.items())),
        observed_fraction=None if "observed_fraction" in withheld else seen_m / length_m,
    )


def _points(tileset: Mapping[str, Any], trench: Sequence[FloatArray]) -> Points:
    proof = tileset["asset"]["extras"]["points"]
    carried = [name for name in proof["attributes"] if name not in ("green", "blue")]
    names = ["position", *("rgb" if name == "red" else name for name in carried)]
    statistics = tileset.get("statistics", {}).get("classes", {}).get("point", {})
    area = sum(shapely.make_valid(shapely.Polygon(ring[:, :2])).area for ring in trench)
    return Points(
        count=proof["count"],
        density_per_m2=round(proof["count"] / area, 1) if area else None,
        schemas=tuple((name, *_TYPES[name]) for name in names),
        ranges={
            name: (float(held["min"]), float(held["max"]))
            for name, held in statistics.get("properties", {}).items()
            if "min" in held and not isinstance(held["min"], list)
        },
    )
