"""One site's scans to point tiles, without looking for pipes."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

import numpy as np

import twin_pipeline
from twin_pipeline.bounds import bounds_of
from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference
from twin_pipeline.durable.inputs import Stamp, digest_of
from twin_pipeline.durable.work import partial_of
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.run_record import InputFile
from twin_pipeline.joining import Joined, join, join_warnings, to_be_aligned
from twin_pipeline.model import FloatArray, PointChunk, PointCloud, Survey
from twin_pipeline.outcome import SiteOutcome
from twin_pipeline.output import shown
from twin_pipeline.progress import Progress
from twin_pipeline.registration import Similarity
from twin_pipeline.site import Site
from twin_pipeline.siting import (
    Box,
    corners,
    file_bounds,
    moved_chunks,
    naming,
    place,
    registered,
    registration_warnings,
    resolution_m,
    usable,
)
from twin_pipeline.stages.read import (
    ScanInfo,
    inspect_scan,
    read_chunks,
    read_used_chunks,
    sha256_of,
)
from twin_pipeline.tiles import Keep, TilesSummary, write_point_tiles
from twin_pipeline.tiles.room import Need, full_disk_told, gigabytes, require_room
from twin_pipeline.tiles.wanted import CHUNK_POINTS

STAGES = {"distribute": "sort points", "build": "build tiles"}
"""Names of the tiler's passes, for people."""


_SAMPLE_M = 0.02
"""Side of the voxels of which a scan gives one point each to be aligned by."""
_SAMPLE_POINTS = 4_000_000
"""So many are held at most before those of one voxel are put together."""
_NO_POINTS = PointCloud(np.empty((0, 3)), np.zeros(3))


@dataclass(frozen=True, slots=True, eq=False)
class _Scan:
    """A scan that is not read yet, and where it lies."""

    info: ScanInfo
    joined: Joined
    """In the frame of the site, without its points."""
    box: Box

    @property
    def place(self) -> Georeference:
        """Of the scan alone."""
        return self.joined.place

    @property
    def change(self) -> Similarity | None:
        """From the file's coordinates to the site's."""
        return self.joined.change


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
    scans = _together(site, [_scan(path, site) for path in site.scans], progress)
    clock = time.perf_counter()
    hashed = _hashed_meanwhile([scan.info.path for scan in scans])
    written = _write(site, scans, staging, progress)
    inputs = [
        InputFile(site.name, str(s.info.path), sha256, s.info.point_count)
        for s, sha256 in zip(scans, hashed.result(), strict=True)
    ]
    return SiteOutcome(
        result=_result(site, scans),
        inputs=tuple(inputs),
        counts={"points_in_tiles": written.points, "tiles": written.tiles},
        timings={"tiles": time.perf_counter() - clock},
        warnings=tuple(_warnings(site, scans)),
    )


def _hashed_meanwhile(paths: Sequence[Path]) -> Future[list[str]]:
    """Begin to hash files, beside work that leaves a processor idle now and then."""
    future: Future[list[str]] = Future()

    def work() -> None:
        try:
            future.set_result([sha256_of(path) for path in paths])
        except Exception as error:  # noqa: BLE001 - raised where the hashes are wanted
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    return future


def _scan(path: Path, site: Site) -> _Scan:
    """Return a scan on its control points; the first of a site needs some, if any has."""
    info = usable(inspect_scan(path, full=False))
    control = registered(path, site.config, needed=path == site.scan)
    box = _moved(info, None if control is None else control.fitted.similarity, site.config)
    where = place(info, box, site.config, held=control is not None)
    return _Scan(info, Joined(path, _NO_POINTS, where, control), box)


def _moved(info: ScanInfo, change: Similarity | None, config: Config) -> Box:
    """Return the box of a scan in another frame."""
    box = file_bounds(info, config)
    return box if change is None else bounds_of(change.apply(corners(box)))


def _together(site: Site, alone: Sequence[_Scan], progress: Progress) -> list[_Scan]:
    """Return the scans in the frame of the first, as a run has them."""
    joined = [scan.joined for scan in alone]
    if to_be_aligned(joined, site.config):
        progress.stage("align scans")
        joined = [replace(scan.joined, cloud=_sampled(scan, site.config)) for scan in alone]
    return [
        _Scan(
            scan.info,
            replace(moved, cloud=_NO_POINTS),
            _moved(scan.info, moved.change, site.config),
        )
        for scan, moved in zip(alone, join(joined, site.config), strict=True)
    ]


def _sampled(scan: _Scan, config: Config) -> PointCloud:
    """Return one point a voxel of a scan, where its control points put it."""
    origin = np.floor(scan.box[0])
    chunks = read_used_chunks(scan.info.path, axis_order=config.crs.axis_order)
    held, count = [np.empty((0, 3))], 0
    for chunk in moved_chunks(chunks, scan.change):
        held.append(_one_a_voxel(chunk.xyz - origin))
        count += len(held[-1])
        if count > _SAMPLE_POINTS:
            held = [_one_a_voxel(np.concatenate(held))]
            count = 0
    return PointCloud(_one_a_voxel(np.concatenate(held)), origin)


def _one_a_voxel(xyz: FloatArray) -> FloatArray:
    """Return the first of the points (N, 3) in each voxel."""
    voxels = np.floor(xyz / _SAMPLE_M).astype(np.int64)
    _, first = np.unique(voxels, axis=0, return_index=True)
    kept: FloatArray = xyz[np.sort(first)]
    return kept


def _box(scans: Sequence[_Scan]) -> Box:
    """Return the box around all scans, as their headers have it."""
    lower = np.min([scan.box[0] for scan in scans], axis=0)
    return lower, np.max([scan.box[1] for scan in scans], axis=0)


def _result(site: Site, scans: Sequence[_Scan]) -> SiteResult:
    controls = [control for s in scans if (control := s.joined.control) is not None]
    edge = corners(_box(scans))
    survey = Survey(
        site.name,
        pipes=(),
        point_labels=np.empty(0, np.uint16),
        trench=(),
        ground_z_m=None,
        gates=tuple(gate for control in controls for gate in control.gates(edge)),
    )
    described = tuple(row for scan in scans for row in scan.joined.describe())
    extent = np.stack(_box(scans))
    return SiteResult(survey, scans[0].place, registration=described, extent=extent)


def _warnings(site: Site, scans: Sequence[_Scan]) -> Iterator[str]:
    yield from dict.fromkeys(told for scan in scans for told in scan.place.warnings)
    yield from join_warnings([scan.joined for scan in scans], site.config)
    for scan in scans:
        yield from registration_warnings(scan.info, scan.joined.control, scan.place)
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
    with naming(site.scans), full_disk_told(staging, need, staging, keep.folder):
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
            "registration": [row for scan in scans for row in scan.joined.describe()],
            "options": site.config.tiles.model_dump(mode="json", exclude={"threads"}),
        }
    )
