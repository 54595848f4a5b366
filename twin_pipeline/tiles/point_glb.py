"""One tile of points as binary glTF."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.tiles.glb import QUANTIZED, Bounds, GlbBuilder
from twin_pipeline.tiles.metadata import STRUCTURAL, point_schema

POINTS_MODE = 0


@dataclass(frozen=True, slots=True, eq=False)
class Vertices:
    """Points in the words of glTF."""

    positions: npt.NDArray[Any]
    """(N, 3 or 4) uint16 or float32, glTF axes, in the node's frame; of four the first three."""
    bounds: Bounds
    """(3,) their least and (3,) greatest."""
    node: Mapping[str, Any]
    """Translation and scale that place them, and where the grid lies."""
    light: npt.NDArray[np.uint16] | None
    """(N, 4) linear red, green, blue and opacity; None for points without colour."""
    properties: Mapping[str, npt.NDArray[Any]]
    """By name, each (N, W)."""
    others: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    """By semantic, each (N, W): vertex attributes that are no properties."""


def point_glb(vertices: Vertices, *, meshopt: bool) -> bytes:
    """Return a .glb of points, compressed with EXT_meshopt_compression if `meshopt`."""
    builder = GlbBuilder(meshopt=meshopt)
    accessors = {"POSITION": builder.attribute(vertices.positions, width=3, bounds=vertices.bounds)}
    if vertices.light is not None:
        accessors["COLOR_0"] = builder.attribute(vertices.light, normalized=True)
    for name, values in vertices.properties.items():
        accessors[semantic(name)] = builder.attribute(values)
    for name, values in vertices.others.items():
        accessors[name] = builder.attribute(values)
    quantized = vertices.positions.dtype.kind == "u"
    carried = list(vertices.properties)
    return builder.to_bytes(_document(accessors, vertices.node, carried, quantized=quantized))


def semantic(name: str) -> str:
    """Return the name of a property's vertex attribute."""
    return "_" + name.upper()


def _document(
    accessors: dict[str, int], node: Mapping[str, Any], carried: Sequence[str], *, quantized: bool
) -> dict[str, Any]:
    primitive: dict[str, Any] = {"attributes": accessors, "mode": POINTS_MODE, "material": 0}
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "twin-pipeline"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, **node}],
        "meshes": [{"primitives": [primitive]}],
        "materials": [{"extensions": {"KHR_materials_unlit": {}}}],
        "extensionsUsed": ["KHR_materials_unlit"],
    }
    if quantized:
        document["extensionsUsed"].append(QUANTIZED)
        document["extensionsRequired"] = [QUANTIZED]
    if carried:
        document["extensionsUsed"].append(STRUCTURAL)
        properties = {name: {"attribute": semantic(name)} for name in carried}
        schema = point_schema(carried)
        table = {"class": "point", "properties": properties}
        document["extensions"] = {STRUCTURAL: {"schema": schema, "propertyAttributes": [table]}}
        primitive["extensions"] = {STRUCTURAL: {"propertyAttributes": [0]}}
    return document
