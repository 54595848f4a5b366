"""CZML: that of others checked, and points with times written as such."""

import datetime as dt
import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from twin_pipeline.errors import InputError
from twin_pipeline.export.files import write_text
from twin_pipeline.layers.features import Placed, Properties
from twin_pipeline.layers.geojson_file import load_json
from twin_pipeline.layers.place import bounds_of, require_near
from twin_pipeline.layers.record import Bounds
from twin_pipeline.layers.text import plain
from twin_pipeline.layers.times import iso
from twin_pipeline.layers.wanted import Context

_INTERVAL = re.compile(r"\d{4}-\d\d-\d\dT[^/]*/\d{4}-\d\d-\d\dT[^/]*")
_LAST_S = 3600.0
"""How long the last of several values holds where nothing tells."""


@dataclass(frozen=True, slots=True, eq=False)
class Czml:
    """A checked CZML document."""

    packets: list[dict[str, Any]]
    bounds: Bounds
    period: tuple[str, str] | None
    notes: tuple[str, ...]


def read_czml(path: Path, context: Context) -> Czml:
    """Read a CZML file.

    Texts that viewers take for HTML are escaped.

    Raises
    ------
    InputError
        When it is cut off, no CZML, or takes pictures or models from another host.
    GeoreferenceError
        When what it shows lies far from every site.
    """
    source = context.source
    content = load_json(path, source)
    is_czml = isinstance(content, list) and all(isinstance(p, dict) for p in content)
    if not is_czml or not content or content[0].get("id") != "document":
        raise InputError(f"{source}: is JSON, but no CZML (its first packet is no document)")
    if "version" not in content[0]:
        raise InputError(f"{source}: its document packet has no version, which viewers ask for")
    notes = []
    for packet in content:
        if isinstance(packet.get("name"), str):
            packet["name"] = plain(packet["name"], f"{source}: a name", "rename it in the file")
        if _escape_description(packet):
            notes.append("descriptions with markup in them are shown as plain text")
    _require_own(content, source)
    bounds = _bounds(content[1:], source)
    require_near(bounds, context.sites, source, force=context.wanted.force)
    return Czml(content, bounds, _period(content), tuple(dict.fromkeys(notes)))


def write_czml(packets: Sequence[dict[str, Any]], path: Path) -> None:
    """Write packets, a line each."""
    lines = [json.dumps(packet, ensure_ascii=False, allow_nan=False) for packet in packets]
    write_text(path, "[\n" + ",\n".join(lines) + "\n]\n")


def timed_points(
    features: Placed,
    times: Sequence[dt.datetime],
    rows: Sequence[Properties],
    title: str,
) -> tuple[list[dict[str, Any]], tuple[str, str]]:
    """Return points whose attributes change with time as CZML, and the period.

    Rows at one place with one name are one point; each of its values holds until the next.

    Parameters
    ----------
    features
        The points.
    times
        One a point, UTC.
    rows
        Their attributes, with the colours in them.
    title
        Of the layer.
    """
    groups = defaultdict(list)
    for i, shape in enumerate(features.shapes):
        groups[_identity(shape, features.properties[i])].append(i)
    step_s = _usual_step_s(times)
    last = max(times) + dt.timedelta(seconds=step_s)
    period = (iso(min(times)), iso(last))
    document = {
        "id": "document",
        "name": title,
        "version": "1.0",
        "clock": {"interval": "/".join(period), "currentTime": period[0], "range": "LOOP_STOP"},
    }
    packets = [document]
    for number, indices in enumerate(groups.values()):
        ordered = sorted(indices, key=lambda i: times[i])
        packets.append(_packet(number, ordered, features, times, rows, step_s))
    return packets, period


def _packet(
    number: int,
    ordered: Sequence[int],
    features: Placed,
    times: Sequence[dt.datetime],
    rows: Sequence[Properties],
    step_s: float,
) -> dict[str, Any]:
    starts = [times[i] for i in ordered]
    ends = [*starts[1:], starts[-1] + dt.timedelta(seconds=step_s)]
    intervals = [f"{iso(a)}/{iso(b)}" for a, b in zip(starts, ends, strict=True)]
    lon, lat = shapely.get_coordinates(features.shapes[ordered[0]])[0].tolist()
    colours = [
        {"interval": interval, "rgba": _rgba(str(rows[i]["marker-color"]))}
        for i, interval in zip(ordered, intervals, strict=True)
    ]
    return {
        "id": f"point-{number}",
        "availability": f"{iso(starts[0])}/{iso(ends[-1])}",
        "position": {"cartographicDegrees": [round(lon, 8), round(lat, 8), 0.0]},
        "point": {
            "pixelSize": 11,
            "color": colours,
            "outlineColor": {"rgba": [18, 22, 28, 255]},
            "outlineWidth": 2,
            "heightReference": "CLAMP_TO_GROUND",
        },
        "properties": _over_time([features.properties[i] for i in ordered], intervals),
    }


