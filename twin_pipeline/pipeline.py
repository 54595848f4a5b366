"""One site: from the scan file to its survey and its tiles."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twin_pipeline.bounds import bounds_of
from twin_pipeline.catalogue import Catalogue, load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.run_record import InputFile
from twin_pipeline.extraction import Extraction, extract
from twin_pipeline.model import FloatArray, Gate, PointCloud, Survey
from twin_pipeline.picturing import picturing
from twin_pipeline.progress import Progress
from twin_pipeline.siting import place
from twin_pipeline.stages.read import ScanInfo, inspect_scan, read_chunks, read_cloud, sha256_of
from twin_pipeline.tiles import write_pipe_tiles, write_point_tiles


@dataclass(frozen=True, slots=True, eq=False)
class SiteOutcome:
    """What one site gives to the run."""

    result: SiteResult
    inputs: tuple[InputFile, ...]
    counts: Mapping[str, int]
    timings: Mapping[str, float]
    """Seconds a stage."""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Clock:
    """Tells the progress which stage begins, and measures how long it takes."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done inside."""
        self.progress.stage(name)
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def run_site(scan: Path, config: Config, staging: Path, progress: Progress) -> SiteOutcome:
    """Extract the pipes of one scan and write its tiles below `staging`/tiles.

    Raises
    ------
    InputError
        When the scan can't be read.
    GeoreferenceError
        When its coordinates or heights can't be established.
    UsageError
        When the material is in no catalogue.
    OutputError
        When pictures are wanted and can't be written.
    """
    clock = Clock(progress)
    catalogue = catalogue_for(config)
    with clock.stage("read"):
        info = inspect_scan(scan, full=False)
        cloud = read_cloud(scan, axis_order=config.crs.axis_order)
        georeference = place(info, _bounds(cloud), config)
        digest = sha256_of(scan)
    survey = _survey(scan.stem, cloud, config, catalogue, clock)
    with clock.stage("tiles"):
        _write_tiles(scan, info, survey, georeference, cloud, config, staging, progress)
    return SiteOutcome(
        result=SiteResult(survey, georeference, _provenance(scan, info, digest, georeference)),
        inputs=(InputFile(scan.stem, str(scan), digest, len(cloud)),),
        counts={},
        timings=clock.seconds,
        warnings=georeference.warnings,
    )


def catalogue_for(config: Config) -> Catalogue:
    """Return the catalogue.

    Raises
    ------
    UsageError
        When the configured material is not in it.
    """
    catalogue = load_catalogue()
    if config.nominal.material is not None:
        catalogue.material(config.nominal.material)
    return catalogue


def _bounds(cloud: PointCloud) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest corner, scan frame."""
    lower, upper = bounds_of(cloud.xyz)
    return lower + cloud.origin, upper + cloud.origin


def _survey(
    site: str, cloud: PointCloud, config: Config, catalogue: Catalogue, clock: Clock
) -> Survey:
    with picturing(site, cloud, config) as observer:
        found: Extraction = extract(cloud, config, catalogue, clock.stage, observer)
    level = None
    if found.ground is not None:
        level = float(np.median(found.ground.patches[:, 2])) + float(cloud.origin[2])
    rings = found.ground.outlines if found.ground is not None else ()
    return Survey(
        site=site,
        pipes=found.pipes,
        point_labels=found.point_labels,
        trench=tuple(ring + cloud.origin[:2] for ring in rings),
        ground_z_m=level,
        gates=(_pipe_gate(site, found),),
        warnings=found.warnings,
    )


def _pipe_gate(site: str, found: Extraction) -> Gate:
    count = len(found.pipes)
    if count:
        return Gate("pipe found", passed=True, detail=f"{site}: {count} found")
    return Gate("no pipe found", passed=False, detail=f"{site}: no pipe found in the scan")


def _write_tiles(
    scan: Path,
    info: ScanInfo,
    survey: Survey,
    georeference: Georeference,
    cloud: PointCloud,
    config: Config,
    staging: Path,
    progress: Progress,
) -> None:
    write_point_tiles(
        read_chunks(scan, axis_order=config.crs.axis_order, dimensions=config.tiles.dimensions),
        bounds=_bounds(cloud),
        scale_m=info.scale,
        labels=survey.point_labels,
        georeference=georeference,
        out=staging / "tiles" / "points" / survey.site,
        options=config.tiles,
        progress=lambda _, points: progress.advance(points, len(cloud)),
    )
    write_pipe_tiles(survey, georeference, staging / "tiles" / "pipes" / survey.site)


def _provenance(
    scan: Path, info: ScanInfo, digest: str, georeference: Georeference
) -> dict[str, str]:
    return {
        "scan": scan.name,
        "sha256": digest,
        "las_version": info.version,
        "points": str(info.point_count),
        "software": info.software,
        "vertical": georeference.vertical_name,
    }
