"""What is kept back of the attribute files, and tables without it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from twin_pipeline.export.attributes import Field, Layer
from twin_pipeline.export.rows import Table


@dataclass(frozen=True, slots=True)
class Withheld:
    """What files don't hold."""

    attributes: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Names of fields by layer."""
    layers: frozenset[str] = frozenset()
    """Names of layers."""

    def __bool__(self) -> bool:
        return bool(self.attributes or self.layers)

    def fields(self, layer: Layer) -> tuple[Field, ...]:
        """Return the fields that a layer keeps."""
        names = self.attributes.get(layer.name, frozenset())
        return tuple(spec for spec in layer.fields if spec.name not in names)

    def reduced(self, table: Table) -> Table:
        """Return a table without the fields that are kept back."""
        fields = self.fields(table.layer)
        if len(fields) == len(table.layer.fields):
            return table
        kept = [table.layer.fields.index(spec) for spec in fields]
        rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
        return Table(replace(table.layer, fields=fields), rows, table.shapes)


NOTHING = Withheld()
