"""Checks one tile's content in the format of 3D Tiles 1.0."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin_pipeline.tiles.colours import eight_bits_of
from twin_pipeline.tiles.pnts import Pnts, read_pnts
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
    for name, values in tile.properties.items():
        if name not in GRID_WORDS and name != CODES:
            content.ranges[name] = (values.min().item(), values.max().item())
    if proof is None:
        return content
    columns = columns_of_pnts(tile, proof)
    inexact = not proof.colour_code.exact_in_vertices
    if tile.rgb is not None and inexact and not np.array_equal(tile.rgb, eight_bits_of(columns)):
        content.problems.append("RGB is not that of the scan's colours")
    if not require_carried(content, columns, proof):
        return content
    ijk = grid_of_pnts(tile, proof)
    content.digest = proof.digest_of(ijk, columns)
    require_in_place(content, ijk, proof, exact=GRID_WORDS[0] not in tile.properties)
    return content


def grid_of_pnts(tile: Pnts, proof: Proof) -> npt.NDArray[np.int64]:
    """Return the (N, 3) grid coordinates of a tile's points."""
    if GRID_WORDS[0] in tile.properties:
        low, high = (tile.properties[name].astype(np.int64) for name in GRID_WORDS)
        return tile.zero + (high << 16 | low)
    return tile.zero + np.rint(tile.positions / np.float64(proof.grid_unit_m)).astype(np.int64)


def columns_of_pnts(tile: Pnts, proof: Proof) -> Columns:
    """Return (N,) arrays by LAS name of a tile's points."""
    columns: Columns = {}
    for name, values in tile.properties.items():
        if name == CODES:
            columns |= {colour: values[:, n] for n, colour in enumerate(COLOURS)}
        elif name not in GRID_WORDS:
            columns[name] = values[:, 0]
    if tile.rgb is not None and proof.colour_code.exact_in_vertices:
        step = np.uint16(proof.colour_code.value)
        columns |= {name: tile.rgb[:, n] * step for n, name in enumerate(COLOURS)}
    return columns
