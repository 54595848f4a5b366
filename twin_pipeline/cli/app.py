"""The commands and their options; what a command does is imported only when it is called."""

import atexit
import gc
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from twin_pipeline import __version__
from twin_pipeline.cli.failures import told_in_one_line

app = typer.Typer(
    name="twin-pipeline",
    help="From the scan of an open trench to measured water pipes, attribute files and 3D Tiles.",
    epilog="Every command has --help with an example.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

_Scan = Annotated[Path, typer.Argument(metavar="SCAN", help="LAS or LAZ file.")]
_Scans = Annotated[
    list[Path],
    typer.Argument(
        metavar="SCAN",
        help="LAS, LAZ, E57 or PLY files, each one site; or manifests (.toml, .csv) of sites.",
    ),
]
_Finished = Annotated[Path, typer.Argument(metavar="OUT", help="Output folder of a finished run.")]
_Out = Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="Output folder.")]
_ConfigFile = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE.toml", help="Settings; see configs/default.toml."),
]
_Crs = Annotated[
    str | None,
    typer.Option(
        metavar="CRS",
        help="CRS of the scan: EPSG:code, WKT, or 'local'. Without it the scan's record holds.",
    ),
]
_Vertical = Annotated[
    str | None,
    typer.Option(
        metavar="DATUM",
        help="What elevations are: jgd2011 or jgd2024 (T.P.), ap, yp, egm2008, egm96, EPSG:code, "
        "ellipsoidal.",
    ),
]
_VerticalOffset = Annotated[
    float | None,
    typer.Option(
        metavar="METRES",
        help="Work datum: what an elevation of the scan reads where --vertical reads zero.",
    ),
]
_Geoid = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Geoid of the elevations: gsigeo2011, jpgeo2024, or a GTX, ISG or GeoTIFF file.",
    ),
]
_ForceCrs = Annotated[
    bool,
    typer.Option(
        "--force-crs",
        help="Take coordinates, CRS and heights as set, though they look wrong.",
    ),
]
_AxisOrder = Annotated[
    str | None,
    typer.Option(
        metavar="ORDER",
        help="Order of the file's coordinates: en (easting first, the default) or ne.",
    ),
]
_Material = Annotated[
    str | None,
    typer.Option(metavar="CODE", help="Material of the pipes: DIP, SP, HPPE, VP or SUS."),
]
_Origin = Annotated[
    str | None,
    typer.Option(
        metavar="LON,LAT,HEIGHT",
        help="Where a local scan's zero lies: degrees and ellipsoidal height, with --crs local.",
    ),
]
_DebugDir = Annotated[
    Path | None,
    typer.Option(
        "--debug-dir",
        metavar="DIR",
        help="Draw pictures of every stage into DIR/SITE: pictures.html shows them.",
    ),
]
_Salvage = Annotated[
    bool,
    typer.Option("--salvage", help="Use what a cut-off or damaged scan has, and say what lacks."),
]
_PdalPipeline = Annotated[
    Path | None,
    typer.Option(
        "--pdal-pipeline", metavar="FILE.json", help="Read scans through these stages of PDAL."
    ),
]
_Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with an interrupted run, or do only what failed or changed since.",
    ),
]
_Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Sites at a time; without it what cores and memory allow."
    ),
]
_Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Dask scheduler to work on, such as tcp://host:8786."),
]
_Boundary = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Boundary line (官民境界) for offsets: GeoJSON, CSV, DXF or LandXML.",
    ),
]
_Design = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Designed centreline with levels: GeoJSON, CSV, DXF or LandXML; compared per station.",
    ),
]
_FORMATS = (
    "gpkg, geojson, csv, shapefile, shapefile-cp932, flatgeobuf, geoparquet, kml, kmz, dxf, "
    "landxml, citygml, ifc, postgis or profile"
)
_Job = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Job file, CSV or TOML keyed by site: construction number, route, fiscal year, "
        "joint type, material.",
    ),
]
_Gcp = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.csv",
        help="Control points to move the scan onto: name,easting,northing,elevation in the run's "
        "CRS, scan_x,scan_y,scan_z as the scan has them.",
    ),
]
_PublicUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where OUT will be served: absolute addresses in catalog.json, for other viewers.",
    ),
]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a finished run at OUT.")]
_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no messages.")]
_Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Tracebacks of failures.")]


