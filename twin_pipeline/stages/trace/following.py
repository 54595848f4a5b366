"""Follow seeds along their tube, through bends, over sockets and gaps, into runs."""

import copy
import math
from collections.abc import Callable

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.patches import Patches, min_arc_deg, tolerance_ratio
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Run, Seeds, Tube
from twin_pipeline.kernels import axis
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.stages.trace.options import STEP_PER_RADIUS, TraceOptions

_MAX_STEPS = 20_000
_SAME_SIZE = 0.3
_BRANCH_SHARE, _NECK_M = 0.6, 0.2
"""Of the shortest length what a branch must show beside its main, and how near that is."""


def _all(places: FloatArray) -> BoolArray:
    return np.ones(len(places), bool)


class Tracer:
    """Hands out runs, the best supported first, from patches that no accepted tube has taken."""

    may_lead_away = True
    """Whether runs may leave a main as its branches do."""

    def __init__(
        self, seeds: Seeds, options: TraceOptions, *, under_open_sky: bool = False
    ) -> None:
        """Under the open sky, as in an excavation, hollows are no seeds: see `judge`."""
        self._under_open_sky = under_open_sky
        self._seeds = seeds
        self._options = options
        self._taken = {number: ~patches.usable for number, patches in seeds.patches.items()}
        self._found: list[tuple[FloatArray, float]] = []
        self._alive = seeds.strength >= options.min_strength_rad
        self._next = 0

    def fork(self) -> "Tracer":
        """Return a tracer that dismisses runs for itself alone; of what is taken neither may be."""
        other = copy.copy(self)
        other._alive = self._alive.copy()  # noqa: SLF001 - its own kind
        return other

    def next_run(self) -> Run | None:
        """Follow the strongest seed that is left; None when there is none."""
        while self._next < len(self._seeds.centre):
            seed = self._next
            self._next += 1
            if self._alive[seed] and self._still_free(seed):
                run = self._follow(seed)
                if self._long_enough(run):
                    return run
        return None

    def too_thin(self, tube: Tube) -> bool:  # noqa: ARG002 - of a cloud as it is points tell
        """Tell whether a tube may as well be a cable."""
        return False

    def probe(self, run: Run, least_m: float = 1.0) -> Run:
        """Return the best seen metre or so of a run: to tell if the rest is worth it."""
        length_m = max(least_m, 10.0 * run.radius_m)
        count = min(int(length_m / (STEP_PER_RADIUS * run.radius_m)) + 1, len(run.axis))
        seen = np.convolve(run.seen, np.ones(count), mode="valid")
        first = int(np.argmax(seen))
        begin, end = _without_loose_ends(run.seen[first : first + count])
        if end + 1 - begin == len(run.axis):
            return run
        piece = slice(first + begin, first + end + 1)
        return Run(run.axis[piece], run.radius_m, run.seen[piece], run.level)

    def prolong(self, tube: Tube, level: int) -> Run | None:
        """Follow a measured tube on from both its ends; None where it does not go on.

        A seed's radius may be a fifth off, which loses the way sooner than the measured one does.
        """
        patches = self._seeds.patches[level]
        radius = tube.radius_m
        nodes = tube.nodes
        start, end = polyline.end_direction(nodes[::-1]), polyline.end_direction(nodes)
        back, back_seen = self._one_way(patches, nodes[0], start, radius)
        ahead, ahead_seen = self._one_way(patches, nodes[-1], end, radius)
        found_m = float(back_seen.sum() + ahead_seen.sum()) * STEP_PER_RADIUS * radius
        if found_m < max(self._options.min_length_m, 4.0 * radius):
            return None
        seen = np.concatenate([back_seen[::-1], np.ones(len(nodes), bool), ahead_seen])
        return Run(np.vstack([back[::-1], nodes, ahead]), radius, seen, level)

    def dismiss(self, run: Run) -> None:
        """Drop the seeds that would lead to the same run again; its patches stay free."""
        same_size = np.abs(np.log(self._seeds.radius_m / run.radius_m)) < _SAME_SIZE
        left = np.flatnonzero(self._alive & same_size)
        left = left[left >= self._next]
        reach = 0.5 * run.radius_m
        distance, _ = scipy.spatial.cKDTree(run.axis).query(
            self._seeds.centre[left], distance_upper_bound=reach
        )
        self._alive[left[distance < reach]] = False

    def take(
        self, nodes: FloatArray, radius_m: float, near: Callable[[FloatArray], BoolArray] = _all
    ) -> None:
        """Remove the patches on and in a tube (P, 3) from what later runs may use.

        Of those close to its nodes only the ones whose places (M, 3) are told to be near go.
        """
        self._found.append((nodes, radius_m))
        spacing = float(np.linalg.norm(np.diff(nodes, axis=0), axis=1).max())
        reach = math.hypot(1.25 * radius_m + 0.01, spacing / 2.0)
        for number, patches in self._seeds.patches.items():
            taken = self._taken[number].copy()
            axis.take_around(nodes, reach, *patches.search_arguments(), taken)
            new = np.flatnonzero(taken & ~self._taken[number])
            self._taken[number][new[near(patches.centroid[new])]] = True

    def _still_free(self, seed: int) -> bool:
        seeds = self._seeds
        patches = seeds.patches[int(seeds.level[seed])]
        radius = float(seeds.radius_m[seed])
        half = max(2.0 * radius, 0.06)
        ratio = tolerance_ratio(patches)
        arc, purity, crossed = axis.support_left(
            seeds.centre[seed],
            seeds.direction[seed],
            radius,
            half,
            ratio,
            not self._under_open_sky,
            *patches.search_arguments(),
            patches.normal,
            patches.count,
            self._taken[patches.level],
        )
        around = axis.VOXELS_PER_AREA * radius * 2.0 * half
        strength = crossed * patches.size_m**2 / around
        return bool(
            strength > 0.6 * seeds.strength[seed]
            and arc >= min_arc_deg(ratio)
            and purity >= self._options.min_purity
        )

    def _follow(self, seed: int) -> Run:
        seeds = self._seeds
        patches = seeds.patches[int(seeds.level[seed])]
        centre, direction = seeds.centre[seed], seeds.direction[seed]
        radius = float(seeds.radius_m[seed])
        ahead, ahead_seen = self._one_way(patches, centre, direction, radius)
        back, back_seen = self._one_way(patches, centre, -direction, radius)
        return Run(
            axis=np.vstack([back[::-1], centre[None], ahead]),
            radius_m=radius,
            seen=np.concatenate([back_seen[::-1], [True], ahead_seen]),
            level=patches.level,
        )

    def _one_way(
        self, patches: Patches, start: FloatArray, direction: FloatArray, radius_m: float
    ) -> tuple[FloatArray, BoolArray]:
        ratio = tolerance_ratio(patches)
        centres, seen = axis.follow_axis(
            start,
            direction,
            radius_m,
            STEP_PER_RADIUS * radius_m,
            self._options.max_gap_m,
            min_arc_deg(ratio),
            self._options.min_purity,
            ratio,
            *patches.search_arguments(),
            patches.normal,
            self._taken[patches.level],
            _MAX_STEPS,
        )
        return centres, seen

    def _long_enough(self, run: Run) -> bool:
        seen_m = float(run.seen.sum()) * STEP_PER_RADIUS * run.radius_m
        needed = max(
            self._options.min_length_m, self._options.min_length_diameters * 2.0 * run.radius_m
        )
        if seen_m < needed and self._leaves_another(run):
            needed *= _BRANCH_SHARE
        return seen_m >= needed and float(run.seen.mean()) >= 0.4

    def _leaves_another(self, run: Run) -> bool:
        """Tell whether a run ends at a thicker tube that was taken, away from which it leads."""
        ends = run.axis[[0, -1]]
        for nodes, radius_m in self._found:
            if radius_m < run.radius_m:
                continue
            off = np.linalg.norm(nodes[:, None] - ends, axis=2).min(axis=0)
            if off.min() < radius_m + _NECK_M and off.max() - off.min() > 0.5 * run.length_m:
                return True
        return False


def _without_loose_ends(seen: BoolArray) -> tuple[int, int]:
    """Return the first and last station (S,) without ends where less is seen than the gap to them.

    All of them where that would leave less than half of what is seen; some station must be.
    """
    first, last = int(np.argmax(seen)), len(seen) - 1 - int(np.argmax(seen[::-1]))
    for begin, end in stretches(~seen):
        gap = end - begin + 1
        if first < begin and seen[first:begin].sum() < gap:
            first = end + 1
    for begin, end in reversed(stretches(~seen)):
        gap = end - begin + 1
        if first < begin and end < last and seen[end + 1 : last + 1].sum() < gap:
            last = begin - 1
    most = 2 * seen[first : last + 1].sum() >= seen.sum()
    return (first, last) if most else (0, len(seen) - 1)
