"""What the pipes carry: the standard property sets, and all fields of our schema."""

import math
from collections.abc import Iterable, Mapping

from twin_pipeline.export.attributes import FieldKind, Layer
from twin_pipeline.export.ifc.model import Entity, Model
from twin_pipeline.export.rows import Row, Value, clean_text
from twin_pipeline.model import Pipe

_KINDS = {
    FieldKind.TEXT: "IfcText",
    FieldKind.INTEGER: "IfcInteger",
    FieldKind.REAL: "IfcReal",
    FieldKind.BOOLEAN: "IfcBoolean",
}


def describe_pipe(model: Model, segment: Entity, pipe: Pipe) -> None:
    """Attach the standard sets: sizes, what was measured how well, quantities."""
    common: dict[str, tuple[str, Value]] = {"Reference": ("IfcIdentifier", pipe.pipe_id)}
    if pipe.nominal_diameter_mm is not None:
        common["NominalDiameter"] = ("IfcPositiveLengthMeasure", pipe.nominal_diameter_mm / 1000)
    common["OuterDiameter"] = ("IfcPositiveLengthMeasure", pipe.outer_diameter_m)
    common["Length"] = ("IfcPositiveLengthMeasure", pipe.length_m)
    attach(model, segment, "Pset_PipeSegmentTypeCommon", _singles(model, common))
    attach(model, segment, "Pset_Uncertainty", _uncertainty(model, pipe))
    _quantities(model, segment, pipe)


def describe_row(model: Model, owner: Entity, layer: Layer, row: Row) -> None:
    """Attach one row of a layer as a property set; a field without a value is left out."""
    values = {
        spec.name: ("IfcLengthMeasure" if spec.unit == "m" else _KINDS[spec.kind], value)
        for spec, value in zip(layer.fields, row, strict=True)
        if value is not None
    }
    notes = {
        spec.name: f"{spec.alias_ja}: {spec.description}" + (f" [{spec.unit}]" if spec.unit else "")
        for spec in layer.fields
    }
    attach(model, owner, f"TwinPipeline_{layer.name}", _singles(model, values, notes))


def describe_stations(model: Model, owner: Entity, layer: Layer, rows: Iterable[Row]) -> None:
    """Attach the stations as tables over the chainage; a table lists only what was found."""
    names = [spec.name for spec in layer.fields]
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    if not columns:
        return
    chainage = columns["chainage_m"]
    tables = [
        table
        for spec in layer.fields
        if spec.kind in (FieldKind.REAL, FieldKind.BOOLEAN) and spec.name != "chainage_m"
        if (table := _table(model, spec.name, chainage, columns[spec.name])) is not None
    ]
    attach(model, owner, f"TwinPipeline_{layer.name}", tables)


def describe_provenance(model: Model, owner: Entity, stated: Mapping[str, str]) -> None:
    """Attach what a site's results were made from."""
    values: dict[str, tuple[str, Value]] = {
        key: ("IfcText", value) for key, value in stated.items() if value
    }
    attach(model, owner, "TwinPipeline_provenance", _singles(model, values))


def attach(model: Model, owner: Entity, name: str, properties: list[Entity]) -> None:
    """Attach properties to an object; none where there are none."""
    if not properties:
        return
    made = model.rooted("IfcPropertySet", name, owner.GlobalId, Name=name, HasProperties=properties)
    _define(model, owner, name, made)


def _define(model: Model, owner: Entity, name: str, definition: Entity) -> None:
    model.rooted(
        "IfcRelDefinesByProperties",
        name,
        owner.GlobalId,
        RelatedObjects=[owner],
        RelatingPropertyDefinition=definition,
    )


def _uncertainty(model: Model, pipe: Pipe) -> list[Entity]:
    basis = model.make(
        "IfcPropertyEnumeratedValue",
        Name="UncertaintyBasis",
        EnumerationValues=[model.make("IfcLabel", "MEASUREMENT")],
    )
    values: dict[str, tuple[str, Value]] = {
        "UncertaintyDescription": ("IfcText", f"1 sigma; {pipe.quality}: {pipe.quality_reason}"),
        "HorizontalUncertainty": ("IfcPositiveLengthMeasure", pipe.position_std_h_m),
        "VerticalUncertainty": ("IfcPositiveLengthMeasure", pipe.position_std_v_m),
    }
    return [basis, *_singles(model, values)]


def _quantities(model: Model, segment: Entity, pipe: Pipe) -> None:
    radius_m = pipe.outer_diameter_m / 2
    quantities = [
        model.make("IfcQuantityLength", Name="Length", LengthValue=pipe.length_m),
        model.make(
            "IfcQuantityArea", Name="GrossCrossSectionArea", AreaValue=math.pi * radius_m**2
        ),
        model.make(
            "IfcQuantityArea",
            Name="OuterSurfaceArea",
            AreaValue=2 * math.pi * radius_m * pipe.length_m,
        ),
    ]
    name = "Qto_PipeSegmentBaseQuantities"
    made = model.rooted(
        "IfcElementQuantity", name, segment.GlobalId, Name=name, Quantities=quantities
    )
    _define(model, segment, name, made)


def _singles(
    model: Model,
    values: Mapping[str, tuple[str, Value]],
    notes: Mapping[str, str] | None = None,
) -> list[Entity]:
    return [
        model.make(
            "IfcPropertySingleValue",
            Name=clean_text(name),
            Specification=(notes or {}).get(name),
            NominalValue=model.make(kind, clean_text(value) if isinstance(value, str) else value),
        )
        for name, (kind, value) in values.items()
    ]


def _table(
    model: Model, name: str, chainage: tuple[Value, ...], column: tuple[Value, ...]
) -> Entity | None:
    """Return a table from chainage to one column; None where it has no value at all."""
    known = [(at, value) for at, value in zip(chainage, column, strict=True) if value is not None]
    if not known:
        return None
    kind = "IfcBoolean" if isinstance(known[0][1], bool) else "IfcLengthMeasure"
    return model.make(
        "IfcPropertyTableValue",
        Name=name,
        DefiningValues=[model.make("IfcLengthMeasure", at) for at, _ in known],
        DefinedValues=[model.make(kind, value) for _, value in known],
        CurveInterpolation="LINEAR",
    )
