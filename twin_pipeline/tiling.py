"""One scan to point tiles, without looking for pipes."""

import time
from pathlib import Path

import numpy as np

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.run_record import InputFile
from twin_pipeline.model import Survey
from twin_pipeline.pipeline import SiteOutcome
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site
from twin_pipeline.siting import (
    bounds,
    corners,
    locate,
    moved_chunks,
    registered,
    registration_warnings,
    resolution_m,
)
from twin_pipeline.stages.read import inspect_scan, read_chunks, sha256_of
from twin_pipeline.tiles import write_point_tiles


def tile_site(site: Site, staging: Path, progress: Progress) -> SiteOutcome:
    """Write a scan's points below `staging`/tiles/points; the outcome has no pipes."""
    scan, config = site.scan, site.config
    info = inspect_scan(scan, full=False)
    georeference = locate(info, config)
    control = registered(scan, config)
    change = None if control is None else control.fitted.similarity
    chunks = read_chunks(scan, axis_order=config.crs.axis_order, dimensions=config.tiles.dimensions)
    progress.stage("tiles")
    clock = time.perf_counter()
    written = write_point_tiles(
        moved_chunks(chunks, change),
        bounds=bounds(info, config),
        scale_m=resolution_m(info, change),
        labels=None,
        georeference=georeference,
        out=staging / "tiles" / "points" / site.name,
        options=config.tiles,
        progress=lambda _, points: progress.advance(points, info.point_count),
    )
    survey = Survey(
        site.name,
        pipes=(),
        point_labels=np.empty(0, np.uint16),
        trench=(),
        ground_z_m=None,
        gates=() if control is None else control.gates(corners(bounds(info, config))),
    )
    return SiteOutcome(
        result=SiteResult(
            survey, georeference, registration=() if control is None else (control.describe(),)
        ),
        inputs=(InputFile(site.name, str(scan), sha256_of(scan), written.points),),
        counts={"points_in_tiles": written.points, "tiles": written.tiles},
        timings={"tiles": time.perf_counter() - clock},
        warnings=(*georeference.warnings, *registration_warnings(info, control, georeference)),
    )
