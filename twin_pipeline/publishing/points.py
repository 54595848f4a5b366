"""Point tiles of a part of a site's points."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import shapely

from twin_pipeline.model import BoolArray, LabelArray, PointChunk
from twin_pipeline.publishing.policy import Policy
from twin_pipeline.tiles import write_point_tiles
from twin_pipeline.tiles.georeference import Georeference
from twin_pipeline.tiles.options import TilesOptions
from twin_pipeline.tiles.pointset import COLOURS
from twin_pipeline.tiles.recover import RecoveredOptions, TilePoints, proof_of, recovered_points


def write_part(
    tileset: Path,
    out: Path,
    *,
    trench: shapely.Geometry | None,
    labels: LabelArray | None,
    policy: Policy,
    georeference: Georeference,
    options: TilesOptions,
    tell: Callable[[str, int], None],
) -> bool:
    """Make tiles of those points of a tileset that may be published.

    Parameters
    ----------
    tileset
        A site's tileset.json.
    out
        Folder for the new tiles.
    trench
        Area that points must be in, scan frame; None for all points.
    labels
        New label of each old one; None where they stay.
    policy
        Which levels and attributes are dropped.
    georeference
        Where the scan lies.
    options
        How the tiles were made, and will be.
    tell
        Told how far it is.

    Returns
    -------
    bool
        Whether any point is left; if not, nothing was written.

    Raises
    ------
    InputError
        When the tiles can't be read, or their points are not those that were tiled.
    """
    proof = proof_of(tileset)
    dropped = _dropped(policy)
    attributes = [name for name in proof.attributes if name not in dropped]
    chunks = _chunks(tileset, trench, labels, policy)
    first = next(chunks, None)
    if first is None:
        return False

    def all_chunks() -> Iterator[PointChunk]:
        yield first
        yield from chunks

    corner = np.array(proof.grid_origin_m)
    write_point_tiles(
        all_chunks(),
        bounds=(corner, corner),
        scale_m=[proof.grid_unit_m] * 3,
        labels=None,
        georeference=georeference,
        out=out,
        options=RecoveredOptions.model_validate(options.model_dump()),
        attributes=attributes,
        progress=tell,
    )
    return True


def _dropped(policy: Policy) -> set[str]:
    """Return the LAS names of the attributes that points lose."""
    named = set(policy.attributes.points)
    return named | set(COLOURS) if "rgb" in named else named


def _chunks(
    tileset: Path,
    trench: shapely.Geometry | None,
    labels: LabelArray | None,
    policy: Policy,
) -> Iterator[PointChunk]:
    start = 0
    for tile in recovered_points(tileset):
        if tile.level in policy.levels.points:
            continue
        kept = None if trench is None else _inside(tile, trench)
        if kept is not None and not kept.any():
            continue
        if labels is not None and "label" in tile.attributes:
            held = tile.attributes["label"]
            # a label of no known pipe is none
            tile.attributes["label"] = labels[np.where(held < len(labels), held, 0)]
        chunk = tile.chunk(kept, start)
        start += len(chunk.xyz)
        yield chunk


def _inside(tile: TilePoints, trench: shapely.Geometry) -> BoolArray:
    inside: BoolArray = shapely.contains_xy(trench, tile.xyz[:, 0], tile.xyz[:, 1])
    return inside
