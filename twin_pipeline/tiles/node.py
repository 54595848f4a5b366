"""Tiles that are written already, and the order they stand in."""

from collections.abc import Iterator
from dataclasses import dataclass

from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.grid import Cell


@dataclass(frozen=True, slots=True, eq=False)
class TileNode:
    """A tile with its content written."""

    uri: str
    """Path of the content below the site's folder."""
    points: int
    size_bytes: int
    block: Cell | None
    """The block in whose frame it stands; None where it stands in the site's frame."""
    lower: FloatArray
    """(3,) float64, metres in that frame: lowest corner of the content."""
    upper: FloatArray
    """(3,) float64, metres in that frame: highest corner of the content."""
    spacing_m: float
    """Distance of neighbouring points once this tile is shown; 0 for a leaf."""
    children: tuple["TileNode", ...] = ()

    def walk(self) -> Iterator["TileNode"]:
        """Yield this node and all below, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()