def _over_time(rows: Sequence[Properties], intervals: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        if all(value == values[0] for value in values):
            found[name] = values[0]
        else:
            found[name] = [
                {"interval": interval, _type_of(value): "" if value is None else value}
                for interval, value in zip(intervals, values, strict=True)
            ]
    return found


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"


def _identity(shape: Any, row: Properties) -> tuple[object, ...]:  # noqa: ANN401
    names = ("id", "name", "site", "地点", "名称")
    named = tuple(str(value) for name, value in row.items() if name.lower() in names)
    return (*shapely.get_coordinates(shape)[0].round(7).tolist(), *named)


def _usual_step_s(times: Sequence[dt.datetime]) -> float:
    moments = np.unique([moment.timestamp() for moment in times])
    return float(np.median(np.diff(moments))) if len(moments) > 1 else _LAST_S


def _rgba(colour: str) -> list[int]:
    return [*(int(colour[i : i + 2], 16) for i in (1, 3, 5)), 255]


def _escape_description(packet: dict[str, Any]) -> bool:
    """Let a packet's description be plain text; returns whether there was markup in it."""
    description = packet.get("description")
    texts = description if isinstance(description, list) else [description]
    changed = False
    for i, text in enumerate(texts):
        inner = text.get("string") if isinstance(text, dict) else text
        if not isinstance(inner, str) or not ("<" in inner or "&" in inner):
            continue
        changed = True
        escaped = html.escape(inner)
        if isinstance(text, dict):
            text["string"] = escaped
        elif isinstance(description, list):
            description[i] = escaped
        else:
            packet["description"] = escaped
    return changed


def _require_own(value: Any, source: str) -> None:  # noqa: ANN401 - JSON of any shape
    """Refuse addresses of other hosts, which no user has named."""
    for text in _strings(value):
        if not text.startswith("data:"):
            raise InputError(
                f"{source}: takes a picture or model from {text[:80]!r}, which is not in the file; "
                "put it in as a data: address, or take it out"
            )


_URI_KEYS = {"uri", "image", "gltf"}
_TEXTS = {"properties", "description", "name", "id"}
"""What in them looks like an address is text."""


def _strings(value: Any, key: str = "") -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _TEXTS:
                yield from _strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, key)
    elif isinstance(value, str) and key in _URI_KEYS:
        yield value


def _bounds(packets: Sequence[dict[str, Any]], source: str) -> Bounds:
    places = [place for packet in packets for place in _places(packet)]
    if not places:
        raise InputError(f"{source}: has no place in longitude and latitude; nothing to show")
    lonlat = np.array(places, dtype=np.float64)
    good = np.isfinite(lonlat).all() and (np.abs(lonlat) <= (360.0, 90.0)).all()
    if not good:
        raise InputError(
            f"{source}: has a latitude beyond 90 degrees, so latitude and longitude are likely "
            "exchanged; CZML has longitude first"
        )
    return bounds_of(lonlat)


def _places(value: Any, *, many: bool = False) -> Iterator[tuple[float, float]]:  # noqa: ANN401
    """Yield longitude and latitude of whatever has a place; `many` positions have no times."""
    if isinstance(value, list):
        for inner in value:
            yield from _places(inner, many=many)
        return
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in {"cartographicDegrees", "cartographicRadians"} and isinstance(inner, list):
            scale = 1.0 if key == "cartographicDegrees" else 180.0 / np.pi
            yield from ((lon * scale, lat * scale) for lon, lat in _pairs(inner, many=many))
        elif key in {"wsen", "wsenDegrees"} and isinstance(inner, list) and len(inner) == 4:
            corners = np.array(inner, dtype=np.float64)
            west, south, east, north = corners if key == "wsenDegrees" else np.degrees(corners)
            yield from ((float(west), float(south)), (float(east), float(north)))
        elif isinstance(inner, dict | list):
            yield from _places(inner, many=many or key in {"positions", "holes"})


def _pairs(numbers: list[Any], *, many: bool) -> Iterator[tuple[float, float]]:
    timed = not many and len(numbers) > 3
    step, at = (4, 1) if timed else (3, 0)
    for i in range(0, len(numbers) - step + 1, step):
        yield float(numbers[i + at]), float(numbers[i + at + 1])


def _period(packets: Sequence[dict[str, Any]]) -> tuple[str, str] | None:
    stated = [packets[0].get("clock", {}).get("interval")] if packets else []
    stated += [packet.get("availability") for packet in packets]
    flat = [s for item in stated for s in (item if isinstance(item, list) else [item])]
    intervals = [s.split("/") for s in flat if isinstance(s, str) and _INTERVAL.fullmatch(s)]
    if not intervals:
        return None
    return min(start for start, _ in intervals), max(end for _, end in intervals)
