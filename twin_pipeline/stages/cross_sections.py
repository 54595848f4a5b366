"""Cut thin slices of points across a pipe, few enough to be kept and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry import polyline
from twin_pipeline.kernels import slabs as kernel
from twin_pipeline.model import (
    CrossSection,
    FloatArray,
    IntArray,
    Pipe,
    PointCloud,
    Stations,
)

_BELOW_M = 0.3
"""How far below the pipe, and above the ground, points are kept."""
_STEEP = 0.5
"""Cosine of a pipe's slope below which a vertical plane across it shows no section."""
_RATHER = 0.55
"""Of the distance between sections: how much further off a seen station may be."""
_FIRST_CELL_M = 0.002
_NEAR = 2.0
"""Outer diameters round the axis within which half of the points are kept."""


class CrossSectionsOptions(BaseModel):
    """Section `cross_sections`: slices of points for the cross-sections of the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most: int = Field(9, ge=0, description="cross-sections a pipe, spread over its stations")
    thickness_m: float = Field(0.05, gt=0.0, description="thickness of a slice, metres")
    half_width_m: float = Field(
        1.2, gt=0.0, description="how far a slice reaches to either side of the pipe, metres"
    )
    most_points: int = Field(800, ge=0, description="points kept of a slice")


def cut_cross_sections(
    cloud: PointCloud, pipe: Pipe, options: CrossSectionsOptions
) -> tuple[CrossSection, ...]:
    """Return slices at stations spread evenly over a pipe, in vertical planes across it.

    Stations where the pipe is steep have none; a slice without points stays, to show that nothing
    was seen there.
    """
    stations = pipe.stations
    count = min(options.most, len(stations))
    if count == 0:
        return ()
    chosen = _spread(stations, pipe.length_m, count)
    span_m = max(pipe.outer_diameter_m, 0.1)
    directions = polyline.directions(pipe.centreline, span_m)
    at = polyline.along(pipe.centreline, directions, stations.chainage_m[chosen])
    flat = np.linalg.norm(at[:, :2], axis=1) >= _STEEP * np.linalg.norm(at, axis=1)
    slabs = [
        _Slab(int(i), direction[:2] / np.linalg.norm(direction[:2]))
        for i, direction in zip(chosen[flat], at[flat], strict=True)
    ]
    members = _members(cloud, pipe, slabs, options)
    return tuple(
        CrossSection(
            float(stations.chainage_m[slab.station]), _slice(cloud, pipe, slab, near, options)
        )
        for slab, near in zip(slabs, members, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Slab:
    """A vertical plane across a pipe."""

    station: int
    along: FloatArray
    """(2,) unit vector of the pipe's direction in plan."""


def _spread(stations: Stations, length_m: float, count: int) -> IntArray:
    """Return stations spread evenly, away from the ends; seen ones where there is a choice."""
    wanted = (np.arange(count) + 0.5) / count * length_m
    away = np.abs(stations.chainage_m[:, None] - wanted)
    away[~stations.observed] += _RATHER * length_m / count
    return np.unique(away.argmin(axis=0))


def _members(
    cloud: PointCloud, pipe: Pipe, slabs: Sequence[_Slab], options: CrossSectionsOptions
) -> list[IntArray]:
    """Return which points lie in each slab."""
    if not slabs:
        return []
    centres = [pipe.stations.centre[slab.station, :2] - cloud.origin[:2] for slab in slabs]
    along = np.array([slab.along for slab in slabs])
    index, slab = kernel.within_slabs(cloud.xyz, np.array(centres), along, options.thickness_m / 2)
    return [index[slab == number] for number in range(len(slabs))]


def _slice(
    cloud: PointCloud, pipe: Pipe, slab: _Slab, near: IntArray, options: CrossSectionsOptions
) -> FloatArray:
    """Return (N, 2): to the right of the pipe's direction, and elevation."""
    stations = pipe.stations
    centre = stations.centre[slab.station]
    ground_z = stations.ground_z_m[slab.station]
    top = ground_z if np.isfinite(ground_z) else stations.crown_z_m[slab.station]
    points = cloud.xyz[near] + cloud.origin
    right = (points[:, :2] - centre[:2]) @ np.array([slab.along[1], -slab.along[0]])
    low, high = centre[2] - pipe.outer_diameter_m / 2 - _BELOW_M, top + _BELOW_M
    inside = (np.abs(right) <= options.half_width_m) & (points[:, 2] > low) & (points[:, 2] < high)
    section = np.column_stack((right, points[:, 2]))[inside]
    reach = _NEAR * pipe.outer_diameter_m / 2
    close = np.hypot(section[:, 0], section[:, 1] - centre[2]) <= reach
    half = options.most_points // 2
    kept = (_thinned(section[close], half), _thinned(section[~close], options.most_points - half))
    return np.asarray(np.round(np.concatenate(kept), 3), dtype=np.float64)


def _thinned(points: FloatArray, most: int) -> FloatArray:
    """Return at most so many points (N, 2), one a cell of the finest grid that is coarse enough."""
    if most == 0:
        return points[:0]
    if len(points) <= most:
        return points
    cell = _FIRST_CELL_M
    while len(kept := kernel.first_in_cells(points, cell, most)) > most:
        cell *= 1.25
    return points[kept]
