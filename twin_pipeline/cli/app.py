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
from twin_pipeline.cli.layer_commands import layers
from twin_pipeline.cli.options import (
    FORMATS,
    AxisOrder,
    Boundary,
    ConfigFile,
    Crs,
    DebugDir,
    Design,
    DryRun,
    Finished,
    ForceCrs,
    Gcp,
    Geoid,
    Job,
    Jobs,
    Json,
    Material,
    Origin,
    Out,
    Overwrite,
    PdalPipeline,
    PublicUrl,
    Quiet,
    Resume,
    Runs,
    Salvage,
    Scan,
    Scans,
    Scheduler,
    Verbose,
    Vertical,
    VerticalOffset,
)

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

app.add_typer(layers, name="layers")


@app.command(
    epilog="Example: twin-pipeline run trench.laz -c configs/tokyo.toml --material DIP -o out"
)
def run(
    scans: Scans,
    out: Out,
    config: ConfigFile = None,
    crs: Crs = None,
    vertical: Vertical = None,
    vertical_offset: VerticalOffset = None,
    geoid: Geoid = None,
    axis_order: AxisOrder = None,
    origin: Origin = None,
    force_crs: ForceCrs = False,
    gcp: Gcp = None,
    material: Material = None,
    debug_dir: DebugDir = None,
    salvage: Salvage = False,
    pdal_pipeline: PdalPipeline = None,
    boundary: Boundary = None,
    design: Design = None,
    job: Job = None,
    public_url: PublicUrl = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    dry_run: DryRun = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
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
    out: Out,
    scans: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SCAN", help="LAS or LAZ files; each is one site."),
    ] = None,
    config: ConfigFile = None,
    crs: Crs = None,
    vertical: Vertical = None,
    vertical_offset: VerticalOffset = None,
    geoid: Geoid = None,
    axis_order: AxisOrder = None,
    origin: Origin = None,
    force_crs: ForceCrs = False,
    gcp: Gcp = None,
    salvage: Salvage = False,
    pdal_pipeline: PdalPipeline = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
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
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
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
    scan: Scan,
    config: ConfigFile = None,
    axis_order: AxisOrder = None,
    material: Material = None,
    debug_dir: DebugDir = None,
    salvage: Salvage = False,
    pdal_pipeline: PdalPipeline = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
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
    scan: Scan,
    salvage: Salvage = False,
    pdal_pipeline: PdalPipeline = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say what a scan is: version, points, extent, density, CRS, dimensions, defects."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import inspecting

        inspecting.info(scan, salvage=salvage, pdal_pipeline=pdal_pipeline, as_json=json)


