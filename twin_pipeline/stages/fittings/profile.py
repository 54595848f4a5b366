"""How far the points around a pipe stand off its barrel, in the order of their chainage."""

import math
from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.kernels import trapezoid
from twin_pipeline.kernels.adjust import tube as kernel
from twin_pipeline.model import BoolArray, FloatArray, IntArray

BIN_M = 0.02
FEW_POINTS = 6
MEDIAN_STD = 1.2533
"""Standard deviation of a median in units of that of a mean."""
_HALF_WINDOW_M, _WIDEST_HALF_WINDOW_M = 0.03, 0.06
WIDEST_WINDOW_M = 2.0 * _WIDEST_HALF_WINDOW_M
_CLEAR_SIGMAS = 5.0
_EVEN_FACTOR = 4.0
"""Of how much the levels of a barrel scatter, that a socket stands out of it at least."""
_MAD_STD = 1.4826
_EDGE_DEG, _LEAST_HALF_DEG = 15.0, 25.0
"""Of the seen arc, that takes no part on either side; half of what is left at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Points around a pipe, in the order of their chainage."""

    chainage: FloatArray
    rise: FloatArray
    """Height above the barrel, metres."""
    angle: FloatArray
    """Around the axis from the middle of the seen arc, radians."""
    noise_m: float

    def between(self, start_m: float, end_m: float) -> "Profile":
        """Return the part between two chainages."""
        a, b = np.searchsorted(self.chainage, (start_m, end_m))
        return self.of(slice(a, b))

    def thinned(self, most: int) -> "Profile":
        """Return every so many of the points."""
        return self.of(slice(None, None, max(math.ceil(len(self.chainage) / most), 1)))

    def of(self, part: slice | BoolArray) -> "Profile":
        """Return some of the points."""
        return Profile(self.chainage[part], self.rise[part], self.angle[part], self.noise_m)


def profile_of(pyramid: Pyramid, tube: Tube, highest_m: float) -> Profile:
    """Return the points all around a tube that stand off it by no more than a height."""
    even = polyline.along(
        tube.nodes, tube.nodes, np.linspace(0.0, tube.length_m, max(len(tube.nodes), 2))
    )
    index, segment = pyramid.points_along(even, tube.radius_m + highest_m)
    step = tube.length_m / (len(even) - 1)
    chainage, radial = kernel.project(pyramid.xyz[index], even, segment, step)
    rise = np.linalg.norm(radial, axis=1) - tube.radius_m
    across = np.cross(polyline.directions(even, 0.1), tube.middle)[segment]
    angle = np.arctan2(np.einsum("nj,nj->n", radial, across), radial @ tube.middle)
    near = ~np.isnan(chainage) & (rise > -0.3 * tube.radius_m) & (rise < highest_m)
    order = np.flatnonzero(near)[np.argsort(chainage[near], kind="stable")]
    return Profile(chainage[order], rise[order], angle[order], tube.noise_m)


def half_arc(tube: Tube) -> float:
    """Return half of the arc over which a tube is surely seen, radians."""
    return math.radians(max(0.5 * float(np.median(tube.arc_deg)) - _EDGE_DEG, _LEAST_HALF_DEG))


def levels(profile: Profile, length_m: float, least_m: float) -> tuple[FloatArray, BoolArray]:
    """Return the median rise (B,) around bins along the pipe, and whether it is clearly one.

    Parameters
    ----------
    least_m
        How far a socket stands out at least.
    """
    first, last = _windows(profile, length_m)
    level = trapezoid.medians(profile.rise, first, last, FEW_POINTS)
    std = MEDIAN_STD * profile.noise_m / np.sqrt(np.maximum(last - first, 1))
    seen = last - first >= FEW_POINTS
    uneven_m = _EVEN_FACTOR * _scatter(level[seen]) if seen.any() else 0.0
    return level, level > np.maximum(max(least_m, uneven_m), _CLEAR_SIGMAS * std)


def _windows(profile: Profile, length_m: float) -> tuple[IntArray, IntArray]:
    middles = (np.arange(max(int(length_m / BIN_M), 1)) + 0.5) * BIN_M
    needed_m = FEW_POINTS * length_m / max(len(profile.chainage), 1)
    reach = min(max(_HALF_WINDOW_M, needed_m), _WIDEST_HALF_WINDOW_M)
    return (
        np.searchsorted(profile.chainage, middles - reach),
        np.searchsorted(profile.chainage, middles + reach),
    )


def _scatter(values: FloatArray) -> float:
    return _MAD_STD * float(np.median(np.abs(values - np.median(values))))
