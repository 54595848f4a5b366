"""Pipes as solids: closed tubes with sockets, each a feature with all its attributes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.export.attributes import PIPES, Field
from twin_pipeline.model import FloatArray, Pipe, Survey
from twin_pipeline.tiles.georeference import Georeference, apply, inverse, rigid_frame
from twin_pipeline.tiles.glb import GlbBuilder
from twin_pipeline.tiles.metadata import STRUCTURAL
from twin_pipeline.tiles.pipe_table import pipe_schema, pipe_table
from twin_pipeline.tiles.pipe_tree import PipeNode, pipe_tree
from twin_pipeline.tiles.positions import centred, y_up
from twin_pipeline.tiles.solids import Sight, shell, solid
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

FEATURES = "EXT_mesh_features"
UNLIT = "KHR_materials_unlit"
LINES_MODE, TRIANGLES_MODE = 1, 4

PIXELS = 16.0
"""Screen-space error at which viewers replace a tile by those below it, unless told otherwise."""

WATER_BLUE = (0.0, 0.142, 0.539, 1.0)
"""Linear light of sRGB #0069C2: water mains are blue on Japanese plans and marker tape."""

SHELL_AMBER = (1.0, 0.479, 0.033, 0.28)
"""Linear light of sRGB #FFB733, translucent."""

Shape = Callable[[Pipe, Sight], list[Mesh]]


def write_pipe_tiles(
    survey: Survey,
    georeference: Georeference,
    out: Path,
    fields: Sequence[Field] = PIPES.fields,
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

    Raises
    ------
    GeoreferenceError
        Where a pipe has no place on the earth.
    """
    if not survey.pipes:
        return
    catalogue = load_catalogue()
    site = _Site.of(survey, georeference, out, fields)
    look = _Look("pipes", lambda pipe, sight: solid(pipe, sight, catalogue), WATER_BLUE)
    root = site.tile(_tree(survey), look)
    site.write_tileset(root.tile, root.box)


def write_uncertainty_tiles(
    survey: Survey,
    georeference: Georeference,
    out: Path,
    fields: Sequence[Field] = PIPES.fields,
) -> None:
    """Write the shells that hold the pipes' surfaces with about 95 % probability.

    `out`/tileset.json and uncertainty.glb, with the same property table as the pipes; parameters
    as `write_pipe_tiles`.
    """
    if not survey.pipes:
        return
    site = _Site.of(survey, georeference, out, fields)
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
    colour: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    tile: dict[str, Any]
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What of a tile is drawn at once."""

    mesh: Mesh
    xyz: FloatArray
    """(V, 3) metres, the site's frame."""
    features: npt.NDArray[np.float32]
    """(V,) row of the pipe in the tile's table."""


@dataclass(frozen=True, slots=True, eq=False)
class _Site:
    """Writes contents in the frame of a site."""

    survey: Survey
    georeference: Georeference
    out: Path
    frame: FloatArray
    """(4, 4) metres from the site's centre -> earth-centred metres."""
    fields: Sequence[Field]

    @classmethod
    def of(
        cls, survey: Survey, georeference: Georeference, out: Path, fields: Sequence[Field]
    ) -> "_Site":
        lines = np.concatenate([pipe.centreline for pipe in survey.pipes])
        middle = (lines.min(axis=0) + lines.max(axis=0)) / 2
        out.mkdir(parents=True, exist_ok=True)
        return cls(survey, georeference, out, rigid_frame(georeference, middle), fields)

    def tile(self, node: PipeNode, look: _Look, farthest_m: float = np.inf) -> _Entry:
        """Write a tile with all below it; from beyond `farthest_m` a pixel it isn't seen."""
        below = [
            self.tile(child, replace(look, name=f"{look.name}_{n}"), node.nearest_m)
            for n, child in enumerate(node.children)
        ]
        uri = f"{look.name}.glb"
        box = self.content(uri, node.pipes, Sight(node.nearest_m, farthest_m), look)
        box = union([box, *(entry.box for entry in below)])
        tile = _tile(box, PIXELS * node.nearest_m, uri)
        if below:
            tile["refine"] = "REPLACE"
            tile["children"] = [entry.tile for entry in below]
        return _Entry(tile, box)

    def content(self, uri: str, pipes: Sequence[int], sight: Sight, look: _Look) -> Box:
        """Write some pipes; return the box around them, in the site's frame."""
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
        (self.out / uri).write_bytes(_glb(part, parts, look.colour, self.fields))
        return union([(made.xyz.min(axis=0), made.xyz.max(axis=0)) for made in parts])

    def placed(self, drawn: Sequence[tuple[int, Mesh]]) -> _Part:
        """Join meshes of one kind, each with the number of its pipe, in the site's frame."""
        mesh = joined([made for _, made in drawn])
        xyz = apply(inverse(self.frame), self.georeference.to_ecef(mesh.positions))
        sizes = [len(made.positions) for _, made in drawn]
        features = np.repeat([number for number, _ in drawn], sizes).astype(np.float32)
        return _Part(mesh, xyz, features)

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


def _tile(box: Box, error_m: float, uri: str) -> dict[str, Any]:
    return {
        "boundingVolume": box_volume(box),
        "geometricError": error_m,
        "content": {"uri": uri},
    }


def _glb(
    survey: Survey,
    parts: Sequence[_Part],
    colour: tuple[float, float, float, float],
    fields: Sequence[Field],
) -> bytes:
    builder = GlbBuilder()
    positions, node = centred(np.concatenate([part.xyz for part in parts]))
    ends = np.cumsum([len(part.xyz) for part in parts])
    primitives = [
        _primitive(builder, part, placed) | {"material": number}
        for number, (part, placed) in enumerate(
            zip(parts, np.split(positions, ends[:-1]), strict=True)
        )
    ]
    table = pipe_table(survey, builder, fields)
    has_lines = any(part.mesh.is_lines for part in parts)
    return builder.to_bytes(
        {
            "asset": {"version": "2.0", "generator": "twin-pipeline"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0, **node}],
            "meshes": [{"primitives": primitives}],
            "materials": [_material(colour, lit=not part.mesh.is_lines) for part in parts],
            "extensionsUsed": [FEATURES, STRUCTURAL, *([UNLIT] if has_lines else [])],
            "extensions": {STRUCTURAL: {"schema": pipe_schema(fields), "propertyTables": [table]}},
        }
    )


