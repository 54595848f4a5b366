"""The tables, as statements that make them where they are not there yet."""

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from twin_pipeline.export.attributes import (
    FITTINGS,
    PIPES,
    PROVENANCE,
    STATIONS,
    TRENCH,
    Field,
    FieldKind,
    GeometryKind,
    Layer,
    describe,
)
from twin_pipeline.model import FittingKind, Quality, Role

GEOMETRY = "geom"
NUMBER = "number"
CHANGED = "changed_at"
HISTORY = "history"
MARK = "Made by twin_pipeline: what rows of the other tables were before they changed"
"""Comment of the history, by which the schema is known to be ours."""

_TYPES = {
    FieldKind.TEXT: "text",
    FieldKind.INTEGER: "bigint",
    FieldKind.REAL: "double precision",
    FieldKind.BOOLEAN: "boolean",
}
_GEOMETRIES = {
    GeometryKind.LINE: "LineStringZ",
    GeometryKind.POINT: "PointZ",
    GeometryKind.POLYGON: "Polygon",
}


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table of the database."""

    layer: Layer
    key: tuple[str, ...]
    """Columns that identify a row."""
    checks: tuple[str, ...] = ()
    """Conditions that every row must meet."""

    @property
    def is_numbered(self) -> bool:
        """Whether rows are numbered, within a pipe or a site."""
        return NUMBER in self.key

    @property
    def has_geometry(self) -> bool:
        """Whether there is a column of geometry."""
        return self.layer.geometry is not GeometryKind.NONE

    @property
    def columns(self) -> list[str]:
        """Columns that are written, in their order."""
        extra = [NUMBER] * self.is_numbered + [GEOMETRY] * self.has_geometry
        return [spec.name for spec in self.layer.fields] + extra


def _one_of(column: str, kinds: type[Role] | type[Quality] | type[FittingKind]) -> str:
    return f"{column} IN ({', '.join(repr(kind.value) for kind in kinds)})"


TABLES = (
    TableSpec(
        PIPES,
        ("site", "pipe_id"),
        (
            _one_of("role", Role),
            _one_of("quality", Quality),
            "outer_diameter_m > 0",
            "outer_diameter_std_m >= 0",
            "nominal_diameter_mm > 0",
            "nominal_probability BETWEEN 0 AND 1",
            "length_m >= 0",
            "cover_min_m <= cover_mean_m AND cover_mean_m <= cover_max_m",
            "observed_fraction BETWEEN 0 AND 1",
            "points >= 0",
            "laid_fiscal_year BETWEEN 1868 AND 2200",
        ),
    ),
    TableSpec(STATIONS, ("site", "pipe_id", NUMBER), ("chainage_m >= 0",)),
    TableSpec(FITTINGS, ("site", "pipe_id", NUMBER), (_one_of("kind", FittingKind),)),
    TableSpec(TRENCH, ("site", NUMBER), ("area_m2 >= 0",)),
    TableSpec(PROVENANCE, ("site", "key")),
)


def statements(schema: str, srid: int) -> Iterator[sql.Composed]:
    """Yield what makes the tables; each changes nothing where it was done before."""
    yield sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema))
    yield from _history(schema)
    for spec in TABLES:
        yield from _table(schema, spec, srid)


def name(schema: str, table: str) -> sql.Identifier:
    """Return a table's name with its schema, quoted."""
    return sql.Identifier(schema, table)


