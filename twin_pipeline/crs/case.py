"""What a decision about coordinates can depend on, and how a refusal is worded."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyproj import CRS

from twin_pipeline.crs.options import CrsOptions
from twin_pipeline.crs.place import Extent
from twin_pipeline.crs.record import CrsRecord
from twin_pipeline.errors import GeoreferenceError

SAY_CRS = (
    'give --crs EPSG:6677 (the code of its CRS; config: [crs] crs = "EPSG:6677"), or --crs local '
    "--origin LON,LAT,HEIGHT"
)
GIVE_CRS = f"{SAY_CRS}, or -c configs/tokyo.toml"
GIVE_VERTICAL = (
    'give --vertical jgd2011 (config: [crs] vertical = "jgd2011"), jgd2024, ap, yp or ellipsoidal'
)
INSIST = "insist with --force-crs (config: [crs] force_crs = true)"


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a decision can depend on."""

    record: CrsRecord
    options: CrsOptions
    extent: Extent
    scan_name: str
    setting_sources: Mapping[str, str]
    written: dt.date | None = None
    """The day that the file claims for itself."""
    held: bool = False
    """Whether control points hold the scan where it is."""

    def decided(self, key: str) -> bool:
        """Whether an option was given for this run.

        What a file of settings states holds for an office's scans, but not against what a scan
        shows.
        """
        given = getattr(self.options, key) is not None
        return given and self.setting_sources.get(key, "--").startswith("--")

    def refuse(self, message: str, *, unsaid: bool = False) -> GeoreferenceError:
        """Return the error that names the scan and what to do."""
        return GeoreferenceError(f"{self.scan_name}: {message}", unsaid=unsaid)

    def setting(self, key: str) -> str:
        """Return where a setting came from, for run.json."""
        return self.setting_sources.get(key, f"setting crs.{key}")

    def settle(self, doubts: Iterable[str], *, unsaid: bool = False) -> tuple[str, ...]:
        """Refuse on the first doubt, or return all as warnings where the user insists."""
        told = tuple(f"{self.scan_name}: {doubt}" for doubt in doubts)
        if told and not self.options.force_crs:
            raise GeoreferenceError(f"{told[0]}, or {INSIST}", unsaid=unsaid)
        return told


@dataclass(frozen=True, slots=True)
class Declared:
    """The CRS to use, taken apart."""

    horizontal: CRS
    vertical: CRS | None
    ellipsoidal: bool
    """Whether the CRS itself has a third axis, the height above the ellipsoid."""
    epsg: int | None
    source: str
    warnings: tuple[str, ...] = ()
