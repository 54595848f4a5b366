"""One tile of points in the format of 3D Tiles 1.0, `.pnts`, for older viewers; z is up."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import InputError
from twin_pipeline.tiles.positions import GRID

MAGIC, HEAD = b"pnts", struct.Struct("<4s6I")

COMPONENTS: dict[np.dtype[Any], str] = {
    np.dtype(np.uint8): "UNSIGNED_BYTE",
    np.dtype(np.uint16): "UNSIGNED_SHORT",
    np.dtype(np.float64): "DOUBLE",
}
_DTYPES = {name: dtype for dtype, name in COMPONENTS.items()}
_WIDTHS = {1: "SCALAR", 3: "VEC3"}


@dataclass(frozen=True, slots=True, eq=False)
class Pnts:
    """What a file holds."""

    positions: npt.NDArray[np.float32]
    """(N, 3) metres in the tile's frame. Not quantized: py3dtiles can't read that."""
    zero: npt.NDArray[np.int64]
    """(3,) grid coordinates of position zero, or from which the grid's words count."""
    rgb: npt.NDArray[np.uint8] | None
    """(N, 3) sRGB."""
    properties: Mapping[str, npt.NDArray[Any]]
    """By name, (N, 1) or (N, 3) of a type in `COMPONENTS`."""


def pnts_bytes(tile: Pnts) -> bytes:
    """Return the file."""
    features: dict[str, Any] = {"POINTS_LENGTH": len(tile.positions)}
    arrays: dict[str, npt.NDArray[Any]] = {"POSITION": tile.positions}
    if tile.rgb is not None:
        arrays["RGB"] = tile.rgb
    features["extras"] = {GRID: tile.zero.tolist()}
    feature_body, places = _body(arrays)
    features |= {name: {"byteOffset": place} for name, place in places.items()}
    batch_body, places = _body(tile.properties)
    batch = {
        name: {
            "byteOffset": places[name],
            "componentType": COMPONENTS[values.dtype],
            "type": _WIDTHS[values.shape[1]],
        }
        for name, values in tile.properties.items()
    }
    parts = [_json(features, HEAD.size), feature_body, _json(batch, 0), batch_body]
    total = HEAD.size + sum(map(len, parts))
    return HEAD.pack(MAGIC, 1, total, *map(len, parts)) + b"".join(parts)


def read_pnts(path: Path) -> Pnts:
    """Read a file; raises InputError where it is none, or not complete."""
    try:
        data = path.read_bytes()
        parts = _parts(data)
        features = json.loads(parts[0])
        batch = json.loads(parts[2]) if parts[2].strip() else {}
        return _read(features, parts[1], batch, parts[3])
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from error
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no valid pnts: {error!r}") from error


def _parts(data: bytes) -> list[bytes]:
    magic, version, total, *sizes = HEAD.unpack_from(data)
    if (magic, version, total) != (MAGIC, 1, len(data)) or HEAD.size + sum(sizes) != total:
        raise ValueError(f"header says {magic!r} {version}, {total} bytes; it has {len(data)}")
    ends = np.cumsum([HEAD.size, *sizes]).tolist()
    return [data[a:b] for a, b in pairwise(ends)]


def _read(features: dict[str, Any], body: bytes, batch: dict[str, Any], batch_body: bytes) -> Pnts:
    count = features["POINTS_LENGTH"]
    rgb = None
    if "RGB" in features:
        rgb = _array(body, features["RGB"]["byteOffset"], count, 3, np.dtype(np.uint8))
    widths = {kind: width for width, kind in _WIDTHS.items()}
    properties = {
        key: _array(
            batch_body, at["byteOffset"], count, widths[at["type"]], _DTYPES[at["componentType"]]
        )
        for key, at in batch.items()
    }
    return Pnts(
        _array(body, features["POSITION"]["byteOffset"], count, 3, np.dtype(np.float32)),
        np.array(features["extras"][GRID], np.int64),
        rgb,
        properties,
    )


def _array(
    body: bytes, offset: int, count: int, width: int, dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    return np.frombuffer(body, dtype, count * width, offset).reshape(count, width)


def _body(arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[bytes, dict[str, int]]:
    """Return arrays one after the other, each aligned to eight bytes, and where they begin."""
    body, places = bytearray(), {}
    for name, values in arrays.items():
        places[name] = len(body)
        body += np.ascontiguousarray(values).tobytes()
        body += bytes(-len(body) % 8)
    return bytes(body), places


def _json(content: Mapping[str, Any], before: int) -> bytes:
    """Return JSON that ends at a multiple of eight bytes, with `before` bytes before it."""
    if not content:
        return b""
    text = json.dumps(content, separators=(",", ":")).encode()
    return text + b" " * (-(before + len(text)) % 8)
