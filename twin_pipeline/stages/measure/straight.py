"""A short and straight tube, measured as one stiff piece of as few points as tell five unknowns.

What hangs free touches nothing that would pass for it, so that neither normals nor sectors have to
tell its points from others: some dozens in noise of a fifth of its radius are enough.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.anisotropy import expected_residuals
from twin_pipeline.stages.measure.doubt import radius_doubt
from twin_pipeline.stages.measure.extent import exact_extent
from twin_pipeline.stages.measure.options import MeasureOptions
from twin_pipeline.stages.measure.precision import slice_scatter, with_systematic
from twin_pipeline.stages.measure.rays import led_by_rays
from twin_pipeline.stages.measure.sectors import observed_arc
from twin_pipeline.stages.measure.shape import halo, misfit, plane_ratio

_ROUNDS, _SETTLED_FROM, _BIASED_FROM = 16, 6, 10
"""Steps; from which on the noise's band holds, and what noise does to residuals is known."""
_BAND, _NARROWER, _NOISES = 0.6, 0.7, 4.0
_FIRM, _LOOSE, _TILT = 0.02, 1e-3, 1e-3
"""What the radius begun with counts before and after that, and no tilt, in units of all points."""
_MOST_STEP, _MOST_NOISE, _LEAST_NOISE_M = 0.25, 0.5, 2e-4
_THINNEST_M, _THICKEST_M = 0.015, 0.15
_RADII_M = (0.022, 0.03, 0.042, 0.058, 0.08)
_TOP = 95.0
_OF_REACH = 0.65
"""Radius that is begun with, of how far from the line points lie."""
_FEWEST = 25
_STEP_M, _BEYOND_M = 0.03, 0.3
_GAP_M = 0.06
"""How far along the axis from its nearest point a tube is seen."""


Clear = Callable[[FloatArray], BoolArray]
"""Tells which places (N, 3) belong to nothing that is known."""


_Seen = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(slots=True)
class _Line:
    """A straight tube on its way."""

    centre: FloatArray
    course: FloatArray
    radius_m: float
    noise_m: float
    off_m: float = math.inf
    """Median of how far points lie off it."""

    def laterals(self) -> FloatArray:
        """Return unit vectors (2, 3) square to the course: level, and upwards."""
        x, y, z = (float(part) for part in self.course)
        width = math.hypot(x, y)
        east, north = y / width, -x / width
        return np.array([[east, north, 0.0], [north * z, -east * z, east * y - north * x]])


def measure_straight(
    pyramid: Pyramid,
    start: FloatArray,
    end: FloatArray,
    reach_m: float,
    options: MeasureOptions,
    clear: Clear,
) -> Tube | None:
    """Fit a straight tube between two places (3,); None where the points hold none.

    Only what lies between them, and within so much of their line, and is clear of what is known,
    counts; the tube ends where its surface does.
    """
    half_m = 0.5 * float(np.linalg.norm(end - start))
    middle, course = 0.5 * (start + end), (end - start) / np.linalg.norm(end - start)
    index, _ = pyramid.points_near(_nodes(middle, course, half_m), reach_m)
    points = pyramid.xyz[index]
    points = points[clear(points)]
    starts = (
        _led(middle, course, radius_m, points, half_m)
        for radius_m in _RADII_M
        if radius_m < reach_m
    )
    line = min(
        (line for line in starts if line is not None), key=lambda led: led.off_m, default=None
    )
    if line is None:
        return None
    nodes = _nodes(line.centre, line.course, half_m, _BEYOND_M)
    index, near = pyramid.points_near(nodes, reach_m)
    own = clear(pyramid.xyz[index])
    index, near = index[own], near[own]
    points = pyramid.xyz[index]
    segment = pyramid.segments(index, near, nodes, reach_m)
    for number in range(_SETTLED_FROM, _BIASED_FROM):
        if not _stepped(line, points, half_m, number):
            return None
    adj = _adjustment(line, points, nodes, segment)
    expected = expected_residuals(
        adj, _weights(line, _seen(line, points), half_m, _NOISES * line.noise_m)
    )
    for number in range(_BIASED_FROM, _ROUNDS):
        if not _stepped(line, points, half_m, number, expected):
            return None
    nodes = _nodes(line.centre, line.course, half_m, _BEYOND_M)
    adj = _adjustment(line, points, nodes, segment)
    adj.expect(expected)
    return _tube(line, adj, index, half_m, options)


