"""Pipes as solids: closed tubes with sockets, each a feature with all its attributes."""

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.export.attributes import PIPES, Field
from twin_pipeline.model import FloatArray, Pipe, Survey
from twin_pipeline.tiles.checksum import content_entry
from twin_pipeline.tiles.georeference import Georeference, apply, inverse, rigid_frame
from twin_pipeline.tiles.options import Compression
from twin_pipeline.tiles.pipe_glb import Colour, Part, pipe_glb
from twin_pipeline.tiles.pipe_table import pipe_schema
from twin_pipeline.tiles.pipe_tree import PipeNode, pipe_tree
from twin_pipeline.tiles.solids import FINEST_M, Sight, shell, solid
from twin_pipeline.tiles.tileset import (
    Box,
    beyond,
    box_volume,
    document,
    transform,
    union,
    write_json,
)
from twin_pipeline.tiles.tube import Mesh, joined

PIXELS = 16.0
"""Screen-space error at which viewers replace a tile by those below it, unless told otherwise."""

WATER_BLUE = (0.0, 0.142, 0.539, 1.0)
"""Linear light of sRGB #0069C2: water mains are blue on Japanese plans and marker tape."""

SHELL_AMBER = (1.0, 0.479, 0.033, 0.28)
"""Linear light of sRGB #FFB733, translucent."""

MULTIPLE_BITS = 23
"""Of a packed coordinate, beside its sign."""

Shape = Callable[[Pipe, Sight], list[Mesh]]


def write_pipe_tiles(
    survey: Survey,
    georeference: Georeference,
    out: Path,
    fields: Sequence[Field] = PIPES.fields,
    compression: Compression = Compression.MESHOPT,
) -> None:
    """Write a site's pipes as a 3D Tiles 1.1 tileset: `out`/tileset.json and pipes.glb.

    Where there are many pipes, the finest solids stand in tiles of some tens, with coarser ones
    of all pipes below in the tiles above. A survey without pipes writes nothing.

    Parameters
    ----------
    survey
        The site's pipes.
    georeference
        Where the scan lies.
    out
        Folder, made if absent.
    fields
        Attributes of the property table.
    compression
        How vertices and triangles are packed.

    Raises
    ------
    GeoreferenceError
        Where a pipe has no place on the earth.
    """
    if not survey.pipes:
        return
    catalogue = load_catalogue()
    site = _Site.of(survey, georeference, out, fields, compression)
    look = _Look("pipes", lambda pipe, sight: solid(pipe, sight, catalogue), WATER_BLUE)
    root = site.tile(_tree(survey), look)
    site.write_tileset(root.tile, root.box)


def write_uncertainty_tiles(
    survey: Survey,
    georeference: Georeference,
    out: Path,
    fields: Sequence[Field] = PIPES.fields,
    compression: Compression = Compression.MESHOPT,
) -> None:
    """Write the shells that hold the pipes' surfaces with about 95 % probability.

    `out`/tileset.json and uncertainty.glb, with the same property table as the pipes; parameters
    as `write_pipe_tiles`.
    """
    if not survey.pipes:
        return
    site = _Site.of(survey, georeference, out, fields, compression)
    look = _Look("uncertainty", shell, SHELL_AMBER)
    root = site.tile(_tree(survey), look)
    site.write_tileset(root.tile, root.box)


def _tree(survey: Survey) -> PipeNode:
    middles = np.array([np.mean(pipe.centreline, axis=0) for pipe in survey.pipes])
    return pipe_tree(middles, max(pipe.outer_diameter_m for pipe in survey.pipes))


