"""Many pipes as a tree: the finest solids in the leaves, coarser ones of all below above them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray, IntArray
from twin_pipeline.tiles.solids import Sight

PIPES_PER_TILE = 10
"""Most pipes in a leaf."""

BRANCHES = 4
"""An inner tile has up to this many below it."""


FIRST_PIXEL_M, PIXEL_GROWTH = 0.01, 3.0
"""Metres to a pixel from where leaves are replaced by what stands above them, and by how much this
grows from each level to the next. Tiles grow twofold, so that from afar few are seen."""


@dataclass(frozen=True, slots=True, eq=False)
class PipeNode:
    """A tile of pipes."""

    pipes: tuple[int, ...]
    """Their places in the survey, ascending."""
    level: int
    """0 for leaves."""
    children: tuple["PipeNode", ...] = ()

    @property
    def nearest_m(self) -> float:
        """Metres to a pixel where those below take its place; 0 for leaves."""
        return _nearest_m(self.level)

    def walk(self) -> Iterator["PipeNode"]:
        """Yield this node and all below, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def pipe_tree(centres: FloatArray, widest_m: float) -> PipeNode:
    """Return the tree of pipes with these middles, (P, 2) or (P, 3), P at least 1.

    Above more than one tile stands one from where the widest of them, metres, is but a line.
    """
    root = _node(np.asarray(centres, np.float64), np.arange(len(centres)))
    level = root.level
    while level and Sight(_nearest_m(level), np.inf).shows_tube(widest_m / 2):
        level += 1
    return root if level == root.level else PipeNode(root.pipes, level, (root,))


def _nearest_m(level: int) -> float:
    return FIRST_PIXEL_M * PIXEL_GROWTH ** (level - 1) if level else 0.0


def _node(centres: FloatArray, pipes: IntArray) -> PipeNode:
    if len(pipes) <= PIPES_PER_TILE:
        return PipeNode(tuple(sorted(pipes.tolist())), 0)
    children = tuple(_node(centres, part) for part in _parts(centres, pipes))
    level = 1 + max(child.level for child in children)
    return PipeNode(tuple(sorted(pipes.tolist())), level, children)


def _parts(centres: FloatArray, pipes: IntArray) -> Sequence[IntArray]:
    """Halve the pipes, and the halves, across their longer side."""
    parts = [pipes]
    while len(parts) < BRANCHES:
        parts = [half for part in parts for half in _halves(centres, part)]
    return parts


def _halves(centres: FloatArray, pipes: IntArray) -> list[IntArray]:
    places = centres[pipes]
    axis = int(np.argmax(np.ptp(places, axis=0)))
    return np.array_split(pipes[np.argsort(places[:, axis], kind="stable")], 2)
