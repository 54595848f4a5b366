"""What a column can be filled with: fields of the schema, and a few things worked out from them."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from twin_pipeline.export.attributes import (
    FITTINGS,
    PIPES,
    STATIONS,
    Field,
    FieldKind,
    Layer,
    SiteResult,
)
from twin_pipeline.export.dataset import Builder, Dataset
from twin_pipeline.export.japanese import in_japanese
from twin_pipeline.export.rows import (
    Value,
    fittings_table,
    pipes_table,
    provenance_of,
    stations_table,
)
from twin_pipeline.model import FloatArray

_OF_PIPE = "pipe."
_OF_PROVENANCE = "provenance."
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def _metres(name: str, description: str) -> Field:
    return Field(name, FieldKind.REAL, "m", nullable=False, description=description, alias_ja="")


def _text(name: str, description: str) -> Field:
    return Field(name, FieldKind.TEXT, "", nullable=False, description=description, alias_ja="")


_NUMBER = Field("number", FieldKind.INTEGER, "", nullable=False, description="of the row, from 1",
                alias_ja="", decimals=0)  # fmt: skip
_SYSTEM = (_text("crs", "of the file"), _text("vertical", "datum of elevations"))
_LINE = tuple(
    _metres(f"{end}_{axis}_m", f"{axis} of the {end}, in the CRS of the file")
    for end in ("start", "end")
    for axis in ("easting", "northing")
)
_REASON_JA = "quality_reason_ja"
_SAID = (_text(_REASON_JA, "why the quality is what it is, in Japanese"),)
_POINT = tuple(
    _metres(f"place_{axis}_m", f"{axis} in the CRS of the file")
    for axis in ("easting", "northing")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sources:
    """The fields that a table of one layer can draw on."""

    layer: Layer
    build: Builder
    worked_out: tuple[Field, ...]
    with_pipe: bool
    """Whether fields of the pipe that a row belongs to can be named, as pipe.FIELD."""

    def field(self, name: str) -> Field | None:
        """Return a field by name, None where there is none."""
        if name.startswith(_OF_PROVENANCE):
            return _text(name, "statement of the provenance")
        if self.with_pipe and name.startswith(_OF_PIPE):
            return next((f for f in PIPES.fields if f.name == name.removeprefix(_OF_PIPE)), None)
        return next((f for f in (*self.layer.fields, *self.worked_out) if f.name == name), None)

    def knows(self, name: str) -> bool:
        """Tell whether a name can be drawn on."""
        return self.field(name) is not None

    def nearest(self, name: str) -> str:
        """Return the name that looks most like this one."""
        names = [spec.name for spec in (*self.layer.fields, *self.worked_out)]
        if self.with_pipe:
            names += [f"{_OF_PIPE}{spec.name}" for spec in PIPES.fields]
        return max(names, key=lambda known: difflib.SequenceMatcher(None, name, known).ratio())

    def rows(self, dataset: Dataset) -> Iterator[tuple[Callable[[str], Value], FloatArray]]:
        """Yield what gives the values of each row by name, and its shape in the file's system."""
        number = 0
        for result in dataset.results:
            pipes = _by_id(result)
            provenance = provenance_of(result)
            table = self.build((result,))
            names = [spec.name for spec in table.layer.fields]
            for row, shape in zip(table.rows, table.shapes, strict=True):
                number += 1
                placed = dataset.place(result, shape)
                values = dict(zip(names, row, strict=True))
                values |= _worked_out(dataset, result, number, placed)
                values |= _in_japanese(values.get("quality_reason"))
                pipe = pipes.get(str(values["pipe_id"]), {})
                values |= {f"{_OF_PIPE}{name}": value for name, value in pipe.items()}
                values |= {f"{_OF_PROVENANCE}{key}": text for key, text in provenance.items()}
                yield values.get, placed


SOURCES: Mapping[str, Sources] = {
    "pipes": Sources(PIPES, pipes_table, (_NUMBER, *_SYSTEM, *_LINE, *_SAID), with_pipe=False),
    "stations": Sources(STATIONS, stations_table, (_NUMBER, *_SYSTEM, *_POINT), with_pipe=True),
    "fittings": Sources(FITTINGS, fittings_table, (_NUMBER, *_SYSTEM, *_POINT), with_pipe=True),
}


def placeholders(template: str) -> list[str]:
    """Return the names that a template has in braces."""
    return _PLACEHOLDER.findall(template)


def filled(template: str, value: Callable[[str], Value]) -> str:
    """Return a template with values for the names in braces; nothing for no value."""
    return _PLACEHOLDER.sub(lambda found: _shown(value(found[1])), template)


def unit_of(layer: str, name: str) -> str:
    """Return the unit of a field, empty where it has none."""
    spec = SOURCES[layer].field(name)
    return spec.unit if spec is not None else ""


def _shown(value: Value) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _by_id(result: SiteResult) -> dict[str, dict[str, Value]]:
    names = [spec.name for spec in PIPES.fields]
    rows = [dict(zip(names, row, strict=True)) for row in pipes_table((result,)).rows]
    return {str(row["pipe_id"]): row for row in rows}


def _in_japanese(reason: Value) -> dict[str, Value]:
    return {} if reason is None else {_REASON_JA: in_japanese(str(reason)) or reason}


def _worked_out(
    dataset: Dataset, result: SiteResult, number: int, placed: FloatArray
) -> dict[str, Value]:
    vertices = np.atleast_2d(placed)
    (start_e, start_n), (end_e, end_n) = vertices[[0, -1], :2].tolist()
    return {
        "number": number,
        "crs": dataset.target.name,
        "vertical": result.georeference.vertical_name,
        "start_easting_m": start_e,
        "start_northing_m": start_n,
        "end_easting_m": end_e,
        "end_northing_m": end_n,
        "place_easting_m": start_e,
        "place_northing_m": start_n,
    }
