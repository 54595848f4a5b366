"""One tile of points as binary glTF."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.tiles.glb import GlbBuilder
from twin_pipeline.tiles.metadata import STRUCTURAL, point_schema
from twin_pipeline.tiles.pointset import COLOURS

POINTS_MODE = 0


def linear_colours(full_scale: int) -> npt.NDArray[np.uint16]:
    """Return (65536,) the linear light, 0 ... 65535, of each sRGB code; IEC 61966-2-1.

    Parameters
    ----------
    full_scale
        The code of full brightness: 255 where a scanner put 8-bit values into the 16-bit field.
    """
    code = np.minimum(np.arange(65536) / full_scale, 1.0)
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.rint(linear * 65535), dtype=np.uint16)


def point_glb(
    positions: npt.NDArray[Any],
    node: dict[str, Any],
    attributes: npt.NDArray[Any],
    linear: npt.NDArray[np.uint16],
    *,
    meshopt: bool,
) -> bytes:
    """Return a .glb of points with colours and property attributes.

    Parameters
    ----------
    positions
        (N, 3) uint16 or float32, glTF axes, in the node's frame.
    node
        Translation and scale that place them.
    attributes
        (N,) records of `pointset.attribute_dtype`.
    linear
        (65536,) uint16, see `linear_colours`.
    meshopt
        Whether to compress with EXT_meshopt_compression.
    """
    builder = GlbBuilder(meshopt=meshopt)
    names = attributes.dtype.names or ()
    accessors = {"POSITION": builder.attribute(positions, bounds=True)}
    if COLOURS[0] in names:
        accessors["COLOR_0"] = builder.attribute(_colours(attributes, linear), normalized=True)
    carried = [name for name in names if name not in COLOURS]
    for name in carried:
        accessors[_semantic(name)] = builder.attribute(attributes[name][:, None])
    return builder.to_bytes(
        _document(accessors, node, carried, quantized=positions.dtype.kind == "u")
    )


def _document(
    accessors: dict[str, int], node: dict[str, Any], carried: Sequence[str], *, quantized: bool
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
        document["extensionsUsed"].append("KHR_mesh_quantization")
        document["extensionsRequired"] = ["KHR_mesh_quantization"]
    if carried:
        document["extensionsUsed"].append(STRUCTURAL)
        properties = {name: {"attribute": _semantic(name)} for name in carried}
        schema = point_schema(carried)
        table = {"class": "point", "properties": properties}
        document["extensions"] = {STRUCTURAL: {"schema": schema, "propertyAttributes": [table]}}
        primitive["extensions"] = {STRUCTURAL: {"propertyAttributes": [0]}}
    return document


def _colours(
    attributes: npt.NDArray[Any], linear: npt.NDArray[np.uint16]
) -> npt.NDArray[np.uint16]:
    colours = np.full((len(attributes), 4), 65535, dtype=np.uint16)
    for channel, name in enumerate(COLOURS):
        colours[:, channel] = linear[attributes[name]]
    return colours


def _semantic(name: str) -> str:
    return "_" + name.upper()
