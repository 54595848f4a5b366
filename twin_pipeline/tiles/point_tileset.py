"""tileset.json of a site's points."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.blocks import Blocks
from twin_pipeline.tiles.checksum import content_entry
from twin_pipeline.tiles.found import Found
from twin_pipeline.tiles.georeference import inverse
from twin_pipeline.tiles.metadata import point_schema
from twin_pipeline.tiles.node import TileNode
from twin_pipeline.tiles.options import TilesOptions, TilesVersion
from twin_pipeline.tiles.pointset import ATTRIBUTE_TYPES, COLOURS, attribute_dtype
from twin_pipeline.tiles.proof import Proof
from twin_pipeline.tiles.properties import stored_ranges, vertex_columns
from twin_pipeline.tiles.sink import TileSink
from twin_pipeline.tiles.tileset import (
    Box,
    beyond,
    box_volume,
    document,
    moved,
    transform,
    union,
    write_json,
)

TILES_PER_FILE = 1000
"""Subtrees with more tiles become tilesets of their own, so that no JSON exceeds a few 100 kB."""


def write_point_tileset(root: TileNode, sink: TileSink, found: Found, site: str) -> None:
    """Write a site's tileset.json, and one more for each large subtree."""
    blocks, out = sink.blocks, sink.folder
    entry = _Writer(blocks, sink.options, out).entry(root)
    entry.tile["transform"] = transform(blocks.frame(root.block))
    old = sink.options.tiles_version is TilesVersion.PNTS
    made = document(
        {**entry.tile, "refine": "ADD"},
        max(beyond(entry.box), 2 * entry.geometric_error),
        schema_classes={} if old else point_schema(_carried(sink, found))["classes"],
        site=site,
        georeference=blocks.georeference,
        version=sink.options.tiles_version,
    )
    made["asset"]["extras"]["points"] = _proof(sink, found).to_json()
    if old:
        made["properties"] = _properties(found)
    else:
        made["statistics"] = {"classes": {"point": _statistics(sink, found)}}
    write_json(out / "tileset.json", made)


def _carried(sink: TileSink, found: Found) -> list[str]:
    """Return the names of all properties that the site's vertices have."""
    nothing = np.zeros(0, attribute_dtype(list(found.ranges)))
    return list(vertex_columns(nothing, sink.colour_code, sink.time_base_s))


def _proof(sink: TileSink, found: Found) -> Proof:
    grid = sink.blocks.grid
    return Proof(
        count=found.points,
        digest=found.digest,
        grid_origin_m=(float(grid.origin[0]), float(grid.origin[1]), float(grid.origin[2])),
        grid_unit_m=grid.unit_m,
        colour_code=sink.colour_code,
        gps_time_base_s=sink.time_base_s,
        attributes=tuple(name for name in ATTRIBUTE_TYPES if name in found.ranges),
    )


def _properties(found: Found) -> dict[str, dict[str, float]]:
    """Return the ranges in the words of 3D Tiles 1.0."""
    return {
        name: {"minimum": least, "maximum": most}
        for name, (least, most) in found.ranges.items()
        if name not in COLOURS
    }


def _statistics(sink: TileSink, found: Found) -> dict[str, Any]:
    ranges = stored_ranges(found.ranges, sink.time_base_s)
    properties: dict[str, dict[str, Any]] = {
        name: {"min": least, "max": most} for name, (least, most) in ranges.items()
    }
    if "classification" in properties:
        present = np.flatnonzero(found.classes).tolist()
        classes = {str(number): int(found.classes[number]) for number in present}
        properties["classification"]["extras"] = {"classes": classes}
    return {"count": found.points, "properties": properties}


@dataclass(slots=True, eq=False)
class _Entry:
    """A tile as JSON with all below it."""

    tile: dict[str, Any]
    box: Box
    """In the tile's own frame."""
    geometric_error: float
    inline: int
    """Tiles that stand in the same file."""


class _Writer:
    """Turns nodes into JSON."""

    def __init__(self, blocks: Blocks, options: TilesOptions, out: Path) -> None:
        self._blocks = blocks
        self._options = options
        self._out = out

    def entry(self, node: TileNode) -> _Entry:
        """Return a tile; large subtrees below it are written as files of their own."""
        below = [self.entry(child) for child in node.children]
        box: Box = (node.lower, node.upper)
        for child, entry in zip(node.children, below, strict=True):
            step = self._step(node, child)
            box = union([box, moved(entry.box, step)])
            if node.block != child.block:
                entry.tile["transform"] = transform(step)
        self._divide(node, below)
        error = self._geometric_error(node, below)
        tile: dict[str, Any] = {
            "boundingVolume": box_volume(box),
            "geometricError": error,
            "content": content_entry(node.uri, node.crc32),
        }
        if below:
            tile["children"] = [entry.tile for entry in below]
        return _Entry(tile, box, error, 1 + sum(entry.inline for entry in below))

    def _step(self, node: TileNode, child: TileNode) -> FloatArray:
        """Return the (4, 4) matrix from a child's frame to its parent's."""
        if node.block == child.block:
            return np.eye(4)
        there = self._blocks.frame(child.block)
        return np.asarray(inverse(self._blocks.frame(node.block)) @ there, dtype=np.float64)

    def _geometric_error(self, node: TileNode, below: list[_Entry]) -> float:
        if not below:
            return 0.0
        lowest = max(self._blocks.grid.unit_m, *(1.01 * e.geometric_error for e in below))
        return round(max(self._options.error_per_spacing * node.spacing_m, lowest), 6)

    def _divide(self, node: TileNode, below: list[_Entry]) -> None:
        """Move the largest subtrees to files of their own until few enough tiles are left."""
        by_size = sorted(range(len(below)), key=lambda n: -below[n].inline)
        left = sum(entry.inline for entry in below)
        for n in by_size:
            if left <= TILES_PER_FILE or below[n].inline == 1:
                return
            left -= below[n].inline - 1
            self._externalise(node.children[n], below[n])

    def _externalise(self, node: TileNode, entry: _Entry) -> None:
        name = f"{node.uri.rpartition('.')[0].replace('/', '_')}.json"
        inner = {key: value for key, value in entry.tile.items() if key != "transform"}
        made = document(
            {**inner, "refine": "ADD"},
            entry.geometric_error,
            schema_classes={},
            version=self._options.tiles_version,
        )
        write_json(self._out / name, made)
        for key in ("children", "content"):
            del entry.tile[key]
        entry.tile["content"] = {"uri": name}
        entry.inline = 1
