"""From a followed run to a measured tube."""

import math
from dataclasses import dataclass, replace

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.kernels.adjust.narrow import (
    CLOSE_BAND,
    MIN_POINTS,
    NOISES,
    RELEASE_FROM,
    SETTLED_FROM,
)
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.adjustment import Adjustment
from twin_pipeline.stages.measure.anisotropy import expected_residuals
from twin_pipeline.stages.measure.doubt import offset_doubt, radius_doubt
from twin_pipeline.stages.measure.drift import find_drift, settle
from twin_pipeline.stages.measure.extent import exact_extent
from twin_pipeline.stages.measure.hidden import hidden_std
from twin_pipeline.stages.measure.kept import Kept
from twin_pipeline.stages.measure.long_patches import long_patch_normals
from twin_pipeline.stages.measure.normals import point_normals
from twin_pipeline.stages.measure.options import MeasureOptions
from twin_pipeline.stages.measure.ovality import Ovality, ovality
from twin_pipeline.stages.measure.precision import (
    Precision,
    bump_std,
    slice_scatter,
    standard_deviations,
    wander,
    with_systematic,
)
from twin_pipeline.stages.measure.rays import led_by_rays
from twin_pipeline.stages.measure.sectors import (
    observed_arc,
    visible,
)
from twin_pipeline.stages.measure.shape import halo, misfit, plane_ratio
from twin_pipeline.stages.measure.tails import trusted_span
from twin_pipeline.stages.measure.thinned import every_one_in
from twin_pipeline.stages.measure.wrapping import wrapping

_ITERATIONS = 14
_ALL_FROM = SETTLED_FROM
_FIRST_POINTS_PER_M = 2000
"""The step from which on all points take part, and how many of a metre do before, or in a trial."""
_PROBE_POINTS = 3000
_UNKNOWN_RAD = 0.3
_STRETCH_M = 0.5
"""Of a run, over which normals are as good as in its middle."""
_OVAL = 0.5
"""Probability from which on a tube is called an oval."""


def sparsely_covered(pyramid: Pyramid, run: Run) -> bool:
    """Tell whether a run has so few points that none of it can be spared for a first look."""
    index, _ = pyramid.points_near(run.axis, _reach(run))
    return len(index) < _PROBE_POINTS // 2


def measure(
    pyramid: Pyramid,
    run: Run,
    options: MeasureOptions,
    *,
    probe: bool = False,
    with_drift: bool = False,
    closely: bool = False,
    roughly: bool = False,
    kept: Kept | None = None,
) -> Tube | None:
    """Fit a tube to a run; None where the points do not hold one.

    As a probe it takes some thousands of points only, enough to tell whether there is a tube;
    roughly it takes some thousands of each metre, enough to tell where the tube goes on. The
    scan's drift is solved for with it on demand, where it is known when points were recorded.
    Closely, only points near the followed run take part from the beginning: a run that was
    followed well is then not led away by a floor or soil close to the tube. Of what is kept away
    from no point takes part.
    """
    begun = begin(pyramid, run, probe=probe, closely=closely, roughly=roughly, kept=kept)
    if begun is None:
        return None
    weights = solved(pyramid, begun, options, with_drift=with_drift)
    if weights is None:
        return None
    # drift is solved for with what is a tube already: it makes no end of that another thing
    trusted = begun.led if with_drift else range(0)
    tube = make_tube(begun.adjustment, weights, begun.index, options, trusted, begun.one_in)
    return tube if tube is None or begun.one_in == 1 else replace(tube, one_in=begun.one_in)


def solved(
    pyramid: Pyramid, begun: "Begun", options: MeasureOptions, *, with_drift: bool
) -> FloatArray | None:
    """Solve for the tube, then with the scan's drift where time is known; return weights (N,)."""
    adj = begun.adjustment
    weights = iterate(begun, options)
    if weights is None or not with_drift or pyramid.recorded is None:
        return weights
    drift = find_drift(adj, weights, pyramid.recorded[begun.index])
    if drift is None:
        return weights
    settled = settle(adj, drift)
    return settled if np.count_nonzero(settled) >= MIN_POINTS else None


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """An adjustment before its first step."""

    adjustment: Adjustment
    index: IntArray
    """(N,) of its points among the sorted points."""
    gate: float
    """Least cosine between normals and radial vectors in the end."""
    by_shape: bool
    """Whether normals are so coarse that the shape of the cross-section must tell soil."""
    closely: bool
    one_in: int
    """Of how many points of the run one is taken."""
    led: range
    """Nodes that lie on the run, not beyond its ends."""


