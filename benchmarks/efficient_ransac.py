"""CGAL's Efficient RANSAC (Schnabel, Wahl, Klein 2007) with its normals, and a robust refit."""

import re
import sys
import time
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from twin_pipeline.model import FloatArray

NEIGHBOURS = 24
SETTINGS = {
    "min_points": 1000,
    "epsilon": 0.01,
    "cluster_epsilon": 0.05,
    "normal_threshold": 0.9,
    "probability": 0.001,
    "planes": True,
    "cylinders": True,
}
"""Of those tried what finds most pipes in excavations; metres, cosine."""
_MOST_REFITTED = 20_000
_NUMBER = r"[-+0-9.e]+"
_CYLINDER = re.compile(
    rf"cylinder center: \(({_NUMBER}), ({_NUMBER}), ({_NUMBER})\) "
    rf"axis: \(({_NUMBER}), ({_NUMBER}), ({_NUMBER})\) radius:({_NUMBER})"
)


@dataclass(frozen=True, eq=False)
class Cylinder:
    """A straight piece of pipe; metres, in the frame of the points."""

    centreline: FloatArray
    """(2, 3) from where its points begin to where they end."""
    outer_diameter_m: float


@dataclass(frozen=True, eq=False)
class Seconds:
    """Wall time and processor time."""

    wall: float
    processor: float


class Stopwatch:
    """Measures from its making on."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def stop(self) -> Seconds:
        """Return what has passed."""
        return Seconds(time.perf_counter() - self._wall, time.process_time() - self._processor)


def require_cgal() -> None:
    """Exit with a hint where CGAL is not installed."""
    try:
        import CGAL  # noqa: F401
    except ImportError:
        sys.exit("this needs CGAL: pip install 'twin-pipeline[benchmark]' (Python 3.11 or 3.12)")


def cylinders_in(xyz: FloatArray) -> tuple[list[Cylinder], list[Cylinder], Seconds]:
    """Return the cylinders in points (N, 3), the same refitted, and how long it took to find them.

    The time is that of normals and detection; reading the finds back and the refit don't count.
    """
    from CGAL.CGAL_Point_set_3 import Point_set_3
    from CGAL.CGAL_Point_set_processing_3 import pca_estimate_normals
    from CGAL.CGAL_Shape_detection import efficient_RANSAC

    points = Point_set_3()
    points.insert_range(xyz.ravel())
    watch = Stopwatch()
    points.add_normal_map()
    pca_estimate_normals(points, NEIGHBOURS)
    shape = points.add_int_map("shape")
    told = efficient_RANSAC(points, shape, **SETTINGS)
    taken = watch.stop()
    label = np.array([shape.get(i) for i in range(points.size())])
    raw, refitted = [], []
    for number, text in enumerate(told):
        match = _CYLINDER.search(text)
        if match is not None:
            values = [float(value) for value in match.groups()]
            inliers = _points(points, np.flatnonzero(label == number))
            first = _Fit(np.array(values[:3]), np.array(values[3:6]), values[6])
            raw.append(first.cylinder(inliers))
            refitted.append(_refit(first, inliers).cylinder(inliers))
    return raw, refitted, taken


def _points(points, indices) -> FloatArray:
    found = [points.point(int(i)) for i in indices]
    return np.array([(p.x(), p.y(), p.z()) for p in found]).reshape(-1, 3)


@dataclass(frozen=True, eq=False)
class _Fit:
    centre: FloatArray
    axis: FloatArray
    radius: float

    def cylinder(self, inliers: FloatArray) -> Cylinder:
        axis = self.axis / np.linalg.norm(self.axis)
        along = (inliers - self.centre) @ axis
        ends = np.quantile(along, [0.005, 0.995])
        return Cylinder(self.centre + ends[:, None] * axis, 2.0 * self.radius)


def _refit(first: _Fit, inliers: FloatArray) -> _Fit:
    """Fit the cylinder again by robust least squares: the inliers scatter, one sample is noisy."""
    points = inliers[:: max(len(inliers) // _MOST_REFITTED, 1)]
    axis = first.axis / np.linalg.norm(first.axis)
    u = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    middle = first.centre + np.median((points - first.centre) @ axis) * axis

    def placed(x: FloatArray) -> _Fit:
        return _Fit(middle + x[0] * u + x[1] * v, axis + x[2] * u + x[3] * v, x[4])

    def residuals(x: FloatArray) -> FloatArray:
        fit = placed(x)
        direction = fit.axis / np.linalg.norm(fit.axis)
        off = points - fit.centre
        return np.linalg.norm(off - (off @ direction)[:, None] * direction, axis=1) - fit.radius

    start = np.array([0.0, 0.0, 0.0, 0.0, first.radius])
    return placed(least_squares(residuals, start, loss="soft_l1", f_scale=0.004).x)
