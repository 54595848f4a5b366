"""Arguments and options that commands share, with their help."""

from pathlib import Path
from typing import Annotated

import typer

Scan = Annotated[Path, typer.Argument(metavar="SCAN", help="LAS or LAZ file.")]
Scans = Annotated[
    list[Path],
    typer.Argument(
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
]
Vertical = Annotated[
    str | None,
    typer.Option(
        metavar="DATUM",
        help="What elevations are: jgd2011 or jgd2024 (T.P.), ap, yp, egm2008, egm96, EPSG:code, "
        "ellipsoidal.",
    ),
]
VerticalOffset = Annotated[
    float | None,
    typer.Option(
        metavar="METRES",
        help="Work datum: what an elevation of the scan reads where --vertical reads zero.",
    ),
]
Geoid = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Geoid of the elevations: gsigeo2011, jpgeo2024, or a GTX, ISG or GeoTIFF file.",
    ),
]
ForceCrs = Annotated[
    bool,
    typer.Option(
        "--force-crs",
        help="Take coordinates, CRS and heights as set, though they look wrong.",
    ),
]
AxisOrder = Annotated[
    str | None,
    typer.Option(
        metavar="ORDER",
        help="Order of the file's coordinates: en (easting first, the default) or ne.",
    ),
]
Material = Annotated[
    str | None,
    typer.Option(metavar="CODE", help="Material of the pipes: DIP, SP, HPPE, VP or SUS."),
]
Origin = Annotated[
    str | None,
    typer.Option(
        metavar="LON,LAT,HEIGHT",
        help="Where a local scan's zero lies: degrees and ellipsoidal height, with --crs local.",
    ),
]
DebugDir = Annotated[
    Path | None,
    typer.Option(
        "--debug-dir",
        metavar="DIR",
        help="Draw pictures of every stage into DIR/SITE: pictures.html shows them.",
    ),
]
Salvage = Annotated[
    bool,
    typer.Option("--salvage", help="Use what a cut-off or damaged scan has, and say what lacks."),
]
PdalPipeline = Annotated[
    Path | None,
    typer.Option(
        "--pdal-pipeline", metavar="FILE.json", help="Read scans through these stages of PDAL."
    ),
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
]
Design = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Designed centreline with levels: GeoJSON, CSV, DXF or LandXML; compared per station.",
    ),
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
]
Gcp = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.csv",
        help="Control points to move the scan onto: name,easting,northing,elevation in the run's "
        "CRS, scan_x,scan_y,scan_z as the scan has them.",
    ),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where OUT will be served: absolute addresses in catalog.json, for other viewers.",
    ),
]
Runs = Annotated[list[Path], typer.Argument(metavar="OUT", help="Output folders of finished runs.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a finished run at OUT.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no messages.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Tracebacks of failures.")]
