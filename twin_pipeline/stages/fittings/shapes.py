"""The profile of a socket along a pipe: a trapezoid, fitted to what stands off the barrel."""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from twin_pipeline.kernels import trapezoid
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.fittings.profile import WIDEST_WINDOW_M, Profile

_FIT_STEPS = 40
_LONGEST_SLOPE_M, _LONGEST_SLOPE_HEIGHTS = 0.15, 1.5
_STEEP_M = 0.1
"""Scale of the prior on the length of slopes: what hides the barrel behind it is steep."""
_OUTLYING, _LED_SHARE = 1.5, 0.25
"""From which on what is off weighs less: sigmas, and of the height to begin with."""
_LEAST_NOISE_M = 0.001
_OFF_BARREL_M = 0.01
UPRIGHT_M = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Trapezoid:
    """The profile of a socket: a climb, a level stretch and a fall; metres."""

    begin: float
    climb: float
    level: float
    fall: float
    height: float
    barrel: float
    """Rise of what lies on either side."""

    @property
    def end(self) -> float:
        """Where it is back on the barrel."""
        return self.begin + self.climb + self.level + self.fall

    @property
    def step(self) -> float:
        """How far it stands out of what lies on either side."""
        return self.height - self.barrel

    def without_blur(self, blur_m: float) -> tuple[float, float]:
        """Return where it begins and ends but for noise that makes faces slopes of a length."""
        climb, fall = (
            math.sqrt(max(slope**2 - blur_m**2, 0.0)) for slope in (self.climb, self.fall)
        )
        return self.begin + 0.5 * (self.climb - climb), self.end - 0.5 * (self.fall - fall)


def fitted(
    near: Profile, start_m: float, end_m: float, highest_m: float, longest_m: float
) -> tuple[Trapezoid, float]:
    """Fit a trapezoid to what stands out; return it and the std of its middle, metres.

    Parameters
    ----------
    near
        What stands out and the barrel on either side.
    start_m, end_m
        Where it has half its height, to the width of the windows.
    highest_m, longest_m
        Bounds of its height, and of its level stretch.
    """
    noise = max(near.noise_m, _LEAST_NOISE_M)
    top = float(np.median(near.between(start_m, end_m).rise))
    steep_m = max(_LONGEST_SLOPE_M, _LONGEST_SLOPE_HEIGHTS * top)
    slope = min(0.25 * (end_m - start_m), 0.5 * steep_m)
    # where it has half its height is known to the width of the windows: beyond is the next socket
    first = start_m - 0.5 * WIDEST_WINDOW_M - 0.5 * steep_m
    longest = min(end_m - start_m + 1.5 * WIDEST_WINDOW_M, longest_m)
    lowest = [first, 0.0, 0.0, 0.0, 0.0, -_OFF_BARREL_M]
    highest = [end_m, steep_m, longest, steep_m, highest_m, _OFF_BARREL_M]

    def misfit(parameters: FloatArray) -> FloatArray:
        off = (near.rise - trapezoid.rise_at(near.chainage, parameters)) / noise
        return np.concatenate([off, parameters[[1, 3]] / _STEEP_M])

    def slopes(parameters: FloatArray) -> FloatArray:
        steepness = np.zeros((2, len(parameters)))
        steepness[[0, 1], [1, 3]] = 1.0 / _STEEP_M
        off = trapezoid.rise_slopes(near.chainage, parameters) / -noise
        return np.concatenate([off, steepness])

    def fit_from(begun: FloatArray, scale: float) -> scipy.optimize.OptimizeResult:
        return scipy.optimize.least_squares(
            misfit,
            np.clip(begun, lowest, highest),
            jac=slopes,
            bounds=(lowest, highest),
            loss="cauchy",
            f_scale=scale,
            x_scale=[0.01, 0.01, 0.01, 0.01, 0.001, 0.001],
            max_nfev=_FIT_STEPS,
        )

    # against little noise a face that is begun a centimetre off stays there: it is led there first
    begun = np.array([start_m - slope, slope, end_m - start_m, slope, top, 0.0])
    led = fit_from(begun, max(_LED_SHARE * top / noise, _OUTLYING))
    tried = [fit_from(first, _OUTLYING) for first in (begun, led.x)]
    fit = min(tried, key=lambda one: float(one.cost))
    # the length of a face that stands upright is no unknown
    known = np.array([True, fit.x[1] > UPRIGHT_M, True, fit.x[3] > UPRIGHT_M, True, True])
    of_middle = np.array([1.0, 0.5, 0.5, 0.5, 0.0, 0.0])[known]
    cofactor = np.linalg.pinv(fit.jac[:, known].T @ fit.jac[:, known])
    variance = float(of_middle @ cofactor @ of_middle)
    std_m = math.sqrt(variance) if variance > 0.0 else math.inf
    return Trapezoid(*map(float, fit.x)), std_m
