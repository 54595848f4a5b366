"""A checksum of each content, beside its address in the tileset."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEY = "crc32"
"""Where it stands in the extras of a tile's content."""


def content_entry(uri: str, crc32: int) -> dict[str, Any]:
    """Return a tile's content."""
    return {"uri": uri, "extras": {KEY: crc32}}


def is_changed(content: Mapping[str, Any], place: Path) -> bool:
    """Whether the bytes of a content that says its checksum are others than those written."""
    stated = content.get("extras", {}).get(KEY)
    return stated is not None and place.is_file() and zlib.crc32(place.read_bytes()) != stated
