"""Take the scanner's drift out of a scan, by what it says twice about the same surfaces.

A scanner that loses its way by a centimetre shows everything that it passes twice in two places.
A pipe as thin as that is then no tube any more. What was recorded within a second shares one
shift. Walls, floor and pavement tell how the shifts of all seconds differ: points of one plane
must lie in one plane. What all shifts have in common no surface tells, and the scan stays where
it is on the mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry.recording import Times, recording_order
from twin_pipeline.geometry.steadied import Steadied
from twin_pipeline.geometry.walks import Walk, walks
from twin_pipeline.kernels import dense, ordering, voxels
from twin_pipeline.kernels.adjust import scatter
from twin_pipeline.model import BoolArray, FloatArray, IntArray, PointCloud

_CHUNK = 1 << 20
_BLOCK_M = 0.24
_FIRST_POINTS, _MOST_POINTS = 150_000, 600_000
"""Some blocks of the scan tell whether it drifts; more of them by how much."""

_CELLS_M = (0.12, 0.08, 0.06)
_LEAST_POINTS = 12
_LEAST_WIDTH, _FLAT = 0.15, 0.2
"""Shorter side's rms in cells, and thickness over it as variances, of what may be a plane."""
_THICK_M, _THICK = 0.012, 0.05
"""Largest rms off a plane: so much, and so much of a cell."""
_OFF_PLANE = 3.0
_TEXTURE_M = 0.003
"""What two looks at a rough surface differ by."""

_LEAST_LOOKS = 5.0
"""Mean number of epochs that saw a cell. In files that are sorted by place, or from a scanner that
stands, it is one or two."""

_EPOCHS_PER_M = 5.0
_FEWEST, _MOST = 40, 200
_POINTS_PER_EPOCH = 300
_LIKELY = Walk(0.01, 0.9)
_SIZES_M = tuple(0.0005 * 2.0**k for k in range(6))
_LIKENESS = (0.5, 0.8, 0.9, 0.95, 0.98)


