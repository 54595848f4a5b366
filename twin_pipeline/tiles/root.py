"""The tileset above all sites."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from twin_pipeline.errors import OutputError
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.georeference import apply
from twin_pipeline.tiles.metadata import LAYER_CLASS
from twin_pipeline.tiles.reader import box_axes, box_corners, read_json, tile_matrix
from twin_pipeline.tiles.tileset import beyond, box_volume, document, write_json

LAYERS = ("points", "pipes")


def write_root(tiles: Path, sites: Sequence[str]) -> None:
    """Write `tiles`/tileset.json above points/SITE and pipes/SITE of all sites.

    The contents' groups tell points from pipes. A site may have only one of the two.

    Parameters
    ----------
    tiles
        Folder that holds points/ and pipes/.
    sites
        Names of the sites, in the order in which they shall stand.

    Raises
    ------
    OutputError
        Where there are no sites, or one of them has neither.
    """
    children = [child for site in sites for child in _children(tiles, site)]
    if not children:
        raise OutputError(f"{tiles}: there are no sites to show")
    corners = np.concatenate([corners for _, corners in children])
    box = (corners.min(axis=0), corners.max(axis=0))
    error = max(beyond(box), *(2 * child["geometricError"] for child, _ in children))
    root: dict[str, Any] = {
        "boundingVolume": box_volume(box),
        "geometricError": error,
        "refine": "ADD",
        "children": [child for child, _ in children],
    }
    versions = {child.pop("version") for child, _ in children}
    if versions == {"1.0"}:
        for child in root["children"]:
            del child["content"]["group"]
        made = document(root, error, schema_classes={}, version="1.0")
    else:
        made = document(root, error, schema_classes={"layer": LAYER_CLASS})
        made["groups"] = [{"class": "layer", "properties": {"layer": layer}} for layer in LAYERS]
    write_json(tiles / "tileset.json", made)


def _children(tiles: Path, site: str) -> Iterator[tuple[dict[str, Any], FloatArray]]:
    paths = {layer: tiles / layer / site / "tileset.json" for layer in LAYERS}
    present = {layer: path for layer, path in paths.items() if path.exists()}
    if not present:
        raise OutputError(f"{tiles}: site {site!r} has neither points nor pipes: tile it first")
    for layer, path in present.items():
        tileset = read_json(path)
        yield _reference(tileset, layer, site)


def _reference(tileset: dict[str, Any], layer: str, site: str) -> tuple[dict[str, Any], FloatArray]:
    """Return a tile that stands for another tileset, and its corners, earth-centred."""
    matrix = tile_matrix(tileset["root"])
    centre, axes = box_axes(tileset["root"])
    there = [*apply(matrix, centre[None])[0].tolist(), *(axes @ matrix[:3, :3].T).ravel().tolist()]
    child = {
        "boundingVolume": {"box": there},
        "geometricError": tileset["geometricError"],
        "version": tileset["asset"]["version"],
        "content": {
            "uri": quote(f"{layer}/{site}/tileset.json"),
            "group": LAYERS.index(layer),
        },
    }
    return child, apply(matrix, box_corners(tileset["root"]))
