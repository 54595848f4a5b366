"""Undulations of a geoid at the nodes of a regular grid."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin_pipeline.model import FloatArray, frozen

Undulation = Callable[[FloatArray, FloatArray], FloatArray]
"""(N,) longitudes and latitudes (deg) to (N,) metres; NaN where the model has no value."""

LARGEST_GRID = 500_000_000
_LARGEST_UNDULATION_M = 200.0
_FULL_CIRCLE_DEG = 360.0
# Of a cell: origins and steps are written with some digits only.
_SLACK = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Undulations at the nodes of a regular grid."""

    south_deg: float
    west_deg: float
    step_lat_deg: float
    step_lon_deg: float
    values: npt.NDArray[np.floating]
    """(rows, columns) metres, rows from south to north; NaN where there is none."""

    def undulation_m(self, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        """Interpolate bilinearly, (N,) metres; NaN outside and beside empty nodes."""
        rows, columns = self.values.shape
        row = (np.asarray(lat_deg) - self.south_deg) / self.step_lat_deg
        # A world grid may begin at 0 or at -180 degrees, and end a step before it comes round.
        slack = _SLACK * self.step_lon_deg
        east = np.mod(np.asarray(lon_deg) - self.west_deg + slack, _FULL_CIRCLE_DEG) - slack
        column = east / self.step_lon_deg
        last = columns if self._comes_round() else columns - 1
        outside = ~((row >= -_SLACK) & (row <= rows - 1 + _SLACK) & (column <= last + _SLACK))
        row, column = (np.where(outside, 0.0, index) for index in (row, column))
        row, column = np.clip(row, 0, rows - 1), np.clip(column, 0, last)
        i = np.minimum(row.astype(np.int64), rows - 2)
        j = np.minimum(column.astype(np.int64), last - 1)
        up, right, after = row - i, column - j, (j + 1) % columns
        values = self.values
        lower = values[i, j] * (1 - right) + values[i, after] * right
        upper = values[i + 1, j] * (1 - right) + values[i + 1, after] * right
        return np.where(outside, np.nan, lower * (1 - up) + upper * up)

    def _comes_round(self) -> bool:
        columns = self.values.shape[1]
        return abs(columns * self.step_lon_deg - _FULL_CIRCLE_DEG) < _SLACK * self.step_lon_deg


def grid_of(
    south_deg: float, west_deg: float, steps_deg: tuple[float, float], values: npt.ArrayLike
) -> Grid:
    """Return a grid from its south-western node, steps (latitude, longitude) and (rows, columns).

    Raises
    ------
    ValueError
        When that is none on earth, or its values are none of a geoid in metres.
    """
    nodes = frozen(values, np.float32)
    on_earth = (
        min(steps_deg) > 0.0
        and min(nodes.shape) >= 2
        and -90.0 - steps_deg[0] <= south_deg
        and south_deg + (nodes.shape[0] - 1) * steps_deg[0] <= 90.0 + steps_deg[0]
        and abs(west_deg) <= _FULL_CIRCLE_DEG
        and (nodes.shape[1] - 2) * steps_deg[1] <= _FULL_CIRCLE_DEG
    )
    if not on_earth:
        raise ValueError(f"its grid from {south_deg}, {west_deg} in steps of {steps_deg} is none")
    largest = float(np.nanmax(np.abs(nodes), initial=0.0))
    if not 0.0 < largest < _LARGEST_UNDULATION_M:
        raise ValueError(f"undulations of {largest:g} m are none of a geoid in metres")
    return Grid(south_deg, west_deg, *steps_deg, nodes)
