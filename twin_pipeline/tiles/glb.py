"""Binary glTF 2.0: a JSON document and its buffer."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import meshopt, meshopt_triangles

Bounds = tuple[npt.NDArray[Any], npt.NDArray[Any]]
"""(W,) the least and (W,) the greatest."""

MAGIC = 0x46546C67
JSON_CHUNK = 0x4E4F534A
BINARY_CHUNK = 0x004E4942
ARRAY_BUFFER = 34962
ELEMENT_ARRAY_BUFFER = 34963
MESHOPT = "EXT_meshopt_compression"
QUANTIZED = "KHR_mesh_quantization"

COMPONENT_TYPES: dict[np.dtype[Any], int] = {
    np.dtype(np.int8): 5120,
    np.dtype(np.uint8): 5121,
    np.dtype(np.uint16): 5123,
    np.dtype(np.uint32): 5125,
    np.dtype(np.float32): 5126,
}
_MOST_SHORT = 65535
"""Indices of 16 bits are less: this one restarts a primitive."""
_FALLBACK = {"fallback": True}
ATTRIBUTES, TRIANGLES, EXPONENTIAL = "ATTRIBUTES", "TRIANGLES", "EXPONENTIAL"
"""Modes of the packing, and a filter that it may have."""
VECTOR_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}


class GlbBuilder:
    """Collects vertex data and tables, and writes them as one .glb."""

    def __init__(self, *, meshopt: bool = False) -> None:
        """Compress vertices and triangles with EXT_meshopt_compression if `meshopt`."""
        self._meshopt = meshopt
        self._parts: list[bytes | memoryview] = []
        self._length = 0
        self._fallback_bytes = 0
        self._views: list[dict[str, Any]] = []
        self._accessors: list[dict[str, Any]] = []

    def attribute(
        self,
        values: npt.NDArray[Any],
        *,
        width: int | None = None,
        normalized: bool = False,
        bounds: Bounds | None = None,
        exponent: int | None = None,
    ) -> int:
        """Add a vertex attribute, (N, 1 ... 4), and return its accessor's number.

        Elements are padded to four bytes, as glTF asks of vertex attributes; where the values are
        so already, `width` says how many of a row's numbers count. `bounds` are those of each
        number, where the accessor shall state them. 32-bit floats that are multiples of two to the
        power of `exponent`, less than 2^23 of it, are packed as such.
        """
        padded = _padded(values)
        view = self._vertex_view(padded, exponent)
        width = width or values.shape[1]
        accessor: dict[str, Any] = {
            "bufferView": view,
            "componentType": COMPONENT_TYPES[values.dtype],
            "count": len(values),
            "type": VECTOR_TYPES[width],
        }
        if normalized:
            accessor["normalized"] = True
        if bounds is not None:
            accessor["min"], accessor["max"] = bounds[0].tolist(), bounds[1].tolist()
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def indices(self, values: npt.NDArray[np.uint32] | npt.NDArray[np.uint16]) -> int:
        """Add corners of triangles or lines, (M,), and return the accessor's number."""
        if values.max() < _MOST_SHORT:
            values = values.astype(np.uint16)
        view = self._view(values.tobytes(), {"target": ELEMENT_ARRAY_BUFFER})
        return self._indices_accessor(view, values)

    def triangles(self, corners: npt.NDArray[np.uint32]) -> int:
        """Add triangles, (T, 3), and return their accessor's number.

        Packed, a triangle may begin with another of its corners.
        """
        if not self._meshopt:
            return self.indices(corners.ravel())
        values = corners.ravel()
        if values.max() < _MOST_SHORT:
            values = values.astype(np.uint16)
        encoded = meshopt_triangles.encode(corners).data
        about = {"byteStride": values.itemsize, "count": len(values), "mode": TRIANGLES}
        view = self._packed_view(encoded, about, values.nbytes, {"target": ELEMENT_ARRAY_BUFFER})
        return self._indices_accessor(view, values)

    def table(self, data: bytes) -> int:
        """Add a column of a property table and return its buffer view's number."""
        return self._view(data, {})

    def to_bytes(self, document: Mapping[str, Any]) -> bytes:
        """Return the file; `document` holds everything but buffers, views and accessors."""
        self._align()
        complete = dict(document)
        complete["buffers"] = [{"byteLength": self._length}]
        complete["bufferViews"] = self._views
        complete["accessors"] = self._accessors
        if self._meshopt:
            fallback = {"byteLength": self._fallback_bytes, "extensions": {MESHOPT: _FALLBACK}}
            complete["buffers"].append(fallback)
            _require(complete, MESHOPT)
        text = json.dumps(complete, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)
        header = struct.pack("<III", MAGIC, 2, 28 + len(text) + self._length)
        return b"".join(
            (
                header,
                struct.pack("<II", len(text), JSON_CHUNK),
                text,
                struct.pack("<II", self._length, BINARY_CHUNK),
                *self._parts,
            )
        )

    def _indices_accessor(self, view: int, values: npt.NDArray[Any]) -> int:
        accessor = {
            "bufferView": view,
            "componentType": COMPONENT_TYPES[values.dtype],
            "count": len(values),
            "type": "SCALAR",
        }
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def _vertex_view(self, padded: npt.NDArray[Any], exponent: int | None) -> int:
        stride = padded.shape[1] * padded.itemsize
        layout = {"byteStride": stride, "target": ARRAY_BUFFER}
        if not self._meshopt:
            return self._view(padded.tobytes(), layout)
        about = {"byteStride": stride, "count": len(padded), "mode": ATTRIBUTES}
        words = padded
        if exponent is not None:
            about["filter"] = EXPONENTIAL
            words = _as_multiples(padded, exponent)
        encoded = meshopt.encode(words.view(np.uint8)).data
        return self._packed_view(encoded, about, padded.nbytes, layout)

    def _packed_view(
        self, encoded: memoryview, about: dict[str, Any], size: int, layout: dict[str, Any]
    ) -> int:
        """Add a packed buffer view that has `size` bytes once it is unpacked."""
        self._align()
        source = {"buffer": 0, "byteOffset": self._length, "byteLength": len(encoded), **about}
        self._add(encoded)
        view = {"buffer": 1, "byteOffset": self._fallback_bytes, "byteLength": size}
        self._views.append(view | layout | {"extensions": {MESHOPT: source}})
        self._fallback_bytes += size + -size % 8
        return len(self._views) - 1

    def _view(self, data: bytes, layout: dict[str, Any]) -> int:
        self._align()
        place = {"buffer": 0, "byteOffset": self._length, "byteLength": len(data)}
        self._views.append(place | layout)
        self._add(data)
        return len(self._views) - 1

    def _align(self) -> None:
        self._add(bytes(-self._length % 8))

    def _add(self, data: bytes | memoryview) -> None:
        self._parts.append(data)
        self._length += len(data)


def _as_multiples(values: npt.NDArray[np.float32], exponent: int) -> npt.NDArray[np.int32]:
    """Return whole multiples of 2^exponent, 24 bits below 8 bits of exponent."""
    multiples = np.ldexp(values, -exponent).astype(np.int32)
    return multiples & 0xFFFFFF | np.int32(exponent << 24)


def _padded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the rows, contiguous, widened with zeros to a multiple of four bytes."""
    width = values.shape[1]
    if width * values.itemsize % 4 == 0 and values.flags.c_contiguous:
        return values
    while width * values.itemsize % 4:
        width += 1
    padded = np.zeros((len(values), width), dtype=values.dtype)
    padded[:, : values.shape[1]] = values
    return padded


def _require(document: dict[str, Any], extension: str) -> None:
    for key in ("extensionsUsed", "extensionsRequired"):
        document[key] = [*document.get(key, []), extension]
