"""Checks one tile's content."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.digest import Digest
from twin_pipeline.tiles.glb import MESHOPT, QUANTIZED
from twin_pipeline.tiles.metadata import STRUCTURAL
from twin_pipeline.tiles.pipe_glb import FEATURES, LINES_MODE, TRIANGLES_MODE, UNLIT
from twin_pipeline.tiles.point_glb import POINTS_MODE
from twin_pipeline.tiles.positions import GRID, grid_of
from twin_pipeline.tiles.proof import Proof, colours_agree
from twin_pipeline.tiles.properties import CODES, Columns
from twin_pipeline.tiles.reader import Glb

KNOWN_EXTENSIONS = frozenset(
    {
        MESHOPT,
        QUANTIZED,
        UNLIT,
        FEATURES,
        STRUCTURAL,
    }
)

METADATA_TYPES: dict[str, np.dtype[Any]] = {
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "INT32": np.dtype(np.int32),
    "FLOAT32": np.dtype(np.float32),
    "FLOAT64": np.dtype(np.float64),
}


VECTOR_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}


@dataclass(slots=True, eq=False)
class Content:
    """What a tile's content holds."""

    xyz: FloatArray
    """(N, 3) vertices, metres, z up, in the frame of the tile."""
    points: int = 0
    """Number of points; 0 for triangles and lines."""
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Least and greatest value of each property that is one number."""
    digest: Digest | None = None
    """Of the scan's own numbers; None where the tileset does not say how to get them."""
    offset: npt.NDArray[np.int64] | None = None
    """(3,) grid units from the grid's zero to that of the tile's frame; None where unknown."""
    problems: list[str] = field(default_factory=list)
    classes: dict[str, Any] = field(default_factory=dict)
    """Of its schema."""
    counts: Counter[int] = field(default_factory=Counter)
    """Points of each ASPRS class."""


def inspect(path: Path, proof: Proof | None) -> Content:
    """Read a .glb with one mesh and check it.

    Raises
    ------
    InputError
        Where it can't be read at all.
    """
    glb = Glb.read(path)
    document = glb.document
    node = document["nodes"][document["scenes"][document.get("scene", 0)]["nodes"][0]]
    parts = [
        (primitive, {name: glb.accessor(n) for name, n in primitive["attributes"].items()})
        for primitive in document["meshes"][node["mesh"]]["primitives"]
    ]
    xyz = [_placed(attributes["POSITION"], node) for _, attributes in parts]
    content = Content(np.concatenate(xyz), problems=_document_problems(document))
    structural = document.get("extensions", {}).get(STRUCTURAL, {})
    content.classes = structural.get("schema", {}).get("classes", {})
    for primitive, attributes in parts:
        content.problems += _attribute_problems(glb, primitive, attributes)
        if primitive.get("mode") in _CORNERS:
            vertices = len(attributes["POSITION"])
            content.problems += _index_problems(glb, primitive, vertices)
            content.problems += _feature_problems(glb, primitive, attributes)
    primitive, attributes = parts[0]
    if primitive.get("mode") == POINTS_MODE:
        content.points = len(content.xyz)
        properties = property_values(document, primitive, attributes, content.problems)
        content.ranges = {
            name: (values.min().item(), values.max().item())
            for name, values in properties.items()
            if values.shape[1] == 1
        }
        if "classification" in properties:
            counts = np.bincount(properties["classification"][:, 0])
            content.counts = Counter({n: counts[n].item() for n in np.flatnonzero(counts).tolist()})
        if proof is not None:
            _prove(content, node, attributes, properties, proof)
    return content


def _prove(
    content: Content,
    node: dict[str, Any],
    attributes: dict[str, npt.NDArray[Any]],
    properties: dict[str, npt.NDArray[Any]],
    proof: Proof,
) -> None:
    """Get the scan's own numbers out of a tile."""
    zero = np.array(node["extras"][GRID], np.int64)
    ijk = grid_of(attributes, zero)
    light = attributes.get("COLOR_0")
    columns = proof.columns(light, properties)
    if not require_carried(content, columns, proof):
        return
    if light is not None and CODES in properties and not colours_agree(light, properties[CODES]):
        content.problems.append("COLOR_0 is not the light of the scan's colours")
    content.digest = proof.digest_of(ijk, columns)
    require_in_place(content, ijk, proof, exact=attributes["POSITION"].dtype.kind == "u")


def require_carried(content: Content, columns: Columns, proof: Proof) -> bool:
    """Whether a tile carries what the tileset says; report it otherwise."""
    if set(columns) == set(proof.attributes):
        return True
    content.problems.append(f"carries {sorted(columns)}, the tileset {sorted(proof.attributes)}")
    return False


def require_in_place(
    content: Content, ijk: npt.NDArray[np.int64], proof: Proof, *, exact: bool
) -> None:
    """Note where the grid lies in the tile's frame, or compare as far as floats allow."""
    place_m = content.xyz - ijk * proof.grid_unit_m
    if exact:
        content.offset = np.rint(place_m[0] / proof.grid_unit_m).astype(np.int64)
    elif np.linalg.norm(np.ptp(place_m, axis=0)) > _bend_m(content.xyz):
        content.problems.append("its positions are not those of its grid coordinates")


def _bend_m(xyz: FloatArray) -> float:
    """Return how far coordinates on a map and in space can differ over a tile, metres.

    A map's scale is off by up to 1e-3, its north turned by up to 3 degrees.
    """
    extent_m = float(np.linalg.norm(np.ptp(xyz, axis=0)))
    return 0.01 + 0.06 * extent_m


