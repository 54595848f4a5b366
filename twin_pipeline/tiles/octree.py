"""Builds the octree from the leaves up; each parent takes its points out of its children.

What a cell shows (its own tile and those above it) is a blue-noise subset of its points, so that
parent and children drawn together, as additive refinement does, are even at every level, and
each point of the file stands in exactly one tile.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.kernels.sampling import poisson_subset
from twin_pipeline.model import BoolArray
from twin_pipeline.tiles.grid import Cell, common_cell
from twin_pipeline.tiles.node import TileNode
from twin_pipeline.tiles.plan import Bucket
from twin_pipeline.tiles.pointset import PointSet
from twin_pipeline.tiles.sink import TileSink

FILL = 0.8
"""An inner cell aims at this share of the most points in a tile; its parent takes some of them."""

ENOUGH = 4
"""A tile is made once there are this many times its points to choose from. Cells along a trench
have few neighbours; merging each pair of them would make many small tiles of similar detail."""

SAMPLE, RUN = 20_000, 4_000
"""The spacing is found on about so many points, in runs of neighbours."""

GUESSES, TRIES = 12, 4
"""How often the spacing is corrected, on the sample and then on all points, before the number of
points is simply cut."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The points by which a cell is shown, not yet written, and the finished tiles below."""

    cell: Cell
    points: PointSet
    spacing: float = 0.0
    """Grid units; 0 where the points are all there are."""
    below: tuple[TileNode, ...] = ()


Work = Callable[[], Sequence[TileNode]]
"""Writes tiles."""

Each = Callable[[Iterable[Work]], Iterable[Sequence[TileNode]]]
"""Does works and returns what each gave, in their order."""


def one_by_one(works: Iterable[Work]) -> Iterable[Sequence[TileNode]]:
    """Do each work after the one before."""
    return (work() for work in works)


def build(bucket: Bucket, sink: TileSink) -> list[Held]:
    """Build a bucket and return the parts that show it, in Z-order."""
    points, keys = bucket.load()
    parts = _Divider(points, keys, bucket.cell, bucket.drop, sink).parts(0, len(points))
    # A view of a few points would keep the whole bucket in memory.
    return [replace(part, points=part.points.copied()) for part in parts]


@dataclass(frozen=True, slots=True, eq=False)
class _Divider:
    """Divides a bucket's points until no cell has too many, and joins them on the way back.

    A class and not a recursive closure: that would be a reference cycle, and its points would
    stay in memory until the garbage collector comes by.
    """

    points: PointSet
    keys: npt.NDArray[np.uint64]
    """Z-order keys of the points in cells of `2**drop` units, sorted."""
    cell: Cell
    drop: int
    sink: TileSink

    def parts(self, first: int, last: int) -> list[Held]:
        """Return the parts that show the points first ... last - 1."""
        cell = common_cell(self._smallest(first), self._smallest(last - 1))
        if last - first <= self.sink.options.points_per_tile or cell.shift == self.drop:
            return [Held(cell, self.points.part(first, last))]
        cuts = self._octants(first, last, 3 * (cell.shift - self.drop))
        return join(cell, [part for a, b in pairwise(cuts) for part in self.parts(a, b)], self.sink)

    def _octants(self, first: int, last: int, bits: int) -> list[int]:
        """Return where the points of one octant end and the next one's begin, and both ends.

        The keys of the cell's points have all but the lowest `bits` in common.
        """
        least = int(self.keys[first]) >> bits << bits
        starts = [least + (octant << bits - 3) for octant in range(1, 8)]
        places = np.searchsorted(self.keys[first:last], np.array(starts, np.uint64))
        return sorted({first, *(places + first).tolist(), last})

    def _smallest(self, point: int) -> Cell:
        prefix = self.cell.code << 3 * (self.cell.shift - self.drop)
        return Cell(self.drop, prefix | int(self.keys[point]))


def join(cell: Cell, parts: list[Held], sink: TileSink, each: Each = one_by_one) -> list[Held]:
    """Merge the parts of a cell, in Z-order, or leave that to a wider cell if they are few.

    What is left of the parts is written by `each`.
    """
    points = sum(len(part.points) for part in parts)
    if points < ENOUGH * sink.options.points_per_tile:
        return parts
    return [_merged(cell, parts, sink, each)]


def _merged(cell: Cell, parts: Sequence[Held], sink: TileSink, each: Each) -> Held:
    """Take the points that show a cell out of its parts and write what is left of those."""
    points = PointSet.joined([part.points for part in parts])
    chosen, spacing = _thinned(points, max(part.spacing for part in parts), sink)
    taken, left = points.split(chosen)
    rests = _rests(left, chosen, parts)
    works: list[Work] = []
    raw: list[tuple[Cell, PointSet]] = []
    for part, rest in zip(parts, rests, strict=True):
        if part.spacing == 0.0:
            raw.append((part.cell, rest))
        else:
            works.append(partial(_finished, part, rest, sink))
    works += _leaves(raw, sink)
    below = tuple(node for made in each(works) for node in made)
    return Held(cell, taken, spacing, below)


