"""One site's scans to point tiles, without looking for pipes."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import twin_pipeline
from twin_pipeline.crs import Georeference
from twin_pipeline.durable.inputs import Stamp, digest_of
from twin_pipeline.durable.work import partial_of
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.run_record import InputFile
from twin_pipeline.joining import raised_warning, to_be_raised_m
from twin_pipeline.model import PointChunk, Survey
from twin_pipeline.output import shown
from twin_pipeline.pipeline import SiteOutcome
from twin_pipeline.progress import Progress
from twin_pipeline.registration import Control, Similarity, lifted
from twin_pipeline.site import Site
from twin_pipeline.siting import (
    Box,
    bounds,
    corners,
    locate,
    moved_chunks,
    registered,
    registration_warnings,
    resolution_m,
)
from twin_pipeline.stages.read import ScanInfo, inspect_scan, read_chunks, sha256_of
from twin_pipeline.tiles import Keep, TilesSummary, write_point_tiles
from twin_pipeline.tiles.room import Need, full_disk_told, gigabytes, require_room

STAGES = {"distribute": "sort points", "build": "build tiles"}
"""Names of the tiler's passes, for people."""


CHUNK_POINTS = 200_000
"""Few enough that a chunk on its way to the disk hardly leaves the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class _Scan:
    """A scan that is not read yet, and where it lies."""

    info: ScanInfo
    control: Control | None
    box: Box
    place: Georeference

    raised_m: float = 0.0
    """Added to its elevations, which counted from another surface than the first scan's."""

    @property
    def change(self) -> Similarity | None:
        """From the file's coordinates to the site's."""
        own = None if self.control is None else self.control.fitted.similarity
        if not self.raised_m:
            return own
        return lifted(self.raised_m) if own is None else own.then(lifted(self.raised_m))


def tile_site(site: Site, staging: Path, progress: Progress) -> SiteOutcome:
    """Write the points of a site below `staging`/tiles/points; the outcome has no pipes.

    What is unfinished when the process dies is kept beside `staging`, and gone on with.

    Raises
    ------
    InputError
        When a scan can't be read.
    GeoreferenceError
        When coordinates or heights can't be established, or differ between the scans.
    OutputError
        When the disk has not enough room.
    """
    alone = [_scan(path, site) for path in site.scans]
    scans = [_levelled(scan, alone[0]) for scan in alone]
    clock = time.perf_counter()
    written = _write(site, scans, staging, progress)
    inputs = [
        InputFile(site.name, str(s.info.path), sha256_of(s.info.path), s.info.point_count)
        for s in scans
    ]
    return SiteOutcome(
        result=_result(site, scans),
        inputs=tuple(inputs),
        counts={"points_in_tiles": written.points, "tiles": written.tiles},
        timings={"tiles": time.perf_counter() - clock},
        warnings=tuple(_warnings(site, scans)),
    )


def _scan(path: Path, site: Site) -> _Scan:
    info = inspect_scan(path, full=False)
    place = locate(info, site.config)
    return _Scan(info, registered(path, site.config), bounds(info, site.config), place)


def _levelled(scan: _Scan, first: _Scan) -> _Scan:
    """Return a scan with elevations from the surface of the first scan's."""
    raised_m = to_be_raised_m(scan.info.path, scan.place, first.info.path, first.place)
    if not raised_m:
        return scan
    lower, upper = (corner + np.array([0.0, 0.0, raised_m]) for corner in scan.box)
    return replace(scan, box=(lower, upper), raised_m=raised_m)


def _box(scans: Sequence[_Scan]) -> Box:
    """Return the box around all scans, as their headers have it."""
    lower = np.min([scan.box[0] for scan in scans], axis=0)
    return lower, np.max([scan.box[1] for scan in scans], axis=0)


