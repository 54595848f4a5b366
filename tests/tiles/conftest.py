"""Small tilesets to look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiles.earth import Earth, Scan
from twin_pipeline.tiles import TilesOptions, TilesSummary, write_point_tiles

Write = Callable[..., tuple[Path, TilesSummary]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that tiles a scan with few points a tile."""

    def write(
        scan: Scan, *, name: str = "site", chunk: int = 7_000, **changes: object
    ) -> tuple[Path, TilesSummary]:
        options: dict[str, Any] = {"points_per_tile": 1_000, "threads": 2, "attributes": "all"}
        options |= changes.pop("options", {})
        given = {
            "bounds": scan.bounds,
            "scale_m": (0.001, 0.001, 0.001),
            "labels": scan.labels,
            "georeference": Earth(),
            "out": tmp_path / "points" / name,
            "options": TilesOptions(**options),
        } | changes
        return given["out"], write_point_tiles(scan.chunks(chunk), **given)

    return write
