"""Tables as CSV text that spreadsheets and databases read alike."""

import csv
import io
from collections.abc import Iterable, Sequence

from twin_pipeline.export.attributes import Field, FieldKind
from twin_pipeline.export.rows import Table, Value

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the system's code page and garbles Japanese."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Excel takes a cell that begins so as a formula; Japanese Excel the full-width forms, too."""


def csv_text(table: Table) -> str:
    """Return a table with its fields' names as head."""
    rows = (
        [written(*pair) for pair in zip(table.layer.fields, row, strict=True)] for row in table.rows
    )
    return lines([spec.name for spec in table.layer.fields], rows)


def lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return cells as CSV with CRLF line ends (RFC 4180)."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return buffer.getvalue()


def written(spec: Field, value: Value) -> str:
    """Return a cell: a fixed count of decimals, empty for no value, text that is no formula."""
    if value is None:
        return ""
    if spec.kind is FieldKind.BOOLEAN:
        return "true" if value else "false"
    if spec.kind is FieldKind.REAL:
        return f"{value:z.{spec.decimals}f}"
    text = str(value)
    return no_formula(text) if spec.kind is FieldKind.TEXT else text


def no_formula(text: str) -> str:
    """Return text with an apostrophe before it where a spreadsheet would take it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
