"""The commands that work on finished runs and on tables, with their options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from twin_pipeline.cli.failures import told_in_one_line
from twin_pipeline.cli.grouping import Key, grouped
from twin_pipeline.cli.options import (
    FORMATS,
    ConfigFile,
    Finished,
    Job,
    Json,
    Quiet,
    Runs,
    Verbose,
)

commands = typer.Typer()


@dataclass(frozen=True, slots=True)
class Delivery:
    """How further formats are written."""

    crs: Annotated[
        str | None,
        typer.Option(metavar="CRS", help="EPSG:code of the files; without it that of the scan."),
        Key("export", "crs"),
    ] = None
    dsn: Annotated[
        str | None,
        typer.Option(
            metavar="DSN", help="Database of format postgis: postgresql://user@host/name."
        ),
        Key("export", "dsn"),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Profile of an owner; writes the format profile."),
        Key("export", "profile"),
    ] = None
    job: Job = None


@commands.command(epilog="Example: twin-pipeline export out -f shapefile -f dxf")
@grouped
def export(
    out: Finished,
    *,
    formats: Annotated[
        list[str] | None,
        typer.Option("-f", "--format", metavar="NAME", help=f"{FORMATS}; may be repeated."),
    ] = None,
    config: ConfigFile = None,
    delivery: Delivery,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what an earlier export wrote.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write further attribute formats of a finished run into OUT/export; no scan is needed."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import exporting
        from twin_pipeline.cli.flags import flags_of

        flags = flags_of(delivery)
        exporting.export(out, formats or [], config, flags, overwrite=overwrite, quiet=quiet)


@commands.command(epilog="Example: twin-pipeline validate out")
def validate(out: Finished, json: Json = False, verbose: Verbose = False) -> None:
    """Check the tiles, attribute files and counts of a finished run."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import inspecting

        inspecting.validate(out, as_json=json)


@commands.command(epilog="Example: twin-pipeline status out")
def status(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Output folder of a run.")],
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say what a running, dead or finished run has done."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import reporting

        reporting.status(out, as_json=json)


@commands.command(epilog="Example: twin-pipeline view out")
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


@commands.command(
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


@commands.command(
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


@commands.command(epilog="Example: twin-pipeline overview out1 out2 -o overview")
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
