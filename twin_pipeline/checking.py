"""Tell before backfill whether a scan is good enough, and what must be scanned again."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from twin_pipeline.benching import benched
from twin_pipeline.bounds import bounds_of
from twin_pipeline.clock import Clock
from twin_pipeline.config import Config
from twin_pipeline.durable.scratch import scratch
from twin_pipeline.errors import InputError
from twin_pipeline.extraction import extract
from twin_pipeline.gathering import gather
from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.piecewise import Bench
from twin_pipeline.materials import catalogue_for
from twin_pipeline.model import Pipe, PointCloud, Quality
from twin_pipeline.output import shown
from twin_pipeline.picturing import picturing
from twin_pipeline.preparing import prepared, readable_scan
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site
from twin_pipeline.siting import Standing, standing
from twin_pipeline.stages.read import ScanInfo, inspect_scan, read_points
from twin_pipeline.stages.read.info import Box


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One thing that was checked."""

    passed: bool
    subject: str
    """A pipe's id, or what the whole scan must show."""
    finding: str
    kind: str = "quality"
    """place, pavement, pipes, quality or hidden."""
    stretch_m: tuple[float, float] | None = None
    """Chainages of what is hidden."""
    ends: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    """Easting, northing, elevation of these chainages, in the frame of what was read."""

    def told(self) -> str:
        """Return it in one line, with where it is on the ground."""
        told = f"{self.subject}: {self.finding}"
        if self.ends is None:
            return told
        first, last = (f"{end[0]:.2f}, {end[1]:.2f}" for end in self.ends)
        return f"{told} (from {first} to {last})"

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def check_scan(scan: Path, config: Config, progress: Progress) -> tuple[CheckItem, ...]:
    """Find the pipes of a scan and say what is too poorly seen, and whether its place is doubtful.

    Coordinates need no reference here: what counts is what was seen. Only one that is said, by the
    scan or the configuration, is held against them; that too little is said is no mistake yet.

    Raises
    ------
    InputError
        When the scan can't be read.
    UsageError
        When the material is in no catalogue.
    OutputError
        When pictures are wanted and can't be written.
    """
    catalogue_for(config)
    clock = Clock(progress)
    with (
        readable_scan(scan, config.read) as (path, _),
        scratch() as folder,
        benched([path], folder, config, progress) as bench,
    ):
        with clock.stage("read"):
            shelf = bench.shelf if bench is not None else None
            read = read_points(path, axis_order=config.crs.axis_order, shelf=shelf)
        cloud = read.cloud
        for told in read.withheld.told():
            progress.note(f"warning: {shown(scan)}: {told}")
        placed = _placed(replace(inspect_scan(path, full=False), path=scan), cloud, config)
        try:
            items = _checked(cloud, scan.stem, config, clock, bench)
        except InputError as error:
            raise InputError(f"{scan}: {error}") from error
    if placed.unsaid:
        progress.note(f"note: place {placed.summary()}")
        return items
    told = "; ".join((placed.summary(), *placed.warnings))
    return (CheckItem(not placed.doubted, "place", told, "place"), *items)


def check_site(site: Site, rewritten: Path, progress: Progress) -> tuple[CheckItem, ...]:
    """Check all scans of a site as one; raises what `check_scan` does, and GeoreferenceError.

    Parameters
    ----------
    rewritten
        Where scans of other formats may be rewritten.
    """
    clock = Clock(progress)
    with (
        prepared(site, rewritten) as ready,
        scratch() as folder,
        benched(ready.site.scans, folder, site.config, progress) as bench,
    ):
        with clock.stage("read"):
            gathered = gather(ready.site, shelf=bench.shelf if bench is not None else None)
        for read in gathered.scans:
            for told in read.withheld.told():
                progress.note(
                    f"warning: {shown(ready.originals.get(read.path, read.path))}: {told}"
                )
        return _checked(gathered.cloud, site.name, site.config, clock, bench)


def _placed(info: ScanInfo, cloud: PointCloud, config: Config) -> Standing:
    """Hold what is said of the scan's place against its points."""
    found = np.array(bounds_of(cloud.xyz), dtype=np.float64) + cloud.origin
    order = [1, 0, 2] if config.crs.axis_order == "ne" else [0, 1, 2]
    lower, upper = (tuple(corner[order].tolist()) for corner in found)
    return standing(replace(info, actual_box=Box(lower, upper)), config)


def _checked(
    cloud: PointCloud, name: str, config: Config, clock: Clock, bench: Bench | None
) -> tuple[CheckItem, ...]:
    catalogue = catalogue_for(config)
    with picturing(name, cloud, config) as observer:
        found = extract(cloud, config, catalogue, clock.stage, observer, bench)
    items = [_pavement(found.ground is not None), _pipes(len(found.pipes))]
    for pipe in found.pipes:
        items += _of_pipe(pipe)
    return tuple(items)


def _pavement(seen: bool) -> CheckItem:  # noqa: FBT001 - the one thing it tells
    finding = "seen beside the trench" if seen else "not seen: scan the pavement on both sides"
    return CheckItem(seen, "pavement", finding, "pavement")


def _pipes(count: int) -> CheckItem:
    finding = f"{count} found" if count else "none found: uncover the pipe and scan it again"
    return CheckItem(count > 0, "pipes", finding, "pipes")


def _of_pipe(pipe: Pipe) -> Iterable[CheckItem]:
    again = {rescan.reason for rescan in pipe.rescans}
    reasons = [reason for reason in pipe.quality_reason.split("; ") if reason not in again]
    seen = f"seen over {100.0 * pipe.observed_fraction:.0f} % of its length"
    yield CheckItem(pipe.quality is not Quality.POOR, pipe.pipe_id, "; ".join(reasons) or seen)
    for rescan in pipe.rescans:
        stretch = (rescan.first_m, rescan.last_m)
        places = polyline.along(pipe.centreline, pipe.centreline, np.array(stretch))
        first, last = (tuple(place.round(3).tolist()) for place in places)
        yield CheckItem(
            False,
            pipe.pipe_id,
            rescan.reason,
            rescan.kind,
            (round(rescan.first_m, 2), round(rescan.last_m, 2)),
            (first, last),
        )
