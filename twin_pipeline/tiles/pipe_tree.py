"""Many pipes as a tree: the finest solids in the leaves, coarser ones of all below above them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray, IntArray
from twin_pipeline.tiles.solids import FINE, Detail, coarse

PIPES_PER_TILE = 10
"""Most pipes in a leaf."""

BRANCHES = 4
"""An inner tile has up to this many below it."""


@dataclass(frozen=True, slots=True, eq=False)
class PipeNode:
    """A tile of pipes."""

    pipes: tuple[int, ...]
    """Their places in the survey, ascending."""
    level: int
    """0 for leaves."""
    children: tuple["PipeNode", ...] = ()

    @property
    def detail(self) -> Detail:
        """How finely its pipes are drawn."""
        return FINE if self.level == 0 else coarse(self.level)

    def walk(self) -> Iterator["PipeNode"]:
        """Yield this node and all below, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def pipe_tree(centres: FloatArray) -> PipeNode:
    """Return the tree of pipes with these middles, (P, 2) or (P, 3), P at least 1."""
    return _node(np.asarray(centres, np.float64), np.arange(len(centres)))


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
