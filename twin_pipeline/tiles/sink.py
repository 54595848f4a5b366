"""Writes tile contents into the site's folder."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.blocks import Blocks
from twin_pipeline.tiles.colours import ColourCode, light_of
from twin_pipeline.tiles.grid import Cell
from twin_pipeline.tiles.node import TileNode
from twin_pipeline.tiles.options import Compression, TilesOptions
from twin_pipeline.tiles.point_glb import Vertices, point_glb
from twin_pipeline.tiles.pointset import COLOURS, PointSet
from twin_pipeline.tiles.positions import floating, quantized
from twin_pipeline.tiles.properties import vertex_columns

NOTHING: Mapping[str, npt.NDArray[Any]] = MappingProxyType({})


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
        if block is None:
            xyz = self.blocks.in_site(points.ijk)
            vertices = self._vertices(points, *floating(xyz, points.ijk))
        else:
            centre = self.blocks.centre(block)
            xyz = (_extremes(points.ijk) - centre) * self.unit_m
            vertices = self._vertices(points, *quantized(points.ijk, centre, self.unit_m))
        uri = f"{name}.glb"
        path = self.folder / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        data = point_glb(vertices, meshopt=self.options.compression is Compression.MESHOPT)
        path.write_bytes(data)
        lower, upper = bounds_of(xyz)
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

    def _vertices(
        self,
        points: PointSet,
        positions: npt.NDArray[Any],
        node: Mapping[str, Any],
        others: Mapping[str, npt.NDArray[Any]] = NOTHING,
    ) -> Vertices:
        coloured = COLOURS[0] in (points.attributes.dtype.names or ())
        light = light_of(points.attributes, self.colour_code) if coloured else None
        columns = vertex_columns(points.attributes, self.colour_code, self.time_base_s)
        return Vertices(positions, node, light, columns, others)


def _extremes(ijk: npt.NDArray[np.int32]) -> FloatArray:
    return np.stack(bounds_of(ijk)).astype(np.float64)
