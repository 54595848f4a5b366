"""pipes.csv, stations.csv and fittings.csv, as spreadsheets and databases read them."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from twin_pipeline.export.attributes import Field, FieldKind, SiteResult
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import Table, Value, fittings_table, pipes_table, stations_table

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the system's code page and garbles Japanese."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Excel takes a cell that begins so as a formula; Japanese Excel the full-width forms, too."""


def write_csv_tables(results: Sequence[SiteResult], out: Path) -> list[Path]:
    """Write the three tables into the folder `out`: UTF-8 with BOM, CRLF line ends (RFC 4180).

    Numbers have a fixed count of decimals, a missing value is an empty cell, booleans are
    `true` and `false`. Text that a spreadsheet would run as a formula gets an apostrophe before.
    """
    tables = [pipes_table(results), stations_table(results), fittings_table(results)]
    return [write_text(out / f"{table.layer.name}.csv", _document(table)) for table in tables]


def write_csv_folder(dataset: Dataset, folder: Path) -> list[Path]:
    """Write the three tables of a dataset; no coordinates but those that are attributes."""
    return write_csv_tables(dataset.results, folder)


def _document(table: Table) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([spec.name for spec in table.layer.fields])
    for row in table.rows:
        writer.writerow([_written(*pair) for pair in zip(table.layer.fields, row, strict=True)])
    return BYTE_ORDER_MARK + buffer.getvalue()


def _written(spec: Field, value: Value) -> str:
    if value is None:
        return ""
    if spec.kind is FieldKind.BOOLEAN:
        return "true" if value else "false"
    if spec.kind is FieldKind.REAL:
        return f"{value:z.{spec.decimals}f}"
    text = str(value)
    return f"'{text}" if spec.kind is FieldKind.TEXT and text.startswith(_FORMULA_STARTS) else text
