"""Pipes as solids: one closed tube a pipe, each a feature with all its attributes."""

from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.model import FloatArray, Survey
from twin_pipeline.tiles.georeference import Georeference, apply, flat_frame, inverse
from twin_pipeline.tiles.glb import GlbBuilder
from twin_pipeline.tiles.metadata import STRUCTURAL
from twin_pipeline.tiles.pipe_table import pipe_schema, pipe_table
from twin_pipeline.tiles.positions import centred, y_up
from twin_pipeline.tiles.tileset import beyond, box_volume, document, transform, write_json
from twin_pipeline.tiles.tube import Mesh, joined, tube

FEATURES = "EXT_mesh_features"
TRIANGLES_MODE = 4

WATER_BLUE = (0.0, 0.142, 0.539, 1.0)
"""Linear light of sRGB #0069C2: water mains are blue on Japanese plans and marker tape."""


def write_pipe_tiles(survey: Survey, georeference: Georeference, out: Path) -> None:
    """Write a site's pipes as a 3D Tiles 1.1 tileset: `out`/tileset.json and pipes.glb.

    A survey without pipes writes nothing.

    Parameters
    ----------
    survey
        The site's pipes; feature i is pipe i.
    georeference
        Where the scan lies.
    out
        Folder, made if absent.

    Raises
    ------
    GeoreferenceError
        Where a pipe has no place on the earth.
    """
    if not survey.pipes:
        return
    tubes = [tube(pipe.centreline, pipe.outer_diameter_m / 2) for pipe in survey.pipes]
    mesh = joined(tubes)
    middle = (mesh.positions.min(axis=0) + mesh.positions.max(axis=0)) / 2
    frame = flat_frame(georeference, middle)
    xyz = apply(inverse(frame), georeference.to_ecef(mesh.positions))
    features = np.repeat(np.arange(len(tubes)), [len(tube.positions) for tube in tubes])
    out.mkdir(parents=True, exist_ok=True)
    (out / "pipes.glb").write_bytes(_glb(survey, mesh, xyz, features.astype(np.float32)))
    write_json(out / "tileset.json", _tileset(survey, georeference, frame, xyz))


def _glb(survey: Survey, mesh: Mesh, xyz: FloatArray, features: Any) -> bytes:  # noqa: ANN401
    builder = GlbBuilder()
    positions, node = centred(xyz)
    attributes = {
        "POSITION": builder.attribute(positions, bounds=True),
        "NORMAL": builder.attribute(y_up(mesh.normals)),
        "_FEATURE_ID_0": builder.attribute(features[:, None]),
    }
    indices = builder.indices(mesh.triangles.ravel())
    table = pipe_table(survey, builder)
    ids = {"featureCount": len(survey.pipes), "attribute": 0, "propertyTable": 0, "label": "pipe"}
    primitive = {
        "attributes": attributes,
        "indices": indices,
        "mode": TRIANGLES_MODE,
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
            "materials": [_material()],
            "extensionsUsed": [FEATURES, STRUCTURAL],
            "extensions": {STRUCTURAL: {"schema": pipe_schema(), "propertyTables": [table]}},
        }
    )


def _material() -> dict[str, Any]:
    surface = {"baseColorFactor": WATER_BLUE, "metallicFactor": 0.0, "roughnessFactor": 0.6}
    return {"name": "water", "pbrMetallicRoughness": surface, "doubleSided": False}


def _tileset(
    survey: Survey, georeference: Georeference, frame: FloatArray, xyz: FloatArray
) -> dict[str, Any]:
    box = (xyz.min(axis=0), xyz.max(axis=0))
    root = {
        "boundingVolume": box_volume(box),
        "transform": transform(frame),
        "geometricError": 0.0,
        "refine": "ADD",
        "content": {"uri": "pipes.glb"},
    }
    return document(
        root,
        beyond(box),
        schema_classes=pipe_schema()["classes"],
        site=survey.site,
        georeference=georeference,
    )
