"""From a line that stands out of the floor to a tube: its axis, its radius, and how sure they are.

Section and axis are found in turns. What stretches of the tube differ by tells its standard
deviations, and what hangs on where soil is allowed to lie adds to them.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.blurred.course import STEP_M, Led, Unrolled, frames, led, unrolled
from twin_pipeline.stages.blurred.likelihood import likeliest, likeliest_of
from twin_pipeline.stages.blurred.ridges import Ridge
from twin_pipeline.stages.blurred.section import (
    Cells,
    Layout,
    Section,
    counted,
    guessed,
    reach_m,
)

STARTS_M = (0.025, 0.035, 0.05, 0.065)
_SMOOTH = 2.0
"""Nodes over which a crest is smoothed."""
_BEYOND_M = 1.0
_ROUNDS = 4
_FIRST_STEPS, _STEPS, _AGAIN_STEPS = 100, 120, 50
_LAYOUT = Layout()
_OTHER_LAYOUTS = (Layout(ring_deg=90.0), Layout(ring_deg=130.0), Layout(bent=False))
_OTHER_STARTS = (0.8, 1.25)
_AS_LIKELY = 0.01
"""Logarithm, a point: what is less likely by more is no other way to see it."""
_STRETCHES = 8
_FEWEST_NODES, _HIDDEN_M = 6, 1.75
_NODE_STEP_M = 0.1
_FAINT = 0.15
"""Of the largest density around the ring: where less is seen nothing is."""
_DRIFT = 0.08
"""Of the noise as it was guessed: what surfaces that were scanned twice, a little apart, may do."""
_ON = 2.5
"""Of the noise: so near to the circle points are taken for the tube's."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A section, the axis that it led, and the tube they make."""

    section: Section
    led: Led
    tube: Tube


def fitted(pyramid: Pyramid, ridge: Ridge, noise_m: float) -> Fit | None:
    """Return the tube that may lie along a ridge; None where no ring is seen over some metres.

    Parameters
    ----------
    noise_m
        Of the scan, roughly.
    """
    nodes = _axis_below(ridge)
    widest_m = reach_m(STARTS_M[-1], noise_m)
    index, _ = pyramid.points_along(nodes, 1.5 * widest_m)
    xyz = pyramid.xyz[index]
    section = _first_section(xyz, nodes, ridge, noise_m)
    if not section.shows_a_ring:
        return None
    course = Led(nodes, np.zeros((len(nodes), 2)), np.ones(len(nodes), bool))
    for _ in range(_ROUNDS):
        course = led(xyz, course.nodes, section)
        if np.count_nonzero(course.seen[:-1] & course.seen[1:]) < _FEWEST_NODES:
            return None
        section = _section(unrolled(xyz, course.nodes, section.half_m), course.seen, section)
        if not section.shows_a_ring:
            return None
    course = _longest_seen(course)
    if course.seen.sum() < _FEWEST_NODES:
        return None
    around = unrolled(xyz, course.nodes, section.half_m)
    section = _section(around, course.seen, section)
    if not section.shows_a_ring:
        return None
    return Fit(section, course, _tube(section, course, around, index))


def _axis_below(ridge: Ridge) -> FloatArray:
    smooth = scipy.ndimage.gaussian_filter1d(ridge.crest, _SMOOTH, axis=0, mode="nearest")
    nodes = polyline.resample(smooth, STEP_M)
    longer = polyline.extend(nodes, _BEYOND_M, back=4)
    return np.asarray(longer - [0.0, 0.0, ridge.radius_m])


def _first_section(xyz: FloatArray, nodes: FloatArray, ridge: Ridge, noise_m: float) -> Section:
    """Return the likeliest section of several that begin with another radius each."""
    half_m = reach_m(STARTS_M[-1], noise_m)
    cells = counted(unrolled(xyz, nodes, half_m).off, half_m, noise_m)
    starts = []
    for radius_m in STARTS_M:
        start = guessed(cells, radius_m, noise_m, _LAYOUT)
        below = np.array([0.0, ridge.radius_m - radius_m])
        starts.append((cells, replace(start, centre=below)))
    tries = likeliest_of(starts, _FIRST_STEPS)
    return max(tries, key=lambda section: section.log_likelihood)


def _section(around: Unrolled, seen: BoolArray, before: Section) -> Section:
    """Return the likeliest section of what was seen, begun anew with the circle of one before."""
    half_m = reach_m(before.radius_m, before.scale_m)
    cells = counted(around.off[seen[around.node]], half_m, before.scale_m)
    start = guessed(cells, before.radius_m, before.scale_m, before.layout)
    return likeliest(cells, replace(start, centre=before.centre), _STEPS)