def decoded_table(glb: Glb, number: int = 0) -> dict[str, list[Any]]:
    """Return the columns of a property table; None stands for no data.

    Raises
    ------
    InputError
        Where a column does not have the table's number of rows.
    """
    structural = glb.document["extensions"][STRUCTURAL]
    table = structural["propertyTables"][number]
    properties = structural["schema"]["classes"][table["class"]]["properties"]
    return {
        name: _column(glb, properties[name], column, table["count"], name)
        for name, column in table["properties"].items()
    }


def _placed(positions: npt.NDArray[Any], node: dict[str, Any]) -> FloatArray:
    scale = np.array(node.get("scale", (1.0, 1.0, 1.0)))
    y_up = positions * scale + np.array(node.get("translation", (0.0, 0.0, 0.0)))
    placed: FloatArray = np.stack((y_up[:, 0], -y_up[:, 2], y_up[:, 1]), axis=1)
    return placed


def _document_problems(document: dict[str, Any]) -> list[str]:
    used = set(document.get("extensionsUsed", []))
    required = set(document.get("extensionsRequired", []))
    problems = [f"requires the unknown extension {name}" for name in required - KNOWN_EXTENSIONS]
    if required - used:
        problems.append(f"requires extensions it does not use: {sorted(required - used)}")
    if document["asset"]["version"] != "2.0":
        problems.append(f"is glTF {document['asset']['version']}, not 2.0")
    return problems


def _attribute_problems(
    glb: Glb, primitive: dict[str, Any], attributes: dict[str, npt.NDArray[Any]]
) -> list[str]:
    position = attributes["POSITION"]
    stated = glb.document["accessors"][primitive["attributes"]["POSITION"]]
    problems = []
    for bound, value in (("min", position.min(axis=0)), ("max", position.max(axis=0))):
        if stated.get(bound) != value.tolist():
            problems.append(f"POSITION {bound} is {value.tolist()}, not {stated.get(bound)}")
    for name, values in attributes.items():
        if len(values) != len(position):
            problems.append(f"{name} has {len(values)} elements, POSITION {len(position)}")
        if values.strides[0] % 4:
            problems.append(f"{name} is not aligned to 4 bytes")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            problems.append(f"{name} holds values that are not finite")
    return problems


def property_values(
    document: dict[str, Any],
    primitive: dict[str, Any],
    attributes: dict[str, npt.NDArray[Any]],
    problems: list[str],
) -> dict[str, npt.NDArray[Any]]:
    """Return the (N, W) values of each property attribute."""
    structural = document.get("extensions", {}).get(STRUCTURAL, {})
    found = {}
    for number in primitive.get("extensions", {}).get(STRUCTURAL, {}).get("propertyAttributes", []):
        table = structural["propertyAttributes"][number]
        properties = structural["schema"]["classes"][table["class"]]["properties"]
        for name, place in table["properties"].items():
            values, stated = attributes[place["attribute"]], properties[name]
            width = VECTOR_WIDTHS[stated["type"]]
            if METADATA_TYPES[stated["componentType"]] != values.dtype or width != values.shape[1]:
                problems.append(f"{name} is stored as {values.dtype}, unlike its schema")
            found[name] = values
    return found


_CORNERS = {LINES_MODE: (2, "lines"), TRIANGLES_MODE: (3, "triangles")}


def _index_problems(glb: Glb, primitive: dict[str, Any], vertices: int) -> list[str]:
    indices = glb.accessor(primitive["indices"])
    corners, shapes = _CORNERS[primitive["mode"]]
    if len(indices) % corners:
        return [f"{len(indices)} indices make no {shapes}"]
    if indices.max() >= vertices:
        return [f"index {indices.max()} is beyond {vertices} vertices"]
    return []


def _feature_problems(
    glb: Glb, primitive: dict[str, Any], attributes: dict[str, npt.NDArray[Any]]
) -> list[str]:
    extension = primitive.get("extensions", {}).get(FEATURES)
    if extension is None:
        return []
    problems = []
    for ids in extension["featureIds"]:
        seen = np.unique(attributes[f"_FEATURE_ID_{ids['attribute']}"])
        if len(seen) != ids["featureCount"]:
            problems.append(f"{len(seen)} features are drawn, {ids['featureCount']} announced")
        rows = {len(column) for column in decoded_table(glb, ids["propertyTable"]).values()}
        if any(seen.max() >= count for count in rows):
            problems.append(f"feature {seen.max():g} has no row in the property table")
    return problems


def _column(
    glb: Glb, schema: dict[str, Any], column: dict[str, Any], count: int, name: str
) -> list[Any]:
    data = glb.view(column["values"])
    if schema["type"] == "STRING":
        offsets = np.frombuffer(glb.view(column["stringOffsets"]), dtype=np.uint32)
        if len(offsets) != count + 1 or offsets[-1] > len(data) or (np.diff(offsets) < 0).any():
            raise InputError(f"column {name} does not hold {count} texts")
        values: list[Any] = [data[a:b].decode() for a, b in pairwise(offsets)]
    else:
        numbers = np.frombuffer(data, dtype=METADATA_TYPES[schema["componentType"]])
        if len(numbers) != count:
            raise InputError(f"column {name} has {len(numbers)} values, the table {count} rows")
        values = numbers.tolist()
    missing = schema.get("noData")
    return [None if missing is not None and value == missing else value for value in values]
