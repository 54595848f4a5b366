"""Attributes of ours that the schema has no element for, under the names of our one schema."""

from collections.abc import Iterator

from twin_pipeline.export.attributes import PIPES, Field, FieldKind, SiteResult
from twin_pipeline.export.citygml.elements import Builder, Element
from twin_pipeline.export.rows import Row, Value, provenance_of


def field_elements(make: Builder, row: Row) -> Iterator[Element]:
    """Yield one generic attribute for every field of a pipe's row that has a value."""
    for spec, value in zip(PIPES.fields, row, strict=True):
        if value is not None:
            yield _generic(make, spec, value)


def provenance_element(make: Builder, result: SiteResult) -> Element:
    """Return what the site's results rest on, as a set of generic attributes."""
    stated = provenance_of(result)
    members = [
        text_attribute(make, key, value)
        for key, value in stated.items()
        if key != "georeference.wkt"  # long, and the file's own system is named in its envelope
    ]
    return make.element("gen:genericAttributeSet", *members, name="provenance")


def text_attribute(make: Builder, name: str, value: str) -> Element:
    """Return a gen:stringAttribute."""
    return make.element("gen:stringAttribute", make.text("gen:value", value), name=name)


def _generic(make: Builder, spec: Field, value: Value) -> Element:
    if spec.kind is FieldKind.INTEGER:
        return make.element("gen:intAttribute", make.text("gen:value", value), name=spec.name)
    if spec.kind is not FieldKind.REAL:
        return text_attribute(make, spec.name, str(value))
    number = f"{value:z.{spec.decimals}f}"
    if spec.unit == "m":
        measure = make.text("gen:value", number, uom="m")
        return make.element("gen:measureAttribute", measure, name=spec.name)
    return make.element("gen:doubleAttribute", make.text("gen:value", number), name=spec.name)
