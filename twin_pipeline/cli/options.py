"""Arguments and options that commands share, with their help."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from twin_pipeline.cli.grouping import Key

# Who reads a file tells best that it can't be read, and of many scans it costs one site only.
Scan = Annotated[Path, typer.Argument(metavar="SCAN", help="LAS or LAZ file.", readable=False)]
Scans = Annotated[
    list[Path],
    typer.Argument(
        readable=False,
        metavar="SCAN",
        help="LAS, LAZ, E57 or PLY files, each one site; or manifests (.toml, .csv) of sites.",
    ),
]
Finished = Annotated[Path, typer.Argument(metavar="OUT", help="Output folder of a finished run.")]
Out = Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="Output folder.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE.toml", help="Settings; see configs/default.toml."),
]
Crs = Annotated[
    str | None,
    typer.Option(
        metavar="CRS",
        help="CRS of the scan: EPSG:code, WKT, or 'local'. Without it the scan's record holds.",
    ),
    Key("crs", "crs"),
]
Vertical = Annotated[
    str | None,
    typer.Option(
        metavar="DATUM",
        help="What elevations are: jgd2011 or jgd2024 (T.P.), ap, yp, egm2008, egm96, EPSG:code, "
        "ellipsoidal.",
    ),
    Key("crs", "vertical"),
]
VerticalOffset = Annotated[
    float | None,
    typer.Option(
        metavar="METRES",
        help="Work datum: what an elevation of the scan reads where --vertical reads zero.",
    ),
    Key("crs", "vertical_offset_m"),
]
Geoid = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Geoid of the elevations: gsigeo2011, jpgeo2024, or a GTX, ISG or GeoTIFF file.",
    ),
    Key("crs", "geoid"),
]
ForceCrs = Annotated[
    bool,
    typer.Option(
        "--force-crs",
        help="Take coordinates, CRS and heights as set, though they look wrong.",
    ),
    Key("crs", "force_crs"),
]
AxisOrder = Annotated[
    str | None,
    typer.Option(
        metavar="ORDER",
        help="Order of the file's coordinates: en (easting first, the default) or ne.",
    ),
    Key("crs", "axis_order"),
]
Material = Annotated[
    str | None,
    typer.Option(metavar="CODE", help="Material of the pipes: DIP, SP, HPPE, VP or SUS."),
    Key("nominal", "material"),
]
Origin = Annotated[
    str | None,
    typer.Option(
        metavar="LON,LAT,HEIGHT",
        help="Where a local scan's zero lies: degrees and ellipsoidal height, with --crs local.",
    ),
    Key("crs", "origin"),
]
DebugDir = Annotated[
    Path | None,
    typer.Option(
        "--debug-dir",
        metavar="DIR",
        help="Draw pictures of every stage into DIR/SITE: pictures.html shows them.",
    ),
    Key("debug", "folder"),
]
Salvage = Annotated[
    bool,
    typer.Option("--salvage", help="Use what a cut-off or damaged scan has, and say what lacks."),
    Key("read", "salvage"),
]
PdalPipeline = Annotated[
    Path | None,
    typer.Option(
        "--pdal-pipeline", metavar="FILE.json", help="Read scans through these stages of PDAL."
    ),
    Key("read", "pdal_pipeline"),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with an interrupted run, or do only what failed or changed since.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Sites at a time; without it what cores and memory allow."
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Dask scheduler to work on, such as tcp://host:8786."),
]
Boundary = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Boundary line (官民境界) for offsets: GeoJSON, CSV, DXF or LandXML.",
    ),
    Key("boundary", "file"),
]
Design = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Designed centreline with levels: GeoJSON, CSV, DXF or LandXML; compared per station.",
    ),
    Key("design", "file"),
]
FORMATS = (
    "gpkg, geojson, csv, shapefile, shapefile-cp932, flatgeobuf, geoparquet, kml, kmz, dxf, "
    "landxml, sxf, citygml, ifc, postgis, profile or report"
)
Job = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Job file, CSV or TOML keyed by site: construction number, route, fiscal year, "
        "joint type, material.",
    ),
    Key("job", "file"),
]
Gcp = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.csv",
        help="Control points to move the scan onto: name,easting,northing,elevation in the run's "
        "CRS, scan_x,scan_y,scan_z as the scan has them.",
    ),
    Key("registration", "gcp"),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where OUT will be served: absolute addresses in catalog.json, for other viewers.",
    ),
    Key("view", "public_url"),
]
Runs = Annotated[list[Path], typer.Argument(metavar="OUT", help="Output folders of finished runs.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a finished run at OUT.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no messages.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Tracebacks of failures.")]


@dataclass(frozen=True, slots=True)
class Heights:
    """What a scan's coordinates are."""

    crs: Crs = None
    vertical: Vertical = None
    vertical_offset: VerticalOffset = None
    geoid: Geoid = None
    axis_order: AxisOrder = None


@dataclass(frozen=True, slots=True)
class Place(Heights):
    """The same, and how a scan comes to its place."""

    origin: Origin = None
    force_crs: ForceCrs = False
    gcp: Gcp = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How scans are read."""

    salvage: Salvage = False
    pdal_pipeline: PdalPipeline = None


@dataclass(frozen=True, slots=True)
class How:
    """What may be replaced, and what may be used."""

    overwrite: Overwrite = False
    resume: Resume = False
    jobs: Jobs = None
    scheduler: Scheduler = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to a finished output folder."""

    append: Annotated[
        bool, typer.Option("--append", help="Add the scans to the finished output at OUT.")
    ] = False
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="SITE", help="Take a site out of the finished output at OUT."),
    ] = None


@dataclass(frozen=True, slots=True)
class Papers:
    """Files that tell more than the scan."""

    boundary: Boundary = None
    design: Design = None
    job: Job = None


@dataclass(frozen=True, slots=True)
class Telling:
    """What is printed."""

    json: Json = False
    quiet: Quiet = False
    verbose: Verbose = False
