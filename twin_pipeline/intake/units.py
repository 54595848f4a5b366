"""From what lies in the folder to what is to be worked on: scans alone, and sites of manifests."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from twin_pipeline.config import Config
from twin_pipeline.errors import TwinPipelineError
from twin_pipeline.intake.inbox import Inbox, Listing
from twin_pipeline.intake.names import (
    MANIFESTS,
    NO_SCANS,
    SCANS,
    is_passing,
    site_name,
    suffix_of,
)
from twin_pipeline.manifest import read_manifest
from twin_pipeline.site import Site, site_of

_SCAN_COLUMNS = {"scans", "scan", "点群"}


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to be answered."""

    name: str
    """The scan's, or that of a manifest, with its site."""
    files: tuple[str, ...]
    """Names of all that it is made from."""
    site: Callable[[], Site] | None
    """Builds the site, once the files are on this machine; None for what can be none."""
    site_name: str
    refused: TwinPipelineError | str | None = None
    """Why it can't be worked on at all."""
    waits_for: tuple[str, ...] = ()
    """Files that a manifest names and that have not come."""


def _read(inbox: Inbox, name: str, config: Config) -> list[Site] | TwinPipelineError | None:
    """Return the sites of a manifest, or what is wrong with it; None if it is none."""
    path = inbox.local(name)
    if suffix_of(name) == ".csv" and not _names_scans(path):
        return None
    try:
        return read_manifest(path, config)
    except TwinPipelineError as error:
        return error


def _names_scans(path: Path) -> bool:
    """Whether a CSV is a manifest; there may be others, of control points and the like."""
    text = path.read_bytes()[:4000].decode("utf-8-sig", "replace")
    if "�" in text:
        text = path.read_bytes()[:4000].decode("cp932", "replace")
    first = next(csv.reader(io.StringIO(text)), [])
    return bool(_SCAN_COLUMNS & {cell.strip() for cell in first})


def units_of(
    listing: Listing, settled: Callable[[str], bool], inbox: Inbox, config: Config
) -> Iterator[Unit]:
    """Yield what is to be worked on or answered; manifests before scans alone.

    A manifest that is still being copied is not known yet, so while there is one nothing in its
    folder is taken for a scan alone.
    """
    claimed: set[str] = set()
    held: set[PurePosixPath] = set()
    for name in filter(may_be_manifest, listing):
        if not settled(name):
            held.add(PurePosixPath(name).parent)
            continue
        for unit in _of_manifest(name, _read(inbox, name, config), listing, inbox):
            claimed |= set(unit.files)
            yield unit
    for name in listing:
        if is_passing(name) or name in claimed or PurePosixPath(name).parent in held:
            continue
        if suffix_of(name) in SCANS:
            yield _alone(name, inbox, config)
        elif suffix_of(name) in NO_SCANS:
            yield Unit(name, (name,), None, "", refused=f"{name}: {_NO_SCAN}")


def may_be_manifest(name: str) -> bool:
    """Whether a file may name the scans of sites."""
    return suffix_of(name) in MANIFESTS and not is_passing(name)


_NO_SCAN = "is no scan that can be read here; send LAS, LAZ, E57 or PLY, not packed"


def _alone(name: str, inbox: Inbox, config: Config) -> Unit:
    site = site_name(name)

    def build() -> Site:
        made = site_of(inbox.place(name), config)
        return Site(site, made.scans, config, made.boundary, made.design)

    return Unit(name, (name,), build, site)


def _of_manifest(
    manifest: str,
    sites: list[Site] | TwinPipelineError | None,
    listing: Listing,
    inbox: Inbox,
) -> Iterator[Unit]:
    if sites is None:
        return
    if isinstance(sites, TwinPipelineError):
        yield Unit(manifest, (manifest,), None, "", refused=sites)
        return
    by_place: Mapping[Path, str] = {inbox.place(name): name for name in listing}
    folder = PurePosixPath(manifest).parent
    for site in sites:
        wanted = [path for path in (*site.scans, *_beside(site)) if path.is_relative_to(
            inbox.place(manifest).parent) or path in by_place]  # fmt: skip
        files = [by_place[path] for path in wanted if path in by_place]
        missing = [path for path in wanted if path not in by_place and path in site.scans]
        name = f"{manifest}#{site.name}" if len(sites) > 1 else manifest
        yield Unit(
            name,
            (manifest, *dict.fromkeys(files)),
            lambda site=site: site,  # type: ignore[misc]
            site.name,
            waits_for=tuple(str(folder / path.name) for path in missing),
        )


def _beside(site: Site) -> list[Path]:
    return [path for path in (site.boundary, site.design) if path is not None]
