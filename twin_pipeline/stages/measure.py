"""Adjust one tube per run to the raw points: axis, radius, and what they are worth.

The axis is a chain of nodes, the radius one number for the whole run. Points enter with Tukey
weights inside a band that is narrowed from a good part of the radius to four sigma; only points
whose surface normal points away from the axis count, and sectors of the cross-section where soil
touches the tube are dropped, since they bias the radius far beyond what its formal sigma says.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.spatial import cKDTree
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry.pyramid import Pyramid, VoxelLevel
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.kernels import tube
from twin_pipeline.model import BoolArray, FloatArray


IntArray = npt.NDArray[np.int64]

_SECTORS = 36
_POINTS_PER_SECTOR = 60
_ITERATIONS = 14
_TRIM_FROM = 5
_HIDE_FROM = 3
_RELEASE_FROM = 9
_MIN_POINTS = 60
_PROBE_POINTS = 6000
_STIFF_TURN_RAD = math.radians(2.5)
_HIDDEN_STIFFNESS = 0.05


class MeasureOptions(BaseModel):
    """Options of the adjustment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stiff_curvature_per_m: float = Field(
        0.03, gt=0.0, description="curvature below which an axis counts as straight, 1/metres"
    )
    radius_floor_m: float = Field(
        0.0001, ge=0.0, description="systematic part of a radius' standard deviation, metres"
    )
    noise_bias: float = Field(
        1.2,
        ge=0.0,
        description="systematic part that comes from noise, in units of noise squared by radius",
    )
    min_arc_deg: float = Field(45.0, gt=0.0, description="arc that counts as observed, degrees")


class _Adjustment:
    """State of one tube's iterations."""

    def __init__(
        self,
        points: FloatArray,
        normals: FloatArray,
        axis: FloatArray,
        radius_m: float,
        step_m: float,
    ) -> None:
        self.points, self.normals = points, normals
        self.radius, self.step = radius_m, step_m
        self.start_radius = radius_m
        self.nodes = axis
        self.max_curvature = 0.15
        self.segment = _nearest_segment(points, axis)
        self.noise = 0.1 * radius_m
        self.radius_prior = 0.002
        self.used = len(points)
        self.keep = np.ones(len(points), bool)
        self.hidden = np.zeros(len(axis), bool)
        self._geometry()

    def _geometry(self) -> None:
        self.tangent, self.u, self.v = tube.lateral_frames(self.nodes)
        self.chainage, self.radial = tube.project(self.points, self.nodes, self.segment, self.step)
        self.rho = np.maximum(np.linalg.norm(self.radial, axis=1), 1e-9)
        self.residual = self.rho - self.radius
        near = self.nearest_node()
        self.angle = np.arctan2(
            np.einsum("ij,ij->i", self.radial, self.v[near]),
            np.einsum("ij,ij->i", self.radial, self.u[near]),
        )
        self.cosine = np.abs(np.einsum("ij,ij->i", self.normals, self.radial)) / self.rho

    def nearest_node(self) -> IntArray:
        """Return the node (N,) that each point is nearest to along the axis."""
        at = np.nan_to_num(self.chainage / self.step) + 0.5
        return np.clip(at, 0, len(self.nodes) - 1).astype(np.int64)

    def weights(self, band_m: float, min_cosine: float) -> FloatArray:
        ratio = (self.residual / band_m) ** 2
        weights = np.where(ratio < 1.0, (1.0 - ratio) ** 2, 0.0)
        weights[~(self.keep & (self.cosine > min_cosine) & ~np.isnan(self.chainage))] = 0.0
        return weights

    def solve(self, weights: FloatArray) -> None:
        """One Gauss-Newton step of all nodes and the radius."""
        band, border, corner, rhs, rhs_radius = tube.normal_equations(
            self.chainage, self.radial, weights, self.u, self.v, self.radius, self.step
        )
        tube.add_bending_prior(band, rhs, self.nodes, self.u, self.v, self.bending_weights())
        band[0] += 1e-3 * max(float(weights.sum()) / len(self.nodes), 1.0) * 0.01 + 1e-9
        factor = tube.cholesky(band)
        a = tube.cholesky_solve(factor, rhs)
        b = tube.cholesky_solve(factor, border)
        self.factor, self.border_solution = factor, b
        loose = self.radius_prior * corner
        self.schur = corner + loose - border @ b
        step_radius = (
            rhs_radius - border @ a + loose * (self.start_radius - self.radius)
        ) / self.schur
        lateral = a - step_radius * b
        limit = 0.25 * self.radius
        lateral = np.clip(lateral, -limit, limit)
        self.nodes = self.nodes + lateral[::2, None] * self.u + lateral[1::2, None] * self.v
        self.radius += float(np.clip(step_radius, -limit, limit))
        self._geometry()

    def bending_weights(self) -> FloatArray:
        """Weight of the straightness prior at each node, in units of points.

        A straight axis is stiff, a bent one free (Geman-McClure). What counts is by how much the
        axis has turned beyond the node: a socket or a mound that the axis climbs and leaves again
        stays stiff.
        """
        scale = self.max_curvature * self.step**2
        loosened = 1.0 / (1.0 + (_net_turn(self.nodes, self.step) / _STIFF_TURN_RAD) ** 2) ** 2
        loosened[self.hidden] = np.maximum(loosened[self.hidden], _HIDDEN_STIFFNESS)
        return np.asarray((self.noise / scale) ** 2 * loosened)

    def update_noise(self, weights: FloatArray) -> None:
        used = weights > 0.0
        self.used = int(used.sum())
        if used.sum() > 20:
            self.noise = max(1.4826 * float(np.median(np.abs(self.residual[used]))), 2e-4)


