"""The scans of a site as one cloud in one coordinate system."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.bounds import bounds_of
from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference
from twin_pipeline.joining import Joined, join, join_warnings
from twin_pipeline.model import (
    FloatArray,
    Gate,
    LabelArray,
    Pipe,
    PointChunk,
    PointCloud,
    PointLabel,
    Quality,
)
from twin_pipeline.output import shown
from twin_pipeline.registration import Control, with_registration
from twin_pipeline.shelves import Shelf, in_chunks
from twin_pipeline.site import Site
from twin_pipeline.siting import (
    corners,
    file_bounds,
    moved_chunks,
    place,
    registered,
    registration_warnings,
    resolution_m,
)
from twin_pipeline.stages.read import (
    ScanInfo,
    ScanPoints,
    Withheld,
    inspect_scan,
    read_chunks,
    read_points,
    repeated_fraction,
    sha256_of,
)

_NO_POINTS = PointCloud(np.empty((0, 3)), np.zeros(3))


@dataclass(frozen=True, slots=True, eq=False)
class ReadScan:
    """What is known of one scan once it was read."""

    path: Path
    info: ScanInfo
    sha256: str
    points: int
    """That the file holds, those withheld among them."""
    withheld: Withheld
    modified_at: dt.datetime
    """When the file was written last."""
    defects: tuple[str, ...]
    """What is wrong with the file though it could be read."""
    joined: Joined
    """How it came into the frame of the site."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """All scans of a site; the points of each follow those of the one before.

    The cloud lacks those that are flagged withheld.
    """

    scans: tuple[ReadScan, ...]
    cloud: PointCloud
    georeference: Georeference
    config: Config

    @property
    def registration(self) -> tuple[dict[str, Any], ...]:
        """How the scans were moved, as run.json has it; empty where none was."""
        return tuple(moved for scan in self.scans for moved in scan.joined.describe())

    @property
    def controls(self) -> tuple[Control, ...]:
        """The scans' registrations to control points."""
        controls = (scan.joined.control for scan in self.scans)
        return tuple(control for control in controls if control is not None)

    def gates(self) -> tuple[Gate, ...]:
        """Return the gates of the scans' registration."""
        edge = corners(self.bounds())
        return tuple(gate for control in self.controls for gate in control.gates(edge))

    def warnings(self) -> tuple[str, ...]:
        """Return what is odd about the place of the scans, and about their files."""
        return (
            *dict.fromkeys(told for scan in self.scans for told in scan.joined.place.warnings),
            *(f"{shown(scan.path)}: {told}" for scan in self.scans for told in scan.defects),
            *(
                warning
                for scan in self.scans
                for warning in registration_warnings(
                    scan.info, scan.joined.control, self.georeference
                )
            ),
            *join_warnings([scan.joined for scan in self.scans], self.config),
        )

    def placed(self, pipe: Pipe) -> Pipe:
        """Return a pipe with the uncertainty of the scans' registration, and doubts of heights."""
        chains = [chain for scan in self.scans if (chain := scan.joined.chain())]
        moved = with_registration(pipe, chains) if chains else pipe
        doubt = self.georeference.height_doubt
        return moved if doubt is None else _doubted(moved, doubt)

    @property
    def points(self) -> int:
        """Points of all scans, those withheld among them."""
        return sum(scan.points for scan in self.scans)

    @property
    def withheld(self) -> int:
        """Points that are flagged withheld."""
        return sum(len(scan.withheld.places) for scan in self.scans)

    def in_file_order(self, labels: LabelArray, shelf: Shelf | None = None) -> LabelArray:
        """Return labels (M,) of all points from those (N,) of the cloud; on a shelf, if any."""
        if not self.withheld:
            return labels
        whole = (
            np.empty(self.points, np.uint16)
            if shelf is None
            else shelf.empty(np.uint16, self.points)
        )
        whole[:] = PointLabel.WITHHELD
        begin, done = 0, 0
        for scan in self.scans:
            for first, used in scan.withheld.used_spans():
                place = whole[begin + first : begin + first + len(used)]
                count = int(np.count_nonzero(used))
                place[used] = labels[done : done + count]
                done += count
            begin += scan.points
        return whole

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and highest corner (3,), scan frame, metres."""
        return _bounds(self.cloud)

    @property
    def scale_m(self) -> tuple[float, float, float]:
        """Finest resolution of the coordinates of any scan, along each axis."""
        finest = [resolution_m(scan.info, scan.joined.change) for scan in self.scans]
        x, y, z = np.min(finest, axis=0).tolist()
        return x, y, z

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions that any of the scans has."""
        return tuple(dict.fromkeys(name for scan in self.scans for name in scan.info.dimensions))

    def chunks(self) -> Iterator[PointChunk]:
        """Read all points once more, with their attributes."""
        start = 0
        for scan in self.scans:
            chunks = read_chunks(
                scan.path,
                axis_order=self.config.crs.axis_order,
                dimensions=self.config.tiles.dimensions,
            )
            for chunk in moved_chunks(chunks, scan.joined.change):
                yield replace(chunk, start=start + chunk.start) if start else chunk
            start += scan.points


