"""Writes an owner's tables as the profile wants them: CSV, Shapefile, GeoPackage."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from twin_pipeline.errors import UsageError
from twin_pipeline.export.attributes import Field, FieldKind, Layer
from twin_pipeline.export.bureau.profile import Column, Output, Profile, load_profile, short_name
from twin_pipeline.export.bureau.profile import Table as OwnersTable
from twin_pipeline.export.bureau.sources import SOURCES, filled
from twin_pipeline.export.bureau.units import factor
from twin_pipeline.export.charset import fitting_bytes, representable
from twin_pipeline.export.csv_text import csv_text
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import staged
from twin_pipeline.export.ogr import (
    DBF_TEXT_BYTES,
    accepted_crs,
    plane_crs,
    write_layer,
    write_shape_layer,
)
from twin_pipeline.export.rows import Table, Value


def write_profile(dataset: Dataset, folder: Path) -> list[Path]:
    """Write all outputs of the profile that the options name, a folder each.

    Raises
    ------
    UsageError
        When a code table lacks a value, or no profile is named.
    """
    if dataset.options.profile is None:
        raise UsageError("format profile needs a profile file: give --profile FILE")
    profile = load_profile(dataset.options.profile)
    tables = [_mapped(dataset, profile, table) for table in profile.tables]
    for output in profile.outputs:
        place = folder / output.folder
        place.mkdir()
        for owners, table in zip(profile.tables, tables, strict=True):
            _WRITERS[output.format](dataset, place, output, owners, table)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _mapped(dataset: Dataset, profile: Profile, owners: OwnersTable) -> Table:
    """Return the owner's table, its columns as fields of a layer of the owner's name."""
    sources = SOURCES[owners.layer]
    fields = tuple(_field(sources.field(c.field) if c.field else None, c) for c in owners.columns)
    layer = Layer(owners.name, sources.layer.geometry, profile.name, owners.name, fields)
    rows, shapes = [], []
    for value, shape in sources.rows(dataset):
        rows.append(
            tuple(
                _value(profile, owners, column, field, value)
                for column, field in zip(owners.columns, fields, strict=True)
            )
        )
        shapes.append(shape)
    return Table(layer, tuple(rows), tuple(shapes))


def _field(source: Field | None, column: Column) -> Field:
    """Return what the owner's column is."""
    kind, unit, decimals = FieldKind.TEXT, "", 0
    if source is not None and column.codes is None:
        kind, unit = source.kind, column.unit or source.unit
        decimals = source.decimals if column.decimals is None else column.decimals
        if kind is FieldKind.REAL and decimals == 0:
            kind = FieldKind.INTEGER
    elif isinstance(column.value, int | float):
        is_real = isinstance(column.value, float)
        kind = FieldKind.REAL if is_real else FieldKind.INTEGER
        decimals = (4 if column.decimals is None else column.decimals) if is_real else 0
    if column.missing is not None:
        kind = FieldKind.TEXT if not _is_number(column.missing) else kind
    return Field(column.name, kind, unit, nullable=True, description=column.name,
                 alias_ja=column.name, decimals=decimals)  # fmt: skip


def _value(
    profile: Profile,
    owners: OwnersTable,
    column: Column,
    field: Field,
    value: Callable[[str], Value],
) -> Value:
    if column.template is not None:
        return filled(column.template, value)
    found = column.value if column.field is None else value(column.field)
    if found is None or found == "":
        return _missing(column, field)
    if column.codes is not None:
        return _coded(profile, owners, column, found)
    return _in_unit(owners, column, field, found)


def _missing(column: Column, field: Field) -> Value:
    if column.missing is None or field.kind is FieldKind.TEXT:
        return column.missing
    number = float(column.missing)
    return int(number) if field.kind is FieldKind.INTEGER else number


def _coded(profile: Profile, owners: OwnersTable, column: Column, found: Value) -> str:
    ours = str(found).lower() if isinstance(found, bool) else str(found)
    codes = column.codes or {}
    if ours not in codes:
        raise UsageError(
            f"profile {profile.name}: {owners.name}: column {column.name} has no code for {ours!r};"
            f" it has {', '.join(codes)}"
        )
    return codes[ours]


def _in_unit(owners: OwnersTable, column: Column, field: Field, found: Value) -> Value:
    if isinstance(found, bool | str) or found is None:
        return found
    number = float(found)
    if column.unit is not None and column.field is not None:
        source = SOURCES[owners.layer].field(column.field)
        number *= factor(source.unit if source else "", column.unit) or 1.0
    if field.kind is FieldKind.TEXT:
        return f"{number:.{field.decimals}f}"
    rounded = round(number, field.decimals)
    return int(rounded) if field.kind is FieldKind.INTEGER else rounded


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _csv(
    dataset: Dataset, folder: Path, output: Output, _owners: OwnersTable, table: Table
) -> None:
    text = csv_text(table)
    if output.encoding == "cp932":
        kept = representable(text, "cp932")
        if kept != text:
            lost = sorted({a for a, b in zip(text, kept, strict=True) if a != b})
            dataset.warn(
                f"{output.folder}/{table.layer.name}.csv: CP932 lacks {' '.join(lost)}; 〓 stands "
                "for it"
            )
        text = kept
    with staged(folder / f"{table.layer.name}.csv") as beside:
        beside.write_bytes(text.encode(output.encoding))


def _shapefile(
    dataset: Dataset, folder: Path, output: Output, owners: OwnersTable, table: Table
) -> None:
    encoding = {"utf-8": "UTF-8", "cp932": "CP932"}[output.encoding]
    rows = tuple(
        tuple(
            fitting_bytes(value, encoding, DBF_TEXT_BYTES) if isinstance(value, str) else value
            for value in row
        )
        for row in table.rows
    )
    path = folder / f"{table.layer.name}.shp"
    if rows != table.rows:
        dataset.warn(f"{output.folder}/{path.name}: texts are cut, or characters are lost, in it")
    names = [short_name(column) for column in owners.columns]
    write_shape_layer(path, replace(table, rows=rows), names, encoding, plane_crs(dataset.target))


def _geopackage(
    dataset: Dataset, folder: Path, _output: Output, _owners: OwnersTable, table: Table
) -> None:
    path = folder / "pipes.gpkg"
    crs = accepted_crs(dataset.target, folder)
    write_layer(path, table, driver="GPKG", crs=crs, append=path.exists())


_WRITERS: dict[str, Callable[[Dataset, Path, Output, OwnersTable, Table], None]] = {
    "csv": _csv,
    "shapefile": _shapefile,
    "gpkg": _geopackage,
}
