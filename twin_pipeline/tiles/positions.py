"""Coordinates as glTF holds them: few bits around a place of their own, y up."""

from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.model import FloatArray

GRID = "grid"
"""In a node's extras: the grid coordinates of position zero, see `grid_of`."""

GRID_WORDS = ("_GRID_LOW", "_GRID_HIGH")
"""Vertex attributes of tiles with floating positions: 16 bits each of the grid coordinates."""


def y_up(xyz: FloatArray) -> npt.NDArray[np.float32]:
    """Return (N, 3) z-up vectors as glTF's y-up ones: (x, z, -y); CesiumJS turns them back."""
    return np.stack((xyz[:, 0], xyz[:, 2], -xyz[:, 1]), axis=1).astype(np.float32)


def quantized(
    ijk: npt.NDArray[np.int32], centre: npt.NDArray[np.int64], unit_m: float
) -> tuple[npt.NDArray[np.uint16], dict[str, Any]]:
    """Return grid coordinates as whole numbers of units, and the node that places them.

    Parameters
    ----------
    ijk
        (N, 3) int32, grid units, spanning less than 65,536 units along each axis.
    centre
        (3,) int64, grid units, where the tile's frame has its zero.
    unit_m
        Grid unit in metres.
    """
    low, high = (bound.astype(np.int64) for bound in bounds_of(ijk))
    values = np.empty(ijk.shape, np.uint16)
    np.subtract(ijk[:, 0], low[0], out=values[:, 0], casting="unsafe")
    np.subtract(ijk[:, 2], low[2], out=values[:, 1], casting="unsafe")
    np.subtract(high[1], ijk[:, 1], out=values[:, 2], casting="unsafe")
    zero = np.array([low[0], high[1], low[2]])
    corner = np.array([low[0] - centre[0], low[2] - centre[2], centre[1] - high[1]])
    node = {
        "translation": (corner * unit_m).tolist(),
        "scale": [unit_m] * 3,
        "extras": {GRID: zero.tolist()},
    }
    return values, node


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


def centred(xyz: FloatArray) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Return (N, 3) metres as 32-bit floats around their middle, and the node that places them."""
    middle = np.mean(bounds_of(xyz), axis=0)
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
