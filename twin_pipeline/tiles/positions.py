"""Coordinates as glTF holds them: few bits around a place of their own, y up."""

from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.model import FloatArray


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
    low, high = bounds_of(ijk)
    values = np.stack((ijk[:, 0] - low[0], ijk[:, 2] - low[2], high[1] - ijk[:, 1]), axis=1)
    corner = np.array([low[0] - centre[0], low[2] - centre[2], centre[1] - high[1]])
    node = {"translation": (corner * unit_m).tolist(), "scale": [unit_m] * 3}
    return values.astype(np.uint16), node


def floating(xyz: FloatArray) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Return (N, 3) metres as 32-bit floats around their middle, and the node that places them."""
    middle = np.mean(bounds_of(xyz), axis=0)
    return y_up(xyz - middle), {"translation": [middle[0], middle[2], -middle[1]]}