@app.command(
    epilog="Example: twin-pipeline run trench.laz -c configs/tokyo.toml --material DIP -o out"
)
def run(
    scans: _Scans,
    out: _Out,
    config: _ConfigFile = None,
    crs: _Crs = None,
    vertical: _Vertical = None,
    vertical_offset: _VerticalOffset = None,
    geoid: _Geoid = None,
    axis_order: _AxisOrder = None,
    origin: _Origin = None,
    force_crs: _ForceCrs = False,
    gcp: _Gcp = None,
    material: _Material = None,
    debug_dir: _DebugDir = None,
    salvage: _Salvage = False,
    pdal_pipeline: _PdalPipeline = None,
    boundary: _Boundary = None,
    design: _Design = None,
    job: _Job = None,
    public_url: _PublicUrl = None,
    overwrite: _Overwrite = False,
    resume: _Resume = False,
    jobs: _Jobs = None,
    scheduler: _Scheduler = None,
    dry_run: _DryRun = False,
    json: _Json = False,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Measure the pipes of scans; write attribute files, 3D Tiles and a report."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import running

        flags = running.Given(
            crs,
            vertical,
            geoid,
            axis_order,
            material,
            origin,
            public_url=public_url,
            vertical_offset=vertical_offset,
            force_crs=force_crs,
            gcp=gcp,
            debug_dir=debug_dir,
            boundary=boundary,
            design=design,
            job=job,
            salvage=salvage,
            pdal_pipeline=pdal_pipeline,
        )
        how = running.How(overwrite, resume, jobs, scheduler)
        if dry_run:
            running.announce(scans, out, config, flags, how)
        else:
            running.run(scans, out, config, flags, how, as_json=json, quiet=quiet)


@app.command(
    epilog="Example: twin-pipeline tile trench.laz --crs EPSG:6677 -o out; one more site: "
    "twin-pipeline tile next.laz -o out --append; one less: twin-pipeline tile -o out --remove next"
)
def tile(
    out: _Out,
    scans: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SCAN", help="LAS or LAZ files; each is one site."),
    ] = None,
    config: _ConfigFile = None,
    crs: _Crs = None,
    vertical: _Vertical = None,
    vertical_offset: _VerticalOffset = None,
    geoid: _Geoid = None,
    axis_order: _AxisOrder = None,
    origin: _Origin = None,
    force_crs: _ForceCrs = False,
    gcp: _Gcp = None,
    salvage: _Salvage = False,
    pdal_pipeline: _PdalPipeline = None,
    overwrite: _Overwrite = False,
    resume: _Resume = False,
    jobs: _Jobs = None,
    scheduler: _Scheduler = None,
    attributes: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Carried beside colour, intensity and class: return_number, gps_time, or all.",
        ),
    ] = None,
    compress: Annotated[
        str | None,
        typer.Option(metavar="HOW", help="Packing of the tiles: meshopt (the default) or none."),
    ] = None,
    tiles_version: Annotated[
        str | None,
        typer.Option(metavar="1.1|1.0", help="1.1 (GLB, the default), or 1.0 (pnts)."),
    ] = None,
    append: Annotated[
        bool, typer.Option("--append", help="Add the scans to the finished output at OUT.")
    ] = False,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="SITE", help="Take a site out of the finished output at OUT."),
    ] = None,
    json: _Json = False,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Write the scans' points as 3D Tiles, and nothing else."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import running, tiling

        flags = running.Given(
            crs,
            vertical,
            geoid,
            axis_order,
            origin=origin,
            vertical_offset=vertical_offset,
            force_crs=force_crs,
            gcp=gcp,
            salvage=salvage,
            pdal_pipeline=pdal_pipeline,
            attributes=attributes,
            compress=compress,
            tiles_version=tiles_version,
        )
        how = running.How(overwrite, resume, jobs, scheduler)
        change = tiling.Change(append, tuple(remove or ()))
        tiling.tile(scans or [], out, config, flags, how, change, as_json=json, quiet=quiet)