def _rests(left: PointSet, chosen: BoolArray, parts: Sequence[Held]) -> list[PointSet]:
    """Return what is left of each part."""
    ends = accumulate((len(part.points) for part in parts), initial=0)
    rests = (b - a - int(np.count_nonzero(chosen[a:b])) for a, b in pairwise(ends))
    return [left.part(first, last) for first, last in pairwise(accumulate(rests, initial=0))]


def _finished(part: Held, rest: PointSet, sink: TileSink) -> Sequence[TileNode]:
    """Write the tile of an inner cell; nothing is left of it only if its parent took all."""
    if len(rest) == 0:
        return part.below
    name = part.cell.name()
    return [sink.write(name, part.cell, rest, part.spacing * sink.unit_m, part.below)]


def finish(parts: Sequence[Held], sink: TileSink, each: Each = one_by_one) -> TileNode:
    """Write the tiles that are left once all parts of the site are there; return the uppermost.

    A cell of one grid unit can hold more points than a tile may: what does not fit hangs below.
    """
    most = sink.options.points_per_tile
    whole = common_cell_of([part.cell for part in parts])
    root = parts[0] if len(parts) == 1 else _merged(whole, parts, sink, each)
    if root.spacing > 0.0:
        return _finished(root, root.points, sink)[0]
    first, others = root.points.part(0, most), root.points.part(most, len(root.points))
    works = _leaves([(root.cell, others)], sink)
    below = tuple(node for made in each(works) for node in made)
    return sink.write(f"{root.cell.name()}_root", root.cell, first, 0.0, below)


def _thinned(points: PointSet, least: float, sink: TileSink) -> tuple[BoolArray, float]:
    """Choose the points that show a cell; more than `least` grid units apart."""
    most = min(sink.options.points_per_tile, max(1, len(points) // 2))
    spacing = _spacing_for(points, FILL * most, max(1.01 * least, 1.0))
    for _ in range(TRIES):
        chosen, count = poisson_subset(points.ijk, spacing, most)
        if count <= most:
            return chosen, spacing
        spacing *= 1.1
    return _first(chosen, most), spacing


def _first(chosen: BoolArray, most: int) -> BoolArray:
    """Return at most `most` of the chosen points, evenly over the Z-order."""
    places = np.flatnonzero(chosen)
    if len(places) <= most:
        return chosen
    kept = np.zeros_like(chosen)
    kept[places[np.linspace(0, len(places) - 1, most).astype(np.int64)]] = True
    return kept


def _spacing_for(points: PointSet, target: float, least: float) -> float:
    """Find at which spacing about `target` points are left, by trying it on a part of them."""
    part, share = _some_of(points)
    lower, upper = bounds_of(part)
    spacing = max(float(np.max(upper - lower)) / math.sqrt(target), least)
    target = max(share * target, 1.0)
    for _ in range(GUESSES):
        most = int(4 * target) + 1
        count = poisson_subset(part, spacing, most)[1]
        if count <= 1.04 * target and (count >= 0.96 * target or spacing <= least):
            break
        spacing = max(spacing * min(2.0, max(0.25, math.sqrt(count / target))), least)
    return spacing


def _some_of(points: PointSet) -> tuple[npt.NDArray[np.int32], float]:
    """Return runs of neighbouring points from all over the cell, and their share of all points."""
    step = max(1, len(points) // SAMPLE)
    runs = [points.ijk[start : start + RUN] for start in range(0, len(points), RUN * step)]
    part = np.concatenate(runs)
    return part, len(part) / len(points)


def _leaves(raw: Sequence[tuple[Cell, PointSet]], sink: TileSink) -> Iterator[Work]:
    """Yield what writes the rest of cells that were never divided, small neighbours in one tile."""
    for members in _packed(raw, sink):
        cell = common_cell_of([cell for cell, _ in members])
        points = PointSet.joined([points for _, points in members])
        most = sink.options.points_per_tile
        for part, start in enumerate(range(0, len(points), most)):
            name = f"{members[0][0].name()}_leaf{part or ''}"
            rest = points.part(start, min(start + most, len(points)))
            yield partial(_leaf, name, cell, rest, sink)


def _leaf(name: str, cell: Cell, points: PointSet, sink: TileSink) -> Sequence[TileNode]:
    return [sink.write(name, cell, points)]


def _packed(
    raw: Sequence[tuple[Cell, PointSet]], sink: TileSink
) -> Iterator[list[tuple[Cell, PointSet]]]:
    members: list[tuple[Cell, PointSet]] = []
    for cell, points in raw:
        if len(points) == 0:
            continue
        together = sum(len(other) for _, other in members) + len(points)
        same = members and sink.blocks.block_of(members[0][0]) == sink.blocks.block_of(cell)
        if members and (together > sink.options.points_per_tile or not same):
            yield members
            members = []
        members.append((cell, points))
    if members:
        yield members


def common_cell_of(cells: Sequence[Cell]) -> Cell:
    """Return the smallest cell that holds all cells, which are in Z-order."""
    shift = max(cell.shift for cell in cells)
    return common_cell(cells[0].ancestor(shift), cells[-1].ancestor(shift))
