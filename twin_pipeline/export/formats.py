"""The attribute formats: a line registers one, with the coordinate system that it needs."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twin_pipeline.crs import Target, lonlat_target, projected_target, scan_target
from twin_pipeline.crs.rectangular import rectangular_target
from twin_pipeline.errors import GeoreferenceError, UsageError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.bureau import Profile, load_profile
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.options import ExportOptions

Writer = Callable[[Dataset, Path], list[Path]]
"""Writes a dataset into an empty folder and returns the files."""

Loader = Callable[[Sequence[SiteResult], ExportOptions, Callable[[str], None]], str]
"""Loads sites into a database; tells what it did and takes what a user must know."""


class Space(StrEnum):
    """The coordinate system that a format needs."""

    PROJECTED = "projected"
    """Metres: that of the scan, or the one that the configuration names."""
    ELLIPSOIDAL = "longitude, latitude, ellipsoidal height"
    PLANE_RECTANGULAR = "plane rectangular system of Japan, heights above T.P."
    DATABASE = "that of the database's tables"
    """Nothing is written into a folder: the function is a `Loader`."""
    PROFILE = "as the owner's profile says"
    SEA_LEVEL = "longitude, latitude, height above sea level"


@dataclass(frozen=True, slots=True)
class Format:
    """A format, by the name that users type."""

    name: str
    space: Space
    writer: str
    """module:function, a `Writer`; imported only when it is asked for."""
    description: str
    needs: str | None = None
    """Package that an optional extra brings."""
    extra: str | None = None

    def load(self) -> Any:  # noqa: ANN401 - a Writer, or a Loader
        """Return the function that writes it: a `Writer`, or a `Loader` for a database."""
        module, function = self.writer.split(":")
        return getattr(importlib.import_module(f"{__package__}.{module}"), function)


_FORMATS = (
    Format("gpkg", Space.PROJECTED, "gpkg:write_gpkg_folder", "GeoPackage with all layers"),
    Format("geojson", Space.ELLIPSOIDAL, "geojson:write_geojson_folder", "GeoJSON, a file a layer"),
    Format("shapefile", Space.PROJECTED, "shapefile:write_shapefile", "Shapefile, text in UTF-8"),
    Format("shapefile-cp932", Space.PROJECTED, "shapefile:write_shapefile_cp932",
           "Shapefile, text in CP932 (Shift JIS)"),
    Format("flatgeobuf", Space.PROJECTED, "flatgeobuf:write_flatgeobuf",
           "FlatGeobuf, a file a layer"),
    Format("geoparquet", Space.PROJECTED, "geoparquet:write_geoparquet",
           "GeoParquet 1.1, a file a layer", needs="pyarrow", extra="parquet"),
    Format("kml", Space.SEA_LEVEL, "kml:write_kml", "KML, heights above sea level"),
    Format("kmz", Space.SEA_LEVEL, "kml:write_kmz", "KML, zipped"),
    Format("dxf", Space.PROJECTED, "dxf:write_dxf", "DXF with a layer a size and kind"),
    Format("landxml", Space.PROJECTED, "landxml:write_landxml",
           "LandXML 1.2: pipe networks, alignments and profiles"),
    Format("sxf", Space.PROJECTED, "sxf:write_sxf", "SXF (P21 and SFC), a plan a site",
           needs="ezsxf", extra="sxf"),
    Format("csv", Space.PROJECTED, "csv_tables:write_csv_folder", "CSV, UTF-8 with BOM"),
    Format("profile", Space.PROFILE, "bureau.write:write_profile", "an owner's own columns"),
    Format("postgis", Space.DATABASE, "postgis.load:load_postgis", "tables of a PostGIS database",
           needs="psycopg", extra="postgis"),
    Format("citygml", Space.PLANE_RECTANGULAR, "citygml.write:write_citygml", "PLATEAU 地下埋設物"),
    Format("ifc", Space.PROJECTED, "ifc.write:write_ifc", "IFC 4.3", "ifcopenshell", "ifc"),
)  # fmt: skip

FORMATS = {format_.name: format_ for format_ in _FORMATS}


def require_formats(names: Sequence[str], options: ExportOptions) -> None:
    """Raise unless all that the formats need is there, before anything is worked out.

    Raises
    ------
    UsageError
        When a format is unknown or a package is not installed.
    GeoreferenceError
        When the CRS that the options name can't be written.
    """
    if "profile" in names:
        profile_of(options)
    for name in names:
        if name not in FORMATS:
            raise UsageError(f"{name}: is no format; there are {', '.join(FORMATS)}")
        needs, extra = FORMATS[name].needs, FORMATS[name].extra
        if needs is not None and find_spec(needs) is None:
            raise UsageError(f"format {name} needs {needs}: pip install 'twin-pipeline[{extra}]'")
        if FORMATS[name].space is Space.DATABASE and options.dsn is None:
            raise UsageError(
                f"format {name} needs a database: give --dsn postgresql://user@host/name, or "
                "TWIN_PIPELINE_EXPORT__DSN"
            )
    if options.crs is not None:
        projected_target(options.crs, "export.crs")


def profile_of(options: ExportOptions) -> Profile:
    """Return the profile that the options name.

    Raises
    ------
    InputError
        When its file can't be read.
    UsageError
        When none is named, or the file is no profile.
    """
    if options.profile is None:
        raise UsageError("format profile needs a profile file: give --profile FILE")
    return load_profile(options.profile)


def target_for(space: Space, options: ExportOptions) -> Callable[[SiteResult], Target]:
    """Return what gives a site the coordinate system to be written in."""
    if space is Space.ELLIPSOIDAL:
        shared = lonlat_target("ellipsoidal")
    elif space is Space.SEA_LEVEL:
        shared = lonlat_target("sea level")
    elif space is Space.PLANE_RECTANGULAR:
        return lambda result: _plane_rectangular(result, options)
    elif space is Space.PROFILE and (crs := profile_of(options).crs) is not None:
        shared = projected_target(crs, f"{options.profile}: crs")
    elif options.crs is not None:
        shared = projected_target(options.crs, "export.crs")
    else:
        return lambda result: scan_target(result.georeference)
    return lambda _: shared


def _plane_rectangular(result: SiteResult, options: ExportOptions) -> Target:
    try:
        return rectangular_target(result.georeference, options.citygml_zone, "export.citygml_zone")
    except GeoreferenceError as error:
        raise GeoreferenceError(f"{result.survey.site}: {error}") from error
