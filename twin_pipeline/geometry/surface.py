"""The finished ground beside an excavation and the excavation's outline."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.kernels import plane
from twin_pipeline.model import BoolArray, FloatArray

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
        places = np.ascontiguousarray(xy)
        neighbours, first = plane.neighbours_within(places, self.patches, _REACH_M)
        elevation, std = plane.planes_at(
            places, self.patches, neighbours, first, _PER_OCTANT, _ROBUST_SCALE_M
        )
        return elevation, np.hypot(std, self.std_floor_m)


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