@dataclass(frozen=True, slots=True)
class _Look:
    """How pipes are shown."""

    name: str
    """Of the uppermost content."""
    shape: Shape
    colour: Colour


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    tile: dict[str, Any]
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class _Site:
    """Writes contents in the frame of a site."""

    survey: Survey
    georeference: Georeference
    out: Path
    frame: FloatArray
    """(4, 4) metres from the site's centre -> earth-centred metres."""
    fields: Sequence[Field]
    compression: Compression

    @classmethod
    def of(
        cls,
        survey: Survey,
        georeference: Georeference,
        out: Path,
        fields: Sequence[Field],
        compression: Compression,
    ) -> "_Site":
        lines = np.concatenate([pipe.centreline for pipe in survey.pipes])
        middle = (lines.min(axis=0) + lines.max(axis=0)) / 2
        out.mkdir(parents=True, exist_ok=True)
        frame = rigid_frame(georeference, middle)
        return cls(survey, georeference, out, frame, fields, compression)

    def tile(self, node: PipeNode, look: _Look, farthest_m: float = np.inf) -> _Entry:
        """Write a tile with all below it; from beyond `farthest_m` a pixel it isn't seen."""
        below = [
            self.tile(child, replace(look, name=f"{look.name}_{n}"), node.nearest_m)
            for n, child in enumerate(node.children)
        ]
        sight = Sight(node.nearest_m, farthest_m)
        content, box = self.content(f"{look.name}.glb", node.pipes, sight, look)
        box = union([box, *(entry.box for entry in below)])
        tile = _tile(box, PIXELS * node.nearest_m, content)
        if below:
            tile["refine"] = "REPLACE"
            tile["children"] = [entry.tile for entry in below]
        return _Entry(tile, box)

    def content(
        self, uri: str, pipes: Sequence[int], sight: Sight, look: _Look
    ) -> tuple[dict[str, Any], Box]:
        """Write some pipes; return the content and the box around them, in the site's frame."""
        part = replace(self.survey, pipes=tuple(self.survey.pipes[n] for n in pipes))
        drawn = [
            (number, mesh)
            for number, pipe in enumerate(part.pipes)
            for mesh in look.shape(pipe, sight)
        ]
        kinds = [
            [entry for entry in drawn if entry[1].is_lines is lines] for lines in (False, True)
        ]
        parts = [self.placed(entries) for entries in kinds if entries]
        exponent = None
        if self.compression is Compression.MESHOPT:
            exponent = _exponent(parts)
            parts = [made.snapped(exponent).reordered() for made in parts]
        glb = pipe_glb(part, parts, look.colour, self.fields, exponent)
        (self.out / uri).write_bytes(glb)
        box = union([(made.xyz.min(axis=0), made.xyz.max(axis=0)) for made in parts])
        return content_entry(uri, zlib.crc32(glb)), box

    def placed(self, drawn: Sequence[tuple[int, Mesh]]) -> Part:
        """Join meshes of one kind, each with the number of its pipe, in the site's frame."""
        mesh = joined([made for _, made in drawn])
        xyz = apply(inverse(self.frame), self.georeference.to_ecef(mesh.positions))
        sizes = [len(made.positions) for _, made in drawn]
        features = np.repeat([number for number, _ in drawn], sizes).astype(np.float32)
        return Part(mesh, xyz, features)

    def write_tileset(self, root: dict[str, Any], box: Box) -> None:
        """Write tileset.json."""
        made = document(
            {"refine": "ADD", **root, "transform": transform(self.frame)},
            max(beyond(box), 2 * root["geometricError"]),
            schema_classes=pipe_schema(self.fields)["classes"],
            site=self.survey.site,
            georeference=self.georeference,
        )
        write_json(self.out / "tileset.json", made)


def _exponent(parts: Sequence[Part]) -> int:
    """Return of which power of two packed vertices are multiples, in metres.

    They move by an eighth of what a centreline may be off along each axis at most, at every level;
    or by what 32-bit floats can't tell apart in a tile of more than a kilometre.
    """
    places = np.concatenate([part.xyz for part in parts])
    widest_m = float(np.max(np.ptp(places, axis=0)))
    return math.floor(max(math.log2(FINEST_M / 4), math.log2(widest_m) - MULTIPLE_BITS + 1))


def _tile(box: Box, error_m: float, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "boundingVolume": box_volume(box),
        "geometricError": error_m,
        "content": content,
    }
