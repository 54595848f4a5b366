"""Reads tilesets and binary glTF back, trusting nothing."""

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import InputError
from twin_pipeline.kernels import meshopt, meshopt_triangles
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.glb import (
    BINARY_CHUNK,
    COMPONENT_TYPES,
    EXPONENTIAL,
    JSON_CHUNK,
    MAGIC,
    MESHOPT,
    TRIANGLES,
    VECTOR_TYPES,
)

DTYPES: dict[int, np.dtype[Any]] = {code: dtype for dtype, code in COMPONENT_TYPES.items()}
_DAMAGED = "meshopt data can't be decoded: they are damaged"
WIDTHS = {name: width for width, name in VECTOR_TYPES.items()}


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object; raises InputError where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: no valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: no JSON object but {type(content).__name__}")
    return content


def tile_matrix(tile: dict[str, Any]) -> FloatArray:
    """Return a tile's (4, 4) transform to its parent."""
    values = np.array(tile.get("transform", np.eye(4).ravel()), dtype=np.float64)
    if values.shape != (16,) or not np.isfinite(values).all():
        raise InputError(f"transform has not 16 finite numbers: {tile.get('transform')}")
    matrix = values.reshape(4, 4).T
    if matrix[3].tolist() != [0.0, 0.0, 0.0, 1.0]:
        raise InputError(f"transform's last row is {matrix[3].tolist()}, not 0, 0, 0, 1")
    return matrix


def box_axes(tile: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
    """Return a tile's box: (3,) centre and (3, 3) half axes, a row each, in its own frame."""
    values = np.array(tile.get("boundingVolume", {}).get("box", ()), dtype=np.float64)
    if values.shape != (12,) or not np.isfinite(values).all():
        raise InputError(f"bounding volume is no box of 12 finite numbers: {values.tolist()}")
    return values[:3], values[3:].reshape(3, 3)


def box_corners(tile: dict[str, Any]) -> FloatArray:
    """Return the (8, 3) corners of a tile's box in its own frame."""
    centre, axes = box_axes(tile)
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    corners: FloatArray = centre + signs @ axes
    return corners


@dataclass(slots=True, eq=False)
class Glb:
    """A binary glTF."""

    document: dict[str, Any]
    binary: bytes
    _decoded: dict[int, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Glb":
        """Read a file; raises InputError where it is no complete binary glTF 2.0."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: can't be read: {error.strerror}") from error
        try:
            return cls(*_chunks(data))
        except (struct.error, ValueError) as error:
            raise InputError(f"{path}: no valid GLB: {error}") from error

    def view(self, number: int) -> bytes:
        """Return the bytes of a buffer view, decompressed."""
        if number not in self._decoded:
            view = self._entry("bufferViews", number)
            packed = view.get("extensions", {}).get(MESHOPT)
            self._decoded[number] = self._slice(view) if packed is None else self._unpacked(packed)
        return self._decoded[number]

    def accessor(self, number: int) -> npt.NDArray[Any]:
        """Return the (N, width) elements of an accessor."""
        accessor = self._entry("accessors", number)
        dtype, width = DTYPES[accessor["componentType"]], WIDTHS[accessor["type"]]
        view = self._entry("bufferViews", accessor["bufferView"])
        data = self.view(accessor["bufferView"])
        element = dtype.itemsize * width
        stride = view.get("byteStride", element)
        offset, count = accessor.get("byteOffset", 0), accessor["count"]
        if offset % dtype.itemsize or stride % dtype.itemsize:
            raise InputError(f"accessor {number} is not aligned to {dtype.itemsize} bytes")
        if offset + (count - 1) * stride + element > len(data):
            raise InputError(f"accessor {number} reaches beyond its buffer view")
        return np.ndarray((count, width), dtype, data, offset, (stride, dtype.itemsize))

    def _entry(self, kind: str, number: int) -> dict[str, Any]:
        entries = self.document.get(kind, [])
        if not 0 <= number < len(entries):
            raise InputError(f"{kind} has no entry {number}")
        entry: dict[str, Any] = entries[number]
        return entry

    def _slice(self, view: dict[str, Any]) -> bytes:
        start, length = view.get("byteOffset", 0), view["byteLength"]
        if view.get("buffer") != 0 or start < 0 or start + length > len(self.binary):
            raise InputError(f"a buffer view of {length} bytes reaches beyond the buffer")
        return self.binary[start : start + length]

    def _unpacked(self, packed: dict[str, Any]) -> bytes:
        encoded = np.frombuffer(self._slice(packed), np.uint8)
        if packed["mode"] == TRIANGLES:
            return _triangles(encoded, packed["count"], packed["byteStride"])
        rows = _rows(encoded, packed["count"], packed["byteStride"])
        if packed.get("filter", "NONE") == EXPONENTIAL:
            words = rows.view(np.int32)
            rows = np.ldexp((words << 8 >> 8).astype(np.float32), words >> 24)
        return bytes(rows.tobytes())


def _rows(encoded: npt.NDArray[np.uint8], count: int, stride: int) -> npt.NDArray[Any]:
    # A byte of the stream stands for 64 at most.
    if stride not in range(4, 257, 4) or not 0 <= count * stride <= 64 * len(encoded):
        raise InputError(f"{len(encoded)} bytes of meshopt data can't hold {count} x {stride}")
    rows: npt.NDArray[Any] = meshopt.decode(encoded, count, stride)
    if len(rows) < count:
        raise InputError(_DAMAGED)
    return rows


def _triangles(encoded: npt.NDArray[np.uint8], count: int, stride: int) -> bytes:
    if stride not in (2, 4) or count % 3 or not 0 <= count <= 3 * len(encoded):
        raise InputError(f"{len(encoded)} bytes of meshopt data can't hold {count} corners")
    corners = meshopt_triangles.decode(encoded, count // 3)
    if len(corners) < count // 3 or (stride == 2 and corners.max(initial=0) > 0xFFFF):
        raise InputError(_DAMAGED)
    return bytes(corners.astype(np.uint16 if stride == 2 else np.uint32).tobytes())


def _chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    magic, version, length = struct.unpack_from("<III", data)
    if (magic, version, length) != (MAGIC, 2, len(data)):
        raise ValueError(f"header says version {version}, {length} bytes; there are {len(data)}")
    size, kind = struct.unpack_from("<II", data, 12)
    if kind != JSON_CHUNK or size % 4 or 20 + size > length:
        raise ValueError("the first chunk is no complete JSON chunk")
    document = json.loads(data[20 : 20 + size])
    if 20 + size == length:
        return document, b""
    binary_size, binary_kind = struct.unpack_from("<II", data, 20 + size)
    if binary_kind != BINARY_CHUNK or 28 + size + binary_size != length:
        raise ValueError("the second chunk is no complete binary chunk")
    return document, data[28 + size :]
