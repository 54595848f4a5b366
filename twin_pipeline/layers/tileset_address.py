"""3D Tiles at an address."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from twin_pipeline.errors import InputError
from twin_pipeline.layers.ask import Answer, UnreachableError, ask
from twin_pipeline.layers.place import bounds_of_volume, require_near
from twin_pipeline.layers.service import MOST_DOCUMENT, NOT_ASKED, Service, cors_note, said
from twin_pipeline.layers.wanted import Context


def tileset(address: str, context: Context) -> Service:
    """Return what is known of a tileset.

    Raises
    ------
    InputError
        When it answers, but with something else.
    GeoreferenceError
        When it lies far from every site.
    """
    if not context.wanted.ask:
        return Service("3d-tiles", address, "3D Tiles")
    try:
        answer = ask(address, MOST_DOCUMENT)
    except UnreachableError as error:
        note = NOT_ASKED.format(reason=error)
        return Service("3d-tiles", address, "3D Tiles", notes=(note,))
    content = _json(answer, address)
    asset, root = content.get("asset"), content.get("root")
    version = asset.get("version") if isinstance(asset, dict) else None
    if not isinstance(root, dict) or not isinstance(root.get("boundingVolume"), dict):
        raise InputError(f"{address}: is JSON, but no tileset of 3D Tiles (it has no root)")
    if version not in {"0.0", "1.0", "1.1"}:
        raise InputError(f"{address}: is a tileset of version {version!r}, not 1.0 or 1.1")
    try:
        bounds = bounds_of_volume(root["boundingVolume"], root.get("transform"))
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(f"{address}: its bounding volume makes no sense ({error})") from error
    if bounds is not None:
        require_near(bounds, context.sites, address, force=context.wanted.force)
    notes = [*cors_note(answer, address)]
    others = sorted(set(_foreign(root, address)))
    if others:
        notes.append(
            f"some of its tiles lie on {', '.join(others)}, which the viewer does not ask; "
            "`view --allow-host` lets it"
        )
    return Service("3d-tiles", address, "3D Tiles", bounds=bounds, notes=tuple(notes))


def _foreign(tile: Any, address: str) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    """Yield other origins that a tileset's own tree names."""
    if not isinstance(tile, dict):
        return
    contents = [tile.get("content"), *(tile.get("contents") or [])]
    for content in contents:
        uri = content.get("uri", content.get("url")) if isinstance(content, dict) else None
        if isinstance(uri, str):
            parts = urlsplit(urljoin(address, uri))
            if parts.scheme in ("http", "https") and parts.netloc != urlsplit(address).netloc:
                yield f"{parts.scheme}://{parts.netloc}"
    for child in tile.get("children") or []:
        yield from _foreign(child, address)


def _json(answer: Answer, address: str) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{address}: gives no JSON but {said(answer.body)}") from error
    if not isinstance(content, dict):
        raise InputError(f"{address}: gives JSON, but no tileset of 3D Tiles")
    return content
