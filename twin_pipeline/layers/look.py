"""Which kind of service an address is, and what is known of it."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from twin_pipeline.errors import UsageError
from twin_pipeline.layers.map_tiles import map_tiles
from twin_pipeline.layers.service import Service, origin_of
from twin_pipeline.layers.tileset_address import tileset
from twin_pipeline.layers.wanted import Context
from twin_pipeline.layers.wms import wms
from twin_pipeline.layers.wmts import wmts

KINDS = ("file", "xyz", "wms", "wmts", "3d-tiles")


def service_kind(address: str, given: str | None) -> str:
    """Return how an address is asked: xyz, wms, wmts, 3d-tiles, or file for what is downloaded.

    Raises
    ------
    UsageError
        When it can't be told.
    """
    origin_of(address.replace("{s}", "a"))
    if given is not None:
        return given
    found = next((kind for kind, is_so in _signs(address) if is_so), None)
    if found is not None:
        return found
    raise UsageError(
        f"{address[:100]}: whether it is a file or which service can't be told; give --kind file, "
        "xyz, wms, wmts or 3d-tiles"
    )


def _signs(address: str) -> Iterator[tuple[str, bool]]:
    """Yield each kind with whether an address looks like it, the surest signs first."""
    path = urlsplit(address).path.lower()
    query = {k.lower(): v.lower() for k, v in parse_qsl(urlsplit(address).query)}
    lower = address.lower()
    yield "wmts", "{tilematrix}" in lower or "{tilecol}" in lower
    yield "wmts", query.get("service") == "wmts"
    yield "xyz", "{x}" in lower and re.search(r"\{-?y\}|\{reversey\}", lower) is not None
    yield "wms", query.get("service") == "wms" or re.search(r"/wms(server)?/?$", path) is not None
    yield "wmts", "wmts" in path
    yield "3d-tiles", path.endswith("tileset.json") or "3dtiles" in path
    yield "file", re.search(r"\.(tiff?|geojson|json|shp|zip|gpkg|csv|czml)$", path) is not None


def look_at(kind: str, context: Context) -> Service:
    """Return what is known of a service, after asking it unless that is not wanted.

    Raises
    ------
    InputError
        When it answers, but with something else.
    UsageError
        When it isn't said which of its layers is meant.
    """
    address = context.source
    look = {"xyz": map_tiles, "wms": wms, "wmts": wmts, "3d-tiles": tileset}[kind]
    return look(address, context)
