"""The attribute files of all runs in DuckDB, asked for sums and columns."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy.typing as npt

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.export.attributes import PIPES, STATIONS, FieldKind, Layer
from twin_pipeline.network.sources import Run
from twin_pipeline.progress import Progress

_TYPES = {
    FieldKind.TEXT: "VARCHAR",
    FieldKind.INTEGER: "BIGINT",
    FieldKind.REAL: "DOUBLE",
    FieldKind.BOOLEAN: "BOOLEAN",
}
_WANTED = {
    "pipes": (
        "site",
        "pipe_id",
        "role",
        "material",
        "nominal_diameter_mm",
        "length_m",
        "cover_min_m",
        "position_std_h_m",
        "position_std_v_m",
        "cover_std_m",
        "outer_diameter_std_m",
        "observed_fraction",
        "quality",
        "quality_reason",
        "laid_fiscal_year",
    ),
    "stations": (
        "site",
        "pipe_id",
        "chainage_m",
        "easting_m",
        "northing_m",
        "ground_z_m",
        "crown_z_m",
        "cover_m",
        "cover_std_m",
        "observed",
    ),
}
_LAYERS = {"pipes": PIPES, "stations": STATIONS}

_STRETCHES = """
CREATE VIEW stretches AS
SELECT *, (
    coalesce(lead(chainage_m) OVER pipe, chainage_m)
    - coalesce(lag(chainage_m) OVER pipe, chainage_m)) / 2 AS length_m
FROM stations WINDOW pipe AS (PARTITION BY site, pipe_id ORDER BY chainage_m)
"""
"""Each station with the length that it stands for: half way to the next ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The tables `pipes`, `stations` and `stretches`."""

    connection: Any

    def columns(self, query: str) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of a result as arrays; numbers that are missing are NaN."""
        found = self.connection.execute(query).fetchnumpy()
        return {name: _plain(column) for name, column in found.items()}

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a result; values that are missing are None."""
        result = self.connection.execute(query)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _plain(column: Any) -> npt.NDArray[Any]:  # noqa: ANN401 - masked or not
    if hasattr(column, "filled"):
        return column.filled(float("nan")) if column.dtype.kind == "f" else column.filled()
    return column


@contextmanager
def loaded(runs: Sequence[Run], progress: Progress) -> Iterator[Tables]:
    """Yield the attribute files of all runs as tables.

    Raises
    ------
    UsageError
        When DuckDB is not installed.
    InputError
        When a file can't be read, or holds not what its run has counted.
    """
    if find_spec("duckdb") is None:
        raise UsageError("overview needs duckdb: pip install 'twin-pipeline[overview]'")
    import duckdb

    connection = duckdb.connect(":memory:")
    try:
        # nothing is ever fetched, and nothing but the files named here is read
        connection.execute("SET autoinstall_known_extensions = false")
        tables = Tables(connection)
        for layer in _WANTED:
            _load(tables, layer, runs, progress)
        connection.execute(_STRETCHES)
        yield tables
    finally:
        connection.close()


def _load(tables: Tables, layer: str, runs: Sequence[Run], progress: Progress) -> None:
    """Fill a table from files of both kinds."""
    columns = ", ".join(f'"{name}"' for name in _WANTED[layer])
    types = {spec.name: _TYPES[spec.kind] for spec in _LAYERS[layer].fields}
    declared = ", ".join(f'"{name}" {types[name]}' for name in _WANTED[layer])
    tables.connection.execute(f"CREATE TABLE {layer} ({declared})")
    for parquet in (True, False):
        group = [run for run in runs if run.parquet is parquet]
        source = _parquet() if parquet else _csv(_LAYERS[layer])
        files = [str(path.resolve()) for run in group for path in run.files[layer]]
        if files:
            query = f"INSERT INTO {layer} SELECT {columns} FROM {source}"  # noqa: S608 - our names
            _insert(tables, query, files, group[0])
    _compare(tables, layer, runs)
    progress.advance(1, 1)


def _insert(tables: Tables, query: str, files: Sequence[str], first: Run) -> None:
    import duckdb

    try:
        tables.connection.execute(query, {"files": files})
    except duckdb.Error as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"{first.out}: the attribute files of the runs can't be read ({reason}); run the "
            "scans, or `export -f geoparquet`, again"
        ) from error


def _parquet() -> str:
    return "read_parquet($files, union_by_name = true)"


def _csv(layer: Layer) -> str:
    types = ", ".join(f"'{spec.name}': '{_TYPES[spec.kind]}'" for spec in layer.fields)
    source = (
        f"read_csv($files, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
        f"columns = {{{types}}}, strict_mode = true)"
    )
    # the apostrophe that keeps a spreadsheet from taking a name for a formula
    plain = "regexp_replace(site, '^''([-=+@\t\r\n＝＋－＠])', '\\1')"
    return f"(SELECT * REPLACE ({plain} AS site) FROM {source})"  # noqa: S608 - our names


def _compare(tables: Tables, layer: str, runs: Sequence[Run]) -> None:
    """Raise InputError unless the files hold what the runs have counted."""
    held = tables.rows(f"SELECT site, count(*) AS count FROM {layer} GROUP BY site")  # noqa: S608
    by_site: Mapping[str, int] = {row["site"]: row["count"] for row in held}
    for run in runs:
        found = sum(by_site.get(site.name, 0) for site in run.sites)
        if found != run.counts[layer]:
            where = run.files[layer][0]
            raise InputError(
                f"{where}: holds {found} {layer}, but the run {run.counts[layer]}; call "
                f"`twin-pipeline export {run.out} -f geoparquet --overwrite`, or run again"
            )
