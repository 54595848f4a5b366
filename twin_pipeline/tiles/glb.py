"""Binary glTF 2.0: a JSON document and its buffer."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import meshopt as codec

Bounds = tuple[npt.NDArray[Any], npt.NDArray[Any]]
"""(W,) the least and (W,) the greatest."""

MAGIC = 0x46546C67
JSON_CHUNK = 0x4E4F534A
BINARY_CHUNK = 0x004E4942
ARRAY_BUFFER = 34962
ELEMENT_ARRAY_BUFFER = 34963
MESHOPT = "EXT_meshopt_compression"

COMPONENT_TYPES: dict[np.dtype[Any], int] = {
    np.dtype(np.uint8): 5121,
    np.dtype(np.uint16): 5123,
    np.dtype(np.uint32): 5125,
    np.dtype(np.float32): 5126,
}
_MOST_SHORT = 65535
"""Indices of 16 bits are less: this one restarts a primitive."""
_FALLBACK = {"fallback": True}
VECTOR_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}


class GlbBuilder:
    """Collects vertex data and tables, and writes them as one .glb."""

    def __init__(self, *, meshopt: bool = False) -> None:
        """Compress vertex attributes with EXT_meshopt_compression if `meshopt`."""
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
    ) -> int:
        """Add a vertex attribute, (N, 1 ... 4), and return its accessor's number.

        Elements are padded to four bytes, as glTF asks of vertex attributes; where the values are
        so already, `width` says how many of a row's numbers count. `bounds` are those of each
        number, where the accessor shall state them.
        """
        padded = _padded(values)
        view = self._vertex_view(padded)
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
        accessor = {
            "bufferView": view,
            "componentType": COMPONENT_TYPES[values.dtype],
            "count": len(values),
            "type": "SCALAR",
        }
        self._accessors.append(accessor)
        return len(self._accessors) - 1

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

    def _vertex_view(self, padded: npt.NDArray[Any]) -> int:
        stride = padded.shape[1] * padded.itemsize
        layout = {"byteStride": stride, "target": ARRAY_BUFFER}
        if not self._meshopt:
            return self._view(padded.tobytes(), layout)
        encoded = codec.encode(padded.view(np.uint8)).data
        self._align()
        source = {
            "buffer": 0,
            "byteOffset": self._length,
            "byteLength": len(encoded),
            "byteStride": stride,
            "count": len(padded),
            "mode": "ATTRIBUTES",
        }
        self._add(encoded)
        view = {"buffer": 1, "byteOffset": self._fallback_bytes, "byteLength": padded.nbytes}
        self._views.append(view | layout | {"extensions": {MESHOPT: source}})
        self._fallback_bytes += padded.nbytes + -padded.nbytes % 8
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
