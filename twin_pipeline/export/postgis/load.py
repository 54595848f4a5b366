"""One load: all sites in one transaction, rows that are the same left as they are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import shapely
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from twin_pipeline.crs import Target, projected_target, scan_target
from twin_pipeline.errors import GeoreferenceError, OutputError, UsageError
from twin_pipeline.export.attributes import GeometryKind, SiteResult
from twin_pipeline.export.dataset import BUILDERS, Dataset
from twin_pipeline.export.dsn import is_masked, masked
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.postgis.tables import (
    CHANGED,
    GEOMETRY,
    HISTORY,
    MARK,
    TABLES,
    TableSpec,
    name,
    statements,
)
from twin_pipeline.export.rows import Table

_CONNECT_TIMEOUT_S = 15
_BUILDER = {build(()).layer: build for build in BUILDERS}
_SHAPES = {
    GeometryKind.LINE: shapely.linestrings,
    GeometryKind.POINT: shapely.points,
    GeometryKind.POLYGON: shapely.polygons,
}
_Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did to the rows of one table."""

    table: str
    rows: int
    written: int
    """New or changed."""
    deleted: int


def load_postgis(
    results: Sequence[SiteResult], options: ExportOptions, warn: Callable[[str], None]
) -> str:
    """Load sites into the database that the options name, and tell in a line what was done.

    Rows are known by site and pipe_id; what a site had and has no longer is deleted. The table
    `history` keeps each row as it was before. If anything fails, nothing has changed.

    Raises
    ------
    UsageError
        When no database is named, or it is named so that it can't be read.
    OutputError
        When the database can't be reached, refuses the rows, or its schema is somebody else's.
    GeoreferenceError
        When the sites' coordinates can't be brought into one system.
    """
    dsn = _dsn(options)
    where = f"{masked(dsn)}, schema {options.database_schema}"
    with _telling(where, dsn):
        connection = psycopg.connect(dsn, connect_timeout=_CONNECT_TIMEOUT_S)
        with connection:
            done = _load(connection, results, options, warn)
    changes = "; ".join(
        f"{one.table} {one.rows} ({one.written} new or changed, {one.deleted} deleted)"
        for one in done
    )
    return f"{where}: {changes}"


def require_dsn(options: ExportOptions) -> None:
    """Raise UsageError unless the options name a database."""
    _dsn(options)


def _dsn(options: ExportOptions) -> str:
    remedy = "give --dsn postgresql://user@host/name or TWIN_PIPELINE_EXPORT__DSN"
    if options.dsn is None:
        raise UsageError(f"format postgis needs a database: {remedy}")
    dsn = options.dsn.get_secret_value()
    if is_masked(dsn):
        raise UsageError(f"export.dsn has a masked password; {remedy}")
    try:
        conninfo_to_dict(dsn)
    except psycopg.Error:
        raise UsageError(
            "export.dsn can't be read (it isn't shown, as it may hold a password): "
            f"{remedy}; / ? # @ : in a password are written %2F %3F %23 %40 %3A"
        ) from None
    return dsn


@contextmanager
def _telling(where: str, dsn: str) -> Iterator[None]:
    """Turn the database's errors into one line without a password."""
    try:
        yield
    except psycopg.Error as error:
        reason = " ".join(str(error).split()).replace(dsn, masked(dsn))
        password = str(conninfo_to_dict(dsn).get("password") or "")
        if password:
            reason = reason.replace(password, "***")
        raise OutputError(f"{where}: nothing was loaded: {reason}") from None


def _load(
    connection: _Connection,
    results: Sequence[SiteResult],
    options: ExportOptions,
    warn: Callable[[str], None],
) -> list[Loaded]:
    schema = options.database_schema
    # Loads into one schema wait for each other.
    connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"twin_pipeline {schema}",))
    _require_postgis(connection)
    _require_ours(connection, schema)
    target = _target(connection, results, options, warn)
    srid = _srid(connection, target)
    for statement in statements(schema, srid):
        connection.execute(statement)
    dataset = Dataset(tuple(results), target, options, warn)
    sites = [result.survey.site for result in results]
    return [_fill(connection, schema, spec, dataset, srid, sites) for spec in TABLES]


def _require_postgis(connection: _Connection) -> None:
    found = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").fetchone()
    if found is None:
        connection.execute("CREATE EXTENSION postgis")


def _require_ours(connection: _Connection, schema: str) -> None:
    """Refuse a schema with tables of these names that somebody else made."""
    names = [spec.layer.name for spec in TABLES] + [HISTORY]
    rows = connection.execute(
        "SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relname = ANY(%s)",
        (schema, names),
    ).fetchall()
    if rows and dict(rows).get(HISTORY) != MARK:
        raise OutputError(
            f"schema {schema} has a table {rows[0][0]} that twin_pipeline did not make, so it is "
            "left alone; give another schema (export.database_schema)"
        )


