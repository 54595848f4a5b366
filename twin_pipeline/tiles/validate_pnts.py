"""Checks one tile's content in the format of 3D Tiles 1.0."""

from pathlib import Path

import numpy as np

from twin_pipeline.tiles.colours import eight_bits_of
from twin_pipeline.tiles.pnts import read_pnts
from twin_pipeline.tiles.pointset import COLOURS
from twin_pipeline.tiles.positions import GRID_WORDS
from twin_pipeline.tiles.proof import Proof
from twin_pipeline.tiles.properties import CODES, Columns
from twin_pipeline.tiles.validate_glb import Content, require_carried, require_in_place


def inspect_pnts(path: Path, proof: Proof | None) -> Content:
    """Read a .pnts and check it.

    Raises
    ------
    InputError
        Where it can't be read at all.
    """
    tile = read_pnts(path)
    content = Content(tile.positions.astype(np.float64), len(tile.positions))
    columns: Columns = {}
    for name, values in tile.properties.items():
        if name in GRID_WORDS:
            continue
        if name == CODES:
            columns |= {colour: values[:, n] for n, colour in enumerate(COLOURS)}
            continue
        columns[name] = values[:, 0]
        content.ranges[name] = (values.min().item(), values.max().item())
    if proof is None:
        return content
    if tile.rgb is not None and proof.colour_code.exact_in_vertices:
        step = np.uint16(proof.colour_code.value)
        columns |= {name: tile.rgb[:, n] * step for n, name in enumerate(COLOURS)}
    elif tile.rgb is not None and not np.array_equal(tile.rgb, eight_bits_of(columns)):
        content.problems.append("RGB is not that of the scan's colours")
    if not require_carried(content, columns, proof):
        return content
    floating = GRID_WORDS[0] in tile.properties
    if floating:
        low, high = (tile.properties[name].astype(np.int64) for name in GRID_WORDS)
        ijk = tile.zero + (high << 16 | low)
    else:
        ijk = tile.zero + np.rint(content.xyz / proof.grid_unit_m).astype(np.int64)
    content.digest = proof.digest_of(ijk, columns)
    require_in_place(content, ijk, proof, exact=not floating)
    return content
