"""Joints from the sockets that stand out of the barrel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.fittings.options import FittingsOptions
from twin_pipeline.stages.fittings.profile import BIN_M, Profile, half_arc, levels, profile_of
from twin_pipeline.stages.fittings.rings import foot_std, gap, is_ring, something_leaves
from twin_pipeline.stages.fittings.shapes import UPRIGHT_M, Trapezoid, fitted

_AROUND_M = 0.3
"""Barrel on either side of a socket that its profile is fitted with."""
_FIT_POINTS = 1500
_SHAPE_STD_M = 0.003
"""How far a socket's middle is from that of the trapezoid that its profile is taken for."""
_BLUR = 2.4
"""Length over which noise spreads a vertical face, in units of the noise."""
_BLUR_STD = 0.4
_CONE_M = 0.03
"""Half the length of a cone, of which noise hides what rises by no more than it."""
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
_HIGH_RADII = 0.5
"""How far sockets of large mains stand out."""
_BEYOND_M = 0.1
"""Above the highest socket: what stands out so far tells soil and stones from it."""
_TURN_M, _OFF_M = 0.2, 0.08
"""Of barrel beside a socket, between which its pipe turns; how far it is off by that angle."""
_LOW_TIMES = 2.0
"""The least rise, up to which a ring may be a saddle, if something leaves it."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A socket."""

    chainage_m: float
    """Of the middle between where it rises from the barrel and where it is back on it."""
    std_m: float


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


def find_joints(
    pyramid: Pyramid, tube: Tube, options: FittingsOptions, *, low_sockets: bool = False
) -> list[Joint]:
    """Return the sockets of a tube in order of chainage.

    Parameters
    ----------
    low_sockets
        Whether those of its material stand out by little more than the pipe's wall.
    """
    places = _Places.of(pyramid, tube, options, low_sockets=low_sockets)
    tried = (
        _socket(places, start_m, end_m, options)
        for start_m, end_m in places.standing(tube.length_m, options)
    )
    sockets = [socket for socket in tried if socket is not None]
    if not sockets:
        return []
    whole = [socket for socket in sockets if socket.whole]
    usual_rise_m = max(float(np.median([socket.rise_m for socket in sockets])), places.least_m)
    # along the pipe a scan is off by no less than across it
    off_m = tube.std_h_m[tube.observed]
    drift_m = max(float(np.median(np.nan_to_num(tube.drift_m))), float(np.median(off_m)))
    return [socket.joint(whole, usual_rise_m, drift_m) for socket in sockets]


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """What is seen around a tube."""

    everywhere: Profile
    around: Profile
    """Over the arc where the tube is surely seen."""
    seen: Profile
    """And no farther from it than a socket stands out."""
    axis: FloatArray
    half: float
    least_m: float
    flange_m: float
    highest_m: float

    @classmethod
    def of(
        cls, pyramid: Pyramid, tube: Tube, options: FittingsOptions, *, low_sockets: bool
    ) -> "_Places":
        """Pick the points."""
        flange_m = _FLANGE_M + _FLANGE_DIAMETERS * 2.0 * tube.radius_m
        high_m = _HIGH_RADII * tube.radius_m
        reach_m = max(options.max_socket_rise_m, high_m) + 2.0 * tube.noise_m
        half = half_arc(tube)
        everywhere = profile_of(pyramid, tube, reach_m + _BEYOND_M)
        around = everywhere.of(np.abs(everywhere.angle) < half)
        seen = around.of(around.rise < reach_m)
        least_m = options.min_low_socket_rise_m if low_sockets else options.min_socket_rise_m
        return cls(
            everywhere, around, seen, tube.nodes, half, least_m, flange_m, max(flange_m, high_m)
        )

    def standing(self, length_m: float, options: FittingsOptions) -> list[tuple[float, float]]:
        """Return where what stands out, as long as a socket may be, has half its height.

        So a socket is told from something lower beside it: a saddle, a collar.
        """
        level, clear = levels(self.seen, length_m, self.least_m)
        found = []
        for first, last in stretches(clear):
            piece = level[first : last + 1]
            for start, end in stretches(piece > 0.5 * np.quantile(piece, 0.8)):
                width = (end - start + 1) * BIN_M
                if options.min_socket_length_m <= width <= options.max_socket_length_m:
                    found.append(((first + start) * BIN_M, (first + end + 1) * BIN_M))
        return found

    def turn(self, shape: Trapezoid) -> float:
        """Return the angle by which the axis turns at a socket, radians."""
        ends = np.array([shape.begin - _TURN_M, shape.end + _TURN_M])
        before, behind = polyline.along(self.axis, polyline.directions(self.axis, 0.1), ends)
        return math.radians(polyline.angle_deg(before, behind))

    def is_socket(self, shape: Trapezoid) -> bool:
        """Tell a socket from soil, from stones and from a saddle."""
        spread_m = _BLUR * self.seen.noise_m
        longest_m = max(_FACE_M, _FACE_HEIGHTS * shape.height) + 2.0 * spread_m
        if shape.step > self.flange_m:
            longest_m = _FACE_M + spread_m
        if min(shape.climb, shape.fall) > longest_m:
            return False
        if not is_ring(self.around, self.seen, shape, self.half, _OFF_M * self.turn(shape)):
            return False
        return shape.step >= _LOW_TIMES * self.least_m or not something_leaves(
            self.everywhere, shape
        )


def _socket(
    places: _Places, start_m: float, end_m: float, options: FittingsOptions
) -> _Socket | None:
    """Measure what stands out between two chainages; None where it is no socket."""
    profile = places.seen
    near = profile.between(start_m - _AROUND_M, end_m + _AROUND_M).thinned(_FIT_POINTS)
    if len(near.between(start_m, end_m).chainage) == 0:
        return None
    highest_m = max(options.max_socket_rise_m, places.highest_m)
    shape, std_m = fitted(near, start_m, end_m, highest_m, options.max_socket_length_m)
    begin, end = shape.without_blur(_BLUR * profile.noise_m)
    # where no point lies a face may be anywhere
    begin = 0.5 * sum(gap(profile, begin)) if shape.climb < UPRIGHT_M else begin
    end = 0.5 * sum(gap(profile, end)) if shape.fall < UPRIGHT_M else end
    fits = options.min_socket_length_m <= end - begin <= options.max_socket_length_m
    if math.isinf(std_m) or not fits:
        return None
    if not (places.least_m <= shape.step <= places.highest_m and places.is_socket(shape)):
        return None
    feet = [foot_std(profile, shape, before=before) for before in (True, False)]
    if any(math.isinf(foot) for foot in feet):
        return None
    blur_m = _BLUR_STD * profile.noise_m
    hidden_m = _CONE_M * profile.noise_m / shape.step
    middle_std_m = math.hypot(std_m, blur_m, _SHAPE_STD_M, hidden_m)
    return _Socket(begin, end, shape.step, middle_std_m, *feet)