def gather(
    site: Site, told: Callable[[int, int], None] | None = None, shelf: Shelf | None = None
) -> Gathered:
    """Read all scans of a site, onto a shelf where there is one.

    `told` is given the points read so far of each and its count.

    Raises
    ------
    InputError
        When a scan can't be read.
    GeoreferenceError
        When coordinates or heights can't be established, or differ between the scans.
    """
    config = site.config
    alone = [_read(path, config, told, shelf, needed=path == site.scan) for path in site.scans]
    joined = join([scan.joined for scan in alone], config, shelf)
    cloud = _together([scan.cloud for scan in joined], shelf)
    # The points are wanted once, not in each scan again.
    scans = tuple(
        replace(scan, joined=replace(moved, cloud=_NO_POINTS))
        for scan, moved in zip(alone, joined, strict=True)
    )
    return Gathered(scans, cloud, joined[0].place, config)


def _read(
    path: Path,
    config: Config,
    told: Callable[[int, int], None] | None,
    shelf: Shelf | None,
    *,
    needed: bool,
) -> ReadScan:
    """Read a scan, moved onto its control points; the first of a site needs some, if any has."""
    info = inspect_scan(path, full=False)
    control = registered(path, config, needed=needed)
    read = read_points(path, axis_order=config.crs.axis_order, told=told, shelf=shelf)
    cloud, withheld = read.cloud, read.withheld
    defects = (*info.defects, *withheld.told(), *_doubts(info, read, config))
    if control is not None:
        cloud = control.fitted.similarity.moved(cloud, shelf)
    return ReadScan(
        path=path,
        info=info,
        sha256=sha256_of(path),
        points=withheld.total,
        withheld=withheld,
        modified_at=dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC),
        defects=defects,
        joined=Joined(
            path, cloud, place(info, _bounds(cloud), config, held=control is not None), control
        ),
    )


def _doubts(info: ScanInfo, read: ScanPoints, config: Config) -> Iterator[str]:
    """Say where header and points disagree, and whether points repeat each other."""
    header = file_bounds(info, config) if info.header_box is not None else None
    if header is not None:
        stray = float(np.abs(np.array(header) - np.array(_file_bounds(read))).max())
        if stray > 2 * max(info.scale):
            yield f"the header's bounding box is wrong by up to {stray:,.3f} m; the points decide"
    repeated = repeated_fraction(read.cloud.xyz)
    if repeated:
        yield (
            f"about {repeated:.0%} of the points repeat another one exactly, which makes standard "
            "deviations too small"
        )


def _file_bounds(read: ScanPoints) -> tuple[FloatArray, FloatArray]:
    lower, upper = _bounds(read.cloud)
    return np.minimum(lower, read.withheld.lower), np.maximum(upper, read.withheld.upper)


def _bounds(cloud: PointCloud) -> tuple[FloatArray, FloatArray]:
    lower, upper = bounds_of(cloud.xyz)
    return lower + cloud.origin, upper + cloud.origin


def _together(clouds: list[PointCloud], shelf: Shelf | None) -> PointCloud:
    """Join clouds, in the local frame of the first."""
    origin = clouds[0].origin
    if len(clouds) == 1:
        return clouds[0]
    if shelf is not None:
        parts = (part + (c.origin - origin) for c in clouds for part in in_chunks(c.xyz))
        return PointCloud(shelf.joined(parts, np.float64, 3), origin)
    return PointCloud(np.concatenate([c.xyz + (c.origin - origin) for c in clouds]), origin)


def _doubted(pipe: Pipe, doubt: str) -> Pipe:
    """Return a pipe whose heights hang on a statement that nothing here bears out."""
    quality = Quality.USABLE if pipe.quality == Quality.GOOD else pipe.quality
    return replace(pipe, quality=quality, quality_reason=f"{pipe.quality_reason}; {doubt}")
