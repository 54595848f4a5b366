"""How the point formats 0 to 10 lay out a record, by ASPRS LAS 1.4 R15.

A table of our own: to load laspy, and what it loads for reading over the network, takes longer
than reading a header.
"""

import functools
from typing import Any

import numpy as np

_PLACE = [("X", "<i4"), ("Y", "<i4"), ("Z", "<i4"), ("intensity", "<u2"), ("bit_fields", "u1")]
_FIRST = [
    *_PLACE,
    ("raw_classification", "u1"),
    ("scan_angle_rank", "i1"),
    ("user_data", "u1"),
    ("point_source_id", "<u2"),
]
_EXTENDED = [
    *_PLACE,
    ("classification_flags", "u1"),
    ("classification", "u1"),
    ("user_data", "u1"),
    ("scan_angle", "<i2"),
    ("point_source_id", "<u2"),
    ("gps_time", "<f8"),
]
_TIME = [("gps_time", "<f8")]
_COLOUR = [("red", "<u2"), ("green", "<u2"), ("blue", "<u2")]
_INFRARED = [("nir", "<u2")]
_WAVE = [
    ("wavepacket_index", "u1"),
    ("wavepacket_offset", "<u8"),
    ("wavepacket_size", "<u4"),
    ("return_point_wave_location", "<f4"),
    ("x_t", "<f4"),
    ("y_t", "<f4"),
    ("z_t", "<f4"),
]

FIRST_EXTENDED = 6
"""From this format on a return and a class have more bits."""

_FORMATS = (
    _FIRST,
    [*_FIRST, *_TIME],
    [*_FIRST, *_COLOUR],
    [*_FIRST, *_TIME, *_COLOUR],
    [*_FIRST, *_TIME, *_WAVE],
    [*_FIRST, *_TIME, *_COLOUR, *_WAVE],
    _EXTENDED,
    [*_EXTENDED, *_COLOUR],
    [*_EXTENDED, *_COLOUR, *_INFRARED],
    [*_EXTENDED, *_WAVE],
    [*_EXTENDED, *_COLOUR, *_INFRARED, *_WAVE],
)

_RETURNS = ("return_number", "number_of_returns")
_FLIGHT = ("scan_direction_flag", "edge_of_flight_line")
_FLAGS = ("synthetic", "key_point", "withheld")


@functools.cache
def record_layout(point_format: int) -> np.dtype[Any]:
    """Return the record of a point format, 0 to 10, without extra bytes."""
    return np.dtype(_FORMATS[point_format])


def dimension_names(point_format: int) -> tuple[str, ...]:
    """Return the dimensions of a point format, those that share a byte one by one."""
    parts: dict[str, tuple[str, ...]]
    if point_format < FIRST_EXTENDED:
        parts = {"bit_fields": (*_RETURNS, *_FLIGHT)}
        parts["raw_classification"] = ("classification", *_FLAGS)
    else:
        parts = {"bit_fields": _RETURNS}
        parts["classification_flags"] = (*_FLAGS, "overlap", "scanner_channel", *_FLIGHT)
    fields = [name for name, _ in _FORMATS[point_format]]
    return tuple(part for name in fields for part in parts.get(name, (name,)))
