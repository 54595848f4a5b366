"""Normals of a thinly covered run's points, from patches that are long along it.

Around a pipe a patch must be small, along it hardly: what no round patch holds enough points for,
one eight times as long as wide does.
"""

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.kernels.adjust import tube
from twin_pipeline.kernels.adjust.patches import section_moments
from twin_pipeline.model import FloatArray, IntArray

_LONGER = 8.0
_REACH = 0.6
"""Half of a patch's width, in radii of the tube."""
_ENOUGH, _SAMPLE = 40, 200
"""Points of a patch that tell its normal, and of how many points' patches their number is told."""


def long_patch_normals(
    points: FloatArray, axis: FloatArray, near: IntArray, radius_m: float
) -> FloatArray:
    """Return normals (N, 3) of points (N, 3), of either sign, square to the axis.

    Parameters
    ----------
    axis
        (K, 3) nodes of the run, metres, local frame as the points.
    near
        (N,) the node near each point.
    radius_m
        Of the tube, metres.
    """
    tangent, u, v = tube.lateral_frames(axis)
    offset = points - axis[near]
    along = polyline.chainage(axis)[near] + np.einsum("ij,ij->i", offset, tangent[near])
    across = np.column_stack([np.einsum("ij,ij->i", offset, side[near]) for side in (u, v)])
    places = np.column_stack([along / _LONGER, across])
    in_order = np.ascontiguousarray(places[np.argsort(along, kind="stable")].T)
    reach = _REACH * radius_m
    every = _spare(places, in_order, reach)
    n, x, y, xx, xy, yy = _moments(places, in_order[:, ::every].copy(), reach).T
    n = np.maximum(n, 1.0)
    xx, xy, yy = xx - x * x / n, xy - x * y / n, yy - y * y / n
    # of the scatter's axes the shorter one is the normal
    angle = 0.5 * np.arctan2(2.0 * xy, xx - yy) + 0.5 * np.pi
    return np.asarray(np.cos(angle)[:, None] * u[near] + np.sin(angle)[:, None] * v[near])


def _spare(places: FloatArray, in_order: FloatArray, reach: float) -> int:
    """Return of how many points (N, 3) one is enough to tell the normals of patches."""
    some = places[:: max(len(places) // _SAMPLE, 1)]
    return max(int(_moments(some, in_order, reach)[:, 0].mean() / _ENOUGH), 1)


def _moments(places: FloatArray, in_order: FloatArray, reach: float) -> FloatArray:
    """Return what `section_moments` does, for partners (3, M) that rise along the run."""
    first = np.searchsorted(in_order[0], places[:, 0] - reach)
    last = np.searchsorted(in_order[0], places[:, 0] + reach)
    return np.asarray(section_moments(places, in_order, first, last, reach))
