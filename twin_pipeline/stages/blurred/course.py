"""Lead an axis through points of which no few tell where it is: by how likely a section makes them.

Frame: local, metres. N = points, K = nodes of an axis.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.blurred.section import Section

STEP_M = 0.25
_FINE_M = 0.02
_STIFF_M = 0.002
"""By which an axis usually turns aside from one node to the next; bends may turn more."""
_STEPS = 6
_MOST_SHIFT_M = 0.01
_FEWEST = 6
_UNLIKE, _SIGMAS = 0.35, 4.0
"""By how much less likely than elsewhere points are where something else is seen, a point."""
_EDGE = 0.8
"""Of half the width that is looked at: what lies farther out is no ring's."""
_LEAST_GAIN = 0.35
"""Of how much likelier the ring makes points than the floor alone does, elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Unrolled:
    """Points around an axis."""

    index: IntArray
    """(N,) of the points that were given."""
    off: FloatArray
    """(N, 2) across, to the right of the axis, and up, square to it."""
    node: IntArray
    """(N,) the nearest node."""
    at_m: FloatArray
    """(N,) chainage."""


@dataclass(frozen=True, slots=True, eq=False)
class Led:
    """An axis as a section leads it."""

    nodes: FloatArray
    """(K, 3)"""
    std: FloatArray
    """(K, 2) across and up."""
    seen: BoolArray
    """(K,) where points are as likely as on the mean, and the ring makes them so."""


def unrolled(xyz: FloatArray, nodes: FloatArray, reach_m: float) -> Unrolled:
    """Lay the points (N, 3) around an axis over each other along it."""
    fine = polyline.resample(nodes, _FINE_M)
    own = polyline.chainage(fine)
    off_m, near = scipy.spatial.cKDTree(fine).query(xyz, distance_upper_bound=1.5 * reach_m)
    index = np.flatnonzero(np.isfinite(off_m))
    near = near[index]
    course, right, up = frames(fine)
    away = xyz[index] - fine[near]
    ahead = np.einsum("ni,ni->n", away, course[near])
    beyond = ((near == 0) & (ahead < 0.0)) | ((near == len(fine) - 1) & (ahead > 0.0))
    index, near, away = index[~beyond], near[~beyond], away[~beyond]
    off = np.column_stack([
        np.einsum("ni,ni->n", away, right[near]), np.einsum("ni,ni->n", away, up[near]),
    ])  # fmt: skip
    chainage = polyline.chainage(nodes)
    node = np.abs(chainage[:, None] - own).argmin(axis=0)[near]
    return Unrolled(index, off, node, own[near])


def frames(nodes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return unit vectors (K, 3) along an axis, level to the right of it, and up."""
    course = polyline.directions(nodes, STEP_M)
    right = np.cross(course, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    return course, np.asarray(right), np.asarray(np.cross(right, course))


def led(xyz: FloatArray, nodes: FloatArray, section: Section) -> Led:
    """Return an axis (K, 3) where a section makes the points around it likeliest."""
    around = unrolled(xyz, nodes, section.half_m)
    template = _Template(section)
    shift = np.zeros((len(nodes), 2))
    _, right, up = frames(nodes)
    bent = np.stack([_turns(nodes, right), _turns(nodes, up)], axis=1)
    for _ in range(_STEPS):
        seen = template.likely(around, shift)
        slope, stiffness = template.asks_for(around, shift, seen)
        turns = bent + _second_differences(len(nodes)) @ shift
        step = _solved(slope, stiffness, turns)
        shift += np.clip(step, -_MOST_SHIFT_M, _MOST_SHIFT_M)
    turns = bent + _second_differences(len(nodes)) @ shift
    std = _std(template.asks_for(around, shift, seen)[1], turns)
    moved = nodes + shift[:, :1] * right + shift[:, 1:] * up
    return Led(moved, std, template.likely(around, shift))


class _Template:
    """A table of how likely points of a cross-section are, and of how that changes."""

    def __init__(self, section: Section) -> None:
        size_m = section.noise_m / 3.0
        half = int(section.half_m / size_m)
        line = np.arange(-half, half + 1) * size_m
        place = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
        self._log = section.log_density(place, size_m).reshape(len(line), -1)
        self._slopes = np.gradient(self._log, size_m)
        self._half, self._size_m = half, size_m
        beside_m = min(section.radius_m + section.noise_m, _EDGE * section.half_m)
        self._bare = _without_ring(self._log, np.abs(line) > beside_m)

    def asks_for(
        self, around: Unrolled, shift: FloatArray, seen: BoolArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return where points want each node to go (K, 2), and how surely (K, 2, 2).

        Those of nodes (K,) where something else is seen are not asked.
        """
        off, inside = self._inside(around, shift)
        inside &= seen[around.node]
        node, nodes = around.node[inside], len(shift)
        slopes = [self._at(table, off[inside]) for table in self._slopes]
        slope = np.asarray(
            np.column_stack([-np.bincount(node, each, nodes) for each in slopes]), np.float64
        )
        products = [np.bincount(node, a * b, nodes) for a in slopes for b in slopes]
        return slope, np.stack(products, axis=1).reshape(-1, 2, 2).astype(np.float64)

    def likely(self, around: Unrolled, shift: FloatArray) -> BoolArray:
        """Tell at which nodes (K,) points are likely, and clearly more so than without a ring."""
        off, inside = self._inside(around, shift)
        node, nodes = around.node[inside], len(shift)
        each = self._at(self._log, off[inside])
        gain = each - self._at(self._bare, off[inside])
        count = np.bincount(node, minlength=nodes)
        enough = count >= _FEWEST
        if not enough.any():
            return enough
        mean = np.bincount(node, each, nodes) / np.maximum(count, 1)
        chance = _SIGMAS * float(np.std(each)) / np.sqrt(np.maximum(count, 1))
        typical = float(np.median(np.repeat(mean[enough], count[enough])))
        gained = _over_neighbours(np.bincount(node, gain, nodes))
        gained /= np.maximum(_over_neighbours(count), 1.0)
        usual = float(np.median(np.repeat(gained[enough], count[enough])))
        likely = mean > typical - _UNLIKE - chance
        return np.asarray(enough & likely & (gained > _LEAST_GAIN * max(usual, 0.0)))

    def _inside(self, around: Unrolled, shift: FloatArray) -> tuple[FloatArray, BoolArray]:
        off = around.off - shift[around.node]
        inside = (np.abs(off) < (self._half - 1) * self._size_m).all(axis=1)
        return off, np.asarray(inside)

    def _at(self, table: FloatArray, off: FloatArray) -> FloatArray:
        where = (off / self._size_m + self._half).T
        return np.asarray(scipy.ndimage.map_coordinates(table, where, order=1))


def _without_ring(log_density: FloatArray, beside: BoolArray) -> FloatArray:
    """Return how likely points were if what is seen beside the ring went on across it."""
    floor = np.exp(log_density)[beside].mean(axis=0)
    return np.broadcast_to(
        np.log(floor * np.exp(log_density).sum() / floor.sum() / len(beside)), log_density.shape
    )


def _over_neighbours(values: FloatArray | IntArray) -> FloatArray:
    return np.asarray(np.convolve(values, np.ones(3), "same"))


def _second_differences(nodes: int) -> FloatArray:
    return np.asarray(np.diff(np.eye(nodes), 2, axis=0))


def _turns(nodes: FloatArray, along: FloatArray) -> FloatArray:
    """Return by how much the line turns at each inner node (K - 2,), in a direction (K, 3)."""
    return np.einsum("ki,ki->k", np.diff(nodes, 2, axis=0), along[1:-1])


def _normal(stiffness: FloatArray, turns: FloatArray) -> FloatArray:
    """Return the normal equations (2 K, 2 K) of points and of an axis that hardly turns."""
    nodes = len(stiffness)
    bend = _second_differences(nodes)
    weight = 2.0 / (_STIFF_M**2 + (turns**2).sum(axis=1))
    smooth = bend.T @ (weight[:, None] * bend)
    normal = np.kron(np.eye(2), smooth) + 1e-3 * np.eye(2 * nodes)
    at = np.arange(nodes)
    for i in range(2):
        for j in range(2):
            normal[i * nodes + at, j * nodes + at] += stiffness[:, i, j]
    return normal


def _solved(slope: FloatArray, stiffness: FloatArray, turns: FloatArray) -> FloatArray:
    nodes = len(slope)
    bend = _second_differences(nodes)
    weight = 2.0 / (_STIFF_M**2 + (turns**2).sum(axis=1))
    pull = slope - bend.T @ (weight[:, None] * turns)
    return np.linalg.solve(_normal(stiffness, turns), pull.T.ravel()).reshape(2, nodes).T


def _std(stiffness: FloatArray, turns: FloatArray) -> FloatArray:
    nodes = len(stiffness)
    variance = np.diag(np.linalg.inv(_normal(stiffness, turns)))
    return np.sqrt(variance).reshape(2, nodes).T