@app.command(epilog="Example: twin-pipeline export out -f shapefile -f dxf")
def export(
    out: Finished,
    formats: Annotated[
        list[str] | None,
        typer.Option("-f", "--format", metavar="NAME", help=f"{FORMATS}; may be repeated."),
    ] = None,
    config: ConfigFile = None,
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
    job: Job = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what an earlier export wrote.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write further attribute formats of a finished run into OUT/export; no scan is needed."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import exporting

        given = exporting.Given(crs, profile, dsn, job)
        exporting.export(out, formats or [], config, given, overwrite=overwrite, quiet=quiet)


@app.command(epilog="Example: twin-pipeline validate out")
def validate(out: Finished, json: Json = False, verbose: Verbose = False) -> None:
    """Check the tiles, attribute files and counts of a finished run."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import inspecting

        inspecting.validate(out, as_json=json)


@app.command(epilog="Example: twin-pipeline status out")
def status(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Output folder of a run.")],
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say what a running, dead or finished run has done."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import reporting

        reporting.status(out, as_json=json)


@app.command(epilog="Example: twin-pipeline view out")
def view(
    out: Finished,
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
    verbose: Verbose = False,
) -> None:
    """Show a finished run in the browser until Ctrl+C; the first line printed is the address."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import inspecting

        access = inspecting.Access(host, cors=cors, allowed_hosts=tuple(allow_host or ()))
        inspecting.view(out, port, access, browser=browser)


@app.command(
    "compare-counts",
    epilog="Example: twin-pipeline compare-counts sensor.csv manual.csv -o counts",
)
def compare_counts(
    sensor: Annotated[Path, typer.Argument(metavar="SENSOR.csv", help="Counts of the sensors.")],
    manual: Annotated[Path, typer.Argument(metavar="MANUAL.csv", help="Counts taken by hand.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="OUT", help="Folder for report, JSON, bins and CZML."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="Names of columns and values; docs/counts.md."),
    ] = None,
    sites: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="site,longitude,latitude, for the layer of a map."),
    ] = None,
    config: ConfigFile = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier comparison at OUT.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Hold sensor traffic counts against manual ones: clock, bias, GEH and a verdict."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import counting

        given = counting.Given(config, mapping, sites, out, overwrite)
        counting.compare_counts(sensor, manual, given, as_json=json, quiet=quiet)


@app.command(
    epilog="Example: twin-pipeline publish out --to s3://open-data/pipes -c publish.toml "
    "--public-url https://data.example.jp/pipes/ --clip"
)
def publish(
    outs: Runs,
    to: Annotated[
        Path,
        typer.Option("--to", metavar="DIR|s3://...", help="Folder or bucket that is served."),
    ],
    config: ConfigFile = None,
    public_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where others find it: absolute addresses in all catalogues."
        ),
    ] = None,
    clip: Annotated[
        bool,
        typer.Option("--clip", help="Publish only what lies inside the trench boundary."),
    ] = False,
    reduce: Annotated[
        Path | None,
        typer.Option("--reduce", metavar="POLICY.toml", help="Attributes and levels to keep back."),
    ] = None,
    ckan_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="CKAN server: say what would change on it."),
    ] = None,
    ckan_upload: Annotated[
        bool,
        typer.Option("--ckan-upload", help="Do change it, with the key in CKAN_API_KEY."),
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Turn finished runs into a static dataset for a web server or bucket, with its catalogues."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import publishing

        given = publishing.Given(public_url, clip, reduce, ckan_url, ckan_upload)
        publishing.publish(outs, to, config, given, as_json=json, quiet=quiet)


@app.command(
    epilog="Example: twin-pipeline watch /data/inbox -o out -c configs/tokyo.toml --material DIP"
)
def watch(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Folder or address (s3://...) of dropped scans."),
    ],
    out: Out,
    config: ConfigFile = None,
    crs: Crs = None,
    vertical: Vertical = None,
    vertical_offset: VerticalOffset = None,
    geoid: Geoid = None,
    axis_order: AxisOrder = None,
    material: Material = None,
    job: Job = None,
    once: Annotated[
        bool, typer.Option("--once", help="Answer what is complete now, then end; for cron.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Check, process and answer each scan that is dropped into a folder, until interrupted."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import running, watching

        flags = running.Given(
            crs, vertical, geoid, axis_order, material, vertical_offset=vertical_offset, job=job
        )
        watching.watch(folder, out, config, flags, once=once, as_json=json, quiet=quiet)


@app.command(epilog="Example: twin-pipeline overview out1 out2 -o overview")
def overview(
    outs: Runs,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for the page and its JSON.")
    ] = Path("overview"),
    config: ConfigFile = None,
    threshold: Annotated[
        list[float] | None,
        typer.Option(
            metavar="METRES", help="Threshold of cover; may be repeated. Default: section cover."
        ),
    ] = None,
    viewer_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="A published viewer that shows all sites, for links to the places."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier overview at DIR.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show the whole network on one page: kilometres, cover, accuracy, worst places, map."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import networking

        networking.overview(
            outs,
            out,
            config,
            threshold or [],
            viewer_url,
            overwrite=overwrite,
            as_json=json,
            quiet=quiet,
        )


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
