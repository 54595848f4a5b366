"""One tile of pipes as binary glTF."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.export.attributes import Field
from twin_pipeline.model import FloatArray, Survey
from twin_pipeline.tiles.glb import QUANTIZED, GlbBuilder
from twin_pipeline.tiles.metadata import STRUCTURAL
from twin_pipeline.tiles.pipe_table import pipe_schema, pipe_table
from twin_pipeline.tiles.positions import centred, y_up
from twin_pipeline.tiles.tube import Mesh

FEATURES = "EXT_mesh_features"
UNLIT = "KHR_materials_unlit"
LINES_MODE, TRIANGLES_MODE = 1, 4

Colour = tuple[float, float, float, float]
"""Linear red, green, blue and opacity."""

_NORMAL_ONE = 127
"""Of packed normals: unit vectors in 8 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What of a tile is drawn at once."""

    mesh: Mesh
    xyz: FloatArray
    """(V, 3) metres, the site's frame."""
    features: npt.NDArray[np.float32]
    """(V,) row of the pipe in the tile's table."""

    def snapped(self, exponent: int) -> "Part":
        """Return the part with vertices at multiples of 2^exponent metres."""
        return replace(self, xyz=np.ldexp(np.rint(np.ldexp(self.xyz, -exponent)), exponent))

    def reordered(self) -> "Part":
        """Return the part with vertices in the order in which they are used, as packing likes."""
        first = np.unique(self.mesh.triangles, return_index=True)[1]
        order = np.argsort(first)
        triangles = np.argsort(order).astype(np.uint32)[self.mesh.triangles]
        normals = self.mesh.normals if self.mesh.is_lines else self.mesh.normals[order]
        mesh = Mesh(self.mesh.positions[order], normals, triangles)
        return Part(mesh, self.xyz[order], self.features[order])


def pipe_glb(
    survey: Survey,
    parts: Sequence[Part],
    colour: Colour,
    fields: Sequence[Field],
    exponent: int | None,
) -> bytes:
    """Return a .glb of a survey's pipes with all their attributes.

    With an `exponent` it is packed: the parts are as `snapped` with it and `reordered`.
    """
    builder = GlbBuilder(meshopt=exponent is not None)
    step_m = 0.0 if exponent is None else 2.0**exponent
    positions, node = centred(np.concatenate([part.xyz for part in parts]), step_m)
    ends = np.cumsum([len(part.xyz) for part in parts])
    primitives = [
        _primitive(builder, part, placed, exponent) | {"material": number}
        for number, (part, placed) in enumerate(
            zip(parts, np.split(positions, ends[:-1]), strict=True)
        )
    ]
    table = pipe_table(survey, builder, fields)
    has_lines = any(part.mesh.is_lines for part in parts)
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "twin-pipeline"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, **node}],
        "meshes": [{"primitives": primitives}],
        "materials": [_material(colour, lit=not part.mesh.is_lines) for part in parts],
        "extensionsUsed": [FEATURES, STRUCTURAL, *([UNLIT] if has_lines else [])],
        "extensions": {STRUCTURAL: {"schema": pipe_schema(fields), "propertyTables": [table]}},
    }
    if exponent is not None and not all(part.mesh.is_lines for part in parts):
        document["extensionsUsed"].append(QUANTIZED)
        document["extensionsRequired"] = [QUANTIZED]
    return builder.to_bytes(document)


def _primitive(
    builder: GlbBuilder, part: Part, positions: npt.NDArray[np.float32], exponent: int | None
) -> dict[str, Any]:
    bounds = bounds_of(positions)
    attributes = {
        "POSITION": builder.attribute(positions, bounds=bounds, exponent=exponent),
        "_FEATURE_ID_0": builder.attribute(part.features[:, None]),
    }
    corners = part.mesh.triangles
    if part.mesh.is_lines:
        indices = builder.indices(corners.ravel())
    else:
        attributes["NORMAL"] = _normals(builder, part.mesh.normals, packed=exponent is not None)
        indices = builder.triangles(corners)
    ids = {
        "featureCount": len(np.unique(part.features)),
        "attribute": 0,
        "propertyTable": 0,
        "label": "pipe",
    }
    return {
        "attributes": attributes,
        "indices": indices,
        "mode": LINES_MODE if part.mesh.is_lines else TRIANGLES_MODE,
        "extensions": {FEATURES: {"featureIds": [ids]}},
    }


def _normals(builder: GlbBuilder, normals: FloatArray, *, packed: bool) -> int:
    turned = y_up(normals)
    if not packed:
        return builder.attribute(turned)
    return builder.attribute(np.rint(turned * _NORMAL_ONE).astype(np.int8), normalized=True)


def _material(colour: Colour, *, lit: bool) -> dict[str, Any]:
    surface = {"baseColorFactor": colour, "metallicFactor": 0.0, "roughnessFactor": 0.6}
    made: dict[str, Any] = {"name": "water", "pbrMetallicRoughness": surface, "doubleSided": False}
    if not lit:
        made["extensions"] = {UNLIT: {}}
    if colour[3] == 1.0:
        return made
    return made | {"name": "uncertainty", "alphaMode": "BLEND"}