class SteadyOptions(BaseModel):
    """Options of taking out drift."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_shift_m: float = Field(
        0.001, gt=0.0, description="least rms shift across surfaces that is taken out, metres"
    )


def steady(cloud: PointCloud, options: SteadyOptions) -> Steadied | None:
    """Return how the scan drifts; None where it hardly does, or where time is not known."""
    recorded = recording_order(cloud)
    if recorded is None or len(cloud) < _FEWEST * _POINTS_PER_EPOCH:
        return None
    first = _sampled(cloud, recorded, _FIRST_POINTS)
    if first is None:
        return None
    equations = _equations(first, _CELLS_M[0])
    if equations is None or equations.across(_roughly(equations)) < options.min_shift_m:
        return None
    sample = first if len(cloud) <= _FIRST_POINTS else _sampled(cloud, recorded, _MOST_POINTS)
    if sample is None:
        return None
    for cell_m in (_CELLS_M[0], *_CELLS_M):
        equations = _equations(sample, cell_m)
        if equations is None:
            return None
        sample.shift = equations.solved(_LIKELY)
    walk = equations.likeliest(list(walks(_SIZES_M, _LIKENESS)))
    return Steadied(recorded, sample.times, equations.solved(walk), equations.inverse(walk))


def _roughly(equations: "_Equations") -> FloatArray:
    """Return the shift (E, 3) under the likeliest of a few walks."""
    return equations.solved(equations.likeliest(list(walks(_SIZES_M[::2], (_LIKELY.likeness,)))))


@dataclass(slots=True, eq=False)
class _Sample:
    """Points of some blocks of the scan, and its shift as far as it is known."""

    xyz: FloatArray
    """(n, 3) as measured."""
    times: FloatArray
    """(E,) of the epochs."""
    epoch: FloatArray
    """(n,) when each point was recorded, in epochs from the first."""
    shift: FloatArray
    """(E, 3)"""


def _sampled(cloud: PointCloud, recorded: Times, most: int) -> _Sample | None:
    """Take whole blocks of a scan, every so many of them."""
    lower, upper = ordering.bounds(cloud.xyz)
    every = max(-(-len(cloud) // most), 1)
    points, times = [], []
    for first in range(0, len(cloud), _CHUNK):
        part = np.arange(first, min(first + _CHUNK, len(cloud)), dtype=np.uint32)
        xyz = cloud.xyz[first : first + _CHUNK]
        if every > 1:
            chosen = ordering.in_some_blocks(xyz, lower, _BLOCK_M, every)
            xyz, part = xyz[chosen], part[chosen]
        points.append(xyz)
        times.append(np.asarray(recorded[part], np.float64))
    at = np.concatenate(times)
    width_m = float(np.hypot(*(upper - lower)[:2]))
    count = min(int(np.clip(_EPOCHS_PER_M * width_m, _FEWEST, _MOST)), len(at) // _POINTS_PER_EPOCH)
    if count < _FEWEST // 2:
        return None
    knots = np.unique(np.quantile(at, np.linspace(0.0, 1.0, count)))
    if len(knots) < _FEWEST // 2:
        return None
    epoch = np.interp(at, knots, np.arange(len(knots), dtype=np.float64))
    return _Sample(np.concatenate(points), knots, epoch, np.zeros((len(knots), 3)))


@dataclass(frozen=True, slots=True, eq=False)
class _Equations:
    """What planes say about the shift. E = epochs."""

    matrix: FloatArray
    """(3E, 3E) 1 / metres squared."""
    rhs: FloatArray
    """(3E,) 1 / metres; both for the whole shift."""
    alone: FloatArray
    """(E, 3, 3) what each epoch would say if the planes were known."""

    def _factor(self, walk: Walk) -> FloatArray:
        free = np.zeros(len(self.alone) - 1, bool)
        held = self.matrix + np.kron(walk.precision(free), np.eye(3))
        factor: FloatArray = dense.cholesky(held)
        return factor

    def solved(self, walk: Walk) -> FloatArray:
        """Return the shift (E, 3) under a walk."""
        solution: FloatArray = dense.cholesky_solve(self._factor(walk), self.rhs)
        return solution.reshape(-1, 3)

    def inverse(self, walk: Walk) -> FloatArray:
        """Return the covariance (3E, 3E) of the shift under a walk."""
        inverse: FloatArray = dense.cholesky_inverse(self._factor(walk))
        return inverse

    def likeliest(self, some: Sequence[Walk]) -> Walk:
        """Return the walk under which the points are likeliest."""
        free = np.zeros(len(self.alone) - 1, bool)
        priors = np.array([walk.precision(free) for walk in some])
        explained, determinant = dense.under_priors(self.matrix, self.rhs, priors)
        of_walks = np.array([walk.log_determinant(free) for walk in some])
        evidence = 0.5 * explained + 1.5 * of_walks - determinant
        return some[int(evidence.argmax())]

    def across(self, shift: FloatArray) -> float:
        """Return the rms of a shift (E, 3) along the normals of the surfaces."""
        moved = float(np.einsum("ea,eab,eb->", shift, self.alone, shift))
        return float(np.sqrt(moved / max(float(np.trace(self.alone.sum(axis=0))), 1e-12)))


def _equations(sample: _Sample, cell_m: float) -> _Equations | None:
    """Fit planes to cells and relate to them what each epoch shows; None of too few of either."""
    xyz = sample.xyz - scatter.shift_at(sample.epoch, sample.shift)
    keys = voxels.morton_keys(xyz, xyz.min(axis=0) - cell_m, cell_m)
    _, cell = np.unique(keys, return_inverse=True)
    off_plane, plane_normal, variance, flat = _planes(xyz, cell, cell_m)
    if np.count_nonzero(flat) < _FEWEST:
        return None
    near = flat[cell] & (np.abs(off_plane) < _OFF_PLANE * np.sqrt(variance)[cell])
    epochs = len(sample.times)
    look = cell[near] * epochs + np.rint(sample.epoch[near]).astype(np.int64)
    looks, of_look, count = np.unique(look, return_inverse=True, return_counts=True)
    if len(looks) < _LEAST_LOOKS * len(np.unique(cell[near])):
        return None
    residual = np.bincount(of_look, off_plane[near]) / count
    weight = 1.0 / (_TEXTURE_M**2 + float(np.median(variance[flat])) / count)
    return _without_planes(
        looks // epochs, looks % epochs, residual, weight, plane_normal, sample.shift
    )


def _planes(
    xyz: FloatArray, cell: IntArray, cell_m: float
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Fit a plane to each of C cells.

    Returns
    -------
    distances (n,) of points (n, 3) from that of their cell (n,), metres; normals (C, 3); mean
    squared distances (C,); and whether there is a plane (C,).
    """
    count = np.bincount(cell)
    mean = np.column_stack([np.bincount(cell, x) / count for x in xyz.T])
    off = xyz - mean[cell]
    tensor = np.empty((len(count), 3, 3))
    for a in range(3):
        for b in range(a, 3):
            tensor[:, a, b] = tensor[:, b, a] = np.bincount(cell, off[:, a] * off[:, b]) / count
    extent, directions = np.linalg.eigh(tensor)
    normal = directions[:, :, 0]
    flat: BoolArray = count >= _LEAST_POINTS
    flat &= extent[:, 1] > (_LEAST_WIDTH * cell_m) ** 2
    flat &= extent[:, 0] < (_THICK_M + _THICK * cell_m) ** 2
    flat &= extent[:, 0] < _FLAT * extent[:, 1]
    distance = np.einsum("na,na->n", off, normal[cell])
    return distance, normal, np.maximum(extent[:, 0], 1e-8), flat


def _without_planes(
    cell: IntArray,
    epoch: IntArray,
    residual: FloatArray,
    weight: FloatArray,
    normal: FloatArray,
    shift: FloatArray,
) -> _Equations:
    """Eliminate the planes' places from what L looks tell.

    A look is what one epoch (L,) shows of one cell (L,): how far off its plane (L,), with a weight
    (L,). The shift (E, 3) has been taken out before and is put back.
    """
    epochs = len(shift)
    total = np.bincount(cell, weight, len(normal))
    mean = np.bincount(cell, weight * residual, len(normal)) / np.maximum(total, 1e-12)
    pull = (weight * (residual - mean[cell]))[:, None] * normal[cell]
    rhs = np.column_stack([np.bincount(epoch, p, epochs) for p in pull.T]).ravel()
    alone = np.empty((epochs, 3, 3))
    for a in range(3):
        for b in range(3):
            both = weight * normal[cell, a] * normal[cell, b]
            alone[:, a, b] = np.bincount(epoch, both, epochs)
    columns = (3 * epoch[:, None] + np.arange(3)).ravel()
    shared = scipy.sparse.csr_matrix(
        ((weight[:, None] * normal[cell]).ravel(), (np.repeat(cell, 3), columns)),
        shape=(len(normal), 3 * epochs),
    )
    scaled = scipy.sparse.diags(1.0 / np.maximum(total, 1e-12)) @ shared
    matrix = scipy.linalg.block_diag(*alone) - (shared.T @ scaled).toarray()
    return _Equations(matrix, rhs + np.einsum("pq,q->p", matrix, shift.ravel()), alone)
