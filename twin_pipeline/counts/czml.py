"""counts.czml: the sites through time, for a viewer with a clock.

A point a site: its size is the sensor's flow, its colour how the hour's GEH stands, its label both
counts. CZML Guide: github.com/AnalyticalGraphicsInc/czml-writer/wiki/CZML-Guide.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from twin_pipeline.counts.compare import Comparison
from twin_pipeline.counts.joining import JoinedSeries
from twin_pipeline.counts.metrics import Pairs, geh, hours_of
from twin_pipeline.counts.places import Place
from twin_pipeline.counts.record import time_of

GOOD, DOUBTFUL, BAD, NO_DATA = (
    [22, 119, 74, 255],
    [214, 142, 0, 255],
    [179, 38, 30, 255],
    [138, 148, 158, 255],
)
"""Colours of a GEH below the limit, below twice the limit, above, and of hours without one."""

_LEAST_PX, _MOST_PX = 10.0, 36.0
_SECONDS_A_BIN = 1.0


def czml_of(comparison: Comparison, places: Mapping[str, Place]) -> list[dict[str, Any]]:
    """Return the packets of the layer; sites without a place are left out."""
    sites = [_site(name, comparison) for name in places if name in comparison.joined.clocks]
    starts = np.concatenate([one.start_min for one in sites]) if sites else np.array([0.0])
    width = comparison.options.bin_minutes
    first, last = float(starts.min()), float(starts.max()) + width
    document: dict[str, Any] = {
        "id": "document",
        "name": "交通量 センサーと人手観測 Traffic counts, sensor and manual",
        "version": "1.0",
        "clock": {
            "interval": _span(first, last),
            "currentTime": time_of(first),
            "multiplier": 60.0 * width / _SECONDS_A_BIN,
            "range": "LOOP_STOP",
            "step": "SYSTEM_CLOCK_MULTIPLIER",
        },
    }
    largest = max((float(np.nanmax(one.sensor, initial=1.0)) for one in sites), default=1.0)
    packets = [_packet(one, places[one.key[0]], comparison, largest) for one in sites]
    return [document, *packets]


def _site(name: str, comparison: Comparison) -> JoinedSeries:
    """Return the sum of a site's directions; a bin that one lacks is missing."""
    parts = [one for one in comparison.joined.totals if one.key[0] == name]
    starts = np.unique(np.concatenate([one.start_min for one in parts]))
    sums = np.zeros((2, len(starts)))
    for one in parts:
        own = np.full_like(sums, np.nan)
        own[:, np.searchsorted(starts, one.start_min)] = one.sensor, one.manual
        sums += own
    return JoinedSeries((name, "", ""), starts, sums[0], sums[1], (sums[0], sums[1]))


def _packet(
    one: JoinedSeries, place: Place, comparison: Comparison, largest: float
) -> dict[str, Any]:
    width = comparison.options.bin_minutes
    name = one.key[0] or "センサー sensor"
    first, last = float(one.start_min[0]), float(one.start_min[-1]) + width
    on_ground = "CLAMP_TO_GROUND" if place.height_m is None else "NONE"
    return {
        "id": f"counts/{name}",
        "name": name,
        "availability": _span(first, last),
        "position": {
            "cartographicDegrees": [place.longitude, place.latitude, place.height_m or 0.0]
        },
        "properties": {
            "sensor": list(_texts(one, width, lambda s, _: _count(s))),
            "manual": list(_texts(one, width, lambda _, m: _count(m))),
        },
        "point": {
            "pixelSize": list(_sizes(one, width, largest)),
            "color": list(_colours(one, comparison)),
            "outlineColor": {"rgba": [255, 255, 255, 255]},
            "outlineWidth": 2,
            "heightReference": on_ground,
            "disableDepthTestDistance": 1e9,
        },
        "label": {
            "text": list(
                _texts(one, width, lambda s, m: f"{name}\nセンサー {_count(s)}　人手 {_count(m)}")
            ),
            "font": "14px 'Noto Sans JP', 'Noto Sans CJK JP', sans-serif",
            "fillColor": {"rgba": [23, 34, 45, 255]},
            "showBackground": True,
            "backgroundColor": {"rgba": [255, 255, 255, 220]},
            "verticalOrigin": "BOTTOM",
            "pixelOffset": {"cartesian2": [0, -24]},
            "heightReference": on_ground,
            "disableDepthTestDistance": 1e9,
        },
    }


def _texts(one: JoinedSeries, width: int, tell: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Yield texts by interval, equal ones that follow each other as one."""
    told = [tell(s, m) for s, m in zip(one.sensor, one.manual, strict=True)]
    for first, last, text in _runs(one.start_min, told, width):
        yield {"interval": _span(first, last), "string": text}


def _sizes(one: JoinedSeries, width: int, largest: float) -> Iterator[dict[str, Any]]:
    sizes = [
        round(_LEAST_PX + (_MOST_PX - _LEAST_PX) * float(np.sqrt(s / largest)), 1)
        if np.isfinite(s)
        else _LEAST_PX
        for s in one.sensor
    ]
    for first, last, size in _runs(one.start_min, sizes, width):
        yield {"interval": _span(first, last), "number": size}


def _colours(one: JoinedSeries, comparison: Comparison) -> Iterator[dict[str, Any]]:
    options = comparison.options
    matched = one.pairs(0)
    hours: Pairs = hours_of(matched, options.bin_minutes)
    by_hour = dict(
        zip(hours.start_min.tolist(), geh(hours.sensor, hours.manual).tolist(), strict=True)
    )
    phase = one.start_min % options.bin_minutes
    of_bin = [by_hour.get(m) for m in (60 * ((one.start_min - phase) // 60) + phase).tolist()]
    colours = [_colour(value, options.geh_limit) for value in of_bin]
    for first, last, rgba in _runs(one.start_min, colours, options.bin_minutes):
        yield {"interval": _span(first, last), "rgba": rgba}


def _colour(value: float | None, limit: float) -> list[int]:
    if value is None:
        return NO_DATA
    return GOOD if value < limit else DOUBTFUL if value < 2 * limit else BAD


def _runs(starts: Any, values: list[Any], width: int) -> Iterator[tuple[float, float, Any]]:  # noqa: ANN401
    """Yield beginning, end and value of stretches of bins with the same value."""
    begin = 0
    for i in range(1, len(values) + 1):
        ended = i == len(values) or values[i] != values[begin]
        if ended or starts[i] != starts[i - 1] + width:
            yield float(starts[begin]), float(starts[i - 1]) + width, values[begin]
            begin = i


def _count(value: float) -> str:
    return f"{value:.0f}" if np.isfinite(value) else "欠測 no data"


def _span(first: float, last: float) -> str:
    return f"{time_of(first)}/{time_of(last)}"
