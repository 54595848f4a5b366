"""The commands `layers add`, `layers list` and `layers remove`, with their options."""

from typing import Annotated

import typer

from twin_pipeline.cli.failures import told_in_one_line
from twin_pipeline.cli.options import Finished, Json, Quiet, Verbose

layers = typer.Typer(
    help="Context beside the pipes: other data and services as layers of a finished run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@layers.command(
    epilog="Examples: twin-pipeline layers add out surface.tif --unit °C --title 地表面温度; "
    "twin-pipeline layers add out 'https://host/{z}/{x}/{y}.png' --attribution Owner"
)
def add(
    out: Finished,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|URL",
            help="GeoTIFF, GeoJSON, Shapefile (.shp, .zip), GeoPackage, CSV or CZML; or the address"
            " of such a file, of map tiles with {z}/{x}/{y}, WMS, WMTS, or 3D Tiles. Several "
            "GeoTIFFs are the dates of one layer.",
        ),
    ],
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What viewers call it; default its name.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="How an address is asked, where that can't be told: file, xyz, wms, wmts, "
            "3d-tiles.",
        ),
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(metavar="CRS", help="EPSG:code of the file, where it does not say."),
    ] = None,
    vertical: Annotated[
        str | None,
        typer.Option(
            metavar="DATUM",
            help="What heights in the file are: jgd2011 (T.P.), jgd2024, ap, yp, ellipsoidal. "
            "Without it, features whose heights don't say lie on the ground.",
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Layer of a GeoPackage, WMS or WMTS with several."),
    ] = None,
    band: Annotated[
        int | None, typer.Option(metavar="N", help="Band of a GeoTIFF with several.")
    ] = None,
    nodata: Annotated[
        str | None,
        typer.Option(metavar="VALUE", help="Value that stands for no data in a GeoTIFF, or none."),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Unit of the values, for the legend.")
    ] = None,
    value: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column whose values give the features' colours."),
    ] = None,
    value_range: Annotated[
        str | None,
        typer.Option("--range", metavar="LOW,HIGH", help="Values at the ends of the colours."),
    ] = None,
    x: Annotated[
        str | None,
        typer.Option("--x", metavar="COLUMN", help="Column of a CSV with longitude or easting."),
    ] = None,
    y: Annotated[
        str | None,
        typer.Option("--y", metavar="COLUMN", help="Column of a CSV with latitude or northing."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of a CSV with times.")
    ] = None,
    date: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATE", help="Of a GeoTIFF whose name has none; once for each, in their order."
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a CSV or Shapefile: utf-8, cp932 ...")
    ] = None,
    attribution: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Whose data it is; viewers show it.")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            "--licence",
            "--license",
            metavar="TEXT",
            help="Its licence or terms of use; viewers show it.",
        ),
    ] = None,
    opacity: Annotated[float, typer.Option(metavar="SHARE", help="Above 0, at most 1.")] = 1.0,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Offered, but not shown when a viewer opens.")
    ] = False,
    levels: Annotated[
        str | None,
        typer.Option(metavar="LOW-HIGH", help="Levels that map tiles at an address have."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take it though it lies far from the sites.")
    ] = False,
    no_ask: Annotated[
        bool, typer.Option("--no-ask", help="Add the address of a service without asking it.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Add a layer to OUT; one from the same file or address is replaced.

    Files are checked, converted and copied into OUT; services stay at their address, which the
    viewer may then ask, and no other.
    """
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import layering

        wanted = layering.Wanted(
            sources=tuple(sources),
            title=title,
            kind=layering.kind_given(kind),
            crs=crs,
            vertical=vertical,
            layer=layer,
            band=band,
            nodata=nodata,
            unit=unit,
            value=value,
            value_range=layering.range_given(value_range),
            x=x,
            y=y,
            time=time,
            dates=tuple(date or ()),
            encoding=encoding,
            attribution=attribution,
            licence=licence,
            opacity=opacity,
            hidden=hidden,
            levels=layering.levels_given(levels),
            force=force,
            ask=not no_ask,
        )
        layering.add(wanted, out, as_json=json, quiet=quiet)


@layers.command("list", epilog="Example: twin-pipeline layers list out")
def list_(out: Finished, json: Json = False, verbose: Verbose = False) -> None:
    """Say which layers OUT has, where they come from, and under which licence."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import layering

        layering.show(out, as_json=json)


@layers.command(epilog="Example: twin-pipeline layers remove out surface")
def remove(
    out: Finished,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="LAYER", help="Its name in `layers list`, or its title, file or address."
        ),
    ],
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Take layers out of OUT, with their files."""
    with told_in_one_line(verbose=verbose):
        from twin_pipeline.cli import layering

        layering.remove(names, out, as_json=json)