def _primitive(
    builder: GlbBuilder, part: _Part, positions: npt.NDArray[np.float32]
) -> dict[str, Any]:
    attributes = {
        "POSITION": builder.attribute(positions, bounds=bounds_of(positions)),
        "_FEATURE_ID_0": builder.attribute(part.features[:, None]),
    }
    if not part.mesh.is_lines:
        attributes["NORMAL"] = builder.attribute(y_up(part.mesh.normals))
    ids = {
        "featureCount": len(np.unique(part.features)),
        "attribute": 0,
        "propertyTable": 0,
        "label": "pipe",
    }
    return {
        "attributes": attributes,
        "indices": builder.indices(part.mesh.triangles.ravel()),
        "mode": LINES_MODE if part.mesh.is_lines else TRIANGLES_MODE,
        "extensions": {FEATURES: {"featureIds": [ids]}},
    }


def _material(colour: tuple[float, float, float, float], *, lit: bool) -> dict[str, Any]:
    surface = {"baseColorFactor": colour, "metallicFactor": 0.0, "roughnessFactor": 0.6}
    made: dict[str, Any] = {"name": "water", "pbrMetallicRoughness": surface, "doubleSided": False}
    if not lit:
        made["extensions"] = {UNLIT: {}}
    if colour[3] == 1.0:
        return made
    return made | {"name": "uncertainty", "alphaMode": "BLEND"}