def _net_turn(nodes: FloatArray, step_m: float) -> FloatArray:
    """Return the angle (K,) between the directions well before and well after each node, radians."""
    count = len(nodes)
    near, far = max(round(0.18 / step_m), 1), max(round(0.5 / step_m), 3)
    smooth = uniform_filter1d(nodes, 3, axis=0, mode="nearest")
    last = count - 1 - (far - near)
    ahead = np.clip(np.arange(count) + near, 0, max(last, 0))
    behind = np.clip(np.arange(count) - far, 0, max(last, 0))
    span = min(far - near, count - 1)
    after, before = smooth[ahead + span] - smooth[ahead], smooth[behind + span] - smooth[behind]
    cosine = np.einsum("ij,ij->i", after, before)
    cosine /= np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
    return np.arccos(np.clip(cosine, -1.0, 1.0))


def _nearest_segment(points: FloatArray, axis: FloatArray) -> IntArray:
    _, node = cKDTree(axis).query(points)
    return np.minimum(node, len(axis) - 2).astype(np.int64)


def resample(axis: FloatArray, step_m: float) -> FloatArray:
    """Return the polyline (K, 3) with vertices `step_m` apart (the last step stretched)."""
    lengths = np.linalg.norm(np.diff(axis, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    count = max(int(round(along[-1] / step_m)), 2)
    at = np.linspace(0.0, along[-1], count + 1)
    return np.column_stack([np.interp(at, along, axis[:, a]) for a in range(3)])


def extend(axis: FloatArray, length_m: float, back: int) -> FloatArray:
    """Return the polyline lengthened straight at both ends, in steps of its own spacing."""
    step = float(np.linalg.norm(axis[1] - axis[0]))
    count = max(int(np.ceil(length_m / step)), 1)
    back = min(back, len(axis) - 1)
    head = axis[0] - axis[back]
    tail = axis[-1] - axis[-1 - back]
    ahead = np.arange(1, count + 1)[:, None] * step
    return np.vstack(
        [
            (axis[0] + ahead * head / np.linalg.norm(head))[::-1],
            axis,
            axis[-1] + ahead * tail / np.linalg.norm(tail),
        ]
    )


def gather(level: VoxelLevel, axis: FloatArray, radius_m: float) -> IntArray:
    """Return the sorted, unique indices of points within `radius_m` of a polyline."""
    pieces = []
    for first in range(0, len(axis) - 1, 4):
        last = min(first + 4, len(axis) - 1)
        pieces.append(level.points_in_capsule(axis[first], axis[last], radius_m))
    return np.unique(np.concatenate(pieces))


def slice_radii(
    adj: "_Adjustment", weights: FloatArray, slices: IntArray, count: int
) -> tuple[FloatArray, FloatArray]:
    """Return radius correction and its formal variance factor (count,) of each slice on its own."""
    cos, sin = np.cos(adj.angle), np.sin(adj.angle)
    design = np.stack([cos, sin, np.ones_like(cos)])
    matrix = np.empty((count, 3, 3))
    rhs = np.empty((count, 3))
    for a in range(3):
        rhs[:, a] = np.bincount(slices, weights * design[a] * adj.residual, count)
        for b in range(3):
            matrix[:, a, b] = np.bincount(slices, weights * design[a] * design[b], count)
    matrix += np.eye(3) * 1e-6
    inverse = np.linalg.inv(matrix)
    return np.einsum("kj,kj->k", inverse[:, 2], rhs), inverse[:, 2, 2]


def trim_sectors(adj: "_Adjustment", band_m: float, min_cosine: float) -> BoolArray:
    """Return which points (N,) lie in sectors that belong to the tube alone.

    A sector of a slice goes when fewer than 85 % of its points near the shell have a normal that
    fits, or when it holds less than a quarter of the median filling; so does one on either side.
    Slices are long enough to hold some dozens of points a sector: with few, those that happen to
    scatter inwards would be chosen.
    """
    length = (len(adj.nodes) - 1) * adj.step
    per_m = max(adj.used / length, 1.0)
    slice_m = min(max(0.25, 2.0 * adj.radius, 0.4 * _SECTORS * _POINTS_PER_SECTOR / per_m), 2.0)
    slices = max(int(length / slice_m), 1)
    agree = adj.cosine > min_cosine
    shell, good = tube.sector_counts(
        adj.chainage,
        adj.angle,
        adj.residual,
        agree,
        band_m,
        length / slices + 1e-9,
        slices,
        _SECTORS,
    )
    filled = np.where(good > 0, good, 0)
    typical = np.array([np.median(row[row > 0]) if (row > 0).any() else 0.0 for row in filled])
    passing = good.sum(axis=0) / np.maximum(shell.sum(axis=0), 1)
    usual = float(np.quantile(passing[shell.sum(axis=0) > 0], 0.8)) if shell.any() else 1.0
    bad = (good < 0.85 * usual * shell) | (good < 0.25 * typical[:, None]) | (good == 0)
    wide = bad.copy()
    wide |= np.roll(bad, 1, axis=1) | np.roll(bad, -1, axis=1)
    # a slice that would lose everything keeps its clean sectors without the margin
    starved = (~wide).sum(axis=1) < 4
    wide[starved] = bad[starved]
    s = np.clip(
        np.nan_to_num(adj.chainage / (length / slices + 1e-9)).astype(np.int64), 0, slices - 1
    )
    b = ((adj.angle + np.pi) / (2.0 * np.pi) * _SECTORS).astype(np.int64) % _SECTORS
    return ~wide[s, b]


def measure(
    pyramid: Pyramid, run: Run, options: MeasureOptions, *, probe: bool = False
) -> Tube | None:
    """Fit a tube to a run; None where the points do not hold one.

    As a probe it takes some thousands of points only, enough to tell whether there is a tube.
    """
    step = float(np.clip(0.5 * run.radius_m, 0.03, 0.10))
    axis = extend(resample(run.axis, step), max(2.0 * run.radius_m, 0.3), back=10)
    index = gather(_gather_level(pyramid), axis, 1.45 * run.radius_m + 0.02)
    if len(index) < _MIN_POINTS:
        return None
    if probe:
        index = index[:: max(len(index) // _PROBE_POINTS, 1)]
    normals, normal_std = point_normals(pyramid, index, run.radius_m)
    adj = _Adjustment(pyramid.xyz[index], normals, axis, run.radius_m, step)
    weights = _iterate(adj, math.cos(min(max(math.radians(23.0), 3.0 * normal_std), 1.2)), options)
    if weights is None:
        return None
    return _tube(adj, weights, index, options)


def _gather_level(pyramid: Pyramid) -> VoxelLevel:
    return pyramid.level(max(0, round(math.log2(0.1 / pyramid.voxel_size_m))))


def point_normals(pyramid: Pyramid, index: IntArray, radius_m: float) -> tuple[FloatArray, float]:
    """Return normals (P, 3) of sorted points and their typical error in radians.

    They come from the finest level whose patches are good to 5 degrees around these points, as
    long as its voxels stay below 0.6 radii.
    """
    number = 0
    while True:
        level = pyramid.level(number)
        voxel = level.voxel_of(index)
        error = 1.0 if level.too_fine else float(np.median(level.normal_std_rad[voxel]))
        if error < 0.08 or 2.0 * level.size_m > 0.6 * radius_m:
            return level.surface.normal[voxel], error
        number += 1


def _iterate(adj: _Adjustment, gate: float, options: MeasureOptions) -> FloatArray | None:
    """Narrow band, gate and stiffness step by step; return the final weights."""
    weights = np.zeros(len(adj.points))
    for iteration in range(_ITERATIONS):
        settled = 4.0 * adj.noise
        band = max(0.3 * adj.start_radius * 0.7**iteration, settled) if iteration < 8 else settled
        min_cosine = 0.7 + (gate - 0.7) * min(iteration / 6.0, 1.0)
        adj.radius_prior = 0.002 if iteration < _RELEASE_FROM else 1e-6
        adj.max_curvature = max(0.15 * 0.75**iteration, options.stiff_curvature_per_m)
        # points that scatter outwards have poorer normals: a gate on single points would shrink
        # the radius, so that in the end only whole sectors are judged by their normals
        min_cosine = min_cosine if iteration < _RELEASE_FROM else 0.0
        if _TRIM_FROM <= iteration < _RELEASE_FROM:
            shell = max(0.12 * adj.radius, 4.0 * adj.noise)
            adj.keep = trim_sectors(adj, shell, gate)
        weights = adj.weights(band, min_cosine)
        if iteration >= _HIDE_FROM:
            arc, _ = _observed(adj, weights, options.min_arc_deg)
            adj.hidden = arc < max(options.min_arc_deg, 0.5 * float(np.median(arc[arc > 0.0])))
            adj.hidden |= _standing_out(adj)
            weights[adj.hidden[adj.nearest_node()]] = 0.0
        if (weights > 0.0).sum() < _MIN_POINTS:
            return None
        adj.solve(weights)
        adj.update_noise(weights)
        if not 0.6 * adj.start_radius < adj.radius < 1.6 * adj.start_radius:
            return None
    return weights


def _standing_out(adj: _Adjustment) -> BoolArray:
    """Return the nodes (K,) around which the surface stands out of the barrel, as sockets do."""
    node = adj.nearest_node()
    wide = max(0.35 * adj.radius, 0.05)
    facing = (adj.cosine > 0.7) & adj.keep & ~np.isnan(adj.chainage)
    near = facing & (np.abs(adj.residual) < wide)
    out = near & (adj.residual > max(1.5 * adj.noise, 0.004))
    count = len(adj.nodes)
    share = np.bincount(node[out], minlength=count) / np.maximum(
        np.bincount(node[near], minlength=count), 1
    )
    # a sound barrel has 7 % of its points beyond 1.5 sigma
    return np.asarray(maximum_filter1d(share, 3) > 0.45)


def _tube(
    adj: _Adjustment, weights: FloatArray, index: IntArray, options: MeasureOptions
) -> Tube | None:
    arc, observed = _observed(adj, weights, options.min_arc_deg)
    if observed.sum() < 3:
        return None
    first, last = _trusted_span(observed, adj.step)
    node = adj.nearest_node()
    inside = (node >= first) & (node <= last) & ~np.isnan(adj.chainage)
    used = (weights > 0.0) & inside
    if used.sum() < _MIN_POINTS:
        return None
    inflation, slice_radius = _slice_radii(adj, np.where(used, weights, 0.0), node, observed)
    bias = adj.noise**2 / (2.0 * adj.radius)
    radius_std, std_h, std_v, crown = _standard_deviations(adj, inflation)
    near = inside & (np.abs(adj.residual) < max(4.0 * adj.noise, 0.003))
    shell = inside & adj.keep & (np.abs(adj.residual) < 0.3 * adj.radius) & observed[node]
    span = slice(first, last + 1)
    return Tube(
        nodes=_exact_ends(adj, used, first, last),
        radius_m=adj.radius - bias,
        radius_std_m=_with_systematic(radius_std, adj, options),
        std_h_m=std_h[span],
        std_v_m=std_v[span],
        crown_std_m=crown[span],
        arc_deg=arc[span],
        observed=observed[span],
        slice_radius_m=slice_radius[span] - bias,
        noise_m=adj.noise,
        points=index[near],
        points_used=int(used.sum()),
        middle=_mean_direction(adj, used),
        purity=float(used[shell].mean()) if shell.any() else 0.0,
        plane_ratio=_plane_ratio(adj, used, node),
        misfit=_misfit(adj, used),
        inflation=inflation,
        halo=_halo(adj, used, inside),
    )


def _with_systematic(std_m: float, adj: _Adjustment, options: MeasureOptions) -> float:
    """Add what noise that is not the same in all directions does to the radius (seen: s**2 / R)."""
    bias = options.noise_bias * adj.noise**2 / adj.radius
    return math.sqrt(std_m**2 + bias**2 + options.radius_floor_m**2)


def _trusted_span(observed: BoolArray, step_m: float) -> tuple[int, int]:
    """Return the first and last node, without short tails that hang on a longer gap."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], observed, [False]]).astype(int)))
    stretches = [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]
    for side in (0, -1):
        while len(stretches) > 1:
            tail, inner = stretches[side], stretches[1 if side == 0 else -2]
            gap = tail[0] - inner[1] if side else inner[0] - tail[1]
            if tail[1] - tail[0] + 1 >= max(gap, round(0.25 / step_m)):
                break
            stretches.pop(side)
    return stretches[0][0], stretches[-1][1]


def _plane_ratio(adj: _Adjustment, used: BoolArray, node: IntArray) -> float:
    """Compare slices fitted by planes with the tube, by residual variance."""
    per_slice = max(1, round(0.25 / adj.step))
    slices = (node // per_slice)[used]
    count = int(slices.max()) + 1
    cos, sin = np.cos(adj.angle[used]), np.sin(adj.angle[used])
    total = np.maximum(np.bincount(slices, minlength=count), 1.0)
    middle = np.arctan2(
        np.bincount(slices, sin, count) / total, np.bincount(slices, cos, count) / total
    )[slices]
    height = adj.rho[used] * np.cos(adj.angle[used] - middle)
    across = adj.rho[used] * np.sin(adj.angle[used] - middle)

    def centred(values: FloatArray) -> FloatArray:
        return values - (np.bincount(slices, values, count) / total)[slices]

    height, across = centred(height), centred(across)
    slope = np.bincount(slices, height * across, count) / np.maximum(
        np.bincount(slices, across * across, count), 1e-12
    )
    planar = np.mean((height - slope[slices] * across) ** 2)
    return float(planar / np.mean(centred(adj.residual[used]) ** 2))


def _misfit(adj: _Adjustment, used: BoolArray) -> float:
    """Look for a shape other than a circle that the whole run has in common."""
    sector = ((adj.angle[used] + np.pi) / (2.0 * np.pi) * 36).astype(np.int64) % 36
    count = np.bincount(sector, minlength=36)
    mean = np.bincount(sector, adj.residual[used], 36) / np.maximum(count, 1)
    white = adj.noise**2 * np.count_nonzero(count) / count.sum()
    structured = max(float(np.average(mean**2, weights=count)) - white, 0.0)
    return math.sqrt(structured) / adj.noise


def _halo(adj: _Adjustment, used: BoolArray, inside: BoolArray) -> float:
    """Relate the points outside the shell around the arc's ends to those on the tube."""
    outside = inside & (adj.residual > max(4.0 * adj.noise, 0.1 * adj.radius))
    outside &= adj.residual < max(0.4 * adj.radius, 8.0 * adj.noise)
    return float(outside.sum()) / float(used.sum())


def _observed(
    adj: _Adjustment, weights: FloatArray, min_arc_deg: float
) -> tuple[FloatArray, BoolArray]:
    """Return the seen arc (K,) in degrees around each node, and whether it is enough."""
    sectors = 36
    used = weights > 0.0
    node = adj.nearest_node()[used]
    sector = ((adj.angle[used] + np.pi) / (2.0 * np.pi) * sectors).astype(np.int64) % sectors
    counts = np.bincount(node * sectors + sector, minlength=len(adj.nodes) * sectors)
    counts = counts.reshape(len(adj.nodes), sectors).astype(float)
    width = max(3, 2 * round(0.5 * max(adj.radius, 0.08) / adj.step) + 1)
    around = uniform_filter1d(counts, width, axis=0, mode="constant") * width
    typical = np.median(around[around > 0.5]) if (around > 0.5).any() else 1.0
    filled = around > max(1.5, 0.15 * typical)
    arc = filled.sum(axis=1) * (360.0 / sectors)
    own = counts.sum(axis=1)
    return arc, (arc >= min_arc_deg) & (own > 0.1 * np.median(own[own > 0]))


def _slice_radii(
    adj: _Adjustment, weights: FloatArray, node: IntArray, observed: BoolArray
) -> tuple[float, FloatArray]:
    """Return how much noisier slices are than white noise says, and each node's own radius.

    Neighbouring points share errors (drift, registration, roughness), so that the formal sigma is
    too small. Radii of slices fitted on their own scatter as they truly do; the ratio of variances
    is the inflation.
    """
    per_slice = max(1, round(max(0.25, 2.0 * adj.radius) / adj.step))
    count = (len(adj.nodes) - 1) // per_slice + 1
    correction, factor = slice_radii(adj, weights, node // per_slice, count)
    std = adj.noise * np.sqrt(factor)
    seen = np.bincount(np.arange(len(observed)) // per_slice, observed, count) > 0.5 * per_slice
    good = seen & (std < 0.1 * adj.radius)
    radius = np.where(good, adj.radius + correction, np.nan)
    inflation = 1.0
    if good.sum() >= 4:
        weight = 1.0 / std[good] ** 2
        mean = np.average(correction[good], weights=weight)
        inflation = max(
            1.0, float(np.sum(weight * (correction[good] - mean) ** 2) / (good.sum() - 1))
        )
    return inflation, radius[np.arange(len(observed)) // per_slice]


def _standard_deviations(
    adj: _Adjustment, inflation: float
) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """Return the radius' std and, per node (K,), the axis' horizontal and vertical and the crown's."""
    inverse = tube.banded_inverse(adj.factor)
    b = adj.border_solution
    variance = adj.noise**2 * inflation
    uu = variance * (inverse[0, ::2] + b[::2] ** 2 / adj.schur)
    vv = variance * (inverse[0, 1::2] + b[1::2] ** 2 / adj.schur)
    uv = variance * (inverse[1, ::2] + b[::2] * b[1::2] / adj.schur)
    rr = variance / adj.schur
    ur, vr = -variance * b[::2] / adj.schur, -variance * b[1::2] / adj.schur

    def along(direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        a = np.einsum("kj,kj->k", direction, adj.u)
        c = np.einsum("kj,kj->k", direction, adj.v)
        return a * a * uu + c * c * vv + 2.0 * a * c * uv, a * ur + c * vr

    up = np.array([0.0, 0.0, 1.0]) - adj.tangent[:, 2:] * adj.tangent
    level = np.cross(adj.tangent, [0.0, 0.0, 1.0])
    norm_up = np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    level /= np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
    vertical, _ = along(up)
    crown, with_radius = along(up / norm_up)
    return (
        math.sqrt(rr),
        np.sqrt(along(level)[0]),
        np.sqrt(vertical),
        np.sqrt(np.maximum(crown + rr + 2.0 * with_radius, 0.0)),
    )


def _exact_ends(adj: _Adjustment, used: BoolArray, first: int, last: int) -> FloatArray:
    """Return the observed nodes with the end nodes moved to where the points end."""
    nodes = adj.nodes[first : last + 1].copy()
    chainage = adj.chainage[used]
    reach = 4.0 * adj.step
    low = chainage[chainage < first * adj.step + reach]
    high = chainage[chainage > last * adj.step - reach]
    for end, inner, target in (
        (0, 1, float(np.quantile(low, 0.005)) - first * adj.step if len(low) else 0.0),
        (-1, -2, last * adj.step - float(np.quantile(high, 0.995)) if len(high) else 0.0),
    ):
        inward = nodes[inner] - nodes[end]
        nodes[end] += np.clip(target / adj.step, -0.5, 0.5) * inward
    return nodes


def _mean_direction(adj: _Adjustment, used: BoolArray) -> FloatArray:
    mean = (adj.radial[used] / adj.rho[used, None]).mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9))
