"""What makes a GeoPackage explain itself: names of columns, relations, styles.

pyogrio can't write these, so they are written as the standard and its extensions have them.
"""

import sqlite3
from collections.abc import Collection, Sequence

from twin_pipeline.export.attributes import FITTINGS, LAYERS, PIPES, STATIONS, Layer, describe
from twin_pipeline.export.qgis_styles import styles

_SCHEMA_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"
_RELATED_EXTENSION = "http://www.opengis.net/doc/IS/gpkg-rte/1.0"
_STYLES = "layer_styles"
"""Where QGIS looks for the styles of a file."""
_NO_DATE = "1970-01-01T00:00:00.000Z"

_TABLES = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
CREATE TABLE gpkgext_relations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, base_table_name TEXT NOT NULL,
  base_primary_column TEXT NOT NULL DEFAULT 'id', related_table_name TEXT NOT NULL,
  related_primary_column TEXT NOT NULL DEFAULT 'id', relation_name TEXT NOT NULL,
  mapping_table_name TEXT NOT NULL UNIQUE);
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
  f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
"""


def add_extras(
    database: sqlite3.Connection, timestamp: str | None, layers: Sequence[Layer] = LAYERS
) -> None:
    """Add all of it to a file with layers of the schema; `timestamp` dates what has a date."""
    database.executescript(_TABLES)
    _add_column_names(database, layers)
    present = {layer.name for layer in layers}
    related = [layer for layer in (STATIONS, FITTINGS) if layer.name in present]
    if related:
        _register(database, "gpkgext_relations", "gpkg_related_tables", _RELATED_EXTENSION)
    for layer in related:
        _relate_to_pipes(database, layer)
    database.execute("CREATE UNIQUE INDEX pipes_by_id ON pipes (site, pipe_id)")
    _add_styles(database, timestamp or _NO_DATE, present)


def _add_column_names(database: sqlite3.Connection, layers: Sequence[Layer]) -> None:
    database.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (layer.name, spec.name, spec.name, spec.alias_ja, describe(spec))
            for layer in layers
            for spec in layer.fields
        ],
    )
    for table in ("gpkg_data_columns", "gpkg_data_column_constraints"):
        _register(database, table, "gpkg_schema", _SCHEMA_EXTENSION)


def _relate_to_pipes(database: sqlite3.Connection, related: Layer) -> None:
    """Say which rows belong to which pipe, as the Related Tables Extension has it."""
    mapping = f"{PIPES.name}_{related.name}"
    database.executescript(
        # Names of the schema; a view, so that it holds after edits, too.
        f"CREATE INDEX {related.name}_by_pipe ON {related.name} (site, pipe_id);"  # noqa: S608
        f"CREATE VIEW {mapping} AS SELECT pipes.fid AS base_id, r.fid AS related_id"
        f" FROM {related.name} AS r"
        " JOIN pipes ON pipes.site = r.site AND pipes.pipe_id = r.pipe_id;"
    )
    database.execute(
        "INSERT INTO gpkgext_relations (base_table_name, base_primary_column, related_table_name,"
        " related_primary_column, relation_name, mapping_table_name)"
        " VALUES (?, 'fid', ?, 'fid', 'features', ?)",
        (PIPES.name, related.name, mapping),
    )
    _register(database, mapping, "gpkg_related_tables", _RELATED_EXTENSION)


def _add_styles(database: sqlite3.Connection, timestamp: str, present: Collection[str]) -> None:
    geometry = dict(
        database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
    )
    database.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
        " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner,"
        " update_time) VALUES ('', '', ?, ?, ?, ?, '', ?, ?, '', ?)",
        [
            (
                style.layer.name,
                geometry[style.layer.name],
                style.name,
                style.qml,
                style.is_default,
                style.description,
                timestamp,
            )
            for style in styles()
            if style.layer.name in present
        ],
    )
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
        " VALUES (?, 'attributes', ?, 'styles for QGIS', ?)",
        (_STYLES, _STYLES, timestamp),
    )


def _register(database: sqlite3.Connection, table: str, extension: str, definition: str) -> None:
    database.execute(
        "INSERT INTO gpkg_extensions VALUES (?, NULL, ?, ?, 'read-write')",
        (table, extension, definition),
    )
