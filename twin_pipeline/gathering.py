"""The scans of a site as one cloud in one coordinate system."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.bounds import bounds_of
from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray, Gate, Pipe, PointChunk, PointCloud
from twin_pipeline.output import shown
from twin_pipeline.registration import Control, Similarity, with_registration
from twin_pipeline.site import Site
from twin_pipeline.siting import (
    bounds,
    corners,
    moved_chunks,
    place,
    registered,
    registration_warnings,
    resolution_m,
)
from twin_pipeline.stages.read import (
    ScanInfo,
    inspect_scan,
    read_chunks,
    read_cloud,
    repeated_fraction,
    sha256_of,
)


@dataclass(frozen=True, slots=True, eq=False)
class ReadScan:
    """What is known of one scan once it was read."""

    path: Path
    info: ScanInfo
    sha256: str
    points: int
    modified_at: dt.datetime
    """When the file was written last."""
    defects: tuple[str, ...]
    """What is wrong with the file though it could be read."""
    control: Control | None = None
    """How it was moved onto control points."""

    @property
    def change(self) -> Similarity | None:
        """From the file's coordinates to the site's."""
        return None if self.control is None else self.control.fitted.similarity


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """All scans of a site; the points of each follow those of the one before."""

    scans: tuple[ReadScan, ...]
    cloud: PointCloud
    georeference: Georeference
    config: Config

    @property
    def registration(self) -> tuple[dict[str, Any], ...]:
        """How the scans were moved, as run.json has it; empty where none was."""
        return tuple(scan.control.describe() for scan in self.scans if scan.control is not None)

    def gates(self) -> tuple[Gate, ...]:
        """Return the gates of the scans' registration."""
        edge = corners(self.bounds())
        return tuple(
            gate
            for scan in self.scans
            if scan.control is not None
            for gate in scan.control.gates(edge)
        )

    def warnings(self) -> tuple[str, ...]:
        """Return what is odd about the place of the scans, and about their files."""
        return (
            *self.georeference.warnings,
            *(f"{shown(scan.path)}: {told}" for scan in self.scans for told in scan.defects),
            *(
                warning
                for scan in self.scans
                for warning in registration_warnings(scan.info, scan.control, self.georeference)
            ),
        )

    def placed(self, pipe: Pipe) -> Pipe:
        """Return a pipe with the uncertainty of the scans' registration."""
        fits = [scan.control.fitted for scan in self.scans if scan.control is not None]
        return with_registration(pipe, fits) if fits else pipe

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and highest corner (3,), scan frame, metres."""
        return _bounds(self.cloud)

    @property
    def scale_m(self) -> tuple[float, float, float]:
        """Finest resolution of the coordinates of any scan, along each axis."""
        finest = [resolution_m(scan.info, scan.change) for scan in self.scans]
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
            for chunk in moved_chunks(chunks, scan.change):
                yield replace(chunk, start=start + chunk.start) if start else chunk
            start += scan.points


def gather(site: Site) -> Gathered:
    """Read all scans of a site.

    Raises
    ------
    InputError
        When a scan can't be read.
    GeoreferenceError
        When coordinates or heights can't be established, or differ between the scans.
    """
    config = site.config
    clouds, scans, places = [], [], []
    for path in site.scans:
        info = inspect_scan(path, full=False)
        control = registered(path, config)
        cloud = read_cloud(path, axis_order=config.crs.axis_order)
        defects = (*info.defects, *_doubts(info, cloud, config))
        if control is not None:
            cloud = control.fitted.similarity.moved(cloud)
        places.append(place(info, _bounds(cloud), config))
        clouds.append(cloud)
        modified_at = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        scans.append(
            ReadScan(path, info, sha256_of(path), len(cloud), modified_at, defects, control)
        )
    for scan, where in zip(scans, places, strict=True):
        require_same_system(scan.path, where, scans[0].path, places[0])
    return Gathered(tuple(scans), _joined(clouds), places[0], config)


def _doubts(info: ScanInfo, cloud: PointCloud, config: Config) -> Iterator[str]:
    """Say where header and points disagree, and whether points repeat each other."""
    header = bounds(info, config) if info.header_box is not None else None
    if header is not None:
        stray = float(np.abs(np.array(header) - np.array(_bounds(cloud))).max())
        if stray > 2 * max(info.scale):
            yield f"the header's bounding box is wrong by up to {stray:,.3f} m; the points decide"
    repeated = repeated_fraction(cloud.xyz)
    if repeated:
        yield (
            f"about {repeated:.0%} of the points repeat another one exactly, which makes standard "
            "deviations too small"
        )


def _bounds(cloud: PointCloud) -> tuple[FloatArray, FloatArray]:
    lower, upper = bounds_of(cloud.xyz)
    return lower + cloud.origin, upper + cloud.origin


def require_same_system(
    path: Path, where: Georeference, first: Path, its_place: Georeference
) -> None:
    """Raise GeoreferenceError unless a scan has the coordinate system of the site's first one."""
    mine, other = _system(where), _system(its_place)
    if mine != other:
        raise GeoreferenceError(
            f"{path}: its coordinates are in {mine}, those of {first} in {other}: the "
            "scans of one site must share them; convert one, or give --crs and --vertical"
        )


def _system(where: Georeference) -> str:
    values = (where.decisions[key].value for key in ("crs", "vertical", "geoid"))
    return ", ".join(value or "none" for value in values)


def _joined(clouds: list[PointCloud]) -> PointCloud:
    """Join clouds, in the local frame of the first."""
    origin = clouds[0].origin
    if len(clouds) == 1:
        return clouds[0]
    return PointCloud(np.concatenate([c.xyz + (c.origin - origin) for c in clouds]), origin)
