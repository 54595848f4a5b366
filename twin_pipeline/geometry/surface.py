"""The finished ground beside an excavation and the excavation's outline."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import scipy
import shapely

from twin_pipeline.kernels import ordering, plane
from twin_pipeline.model import BoolArray, FloatArray, IntArray

_PER_OCTANT, _FEW_PER_OCTANT = 40, 12
_REACH_M = 3.5
_FAR_M = 10.0
_UNSURE_M = 0.005
_CURVE_M = 2000.0
"""Radius at which streets curve in height: at least 450 m for 40 km/h, mostly far more."""
_ROBUST_SCALE_M = 0.015
_MOST_TILT = 0.015
"""By which a plane over a trench may slope more than the pavement on both its sides does. Of a
crown the sides tilt against each other; drift between two walks makes less of it."""
_PAVEMENT_M = 0.03

Word = TypeVar("Word", bound=np.generic)


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
        at the point asked for. The nearest alone would follow a plank that lies at the edge. Where
        that has to be carried far, pavement up to 10 m off, as at the other end, holds it better;
        where there is none within 3.5 m, only what lies between such pavements is told.

        Parameters
        ----------
        xy : (S, 2) float64, metres, local frame.

        Returns
        -------
        elevation, std : (S,) float64, metres; NaN where no pavement is near.
        """
        elevation, std = self.carried_to(xy)
        unheld = self._off(xy) > _REACH_M
        unheld[unheld] = ~self._amid(xy[unheld], _FAR_M)
        elevation[unheld] = std[unheld] = np.nan
        return elevation, std

    def carried_to(self, xy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what `elevation_at` does, also up to 10 m beyond where the pavement ends."""
        elevation, std = self._planes_at(xy, _REACH_M, _PER_OCTANT, most_tilt=_MOST_TILT)
        unsure = np.flatnonzero(~(std <= _UNSURE_M))
        # amid pavements what is unsure is which of their levels goes on
        unsure = unsure[~self._amid(xy[unsure], _REACH_M)]
        if len(unsure):
            far, far_std = self._planes_at(xy[unsure], _FAR_M, _PER_OCTANT, most_tilt=_MOST_TILT)
            far_std = np.hypot(far_std, 0.5 * self._off(xy[unsure]) ** 2 / _CURVE_M)
            better = ~(std[unsure] <= far_std)
            elevation[unsure[better]], std[unsure[better]] = far[better], far_std[better]
        return elevation, np.hypot(std, self.std_floor_m)

    def _off(self, xy: FloatArray) -> FloatArray:
        """Return how far points (S, 2) are from any pavement, metres; infinite without one."""
        if len(self.patches) == 0:
            return np.full(len(xy), np.inf)
        distance, _ = scipy.spatial.cKDTree(self.patches[:, :2]).query(xy)
        return np.asarray(distance)

    def _amid(self, xy: FloatArray, reach_m: float) -> BoolArray:
        """Tell which points (S, 2) lie between pavements, none of them farther off."""
        amid = np.zeros(len(xy), bool)
        if len(xy) and len(self.patches):
            near = scipy.spatial.cKDTree(self.patches[:, :2]).query_ball_point(xy, reach_m)
            hulls = [shapely.MultiPoint(self.patches[own, :2]).convex_hull for own in near]
            amid = shapely.contains_xy(np.array(hulls), xy[:, 0], xy[:, 1])
        return amid

    def roughly_at(self, xy: FloatArray) -> FloatArray:
        """Return elevations (S,) that are good enough to tell an excavation from what is around.

        Where no pavement is near, as in the shadow of what stands beside the trench, they come
        from what is farther off, up to 10 m.
        """
        elevation, _ = self._planes_at(xy, _REACH_M, _FEW_PER_OCTANT)
        unknown = np.isnan(elevation)
        elevation[unknown], _ = self._planes_at(xy[unknown], _FAR_M, _FEW_PER_OCTANT)
        return elevation

    def _planes_at(
        self, xy: FloatArray, reach_m: float, per_octant: int, *, most_tilt: float = np.inf
    ) -> tuple[FloatArray, FloatArray]:
        elevation, std = np.full(len(xy), np.nan), np.full(len(xy), np.nan)
        for asked, near in _by_tiles(xy, self.patches[:, :2], reach_m):
            places, patches = np.ascontiguousarray(xy[asked]), self.patches[near]
            neighbours, first = plane.neighbours_within(places, patches, reach_m)
            elevation[asked], std[asked] = plane.planes_at(
                places, patches, neighbours, first, per_octant, _ROBUST_SCALE_M, most_tilt
            )
        return elevation, std


def _by_tiles(
    xy: FloatArray, patches: FloatArray, reach_m: float
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield points (S, 2) that lie in one tile and the patches (G, 2) within reach, both rising."""
    if min(len(xy), len(patches)) == 0:
        return
    lower = np.minimum(xy.min(axis=0), patches.min(axis=0)) - reach_m
    rows = int((max(xy[:, 1].max(), patches[:, 1].max()) - lower[1]) / reach_m) + 2
    asked, held = (((at - lower) / reach_m).astype(np.int64) @ (rows, 1) for at in (xy, patches))
    order = np.argsort(held, kind="stable")
    in_order = held[order]
    for tile in np.unique(asked):
        columns = tile + rows * np.arange(-1, 2)
        begin, end = np.searchsorted(in_order, columns - 1), np.searchsorted(in_order, columns + 2)
        near = np.concatenate([order[a:b] for a, b in zip(begin, end, strict=True)])
        yield np.flatnonzero(asked == tile), np.sort(near)


@dataclass(frozen=True, slots=True, eq=False)
class Excavation:
    """Where the points of a pyramid lie. N = its points, M = voxels, in its order."""

    xyz: FloatArray
    """(N, 3) metres, local frame."""
    starts: IntArray
    """(M + 1,) first point of each voxel."""
    elevation_m: FloatArray
    """(M,) of the pavement, carried on to there, local frame; NaN where none is near."""
    inside_voxel: BoolArray
    """(M,) whether within half a metre of the excavation's outline."""

    @property
    def depth_m(self) -> FloatArray:
        """(N,) below the pavement, metres; NaN where none is near."""
        return self._depth_m(0, len(self.xyz))

    @property
    def inside(self) -> BoolArray:
        """(N,) whether within half a metre of the excavation's outline."""
        return self._of_points(self.inside_voxel, 0, len(self.xyz))

    def on_pavement(self, first: int, last: int) -> BoolArray:
        """Return whether points, from the first to before the last, lie on the pavement."""
        anywhere = np.ones(len(self.elevation_m), bool)
        below = np.nextafter(-_PAVEMENT_M, -1.0)
        return self._by_depth(anywhere, below, _PAVEMENT_M, first, last)

    def dug(self, first: int, last: int) -> BoolArray:
        """Return whether they lie in the excavation, below the pavement."""
        return self._by_depth(self.inside_voxel, _PAVEMENT_M, np.inf, first, last)

    def _by_depth(
        self, allowed: BoolArray, least_m: float, most_m: float, first: int, last: int
    ) -> BoolArray:
        told: BoolArray = ordering.by_depth(
            self.xyz, self.starts, self.elevation_m, allowed, least_m, most_m, first, last
        )
        return told

    def _depth_m(self, first: int, last: int) -> FloatArray:
        return self._of_points(self.elevation_m, first, last) - self.xyz[first:last, 2]

    def _of_points(self, values: npt.NDArray[Word], first: int, last: int) -> npt.NDArray[Word]:
        """Return the value (M,) of the voxel of each point."""
        begin = int(np.searchsorted(self.starts, first, side="right")) - 1
        end = int(np.searchsorted(self.starts, last))
        edges = np.clip(self.starts[begin : end + 1], first, last)
        return np.repeat(values[begin:end], np.diff(edges))
