"""Writes tile contents into the site's folder."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.kernels import rows
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.blocks import Blocks
from twin_pipeline.tiles.colours import ColourCode, eight_bits, light_of
from twin_pipeline.tiles.grid import Cell
from twin_pipeline.tiles.node import TileNode
from twin_pipeline.tiles.options import Compression, TilesOptions, TilesVersion
from twin_pipeline.tiles.pnts import Pnts, pnts_bytes
from twin_pipeline.tiles.point_glb import Vertices, point_glb
from twin_pipeline.tiles.pointset import COLOURS, PointSet
from twin_pipeline.tiles.positions import Ends, floating, grid_words, quantized
from twin_pipeline.tiles.properties import batch_columns, vertex_columns

Centre = npt.NDArray[np.int64] | None
"""Where a tile's frame has its zero, grid units; None for the site's frame."""


@dataclass(frozen=True, slots=True, eq=False)
class TileSink:
    """Turns points into tiles; safe to share between threads."""

    folder: Path
    blocks: Blocks
    colour_code: ColourCode
    time_base_s: float
    """See `properties.time_base`."""
    options: TilesOptions

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
        centre = None if block is None else self.blocks.centre(block)
        ends = rows.bounds(points.ijk)
        if centre is None:
            xyz = self.blocks.in_site(points.ijk)
        else:
            xyz = (np.stack(ends).astype(np.float64) - centre) * self.unit_m
        old = self.options.tiles_version is TilesVersion.PNTS
        data = self._pnts(points, centre, xyz) if old else self._glb(points, ends, centre, xyz)
        uri = f"{name}.pnts" if old else f"{name}.glb"
        path = self.folder / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        lower, upper = bounds_of(xyz)
        if centre is None:
            # Over a hundred kilometres floats are rounded by more than the margin of the boxes.
            slack = float(np.spacing(np.abs(xyz).max().astype(np.float32)))
            lower, upper = lower - slack, upper + slack
        return TileNode(
            uri,
            len(points),
            len(data),
            block,
            lower,
            upper,
            spacing_m,
            children,
            zlib.crc32(data),
        )

    def _glb(self, points: PointSet, ends: Ends, centre: Centre, xyz: FloatArray) -> bytes:
        coloured = COLOURS[0] in (points.attributes.dtype.names or ())
        light = light_of(points.attributes, self.colour_code) if coloured else None
        columns = vertex_columns(points.attributes, self.colour_code, self.time_base_s)
        if centre is None:
            positions, node, words = floating(xyz, points.ijk)
            vertices = Vertices(positions, bounds_of(positions), node, light, columns, words)
        else:
            placed, bounds, node = quantized(points.ijk, ends, centre, self.unit_m)
            vertices = Vertices(placed, bounds, node, light, columns)
        return point_glb(vertices, meshopt=self.options.compression is Compression.MESHOPT)

    def _pnts(self, points: PointSet, centre: Centre, xyz: FloatArray) -> bytes:
        coloured = COLOURS[0] in (points.attributes.dtype.names or ())
        rgb = eight_bits(points.attributes, self.colour_code) if coloured else None
        columns = batch_columns(points.attributes, self.colour_code)
        if centre is None:
            zero = points.ijk.min(axis=0).astype(np.int64)
            columns |= grid_words(points.ijk, zero)
            return pnts_bytes(Pnts(xyz.astype(np.float32), zero, rgb, columns))
        placed = ((points.ijk - centre) * self.unit_m).astype(np.float32)
        return pnts_bytes(Pnts(placed, centre, rgb, columns))
