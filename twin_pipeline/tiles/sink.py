"""Writes tile contents into the site's folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.blocks import Blocks
from twin_pipeline.tiles.grid import Cell
from twin_pipeline.tiles.node import TileNode
from twin_pipeline.tiles.options import Compression, TilesOptions
from twin_pipeline.tiles.point_glb import linear_colours, point_glb
from twin_pipeline.tiles.pointset import PointSet
from twin_pipeline.tiles.positions import floating, quantized


@dataclass(frozen=True, slots=True, eq=False)
class TileSink:
    """Turns points into tiles; safe to share between threads."""

    folder: Path
    blocks: Blocks
    linear: npt.NDArray[np.uint16]
    """See `point_glb.linear_colours`."""
    options: TilesOptions

    @classmethod
    def into(
        cls, folder: Path, blocks: Blocks, full_scale: int, options: TilesOptions
    ) -> "TileSink":
        """Return a sink; `full_scale` is the colour code of full brightness."""
        return cls(folder, blocks, linear_colours(full_scale), options)

    @property
    def unit_m(self) -> float:
        """Grid unit in metres."""
        return self.blocks.grid.unit_m

    def write(
        self,
        name: str,
        cell: Cell,
        points: PointSet,
        spacing_m: float = 0.0,
        children: tuple[TileNode, ...] = (),
    ) -> TileNode:
        """Write the points of a cell as one tile."""
        block = self.blocks.block_of(cell)
        if block is None:
            xyz = self.blocks.in_site(points.ijk)
            positions: npt.NDArray[Any]
            positions, place = floating(xyz)
        else:
            centre = self.blocks.centre(block)
            xyz = (_extremes(points.ijk) - centre) * self.unit_m
            positions, place = quantized(points.ijk, centre, self.unit_m)
        uri = f"{name}.glb"
        path = self.folder / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        meshopt = self.options.compression is Compression.MESHOPT
        data = point_glb(positions, place, points.attributes, self.linear, meshopt=meshopt)
        path.write_bytes(data)
        lower, upper = bounds_of(xyz)
        return TileNode(uri, len(points), len(data), block, lower, upper, spacing_m, children)


def _extremes(ijk: npt.NDArray[np.int32]) -> FloatArray:
    return np.stack(bounds_of(ijk)).astype(np.float64)
