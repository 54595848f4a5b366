"""Joints from the sockets that stand out of the barrel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.kernels import trapezoid
from twin_pipeline.kernels.adjust import tube as kernel
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.fittings.options import FittingsOptions

_BIN_M = 0.02
_HALF_WINDOW_M, _WIDEST_HALF_WINDOW_M = 0.03, 0.06
_FEW_POINTS = 6
_CLEAR_SIGMAS = 5.0
_MEDIAN_STD = 1.2533
"""Standard deviation of a median in units of that of a mean."""
_AROUND_M = 0.3
"""Barrel on either side of a socket that its profile is fitted with."""
_CLOSE_M, _BESIDE_M = 0.04, 0.1
"""Within which of a socket its barrel must be seen on either side; the next one may be close."""
_LEVEL_SHARE = 0.4
"""Of a socket's height, that both halves of its ring reach, and the barrel beside it does not."""
_FIT_POINTS = 1500
_FIT_STEPS = 40
_LONGEST_SLOPE_M = 0.15
_STEEP_M = 0.1
"""Scale of the prior on the length of slopes: what hides the barrel behind it is steep."""
_LEAST_NOISE_M = 0.001
_OFF_BARREL_M = 0.01
_UPRIGHT_M = 0.01
_SHAPE_STD_M = 0.003
"""How far a socket's middle is from that of the trapezoid that its profile is taken for."""
_BLUR = 2.4
"""Length over which noise spreads a vertical face, in units of the noise."""
_BLUR_STD = 0.4
_UNSEEN_FOOT_STD_M = 0.04
"""Of where a socket ends where something lower, such as a saddle, reaches up to it."""
_UNLIKE, _UNLIKE_STD_M = 0.35, 0.02
"""Difference of rises that tells that the axis is off, and what that does to a joint."""
_LIKE_STD_M = 0.01
"""Of the length of one socket by those of others on the same pipe."""
_LONGER_M = 0.03
"""Than others of the pipe: more than what noise and blur do to a length."""
_FLANGE_M, _FLANGE_DIAMETERS = 0.06, 0.05
"""How far the highest joints, flanges of JIS 7.5K, stand out: 59 mm on DN 75, 78 mm on DN 400."""
_FACE_M, _FACE_HEIGHTS = 0.04, 0.8
"""Longest slope of a socket's steeper side; its other one may be a cone. A stone has two slopes."""
_LOWER_SHARE, _LOWER_M = 0.12, 0.003
"""Of a socket's height, and at least, from which on what lies beside it is not the bare barrel."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A socket."""

    chainage_m: float
    """Of the middle between where it rises from the barrel and where it is back on it."""
    std_m: float


@dataclass(frozen=True, slots=True, eq=False)
class _Profile:
    """Points on the clearly seen part of a pipe, in the order of their chainage."""

    chainage: FloatArray
    rise: FloatArray
    """Height above the barrel, metres."""
    side: FloatArray
    """Positive on the one half of the seen arc, negative on the other."""
    noise_m: float

    def between(self, start_m: float, end_m: float) -> "_Profile":
        """Return the part between two chainages."""
        a, b = np.searchsorted(self.chainage, (start_m, end_m))
        return self._of(slice(a, b))

    def thinned(self, most: int) -> "_Profile":
        """Return every so many of the points."""
        return self._of(slice(None, None, max(math.ceil(len(self.chainage) / most), 1)))

    def _of(self, part: slice) -> "_Profile":
        return _Profile(self.chainage[part], self.rise[part], self.side[part], self.noise_m)


