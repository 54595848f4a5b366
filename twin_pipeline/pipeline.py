"""One site: from the scan file to its survey and its tiles."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import twin_pipeline
from twin_pipeline.benching import benched
from twin_pipeline.catalogue import Catalogue
from twin_pipeline.clock import Clock
from twin_pipeline.durable.inputs import digest_of
from twin_pipeline.durable.work import partial_of
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.extent import footprint_of
from twin_pipeline.export.run_record import InputFile
from twin_pipeline.extraction import Extraction, extract
from twin_pipeline.gathering import Gathered, ReadScan, gather
from twin_pipeline.geometry.piecewise import Bench
from twin_pipeline.job import with_job
from twin_pipeline.materials import catalogue_for
from twin_pipeline.model import Gate, Survey
from twin_pipeline.outcome import SiteOutcome
from twin_pipeline.output import shown
from twin_pipeline.picturing import picturing
from twin_pipeline.progress import Progress
from twin_pipeline.reference import References, with_references
from twin_pipeline.remembering import Memory, remembered
from twin_pipeline.site import Site
from twin_pipeline.siting import naming
from twin_pipeline.tiles import (
    Keep,
    write_pipe_tiles,
    write_point_tiles,
    write_uncertainty_tiles,
)
from twin_pipeline.tiles.room import Need, full_disk_told, require_room


def run_site(site: Site, staging: Path, progress: Progress) -> SiteOutcome:
    """Extract the pipes of one site and write its tiles below `staging`/tiles.

    Raises
    ------
    InputError
        When a scan can't be read.
    GeoreferenceError
        When its coordinates or heights can't be established.
    UsageError
        When the material is in no catalogue.
    OutputError
        When pictures are wanted and can't be written.
    """
    references = _references(site)
    references.require_files()
    staging.mkdir(parents=True, exist_ok=True)
    with benched(site.scans, staging, site.config, progress) as bench:
        return _run(site, staging, references, progress, bench)


def _run(
    site: Site, staging: Path, references: References, progress: Progress, bench: Bench | None
) -> SiteOutcome:
    clock = Clock(progress)
    catalogue = catalogue_for(site.config)
    with clock.stage("read"):
        gathered = gather(site, progress.advance, bench.shelf if bench is not None else None)
    georeference = gathered.georeference
    with remembered(_memory(site, gathered, staging)) as memory:
        survey = memory.survey()
        if survey is None or site.config.debug.folder is not None:
            with naming(site.scans):
                survey = _survey(site, gathered, catalogue, clock, bench)
            memory.keep(survey)
        survey = with_job(_placed(survey, gathered), site.job, catalogue, site.config.nominal)
        with clock.stage("tiles"):
            _write_tiles(survey, gathered, staging, progress, memory)
    provenance = _provenance(gathered) | site.job.provenance()
    result = SiteResult(
        survey,
        georeference,
        provenance,
        registration=gathered.registration,
        extent=None if len(footprint_of(survey)) else np.stack(gathered.bounds()),
    )
    return SiteOutcome(
        result=with_references(result, georeference, references),
        inputs=input_files(site, gathered.scans),
        counts={"points_withheld": gathered.withheld},
        timings=clock.seconds,
        memory_mb=clock.memory_mb,
        warnings=gathered.warnings(),
    )


def input_files(site: Site, scans: Sequence[ReadScan]) -> tuple[InputFile, ...]:
    """Return the scans of a site as run.json has them."""
    return tuple(InputFile(site.name, str(s.path), s.sha256, s.points) for s in scans)


def _references(site: Site) -> References:
    boundary = site.config.boundary.model_copy(update={"file": site.boundary})
    design = site.config.design.model_copy(update={"file": site.design})
    return References(boundary, design, site.config.cover)


def _memory(site: Site, gathered: Gathered, staging: Path) -> Memory:
    """Return where the survey is kept; its identity is all that it, and the tiles, hang on."""
    place = gathered.georeference.describe()
    identity = {
        "version": twin_pipeline.__version__,
        "site": site.name,
        "scans": [(str(scan.path), scan.sha256) for scan in gathered.scans],
        "config": site.config.model_dump(
            mode="json", exclude={"debug": True, "export": True, "pieces": True}
        ),
        "georeference": place,
        "registration": gathered.registration,
    }
    return Memory(partial_of(staging, site.name), digest_of(identity))


def _survey(
    site: Site, gathered: Gathered, catalogue: Catalogue, clock: Clock, bench: Bench | None
) -> Survey:
    cloud, config = gathered.cloud, site.config
    with picturing(site.name, cloud, config) as observer:
        found: Extraction = extract(cloud, config, catalogue, clock.stage, observer, bench)
    level = None
    if found.ground is not None:
        level = float(np.median(found.ground.patches[:, 2])) + float(cloud.origin[2])
    rings = found.ground.outlines if found.ground is not None else ()
    return Survey(
        site=site.name,
        pipes=found.pipes,
        point_labels=gathered.in_file_order(
            found.point_labels, bench.shelf if bench is not None else None
        ),
        trench=tuple(ring + cloud.origin[:2] for ring in rings),
        ground_z_m=level,
        gates=(_pipe_gate(site.name, found),),
        warnings=found.warnings,
        pavement=found.ground.patches + cloud.origin if found.ground is not None else None,
    )


def _placed(survey: Survey, gathered: Gathered) -> Survey:
    """Return the survey with what the registration of the scans leaves unsure."""
    return replace(
        survey,
        pipes=tuple(map(gathered.placed, survey.pipes)),
        gates=(*survey.gates, *gathered.gates()),
    )


def _pipe_gate(site: str, found: Extraction) -> Gate:
    count = len(found.pipes)
    if count:
        return Gate("pipe found", passed=True, detail=f"{site}: {count} found")
    return Gate("no pipe found", passed=False, detail=f"{site}: no pipe found in the scan")


def _write_tiles(
    survey: Survey, gathered: Gathered, staging: Path, progress: Progress, memory: Memory
) -> None:
    options = gathered.config.tiles
    carried = tuple(name for name in options.dimensions if name in gathered.dimensions)
    need = Need.of(gathered.points, (*carried, "label"), options)
    require_room(staging, need)
    labels = hashlib.sha256(np.ascontiguousarray(survey.point_labels).data).hexdigest()
    keep = Keep(memory.folder / "tiles", f"{memory.identity} {labels}")
    scans = [scan.path for scan in gathered.scans]
    with naming(scans), full_disk_told(staging, need, staging, keep.folder):
        write_point_tiles(
            gathered.chunks(),
            bounds=gathered.bounds(),
            scale_m=gathered.scale_m,
            attributes=gathered.dimensions,
            labels=survey.point_labels,
            georeference=gathered.georeference,
            out=staging / "tiles" / "points" / survey.site,
            options=options,
            progress=lambda _, points: progress.advance(points, gathered.points),
            keep=keep,
        )
    for layer, write in (("pipes", write_pipe_tiles), ("uncertainty", write_uncertainty_tiles)):
        out = staging / "tiles" / layer / survey.site
        write(survey, gathered.georeference, out, compression=options.compression)


def _provenance(gathered: Gathered) -> dict[str, str]:
    scans = gathered.scans
    return {
        "scan": _listed(shown(scan.path) for scan in scans),
        "sha256": _listed(scan.sha256 for scan in scans),
        "las_version": _listed(scan.info.version for scan in scans),
        "scan_modified_at": max(scan.modified_at for scan in scans).isoformat(timespec="seconds"),
        "points": str(gathered.points),
        "software": _listed(scan.info.software for scan in scans),
        "vertical": gathered.georeference.vertical_name,
        **_survey_date(gathered),
        **_control_points(gathered),
    }


def _survey_date(gathered: Gathered) -> dict[str, str]:
    """Return the day of the survey as set or as the scans tell it; nothing where neither does."""
    told = [scan.info.survey_date for scan in gathered.scans if scan.info.survey_date is not None]
    day = gathered.config.crs.survey_date or max(told, default=None)
    return {} if day is None else {"survey_date": day.isoformat()}


def _control_points(gathered: Gathered) -> dict[str, str]:
    controls = gathered.controls
    if not controls:
        return {}
    return {
        "control_points": _listed(control.summary() for control in controls),
        "control_points_sha256": _listed(control.file.sha256 for control in controls),
    }


def _listed(values: Iterable[str]) -> str:
    """Return different values in their order."""
    return ", ".join(dict.fromkeys(values))
