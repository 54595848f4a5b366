"""Pipes as solids: closed tubes with sockets, each a feature with all its attributes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.bounds import bounds_of
from twin_pipeline.catalogue import Catalogue, load_catalogue
from twin_pipeline.export.attributes import PIPES, Field
from twin_pipeline.model import FloatArray, Pipe, Survey
from twin_pipeline.tiles.georeference import Georeference, apply, inverse, rigid_frame
from twin_pipeline.tiles.glb import GlbBuilder
from twin_pipeline.tiles.metadata import STRUCTURAL
from twin_pipeline.tiles.pipe_table import pipe_schema, pipe_table
from twin_pipeline.tiles.pipe_tree import PipeNode, pipe_tree
from twin_pipeline.tiles.positions import centred, y_up
from twin_pipeline.tiles.solids import Detail, shell, socket_radius_m, solid
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

ERROR_PER_DEVIATION = 8.0
"""Geometric error over the deviation of a coarse solid: at the usual 16 pixels of screen-space
error it is shown while it deviates by less than two."""

WATER_BLUE = (0.0, 0.142, 0.539, 1.0)
"""Linear light of sRGB #0069C2: water mains are blue on Japanese plans and marker tape."""

SHELL_AMBER = (1.0, 0.479, 0.033, 0.28)
"""Linear light of sRGB #FFB733, translucent."""

Shape = Callable[[Pipe, Detail], Mesh]


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
    middles = _middles(survey)
    look = _Look("pipes", lambda pipe, detail: solid(pipe, detail, catalogue), WATER_BLUE)
    root = site.tile(pipe_tree(middles), catalogue, look)
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
    root = site.tile(pipe_tree(_middles(survey)), load_catalogue(), look)
    site.write_tileset(root.tile, root.box)


def _middles(survey: Survey) -> FloatArray:
    return np.array([np.mean(pipe.centreline, axis=0) for pipe in survey.pipes])


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
    error_m: float


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

    def tile(self, node: PipeNode, catalogue: Catalogue, look: _Look) -> _Entry:
        """Write a tile with all below it."""
        below = [
            self.tile(child, catalogue, replace(look, name=f"{look.name}_{n}"))
            for n, child in enumerate(node.children)
        ]
        uri = f"{look.name}.glb"
        box = self.content(uri, node.pipes, node.detail, look)
        box = union([box, *(entry.box for entry in below)])
        error_m = self._error_m(node, catalogue, below)
        tile = _tile(box, error_m, uri)
        if below:
            tile["refine"] = "REPLACE"
            tile["children"] = [entry.tile for entry in below]
        return _Entry(tile, box, error_m)

    def _error_m(self, node: PipeNode, catalogue: Catalogue, below: Sequence[_Entry]) -> float:
        if not below:
            return 0.0
        deviations = []
        for number in node.pipes:
            pipe = self.survey.pipes[number]
            radius_m = pipe.outer_diameter_m / 2
            socket_m = socket_radius_m(pipe, catalogue) - radius_m
            deviations.append(node.detail.deviation_m(radius_m, socket_m))
        lowest = 1.01 * max(entry.error_m for entry in below)
        return round(max(ERROR_PER_DEVIATION * max(deviations), lowest), 6)

    def content(self, uri: str, pipes: Sequence[int], detail: Detail, look: _Look) -> Box:
        """Write some pipes; return the box around them, in the site's frame."""
        part = replace(self.survey, pipes=tuple(self.survey.pipes[n] for n in pipes))
        meshes = [look.shape(pipe, detail) for pipe in part.pipes]
        mesh = joined(meshes)
        xyz = apply(inverse(self.frame), self.georeference.to_ecef(mesh.positions))
        features = np.repeat(np.arange(len(meshes)), [len(made.positions) for made in meshes])
        numbers = features.astype(np.float32)
        made = _glb(part, mesh, xyz, numbers, look.colour, self.fields)
        (self.out / uri).write_bytes(made)
        return xyz.min(axis=0), xyz.max(axis=0)

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
    mesh: Mesh,
    xyz: FloatArray,
    features: Any,  # noqa: ANN401 - numpy's own type is longer than the line
    colour: tuple[float, float, float, float],
    fields: Sequence[Field],
) -> bytes:
    builder = GlbBuilder()
    positions, node = centred(xyz)
    attributes = {
        "POSITION": builder.attribute(positions, bounds=bounds_of(positions)),
        "_FEATURE_ID_0": builder.attribute(features[:, None]),
    }
    if not mesh.is_lines:
        attributes["NORMAL"] = builder.attribute(y_up(mesh.normals))
    indices = builder.indices(mesh.triangles.ravel())
    table = pipe_table(survey, builder, fields)
    ids = {"featureCount": len(survey.pipes), "attribute": 0, "propertyTable": 0, "label": "pipe"}
    primitive = {
        "attributes": attributes,
        "indices": indices,
        "mode": LINES_MODE if mesh.is_lines else TRIANGLES_MODE,
        "material": 0,
        "extensions": {FEATURES: {"featureIds": [ids]}},
    }
    return builder.to_bytes(
        {
            "asset": {"version": "2.0", "generator": "twin-pipeline"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0, **node}],
            "meshes": [{"primitives": [primitive]}],
            "materials": [_material(colour, lit=not mesh.is_lines)],
            "extensionsUsed": [FEATURES, STRUCTURAL, *([UNLIT] if mesh.is_lines else [])],
            "extensions": {STRUCTURAL: {"schema": pipe_schema(fields), "propertyTables": [table]}},
        }
    )


def _material(colour: tuple[float, float, float, float], *, lit: bool) -> dict[str, Any]:
    surface = {"baseColorFactor": colour, "metallicFactor": 0.0, "roughnessFactor": 0.6}
    made: dict[str, Any] = {"name": "water", "pbrMetallicRoughness": surface, "doubleSided": False}
    if not lit:
        made["extensions"] = {UNLIT: {}}
    if colour[3] == 1.0:
        return made
    return made | {"name": "uncertainty", "alphaMode": "BLEND"}
