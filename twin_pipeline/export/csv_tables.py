"""pipes.csv, stations.csv and fittings.csv, as spreadsheets and databases read them."""

from collections.abc import Sequence
from pathlib import Path

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.csv_text import BYTE_ORDER_MARK, csv_text
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import fittings_table, pipes_table, stations_table
from twin_pipeline.export.withheld import NOTHING, Withheld


def write_csv_tables(
    results: Sequence[SiteResult], out: Path, withheld: Withheld = NOTHING
) -> list[Path]:
    """Write the three tables into the folder `out`: UTF-8 with BOM, CRLF line ends (RFC 4180).

    Numbers have a fixed count of decimals, a missing value is an empty cell, booleans are
    `true` and `false`. Text that a spreadsheet would run as a formula gets an apostrophe before.
    """
    tables = [pipes_table(results), stations_table(results), fittings_table(results)]
    return [
        write_text(out / f"{table.layer.name}.csv", BYTE_ORDER_MARK + csv_text(table))
        for table in map(withheld.reduced, tables)
        if table.layer.name not in withheld.layers
    ]


def write_csv_folder(dataset: Dataset, folder: Path) -> list[Path]:
    """Write the three tables of a dataset; no coordinates but those that are attributes."""
    return write_csv_tables(dataset.results, folder, dataset.withheld)