def _longest_seen(course: Led) -> Led:
    """Return the longest part of the axis without long hidden stretches, seen twice at its ends."""
    twice = np.flatnonzero(course.seen[:-1] & course.seen[1:])
    breaks = np.flatnonzero(np.diff(twice) * STEP_M > _HIDDEN_M)
    firsts = np.concatenate([twice[:1], twice[breaks + 1]])
    lasts = np.concatenate([twice[breaks], twice[-1:]])
    longest = int((lasts - firsts).argmax())
    kept = slice(firsts[longest], lasts[longest] + 2)
    return Led(course.nodes[kept], course.std[kept], course.seen[kept])


def _tube(section: Section, course: Led, around: Unrolled, index: IntArray) -> Tube:
    apart = _apart(section, course.seen, around)
    radius_std, across_std, up_std, crown_std = apart
    _, right, up = frames(course.nodes)
    axis = course.nodes + section.centre[0] * right + section.centre[1] * up
    nodes = polyline.resample(axis, _NODE_STEP_M)
    at, own = polyline.chainage(nodes), polyline.chainage(axis)
    seen = np.interp(at, own, course.seen.astype(np.float64)) > 0.5
    across = np.hypot(np.interp(at, own, course.std[:, 0]), across_std)
    level = np.interp(at, own, course.std[:, 1])
    off = around.off - section.centre
    on = np.abs(np.hypot(off[:, 0], off[:, 1]) - section.radius_m) < _ON * section.noise_m
    arc_deg, middle = _arc(section)
    points = np.sort(index[around.index[on & course.seen[around.node]]])
    return Tube(
        nodes=nodes,
        radius_m=section.radius_m,
        radius_std_m=float(radius_std),
        std_h_m=across,
        std_v_m=np.hypot(level, up_std),
        crown_std_m=np.hypot(level, crown_std),
        arc_deg=np.where(seen, arc_deg, 0.0),
        observed=seen,
        slice_radius_m=np.where(seen, section.radius_m, np.nan),
        noise_m=section.noise_m,
        points=points,
        points_used=round(float(section.ring.sum()) * len(points)),
        middle=_mean_direction(up, middle),
        purity=1.0,
        plane_ratio=1.0,
        misfit=0.0,
        inflation=1.0,
        halo=0.0,
        wander_m=0.0,
        drift_m=np.full(len(nodes), np.nan),
        stand_off_m=0.0,
        blurred=True,
    )


def _mean_direction(up: FloatArray, middle: float) -> FloatArray:
    mean = math.cos(middle) * up.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9))


def _arc(section: Section) -> tuple[float, float]:
    """Return the arc that is seen, degrees, and its middle from the top, radians."""
    seen = section.angles[section.ring > _FAINT * section.ring.max()]
    return float(np.degrees(np.ptp(seen))), float(0.5 * (seen[0] + seen[-1]))


def _apart(section: Section, seen: BoolArray, around: Unrolled) -> FloatArray:
    """Return standard deviations (4,) of radius, axis across and up, and crown.

    By what leaving out each of some stretches changes (jackknife), and other layouts.
    """
    kept = seen[around.node]
    inside = around.at_m[kept]
    stretch = np.minimum(
        (np.argsort(np.argsort(inside)) * _STRETCHES) // max(len(inside), 1), _STRETCHES - 1
    )
    off = around.off[kept]
    half_m, noise_m = section.half_m, section.scale_m
    cells = counted(off, half_m, noise_m)
    parts = [counted(off[stretch != number], half_m, noise_m) for number in range(_STRETCHES)]
    again = [(part, section) for part in (cells, *parts)]
    own, *fewer = likeliest_of(again, _AGAIN_STEPS, hold=False)
    without = np.array([_measures(other) for other in fewer])
    chance = (_STRETCHES - 1.0) * without.var(axis=0)
    starts = [_begun_anew(section, cells, layout) for layout in _OTHER_LAYOUTS]
    starts += [_begun_anew(section, cells, _LAYOUT, factor) for factor in _OTHER_STARTS]
    others = likeliest_of([(cells, start) for start in starts], _STEPS)
    least = own.log_likelihood - _AS_LIKELY * len(off)
    off_by = np.array([
        _measures(other) - _measures(own) for other in others if other.log_likelihood > least
    ]).reshape(-1, 4)  # fmt: skip
    open_to = (off_by**2).sum(axis=0) / max(len(off_by), 1)
    drift = (_DRIFT * section.scale_m) ** 2
    return np.asarray(np.sqrt(chance + open_to + drift))


def _begun_anew(section: Section, cells: Cells, layout: Layout, factor: float = 1.0) -> Section:
    """Return a section to begin with, under the same crown."""
    radius_m = factor * section.radius_m
    start = guessed(cells, radius_m, section.scale_m, layout)
    below = np.array([0.0, section.radius_m - radius_m])
    return replace(start, centre=section.centre + below, noise=section.noise)


def _measures(section: Section) -> FloatArray:
    across, up = section.centre
    return np.array([section.radius_m, across, up, up + section.radius_m])
