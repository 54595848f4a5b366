"""Tiles that are written already, and the order they stand in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

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
    crc32: int = 0
    """Of the content's file."""

    def walk(self) -> Iterator["TileNode"]:
        """Yield this node and all below, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def to_json(self) -> dict[str, Any]:
        """Return it with all below as plain values, floats exact."""
        return {
            "uri": self.uri,
            "points": self.points,
            "size": self.size_bytes,
            "block": None if self.block is None else [self.block.shift, self.block.code],
            "lower": self.lower.tolist(),
            "upper": self.upper.tolist(),
            "spacing_m": self.spacing_m,
            "children": [child.to_json() for child in self.children],
            "crc32": self.crc32,
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        """Return what `to_json` gave."""
        return cls(
            uri=held["uri"],
            points=held["points"],
            size_bytes=held["size"],
            block=None if held["block"] is None else Cell(*held["block"]),
            lower=np.array(held["lower"]),
            upper=np.array(held["upper"]),
            spacing_m=held["spacing_m"],
            children=tuple(cls.from_json(child) for child in held["children"]),
            crc32=held["crc32"],
        )
