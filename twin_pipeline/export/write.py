"""Writes all attribute files of a run."""

from collections.abc import Sequence
from pathlib import Path

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.csv_tables import write_csv_tables
from twin_pipeline.export.geojson import write_geojson
from twin_pipeline.export.gpkg import write_gpkg
from twin_pipeline.export.withheld import NOTHING, Withheld


def write_attributes(
    results: Sequence[SiteResult], out: Path, withheld: Withheld = NOTHING
) -> list[Path]:
    """Write pipes.gpkg, pipes.geojson, pipes.csv, stations.csv and fittings.csv into `out`.

    Files of these names are replaced, each complete or not at all.

    Returns
    -------
    list of Path
        The files, in this order.

    Raises
    ------
    OutputError
        When the sites' coordinate systems differ, or `out` can't be written.
    """
    gpkg = write_gpkg(results, out / "pipes.gpkg", withheld)
    geojson = write_geojson(results, out / "pipes.geojson", withheld)
    return [gpkg, geojson, *write_csv_tables(results, out, withheld)]
