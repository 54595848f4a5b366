"""The scan's own points out of its tiles, so that tiles can be made of a part of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray, PointChunk
from twin_pipeline.tiles.digest import EMPTY
from twin_pipeline.tiles.options import TilesOptions
from twin_pipeline.tiles.pnts import read_pnts
from twin_pipeline.tiles.pointset import ATTRIBUTE_TYPES
from twin_pipeline.tiles.positions import GRID, grid_of
from twin_pipeline.tiles.proof import KEY, Proof
from twin_pipeline.tiles.properties import Columns
from twin_pipeline.tiles.reader import Glb, read_json
from twin_pipeline.tiles.validate import MALFORMED
from twin_pipeline.tiles.validate_glb import property_values
from twin_pipeline.tiles.validate_pnts import columns_of_pnts, grid_of_pnts


class RecoveredOptions(TilesOptions):
    """Options of tiles that carry whatever the tiles carried that they are made from."""

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of all that a point can carry, its label too."""
        return tuple(ATTRIBUTE_TYPES)


@dataclass(frozen=True, slots=True, eq=False)
class TilePoints:
    """The points of one tile."""

    level: int
    """0 is the coarsest."""
    xyz: FloatArray
    """(N, 3) scan frame, metres, on the grid."""
    attributes: Columns
    """(N,) arrays by LAS name, and label."""

    def chunk(self, kept: npt.NDArray[np.bool_] | None, start: int) -> PointChunk:
        """Return the points that are kept, all of them for None, as a scan has them."""
        rows: Any = slice(None) if kept is None else kept
        columns = {name: values[rows] for name, values in self.attributes.items()}
        return PointChunk(start, self.xyz[rows], columns)


def proof_of(tileset: Path) -> Proof:
    """Return how a site's point tileset turns into the scan's numbers.

    Raises
    ------
    InputError
        When it does not say.
    """
    try:
        return Proof.from_json(read_json(tileset)["asset"]["extras"][KEY])
    except MALFORMED as error:
        raise InputError(
            f"{tileset}: doesn't tell how to get the scan's points back; run the scan again"
        ) from error


def recovered_points(tileset: Path) -> Iterator[TilePoints]:
    """Yield all points of a site, a tile at a time.

    Raises
    ------
    InputError
        When a tile can't be read, or, at the end, when the points are not those that were tiled.
    """
    proof = proof_of(tileset)
    count, digest = 0, EMPTY
    for level, path in _contents(tileset, 0):
        try:
            ijk, columns = _read(path, proof)
            digest += proof.digest_of(ijk, columns)
        except MALFORMED as error:
            raise InputError(f"{path}: is not built like a tile ({error!r})") from error
        count += len(ijk)
        typed = {name: values.astype(ATTRIBUTE_TYPES[name]) for name, values in columns.items()}
        xyz = np.array(proof.grid_origin_m) + proof.grid_unit_m * ijk
        yield TilePoints(level, xyz, typed)
    if count != proof.count or digest != proof.digest:
        raise InputError(
            f"{tileset}: its tiles hold {count} points that are not the {proof.count} that were "
            "tiled; `twin-pipeline validate` tells more; run the scan again"
        )


def _contents(tileset: Path, level: int) -> Iterator[tuple[int, Path]]:
    try:
        yield from _below(tileset, read_json(tileset)["root"], level)
    except MALFORMED as error:
        raise InputError(f"{tileset}: is not built like a tileset ({error!r})") from error


def _below(tileset: Path, tile: dict[str, Any], level: int) -> Iterator[tuple[int, Path]]:
    for content in tile.get("contents", [tile["content"]] if "content" in tile else []):
        path = tileset.parent / unquote(content["uri"])
        if path.suffix == ".json":
            yield from _contents(path, level)
        else:
            yield level, path
    for child in tile.get("children", []):
        yield from _below(tileset, child, level + 1)


def _read(path: Path, proof: Proof) -> tuple[npt.NDArray[np.int64], Columns]:
    if path.suffix == ".pnts":
        tile = read_pnts(path)
        return grid_of_pnts(tile, proof), columns_of_pnts(tile, proof)
    glb = Glb.read(path)
    document = glb.document
    node = document["nodes"][document["scenes"][document.get("scene", 0)]["nodes"][0]]
    primitive = document["meshes"][node["mesh"]]["primitives"][0]
    attributes = {name: glb.accessor(n) for name, n in primitive["attributes"].items()}
    properties = property_values(document, primitive, attributes, [])
    zero = np.array(node["extras"][GRID], np.int64)
    return grid_of(attributes, zero), proof.columns(attributes.get("COLOR_0"), properties)
