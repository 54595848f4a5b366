"""国土基本図図郭: the map sheets, 1.5 km by 2 km, that PLATEAU files are named after."""

import math
from collections import defaultdict
from itertools import pairwise

import numpy as np

from twin_pipeline.model import FloatArray

_NORTH_EDGE_M, _WEST_EDGE_M = 300_000.0, -160_000.0
"""X and Y of the north-west corner of a zone's sheets."""
_HEIGHT_M, _WIDTH_M = 1_500.0, 2_000.0
"""Of a sheet of level 2500; 20 by 20 of them fill a sheet of level 50000."""


def sheet_code(zone: int, easting_m: float, northing_m: float) -> str:
    """Return the code of the sheet of level 2500 that holds a point, e.g. 09LD283.

    Notes
    -----
    Zone; row from north and column from west, as letters, of the sheet of 30 km by 40 km; row
    and column, as digits, of the tenth part of it; quarter (1 NW, 2 NE, 3 SW, 4 SE) of that.
    作業規程の準則 付録 (公共測量標準図式), 図郭割.
    """
    south = math.floor((_NORTH_EDGE_M - northing_m) / _HEIGHT_M)
    east = math.floor((easting_m - _WEST_EDGE_M) / _WIDTH_M)
    row, south = divmod(south, 20)
    column, east = divmod(east, 20)
    quarter = 1 + 2 * (south % 2) + east % 2
    letters = chr(ord("A") + row) + chr(ord("A") + column)
    return f"{zone:02d}{letters}{south // 2}{east // 2}{quarter}"


def in_sheets(northing_m: float, easting_m: float) -> bool:
    """Tell whether a zone's sheets reach a place: 300 km to north and south, 160 to the sides."""
    return abs(northing_m) < _NORTH_EDGE_M and abs(easting_m) < -_WEST_EDGE_M


def sheet_of(zone: int, line: FloatArray) -> str:
    """Return the sheet that holds most of a line (K, 2+), easting first.

    Objects are not cut at sheet edges. Shares are compared to two decimals, and where they are
    equal the sheet further north, then further west, has it.
    """
    shares: dict[str, float] = defaultdict(float)
    corners: dict[str, tuple[float, float]] = {}
    for start, end in pairwise(_cut(line[:, :2])):
        middle = (start + end) / 2
        code = sheet_code(zone, float(middle[0]), float(middle[1]))
        shares[code] += float(np.linalg.norm(end - start))
        corners[code] = (
            math.floor((_NORTH_EDGE_M - middle[1]) / _HEIGHT_M),
            math.floor((middle[0] - _WEST_EDGE_M) / _WIDTH_M),
        )
    total = sum(shares.values())
    if not total:
        return sheet_code(zone, float(line[0, 0]), float(line[0, 1]))
    return min(shares, key=lambda code: (-round(shares[code] / total, 2), corners[code]))


def _cut(line: FloatArray) -> FloatArray:
    """Return the line with a vertex wherever it crosses a sheet's edge."""
    origin, size = np.array([_WEST_EDGE_M, _NORTH_EDGE_M]), np.array([_WIDTH_M, -_HEIGHT_M])
    pieces = [line[:1]]
    for start, end in pairwise(line):
        a, b = (start - origin) / size, (end - origin) / size
        shares = [
            (edge - a[axis]) / (b[axis] - a[axis])
            for axis in (0, 1)
            for edge in range(
                math.ceil(min(a[axis], b[axis])), math.floor(max(a[axis], b[axis])) + 1
            )
            if a[axis] != b[axis]
        ]
        pieces += [(start + share * (end - start))[None] for share in sorted(shares)]
        pieces.append(end[None])
    return np.concatenate(pieces)
