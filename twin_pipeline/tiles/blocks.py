"""The frames that tiles stand in: one a block of at most 65,536 grid units, one for the site."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.georeference import Georeference, apply, flat_frames, inverse, rigid_frame
from twin_pipeline.tiles.grid import BUCKET_SHIFT, Cell, Grid

WIDEST_SHIFT = 16
"""Coordinates inside a block fit 16 bits."""

TOLERANCE_M = 0.0003
"""Largest deviation of a block's frame from the georeference; the earth's curvature over a block
of 65 m makes 0.17 mm."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Places grid coordinates on the earth."""

    grid: Grid
    georeference: Georeference
    shift: int
    """Blocks are `2**shift` grid units wide."""
    frames: Mapping[Cell, FloatArray]
    """(4, 4) a block: metres from the block's centre -> earth-centred metres."""
    site: FloatArray
    """(4, 4) metres from the site's centre -> earth-centred metres."""

    def block_of(self, cell: Cell) -> Cell | None:
        """Return the block that holds a cell; None if the cell is wider than a block."""
        return cell.ancestor(self.shift) if cell.shift <= self.shift else None

    def frame(self, block: Cell | None) -> FloatArray:
        """Return the (4, 4) frame of a block, or the site's for None."""
        return self.site if block is None else self.frames[block]

    def centre(self, block: Cell) -> npt.NDArray[np.int64]:
        """Return the (3,) grid coordinates of a block's centre."""
        return np.array(block.lower(), dtype=np.int64) + (1 << self.shift - 1)

    def in_site(self, ijk: npt.NDArray[np.int32]) -> FloatArray:
        """Return (N, 3) metres in the site's frame, through the georeference itself."""
        ecef = self.georeference.to_ecef(self.grid.to_scan(ijk.astype(np.float64)))
        return apply(inverse(self.site), ecef)


def make_blocks(
    grid: Grid, georeference: Georeference, cells: list[Cell], middle: FloatArray
) -> Blocks:
    """Return blocks for the occupied cells, as wide as the georeference allows.

    Parameters
    ----------
    grid
        The grid of all points.
    georeference
        Where the scan lies.
    cells
        Occupied cells, `2**BUCKET_SHIFT` units wide.
    middle
        (3,) metres, scan frame: the site's centre.

    Raises
    ------
    GeoreferenceError
        Where the scan has no place on the earth, or its coordinates are no metres.
    """
    site = rigid_frame(georeference, middle)
    for shift in range(WIDEST_SHIFT, BUCKET_SHIFT - 1, -1):
        blocks = sorted({cell.ancestor(shift) for cell in cells})
        corners = np.array([block.lower() for block in blocks], dtype=np.float64)
        centres = grid.to_scan(corners + (1 << shift - 1))
        frames, deviation = flat_frames(georeference, centres, (1 << shift - 1) * grid.unit_m)
        if deviation.max() <= TOLERANCE_M:
            return Blocks(grid, georeference, shift, dict(zip(blocks, frames, strict=True)), site)
    raise GeoreferenceError(
        f"the scan's coordinates bend by {deviation.max() * 1000:.1f} mm over "
        f"{(1 << BUCKET_SHIFT) * grid.unit_m:g} m around {middle.round(1).tolist()}: "
        "they are not metres of a map projection; check --crs"
    )