@app.command(epilog="Example: twin-pipeline check trench.laz --material DIP")
def check(
    scan: _Scan,
    config: _ConfigFile = None,
    axis_order: _AxisOrder = None,
    material: _Material = None,
    debug_dir: _DebugDir = None,
    salvage: _Salvage = False,
    pdal_pipeline: _PdalPipeline = None,
    json: _Json = False,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Say before backfill whether a scan is good enough, and what to scan again where."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import running

        flags = running.Given(
            None,
            None,
            None,
            axis_order,
            material,
            debug_dir=debug_dir,
            salvage=salvage,
            pdal_pipeline=pdal_pipeline,
        )
        running.check(scan, config, flags, as_json=json, quiet=quiet)


@app.command(epilog="Example: twin-pipeline info trench.laz")
def info(
    scan: _Scan,
    salvage: _Salvage = False,
    pdal_pipeline: _PdalPipeline = None,
    json: _Json = False,
    verbose: _Verbose = False,
) -> None:
    """Say what a scan is: version, points, extent, density, CRS, dimensions, defects."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import inspecting

        inspecting.info(scan, salvage=salvage, pdal_pipeline=pdal_pipeline, as_json=json)


@app.command(epilog="Example: twin-pipeline export out -f shapefile -f dxf")
def export(
    out: _Finished,
    formats: Annotated[
        list[str] | None,
        typer.Option("-f", "--format", metavar="NAME", help=f"{_FORMATS}; may be repeated."),
    ] = None,
    config: _ConfigFile = None,
    crs: Annotated[
        str | None,
        typer.Option(metavar="CRS", help="EPSG:code of the files; without it that of the scan."),
    ] = None,
    dsn: Annotated[
        str | None,
        typer.Option(
            metavar="DSN", help="Database of format postgis: postgresql://user@host/name."
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Profile of an owner; writes the format profile."),
    ] = None,
    job: _Job = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what an earlier export wrote.")
    ] = False,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Write further attribute formats of a finished run into OUT/export; no scan is needed."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import exporting

        given = exporting.Given(crs, profile, dsn, job)
        exporting.export(out, formats or [], config, given, overwrite=overwrite, quiet=quiet)


@app.command(epilog="Example: twin-pipeline validate out")
def validate(out: _Finished, json: _Json = False, verbose: _Verbose = False) -> None:
    """Check the tiles, attribute files and counts of a finished run."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import inspecting

        inspecting.validate(out, as_json=json)


@app.command(epilog="Example: twin-pipeline status out")
def status(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Output folder of a run.")],
    json: _Json = False,
    verbose: _Verbose = False,
) -> None:
    """Say what a running, dead or finished run has done."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import reporting

        reporting.status(out, as_json=json)


@app.command(epilog="Example: twin-pipeline view out")
def view(
    out: _Finished,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the system's browser.")
    ] = True,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Address to listen on; default this machine only."),
    ] = "127.0.0.1",
    cors: Annotated[
        bool, typer.Option("--cors", help="Let other viewers' pages, e.g. TerriaJS, read the data.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Host of a layer that the page may load; repeatable."),
    ] = None,
    verbose: _Verbose = False,
) -> None:
    """Show a finished run in the browser until Ctrl+C; the first line printed is the address."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import inspecting

        access = inspecting.Access(host, cors=cors, allowed_hosts=tuple(allow_host or ()))
        inspecting.view(out, port, access, browser=browser)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"twin-pipeline {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; does not return."""
    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal can't show is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # Modules live until the end; to search them for garbage takes half a second of a run.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    app()
