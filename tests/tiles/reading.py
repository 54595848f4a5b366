"""A reader of tilesets that shares nothing with the package but the codec."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.kernels import meshopt, meshopt_triangles

TYPES = {5120: np.int8, 5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


@dataclass
class Tile:
    """One content with where it lies."""

    uri: str
    depth: int
    error: float
    to_ecef: np.ndarray
    box: np.ndarray
    document: dict[str, Any]
    columns: dict[str, np.ndarray]
    """Of the first primitive."""
    lines: dict[str, np.ndarray] | None = None
    """Of the last primitive, where it is of lines."""

    @property
    def local(self) -> np.ndarray:
        """Vertices in the tile's frame, z up."""
        return self._local(self.columns)

    def _local(self, columns: dict[str, np.ndarray]) -> np.ndarray:
        node = self.document["nodes"][0]
        placed = columns["POSITION"] * np.array(node.get("scale", [1, 1, 1]))
        x, y, z = (placed + np.array(node["translation"])).T
        return np.column_stack((x, -z, y))

    @property
    def grid(self) -> np.ndarray:
        """Coordinates in units of the scan's grid."""
        zero = np.array(self.document["nodes"][0]["extras"]["grid"])
        if "_GRID_LOW" in self.columns:
            low, high = (self.columns[f"_GRID_{part}"].astype(int) for part in ("LOW", "HIGH"))
            return zero + low + 65536 * high
        x, y, z = self.columns["POSITION"].astype(int).T
        return zero + np.column_stack((x, -z, y))

    @property
    def ecef(self) -> np.ndarray:
        return self.local @ self.to_ecef[:3, :3].T + self.to_ecef[:3, 3]

    @property
    def lines_ecef(self) -> np.ndarray:
        return self._local(self.lines) @ self.to_ecef[:3, :3].T + self.to_ecef[:3, 3]


def read_tiles(path: Path) -> list[Tile]:
    """All contents below a tileset.json."""
    return list(_tileset(path, np.eye(4), 0))


def _tileset(path: Path, matrix: np.ndarray, depth: int) -> Iterator[Tile]:
    yield from _tile(path, json.loads(path.read_text("utf-8"))["root"], matrix, depth)


def _tile(path: Path, tile: dict[str, Any], matrix: np.ndarray, depth: int) -> Iterator[Tile]:
    own = np.reshape(tile.get("transform", np.eye(4).ravel()), (4, 4)).T
    matrix = matrix @ own
    uri = tile.get("content", {}).get("uri", "")
    if uri.endswith(".json"):
        yield from _tileset(path.parent / uri, matrix, depth)
    elif uri:
        document, columns = read_glb(path.parent / uri)
        last = document["meshes"][0]["primitives"][-1]
        lines = read_glb(path.parent / uri, -1)[1] if last.get("mode") == 1 else None
        box = np.array(tile["boundingVolume"]["box"])
        yield Tile(uri, depth, tile["geometricError"], matrix, box, document, columns, lines)
    for child in tile.get("children", []):
        yield from _tile(path, child, matrix, depth + 1)


def read_glb(path: Path, part: int = 0) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The JSON of a GLB and the vertex attributes of a primitive."""
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + length])
    binary = data[28 + length :]
    primitive = document["meshes"][0]["primitives"][part]
    named = dict(primitive["attributes"])
    if "indices" in primitive:
        named["indices"] = primitive["indices"]
    return document, {name: _accessor(document, binary, n) for name, n in named.items()}


def _accessor(document: dict[str, Any], binary: bytes, number: int) -> np.ndarray:
    accessor = document["accessors"][number]
    dtype, width = np.dtype(TYPES[accessor["componentType"]]), WIDTHS[accessor["type"]]
    view = document["bufferViews"][accessor["bufferView"]]
    data = view_bytes(document, binary, accessor["bufferView"])
    stride = view.get("byteStride", dtype.itemsize * width)
    rows = np.frombuffer(data, np.uint8).reshape(accessor["count"], stride)
    return np.ascontiguousarray(rows[:, : dtype.itemsize * width]).view(dtype)


def view_bytes(document: dict[str, Any], binary: bytes, number: int) -> bytes:
    """The bytes of a buffer view."""
    view = document["bufferViews"][number]
    packed = view.get("extensions", {}).get("EXT_meshopt_compression")
    place = packed or view
    data = binary[place["byteOffset"] : place["byteOffset"] + place["byteLength"]]
    if packed is None:
        return data
    stream = np.frombuffer(data, np.uint8)
    if packed["mode"] == "TRIANGLES":
        corners = meshopt_triangles.decode(stream, packed["count"] // 3)
        return corners.astype(f"u{packed['byteStride']}").tobytes()
    rows = meshopt.decode(stream, packed["count"], packed["byteStride"])
    if packed.get("filter") == "EXPONENTIAL":
        words = rows.view(np.int32)
        rows = ((words << 8 >> 8) * 2.0 ** (words >> 24)).astype(np.float32)
    return rows.tobytes()
