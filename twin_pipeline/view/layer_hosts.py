"""Which other hosts the layers of a catalogue need: who adds such a layer wants it to load."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

OWN = "twin-pipeline/"
"""Begins the ids of what a run itself writes into the catalogue; the viewer never asks for it."""


def layer_hosts(catalog: Path) -> tuple[str, ...]:
    """Return scheme and host of each absolute address in catalog.json, in order, each once."""
    try:
        content = json.loads(catalog.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    members = content.get("catalog", []) if isinstance(content, dict) else []
    return tuple(dict.fromkeys(_origins(members)))


def _origins(members: Any) -> Iterator[str]:  # noqa: ANN401 - whatever somebody wrote there
    for member in members if isinstance(members, list) else ():
        if not isinstance(member, dict):
            continue
        yield from _origins(member.get("members"))
        url = member.get("url")
        if isinstance(url, str) and not str(member.get("id", "")).startswith(OWN):
            origin = _origin(url)
            if origin is not None:
                yield origin


def _origin(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    # `{s}` stands for one of several servers in addresses of map tiles.
    host = parts.hostname.replace("{s}", "*")
    safe = all(part == "*" or part.replace("-", "").isalnum() for part in host.split("."))
    return f"{parts.scheme}://{host}{port}" if safe else None