def _history(schema: str) -> Iterator[sql.Composed]:
    names = {"history": name(schema, HISTORY), "keep": name(schema, "keep_history")}
    yield sql.SQL(
        "CREATE TABLE IF NOT EXISTS {history} ("
        " id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, table_name text NOT NULL,"
        " site text NOT NULL, pipe_id text, operation text NOT NULL"
        " CHECK (operation IN ('UPDATE', 'DELETE')), was jsonb NOT NULL,"
        " valid_until timestamptz NOT NULL DEFAULT now(), changed_by text NOT NULL"
        " DEFAULT current_user)"
    ).format(**names)
    yield sql.SQL("COMMENT ON TABLE {history} IS {mark}").format(mark=sql.Literal(MARK), **names)
    yield sql.SQL(
        "CREATE INDEX IF NOT EXISTS history_of_pipe ON {history} (site, pipe_id, table_name)"
    ).format(**names)
    # Geometry as hexadecimal EWKB: as GeoJSON, which jsonb would make of it, it loses digits.
    yield sql.SQL(
        "CREATE OR REPLACE FUNCTION {keep}() RETURNS trigger LANGUAGE plpgsql AS $keep$"
        " DECLARE was jsonb := to_jsonb(OLD); BEGIN"
        " IF was ? 'geom' THEN"
        "  was := was || jsonb_build_object('geom', encode(ST_AsEWKB(OLD.geom), 'hex'));"
        " END IF;"
        " INSERT INTO {history} (table_name, site, pipe_id, operation, was)"
        " VALUES (TG_TABLE_NAME, was ->> 'site', was ->> 'pipe_id', TG_OP, was);"
        " RETURN NULL; END $keep$"
    ).format(**names)


def _table(schema: str, spec: TableSpec, srid: int) -> Iterator[sql.Composed]:
    layer = spec.layer
    table = name(schema, layer.name)
    yield sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(
        table, sql.SQL(", ").join(_definitions(schema, spec, srid))
    )
    for field in layer.fields:
        if field.nullable:  # one that an older version did not have
            yield sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {}").format(
                table, _definition(field)
            )
        yield sql.SQL("COMMENT ON COLUMN {}.{} IS {}").format(
            table,
            sql.Identifier(field.name),
            sql.Literal(f"{field.alias_ja}: {describe(field)}"),
        )
    yield sql.SQL("COMMENT ON TABLE {} IS {}").format(
        table, sql.Literal(f"{layer.alias_ja}: {layer.description}")
    )
    if spec.has_geometry:
        yield sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} USING gist ({})").format(
            sql.Identifier(f"{layer.name}_geom"), table, sql.Identifier(GEOMETRY)
        )
    yield sql.SQL(
        "CREATE OR REPLACE TRIGGER keep_history AFTER UPDATE OR DELETE ON {} FOR EACH ROW"
        " EXECUTE FUNCTION {}()"
    ).format(table, name(schema, "keep_history"))


def _definitions(schema: str, spec: TableSpec, srid: int) -> Iterator[sql.Composed]:
    for field in spec.layer.fields:
        yield _definition(field)
    if spec.is_numbered:
        yield sql.SQL("{} integer NOT NULL CHECK ({} > 0)").format(*[sql.Identifier(NUMBER)] * 2)
    if spec.has_geometry:
        yield sql.SQL("{} geometry({}, {}) NOT NULL").format(
            sql.Identifier(GEOMETRY),
            sql.SQL(_GEOMETRIES[spec.layer.geometry]),
            sql.Literal(srid),
        )
    yield sql.SQL("{} timestamptz NOT NULL DEFAULT now()").format(sql.Identifier(CHANGED))
    yield sql.SQL("PRIMARY KEY ({})").format(_identifiers(spec.key))
    if "pipe_id" in spec.key and spec.layer is not PIPES:
        yield sql.SQL(
            "FOREIGN KEY (site, pipe_id) REFERENCES {} (site, pipe_id) ON DELETE CASCADE"
        ).format(name(schema, PIPES.name))
    for check in spec.checks:
        yield sql.SQL("CHECK ({})").format(sql.SQL(check))


def _definition(field: Field) -> sql.Composed:
    return sql.SQL("{} {}{}").format(
        sql.Identifier(field.name),
        sql.SQL(_TYPES[field.kind]),
        sql.SQL("" if field.nullable else " NOT NULL"),
    )


def _identifiers(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
