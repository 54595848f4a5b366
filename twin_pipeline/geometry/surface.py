"""The finished ground beside an excavation and the excavation's outline."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin_pipeline.kernels import plane
from twin_pipeline.model import BoolArray, FloatArray, IntArray

_PER_OCTANT = 40
_REACH_M = 3.5
_ROBUST_SCALE_M = 0.015
_PAVEMENT_M = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Pavement around a trench, local frame, metres."""

    patches: FloatArray
    """(G, 3) mean points of small pieces of pavement, rising."""
    std_floor_m: float
    """Systematic part of an elevation's standard deviation."""
    outlines: tuple[FloatArray, ...]
    """Rings (K, 2) around the places dug below the pavement."""

    def __post_init__(self) -> None:
        in_order = np.lexsort(self.patches.T)
        object.__setattr__(self, "patches", np.ascontiguousarray(self.patches[in_order]))

    def elevation_at(self, xy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Carry the pavement over the trench.

        A plane is fitted robustly to the pavement within 3.5 m, evenly all around, and evaluated
        at the point asked for. The nearest alone would follow a plank that lies at the edge.

        Parameters
        ----------
        xy : (S, 2) float64, metres, local frame.

        Returns
        -------
        elevation, std : (S,) float64, metres; NaN where no pavement is near.
        """
        elevation, std = np.full(len(xy), np.nan), np.full(len(xy), np.nan)
        for asked, near in _by_tiles(xy, self.patches[:, :2]):
            places, patches = np.ascontiguousarray(xy[asked]), self.patches[near]
            neighbours, first = plane.neighbours_within(places, patches, _REACH_M)
            elevation[asked], std[asked] = plane.planes_at(
                places, patches, neighbours, first, _PER_OCTANT, _ROBUST_SCALE_M
            )
        return elevation, np.hypot(std, self.std_floor_m)


def _by_tiles(xy: FloatArray, patches: FloatArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield points (S, 2) that lie in one tile and the patches (G, 2) within reach, both rising."""
    if min(len(xy), len(patches)) == 0:
        return
    lower = np.minimum(xy.min(axis=0), patches.min(axis=0)) - _REACH_M
    rows = int((max(xy[:, 1].max(), patches[:, 1].max()) - lower[1]) / _REACH_M) + 2
    asked, held = (((at - lower) / _REACH_M).astype(np.int64) @ (rows, 1) for at in (xy, patches))
    order = np.argsort(held, kind="stable")
    in_order = held[order]
    for tile in np.unique(asked):
        columns = tile + rows * np.arange(-1, 2)
        begin, end = np.searchsorted(in_order, columns - 1), np.searchsorted(in_order, columns + 2)
        near = np.concatenate([order[a:b] for a, b in zip(begin, end, strict=True)])
        yield np.flatnonzero(asked == tile), np.sort(near)


@dataclass(frozen=True, slots=True, eq=False)
class Excavation:
    """Where the points of a pyramid lie; arrays in its order."""

    depth_m: FloatArray
    """(N,) below the pavement, metres; NaN where none is near."""
    inside: BoolArray
    """(N,) whether within half a metre of the excavation's outline."""

    @property
    def on_pavement(self) -> BoolArray:
        """(N,) whether a point lies on the pavement."""
        return np.abs(self.depth_m) <= _PAVEMENT_M

    @property
    def dug(self) -> BoolArray:
        """(N,) whether a point lies in the excavation, below the pavement."""
        return self.inside & (self.depth_m > _PAVEMENT_M)