def _led(
    middle: FloatArray, course: FloatArray, radius_m: float, points: FloatArray, half_m: float
) -> _Line | None:
    """Return the line to which a radius leads that hangs from the top of points (N, 3)."""
    line = _Line(middle, course, radius_m, 0.2 * radius_m)
    along, aside, _ = _seen(line, points)
    inside = np.abs(along) < half_m
    if inside.sum() < _FEWEST:
        return None
    level = float(np.median(aside[inside, 0]))
    up = float(np.percentile(aside[inside, 1], _TOP)) - radius_m
    line.centre = middle + np.array([level, up]) @ line.laterals()
    for number in range(_SETTLED_FROM):
        if not _stepped(line, points, half_m, number):
            return None
    _, _, rho = _seen(line, points[inside])
    line.off_m = float(np.median(np.abs(rho - line.radius_m)))
    return line


def _nodes(
    centre: FloatArray, course: FloatArray, half_m: float, beyond_m: float = 0.0
) -> FloatArray:
    """Return evenly spaced nodes (K, 3), their number the same whatever the line."""
    reach_m = half_m + beyond_m
    at = np.linspace(-reach_m, reach_m, math.ceil(2.0 * reach_m / _STEP_M) + 1)
    return np.asarray(centre + at[:, None] * course)


def _adjustment(
    line: _Line, points: FloatArray, nodes: FloatArray, segment: IntArray
) -> Adjustment:
    offset = points - line.centre
    radial = offset - (offset @ line.course)[:, None] * line.course
    step = float(np.linalg.norm(nodes[1] - nodes[0]))
    adj = Adjustment(points, radial, nodes, segment, line.radius_m, step)
    adj.noise = line.noise_m
    return adj


def _seen(line: _Line, points: FloatArray, laterals: FloatArray | None = None) -> _Seen:
    """Return where points (N, 3) lie along (N,), to both sides (N, 2), and how far off (N,)."""
    offset = points - line.centre
    aside = offset @ (line.laterals() if laterals is None else laterals).T
    return offset @ line.course, aside, np.maximum(np.hypot(aside[:, 0], aside[:, 1]), 1e-9)


def _weights(
    line: _Line,
    seen: _Seen,
    half_m: float,
    band_m: float,
    expected: FloatArray | None = None,
) -> FloatArray:
    along, _, rho = seen
    off = rho - line.radius_m - (0.0 if expected is None else expected)
    near = (np.abs(off) < band_m) & (np.abs(along) < half_m)
    return np.where(near, (1.0 - (off / band_m) ** 2) ** 2, 0.0)


def _equations(
    seen: _Seen, weights: FloatArray, half_m: float, number: int
) -> tuple[FloatArray, FloatArray]:
    """Return design (N, 5) of place, tilt and radius, and normal matrix (5, 5)."""
    along, aside, rho = seen
    level, up = aside.T / rho
    design = np.column_stack([level, up, along * level, along * up, np.ones(len(rho))])
    matrix = design.T @ (design * weights[:, None])
    tilt = _TILT * half_m**2
    prior = np.array([0.0, 0.0, tilt, tilt, _FIRM if number < _SETTLED_FROM else _LOOSE])
    return design, matrix + weights.sum() * np.diag(prior)


def _stepped(
    line: _Line,
    points: FloatArray,
    half_m: float,
    number: int,
    expected: FloatArray | None = None,
) -> bool:
    """Take a step; tell whether there still is a tube."""
    band_m = max(_NOISES * line.noise_m, _BAND * line.radius_m * _NARROWER**number)
    laterals = line.laterals()
    seen = _seen(line, points, laterals)
    weights = _weights(line, seen, half_m, band_m, expected)
    used = weights > 0.0
    if used.sum() < _FEWEST:
        return False
    design, matrix = _equations(seen, weights, half_m, number)
    off = seen[2] - line.radius_m - (0.0 if expected is None else expected)
    step = np.linalg.solve(matrix, design.T @ (weights * off))
    most = _MOST_STEP * line.radius_m
    step[:2], step[4] = np.clip(step[:2], -most, most), np.clip(step[4], -most, most)
    line.centre = line.centre + step[:2] @ laterals
    course = line.course + step[2:4] @ laterals
    line.course = course / np.linalg.norm(course)
    line.radius_m += float(step[4])
    if number >= 2:
        noise_m = 1.4826 * float(np.median(np.abs(off[used])))
        line.noise_m = min(max(noise_m, _LEAST_NOISE_M), _MOST_NOISE * line.radius_m)
    return _THINNEST_M < line.radius_m < _THICKEST_M