def begin(
    pyramid: Pyramid,
    run: Run,
    *,
    probe: bool = False,
    closely: bool = False,
    roughly: bool = False,
    kept: Kept | None = None,
) -> Begun | None:
    """Gather the points of a run; None where there are too few."""
    step = float(np.clip(0.5 * run.radius_m, 0.03, 0.10))
    along = polyline.resample(run.axis, step)
    axis = polyline.extend(along, max(2.0 * run.radius_m, 0.3), back=10)
    index, near = pyramid.points_near(axis, _reach(run))
    if kept is not None:
        clear = kept.clear(pyramid.xyz[index])
        index, near = index[clear], near[clear]
    if len(index) < MIN_POINTS:
        return None
    stretch = (near * (step / _STRETCH_M)).astype(np.int64)
    every = every_one_in(len(index), run)
    if probe:
        every = max(len(index) // _PROBE_POINTS, 1)
    spare = max(_spare(len(index), axis, step), every) if roughly and not probe else every
    normals, normal_std, poor = point_normals(
        pyramid, index[::spare], run.radius_m, stretch[::spare]
    )
    if poor and spare > every:
        normals, normal_std, poor = point_normals(
            pyramid, index[::every], run.radius_m, stretch[::every]
        )
        spare = every
    index, near, every = index[::spare].copy(), near[::spare].copy(), spare
    if normal_std > _UNKNOWN_RAD:
        normals = long_patch_normals(pyramid.xyz[index], axis, near, run.radius_m)
    segment = pyramid.segments(index, near, axis, _reach(run))
    stands_for = every if roughly and not probe else 1
    adj = Adjustment(pyramid.xyz[index], normals, axis, segment, run.radius_m, step, stands_for)
    if closely:
        adj.noise = CLOSE_BAND * run.radius_m / NOISES
    if run.held is not None:
        adj.held = _held_nodes(run, axis)
    gate = math.cos(min(max(math.radians(23.0), 3.0 * normal_std), 1.2))
    beyond = (len(axis) - len(along)) // 2
    led = range(beyond, len(axis) - beyond)
    return Begun(adj, index, gate, by_shape=poor, closely=closely, one_in=every, led=led)


def _held_nodes(run: Run, axis: FloatArray) -> BoolArray:
    """Return which nodes (K,) of an axis lie where the run is held."""
    nearest = np.linalg.norm(run.axis[:, None] - axis[None], axis=2).argmin(axis=0)
    return np.asarray(run.held, bool)[nearest]


def _reach(run: Run) -> float:
    return 1.45 * run.radius_m + 0.02


def iterate(begun: Begun, options: MeasureOptions) -> FloatArray | None:
    """Narrow band, gate and stiffness step by step; return the final weights."""
    adj = begun.adjustment
    every = 1 if begun.by_shape else _spare(len(adj.points), adj.nodes, adj.step)
    if every > 1:
        fewer = replace(begun, adjustment=adj.thinned(every), index=begun.index[::every])
        if _narrowed(fewer, options, range(_ALL_FROM)) is None:
            return None
        adj.go_on_from(fewer.adjustment)
    return _narrowed(begun, options, range(_ALL_FROM if every > 1 else 0, _ITERATIONS))


def _spare(points: int, axis: FloatArray, step_m: float) -> int:
    """Return of how many points one is enough to find the way of an axis (K, 3)."""
    length_m = (len(axis) - 1) * step_m
    return max(int(points / (_FIRST_POINTS_PER_M * length_m)), 1)


def _narrowed(begun: Begun, options: MeasureOptions, iterations: range) -> FloatArray | None:
    """Take some steps; return the weights of the last, None where there is no tube."""
    adj = begun.adjustment
    weights: FloatArray | None = None
    steps = range(iterations.start, min(iterations.stop, RELEASE_FROM + 1))
    while steps:
        weights = adj.narrow(
            begun.gate, options.min_arc_deg, options.stiff_curvature_per_m, steps,
            by_shape=begun.by_shape, closely=begun.closely,
        )  # fmt: skip
        if weights is None:
            return None
        steps = range(steps.stop, min(steps.stop + 1, iterations.stop))
        if steps:
            adj.expect(expected_residuals(adj, weights))
    return weights


def make_tube(
    adj: Adjustment,
    weights: FloatArray,
    index: IntArray,
    options: MeasureOptions,
    trusted: range = range(0),
    one_in: int = 1,
) -> Tube | None:
    """Return what the adjustment gave, cut to the stretch that can be trusted.

    Trusted nodes are those that were so before. Of so many points of the scan one takes part.
    """
    arc, observed = observed_arc(adj, weights, options.min_arc_deg)
    if observed.sum() < 3:
        return None
    first, last = trusted_span(adj, observed, weights, trusted, one_in)
    if last - first < 2:
        return None
    node = adj.node
    inside = (node >= first) & (node <= last) & ~np.isnan(adj.chainage)
    used = (weights > 0.0) & inside
    if used.sum() < MIN_POINTS:
        return None
    inflation, slice_radius = slice_scatter(adj, np.where(used, weights, 0.0), node, observed)
    known = standard_deviations(adj, inflation)
    near = inside & (np.abs(adj.residual) < max(4.0 * adj.noise, 0.003))
    shell = inside & adj.keep & (np.abs(adj.residual) < 0.3 * adj.radius) & observed[node]
    extent = exact_extent(adj, first, last)
    span = extent.span
    nodes = extent.of(adj.nodes if adj.offset is None else adj.nodes + adj.offset)
    wander_m = wander(nodes, extent.of(known.up))
    wrapped = wrapping(adj, used)
    hidden = hidden_std(nodes, observed[span])
    guessed = np.hypot(hidden, bump_std(nodes, extent.of(known.up)))
    guessed_h, guessed_v = np.hypot(guessed[:, 0], guessed[:, 1]), guessed[:, 2]
    middle, oval = _mean_direction(adj, used), ovality(adj, weights, used, options)
    if wrapped.stand_off_m > 0.0:
        # folds hang where they like: no shape of theirs is the barrel's
        oval = Ovality()
    unlike_m = math.hypot(wrapped.std_m, oval.std_m)
    off_m = oval.probability * oval.amplitude_m
    return Tube(
        nodes=nodes + oval.axis_m * middle,
        radius_m=adj.radius + oval.radius_m - wrapped.off_m,
        radius_std_m=math.hypot(
            with_systematic(known.radius, adj, wander_m if adj.offset is None else 0.0, options),
            unlike_m,
        ),
        std_h_m=np.hypot(np.hypot(extent.of(known.across), guessed_h), off_m),
        std_v_m=np.hypot(np.hypot(extent.of(known.up), guessed_v), off_m),
        crown_std_m=np.hypot(np.hypot(extent.of(known.crown), guessed_v), wrapped.std_m),
        arc_deg=arc[span],
        observed=observed[span],
        visible=(observed | visible(adj, options.min_arc_deg))[span],
        slice_radius_m=slice_radius[span] + oval.radius_m - wrapped.off_m,
        noise_m=adj.noise,
        points=index[near],
        points_used=int(used.sum()),
        middle=middle,
        purity=float(used[shell].mean()) if shell.any() else 0.0,
        plane_ratio=plane_ratio(adj, used, node),
        misfit=misfit(adj, used),
        inflation=inflation,
        # soil that hides the tube on a stretch says nothing about where it is seen
        halo=halo(adj, used, inside & observed[node]),
        wander_m=wander_m,
        drift_m=_drift(adj, known)[span],
        stand_off_m=wrapped.stand_off_m,
        shrunk_m=wrapped.shrunk_m,
        sleeve_std_m=wrapped.unseen_std_m,
        oval_m=oval.amplitude_m if oval.probability > _OVAL else 0.0,
        oval_part_std_m=oval.std_m,
        # an oval has no one radius anyway
        doubt_std_m=(1.0 - oval.probability)
        * math.hypot(
            radius_doubt(adj, np.where(used, weights, 0.0), inflation),
            offset_doubt(slice_radius, inflation),
        ),
        oval_std_m=oval.if_oval_m,
        led_m=led_by_rays(adj, np.where(used, weights, 0.0)),
        held=adj.held[span] if adj.held.any() else None,
    )


def _drift(adj: Adjustment, known: Precision) -> FloatArray:
    """Return what of the crown's std (K,) the scan's drift is; NaN where it was not solved for."""
    if adj.offset is None:
        return np.full(len(adj.nodes), np.nan)
    return np.sqrt(np.maximum(known.crown**2 - known.crown_alone**2, 0.0))


def _mean_direction(adj: Adjustment, used: BoolArray) -> FloatArray:
    mean = (adj.radial[used] / adj.rho[used, None]).mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9))