@dataclass(frozen=True, slots=True)
class _Socket:
    """Where a socket begins and ends, metres along the pipe."""

    begin_m: float
    end_m: float
    rise_m: float
    std_m: float
    """Of both together, but for what hides them."""
    begin_hidden_m: float
    """Std that what stands before its begin adds; NaN where that hides the begin altogether."""
    end_hidden_m: float

    @property
    def length_m(self) -> float:
        return self.end_m - self.begin_m

    @property
    def whole(self) -> bool:
        """Whether both its begin and its end are seen."""
        return not math.isnan(self.begin_hidden_m + self.end_hidden_m)

    def joint(self, whole: "Sequence[_Socket]", usual_rise_m: float, drift_m: float) -> Joint:
        """Return its middle; where one side is hidden by the lengths of whole sockets.

        What rises much more or less than others of the pipe shows that the axis is off there.
        """
        lengths_m = np.array([socket.length_m for socket in whole])
        unlike = abs(self.rise_m / usual_rise_m - 1.0) > _UNLIKE
        hidden = (self.begin_hidden_m, self.end_hidden_m)
        feet = [_UNSEEN_FOOT_STD_M if math.isnan(foot) else foot for foot in hidden]
        middle = 0.5 * (self.begin_m + self.end_m)
        if len(lengths_m) and math.isnan(hidden[0]) != math.isnan(hidden[1]):
            half = 0.5 * float(np.median(lengths_m))
            at_begin = math.isnan(hidden[1])
            middle = self.begin_m + half if at_begin else self.end_m - half
            feet = [hidden[0] if at_begin else hidden[1], _LIKE_STD_M + float(np.ptp(lengths_m))]
        if len(lengths_m) > 1 and self.whole:
            # all sockets of a pipe are of one length: what is longer has a clamp or soil beside it
            usual_m = float(np.sort(lengths_m)[(len(lengths_m) - 1) // 2])
            longer_m = self.length_m - usual_m
            feet += [longer_m] if longer_m > _LONGER_M else []
        axis_m = _UNLIKE_STD_M if unlike else 0.0
        return Joint(middle, math.hypot(self.std_m, 0.5 * math.hypot(*feet), axis_m, drift_m))


@dataclass(frozen=True, slots=True, eq=False)
class _Trapezoid:
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

    def without_blur(self, blur_m: float) -> tuple[float, float]:
        """Return where it begins and ends but for noise that makes faces slopes of a length."""
        climb, fall = (
            math.sqrt(max(slope**2 - blur_m**2, 0.0)) for slope in (self.climb, self.fall)
        )
        return self.begin + 0.5 * (self.climb - climb), self.end - 0.5 * (self.fall - fall)


def find_joints(pyramid: Pyramid, tube: Tube, options: FittingsOptions) -> list[Joint]:
    """Return the sockets of a tube in order of chainage."""
    profile = _profile(pyramid, tube, options)
    flange_m = _FLANGE_M + _FLANGE_DIAMETERS * 2.0 * tube.radius_m
    places = _standing(profile, tube.length_m, options)
    tried = (_socket(profile, start_m, end_m, options) for start_m, end_m in places)
    sockets = [socket for socket in tried if socket is not None and socket.rise_m <= flange_m]
    if not sockets:
        return []
    whole = [socket for socket in sockets if socket.whole]
    usual_rise_m = max(float(np.median([socket.rise_m for socket in sockets])), _OFF_BARREL_M)
    # along the pipe a scan is off by no less than across it
    off_m = tube.std_h_m[tube.observed]
    drift_m = max(float(np.median(np.nan_to_num(tube.drift_m))), float(np.median(off_m)))
    return [socket.joint(whole, usual_rise_m, drift_m) for socket in sockets]


def _profile(pyramid: Pyramid, tube: Tube, options: FittingsOptions) -> _Profile:
    even = polyline.along(
        tube.nodes, tube.nodes, np.linspace(0.0, tube.length_m, max(len(tube.nodes), 2))
    )
    index, segment = pyramid.points_along(even, tube.radius_m + options.max_socket_rise_m)
    step = tube.length_m / (len(even) - 1)
    chainage, radial = kernel.project(pyramid.xyz[index], even, segment, step)
    rho = np.linalg.norm(radial, axis=1)
    rise = rho - tube.radius_m
    half = math.radians(max(0.5 * float(np.median(tube.arc_deg)) - 15.0, 25.0))
    seen = (radial @ tube.middle > math.cos(half) * rho) & ~np.isnan(chainage)
    seen &= (rise > -0.3 * tube.radius_m) & (rise < options.max_socket_rise_m)
    across = np.cross(polyline.directions(even, 0.1)[segment], tube.middle)
    side = np.einsum("nj,nj->n", radial, across)
    order = np.flatnonzero(seen)[np.argsort(chainage[seen], kind="stable")]
    return _Profile(chainage[order], rise[order], side[order], tube.noise_m)


def _standing(
    profile: _Profile, length_m: float, options: FittingsOptions
) -> list[tuple[float, float]]:
    """Return where what stands out of the barrel, as long as a socket may be, has half its height.

    So a socket is told from something lower beside it: a saddle, a collar.
    """
    level, clear = _levels(profile, length_m, options)
    found = []
    for first, last in stretches(clear):
        piece = level[first : last + 1]
        for start, end in stretches(piece > 0.5 * np.quantile(piece, 0.8)):
            width = (end - start + 1) * _BIN_M
            if options.min_socket_length_m <= width <= options.max_socket_length_m:
                found.append(((first + start) * _BIN_M, (first + end + 1) * _BIN_M))
    return found


def _levels(
    profile: _Profile, length_m: float, options: FittingsOptions
) -> tuple[FloatArray, BoolArray]:
    """Return the median rise (B,) around bins along the pipe, and whether it is clearly one."""
    middles = (np.arange(max(int(length_m / _BIN_M), 1)) + 0.5) * _BIN_M
    needed_m = _FEW_POINTS * length_m / max(len(profile.chainage), 1)
    reach = min(max(_HALF_WINDOW_M, needed_m), _WIDEST_HALF_WINDOW_M)
    first = np.searchsorted(profile.chainage, middles - reach)
    last = np.searchsorted(profile.chainage, middles + reach)
    level = trapezoid.medians(profile.rise, first, last, _FEW_POINTS)
    std = _MEDIAN_STD * profile.noise_m / np.sqrt(np.maximum(last - first, 1))
    return level, level > np.maximum(options.min_socket_rise_m, _CLEAR_SIGMAS * std)


def _socket(
    profile: _Profile, start_m: float, end_m: float, options: FittingsOptions
) -> _Socket | None:
    """Measure what stands out between two chainages; None where it is no socket."""
    near = profile.between(start_m - _AROUND_M, end_m + _AROUND_M).thinned(_FIT_POINTS)
    if len(near.between(start_m, end_m).chainage) == 0:
        return None
    shape, std_m = _fitted(near, start_m, end_m, options)
    spread_m = _BLUR * profile.noise_m
    begin, end = shape.without_blur(spread_m)
    if not options.min_socket_length_m <= end - begin <= options.max_socket_length_m:
        return None
    if shape.height - shape.barrel < options.min_socket_rise_m or not _is_ring(profile, shape):
        return None
    if min(shape.climb, shape.fall) > max(_FACE_M, _FACE_HEIGHTS * shape.height) + 2.0 * spread_m:
        return None
    feet = [_foot_std(profile, shape, before=before) for before in (True, False)]
    if any(math.isinf(foot) for foot in feet):
        return None
    blur_m = _BLUR_STD * profile.noise_m
    rise_m = shape.height - shape.barrel
    return _Socket(begin, end, rise_m, math.hypot(std_m, blur_m, _SHAPE_STD_M), *feet)


def _fitted(
    near: _Profile, start_m: float, end_m: float, options: FittingsOptions
) -> tuple[_Trapezoid, float]:
    """Fit a trapezoid to what stands out; return it and the std of its middle, metres."""
    noise = max(near.noise_m, _LEAST_NOISE_M)
    top = float(np.median(near.between(start_m, end_m).rise))
    slope = min(0.25 * (end_m - start_m), 0.5 * _LONGEST_SLOPE_M)
    # where it has half its height is known to the width of the windows: beyond is the next socket
    first = start_m - _WIDEST_HALF_WINDOW_M - 0.5 * _LONGEST_SLOPE_M
    longest = min(end_m - start_m + 3.0 * _WIDEST_HALF_WINDOW_M, options.max_socket_length_m)
    lowest = [first, 0.0, 0.0, 0.0, 0.0, -_OFF_BARREL_M]
    highest = [
        end_m, _LONGEST_SLOPE_M, longest, _LONGEST_SLOPE_M,
        options.max_socket_rise_m, _OFF_BARREL_M,
    ]  # fmt: skip
    begun = np.clip([start_m - slope, slope, end_m - start_m, slope, top, 0.0], lowest, highest)

    def misfit(parameters: FloatArray) -> FloatArray:
        off = (near.rise - trapezoid.rise_at(near.chainage, parameters)) / noise
        return np.concatenate([off, parameters[[1, 3]] / _STEEP_M])

    def slopes(parameters: FloatArray) -> FloatArray:
        steepness = np.zeros((2, len(parameters)))
        steepness[[0, 1], [1, 3]] = 1.0 / _STEEP_M
        off = trapezoid.rise_slopes(near.chainage, parameters) / -noise
        return np.concatenate([off, steepness])

    fit = scipy.optimize.least_squares(
        misfit,
        begun,
        jac=slopes,
        bounds=(lowest, highest),
        loss="cauchy",
        f_scale=1.5,
        x_scale=[0.01, 0.01, 0.01, 0.01, 0.001, 0.001],
        max_nfev=_FIT_STEPS,
    )
    # the length of a face that stands upright is no unknown
    known = np.array([True, fit.x[1] > _UPRIGHT_M, True, fit.x[3] > _UPRIGHT_M, True, True])
    of_middle = np.array([1.0, 0.5, 0.5, 0.5, 0.0, 0.0])[known]
    cofactor = np.linalg.pinv(fit.jac[:, known].T @ fit.jac[:, known])
    return _Trapezoid(*map(float, fit.x)), math.sqrt(float(of_middle @ cofactor @ of_middle))


def _is_ring(profile: _Profile, shape: _Trapezoid) -> bool:
    """Tell a socket, which stands out evenly all around, from soil and stones on the pipe."""
    start, end = shape.begin + shape.climb, shape.end - shape.fall
    top = profile.between(start - 0.01, end + 0.01)
    high = top.rise > _LEVEL_SHARE * shape.height
    if np.count_nonzero(high) < _FEW_POINTS:
        return False
    low_quarter, high_quarter = np.quantile(top.rise[high], [0.25, 0.75])
    if high_quarter - low_quarter > max(0.015, 3.0 * profile.noise_m):
        return False
    halves = [top.rise[half] for half in (top.side > 0.0, top.side < 0.0)]
    return all(
        len(half) < _FEW_POINTS or float(np.median(half)) > _LEVEL_SHARE * shape.height
        for half in halves
    )


def _foot_std(profile: _Profile, shape: _Trapezoid, *, before: bool) -> float:
    """Return what hides where a socket meets the barrel adds to the std of that place, metres.

    Infinite where no barrel follows: what lies on a pipe that comes out of soil has one side only.
    NaN where something lower reaches up to it.
    """
    for reach in (_CLOSE_M, _BESIDE_M):
        start, end = (
            (shape.begin - reach, shape.begin) if before else (shape.end, shape.end + reach)
        )
        beside = profile.between(start, end)
        if len(beside.rise) >= _FEW_POINTS:
            break
    if len(beside.rise) < _FEW_POINTS // 2:
        return math.inf
    height = shape.height - shape.barrel
    level = float(np.median(beside.rise)) - shape.barrel
    if level > _LEVEL_SHARE * height:
        return math.inf
    std = _MEDIAN_STD * profile.noise_m / math.sqrt(len(beside.rise))
    if level > max(_LOWER_SHARE * height, _LOWER_M) + 2.0 * std:
        return math.nan
    return _gap(profile, shape.begin if before else shape.end) / math.sqrt(12.0)


def _gap(profile: _Profile, at_m: float) -> float:
    """Return the length without points around a chainage, metres."""
    after = int(np.searchsorted(profile.chainage, at_m))
    if not 0 < after < len(profile.chainage):
        return _BESIDE_M
    return float(profile.chainage[after] - profile.chainage[after - 1])
