"""Where a pipe is led through a hidden stretch that hides two opposite bends.

The sockets of an offset (a main that dives below something) leave a decimetre or two of barrel to
be seen between its bends. Once the axis passes by that, no step of the adjustment comes back to
it. The straights before and after are well known, though: an axis that leaves the one and reaches
the other by two corners has two unknowns, and the points tell which fits.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.stages.measure.normals import point_normals

_LEAST_HIDDEN_M = 0.2
_SAME_PLACE_M = 0.6
"""Hidden stretches with less to be seen between them belong to one place."""
_LONGEST_M = 3.0
_APPROACH_M, _LEAST_APPROACH_M = 1.0, 0.4
_ASIDE = 0.25
"""Of the radius, by which the straights must miss each other: else the pipe goes straight on."""
_STEPS_M = (0.05, 0.0125, 0.003)
"""By which the corners are tried, ever finer."""
_STEEPEST = math.tan(math.radians(65.0))
_BEND_DIAMETERS = 4.0
_SHELL_NOISES, _LEAST_SHELL = 2.5, 0.04
_OUTWARDS = 0.7
_NODE_M = 0.03
_MORE, _CHANCE_SIGMAS = 0.1, 4.0
"""How many points more, as a share and beyond chance, make a way a better one."""
_BENT = 0.1
"""Of the radius, by which an approach may leave its straight."""
_BEYOND_M = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A hidden stretch between two straights. Heights and offsets are across the chord."""

    first: int
    last: int
    """Nodes before and after it."""
    start: FloatArray
    chord: FloatArray
    """Unit vector (3,) from its start to its end."""
    across: FloatArray
    """(2, 3) unit vectors."""
    length_m: float
    before: tuple[FloatArray, FloatArray]
    """Offset (2,) at its start and slope (2,) of the straight before."""
    after: tuple[FloatArray, FloatArray]
    """The same of the straight after, its offset at the end of the place."""


def led_through_offsets(pyramid: Pyramid, tube: Tube) -> Iterator[Run]:
    """Yield the run along a tube with other ways through its hidden stretches, one for each."""
    for place in _places(tube):
        way = _best_way(pyramid, tube, place)
        if way is not None:
            before, after = tube.nodes[: place.first], tube.nodes[place.last + 1 :]
            nodes = np.vstack([before, way, after])
            held = np.repeat([False, True, False], [len(before), len(way), len(after)])
            yield Run(nodes, tube.radius_m, np.ones(len(nodes), bool), 0, held)


def _places(tube: Tube) -> Iterator[_Place]:
    at = polyline.chainage(tube.nodes)
    found: list[tuple[int, int]] = []
    for first, last in stretches(~tube.observed):
        if found and at[first] - at[found[-1][1]] < _SAME_PLACE_M:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    for first, last in found:
        if _LEAST_HIDDEN_M < at[last] - at[first] < _LONGEST_M:
            place = _place(tube, at, max(first - 1, 0), min(last + 1, len(at) - 1))
            if place is not None:
                yield place


def _place(tube: Tube, at: FloatArray, first: int, last: int) -> _Place | None:
    start, end = tube.nodes[first], tube.nodes[last]
    length_m = float(np.linalg.norm(end - start))
    chord = (end - start) / max(length_m, 1e-9)
    across = np.linalg.svd(chord[None])[2][1:]

    def straight(near: BoolArray, along_m: float) -> tuple[FloatArray, FloatArray] | None:
        nodes = tube.nodes[near & tube.observed] - start
        if len(nodes) < 3 or np.ptp(nodes @ chord) < _LEAST_APPROACH_M:
            return None
        along, lateral = nodes @ chord - along_m, nodes @ across.T
        slope, offset = np.polyfit(along, lateral, 1)
        off_m = np.linalg.norm(lateral - offset - along[:, None] * slope, axis=1)
        if float(off_m.max()) > max(_BENT * tube.radius_m, tube.noise_m):
            return None
        return np.asarray(offset), np.asarray(slope)

    before = straight((at <= at[first]) & (at >= at[first] - _APPROACH_M), 0.0)
    after = straight((at >= at[last]) & (at <= at[last] + _APPROACH_M), length_m)
    if before is None or after is None:
        return None
    middle = 0.5 * length_m
    miss = before[0] + middle * before[1] - after[0] + middle * after[1]
    if float(np.linalg.norm(miss)) < _ASIDE * tube.radius_m:
        return None
    place = _Place(first, last, start, chord, across, length_m, before, after)
    return None if _by_one_bend(place, tube.radius_m) else place


def _by_one_bend(place: _Place, radius_m: float) -> bool:
    """Tell whether the straights meet within a place: then one bend joins them, and not two."""
    apart = place.before[0] - place.after[0] + place.length_m * place.after[1]
    turn = place.before[1] - place.after[1]
    corner_m = -float(apart @ turn) / max(float(turn @ turn), 1e-12)
    miss_m = float(np.linalg.norm(apart + corner_m * turn))
    return 0.0 < corner_m < place.length_m and miss_m < _ASIDE * radius_m


