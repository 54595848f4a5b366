"""Which other hosts the layers of an output folder need: who adds one wants it to load."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

OWN = "twin-pipeline/"
"""Begins the ids of what the program itself writes into the catalogue."""
_SUBDOMAINS = ("a", "b", "c")
"""What `{s}` in an address stands for where a catalogue does not say."""
_FILES = ("layers/layers.json", "catalog.json")


def layers_version(out: Path) -> tuple[tuple[int, int] | None, ...]:
    """Return what changes when the layers of an output folder change."""
    return tuple(_stamp(out / name) for name in _FILES)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def layer_hosts(out: Path) -> tuple[str, ...]:
    """Return scheme, host and port of each address that layers need, in order, each once.

    They are those of the layers that were added with `layers add`, and of what somebody has
    written into catalog.json by hand; each is one host, never a pattern of several.
    """
    index, catalogue = (_read(out / name) for name in _FILES)
    return tuple(dict.fromkeys([*_of_index(index), *_origins(catalogue.get("catalog"))]))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _of_index(index: dict[str, Any]) -> Iterator[str]:
    layers = index.get("layers")
    for layer in layers if isinstance(layers, list) else ():
        origins = layer.get("origins") if isinstance(layer, dict) else None
        for origin in origins if isinstance(origins, list) else ():
            found = _origin(origin) if isinstance(origin, str) else None
            if found is not None:
                yield found


def _origins(members: Any) -> Iterator[str]:  # noqa: ANN401 - whatever somebody wrote there
    for member in members if isinstance(members, list) else ():
        if not isinstance(member, dict):
            continue
        url = member.get("url")
        if str(member.get("id", "")).startswith(OWN):
            continue
        yield from _origins(member.get("members"))
        if isinstance(url, str):
            found = (_origin(url.replace("{s}", name)) for name in _subdomains(member, url))
            yield from (origin for origin in found if origin is not None)


def _subdomains(member: dict[str, Any], url: str) -> tuple[str, ...]:
    if "{s}" not in url:
        return ("",)
    given = member.get("subdomains")
    named = (
        tuple(name for name in given if isinstance(name, str)) if isinstance(given, list) else ()
    )
    return named or _SUBDOMAINS


def _origin(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        return None
    if ":" in host:
        # Policies know no addresses of IPv6.
        return None
    safe = all(part.replace("-", "").isalnum() and part.isascii() for part in host.split("."))
    return f"{parts.scheme}://{host}{port}" if safe else None
