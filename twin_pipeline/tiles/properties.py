"""What a point carries beside place and colour, as vertices hold it and read back from them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.tiles.colours import ColourCode
from twin_pipeline.tiles.pointset import COLOURS, Records

Columns = dict[str, npt.NDArray[Any]]

TIME, TIME_REST, CODES = "gps_time", "gps_time_rest", "rgb_code"


def vertex_columns(attributes: Records, code: ColourCode, time_base_s: float) -> Columns:
    """Return (N, W) arrays by property name, of types that vertices may have.

    Vertices can't hold 64-bit floats: a time becomes its distance from the base as a 32-bit float,
    with what that leaves out as two more; their sum is exact. Colours of 16 bits are kept beside
    the linear light, whose 16 bits are too few for dark ones.
    """
    columns: Columns = {}
    names = attributes.dtype.names or ()
    for name in names:
        if name == TIME:
            columns |= _times(attributes[name] - time_base_s)
        elif name not in COLOURS:
            columns[name] = attributes[name][:, None]
    if COLOURS[0] in names and not code.exact_in_vertices:
        columns[CODES] = np.stack([attributes[name] for name in COLOURS], axis=1)
    return columns


def batch_columns(attributes: Records, code: ColourCode) -> Columns:
    """Return (N, W) arrays by property name, of types that `pnts` may have, 64-bit floats too."""
    names = [name for name in attributes.dtype.names or () if name not in COLOURS]
    columns: Columns = {name: attributes[name][:, None] for name in names}
    if COLOURS[0] in (attributes.dtype.names or ()) and not code.exact_in_vertices:
        columns[CODES] = np.stack([attributes[name] for name in COLOURS], axis=1)
    return columns


def file_columns(columns: Mapping[str, npt.NDArray[Any]], time_base_s: float) -> Columns:
    """Return (N,) arrays by LAS name, as the scan has them, from `vertex_columns`."""
    held: Columns = {}
    for name, values in columns.items():
        if name == TIME:
            rest = columns[TIME_REST].astype(np.float64)
            held[name] = time_base_s + (values[:, 0] + (rest[:, 0] + rest[:, 1]))
        elif name == CODES:
            held |= {colour: values[:, n] for n, colour in enumerate(COLOURS)}
        elif name != TIME_REST:
            held[name] = values[:, 0]
    return held


def time_base(ranges: Mapping[str, tuple[float, float]]) -> float:
    """Return what is taken off times: a whole number, and zero where that would round them."""
    least, _ = ranges.get(TIME, (0.0, 0.0))
    return float(np.floor(max(least, 0.0)))


def stored_ranges(
    ranges: Mapping[str, tuple[float, float]], time_base_s: float
) -> dict[str, tuple[float, float]]:
    """Return the ranges of those properties that vertices hold as one number."""
    stored = {name: pair for name, pair in ranges.items() if name not in COLOURS}
    if TIME in stored:
        least, most = (float(np.float32(value - time_base_s)) for value in stored[TIME])
        stored[TIME] = (least, most)
    return stored


def _times(elapsed_s: npt.NDArray[np.float64]) -> Columns:
    first = elapsed_s.astype(np.float32)
    second = (elapsed_s - first).astype(np.float32)
    third = (elapsed_s - first - second).astype(np.float32)
    return {TIME: first[:, None], TIME_REST: np.stack((second, third), axis=1)}
