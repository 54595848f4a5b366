"""3D Tiles 1.1: the scan's points, the pipes as solids, and the tilesets that hold them."""

from typing import TYPE_CHECKING

from twin_pipeline.deferred import deferred

if TYPE_CHECKING:
    from twin_pipeline.tiles.options import TilesOptions
    from twin_pipeline.tiles.pipes import write_pipe_tiles, write_uncertainty_tiles
    from twin_pipeline.tiles.points import Keep, TilesSummary, write_point_tiles
    from twin_pipeline.tiles.root import write_root
    from twin_pipeline.tiles.validate import Problem, validate_tiles
else:
    __getattr__ = deferred(
        __name__,
        {
            "TilesOptions": "options",
            "write_pipe_tiles": "pipes",
            "write_uncertainty_tiles": "pipes",
            "Keep": "points",
            "TilesSummary": "points",
            "write_point_tiles": "points",
            "write_root": "root",
            "Problem": "validate",
            "validate_tiles": "validate",
        },
    )

__all__ = [
    "Keep",
    "Problem",
    "TilesOptions",
    "TilesSummary",
    "validate_tiles",
    "write_pipe_tiles",
    "write_point_tiles",
    "write_root",
    "write_uncertainty_tiles",
]
