"""The tileset above all sites."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from twin_pipeline.errors import OutputError
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.georeference import apply, right_angled
from twin_pipeline.tiles.metadata import LAYER_CLASS
from twin_pipeline.tiles.reader import box_axes, box_corners, read_json, tile_matrix
from twin_pipeline.tiles.tileset import beyond, box_volume, document, write_json

LAYERS = ("points", "pipes", "uncertainty")

PIPES = "pipes.json"
"""Beside the root, above the pipes of all sites alone: a style for pipes would colour points."""

IN_A_GROUP = 32
"""Most tilesets of sites side by side; more become groups, by where they lie."""

FLAT = 96
"""Up to so many tilesets of sites the root names all of them itself."""


@dataclass(frozen=True, slots=True, eq=False)
class _Child:
    tile: dict[str, Any]
    corners: FloatArray
    """(8, 3) earth-centred metres."""
    version: str
    layer: str = ""
    """Of which it is a tileset; none where it stands above several."""

    @property
    def error_m(self) -> float:
        return float(self.tile["geometricError"])


def write_root(tiles: Path, sites: Sequence[str]) -> None:
    """Write `tiles`/tileset.json above points/SITE, pipes/SITE and uncertainty/SITE of all sites.

    The contents' groups tell the layers apart. A site may lack some of them. Where there are many
    sites, the root leads to group-N.json, each of some sites that lie near each other. Of several
    sites pipes.json has the pipes alone.

    Parameters
    ----------
    tiles
        Folder that holds the layers.
    sites
        Names of the sites, in the order in which they shall stand.

    Raises
    ------
    OutputError
        Where there are no sites, or one of them has no tiles.
    """
    children = [child for site in sites for child in _children(tiles, site)]
    if not children:
        raise OutputError(f"{tiles}: there are no sites to show")
    _Writer(tiles, "group", children).above("tileset.json")
    pipes = [child for child in children if child.layer == "pipes"]
    if len(sites) > 1 and pipes:
        _Writer(tiles, "pipes", pipes).above(PIPES)
    else:
        (tiles / PIPES).unlink(missing_ok=True)


class _Writer:
    """Writes a tileset above others, and its groups."""

    def __init__(self, tiles: Path, groups: str, children: Sequence[_Child]) -> None:
        """Take the children; `groups` begins the names of groups."""
        self._tiles = tiles
        self._name = groups
        self._children = children
        # 3D Tiles 1.0 know no groups of contents.
        self._old = {child.version for child in children} == {"1.0"}
        self._groups = 0

    def above(self, name: str) -> None:
        """Write the tileset above all children."""
        children = self._children
        root = self.node(children) if len(children) <= FLAT else self.grouped(children)
        corners = np.concatenate([child.corners for child in children])
        error = max(beyond((corners.min(axis=0), corners.max(axis=0))), 2 * root.error_m)
        self.write(name, {**root.tile, "geometricError": error, "refine": "ADD"}, error)

    def node(self, children: Sequence[_Child]) -> _Child:
        """Return a tile without content above some others."""
        corners = np.concatenate([child.corners for child in children])
        box = (corners.min(axis=0), corners.max(axis=0))
        tile = {
            "boundingVolume": box_volume(box),
            "geometricError": round(1.01 * max(child.error_m for child in children) + 0.001, 3),
            "children": [self._named(child.tile) for child in children],
        }
        return _Child(tile, np.stack(box), children[0].version)

    def grouped(self, children: Sequence[_Child]) -> _Child:
        """Return a tile above others that are divided by where they lie."""
        if len(children) <= IN_A_GROUP:
            return self._outside(self.node(children))
        return self.node([self.grouped(part) for part in _eighths(children)])

    def write(self, name: str, root: dict[str, Any], error: float) -> None:
        """Write a tileset."""
        if self._old:
            made = document(root, error, schema_classes={}, version="1.0")
        else:
            made = document(root, error, schema_classes={"layer": LAYER_CLASS})
            made["groups"] = [
                {"class": "layer", "properties": {"layer": layer}} for layer in LAYERS
            ]
        write_json(self._tiles / name, made)

    def _outside(self, group: _Child) -> _Child:
        name = f"{self._name}-{self._groups}.json"
        self._groups += 1
        self.write(name, {**group.tile, "refine": "ADD"}, group.error_m)
        reference = {key: value for key, value in group.tile.items() if key != "children"}
        return _Child({**reference, "content": {"uri": name}}, group.corners, group.version)

    def _named(self, tile: dict[str, Any]) -> dict[str, Any]:
        if self._old and "content" in tile:
            return {**tile, "content": {"uri": tile["content"]["uri"]}}
        return tile


def _eighths(children: Sequence[_Child]) -> list[list[_Child]]:
    """Halve the children three times across their longest side; no part is empty."""
    parts = [list(children)]
    for _ in range(3):
        parts = [half for part in parts for half in _halves(part) if half]
    return parts


def _halves(children: list[_Child]) -> list[list[_Child]]:
    centres = np.array([child.corners.mean(axis=0) for child in children])
    order = np.argsort(centres[:, np.argmax(np.ptp(centres, axis=0))], kind="stable").tolist()
    # The order in which the sites were given is kept within a half.
    halves = sorted(order[: len(order) // 2]), sorted(order[len(order) // 2 :])
    return [[children[n] for n in half] for half in halves]


def _children(tiles: Path, site: str) -> Iterator[_Child]:
    paths = {layer: tiles / layer / site / "tileset.json" for layer in LAYERS}
    present = {layer: path for layer, path in paths.items() if path.exists()}
    if not present:
        raise OutputError(f"{tiles}: site {site!r} has neither points nor pipes: tile it first")
    for layer, path in present.items():
        yield _reference(read_json(path), layer, site)


def _rectangular(axes: FloatArray) -> FloatArray:
    """Return the half axes (3, 3), a row each, of a rectangular box around a skewed one."""
    turned = right_angled(axes)
    return turned * np.abs(axes @ turned.T).sum(axis=0)[:, None]


def _reference(tileset: dict[str, Any], layer: str, site: str) -> _Child:
    """Return a tile that stands for another tileset."""
    matrix = tile_matrix(tileset["root"])
    centre, axes = box_axes(tileset["root"])
    there = apply(matrix, centre[None])[0], _rectangular(axes @ matrix[:3, :3].T)
    tile = {
        "boundingVolume": {"box": [value for part in there for value in part.ravel().tolist()]},
        "geometricError": tileset["geometricError"],
        "content": {
            "uri": quote(f"{layer}/{site}/tileset.json"),
            "group": LAYERS.index(layer),
        },
    }
    corners = apply(matrix, box_corners(tileset["root"]))
    return _Child(tile, corners, tileset["asset"]["version"], layer)
