"""Coordinates as glTF holds them: few bits around a place of their own, y up."""

from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.kernels import rows
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.glb import Bounds

Ends = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]

GRID = "grid"
"""In a node's extras: the grid coordinates of position zero, see `grid_of`."""

GRID_WORDS = ("_GRID_LOW", "_GRID_HIGH")
"""Vertex attributes of tiles with floating positions: 16 bits each of the grid coordinates."""


_Y_UP, _UP_OR_DOWN = np.array([0, 2, 1]), np.array([1, 1, -1])


def y_up(xyz: FloatArray) -> npt.NDArray[np.float32]:
    """Return (N, 3) z-up vectors as glTF's y-up ones: (x, z, -y); CesiumJS turns them back."""
    return np.stack((xyz[:, 0], xyz[:, 2], -xyz[:, 1]), axis=1).astype(np.float32)


def quantized(
    ijk: npt.NDArray[np.int32], ends: Ends, centre: npt.NDArray[np.int64], unit_m: float
) -> tuple[npt.NDArray[np.uint16], Bounds, dict[str, Any]]:
    """Return grid coordinates as whole numbers of units, and the node that places them.

    Parameters
    ----------
    ijk
        (N, 3) int32, grid units, spanning less than 65,536 units along each axis.
    ends
        (3,) their least and (3,) greatest.
    centre
        (3,) int64, grid units, where the tile's frame has its zero.
    unit_m
        Grid unit in metres.

    Returns
    -------
    (N, 4) uint16, y up, the last of them zero; the bounds of the others; the node.
    """
    low, high = (end.astype(np.int64) for end in ends)
    zero = np.array([low[0], high[1], low[2]])
    values = rows.counted(ijk, _Y_UP, zero[_Y_UP], _UP_OR_DOWN, 4)
    corner = np.array([low[0] - centre[0], low[2] - centre[2], centre[1] - high[1]])
    node = {
        "translation": (corner * unit_m).tolist(),
        "scale": [unit_m] * 3,
        "extras": {GRID: zero.tolist()},
    }
    bounds = np.zeros(3, np.uint16), (high - low)[_Y_UP].astype(np.uint16)
    return values, bounds, node


def floating(
    xyz: FloatArray, ijk: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.float32], dict[str, Any], dict[str, npt.NDArray[np.uint16]]]:
    """Return metres as 32-bit floats around their middle, the node that places them, and words.

    The words, `GRID_WORDS`, keep the (N, 3) grid coordinates that the floats would round.
    """
    place = centred(xyz)
    low = ijk.min(axis=0).astype(np.int64)
    node = {**place[1], "extras": {GRID: low.tolist()}}
    return place[0], node, grid_words(ijk, low)


def grid_words(
    ijk: npt.NDArray[np.int32], low: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.uint16]]:
    """Return grid coordinates (N, 3), counted from `low`, (3,), as words of 16 bits."""
    units = (ijk - low).astype(np.uint32)
    words = {GRID_WORDS[0]: units & 0xFFFF, GRID_WORDS[1]: units >> 16}
    return {name: part.astype(np.uint16) for name, part in words.items()}


def centred(xyz: FloatArray, step_m: float = 0.0) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Return (N, 3) metres as 32-bit floats around their middle, and the node that places them.

    Where they are multiples of a step, so are the floats.
    """
    middle = np.mean(bounds_of(xyz), axis=0)
    if step_m > 0:
        middle = np.rint(middle / step_m) * step_m
    return y_up(xyz - middle), {"translation": [middle[0], middle[2], -middle[1]]}


def grid_of(
    attributes: dict[str, npt.NDArray[Any]], zero: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the (N, 3) grid coordinates of a tile's vertices; the inverse of the above."""
    if GRID_WORDS[0] in attributes:
        low, high = (attributes[name].astype(np.int64) for name in GRID_WORDS)
        return zero + (high << 16 | low)
    x, y, z = attributes["POSITION"].astype(np.int64).T
    return np.stack((zero[0] + x, zero[1] - z, zero[2] + y), axis=1)
