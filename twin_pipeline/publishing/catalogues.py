"""Terria's and Re:Earth's catalogues with the addresses that things have in the publication."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin_pipeline.export.catalog import PLAIN, TOKYO, write_catalogs
from twin_pipeline.export.catalog_members import ALL_PIPES, CatalogOptions, site_url
from twin_pipeline.export.reearth import write_reearth
from twin_pipeline.export.withheld import Withheld
from twin_pipeline.layers.catalogues import show_layers
from twin_pipeline.layers.record import Layer
from twin_pipeline.publishing.pieces import Piece
from twin_pipeline.publishing.reduce import reduce_members
from twin_pipeline.publishing.site import ReadySite

REEARTH = "reearth.json"


def catalogues(
    sites: Sequence[ReadySite],
    pieces: Mapping[tuple[str, str], Piece],
    base_url: str,
    cover_limits_m: Sequence[float],
    withheld: Withheld,
    layers: Sequence[Layer],
    folder: Path,
) -> dict[str, bytes]:
    """Return catalog.json, catalog.tokyo.json and reearth.json with absolute addresses.

    Parts of the catalogues of many sites come before what leads to them.

    Parameters
    ----------
    sites
        What is published.
    pieces
        By kind (a layer of tiles, `all` or `view`) and site.
    base_url
        The publication's address; ends with a slash.
    cover_limits_m
        Covers at which colours change.
    withheld
        What is kept back.
    layers
        Layers of others, with absolute addresses.
    folder
        An empty one to work in.
    """
    results = [site.result for site in sites]
    written = write_catalogs(results, folder, CatalogOptions(cover_limits_m))
    names = [path.relative_to(folder).as_posix() for path in written]
    write_reearth(results, folder / REEARTH)
    show_layers(layers, folder)
    parts = {name: base_url + name for name in names if name not in (PLAIN, TOKYO)}
    places = _places(sites, pieces, base_url) | parts
    made = {}
    for name in names:
        document = _moved(_read(folder / name), places)
        document["catalog"] = reduce_members(document["catalog"], withheld)
        if "workbench" in document:
            kept = set(_ids(document["catalog"]))
            document["workbench"] = [each for each in document["workbench"] if each in kept]
        made[name] = _written(document)
    made[REEARTH] = _written(_moved(_read(folder / REEARTH), places))
    return made


def _places(
    sites: Sequence[ReadySite], pieces: Mapping[tuple[str, str], Piece], base_url: str
) -> dict[str, str | None]:
    """Return the published address by that in an output folder; None for what is kept back."""
    places: dict[str, str | None] = {
        "pipes.geojson": base_url + pieces["all", ""].path("pipes.geojson")
    }
    view = pieces["view", ""]
    for root in ("tiles/tileset.json", ALL_PIPES):
        places[root] = base_url + view.path(root) if root in view.files else None
    for site in sites:
        for layer in ("points", "pipes", "uncertainty"):
            own = f"{layer}/{site.name}/tileset.json"
            piece = pieces.get((layer, site.name))
            there = None if piece is None else base_url + piece.path(own)
            places[site_url(layer, site.name)] = there
    return places


def _moved(value: Any, places: Mapping[str, str | None]) -> Any:  # noqa: ANN401 - any JSON
    """Return a document with published addresses, and without what has none."""
    if isinstance(value, list):
        return [_moved(each, places) for each in value if not _is_gone(each, places)]
    if isinstance(value, dict):
        return {
            key: places.get(each, each)
            if key == "url" and isinstance(each, str)
            else _moved(each, places)
            for key, each in value.items()
        }
    return value


def _is_gone(value: Any, places: Mapping[str, str | None]) -> bool:  # noqa: ANN401 - any JSON
    if not isinstance(value, dict):
        return False
    data = value.get("data")
    own = value.get("url", data.get("url") if isinstance(data, dict) else None)
    return isinstance(own, str) and own in places and places[own] is None


def _ids(members: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        each for member in members for each in (str(member["id"]), *_ids(member.get("members", ())))
    ]


def _read(path: Path) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(path.read_text(encoding="utf-8"))


def _written(document: Any) -> bytes:  # noqa: ANN401 - any JSON
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()
