"""The pipes' attributes as a property table of EXT_structural_metadata."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from twin_pipeline.export.attributes import PIPES, Field, FieldKind
from twin_pipeline.export.rows import Value, cell, pipe_values
from twin_pipeline.model import Survey
from twin_pipeline.tiles.glb import GlbBuilder
from twin_pipeline.tiles.metadata import SCHEMA_ID

NO_NUMBER = -9999
"""Stands for an unknown number; JSON has no not-a-number."""


def pipe_schema(fields: Sequence[Field] = PIPES.fields) -> dict[str, Any]:
    """Return the schema of the class `pipe`: the fields of the attribute files' layer `pipes`."""
    properties = {field.name: _property(field) for field in fields}
    pipe = {"name": "pipe", "description": PIPES.description, "properties": properties}
    return {"id": SCHEMA_ID, "classes": {"pipe": pipe}}


def pipe_table(
    survey: Survey, builder: GlbBuilder, fields: Sequence[Field] = PIPES.fields
) -> dict[str, Any]:
    """Add a column a field to the file and return the table, one row a pipe."""
    rows = [pipe_values(survey.site, pipe) for pipe in survey.pipes]
    columns = {
        field.name: _column(field, [cell(field, row[field.name]) for row in rows], builder)
        for field in fields
    }
    return {"class": "pipe", "count": len(survey.pipes), "properties": columns}


def _property(field: Field) -> dict[str, Any]:
    unit = f" [{field.unit}]" if field.unit else ""
    described = {"name": field.alias_ja, "description": field.description + unit}
    if field.kind is FieldKind.TEXT:
        presence = {"noData": ""} if field.nullable else {"required": True}
        return {**described, "type": "STRING", **presence}
    component = "INT32" if field.kind is FieldKind.INTEGER else "FLOAT64"
    number = {"type": "SCALAR", "componentType": component, "noData": NO_NUMBER}
    return {**described, **number}


def _column(field: Field, values: list[Value], builder: GlbBuilder) -> dict[str, Any]:
    if field.kind is FieldKind.TEXT:
        return _texts(["" if value is None else str(value) for value in values], builder)
    numbers = [NO_NUMBER if value is None else float(value) for value in values]
    dtype = np.int32 if field.kind is FieldKind.INTEGER else np.float64
    return {"values": builder.table(np.array(numbers).astype(dtype).tobytes())}


def _texts(values: list[str], builder: GlbBuilder) -> dict[str, Any]:
    encoded = [value.encode() for value in values]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.uint32)
    return {
        "values": builder.table(b"".join(encoded) or b"\0"),
        "stringOffsets": builder.table(offsets.tobytes()),
        "stringOffsetType": "UINT32",
    }
