"""A site: the scans that show one excavation, and what the user says about it."""

import re
import stat
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twin_pipeline.config import Config
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.job import SiteFacts
from twin_pipeline.output import require_site_name

_ADDRESS = re.compile(r"(?:.*/)?([A-Za-z][A-Za-z0-9+.-]+):/")
"""Of a web page or a bucket, in a path, where its second slash is lost; a drive has one letter."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is run as one."""

    name: str
    """Names folders and rows; see `require_site_name`."""
    scans: tuple[Path, ...]
    """All in one coordinate system; the points of each follow those of the one before."""
    config: Config
    """The run's options, with what the manifest says of this site."""
    boundary: Path | None = None
    """File with the boundary line from which offsets are taken."""
    design: Path | None = None
    """File with the designed centreline."""
    job: SiteFacts = field(default_factory=SiteFacts)
    """Facts that no scan holds."""

    @property
    def scan(self) -> Path:
        """The first scan."""
        return self.scans[0]


def site_of(scan: Path, config: Config) -> Site:
    """Return the site that a scan alone makes, named after its file."""
    files = config.boundary.file, config.design.file
    return Site(_printable(scan.stem), (scan,), config, *files)


def sites_of(given: Sequence[Path | Site], config: Config) -> list[Site]:
    """Return sites as they are, and of each path the site that it alone makes.

    Raises
    ------
    UsageError
        When two sites have the same name, or one has a name that can't name a folder.
    """
    sites = [site_of(item, config) if isinstance(item, Path) else item for item in given]
    for site in sites:
        require_site_name(site.name, site.scan)
    known: dict[str, Site] = {}
    for site in sites:
        other = known.setdefault(_folded(site.name), site)
        if other is not site:
            raise UsageError(
                f"{site.scan}: another site of this run has the name {site.name!r} too, or one "
                f"that differs only in case or in how accents are coded ({other.scan}); a site is "
                "named after its file, so rename one of them, or name the sites in a manifest"
            )
    return sites


def _folded(name: str) -> str:
    """Return what names have in common that share a folder on some systems."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def require_scans(site: Site) -> None:
    """Raise InputError unless every scan of a site is a file."""
    for scan in site.scans:
        require_scan(scan)


def require_scan(scan: Path) -> None:
    """Raise InputError unless a scan is a file; a pipe would be waited for without end."""
    try:
        mode = scan.stat().st_mode
    except FileNotFoundError as error:
        raise InputError(_absent(scan)) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{scan}: can't be read: {reason}; give LAS or LAZ files") from error
    if not stat.S_ISREG(mode):
        reason = "is a folder" if stat.S_ISDIR(mode) else "is a pipe or device, no file"
        raise InputError(f"{scan}: {reason}; give LAS or LAZ files")


def _absent(scan: Path) -> str:
    """Return why there is no such scan; an address may hold a password, which isn't repeated."""
    address = _ADDRESS.match(str(scan))
    if address is None:
        return f"{scan}: does not exist; give LAS or LAZ files"
    return (
        f"{scan.name}: is given by an address ({address[1]}), but scans are read from files only: "
        "fetch it and give the file"
    )


def _printable(stem: str) -> str:
    """Return a file's stem with bytes that are no UTF-8 replaced, so that it can be written."""
    return stem.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
