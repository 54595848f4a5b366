"""The commands that work on scans, with their options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from twin_pipeline.cli.failures import told_in_one_line
from twin_pipeline.cli.grouping import Key, grouped
from twin_pipeline.cli.options import (
    Change,
    ConfigFile,
    DebugDir,
    DryRun,
    Heights,
    How,
    Job,
    Json,
    Material,
    Out,
    Papers,
    Place,
    PublicUrl,
    Reading,
    Scan,
    Scans,
    Telling,
    Verbose,
)

commands = typer.Typer()


@dataclass(frozen=True, slots=True)
class Measuring(Reading):
    """How pipes are measured, and what is drawn meanwhile."""

    material: Material = None
    debug_dir: DebugDir = None


@dataclass(frozen=True, slots=True)
class Served:
    """Where others will find the results."""

    public_url: PublicUrl = None


@commands.command(
    epilog="Example: twin-pipeline run trench.laz -c configs/tokyo.toml --material DIP -o out"
)
@grouped
def run(
    scans: Scans,
    out: Out,
    *,
    config: ConfigFile = None,
    place: Place,
    measuring: Measuring,
    papers: Papers,
    served: Served,
    how: How,
    telling: Telling,
    dry_run: DryRun = False,
) -> None:
    """Measure the pipes of scans; write attribute files, 3D Tiles and a report."""
    with told_in_one_line(verbose=telling.verbose):
        from twin_pipeline.cli import running
        from twin_pipeline.cli.flags import flags_of

        flags = flags_of(place, measuring, papers, served)
        if dry_run:
            running.announce(scans, out, config, flags, how)
        else:
            running.run(scans, out, config, flags, how, telling)


@dataclass(frozen=True, slots=True)
class TileForm:
    """What tiles hold and how."""

    attributes: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Carried beside colour, intensity and class: return_number, withheld, gps_time, "
            "or all.",
        ),
        Key("tiles", "attributes"),
    ] = None
    compress: Annotated[
        str | None,
        typer.Option(metavar="HOW", help="Packing of the tiles: meshopt (the default) or none."),
        Key("tiles", "compression"),
    ] = None
    tiles_version: Annotated[
        str | None,
        typer.Option(metavar="1.1|1.0", help="1.1 (GLB, the default), or 1.0 (pnts)."),
        Key("tiles", "tiles_version"),
    ] = None


@commands.command(
    epilog="Example: twin-pipeline tile trench.laz -c configs/tokyo.toml -o out; one more: "
    "twin-pipeline tile next.laz -o out --append; one less: twin-pipeline tile -o out --remove next"
)
@grouped
def tile(
    *,
    scans: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SCAN", help="LAS or LAZ files; each is one site.", readable=False),
    ] = None,
    out: Out,
    config: ConfigFile = None,
    place: Place,
    reading: Reading,
    how: How,
    form: TileForm,
    change: Change,
    telling: Telling,
) -> None:
    """Write the scans' points as 3D Tiles, and nothing else."""
    with told_in_one_line(verbose=telling.verbose):
        from twin_pipeline.cli import tiling
        from twin_pipeline.cli.flags import flags_of

        flags = flags_of(place, reading, form)
        tiling.tile(scans or [], out, config, flags, how, change, telling)


@commands.command(epilog="Example: twin-pipeline check trench.laz --material DIP")
@grouped
def check(
    scan: Scan, *, config: ConfigFile = None, place: Place, measuring: Measuring, telling: Telling
) -> None:
    """Say before backfill whether a scan is good enough, and what to scan again where."""
    with told_in_one_line(verbose=telling.verbose):
        from twin_pipeline.cli import running
        from twin_pipeline.cli.flags import flags_of

        running.check(scan, config, flags_of(place, measuring), telling)


@commands.command(epilog="Example: twin-pipeline info trench.laz")
@grouped
def info(
    scan: Scan,
    *,
    config: ConfigFile = None,
    place: Place,
    reading: Reading,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say what a scan is: version, points, extent, density, CRS, place, dimensions, defects."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import inspecting
        from twin_pipeline.cli.flags import flags_of

        inspecting.info(scan, config, flags_of(place, reading), as_json=json)


@dataclass(frozen=True, slots=True)
class Dropped(Heights):
    """What holds for all scans that are dropped."""

    material: Material = None
    job: Job = None


@commands.command(
    epilog="Example: twin-pipeline watch /data/inbox -o out -c configs/tokyo.toml --material DIP"
)
@grouped
def watch(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Folder or address (s3://...) of dropped scans."),
    ],
    out: Out,
    *,
    config: ConfigFile = None,
    dropped: Dropped,
    once: Annotated[
        bool, typer.Option("--once", help="Answer what is complete now, then end; for cron.")
    ] = False,
    telling: Telling,
) -> None:
    """Check, process and answer each scan that is dropped into a folder, until interrupted."""
    with told_in_one_line(verbose=telling.verbose):
        from twin_pipeline.cli import watching
        from twin_pipeline.cli.flags import flags_of

        watching.watch(folder, out, config, flags_of(dropped), telling, once=once)
