"""The finished ground beside an excavation and the excavation's outline."""

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from twin_pipeline.model import FloatArray, IntArray

_PER_OCTANT = 40
_REACH_M = 3.5
_ROBUST_SCALE_M = 0.015


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Pavement around a trench, local frame, metres."""

    patches: FloatArray
    """(G, 3) mean points of small pieces of pavement."""
    std_floor_m: float
    """Systematic part of an elevation's standard deviation."""
    outlines: tuple[FloatArray, ...]
    """Rings (K, 2) around the places dug below the pavement."""
    _tree: cKDTree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tree", cKDTree(self.patches[:, :2]))

    def elevation_at(self, xy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Carry the pavement over the trench.

        A plane is fitted robustly to the pavement within 3.5 m, the nearest pieces that agree
        weighing most, and evaluated at the point asked for.

        Parameters
        ----------
        xy : (S, 2) float64, metres, local frame.

        Returns
        -------
        elevation, std : (S,) float64, metres; NaN where no pavement is near.
        """
        elevation = np.full(len(xy), np.nan)
        std = np.full(len(xy), np.nan)
        for i, point in enumerate(xy):
            near = self._patches_around(point)
            if near is not None:
                elevation[i], std[i] = _plane_at(self.patches[near], point)
        return elevation, np.hypot(std, self.std_floor_m)

    def _patches_around(self, point: FloatArray) -> IntArray | None:
        """Return patches near a point, evenly from each eighth of the horizon, near and far.

        The nearest alone would follow a plank or a plate that lies at the edge.
        """
        found = np.asarray(self._tree.query_ball_point(point, _REACH_M, return_sorted=True))
        if len(found) < 8:
            return None
        offset = self.patches[found, :2] - point
        octant = ((np.arctan2(offset[:, 1], offset[:, 0]) + np.pi) * (4.0 / np.pi)).astype(int) % 8
        order = np.argsort(np.hypot(offset[:, 0], offset[:, 1]), kind="stable")
        kept = []
        for o in range(8):
            own = order[octant[order] == o]
            kept.append(own[:: max(len(own) // _PER_OCTANT, 1)])
        return np.asarray(found[np.concatenate(kept)])


def _plane_at(patches: FloatArray, point: FloatArray) -> tuple[float, float]:
    """Return elevation and standard deviation of a robust plane at `point`."""
    offset = patches[:, :2] - point
    design = np.column_stack([np.ones(len(offset)), offset])
    distance = np.hypot(offset[:, 0], offset[:, 1])
    nearness = 1.0 / (1.0 + distance) ** 2
    weights = np.ones(len(offset))
    solution = np.zeros(3)
    for iteration in range(12):
        normal = design.T @ (weights[:, None] * design) + np.diag([0.0, 1e-6, 1e-6])
        solution = np.linalg.solve(normal, design.T @ (weights * patches[:, 2]))
        residual = patches[:, 2] - design @ solution
        if iteration < 6:
            # absolute deviations first: a heap or plank on one side must not tilt the start
            weights = 1.0 / np.maximum(np.abs(residual), 0.003)
        else:
            scale = max(4.0 * 1.4826 * float(np.median(np.abs(residual))), _ROBUST_SCALE_M)
            weights = nearness * np.maximum(1.0 - (residual / scale) ** 2, 0.0) ** 2
    used = weights > 0.0
    variance = float(np.sum(weights * residual**2) / max(np.sum(weights), 1e-12))
    normal = design.T @ (weights[:, None] * design) + np.diag([0.0, 1e-9, 1e-9])
    inverse = np.linalg.inv(normal)
    # pieces of pavement share their errors (texture, slope changes): count a tenth of them
    share = float(np.sum(weights)) * 10.0 / max(int(used.sum()), 1)
    return float(solution[0]), float(np.sqrt(max(variance * inverse[0, 0] * share, 0.0)))
