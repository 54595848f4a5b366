"""DXF as an engineer draws pipes: 3D polylines on a layer a role, material and size, with labels.

X is easting, Y northing, Z elevation, in metres. Every attribute of the schema is kept as extended
data of its entity, a group for each: its name, then its value.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ezdxf.document import Drawing
from ezdxf.enums import TextEntityAlignment
from ezdxf.filemanagement import new

from twin_pipeline import __version__
from twin_pipeline.export.attributes import Layer
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.drawn import (
    ENCODING,
    across,
    angle_deg,
    directed_stations,
    kept,
    named_rows,
    one_line,
    pipe_label,
    pipe_layer,
    plain_text,
    readable_deg,
    station_label,
)
from twin_pipeline.export.files import staged
from twin_pipeline.export.rows import (
    Table,
    Value,
    fittings_table,
    pipes_table,
    stations_table,
    trench_table,
)
from twin_pipeline.model import FloatArray

APPLICATION = "TWIN_PIPELINE"
TEXT_HEIGHT_M = 0.15
_LABEL_OFF_M = 0.3
"""How far from the centreline labels begin."""
_VERSION = "R2004"
"""The last version with text in a code page: what Japanese programs and GDAL read alike."""
_STYLE, _FONT = "JAPANESE", "msgothic.ttc"
_METRES = 6
_WHITE, _GREY, _RED, _ORANGE = 7, 8, 1, 30
_COLOURS = {75: 4, 100: 5, 150: 3, 200: 2, 250: 6, 300: 1}
"""AutoCAD's colour of a nominal diameter, mm."""
_CHUNK = 60
"""Characters a string of extended data, which may have 255 bytes."""


def write_dxf(dataset: Dataset, folder: Path) -> list[Path]:
    """Write pipes.dxf into `folder`."""
    drawing = _drawing(dataset)
    for build, draw in ((trench_table, _trench), (pipes_table, _pipe), (fittings_table, _fitting)):
        table = dataset.table(build)
        _tell_of_loss(dataset, table)
        for values, shape in named_rows(table):
            draw(drawing, table.layer, values, shape)
    _draw_stations(drawing, dataset.table(stations_table))
    path = folder / "pipes.dxf"
    with staged(path) as beside:
        drawing.saveas(beside)
    return [path]


def _drawing(dataset: Dataset) -> Drawing:
    drawing = new(_VERSION, units=_METRES)
    drawing.encoding = ENCODING
    drawing.styles.add(_STYLE, font=_FONT)
    drawing.appids.add(APPLICATION)
    facts = {
        "SOFTWARE": f"twin_pipeline {__version__}",
        "CRS": dataset.target.name,
        "HEIGHTS": dataset.target.vertical_name,
        "AXES": "X easting, Y northing, Z elevation, metres",
    }
    for name, value in facts.items():
        drawing.header.custom_vars.append(name, one_line(value))
    return drawing


def _tell_of_loss(dataset: Dataset, table: Table) -> None:
    pairs = [pair for values, _ in named_rows(table) for pair in values.items()]
    for name, value in pairs:
        if isinstance(value, str) and one_line(value) != (said := kept(value)):
            dataset.warn(f"pipes.dxf: {name} has characters that {ENCODING} lacks: {said!r}")


def _pipe(drawing: Drawing, layer: Layer, values: dict[str, Any], line: FloatArray) -> None:
    name = _layer(drawing, pipe_layer(values), _COLOURS.get(values["nominal_diameter_mm"], _WHITE))
    polyline = drawing.modelspace().add_polyline3d(line.tolist(), dxfattribs={"layer": name})
    _attach(polyline, layer, values)
    middle = len(line) // 2
    along = line[middle] - line[middle - 1]
    below = line[middle].copy()
    below[:2] -= _LABEL_OFF_M * across(along)
    _label(
        drawing,
        "LABEL_PIPE",
        pipe_label(values),
        below,
        readable_deg(angle_deg(along)),
        TextEntityAlignment.MIDDLE_CENTER,
    )


def _draw_stations(drawing: Drawing, table: Table) -> None:
    """Draw the stations with labels at a right angle to their pipe, so that none hides another."""
    for values, at, direction in directed_stations(table):
        _station(drawing, table.layer, values, at, across(direction))


def _station(
    drawing: Drawing, layer: Layer, values: dict[str, Any], at: FloatArray, across: FloatArray
) -> None:
    name = _layer(drawing, "STATION" if values["observed"] else "STATION_NOT_OBSERVED", _GREY)
    point = drawing.modelspace().add_point(at.tolist(), dxfattribs={"layer": name})
    _attach(point, layer, values)
    text = station_label(values)
    beside = at.copy()
    beside[:2] += _LABEL_OFF_M * across
    _label(
        drawing, "LABEL_STATION", text, beside, angle_deg(across), TextEntityAlignment.MIDDLE_LEFT
    )


def _fitting(drawing: Drawing, layer: Layer, values: dict[str, Any], at: FloatArray) -> None:
    name = _layer(drawing, f"FITTING_{values['kind']}".upper(), _RED)
    point = drawing.modelspace().add_point(at.tolist(), dxfattribs={"layer": name})
    _attach(point, layer, values)


def _trench(drawing: Drawing, layer: Layer, values: dict[str, Any], ring: FloatArray) -> None:
    name = _layer(drawing, "TRENCH", _ORANGE)
    outline = drawing.modelspace().add_lwpolyline(
        ring[:-1].tolist(), close=True, dxfattribs={"layer": name}
    )
    _attach(outline, layer, values)


def _layer(drawing: Drawing, name: str, colour: int) -> str:
    if not drawing.layers.has_entry(name):
        drawing.layers.add(name, color=colour)
    return name


def _label(
    drawing: Drawing,
    layer: str,
    text: str,
    at: FloatArray,
    angle_deg: float,
    align: TextEntityAlignment,
) -> None:
    entity = drawing.modelspace().add_text(
        plain_text(text),
        height=TEXT_HEIGHT_M,
        rotation=angle_deg,
        dxfattribs={"layer": _layer(drawing, layer, _WHITE), "style": _STYLE},
    )
    entity.set_placement(np.asarray(at).tolist(), align=align)


def _attach(entity: Any, layer: Layer, values: Mapping[str, Value]) -> None:  # noqa: ANN401 - ezdxf's entities
    tags: list[tuple[int, Any]] = [(1000, layer.name)]
    for name, value in values.items():
        if value is not None:
            tags += [(1002, "{"), (1000, name), *_tags(value), (1002, "}")]
    entity.set_xdata(APPLICATION, tags)


def _tags(value: Value) -> list[tuple[int, Any]]:
    if isinstance(value, float):
        return [(1040, value)]
    if isinstance(value, int):
        return [(1071, int(value))]
    text = kept(str(value))
    return [(1000, text[i : i + _CHUNK]) for i in range(0, len(text), _CHUNK)] or [(1000, "")]
