"""Runs with more points than are worth their memory: not all are measured, but all labelled.

Beyond a million points the sigma of a tube is what the scan's drift and registration leave, not
what the number of points does.
"""

from dataclasses import replace

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.kernels.adjust import tube as kernel
from twin_pipeline.model import FloatArray, IntArray

MOST_POINTS = 1_500_000
"""Of a run that are measured."""
ENOUGH_POINTS, ENOUGH_PER_M = 100_000, 3000
"""Points that tell a tube of a wide arc far better than drift and a real pipe's shape leave it."""

_NODES_AT_ONCE = 100
_LEAST_BAND_M = 0.003


def every_one_in(points: int, run: Run) -> int:
    """Return of how many points of a run one is measured; of a wide arc fewer are enough."""
    most = -(-points // MOST_POINTS)
    enough = int(points / max(ENOUGH_POINTS, ENOUGH_PER_M * run.length_m)) if run.wide else 1
    return max(most, enough, 1)


def with_all_points(pyramid: Pyramid, tube: Tube) -> Tube:
    """Return a tube with all points that lie on it, also those that were not measured."""
    if tube.one_in == 1:
        return tube
    step = float(np.linalg.norm(np.diff(tube.nodes, axis=0), axis=1).mean())
    nodes = polyline.resample(tube.nodes, step)
    stretches = [
        _points_on(pyramid, tube, nodes[first : first + _NODES_AT_ONCE + 1])
        for first in range(0, len(nodes) - 1, _NODES_AT_ONCE)
    ]
    return replace(tube, points=np.unique(np.concatenate(stretches)), one_in=1)


def _points_on(pyramid: Pyramid, tube: Tube, nodes: FloatArray) -> IntArray:
    """Return the sorted points near the shell along a stretch of the axis (K, 3)."""
    surface_m = tube.radius_m + tube.stand_off_m - tube.shrunk_m
    band_m = max(4.0 * tube.noise_m, _LEAST_BAND_M)
    step = float(np.linalg.norm(nodes[1] - nodes[0]))
    index, segment = pyramid.points_along(nodes, surface_m + band_m)
    chainage, radial = kernel.project(pyramid.xyz[index], nodes, segment, step)
    off_m = np.linalg.norm(radial, axis=1) - surface_m
    return np.asarray(index[(np.abs(off_m) < band_m) & ~np.isnan(chainage)])