def _best_way(pyramid: Pyramid, tube: Tube, place: _Place) -> FloatArray | None:
    """Return the axis (K, 3) through a place on which most points lie.

    None where it has not clearly more of them than the one that was guessed.
    """
    grid = np.linspace(0.0, place.length_m, max(math.ceil(place.length_m / _NODE_M), 4) + 1)
    own = (tube.nodes[place.first : place.last + 1] - place.start) @ place.across.T
    own_at = (tube.nodes[place.first : place.last + 1] - place.start) @ place.chord
    guessed = np.column_stack([np.interp(grid, own_at, column) for column in own.T])
    shell = _shell_around(pyramid, tube, place, grid)
    on_guessed = shell.points_on(guessed)
    least = on_guessed + max(_MORE * on_guessed, _CHANCE_SIGMAS * math.sqrt(on_guessed))
    marks = np.arange(-_BEYOND_M, place.length_m + _BEYOND_M, _STEPS_M[0])
    pairs = [(float(a), float(b)) for a in marks for b in marks]
    best = (0.0, pairs[0], guessed)
    for step, finer in pairwise((*_STEPS_M, 0.0)):
        ways = ((pair, _rounded(place, grid, pair, 2.0 * tube.radius_m)) for pair in pairs)
        scored = [(shell.points_on(way), pair, way) for pair, way in ways if way is not None]
        best = max([best, *scored], key=lambda item: item[0])
        nearby = np.arange(-step + finer, step, finer) if finer else np.empty(0)
        pairs = [(best[1][0] + float(a), best[1][1] + float(b)) for a in nearby for b in nearby]
    if best[0] <= least:
        return None
    return np.asarray(place.start + grid[:, None] * place.chord + best[2] @ place.across)


def _rounded(
    place: _Place, grid: FloatArray, corners: tuple[float, float], diameter_m: float
) -> FloatArray | None:
    """Return the offsets (G, 2) of two straights and the one between, corners cut by parabolas.

    The corners are given by how far along the chord they lie; None where they are too steep.
    """
    one, other = corners
    if other - one < _STEPS_M[-1]:
        return None
    begin = place.before[0] + one * place.before[1]
    end = place.after[0] + (other - place.length_m) * place.after[1]
    slopes = (place.before[1], (end - begin) / (other - one), place.after[1])
    if float(np.linalg.norm(slopes[1])) > _STEEPEST:
        return None
    offset = place.before[0] + grid[:, None] * slopes[0]
    room = 0.5 * (corners[1] - corners[0])
    for corner, (into, out) in zip(corners, pairwise(slopes), strict=True):
        turn = out - into
        half = min(_BEND_DIAMETERS * diameter_m * 0.5 * float(np.linalg.norm(turn)), room)
        past = np.clip((grid - corner + half) / max(2.0 * half, 1e-9), 0.0, 1.0)
        bent = np.where(grid - corner < half, half * past**2, grid - corner)
        offset = offset + np.maximum(bent, 0.0)[:, None] * turn
    return offset


@dataclass(frozen=True, slots=True, eq=False)
class _Shell:
    """The points (P,) around a place, and what counts as the surface of a tube there."""

    lateral: FloatArray
    """(P, 2)"""
    normal: FloatArray
    """(P, 2)"""
    cell: IntArray
    """(P,) of the grid along the chord."""
    grid: FloatArray
    radius_m: float
    thickness_m: float

    def points_on(self, way: FloatArray) -> float:
        """Count points on the tube around offsets (G, 2), the less the further from its surface."""
        radial = self.lateral - way[self.cell]
        tilt = np.gradient(way, self.grid, axis=0)[self.cell]
        leaning = np.sum(radial * tilt, axis=1) / np.sqrt(1.0 + np.sum(tilt**2, axis=1))
        distance = np.sqrt(np.maximum(np.sum(radial**2, axis=1) - leaning**2, 1e-12))
        outwards = np.abs(np.sum(radial * self.normal, axis=1)) > _OUTWARDS * distance
        off = (distance - self.radius_m) / self.thickness_m
        return float(np.sum(outwards * np.maximum(1.0 - off**2, 0.0)))


def _shell_around(pyramid: Pyramid, tube: Tube, place: _Place, grid: FloatArray) -> _Shell:
    nodes = tube.nodes[place.first : place.last + 1]
    reach = 1.5 * tube.radius_m + 0.5 * place.length_m
    index, _ = pyramid.points_along(polyline.resample(nodes, _NODE_M), reach)
    normals, _, _ = point_normals(pyramid, index, tube.radius_m)
    offset = pyramid.xyz[index] - place.start
    along = offset @ place.chord
    within = (along > 0.0) & (along < place.length_m)
    return _Shell(
        (offset @ place.across.T)[within],
        (normals @ place.across.T)[within],
        np.minimum((along[within] / grid[1]).astype(np.int64), len(grid) - 1),
        grid,
        tube.radius_m,
        max(_SHELL_NOISES * tube.noise_m, _LEAST_SHELL * tube.radius_m),
    )
