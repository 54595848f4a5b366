"""What drawings of pipes have in common, whichever program they are for: layers, labels, text."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from twin_pipeline.export.charset import representable
from twin_pipeline.export.rows import Table
from twin_pipeline.model import FloatArray

ENCODING = "cp932"
_ROLES = {"main": "配水管", "branch": "分岐管", "crossing": "横断管", "unknown": "不明管"}


def named_rows(table: Table) -> list[tuple[dict[str, Any], FloatArray]]:
    """Return the rows of a table as values by field, each with its shape."""
    names = [spec.name for spec in table.layer.fields]
    pairs = zip(table.rows, table.shapes, strict=True)
    return [(dict(zip(names, row, strict=True)), shape) for row, shape in pairs]


def directed_stations(table: Table) -> Iterator[tuple[dict[str, Any], FloatArray, FloatArray]]:
    """Yield each station's values and place with the direction of its pipe there."""
    rows = named_rows(table)
    owners = [(values["site"], values["pipe_id"]) for values, _ in rows]
    for i, (values, at) in enumerate(rows):
        near = [j for j in (i - 1, i + 1) if 0 <= j < len(rows) and owners[j] == owners[i]]
        first, last = min([i, *near]), max([i, *near])
        yield values, at, rows[last][1] - rows[first][1]


def pipe_layer(values: Mapping[str, Any]) -> str:
    """Return the layer of a pipe: WATER_MAIN_DIP_DN150."""
    size = values["nominal_diameter_mm"]
    parts = [values["role"], values["material"] or "MATERIAL-UNKNOWN", f"DN{size or '-UNKNOWN'}"]
    return "_".join(["WATER", *(re.sub(r"[^\w-]", "-", str(part)) for part in parts)]).upper()


def pipe_label(values: Mapping[str, Any]) -> str:
    """Return what a drawing says of a pipe."""
    size = values["nominal_diameter_mm"]
    parts = [
        values["pipe_id"],
        _ROLES[values["role"]],
        values["material"] or "管種不明",
        f"φ{size}" if size else f"外径{1000 * values['outer_diameter_m']:.0f}",
        f"L={values['length_m']:.2f}",
    ]
    if values["cover_mean_m"] is not None:
        parts.append(f"土被り{values['cover_min_m']:.2f}～{values['cover_max_m']:.2f}")
    return " ".join(parts)


def readable_deg(angle_deg: float) -> float:
    """Return the direction, over -90 to 90 degrees, of a text that doesn't stand on its head."""
    return 90.0 - (90.0 - angle_deg) % 180.0


def angle_deg(direction: FloatArray) -> float:
    """Return the direction in plan, counter-clockwise from east."""
    return math.degrees(math.atan2(direction[1], direction[0]))


def across(direction: FloatArray) -> FloatArray:
    """Return the (2,) unit vector at a right angle along which text can be read."""
    angle = math.radians(readable_deg(angle_deg(direction) + 90.0))
    return np.array([math.cos(angle), math.sin(angle)])


def station_label(values: Mapping[str, Any]) -> str:
    """Return what a drawing says of a station."""
    cover = "" if values["cover_m"] is None else f" 土被り{values['cover_m']:.2f}"
    return f"{values['chainage_m']:.2f}{cover} 管頂高{values['crown_z_m']:.3f}"


def kept(text: str) -> str:
    """Return text in one line with the characters that the encoding has."""
    return representable(one_line(text), ENCODING)


def one_line(text: str) -> str:
    """Return text without line ends, which would end a tag and begin another."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text)


def plain_text(text: str) -> str:
    """Return text that is drawn as it stands: without control codes such as %%u and ^J."""
    plain = one_line(text).replace("%%", "％％").replace("^", "＾").replace("\\", "＼")
    return representable(plain, ENCODING)
