"""Scans of one site brought into the frame of the first: heights, control points, alignment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference, elevation_shift_m
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import PointCloud
from twin_pipeline.registration import (
    INSTALL,
    Alignment,
    Control,
    Fit,
    Similarity,
    align,
    available,
    lifted,
)
from twin_pipeline.shelves import Shelf


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """One scan in the frame of its site."""

    path: Path
    cloud: PointCloud
    """In the frame of the site's first scan."""
    place: Georeference
    """Of the scan alone."""
    control: Control | None = None
    raised_m: float = 0.0
    """Added to its elevations, which counted from another surface than the first scan's."""
    alignment: Alignment | None = None

    @property
    def change(self) -> Similarity | None:
        """From the file's coordinates to the site's; None where they are the same."""
        parts = [] if self.control is None else [self.control.fitted.similarity]
        parts += [lifted(self.raised_m)] if self.raised_m else []
        parts += [self.alignment.fitted.similarity] if self.alignment else []
        if not parts:
            return None
        change = parts[0]
        for later in parts[1:]:
            change = change.then(later)
        return change

    def chain(self) -> tuple[Fit, ...]:
        """Return the fits that moved it, in their order."""
        own = () if self.control is None else (self.control.fitted,)
        return own if self.alignment is None else (*own, self.alignment.fitted)

    def describe(self) -> Iterator[dict[str, Any]]:
        """Yield how it was moved, JSON-ready for run.json."""
        if self.control is not None:
            yield self.control.describe()
        if self.alignment is not None:
            yield {"scan": self.path.name, **self.alignment.describe()}


def join(scans: Sequence[Joined], config: Config, shelf: Shelf | None = None) -> tuple[Joined, ...]:
    """Return the scans of a site in the frame of the first, on a shelf where there is one.

    Raises
    ------
    GeoreferenceError
        When their systems differ in more than heights, or one can't be aligned to the others.
    UsageError
        When alignment is asked for and Open3D is missing.
    """
    first, *others = scans
    level = [first, *(_levelled(scan, first, shelf) for scan in others)]
    if not to_be_aligned(level, config):
        return tuple(level)
    joined = [level[0]]
    for scan in level[1:]:
        joined.append(_aligned(scan, joined, config, shelf))
    return tuple(joined)


def join_warnings(scans: Sequence[Joined], config: Config) -> Iterator[str]:
    """Yield what was left to trust where several scans make one site."""
    first = scans[0]
    for scan in scans[1:]:
        if scan.raised_m:
            yield raised_warning(scan.path, scan.place, first.path, first.place, scan.raised_m)
    several = len(scans) > 1 and not _fixed(scans)
    if several and config.registration.align == "auto" and not available():
        yield (
            f"the {len(scans)} scans of the site were put together as they are, not aligned to "
            f"each other: {INSTALL} aligns them"
        )


def to_be_aligned(scans: Sequence[Joined], config: Config) -> bool:
    """Whether the scans of a site are moved by what they share."""
    wanted = config.registration.align
    if len(scans) < 2 or wanted == "none":
        return False
    return wanted == "icp" or (available() and not _fixed(scans))


def _fixed(scans: Sequence[Joined]) -> bool:
    return all(scan.control is not None for scan in scans)


def _aligned(scan: Joined, joined: Sequence[Joined], config: Config, shelf: Shelf | None) -> Joined:
    found = align(
        scan.cloud, [other.cloud for other in joined], str(scan.path), config.registration
    )
    cloud = found.fitted.similarity.moved(scan.cloud, shelf)
    return replace(scan, cloud=cloud, alignment=found)


def _levelled(scan: Joined, first: Joined, shelf: Shelf | None) -> Joined:
    """Return a scan with elevations from the surface of the first scan's."""
    shift_m = to_be_raised_m(scan.path, scan.place, first.path, first.place)
    if not shift_m:
        return scan
    return replace(scan, cloud=lifted(shift_m).moved(scan.cloud, shelf), raised_m=shift_m)


def to_be_raised_m(path: Path, place: Georeference, first: Path, its_place: Georeference) -> float:
    """Return what a scan's elevations lack of those of the first scan of its site, metres.

    Raises
    ------
    GeoreferenceError
        When the coordinate systems differ in more than that.
    """
    mine, other = _crs(place), _crs(its_place)
    if mine != other:
        raise GeoreferenceError(
            f"{path}: its coordinates are in {mine}, those of {first} in {other}: the "
            "scans of one site must share them; convert one, or give --crs"
        )
    if _heights(place) == _heights(its_place):
        return 0.0
    return elevation_shift_m(place, its_place) or 0.0


def raised_warning(
    path: Path, place: Georeference, first: Path, its_place: Georeference, raised_m: float
) -> str:
    """Return that a scan was raised, and why."""
    return (
        f"{path.name}: its elevations count from another surface than those of {first.name} "
        f"({_heights(place)} and {_heights(its_place)}): raised by {raised_m:.3f} m"
    )


def _crs(place: Georeference) -> str:
    return place.decisions["crs"].value or "none"


def _heights(place: Georeference) -> str:
    values = (place.decisions[key].value for key in ("vertical", "geoid"))
    return ", ".join(value or "no geoid" for value in values)