def _tube(
    line: _Line, adj: Adjustment, index: IntArray, half_m: float, options: MeasureOptions
) -> Tube | None:
    """Return what a settled line tells, from end to end."""
    expected = adj.expected
    weights = _weights(line, _seen(line, adj.points), half_m, _NOISES * line.noise_m, expected)
    used = weights > 0.0
    arc, _ = observed_arc(adj, weights, options.min_arc_deg)
    observed = (arc >= options.min_arc_deg) & _has_points(adj, used)
    if used.sum() < _FEWEST or observed.sum() < 3:
        return None
    seen = np.flatnonzero(observed)
    inflation, slice_radius = slice_scatter(adj, weights, adj.node, observed)
    extent = exact_extent(adj, int(seen[0]), int(seen[-1]))
    span, nodes = extent.span, extent.of(adj.nodes)
    _, matrix = _equations(_seen(line, adj.points), weights, half_m, _SETTLED_FROM)
    spread = np.asarray(inflation * line.noise_m**2 * np.linalg.inv(matrix), np.float64)
    along = (nodes - line.centre) @ line.course
    shell = adj.keep & _inside(adj) & observed[adj.node] & (np.abs(adj.residual) < 0.3 * adj.radius)
    near = _inside(adj) & (np.abs(adj.residual) < max(_NOISES * adj.noise, 0.003))
    near &= (adj.node >= extent.first) & (adj.node <= extent.last)
    middle = (adj.radial[used] / adj.rho[used, None]).mean(axis=0)
    return Tube(
        nodes=nodes,
        radius_m=adj.radius,
        radius_std_m=with_systematic(math.sqrt(spread[4, 4]), adj, 0.0, options),
        std_h_m=np.sqrt(_variance(spread, 0, along)),
        std_v_m=np.sqrt(_variance(spread, 1, along)),
        crown_std_m=np.sqrt(_crown_variance(spread, along)),
        arc_deg=arc[span],
        observed=observed[span],
        slice_radius_m=slice_radius[span],
        noise_m=adj.noise,
        points=index[near],
        points_used=int(used.sum()),
        middle=np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-9)),
        purity=float(used[shell].mean()) if shell.any() else 0.0,
        plane_ratio=plane_ratio(adj, used, adj.node),
        misfit=misfit(adj, used),
        inflation=inflation,
        halo=halo(adj, used, _inside(adj) & observed[adj.node]),
        wander_m=0.0,
        drift_m=np.full(len(nodes), np.nan),
        stand_off_m=0.0,
        doubt_std_m=radius_doubt(adj, weights, inflation),
        led_m=led_by_rays(adj, weights),
    )


def _has_points(adj: Adjustment, used: BoolArray) -> BoolArray:
    """Return around which nodes (K,) there are points; of a few the nearest is some way off."""
    own = np.bincount(adj.node[used], minlength=len(adj.nodes))
    reach = max(round(_GAP_M / _STEP_M), 1)
    return np.convolve(own, np.ones(2 * reach + 1), "same") >= 1.0


def _inside(adj: Adjustment) -> BoolArray:
    return ~np.isnan(adj.chainage)


def _variance(spread: FloatArray, side: int, along: FloatArray) -> FloatArray:
    """Return the variance (K,) of the axis to one side, at places (K,) along it."""
    at, tilt = spread[side, side], spread[side + 2, side + 2]
    return np.asarray(at + 2.0 * along * spread[side, side + 2] + along**2 * tilt)


def _crown_variance(spread: FloatArray, along: FloatArray) -> FloatArray:
    with_radius = spread[1, 4] + along * spread[3, 4]
    return np.maximum(_variance(spread, 1, along) + spread[4, 4] + 2.0 * with_radius, 0.0)
