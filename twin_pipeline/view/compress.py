"""Packs answers for the way, where the client can unpack them and it is worth it."""

import gzip
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import brotli

_TYPES = ("text/", "application/json", "application/geo+json", "application/xml", "image/svg+xml")
_LEAST_BYTES = 1_000
_MOST_BYTES = 64 << 20
_KEPT_BYTES = 64 << 20
_GZIP_LEVEL = 5
_BROTLI_QUALITY = 5

Key = tuple[Path, str, str]


def chosen_encoding(accepted: str | None, media_type: str, size: int) -> str | None:
    """Return `br`, `gzip`, or None for the bytes as they are.

    Parameters
    ----------
    accepted
        Value of the Accept-Encoding header (RFC 9110, 12.5.3).
    media_type
        Of the file; tiles and images are packed already.
    size
        In bytes.
    """
    if not media_type.startswith(_TYPES) or not _LEAST_BYTES <= size <= _MOST_BYTES:
        return None
    weights = dict(_weight(part) for part in (accepted or "").lower().split(","))
    offered = {name: weights.get(name, weights.get("*", 0.0)) for name in ("br", "gzip")}
    # Of equal weight the first, which packs better.
    best = max(offered, key=offered.__getitem__)
    return best if offered[best] > 0.0 else None


def _weight(part: str) -> tuple[str, float]:
    name, _, parameters = part.strip().partition(";")
    _, _, value = parameters.partition("q=")
    try:
        weight = float(value) if value else 1.0
    except ValueError:
        weight = 0.0
    return name.strip(), weight if 0.0 <= weight <= 1.0 else 0.0


def pack(content: bytes, encoding: str) -> bytes:
    """Return the content as `br` or `gzip`."""
    if encoding == "br":
        packed: bytes = brotli.compress(content, quality=_BROTLI_QUALITY)
        return packed
    return gzip.compress(content, _GZIP_LEVEL, mtime=0)


@dataclass(slots=True)
class PackedFiles:
    """Packed contents that have been asked for lately; at most 64 MB."""

    _kept: OrderedDict[Key, bytes] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _bytes: int = 0

    def get(self, path: Path, etag: str, encoding: str) -> bytes:
        """Return the file's packed content, from memory where its version is there."""
        key = (path, etag, encoding)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        packed = pack(path.read_bytes(), encoding)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = packed
                self._bytes += len(packed)
            while self._bytes > _KEPT_BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= len(dropped)
        return packed
