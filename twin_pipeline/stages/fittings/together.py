"""Bends that share straights, measured by straights and arcs fitted to the axis at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.fittings.alignment import Alignment, Expected, Fitted, fit_alignment
from twin_pipeline.stages.fittings.corners import ARC_STEP_M, MARGIN_M, STRAIGHT_M, Bend, Corner
from twin_pipeline.stages.fittings.hidden import (
    GUESSED_M,
    MOST_STD_DEG,
    hidden_bends,
    known,
    own_std_m,
)
from twin_pipeline.stages.fittings.options import FittingsOptions

_ENOUGH_NODES, _STRAIGHT_NODES = 8, 12
"""For each straight; and of how many, where nodes lie far apart, one is taken."""
_RADIUS_SHARES = (1.0, 0.25)
_ALIKE_M = 0.3
"""Along an axis, over which its vertices are off together."""
_LAID_M = 0.004
"""rms from straights and arcs up to which an axis consists of them."""
_ONE_BEND_M = 1.2
_FEIGNED_DEG, _FEIGNED_DIAMETERS, _NO_BETTER = 8.0, 1.5, 2.0
"""Up to which a bend so close to another may be none; how much worse the axis fits without it."""
_TOLD_SIGMAS = 2.0
"""Of its angle, from which on the axis tells a bend from more or less of the one beside it."""
_MADE_DEG, _WORSE_M = 3.0, 0.0005
"""How far off a standard angle a bend may seem and be made to it; by how much less it fits so."""


def measured_together(
    tube: Tube,
    own: FloatArray,
    group: list[Corner],
    options: FittingsOptions,
    standard_deg: Sequence[float],
) -> list[Bend]:
    """Measure neighbouring bends.

    What an axis turns to and fro where it climbs a socket beside a bend, it turns back: straights
    before and after are joined by one bend then.
    """
    bends = _fitted_bends(tube, own, group, options, standard_deg)
    turning = [bend for bend in bends if bend.angle_deg >= options.min_bend_deg]
    if len(turning) == 1 or any(_is_made(bend, standard_deg, options) for bend in turning):
        return bends
    one = _by_straights(tube, own, group, options.bend_tolerance_deg)
    return one if any(_is_made(bend, standard_deg, options) for bend in one) else bends


def _fitted_bends(
    tube: Tube,
    own: FloatArray,
    group: list[Corner],
    options: FittingsOptions,
    standard_deg: Sequence[float],
) -> list[Bend]:
    """Measure bends by straights and arcs that fit the axis best, where it consists of them."""
    place = _place(tube, own, group)
    alone = [corner.bend for corner in group if corner.bend is not None]
    if np.count_nonzero(place.near) < _ENOUGH_NODES * (len(group) + 1):
        return alone
    fitted = place.fitted(group)
    if fitted.rms_m > _LAID_M:
        return alone
    kept = place.needed(group, fitted, options.min_bend_deg)
    if len(kept) < len(group):
        return _fitted_bends(tube, own, kept, options, standard_deg) if kept else []
    fitted = _as_made(
        place.nodes, fitted, standard_deg, options.bend_tolerance_deg / math.sqrt(place.alike)
    )
    found = fitted.alignment
    at: FloatArray = np.arange(place.start_m, place.end_m, ARC_STEP_M, dtype=np.float64)
    line = polyline.along(tube.nodes, tube.nodes, at)
    angles = found.angles_rad
    radii = found.tangents / np.tan(0.5 * np.maximum(angles, 1e-6))
    sure = place.std_m < GUESSED_M
    stds_deg = place.std_deg(fitted)
    return [
        Bend(
            float(at[np.linalg.norm(line - middle, axis=1).argmin()]),
            math.degrees(angle),
            float(radius),
        )
        for corner, middle, angle, radius, std_deg in zip(
            group, found.middles(), angles, radii, stds_deg, strict=True
        )
        if not corner.hidden or (sure and std_deg < MOST_STD_DEG)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """The axis around neighbouring bends."""

    tube: Tube
    start_m: float
    end_m: float
    near: BoolArray
    """(K,) which vertices tell of them."""
    alike: float
    """How many neighbouring vertices hang together."""

    @property
    def nodes(self) -> FloatArray:
        """(N, 3) those vertices."""
        return np.asarray(self.tube.nodes[self.near])

    @property
    def std_m(self) -> float:
        """To which the axis is known."""
        return own_std_m(self.tube, self.near)

    def fitted(self, group: list[Corner]) -> Fitted:
        """Fit straights and arcs from corners at first sight."""
        ends = np.array([self.start_m, self.end_m])
        first, last = polyline.along(self.tube.nodes, self.tube.nodes, ends)
        vertices = np.array([first, *(corner.place for corner in group), last])
        radii = np.array([corner.radius_m for corner in group])
        # where legs are too short for the radii to show, too large ones lead nowhere
        shown = all(corner.bend is not None for corner in group)
        tried = [
            fit_alignment(self.nodes, Alignment(vertices, share * radii))
            for share in ((1.0,) if shown else _RADIUS_SHARES)
        ]
        return min(tried, key=lambda each: each.rms_m)

    def std_deg(self, fitted: Fitted) -> FloatArray:
        """Return the std (B,) of the angles of what was fitted, by vertices that hang together."""
        return np.degrees(fitted.angle_std_rad) * math.sqrt(self.alike)

    def needed(self, group: list[Corner], fitted: Fitted, least_deg: float) -> list[Corner]:
        """Return the corners without what is no bend: too small, or one that a socket feigns."""
        if len(group) == 1:
            return group
        angles = np.degrees(fitted.alignment.angles_rad)
        kept = [corner for corner, angle in zip(group, angles, strict=True) if angle >= least_deg]
        smallest = int(angles.argmin())
        legs = np.linalg.norm(np.diff(fitted.alignment.vertices, axis=0), axis=1)[1:-1]
        beside = legs[max(smallest - 1, 0) : smallest + 1]
        untold_deg = _TOLD_SIGMAS * float(self.std_deg(fitted)[smallest])
        if len(kept) < len(group) or angles[smallest] > max(_FEIGNED_DEG, untold_deg):
            return kept
        if float(beside.min()) > _FEIGNED_DIAMETERS * 2.0 * self.tube.radius_m:
            return kept
        without = [corner for k, corner in enumerate(group) if k != smallest]
        return without if self.fitted(without).rms_m < _NO_BETTER * fitted.rms_m else kept


def _place(tube: Tube, own: FloatArray, group: list[Corner]) -> _Place:
    step_m = float(np.median(np.diff(own)))
    beside_m = MARGIN_M + max(STRAIGHT_M, _STRAIGHT_NODES * step_m)
    start_m = max(float(own[group[0].piece[0]]) - beside_m, 0.0)
    end_m = min(float(own[group[-1].piece[1]]) + beside_m, float(own[-1]))
    near = (own >= start_m) & (own <= end_m) & known(tube)
    if len(group) == 1 and group[0].hidden:
        # its straights alone tell one bend best
        near &= (own < own[group[0].piece[0]]) | (own > own[group[0].piece[1]])
    elif any(corner.hidden for corner in group):
        near &= ~_beside_hidden(tube, own)
    return _Place(tube, start_m, end_m, near, max(_ALIKE_M / step_m, 1.0))


def _by_straights(
    tube: Tube, own: FloatArray, group: list[Corner], most_std_deg: float
) -> list[Bend]:
    """Return the one bend that straights before and after are joined by, where the axis is none.

    As where it climbs the sockets of a bend.
    """
    start_m, end_m = own[group[0].piece[0]], own[group[-1].piece[1]]
    if end_m - start_m > _ONE_BEND_M:
        return []
    first, last = np.searchsorted(own, (start_m - MARGIN_M, end_m + MARGIN_M))
    piece = max(int(first) - 1, 0), min(int(last), len(own) - 1)
    return [
        Bend(at_m, angle_deg, None)
        for _, at_m, angle_deg in hidden_bends(tube, own, [piece], [], most_std_deg)
    ]


def _is_made(bend: Bend, standard_deg: Sequence[float], options: FittingsOptions) -> bool:
    """Tell whether a bend's angle is one that bends are made to."""
    return any(abs(bend.angle_deg - angle) < options.bend_tolerance_deg for angle in standard_deg)


def _as_made(
    nodes: FloatArray, fitted: Fitted, standard_deg: Sequence[float], std_deg: float
) -> Fitted:
    """Return what is fitted with the angles that bends are made to, if the axis bears that out.

    Parameters
    ----------
    std_deg
        How far a bend may be off what it is made to.
    """
    if not len(standard_deg):
        return fitted
    angles = np.degrees(fitted.alignment.angles_rad)
    off = np.asarray(standard_deg) - angles[:, None]
    nearest = off[np.arange(len(angles)), np.abs(off).argmin(axis=1)]
    weights = np.where(np.abs(nearest) < _MADE_DEG, 1.0 / math.radians(std_deg), 0.0)
    expected = Expected(np.radians(angles + nearest), weights)
    again = fit_alignment(nodes, fitted.alignment, expected)
    return again if again.rms_m < fitted.rms_m + _WORSE_M else fitted


def _beside_hidden(tube: Tube, own: FloatArray) -> BoolArray:
    """Return which vertices (K,) lie so close to a hidden stretch that they lean to its guess."""
    beside = np.zeros(len(own), bool)
    for first, last in stretches(~known(tube)):
        beside |= (own > own[first] - MARGIN_M) & (own < own[last] + MARGIN_M)
    return beside