def _result(site: Site, scans: Sequence[_Scan]) -> SiteResult:
    controls = [scan.control for scan in scans if scan.control is not None]
    edge = corners(_box(scans))
    survey = Survey(
        site.name,
        pipes=(),
        point_labels=np.empty(0, np.uint16),
        trench=(),
        ground_z_m=None,
        gates=tuple(gate for control in controls for gate in control.gates(edge)),
    )
    described = tuple(control.describe() for control in controls)
    extent = np.stack(_box(scans))
    return SiteResult(survey, scans[0].place, registration=described, extent=extent)


def _warnings(site: Site, scans: Sequence[_Scan]) -> Iterator[str]:
    first = scans[0]
    if len(scans) > 1 and not all(scan.control is not None for scan in scans):
        yield (
            f"the {len(scans)} scans of the site were put together as they are: tile aligns "
            "nothing, run does"
        )
    yield from dict.fromkeys(told for scan in scans for told in scan.place.warnings)
    for scan in scans:
        if scan.raised_m:
            yield raised_warning(
                scan.info.path, scan.place, first.info.path, first.place, scan.raised_m
            )
        yield from registration_warnings(scan.info, scan.control, scan.place)
        wanted = site.config.tiles.asked
        missing = [name for name in wanted if name not in scan.info.dimensions]
        if missing:
            name = shown(scan.info.path)
            yield f"{name} has no {' and no '.join(missing)} for the tiles to carry"


def _write(site: Site, scans: Sequence[_Scan], staging: Path, progress: Progress) -> TilesSummary:
    options = site.config.tiles
    points = sum(scan.info.point_count for scan in scans)
    present = {name for scan in scans for name in scan.info.dimensions}
    carried = tuple(name for name in options.dimensions if name in present)
    need = Need.of(points, carried, options)
    free = require_room(staging, need)
    progress.note(
        f"{site.name}: {points:,} points take about {gigabytes(need.temporary)} of temporary "
        f"files and {gigabytes(need.tiles)} of tiles; {gigabytes(free)} are free"
    )
    keep = Keep(partial_of(staging, site.name), _identity(site, scans))
    with full_disk_told(staging, need, staging, keep.folder):
        return write_point_tiles(
            _chunks(site, scans),
            bounds=_box(scans),
            scale_m=np.min([resolution_m(s.info, s.change) for s in scans], axis=0).tolist(),
            labels=None,
            georeference=scans[0].place,
            out=staging / "tiles" / "points" / site.name,
            options=options,
            attributes=carried,
            progress=_Stages(progress, points),
            keep=keep,
        )


class _Stages:
    """Tells the passes as stages of the run."""

    def __init__(self, progress: Progress, points: int) -> None:
        self._progress = progress
        self._points = points
        self._stage = ""

    def __call__(self, stage: str, points: int) -> None:
        if stage != self._stage:
            self._progress.stage(STAGES[stage])
            self._stage = stage
        self._progress.advance(points, self._points)


def _chunks(site: Site, scans: Sequence[_Scan]) -> Iterator[PointChunk]:
    """Yield the points of all scans, one scan after the other."""
    config, start = site.config, 0
    for scan in scans:
        chunks = read_chunks(
            scan.info.path,
            axis_order=config.crs.axis_order,
            dimensions=config.tiles.dimensions,
            chunk_points=CHUNK_POINTS,
        )
        held = 0
        for chunk in moved_chunks(chunks, scan.change):
            yield replace(chunk, start=start + chunk.start)
            held = chunk.start + len(chunk.xyz)
        start += held


def _identity(site: Site, scans: Sequence[_Scan]) -> str:
    """Return a hash of all that the bytes of the tiles depend on."""
    return digest_of(
        {
            "version": twin_pipeline.__version__,
            "site": site.name,
            "scans": [(str(path), Stamp.of(path)) for path in site.scans],
            "crs": site.config.crs.model_dump(mode="json"),
            "georeference": [scan.place.describe() for scan in scans],
            "registration": [s.control.describe() for s in scans if s.control is not None],
            "options": site.config.tiles.model_dump(mode="json", exclude={"threads"}),
        }
    )