def _target(
    connection: _Connection,
    results: Sequence[SiteResult],
    options: ExportOptions,
    warn: Callable[[str], None],
) -> Target:
    """Return the system of the tables that are there, else the one asked for, else the scans'."""
    scanned = [scan_target(result.georeference) for result in results]
    codes = {target.horizontal_epsg for target in scanned}
    there = _code_of_tables(connection, options.database_schema)
    if there is not None:
        if codes == {there}:
            return scanned[0]
        if options.crs is not None and options.crs.upper() != f"EPSG:{there}":
            warn(f"the tables are in EPSG:{there}, so {options.crs} is not used")
        return projected_target(f"EPSG:{there}", "the tables' CRS")
    if options.crs is not None:
        return projected_target(options.crs, "export.crs")
    if len(codes) != 1 or None in codes:
        raise GeoreferenceError(
            "the sites are not in one CRS with an EPSG code, which a table needs; give one with "
            "--crs EPSG:code"
        )
    return scanned[0]


def _code_of_tables(connection: _Connection, schema: str) -> int | None:
    found = connection.execute(
        "SELECT auth_srid FROM geometry_columns JOIN spatial_ref_sys USING (srid)"
        " WHERE f_table_schema = %s AND f_table_name = 'pipes' AND f_geometry_column = %s",
        (schema, GEOMETRY),
    ).fetchone()
    return None if found is None else int(found[0])


def _srid(connection: _Connection, target: Target) -> int:
    code = target.horizontal_epsg
    known = connection.execute(
        "SELECT srid FROM spatial_ref_sys WHERE auth_name = 'EPSG' AND auth_srid = %s", (code,)
    ).fetchone()
    if known is None:
        raise OutputError(f"PostGIS doesn't know {target.name}; give another CRS with --crs")
    return int(known[0])


def _fill(
    connection: _Connection,
    schema: str,
    spec: TableSpec,
    dataset: Dataset,
    srid: int,
    sites: list[str],
) -> Loaded:
    rows = list(_rows(spec, dataset.table(_BUILDER[spec.layer]), srid))
    table = name(schema, spec.layer.name)
    with connection.cursor() as cursor:
        written = 0
        if rows:
            cursor.executemany(_upsert(table, spec), rows)
            written = cursor.rowcount
        at = [spec.columns.index(column) for column in spec.key]
        kept = [[row[i] for row in rows] for i in at]
        cursor.execute(_delete(table, spec), (sites, *kept))
        return Loaded(spec.layer.name, len(rows), written, cursor.rowcount)


def _rows(spec: TableSpec, table: Table, srid: int) -> Iterator[list[Any]]:
    """Yield the values of the columns; rows are numbered within what the key has before."""
    names = [field.name for field in spec.layer.fields]
    owners = [names.index(column) for column in spec.key if column in names]
    counts: dict[tuple[Any, ...], int] = {}
    shapes = table.shapes or (None,) * len(table.rows)
    for row, shape in zip(table.rows, shapes, strict=True):
        values: list[Any] = list(row)
        if spec.is_numbered:
            owner = tuple(row[i] for i in owners)
            counts[owner] = counts.get(owner, 0) + 1
            values.append(counts[owner])
        if shape is not None:
            geometry = shapely.set_srid(_SHAPES[spec.layer.geometry](shape), srid)
            values.append(shapely.to_wkb(geometry, hex=True, include_srid=True))
        yield values


def _upsert(table: sql.Identifier, spec: TableSpec) -> sql.Composed:
    others = [column for column in spec.columns if column not in spec.key]
    # Another name for the table, in which its old values can be named.
    return sql.SQL(
        "INSERT INTO {table} AS old ({columns}) VALUES ({values}) ON CONFLICT ({key})"
        " DO UPDATE SET {assignments}, {changed} = now()"
        " WHERE ({before}) IS DISTINCT FROM ({after})"
    ).format(
        table=table,
        columns=_listed(spec.columns),
        values=sql.SQL(", ").join(
            sql.SQL("%s::geometry") if column == GEOMETRY else sql.Placeholder()
            for column in spec.columns
        ),
        key=_listed(spec.key),
        assignments=sql.SQL(", ").join(
            sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(column)) for column in others
        ),
        changed=sql.Identifier(CHANGED),
        before=sql.SQL(", ").join(sql.Identifier("old", column) for column in others),
        after=sql.SQL(", ").join(sql.Identifier("excluded", column) for column in others),
    )


def _delete(table: sql.Identifier, spec: TableSpec) -> sql.Composed:
    """Return what deletes the rows of the sites that are not among those with the keys given."""
    types = {"number": "integer"}
    arrays = sql.SQL(", ").join(
        sql.SQL("%s::{}[]").format(sql.SQL(types.get(column, "text"))) for column in spec.key
    )
    return sql.SQL(
        "DELETE FROM {table} WHERE site = ANY(%s) AND ({key}) NOT IN"
        " (SELECT * FROM unnest({arrays}))"
    ).format(table=table, key=_listed(spec.key), arrays=arrays)


def _listed(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
