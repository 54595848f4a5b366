"""The scans of a site as one cloud in one coordinate system."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from twin_pipeline.bounds import bounds_of
from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray, PointChunk, PointCloud
from twin_pipeline.site import Site
from twin_pipeline.siting import place
from twin_pipeline.stages.read import ScanInfo, inspect_scan, read_chunks, read_cloud, sha256_of


@dataclass(frozen=True, slots=True, eq=False)
class ReadScan:
    """What is known of one scan once it was read."""

    path: Path
    info: ScanInfo
    sha256: str
    points: int
    modified_at: dt.datetime
    """When the file was written last."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """All scans of a site; the points of each follow those of the one before."""

    scans: tuple[ReadScan, ...]
    cloud: PointCloud
    georeference: Georeference
    config: Config

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and highest corner (3,), scan frame, metres."""
        return _bounds(self.cloud)

    @property
    def scale_m(self) -> tuple[float, float, float]:
        """Finest resolution of the coordinates of any scan, along each axis."""
        x, y, z = np.min([scan.info.scale for scan in self.scans], axis=0).tolist()
        return x, y, z

    def chunks(self) -> Iterator[PointChunk]:
        """Read all points once more, with their attributes."""
        start = 0
        for scan in self.scans:
            for chunk in read_chunks(
                scan.path,
                axis_order=self.config.crs.axis_order,
                dimensions=self.config.tiles.dimensions,
            ):
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
        cloud = read_cloud(path, axis_order=config.crs.axis_order)
        places.append(place(info, _bounds(cloud), config))
        clouds.append(cloud)
        modified_at = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        scans.append(ReadScan(path, info, sha256_of(path), len(cloud), modified_at))
    for scan, where in zip(scans, places, strict=True):
        _require_same(scan, where, scans[0], places[0])
    return Gathered(tuple(scans), _joined(clouds), places[0], config)


def _bounds(cloud: PointCloud) -> tuple[FloatArray, FloatArray]:
    lower, upper = bounds_of(cloud.xyz)
    return lower + cloud.origin, upper + cloud.origin


def _require_same(
    scan: ReadScan, where: Georeference, first: ReadScan, its_place: Georeference
) -> None:
    mine, other = _system(where), _system(its_place)
    if mine != other:
        raise GeoreferenceError(
            f"{scan.path}: its coordinates are in {mine}, those of {first.path} in {other}: the "
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
